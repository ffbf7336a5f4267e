"""Sessions inside this process, one after the other: each leaves the process as it was.

They also let a measurement of this suite see the parts that otherwise run in other processes only.
"""

import gc
import json
import os
import signal
import sys
import threading
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import flask  # before pytester: the sessions in here must not import it anew
import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

INI = "[pytest]\npythonpath = .\ntestpaths = tests\n"
APP = """\
import flask

app = flask.Flask("shop")


@app.get("/grades/<int:points>")
def show(points):
    return {"grade": "A" if points > 90 else "B"}
"""
TESTS = """\
import pytest

import {module}


@pytest.mark.parametrize("points", range(30))
def test_grade(points):
    assert {module}.app.test_client().get(f"/grades/{{points}}").status_code == 200
"""
#: What has no part in these sessions; schemathesis's plugin takes a second to import, every time.
WITHOUT = (
    "xdist",
    "cacheprovider",
    "schemathesis",
    "hypothesispytest",
    "anyio",
    "benchmark",
    "pytest_cov",
    "django",
    "faker",
)
#: Coverage would start a tracer of its own, or read the one that measures this suite.
ON = (
    "--backend-gates",
    "--backend-gates-skip=coverage",
    *(part for name in WITHOUT for part in ("-p", f"no:{name}")),
)
DISTRIBUTED = tuple(part.replace("no:xdist", "xdist") for part in ON)


class Session:
    """Runs pytest in this process, on a project of its own."""

    def __init__(self, pytester: pytest.Pytester, name: str) -> None:
        self.pytester = pytester
        self.file("pytest.ini", INI).file(f"{name}.py", APP).file(
            "tests/test_app.py", TESTS.format(module=name)
        )

    def file(self, name: str, text: str) -> "Session":
        path = self.pytester.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return self

    def run(self, *args: str, on: tuple[str, ...] = ON) -> pytest.RunResult:
        return self.pytester.runpytest_inprocess(*on, *args)


@pytest.fixture
def session(pytester: pytest.Pytester, request: pytest.FixtureRequest) -> Session:
    """Make a project whose module has a name of its own: modules outlive a session in this process."""
    return Session(pytester, f"shop_{abs(hash(request.node.nodeid))}")


def block(result: pytest.RunResult) -> list[str]:
    """Return the lines of the terminal block."""
    start = next(i for i, line in enumerate(result.outlines) if line.strip("= ") == "backend gates")
    return list(takewhile(lambda line: not line.startswith("==="), result.outlines[start + 1 :]))


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    words = (line.split() for line in block(result) if line[:1].isupper())
    return {parts[1]: parts[0] for parts in words}


def traces() -> "Mapping[str, object]":
    """Return what a session may change of its process and has to put back."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    return {
        "WSGI": flask.Flask.__call__,
        "dispatch": flask.Flask.full_dispatch_request,
        "exit": os._exit,
        "tracer": sys.gettrace(),
        # pytest itself takes its own variables away at the end of the inner session.
        "environment": {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "folder": str(Path.cwd()),
        "threads": threading.active_count(),
        "children": children.read_text() if children.exists() else "",
        "SIGINT": signal.getsignal(signal.SIGINT),
    }


PASSED = {
    "coverage": "OFF",
    "complexity": "PASSED",
    "security": "PASSED",
    "contract": "SKIPPED",
    "latency": "PASSED",
}
EXITING = "import pytest\n\n\ndef {}:\n    pytest.exit('enough', returncode=0)\n"


def test_a_session_passes_and_leaves_nothing(session: Session) -> None:
    """Two sessions in a row give the same verdict, and the process is as it was before both."""
    before = traces()
    for _ in range(2):
        result = session.run()
        assert (result.ret, outcomes(result)) == (0, PASSED)
    gc.collect()
    assert traces() == before


@pytest.mark.parametrize(
    "args",
    [
        ("--backend-gates-threshold=complexity < 2",),
        ("--backend-gates-threshold=speed < 2",),
        ("-k", "nothing"),
        ("--co", "-q"),
        ("--backend-gates-explain",),
        ("-p", "no:backend-gates-judging"),
        ("--backend-gates-report=json:pytest.ini/x.json",),
    ],
    ids=lambda args: args[-1],
)
def test_every_end_leaves_nothing(session: Session, args: tuple[str, ...]) -> None:
    """Red, refused, empty, told only: the process is as it was."""
    before = traces()
    session.run(*args)
    gc.collect()
    assert traces() == before


def test_a_session_cut_short_leaves_nothing(session: Session) -> None:
    """Stopped at the first failure there is no verdict, and the process is as it was."""
    before = traces()
    result = session.file("tests/test_a.py", "def test_a():\n    raise AssertionError\n").run("-x")
    assert (result.ret, block(result)[0]) == (
        1,
        "no verdict: the session was cut short: stopping after 1 failures",
    )
    gc.collect()
    assert traces() == before


def test_a_controller_leaves_nothing(session: Session) -> None:
    """With workers this process only judges, and is as it was."""
    before = traces()
    result = session.run("-n2", on=DISTRIBUTED)
    assert (result.ret, outcomes(result)) == (0, PASSED)
    gc.collect()
    assert traces() == before


def test_an_exit_leaves_nothing(session: Session) -> None:
    """A hook that ends the session with 0 is overruled, and the process is as it was."""
    before = traces()
    for hook in (
        "pytest_configure()",
        "pytest_sessionstart()",
        "pytest_collection()",
        "pytest_sessionfinish()",
    ):
        session.file("conftest.py", EXITING.format(hook))
        assert session.run("--backend-gates-threshold=complexity < 2").ret == 1
    assert session.run().ret == 0  # the last one comes after the verdict, which is green
    gc.collect()
    assert traces() == before


NESTED = """\
import pytest


