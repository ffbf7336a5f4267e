"""The quick walk against bandit's own, over samples for every test that bandit has and over real packages."""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from pytest_backend_gates.analyzers.source import SourceFile

with warnings.catch_warnings(), pytest.MonkeyPatch.context() as undo:
    warnings.simplefilter("ignore")
    undo.setattr(warnings, "formatwarning", warnings.formatwarning)  # bandit puts its own there
    from bandit.core import extension_loader
    from bandit.core import manager as bandit_manager
    from bandit.core.config import BanditConfig

    from pytest_backend_gates.analyzers.bandit_visitor import QuickManager, is_compared

SAMPLES = (Path(__file__).parent / "bandit_samples.txt").read_text(encoding="utf-8")

Found = tuple[list[dict[str, Any]], list[tuple[str, str]], tuple[int, int], list[Any]]


def blacklisted() -> Iterator[str]:
    """Yield a line for each call and import that bandit knows to avoid, in every spelling of it."""
    for kind, tests in extension_loader.MANAGER.blacklist.items():
        for name in (name for test in tests for name in test["qualnames"]):
            module, _, attribute = name.rpartition(".")
            if kind == "Call":
                yield f"{name}(0)"
                yield f"import {module} as renamed; renamed.{attribute}(0)" if module else f"{attribute}(1)"
            elif kind == "Import":
                yield f"import {name}"
                yield f"__import__('{name}')"
            else:
                yield f"from {module or name} import {attribute if module else 'anything'}"


def told(manager: Any, path: str) -> Found:  # noqa: ANN401 - bandit is untyped
    """Return everything that *manager* knows after a run."""
    issues = [{**vars(issue), "fdata": None, "cwe": issue.cwe.id} for issue in manager.results]
    metrics = manager.metrics.data[path]
    return issues, manager.skipped, (metrics["nosec"], metrics["skipped_tests"]), manager.scores


def plain(path: str, profile: dict[str, Any] | None = None, *, ignore_nosec: bool = False) -> Found:
    """Return what bandit by itself finds in the file at *path*."""
    manager = bandit_manager.BanditManager(
        BanditConfig(), "file", profile=profile or {}, ignore_nosec=ignore_nosec
    )
    manager.files_list = [path]
    manager.run_tests()
    return told(manager, path)


def quick(path: str, profile: dict[str, Any] | None = None, *, ignore_nosec: bool = False) -> Found:
    """Return what the quick walk finds there; it must find the same again in a tree without marks."""
    source = SourceFile(path)
    managers = [
        QuickManager(BanditConfig(), "file", profile=profile or {}, ignore_nosec=ignore_nosec)
        for _ in range(2)
    ]
    for manager, once_more in zip(managers, (False, True), strict=True):
        manager.run(source, path, once_more=once_more)
    first, second = (told(manager, path) for manager in managers)
    assert first == second
    return first


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write samples for every test of bandit, and return their path."""
    path = tmp_path_factory.mktemp("samples") / "samples.py"
    path.write_text("\n".join([SAMPLES, *blacklisted(), ""]), encoding="utf-8")
    return str(path)


def test_this_bandit_was_compared() -> None:
    """What these tests compare is what a scan uses; a newer release, with which all others pass, is to be added."""
    assert is_compared()


#: What a scan of ``app.py`` finds with a release of bandit, and by whose walk.
SCAN = """
import sys, bandit
bandit.__version__ = sys.argv[1]
from pytest_backend_gates.analyzers.bandit_engine import BanditEngine
from pytest_backend_gates.analyzers.source import SourceFile
engine, source = BanditEngine(["app.py"]), SourceFile("app.py")
walk = engine._run(source, ignore_nosec=False)
print(type(walk).__name__, *(f"{issue.code}:{issue.line}" for issue in engine.scan(source).issues))
"""


@pytest.mark.parametrize(
    ("version", "walk"),
    [
        ("1.8.3", "QuickManager"),
        ("1.8.30", "BanditManager"),
        ("1.9.4", "QuickManager"),
        ("1.9.4.post1", "BanditManager"),
        ("1.9.99", "BanditManager"),
        ("1.10.0", "BanditManager"),
    ],
)
def test_what_was_not_compared_walks_by_itself(tmp_path: Path, version: str, walk: str) -> None:
    """Also a later release of a series of which others were: it may have changed. The findings are the same."""
    (tmp_path / "app.py").write_text(
        "import hashlib\nhashlib.md5(b'')\nassert 1  # nosec\n", encoding="utf-8"
    )
    command = [sys.executable, "-W", "ignore", "-c", SCAN, version]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told == f"{walk} B324:2\n"


def test_the_samples_show_every_test_of_bandit(samples: str) -> None:
    """A test of bandit without a sample would be compared with nothing."""
    plugins = {plugin.plugin._test_id for plugin in extension_loader.MANAGER.plugins}
    registered = entry_points(group="bandit.plugins")
    assert len(plugins) == len(registered), "bandit leaves out without a word what it cannot import"
    lists = {test["id"] for tests in extension_loader.MANAGER.blacklist.values() for test in tests}
    issues, *_ = plain(samples)
    assert {issue["test_id"] for issue in issues} == plugins | lists


def test_the_findings_are_those_of_bandit(samples: str) -> None:
    """Each with its text, severity, confidence, lines and columns, in bandit's order."""
    issues, skipped, hidden, scores = quick(samples)
    assert (issues, skipped, hidden, scores) == plain(samples)
    assert len(issues) > 300


