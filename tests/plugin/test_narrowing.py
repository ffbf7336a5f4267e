"""A full run is what a bare ``pytest`` runs; what the command line leaves out narrows it, and coverage is skipped."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

CONFTEST = """\
def pytest_addoption(parser):
    parser.addoption("--env", default="dev")
    parser.addoption("--fast", action="store_true")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--fast"):
        config.hook.pytest_deselected(items=items[1:])
        del items[1:]
"""
TEST = """\
import pytest

from shop.app import double


@pytest.mark.parametrize("number", [1, 2])
def test_{name}(number):
    assert double(number) == 2 * number


@pytest.mark.slow
def test_slow_{name}():
    assert double(3) == 6
"""
INI = "[pytest]\npythonpath = .\nmarkers = slow\n"

one_mode = pytest.mark.parametrize("mode", [("-p", "no:xdist")], indirect=True, ids=["no xdist"])
#: Workers decide early and for themselves what to measure.
in_workers = pytest.mark.parametrize("mode", [("-n2",)], indirect=True, ids=["-n2"])


@pytest.fixture
def project(empty: "Project") -> "Project":
    """Make a project with tests in two folders and options of its own."""
    empty.file("pytest.ini", INI).file("conftest.py", CONFTEST)
    empty.file("shop/app.py", "def double(number):\n    return 2 * number\n")
    empty.file("tests/unit/test_a.py", TEST.format(name="a"))
    return empty.file("tests/api/test_b.py", TEST.format(name="b"))


def judged(project: "Project", *arguments: str, folder: Path | None = None) -> tuple[str | None, str]:
    """Run, and return why the run was narrowed and what became of coverage; both must agree."""
    result = project.run(
        "--backend-gates",
        "--backend-gates-only=coverage",
        f"--backend-gates-report=json:{project.root / 'gates.json'}",
        *arguments,
        cwd=folder,
    )
    assert (result.status, result.err) == (0, "")
    report = project.written()
    return report["narrowed"], report["gates"][0]["outcome"]


FULL = (None, "PASSED")


@one_mode
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("tests",),
        (".",),
        ("tests/unit", "tests/api"),
        ("--ff",),
        ("-x", "-v"),
        ("--env", "tests/unit"),
        ("--env", "tests/unit", "tests"),
        ("-o", "xfail_strict=true"),
    ],
    ids=" ".join,
)
def test_full_runs(project: "Project", arguments: tuple[str, ...]) -> None:
    """All that a bare pytest runs is run: however it is said, and whatever looks like a path."""
    assert judged(project, *arguments) == FULL


@one_mode
@pytest.mark.parametrize(
    ("folder", "arguments"),
    [
        ("tests", ()),
        ("tests/unit", ("..",)),
        ("tests", ("unit", "api")),
        ("..", ("{name}",)),
        ("..", ("{name}/tests",)),
    ],
)
def test_full_runs_from_another_folder(project: "Project", folder: str, arguments: tuple[str, ...]) -> None:
    """Where pytest is started does not matter, only what it runs."""
    words = [word.format(name=project.root.name) for word in arguments]
    assert judged(project, *words, folder=project.root / folder) == FULL


@one_mode
@pytest.mark.parametrize(
    ("ini", "arguments"),
    [
        ("testpaths = tests\n", ()),
        ("testpaths = tests/unit\n", ()),
        ("testpaths = tests/unit tests/api\n", ("tests",)),
        ("testpaths = tests/*\n", ("tests/api", "tests/unit")),
        ('addopts = -m "not slow"\n', ()),
        ("addopts = -k a --deselect tests/unit/test_a.py::test_slow_a\n", ()),
        ("addopts = --ignore=tests/api\n", ("tests/unit",)),
        ("addopts = tests/unit\n", ()),
        ("addopts = --env=tests/api --fast\n", ()),
    ],
)
def test_the_project_defines_its_full_run(project: "Project", ini: str, arguments: tuple[str, ...]) -> None:
    """``testpaths`` and the project's own ``addopts`` narrow nothing."""
    project.file("pytest.ini", INI + ini)
    why, outcome = judged(project, *arguments)
    if "--fast" in ini:
        assert (why, outcome) == ("a plugin deselected tests", "SKIPPED")
    else:
        assert (why, outcome) == FULL


