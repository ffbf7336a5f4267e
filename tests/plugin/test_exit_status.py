"""The exit status of every ending of a session, in every distribution mode: pytest's own, 1 when only a gate failed.

A session without a verdict says so at its end, and a report that was asked for says ``incomplete``.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

WORST = "from shop.app import grade\n\n\ndef test_worst_grade():\n    assert grade(0) == 'C'\n"
STRICTER = ("--backend-gates-threshold", "complexity < 2")
SLEEPING = """\
import pathlib
import time


def test_long():
    pathlib.Path("sleeping").touch()
    time.sleep(600)
"""


@dataclass(frozen=True)
class Ending:
    """One way to end. Without ``why`` there is a verdict, and ``red`` are the gates that fail."""

    #: pytest's own, or 1 for a gate. With xdist it is another one where ``distributed`` says so.
    status: int
    distributed: int | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    red: tuple[str, ...] = ()
    why: str | None = None
    #: Ctrl-C while a test sleeps.
    interrupted: bool = False
    #: The whole error message: the session does not begin.
    refused: str | None = None

    def status_in(self, mode: str) -> int:
        return self.status if self.distributed is None or mode != "-n2" else self.distributed


NOTHING = "no tests were collected"
STOPPED = "the session was cut short: stopping after 1 failures"
INTERRUPTED = "the session was cut short: KeyboardInterrupt"
REFUSED = """\
ERROR: backend gates: 1 problem in the configuration
--backend-gates-threshold: unknown metric 'speed'
    speed > 3
    ^^^^^
  allowed: complexity, contract.failures, contract.operations, contract.statuses, coverage, coverage.file, errors, latency, queries.count, queries.repeated, queries.time, security.high, security.low, security.medium, security.suppressed, tests.e2e, tests.integration, tests.unit
"""
UNCOLLECTED = "the session was cut short: 1 error during collection"

ENDINGS = {
    "all pass": Ending(0),
    "a gate fails": Ending(1, args=STRICTER, red=("complexity",)),
    "a test fails": Ending(1, files={"tests/test_a.py": WORST}),
    "both fail": Ending(1, files={"tests/test_a.py": WORST}, args=STRICTER, red=("complexity",)),
    "nothing collected": Ending(5, files={"tests/test_app.py": ""}, why=NOTHING),
    "all deselected": Ending(5, args=("-k", "nothing"), why=NOTHING),
    # xdist runs what the other files hold, and then has failures like any other.
    "collection error": Ending(2, 1, files={"tests/test_a.py": "import missing\n"}, why=UNCOLLECTED),
    # With xdist a stop interrupts the controller.
    "-x": Ending(1, 2, files={"tests/test_a.py": WORST}, args=("-x",), why=STOPPED),
    "-x and a gate": Ending(1, 2, files={"tests/test_a.py": WORST}, args=("-x", *STRICTER), why=STOPPED),
    # In a terminal it reaches every process.
    "Ctrl-C": Ending(2, files={"tests/test_a.py": SLEEPING}, why=INTERRUPTED, interrupted=True),
    "usage error": Ending(4, args=("--backend-gates-threshold", "speed > 3"), refused=REFUSED),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_status_of(shop: "Project", eventually: Callable[..., bool], ending: Ending) -> None:
    """The status is pytest's own, 1 when only a gate failed; a session cut short has no verdict."""
    for name, text in ending.files.items():
        shop.file(name, text)
    args = ("--backend-gates", "--backend-gates-report=json:gates.json", *ending.args)
    if ending.interrupted:
        with shop.started(*args) as process:
            assert eventually((shop.root / "sleeping").exists)
            os.killpg(process.pid, signal.SIGINT)
            result = shop.finished(process)
    else:
        result = shop.run(*args)
    if ending.refused is not None:
        assert (result.status, result.out.strip(), result.err.strip()) == (4, "", ending.refused.strip())
        assert not (shop.root / "gates.json").exists()
        return
    report = shop.written()
    status = ending.status_in(shop.mode_name)
    assert (result.status, report["exit_status"]) == (status, status), result.out
    if ending.why is not None:
        assert result.block == f"no verdict: {ending.why}"
        assert (report["outcome"], report["notes"], report["gates"]) == ("incomplete", [ending.why], [])
    else:
        assert {gate: outcome == "PASSED" for gate, outcome in result.rows().items()} == {
            "contract": False,  # there is no schema
            **{gate: gate not in ending.red for gate in ("coverage", "complexity", "security", "latency")},
        }
        assert report["outcome"] == ("failed" if ending.red else "passed")