@pytest.mark.parametrize(
    "code", sorted([*extension_loader.MANAGER.plugins_by_id, *extension_loader.MANAGER.blacklist_by_id])
)
def test_each_test_alone_finds_the_same(samples: str, code: str) -> None:
    """With one test asked for, fewer types of nodes are looked at."""
    profile = {"include": {code}}
    assert quick(samples, profile) == plain(samples, profile)
    assert {issue["test_id"] for issue in plain(samples, profile)[0]} == {code}


@pytest.mark.parametrize(
    "comment", ["# nosec", "# nosec B105, B324", "# nosec: hardcoded_tmp_directory", "# no"]
)
@pytest.mark.parametrize("ignore_nosec", [False, True])
def test_comments_hide_the_same(tmp_path: Path, comment: str, *, ignore_nosec: bool) -> None:
    """Blanket ones, those that name tests, and those that hide nothing."""
    lines = SAMPLES.splitlines()
    ends = (f"{line}  {comment}" if line.endswith((")", ":", '"')) else line for line in lines)
    path = tmp_path / "hidden.py"
    path.write_text("\n".join([*ends, ""]), encoding="utf-8")
    assert quick(str(path), ignore_nosec=ignore_nosec) == plain(str(path), ignore_nosec=ignore_nosec)


@pytest.mark.parametrize(
    "checks", ["Name", "Load", "ClassDef", "AsyncFunctionDef", "Constant", "Num", "arguments"]
)
def test_tests_of_other_packages_see_what_they_ask_for(samples: str, checks: str) -> None:
    """Any type of node, in the same order and with the same context, and once."""
    seen: list[dict[str, Any]] = []

    def watch(context: Any) -> None:  # noqa: ANN401 - the same
        node = context.node
        seen.append(
            {name: str(value) for name, value in context._context.items() if name != "file_data"}
            | {"node": type(node), "parent": type(node._bandit_parent), "sibling": type(node._bandit_sibling)}
        )

    watch._test_id, watch._checks = "X1", [checks]  # type: ignore[attr-defined] # as bandit marks them
    watchers: list[list[dict[str, Any]]] = []
    for kind in (bandit_manager.BanditManager, QuickManager):
        manager = kind(BanditConfig(), "file")
        manager.b_ts.tests = {checks: [watch]}
        seen.clear()
        if isinstance(manager, QuickManager):
            manager.run(SourceFile(samples), samples)
        else:
            manager.files_list = [samples]
            manager.run_tests()
        watchers.append(seen.copy())
    assert watchers[0] == watchers[1]
    assert bool(watchers[0]) == (checks not in ("ClassDef", "Constant", "Num"))


def test_a_test_of_bandit_that_crashes_is_told_once(samples: str, caplog: pytest.LogCaptureFixture) -> None:
    """As bandit itself tells it, for each place."""

    def crash(_: object) -> None:
        raise ZeroDivisionError

    crash.__module__ = "bandit.plugins.crash"
    crash._test_id = "X1"  # type: ignore[attr-defined] # as bandit marks them
    manager = QuickManager(BanditConfig(), "file")
    manager.b_ts.tests = {"File": [crash]}
    manager.run(SourceFile(samples), samples)
    assert [record.message.partition(":")[0] for record in caplog.records if record.levelname == "ERROR"] == [
        "Bandit internal error running"
    ]


@pytest.mark.parametrize("package", ["bandit", "coverage", "flask"])
def test_real_packages_have_the_same_findings(site_packages: Path, package: str) -> None:
    """Nobody wrote them for this test."""
    paths = sorted(map(str, (site_packages / package).rglob("*.py")))
    assert len(paths) > 10
    for path in paths:
        assert quick(path) == plain(path), path
