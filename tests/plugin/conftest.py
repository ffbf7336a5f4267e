"""Builds small real projects and runs pytest in them, in every distribution mode."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.plugin.forked import Forking

#: Distribution is a dimension of a test, not a test file.
MODES = {"no xdist": ("-p", "no:xdist"), "-n0": ("-n0",), "-n2": ("-n2",)}

#: Plugins that have no part in these projects, left out because schemathesis's own takes a second to import.
BYSTANDERS = ("schemathesis", "hypothesispytest", "anyio", "benchmark", "django", "faker")

#: The others, which are named where pytest need not look for them: it asks for every file of every installed plugin.
PLUGINS = ("backend-gates", "pytest_cov", "xdist")

#: What a run of this suite sets and a run inside it must not see.
FOREIGN = (
    "COVERAGE",
    "COV_CORE",
    "PYTEST",
    "CI",
    "PYTHONDONTWRITEBYTECODE",
    "GITHUB_",
    "BUILD_NUMBER",
    "COLUMNS",
    "NO_COLOR",
    "FORCE_COLOR",
)

FLASK_APP = """\
from flask import Flask, abort

app = Flask(__name__)


def grade(points):
    if points > 90:
        return "A"
    return "B"


@app.get("/grades/<int:points>")
def show(points):
    if points > 100:
        abort(400)
    return {"grade": grade(points)}
"""

FLASK_TESTS = """\
import pytest

from shop.app import app, grade


@pytest.mark.parametrize("points", range(50))
def test_grade_of_points(points):
    assert app.test_client().get(f"/grades/{points}").json == {"grade": "B"}


def test_best_grade():
    assert grade(95) == "A"


def test_too_many_points():
    assert app.test_client().get("/grades/101").status_code == 400
"""

INI = """\
[pytest]
testpaths = tests
pythonpath = .
backend_gates_thresholds =
    coverage > 80%
