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
    time.sleep(60)
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

    def status_in(self, mode: str) -> int:
        return self.status if self.distributed is None or mode != "-n2" else self.distributed


NOTHING = "no tests were collected"
STOPPED = "the session was cut short: stopping after 1 failures"
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
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_status_of(shop: "Project", ending: Ending) -> None:
    """The status is pytest's own, 1 when only a gate failed; a session cut short has no verdict."""
    for name, text in ending.files.items():
        shop.file(name, text)
    result, report = shop.report(*ending.args)
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


def test_status_of_a_usage_error(shop: "Project") -> None:
    """A mistake in the configuration is pytest's usage error, before the first test and without a report."""
    result = shop.gates("--backend-gates-report=json:gates.json", "--backend-gates-threshold=speed > 3")
    assert result.status == 4
    assert result.err.startswith("ERROR: ")
    assert "speed > 3" in result.err
    assert "test session starts" not in result.out
    assert not (shop.root / "gates.json").exists()


def test_status_of_ctrl_c(shop: "Project", eventually: Callable[..., bool]) -> None:
    """Ctrl-C in a terminal, which reaches every process, ends with pytest's 2 and without a verdict."""
    shop.file("tests/test_a.py", SLEEPING)
    with shop.started("--backend-gates", "--backend-gates-report=json:gates.json") as process:
        assert eventually((shop.root / "sleeping").exists)
        os.killpg(process.pid, signal.SIGINT)
        result = shop.finished(process)
    report = shop.written()
    assert (result.status, report["exit_status"], report["outcome"]) == (2, 2, "incomplete"), result.out
    assert result.block == "no verdict: the session was cut short: KeyboardInterrupt"
    assert report["notes"] == ["the session was cut short: KeyboardInterrupt"]
