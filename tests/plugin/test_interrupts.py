"""Ctrl-C when the tests are over, and what happens after it: nothing of ours holds it up or spoils it."""

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

SLOW_RENDERER = """\
import pathlib
import time


def slow(report):
    if report.outcome != "incomplete":
        pathlib.Path("writing").touch()
        time.sleep(3600)
    return "the beginning"


def pytest_backend_gates_renderers():
    return {"slow": slow}
"""
TRACED = """\
import gc
import sys


def pytest_keyboard_interrupt():
    print("traced:", sys.gettrace() is not None)


HERE = ["here"]


def pytest_unconfigure():
    print("left alone:", not any(one is HERE for one in gc.get_objects()))
"""
INTERRUPTING = """\
import sys


def test_interrupted():
    print("traced:", sys.gettrace() is not None)
    raise KeyboardInterrupt
"""


def test_while_a_report_is_written(shop: "Project", eventually: Callable[..., bool]) -> None:
    """It stays as it was when the session began; another tells the status, that of Ctrl-C. The verdict is still told."""
    shop.file("conftest.py", SLOW_RENDERER)
    reports = [f"--backend-gates-report={one}" for one in ("json:gates.json", "slow:slow.txt")]
    with shop.started("--backend-gates", *reports) as process:
        assert eventually((shop.root / "writing").exists)
        os.killpg(process.pid, signal.SIGINT)
        result = shop.finished(process)
    assert result.status == 2, result.out
    assert result.block.splitlines()[-1] == "the report was not written: slow.txt: KeyboardInterrupt"
    assert shop.written()["exit_status"] == 2
    assert result.rows()["coverage"] == "PASSED"
    assert "Traceback" not in result.out + result.err
    assert (shop.root / "slow.txt").read_text() == "the beginning"
    assert not list(shop.root.glob(".backend-gates-*"))


def test_what_pytest_does_then_is_not_traced(single: "Project") -> None:
    """It reads the source of every frame, for which nobody wants to wait twice as long."""
    single.file(".coveragerc", "[run]\ncore = ctrace\n")
    single.file("tests/conftest.py", TRACED).file("tests/test_a.py", INTERRUPTING)
    result = single.gates("-s")
    assert result.status == 2
    told = [line for line in result.out.splitlines() if "traced:" in line]
    assert [line[line.index("traced:") :] for line in told] == ["traced: True", "traced: False"]


def test_nobody_looks_for_garbage_then(single: "Project") -> None:
    """There may be a million measurements, and pytest would look through them ten times."""
    single.file("tests/conftest.py", TRACED)
    assert "left alone: False" in single.gates("-s").out
    single.file("tests/test_a.py", INTERRUPTING)
    assert "left alone: True" in single.gates("-s").out