"""

#: Where a PostgreSQL has to answer for the tests that need one.
POSTGRESQL = ("127.0.0.1", 5432)

#: Most sessions are forked from one process of this worker's.
FORKING = Forking()

OUTCOMES = ("PASSED", "WAIVED", "OFF", "SKIPPED", "NO_DATA", "FAILED", "ERROR")


@dataclass(frozen=True)
class Result:
    """One finished run."""

    status: int
    out: str
    err: str

    @property
    def block(self) -> str:
        """The terminal block, from its first row to its last line."""
        lines = self.out.splitlines()
        start = next(i for i, line in enumerate(lines) if line.strip("= ") == "backend gates")
        end = next(
            (
                i
                for i, line in enumerate(lines[start + 1 :], start + 1)
                if line.startswith(("===", "!!!", "---"))
            ),
            None,
        )
        return "\n".join(lines[start + 1 : end])

    @property
    def steady(self) -> str:
        """The output without what differs from run to run: times, and how long a rule is beside them."""
        lines = [line for line in self.out.splitlines() if "backend gates: waiting for" not in line]
        times_out = re.sub(r"\d[\d,.]*(?= ?(m|u|n)?s\b)", "0", "\n".join([*lines, ""]))
        return re.sub("={3,}", "===", times_out)

    def rows(self) -> dict[str, str]:
        """Gate -> outcome, as the block shows it."""
        words = (line.split() for line in self.block.splitlines())
        return {parts[1]: parts[0] for parts in words if parts and parts[0] in OUTCOMES}


@dataclass(frozen=True)
class Project:
    """A project on disk and the mode in which it is run."""

    root: Path
    mode: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def mode_name(self) -> str:
        """The name of the mode, as the ids of tests have it."""
        return next(name for name, args in MODES.items() if args == self.mode)

    def file(self, name: str, text: str) -> "Project":
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return self

    def command(self, *args: str) -> list[str]:
        """Return what a user would start, but that plugins are named which pytest would find."""
        return [sys.executable, "-m", "pytest", *self._plugins(args), *self.mode, *args]

    def _plugins(self, args: tuple[str, ...]) -> Iterator[str]:
        """Yield the options for the same plugins, found or named."""
        as_users = self._as_users(args)
        if not as_users:
            yield "--disable-plugin-autoload"
        for name in (f"no:{name}" for name in BYSTANDERS) if as_users else PLUGINS:
            if not {name, f"no:{name}"} & {*args, *self.mode}:
                yield from ("-p", name)

    def _as_users(self, args: tuple[str, ...]) -> bool:
        """Whether everything is as users have it: in one of the modes, and where how pytest starts is the matter."""
        about_plugin = any(option == "-p" and "backend" in name for option, name in pairwise(args))
        variables = any(name.startswith(("PYTHON", "PYTEST")) for name in self.env)
        return about_plugin or variables or self.mode == MODES["-n0"]

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {**kept, "COLUMNS": "100", **self.env}

    def run(self, *args: str, cwd: Path | None = None) -> Result:
        folder = cwd or self.root
        if not self._as_users(args):
            return Result(*FORKING.run(self.command(*args)[3:], folder, self.environment()))
        with self.started(*args, cwd=folder) as process:
            return self.finished(process)

    @contextmanager
    def started(self, *args: str, cwd: Path | None = None) -> Iterator["subprocess.Popen[str]"]:
        """Start a run in a process group of its own, as a terminal would; whatever is left of it is killed."""
        process = subprocess.Popen(
            self.command(*args),
            cwd=cwd or self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=60)

    def finished(self, process: "subprocess.Popen[str]") -> Result:
        """Wait for a run that was started."""
        out, err = process.communicate(timeout=600)
        return Result(process.returncode, out, err)

    def gates(self, *args: str) -> Result:
        return self.run("--backend-gates", *args)

    def report(self, *args: str) -> tuple[Result, dict[str, Any]]:
        """Run with the gates and return the result with the JSON report."""
        path = self.root / "gates.json"
        result = self.gates(f"--backend-gates-report=json:{path}", *args)
        return result, self.written()

    def written(self) -> dict[str, Any]:
        """Return the JSON report as it is on disk now."""
        report: dict[str, Any] = json.loads((self.root / "gates.json").read_text(encoding="utf-8"))
        return report


def eventually(holds: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Wait until *holds*, at most *seconds*; return whether it did."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="session", autouse=True)
def end_of_forking() -> Iterator[None]:
    """End the process that was forked."""
    yield
    FORKING.end()


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., bool]:
    """Wait until something holds: ``eventually(lambda: path.exists())``. Tests may not import from a conftest."""
    return eventually


@pytest.fixture(params=list(MODES.values()), ids=list(MODES))
def mode(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Say how the inner pytest distributes its tests."""
    chosen = os.environ.get("TEST_MODES", ",".join(MODES))
    if request.param not in map(MODES.get, chosen.split(",")):
        pytest.skip(f"where the suite runs in several environments, each has its modes: {chosen}")
    return tuple(request.param)


@pytest.fixture
def empty(tmp_path: Path, mode: tuple[str, ...]) -> Project:
    """Make an empty folder."""
    return Project(tmp_path, mode)


@pytest.fixture
def shop(empty: Project) -> Project:
    """Make a small Flask project whose four gates pass."""
    return _shop(empty)


@pytest.fixture
def idle(shop: Project) -> Project:
    """Let its tests import nothing: for gates that the tests have no part in."""
    text = "import pytest\n\n\n@pytest.mark.parametrize('n', range(4))\ndef test_nothing(n):\n    pass\n"
    return shop.file("tests/test_app.py", text)


@pytest.fixture
def single(tmp_path: Path) -> Project:
    """Make the same project for one process only: for what does not depend on who measures."""
    return _shop(Project(tmp_path, MODES["no xdist"]))


def _shop(project: Project) -> Project:
    project.file("pytest.ini", INI).file("shop/__init__.py", "").file("shop/app.py", FLASK_APP)
    return project.file("tests/test_app.py", FLASK_TESTS)


def is_reachable() -> bool:
    try:
        socket.create_connection(POSTGRESQL, timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Name the database that the project uses."""
    if request.param == "postgresql" and not is_reachable():
        pytest.skip(f"no PostgreSQL answers at {POSTGRESQL[0]}:{POSTGRESQL[1]}")
    return str(request.param)
