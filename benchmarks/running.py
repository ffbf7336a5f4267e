"""Runs commands and measures what they cost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks import launching
from benchmarks.comparison import Command, Comparison, Side
from benchmarks.figures import KILOBYTES_IN_A_UNIT, Cost, Summary

#: What would make a run of the benchmarks differ from a user's run.
_FOREIGN: Final = ("PYTEST", "COV", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "CI")


class CommandError(Exception):
    """A command could not be started, or ended with a status that it should not have."""


def measured(command: Command, log: Path) -> Cost:
    """Run *command*, its output into *log*, and return its cost, with that of the processes it waited for.

    Raises :class:`CommandError`.
    """
    told = log.with_suffix(".cost")
    told.unlink(missing_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-I", "-S", launching.__file__, str(told), *command.words],
            cwd=command.cwd,
            env=kept | dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=True,
        )
    found = json.loads(told.read_text(encoding="utf-8"))
    if "error" in found:
        raise CommandError(f"{command} could not be started: {found['error']}")
    if found["status"] not in command.statuses:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise CommandError(f"{command} ended with status {found['status']}:\n{tail}")
    cost = found["cost"]
    return Cost(cost["wall"], cost["cpu"], cost["memory"] / 1024 / KILOBYTES_IN_A_UNIT)


def run_once(side: Side, log: Path) -> tuple[Cost, ...]:
    """Run the commands of *side* one after the other, and return what each cost; or what they tell themselves."""
    costs = tuple(measured(command, log) for command in side.commands)
    return costs if side.told is None else (side.told(),)


def compared(
    comparison: Comparison, pairs: int, log: Path, tell: Callable[[str], None]
) -> tuple[Summary, Summary]:
    """Warm both sides up, check that they find the same, and measure *pairs* alternating pairs.

    Raises what :meth:`Comparison.check` and :func:`measured` raise.
    """
    comparison.before()
    for side in (comparison.ours, comparison.theirs):
        run_once(side, log)
    comparison.check()
    ours: list[tuple[Cost, ...]] = []
    theirs: list[tuple[Cost, ...]] = []
    for number in range(pairs):
        tell(f"{comparison.name}: pair {number + 1} of {pairs}")
        comparison.before()
        order = [(comparison.ours, ours), (comparison.theirs, theirs)]
        for side, runs in order if number % 2 else reversed(order):
            runs.append(run_once(side, log))
    comparison.check()
    return Summary.of_runs(ours), Summary.of_runs(theirs)