@one_mode
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("-k", "a"), "-k a"),
        (("-m", "not slow"), "-m not slow"),
        (("--deselect", "tests/unit/test_a.py::test_slow_a"), "--deselect"),
        (("--ignore=tests/api",), "--ignore"),
        (("--ignore-glob=*/test_b.py",), "--ignore-glob"),
        (("--lf",), "--lf"),
        (("--sw",), "--sw"),
        (("--sw-skip",), "--sw-skip"),
        (("tests/unit",), "tests/unit, without tests/api/test_b.py"),
        (("tests/unit/test_a.py",), "tests/unit/test_a.py, without tests/api/test_b.py"),
        (("tests/api/test_b.py::test_b[1]",), "tests/api/test_b.py::test_b[1]"),
        (("tests", "tests/api/test_b.py::test_b"), "tests/api/test_b.py::test_b"),
        (("--env", "tests/api", "tests/unit"), "tests/unit, without tests/api/test_b.py"),
        (("--fast", "tests/unit"), "tests/unit, without tests/api/test_b.py"),
        (("--pyargs", "tests"), "--pyargs tests"),
        (("-o", "testpaths=tests/unit"), "-o testpaths=tests/unit"),
        (("-o", "python_files=test_a.py"), "-o python_files=test_a.py"),
        (("-o", "addopts=-k a"), "-k a"),
    ],
)
def test_narrowed_runs(project: "Project", arguments: tuple[str, ...], why: str) -> None:
    """What the command line leaves out is said, and coverage is not judged on a part of the tests."""
    project.file("pytest.ini", INI + "addopts = -v\n")
    assert judged(project, *arguments) == (why, "SKIPPED")


@in_workers
@pytest.mark.parametrize(
    ("ini", "folder", "arguments"),
    [
        ("", ".", ()),
        ("", "tests", ("unit", "api")),
        ("", ".", ("--env", "tests/unit")),
        ("testpaths = tests/unit\n", ".", ()),
        ('addopts = -m "not slow"\n', ".", ()),
        ("addopts = --ignore=tests/api\n", ".", ("tests/unit",)),
    ],
)
def test_full_runs_in_workers(project: "Project", ini: str, folder: str, arguments: tuple[str, ...]) -> None:
    """A worker comes to the same answer as the controller."""
    project.file("pytest.ini", INI + ini)
    assert judged(project, *arguments, folder=project.root / folder) == FULL


@in_workers
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("-k", "a"), "-k a"),
        (("tests/unit",), "tests/unit, without tests/api/test_b.py"),
        (("tests/api/test_b.py::test_b",), "tests/api/test_b.py::test_b"),
        (("--fast",), "a plugin deselected tests"),
    ],
)
def test_narrowed_runs_in_workers(project: "Project", arguments: tuple[str, ...], why: str) -> None:
    """The controller knows, whatever its workers see."""
    assert judged(project, *arguments) == (why, "SKIPPED")


@one_mode
@pytest.mark.parametrize(
    ("folder", "arguments", "why"),
    [
        ("tests/unit", (), "started in unit, without tests/api/test_b.py"),
        ("tests/unit", ("test_a.py",), "test_a.py, without tests/api/test_b.py"),
        ("..", ("{name}/tests/api",), "{name}/tests/api, without tests/unit/test_a.py"),
    ],
)
def test_narrowed_runs_from_another_folder(
    project: "Project", folder: str, arguments: tuple[str, ...], why: str
) -> None:
    """Paths are those of the folder where pytest was started; the missing file is named from the rootdir."""
    name = project.root.name
    words = [word.format(name=name) for word in arguments]
    assert judged(project, *words, folder=project.root / folder) == (why.format(name=name), "SKIPPED")


@one_mode
def test_pytest_addopts(project: "Project") -> None:
    """PYTEST_ADDOPTS belongs to the command line."""
    project.file("pytest.ini", INI + 'addopts = -m "not slow"\n')
    narrowed = replace(project, env={"PYTEST_ADDOPTS": "-k a"})
    assert judged(narrowed) == ("-k a", "SKIPPED")
    verbose = replace(project, env={"PYTEST_ADDOPTS": "-v"})
    assert judged(verbose) == FULL


@one_mode
def test_thresholds_in_a_narrowed_run(project: "Project") -> None:
    """A threshold that matches nothing is red in a full run and skipped in a narrowed one."""
    ini = "backend_gates_thresholds =\n  coverage > 80%\n  latency.p95[GET /orders] < 5ms\n"
    project.file("pytest.ini", INI + ini)
    full = project.gates()
    assert (full.status, full.rows()["latency"]) == (1, "NO_DATA")
    narrowed = project.gates("-k", "a")
    rows = narrowed.rows()
    assert (narrowed.status, rows["coverage"], rows["latency"]) == (0, "SKIPPED", "SKIPPED")
    # A narrowed run does not wait for the static scan, which is often ready all the same.
    assert {rows["complexity"], rows["security"]} <= {"PASSED", "SKIPPED"}
