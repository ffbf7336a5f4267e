"""The comparisons of the static scan: with radon and bandit, with itself without a cache, and with ruff."""

import shutil
import sys
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks import findings
from benchmarks.comparison import ROOT, Command, Comparison, Goal, Side, program
from benchmarks.inputs import SUITES, Workspace

_DJANGO: Final = ("django", "6.1.3")
#: Pinned; its program by itself.
_RUFF: Final = "ruff==0.17.6"


def static_cold(workspace: Workspace, name: str, limit: float, cores: str | None = None) -> Comparison:
    """Compare our scan with radon and bandit, one after the other, on all *cores* or these: at most *limit* of the time."""
    package = workspace.source(*_DJANGO) / "django"
    goals = (Goal("ratio", "wall", limit), Goal("ratio", "cpu", 3 / 4))
    return _scanned(workspace, name, package, goals, cores)


def static_suite(workspace: Workspace, suite: str) -> Comparison:
    """Compare the same for the source of a smaller project: that both find the same; to start the engines takes most of it."""
    package = workspace.source(suite, SUITES[suite][0]) / "src"
    return _scanned(workspace, f"static-{suite}", package)


def _scanned(
    workspace: Workspace, name: str, package: Path, goals: tuple[Goal, ...] = (), cores: str | None = None
) -> Comparison:
    found, radon, bandit = (workspace.folder / name for name in ("found.json", "radon.json", "bandit.json"))
    on_cores = ("taskset", "--cpu-list", cores) if cores else ()

    def command(cwd: Path, *words: object, statuses: tuple[int, ...] = (0,)) -> Command:
        return Command((*on_cores, sys.executable, "-m", *map(str, words)), cwd, statuses=statuses)

    return Comparison(
        name,
        Side(
            "scan",
            (command(ROOT, "benchmarks.scanning", package, found),),
            lambda: findings.ours(found, radon),
        ),
        Side(
            "radon, bandit",
            (
                command(package, "radon", "cc", "-j", "-O", radon, "."),
                command(package, "bandit", "-q", "-r", "-f", "json", "-o", bandit, ".", statuses=(0, 1)),
            ),
            lambda: findings.theirs(radon, bandit),
        ),
        goals,
    )


def static_warm(workspace: Workspace) -> Comparison:
    """Compare a scan of what has not changed with the same scan without a cache."""
    return _cached(workspace, "static-warm", 0.3, workspace.source(*_DJANGO) / "django")


def static_ruff(workspace: Workspace) -> Comparison:
    """Compare a scan of what has not changed with ruff's of the same files, which knows other rules: no goal, only a measure."""
    package = workspace.source(*_DJANGO) / "django"
    cache, warm, report = (workspace.folder / name for name in ("cache", "warm.json", "ruff.json"))
    cache.mkdir(exist_ok=True)
    ruff = workspace.packages(_RUFF) / "bin" / "ruff"
    rules = ("--isolated", "--select", "C901,S", "--no-cache", "--exit-zero")
    command = (ruff, "check", *rules, "--output-format", "json", "--output-file", report, ".")
    return Comparison(
        "static-ruff",
        Side(
            "scan with its cache: what radon and bandit find",
            (program("scanning", package, warm, cache),),
            lambda: findings.looked_at(warm),
        ),
        Side(
            "ruff C901, S: other findings, the same files",
            (Command(tuple(map(str, command)), package),),
            lambda: findings.looked_at_by_ruff(ruff, package, report),
        ),
        goals=(),
    )


def static_one_changed(workspace: Workspace) -> Comparison:
    """Compare a scan of what has changed in one file with the same scan without a cache."""
    package = workspace.folder / "django-changed"
    shutil.copytree(workspace.source(*_DJANGO) / "django", package, dirs_exist_ok=True)
    changed = package / "shortcuts.py"
    head = "\n\ndef changed(a):\n"
    original, lengths = changed.read_text(encoding="utf-8").partition(head)[0], count(1)

    def change() -> None:
        """Let both engines find more in it than before."""
        body = "    assert a if a else a\n" * next(lengths)
        changed.write_text(f"{original}{head}{body}", encoding="utf-8")

    return _cached(workspace, "static-one-changed", 0.5, package, change)


def _cached(
    workspace: Workspace, name: str, limit: float, package: Path, before: Callable[[], object] = lambda: None
) -> Comparison:
    cache, warm, cold = (workspace.folder / name for name in ("cache", "warm.json", "cold.json"))
    cache.mkdir(exist_ok=True)
    return Comparison(
        name,
        Side(
            "scan with its cache",
            (program("scanning", package, warm, cache),),
            lambda: findings.everything(warm),
        ),
        Side("scan without", (program("scanning", package, cold),), lambda: findings.everything(cold)),
        (Goal("absolute", "wall", limit),),
        before=before,
    )


ROWS: Final[Mapping[str, Callable[[Workspace], Comparison]]] = {
    "static-cold": partial(static_cold, name="static-cold", limit=1 / 3),
    "static-cold-two-cores": partial(static_cold, name="static-cold-two-cores", limit=2 / 3, cores="0,1"),
    "static-warm": static_warm,
    "static-one-changed": static_one_changed,
    "static-ruff": static_ruff,
    **{f"static-{name}": partial(static_suite, suite=name) for name in SUITES},
}
