"""The comparisons, in the order of the table."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import contract_rows, findings
from benchmarks.comparison import Command, Comparison, Goal, Side
from benchmarks.environments import environment
from benchmarks.inputs import Workspace

_ROOT: Final = Path(__file__).parent.parent
_DJANGO: Final = ("django", "6.1.3")
_TRIVIAL: Final = {"test_trivial.py": "def test_trivial(): ...\n", "pytest.ini": "[pytest]\n"}
#: How many blocks, operations and findings a large project has.
_LARGE: Final = (1_000_000, 10_000, 100_000)
_REQUESTS: Final = 1_000_000
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
    return _python("-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={tests}", *words)


def _python(*words: str) -> tuple[str, ...]:
    return (sys.executable, *words)


def _ours(module: str, *words: object) -> Command:
    """Return a command that runs a program of ours."""
    return Command(_python("-m", f"benchmarks.{module}", *map(str, words)), _ROOT)


def off(workspace: Workspace) -> Comparison:
    """Compare one trivial test in two environments: one has the plugin, the other only what it depends on."""
    project = workspace.project("off", _TRIVIAL)

    def side(name: str, *, installed: bool) -> Side:
        tests = workspace.folder / f"off-{name}.xml"
        python = environment(workspace, f"environment-{name}", installed=installed)
        command = Command((str(python), *_pytest(tests)[1:]), project)
        return Side(name, (command,), lambda: findings.tests(tests))

    return Comparison(
        "off",
        side("installed", installed=True),
        side("absent", installed=False),
        (Goal("difference", "cpu", 0.005),),
        pairs=30,
    )


def static_cold(workspace: Workspace) -> Comparison:
    """Compare our scan with radon and bandit, one after the other."""
    package = workspace.source(*_DJANGO) / "django"
    found, radon, bandit = (workspace.folder / name for name in ("found.json", "radon.json", "bandit.json"))
    return Comparison(
        "static-cold",
        Side("scan", (_ours("scanning", package, found),), lambda: findings.ours(found, radon)),
        Side(
            "radon, bandit",
            (
                Command(_python("-m", "radon", "cc", "-j", "-O", str(radon), "."), package),
                Command(
                    _python("-m", "bandit", "-q", "-r", "-f", "json", "-o", str(bandit), "."),
                    package,
                    statuses=(0, 1),
                ),
            ),
            lambda: findings.theirs(radon, bandit),
        ),
        (Goal("ratio", "wall", 1 / 3), Goal("ratio", "cpu", 3 / 4)),
    )


def static_warm(workspace: Workspace) -> Comparison:
    """Compare a scan of what has not changed with the same scan without a cache."""
    return _cached(workspace, "static-warm", 0.3, lambda _: None)


def static_one_changed(workspace: Workspace) -> Comparison:
    """Compare a scan of what has changed in one file with the same scan without a cache."""

    def change(package: Path) -> None:
        file = package / "shortcuts.py"
        file.write_text(file.read_text(encoding="utf-8") + "# another line\n", encoding="utf-8")

    return _cached(workspace, "static-one-changed", 0.5, change)


def _cached(workspace: Workspace, name: str, limit: float, before: Callable[[Path], None]) -> Comparison:
    package = workspace.source(*_DJANGO) / "django"
    cache, warm, cold = (workspace.folder / name for name in ("cache", "warm.json", "cold.json"))
    cache.mkdir(exist_ok=True)
    return Comparison(
        name,
        Side(
            "scan with its cache",
            (_ours("scanning", package, warm, cache),),
            lambda: findings.everything(warm),
            lambda: before(package),
        ),
        Side("scan without", (_ours("scanning", package, cold),), lambda: findings.everything(cold)),
        (Goal("absolute", "wall", limit),),
    )


def whole(workspace: Workspace, name: str, version: str, extras: Sequence[str]) -> Comparison:
    """Compare a real suite under all gates but the contract, without a cache, with the same under ``--cov``."""
    project = workspace.source(name, version)
    report, coverage = (workspace.folder / f"{kind}-{name}.json" for kind in ("gates", "coverage"))
    path = {"PYTHONPATH": os.pathsep.join(["src", str(workspace.packages(*extras))])}

    def side(title: str, read: Callable[[], object], *words: str) -> Side:
        tests = workspace.folder / f"{title.partition(' ')[0]}-{name}.xml"
        # Its own configuration, also where it has none: not that of the project around this folder.
        command = Command(_pytest(tests, "-c", "pyproject.toml", *words), project, path, statuses=(0, 1))
        return Side(title, (command,), lambda: (findings.tests(tests), read()))

    gates = ("--backend-gates", "--backend-gates-skip=contract", f"--backend-gates-report=json:{report}")
    return Comparison(
        f"whole-{name}",
        side("gates", lambda: findings.our_coverage(report), *gates),
        side(
            "pytest --cov", lambda: findings.coverage(coverage), "--cov=src", f"--cov-report=json:{coverage}"
        ),
        (Goal("ratio", "wall", 1.03), Goal("ratio", "memory", 1.25)),
    )


def judging(workspace: Workspace, name: str, sizes: Sequence[int], *goals: Goal) -> Comparison:
    """Compare the judging of a large project with that of a hundredth of it, a hundred times: the same, if it is linear."""

    def side(title: str, times: int) -> Side:
        found = workspace.folder / f"{name}-{times}.json"
        command = _ours("judging", *(size // times for size in sizes), times, found)
        return Side(title, (command,), lambda: findings.judged(found), told=lambda: findings.told(found))

    linear = Goal("ratio", "cpu", 1.25)
    return Comparison(name, side("once", 1), side("a hundredth, 100 times", 100), (*goals, linear), pairs=5)


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
    command = Command(_python("-m", "benchmarks.observing", application, observer, str(found)), _ROOT, path)
    return Side(observer, (command,), lambda: findings.answered(found), told=lambda: findings.told(found))


def kept(workspace: Workspace) -> Comparison:
    """Compare what the session takes in memory for a million requests with what it takes for one each."""

    def side(requests: int) -> Side:
        found = workspace.folder / f"kept-{requests}.json"
        command = _ours("keeping", requests, found)
        return Side(
            f"{requests:,} requests",
            (command,),
            lambda: findings.kept(found),
            told=lambda: findings.told(found),
        )

    goal = Goal("difference", "memory", 32)
    return Comparison("requests-kept", side(_REQUESTS), side(300), (goal,), pairs=3)


ROWS: Final[Mapping[str, Callable[[Workspace], Comparison]]] = {
    "off": off,
    "static-cold": static_cold,
    "static-warm": static_warm,
    "static-one-changed": static_one_changed,
    "whole-h2": partial(whole, name="h2", version="4.3.0", extras=("hpack==4.1.0", "hyperframe==6.1.0")),
    "whole-attrs": partial(whole, name="attrs", version="25.4.0", extras=("cloudpickle==3.1.1",)),
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
