"""The comparisons, in the order of the table."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import contract_rows, findings, static_rows
from benchmarks.comparison import ROOT, Command, Comparison, Goal, Side, UnequalError, program
from benchmarks.environments import environment
from benchmarks.inputs import SUITES, Workspace

#: A test that also says whether the plugin is there.
_TRIVIAL: Final = {
    "test_trivial.py": (
        "def test_trivial(pytestconfig, record_testsuite_property):\n"
        "    loaded = pytestconfig.pluginmanager.has_plugin('backend-gates')\n"
        "    record_testsuite_property('backend-gates', loaded)\n"
    ),
    "pytest.ini": "[pytest]\n",
}
#: How many blocks, operations and findings a large project has.
_LARGE: Final = (1_000_000, 10_000, 100_000)
_REQUESTS: Final = 1_000_000
_NO_CACHE: Final = ("-p", "no:cacheprovider")
#: The most that a tap may cost, in seconds.
_A_REQUEST: Final = 10e-6
_A_STATEMENT: Final = 3e-6

#: Pinned; installed for the benchmarks alone, without what this package needs anyway.
_OPENTELEMETRY: Final = (
    "opentelemetry-api==1.45.1",
    "opentelemetry-sdk==1.45.1",
    "opentelemetry-semantic-conventions==0.66b1",
    "opentelemetry-util-http==0.66b1",
    "opentelemetry-instrumentation==0.66b1",
    "opentelemetry-instrumentation-asgi==0.66b1",
    "opentelemetry-instrumentation-dbapi==0.66b1",
    "opentelemetry-instrumentation-sqlalchemy==0.66b1",
    "opentelemetry-instrumentation-sqlite3==0.66b1",
    "opentelemetry-instrumentation-wsgi==0.66b1",
    "wrapt==2.5.2",
)


def _pytest(tests: Path, *words: str) -> tuple[str, ...]:
    return _python("-m", "pytest", "-q", f"--junit-xml={tests}", *words)


def _python(*words: str) -> tuple[str, ...]:
    return (sys.executable, *words)


def off(workspace: Workspace) -> Comparison:
    """Compare one trivial test in two environments: one has the plugin, the other only what it depends on."""
    project = workspace.project("off", _TRIVIAL)

    def side(name: str, *, installed: bool) -> Side:
        tests = workspace.folder / f"off-{name}.xml"
        python = environment(workspace, f"environment-{name}", installed=installed)
        command = Command((str(python), *_pytest(tests, *_NO_CACHE)[1:]), project)
        return Side(name, (command,), lambda: found(name, tests, installed=installed))

    def found(name: str, tests: Path, *, installed: bool) -> object:
        if findings.has_gates(tests) != installed:
            raise UnequalError(
                f"off: the plugin is {'not' if installed else 'still'} there on the side '{name}'"
            )
        return findings.tests(tests)

    return Comparison(
        "off",
        side("installed", installed=True),
        side("absent", installed=False),
        (Goal("difference", "cpu", 0.005),),
        pairs=40,
    )


def plugins(workspace: Workspace) -> Comparison:
    """Compare one trivial test with and without the plugins that schemathesis and hypothesis bring."""
    project = workspace.project("off", _TRIVIAL)

    def side(name: str, *words: str) -> Side:
        tests = workspace.folder / f"plugins-{name}.xml"
        command = Command(_pytest(tests, *_NO_CACHE, *words), project)
        return Side(name, (command,), lambda: findings.tests(tests))

    without = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")
    return Comparison("plugins", side("with"), side("without", *without), ())


class Suite:
    """The suite of a project that nobody here wrote, and what both sides write down of it."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        version, *extras = SUITES[name]
        self.name = name
        self.project = workspace.source(name, version)
        self._folder = workspace.folder
        self._path = {"PYTHONPATH": os.pathsep.join(["src", str(workspace.packages(*extras))])}

    def gates(self, title: str, *words: str) -> Side:
        """Return the suite under all gates but the contract; there is no OpenAPI schema."""
        report = self._folder / f"gates-{self.name}.json"
        gates = ("--backend-gates", "--backend-gates-skip=contract", f"--backend-gates-report=json:{report}")
        command, tests = self._pytest(title, *words, *gates)
        return Side(
            title,
            (command,),
            lambda: (findings.tests(tests), findings.our_coverage(report), findings.scan_by_file(report)),
        )

    def coverage(self, *words: str, then_scan: bool) -> Side:
        """Return the suite under ``--cov``, and the scan of its source by itself: after it, or made to compare alone."""
        report, found = (self._folder / f"{kind}-{self.name}.json" for kind in ("coverage", "scan"))
        command, tests = self._pytest("pytest", *words, "--cov=src", f"--cov-report=json:{report}")
        scan = program("scanning", self.project / "src", found)

        def scanned() -> findings.Found:
            if not then_scan:
                subprocess.run(scan.words, cwd=scan.cwd, check=True)
            return findings.everything_by_file(found)

        return Side(
            "pytest --cov, scan" if then_scan else "pytest --cov",
            (command, scan) if then_scan else (command,),
            lambda: (findings.tests(tests), findings.coverage(report), scanned()),
        )

    def _pytest(self, title: str, *words: str) -> tuple[Command, Path]:
        tests = self._folder / f"{title}-{self.name}.xml"
        # Its own configuration, also where it has none: not that of the project around this folder.
        words = _pytest(tests, "-c", "pyproject.toml", *words)
        return Command(words, self.project, self._path, statuses=(0, 1)), tests


