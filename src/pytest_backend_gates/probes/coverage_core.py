"""Which of coverage.py's cores measures, and why: the user's, else the cheapest that can see what is asked.

    sysmon    ``sys.monitoring``, from Python 3.12 on: next to no cost to the tests
    ctrace    a trace function in C
    pytrace   one in Python

coverage.py itself takes ``sysmon`` unasked only from Python 3.14 on. Before, it is taken here unless it would count
otherwise than the trace function that the configuration describes. What stays different is no setting's matter.
``sysmon`` counts what a trace function loses: what runs after ``sys.settrace(None)`` (so do pedantic rounds of
pytest-benchmark) and in threads that something else than ``threading`` began. It misses a finalizer that the garbage
collector happens to run within one of its own callbacks.
"""

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_backend_gates.probes.coverage_setup import words

if TYPE_CHECKING:
    from coverage import Coverage

GREENLETS: Final = frozenset({"greenlet", "gevent", "eventlet"})
#: Why it is ``sysmon`` when nothing speaks against it, and what a user meets first of that in which it is unlike.
_CHEAPEST: Final = "the cheapest that sees what is asked, also after sys.settrace(None)"
_MONITORING: Final = (3, 12)
#: From here on ``sys.monitoring`` can see branches, and coverage.py takes it by itself.
_BRANCHES: Final = (3, 14)


class Core(NamedTuple):
    """The core that will measure, why it is that, and whether coverage.py has to be told."""

    name: str
    why: str
    told: bool = False


def core_for(tool: "Coverage") -> Core:
    """Return the core for the configuration of *tool*."""
    if tool.get_option("run:timid"):
        return Core("pytrace", "timid = true")
    asked, hindrance = tool.get_option("run:core"), _hindrance(tool)
    if asked:
        return _asked(str(asked), hindrance)
    if hindrance:
        return Core(_tracer(), hindrance)
    if sys.version_info >= _BRANCHES:
        return Core("sysmon", _CHEAPEST)
    difference = _difference(tool)
    return Core(_tracer(), difference) if difference else Core("sysmon", _CHEAPEST, told=True)


def _asked(asked: str, hindrance: str | None) -> Core:
    """Return the core that the user has *asked* for, or what coverage.py takes in its place."""
    # The variable comes before the file.
    name = "COVERAGE_CORE" if os.environ.get("COVERAGE_CORE") else "core"
    if asked == "sysmon" and hindrance:
        return Core(_tracer(), f"{name} = {asked}, but {hindrance}")
    return Core(asked, f"{name} = {asked}")


def _hindrance(tool: "Coverage") -> str | None:
    """Say why coverage.py cannot use ``sys.monitoring`` for what is asked; ``None`` if it can."""
    if sys.version_info < _MONITORING:
        return "this Python has no sys.monitoring"
    if tool.get_option("run:branch") and sys.version_info < _BRANCHES:
        return "sys.monitoring sees no branches in this Python"
    if tool.get_option("run:dynamic_context"):
        return "sys.monitoring knows no dynamic contexts"
    greenlets = sorted(GREENLETS.intersection(words(tool, "run:concurrency")))
    return f"sys.monitoring knows no concurrency = {', '.join(greenlets)}" if greenlets else None


def _difference(tool: "Coverage") -> str | None:
    """Say in what ``sys.monitoring`` would count otherwise than coverage.py by itself; ``None`` if in nothing."""
    if words(tool, "run:plugins"):
        return "sys.monitoring knows no plugins of coverage.py"
    concurrency = words(tool, "run:concurrency")
    if concurrency and "thread" not in concurrency:  # an empty list means threads, too
        return f"sys.monitoring sees the threads that concurrency = {', '.join(concurrency)} leaves out"
    return None


def _tracer() -> str:
    """Return which trace function coverage.py has: the one in C is not built everywhere."""
    return "ctrace" if find_spec("coverage.tracer") else "pytrace"