def test_nested():
    args = ("tests/test_app.py", "-q", "--backend-gates-report=json:inner.json", *{args})
    assert pytest.main(list(args)) == 0
"""


def test_a_session_within_a_session(session: Session) -> None:
    """Each judges the requests of its own tests: the inner 30, and the outer those as well."""
    session.file("tests/test_nested.py", NESTED.format(args=ON))
    result = session.run("--backend-gates-report=json:outer.json")
    assert (result.ret, outcomes(result)) == (0, PASSED)
    for name, requests in (("inner", 30), ("outer", 60)):
        report = json.loads((session.pytester.path / f"{name}.json").read_text(encoding="utf-8"))
        operation = report["measurements"]["latency"]["subjects"]["GET /grades/{points}"]
        assert (report["outcome"], operation["count"], operation["cold"]) == ("passed", requests - 1, 1)


def test_red_gate(session: Session) -> None:
    """A red gate is status 1 and a failed report; the tests are counted beside it."""
    result = session.run("-v", "--backend-gates-threshold=complexity < 2")
    assert result.ret == 1
    assert outcomes(result) == PASSED | {"complexity": "FAILED"}
    assert [line for line in result.outlines if line.startswith("backend-gates::")] == [
        "backend-gates::complexity FAILED",
        "backend-gates::security PASSED",
        "backend-gates::contract SKIPPED",
        "backend-gates::latency PASSED",
    ]
    result.assert_outcomes(passed=32, failed=1, skipped=1)


def explode(*_: object) -> None:
    raise RuntimeError("boom")


@pytest.mark.parametrize("step", ["start", "open_window", "close_window", "collect", "reduce"])
def test_a_probe_that_raises(session: Session, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever step raises, the tests pass and its gate alone is ERROR and has the traceback."""
    from pytest_backend_gates.probes.traffic import TrafficProbe

    monkeypatch.setattr(TrafficProbe, step, explode)
    result = session.run("--backend-gates-threshold=complexity < 2")
    assert result.ret == 1
    assert outcomes(result) == PASSED | {"complexity": "FAILED", "latency": "ERROR"}
    result.stdout.fnmatch_lines(["*traceback of the traffic probe*", "*RuntimeError: boom*"])
    assert len([line for line in result.outlines if "traceback of the" in line]) == 1
    result.assert_outcomes(passed=31, failed=2, skipped=1)


def test_a_probe_that_raises_when_it_is_over(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the verdict a probe that cannot let go changes nothing: not the status, not the end of the others."""
    from pytest_backend_gates.probes.traffic import TrafficProbe

    stop = TrafficProbe.stop
    monkeypatch.setattr(TrafficProbe, "stop", lambda self: explode(stop(self)))
    before = traces()
    result = session.run()
    assert (result.ret, outcomes(result)) == (0, PASSED)
    gc.collect()
    assert traces() == before