def whole(workspace: Workspace, name: str) -> Comparison:
    """Compare a real suite under all gates but the contract, without a cache, with ``--cov``, and the scan by itself after it."""
    suite = Suite(workspace, name)
    return Comparison(
        f"whole-{name}",
        suite.gates("gates", *_NO_CACHE),
        suite.coverage(*_NO_CACHE, then_scan=True),
        (
            Goal("ratio", "wall", 1.03, to_first=True),
            Goal("ratio", "memory", 1.25, to_first=True),
            Goal("ratio", "cpu", 1.0),
        ),
    )


def whole_warm(workspace: Workspace, name: str) -> Comparison:
    """Compare the same with ``--cov`` when nothing has changed since the scan before."""
    suite, cache = Suite(workspace, name), f"cache_dir={workspace.folder / f'cache-{name}'}"
    return Comparison(
        f"whole-{name}-warm",
        suite.gates("gates", "-o", cache),
        suite.coverage("-o", cache, then_scan=False),
        (Goal("ratio", "cpu", 1.02),),
    )


def judging(workspace: Workspace, name: str, sizes: Sequence[int], *goals: Goal) -> Comparison:
    """Compare the judging of a large project with that of a hundredth of it, a hundred times: the same, if it is linear."""

    def side(title: str, times: int) -> Side:
        found = workspace.folder / f"{name}-{times}.json"
        command = program("judging", *(size // times for size in sizes), times, found)
        return Side(title, (command,), lambda: findings.judged(found), told=lambda: findings.told(found))

    linear = Goal("ratio", "cpu", 1.25)
    return Comparison(name, side("once", 1), side("a hundredth, 100 times", 100), (*goals, linear))


def taps(workspace: Workspace, application: str, limit: float) -> Comparison:
    """Compare what our taps cost a request, or a statement, with what OpenTelemetry costs: at most *limit* seconds."""
    return Comparison(
        f"taps-{application}",
        _observed(workspace, application, "taps"),
        _observed(workspace, application, "opentelemetry", *_OPENTELEMETRY),
        (Goal("absolute", "cpu", limit), Goal("ratio", "cpu", 0.2)),
        pairs=5,
    )


def validation(workspace: Workspace) -> Comparison:
    """Compare what the observed contract costs a request, besides the taps, with a check of every single answer."""
    ours, theirs = (_observed(workspace, "fastapi", observer) for observer in ("contract", "every-answer"))
    return Comparison("taps-validation", ours, theirs, goals=(), pairs=5)


def _observed(workspace: Workspace, application: str, observer: str, *packages: str) -> Side:
    found = workspace.folder / f"{application}-{observer}.json"
    path = {"PYTHONPATH": str(workspace.packages(*packages))} if packages else {}
    command = Command(_python("-m", "benchmarks.observing", application, observer, str(found)), ROOT, path)
    return Side(observer, (command,), lambda: findings.answered(found), told=lambda: findings.told(found))


def kept(workspace: Workspace) -> Comparison:
    """Compare what the session takes in memory for a million requests with what it takes for one each."""

    def side(requests: int) -> Side:
        found = workspace.folder / f"kept-{requests}.json"
        command = program("keeping", requests, found)
        return Side(
            f"{requests:,} requests",
            (command,),
            lambda: findings.kept(found),
            told=lambda: findings.told(found),
        )

    goal = Goal("difference", "memory", 32)
    return Comparison("requests-kept", side(_REQUESTS), side(300), (goal,), pairs=4, alike=False)


ROWS: Final[Mapping[str, Callable[[Workspace], Comparison]]] = {
    "off": off,
    "plugins": plugins,
    **static_rows.ROWS,
    **{f"whole-{name}": partial(whole, name=name) for name in SUITES},
    **{f"whole-{name}-warm": partial(whole_warm, name=name) for name in SUITES},
    **contract_rows.ROWS,
    "judging": lambda workspace: judging(
        workspace, "judging", _LARGE, Goal("absolute", "wall", 3.0), Goal("absolute", "memory", 300.0)
    ),
    "judging-operations": partial(judging, name="judging-operations", sizes=(0, _LARGE[1], 0)),
    "judging-findings": partial(judging, name="judging-findings", sizes=(0, 0, _LARGE[2])),
    "taps-starlette": partial(taps, application="starlette", limit=_A_REQUEST),
    "taps-fastapi": partial(taps, application="fastapi", limit=_A_REQUEST),
    "taps-litestar": partial(taps, application="litestar", limit=_A_REQUEST),
    "taps-flask": partial(taps, application="flask", limit=_A_REQUEST),
    "taps-django": partial(taps, application="django", limit=_A_REQUEST),
    "taps-sqlalchemy": partial(taps, application="sqlalchemy", limit=_A_STATEMENT),
    "taps-django-orm": partial(taps, application="django-orm", limit=_A_STATEMENT),
    "taps-validation": validation,
    "requests-kept": kept,
}
