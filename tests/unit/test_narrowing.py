"""A run is full when it runs what a bare ``pytest`` would run, and narrowed when the command line leaves some out."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_backend_gates.narrowing import (
    FullRun,
    why_narrowed,
    why_not_run,
    why_not_traced,
    why_selected,
    why_without,
)

Full = Callable[..., FullRun]


@pytest.fixture
def full(tmp_path: Path) -> Full:
    """Write empty files and return the full run of that project."""

    def project(*files: str, testpaths: tuple[str, ...] = (), addopts: Namespace | None = None) -> FullRun:
        for name in files:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        skipped = (".*", "build", "venv")
        return FullRun(tmp_path, testpaths, ("test_*.py",), skipped, addopts or Namespace())

    return project


def given(*file_or_dir: str, **options: object) -> Namespace:
    return Namespace(file_or_dir=list(file_or_dir), **options)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"keyword": "slow"}, "-k slow"),
        ({"markexpr": "not slow"}, "-m not slow"),
        ({"deselect": ["tests/a.py::x"]}, "--deselect"),
        ({"ignore": ["tests/a.py"]}, "--ignore"),
        ({"ignore_glob": ["*a.py"]}, "--ignore-glob"),
        ({"lf": True}, "--lf"),
        ({"stepwise": True}, "--sw"),
        ({"stepwise_skip": True}, "--sw-skip"),
        ({"stepwise_reset": True}, "--sw-reset"),
        ({"override_ini": ["testpaths=tests/unit"]}, "-o testpaths=tests/unit"),
        ({"override_ini": ["xfail_strict=true", "python_files = x_*.py"]}, "-o python_files = x_*.py"),
        ({"override_ini": ["xfail_strict=true"]}, None),
        ({"keyword": "", "markexpr": "", "deselect": None, "lf": False, "override_ini": None}, None),
        ({"failedfirst": True, "maxfail": 1, "verbose": 2}, None),
        ({}, None),
    ],
)
def test_options_that_select(options: dict[str, object], why: str | None) -> None:
    """An option that chooses among the tests is named as the user spells it."""
    assert why_selected(Namespace(**options)) == why


PROJECT = ("shop/app.py", "tests/unit/test_a.py", "tests/api/test_b.py", "tests/conftest.py")


@pytest.mark.parametrize(
    ("arguments", "folder", "why"),
    [
        ((), ".", None),
        (("tests",), ".", None),
        ((".",), ".", None),
        (("tests/",), ".", None),
        (("./tests/../tests",), ".", None),
        (("tests/unit", "tests/api"), ".", None),
        (("tests/unit/test_a.py", "tests/api/test_b.py"), ".", None),
        (("tests/unit",), ".", "tests/unit, without tests/api/test_b.py"),
        (("tests/api/test_b.py",), ".", "tests/api/test_b.py, without tests/unit/test_a.py"),
        (("tests/unit/test_a.py::test_x",), ".", "tests/unit/test_a.py::test_x"),
        (("tests", "tests/api/test_b.py::test_x"), ".", "tests/api/test_b.py::test_x"),
        (("shop",), ".", "shop, without tests/api/test_b.py"),
        ((), "tests", None),
        (("unit", "api"), "tests", None),
        ((".",), "tests", None),
        ((), "tests/unit", "started in unit, without tests/api/test_b.py"),
        (("..",), "tests/unit", None),
        ((), "shop", "started in shop, without tests/api/test_b.py"),
    ],
)
def test_paths(full: Full, arguments: tuple[str, ...], folder: str, why: str | None) -> None:
    """Paths are judged by the test files that they leave out, from the folder where pytest was started."""
    run = full(*PROJECT)
    where = run.rootdir if folder == "." else run.rootdir / folder
    assert why_narrowed(given(*arguments), run, where) == why


def test_an_absolute_path(full: Full) -> None:
    """An editor passes absolute paths."""
    run = full(*PROJECT)
    assert why_narrowed(given(str(run.rootdir / "tests")), run, run.rootdir) is None
    one = str(run.rootdir / "tests" / "unit")
    assert why_narrowed(given(one), run, run.rootdir) == f"{one}, without tests/api/test_b.py"


def test_a_path_from_the_parent_folder(full: Full) -> None:
    """Started one folder up, the project's folder is the full run."""
    run = full(*PROJECT)
    name = run.rootdir.name
    assert why_narrowed(given(name), run, run.rootdir.parent) is None
    assert why_narrowed(given(f"{name}/tests"), run, run.rootdir.parent) is None
    why = f"{name}/tests/api, without tests/unit/test_a.py"
    assert why_narrowed(given(f"{name}/tests/api"), run, run.rootdir.parent) == why


@pytest.mark.parametrize(
    ("testpaths", "argument", "why"),
    [
        (("tests",), "tests", None),
        (("tests/unit",), "tests/unit", None),
        (("tests/unit",), "tests", None),
        (("tests/unit", "tests/api"), "tests/unit", "tests/unit, without tests/api/test_b.py"),
        (("tests/*",), "tests/unit", "tests/unit, without tests/api/test_b.py"),
        (("**/api",), "tests/api", None),
        (("tests/api/test_b.py",), "tests/api/test_b.py", None),
        (("nowhere",), "tests", None),
    ],
)
def test_testpaths_define_the_full_run(
    full: Full, testpaths: tuple[str, ...], argument: str, why: str | None
) -> None:
    """What a bare pytest would run is what ``testpaths`` name; when none of them exists, everything."""
    run = full(*PROJECT, testpaths=testpaths)
    assert why_narrowed(given(argument), run, run.rootdir) == why


def test_absolute_testpaths(full: Full) -> None:
    """An absolute pattern is one that pytest takes too."""
    run = full(*PROJECT)
    run = full(testpaths=(str(run.rootdir / "tests" / "u*"),))
    assert run.targets() == [run.rootdir / "tests" / "unit"]


@pytest.mark.parametrize(
    "name",
    [
        "tests/helpers.py",
        "build/test_x.py",
        ".hidden/test_x.py",
        "venv/lib/test_x.py",
        "tests/__pycache__/test_x.py",
    ],
)
def test_files_that_pytest_does_not_collect(full: Full, name: str) -> None:
    """Only what pytest would collect can be missing."""
    run = full(*PROJECT, name)
    assert why_narrowed(given("tests/unit", "tests/api"), run, run.rootdir) is None


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history"])
def test_virtual_environments_are_not_collected(full: Full, mark: str) -> None:
    """The tests of what is installed in a virtual environment are no part of the run."""
    run = full(*PROJECT, f"env/{mark}", "env/lib/test_x.py")
    assert why_narrowed(given("tests"), run, run.rootdir) is None


def test_tests_outside_the_folder_of_tests(full: Full) -> None:
    """``pytest tests`` is narrowed where tests also stand elsewhere."""
    run = full(*PROJECT, "shop/test_app.py")
    assert why_narrowed(given("tests"), run, run.rootdir) == "tests, without shop/test_app.py"


def test_patterns_with_a_slash(tmp_path: Path) -> None:
    """Such a pattern is matched against the path, as pytest does."""
    for name in ("tests/check.py", "shop/check.py", "tests/data/check.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    run = FullRun(tmp_path, (), ("tests/*.py",), ("tests/data",))
    assert run.missed_by([tmp_path / "tests"]) is None
    assert run.missed_by([tmp_path / "shop"]) == tmp_path / "tests" / "check.py"


def test_the_projects_own_addopts_define_the_full_run(full: Full) -> None:
    """What the project's own ``addopts`` name or ignore is no narrowing."""
    named = full(*PROJECT, addopts=given("tests/unit"))
    assert why_narrowed(given(), named, named.rootdir) is None
    assert why_narrowed(given("tests/unit"), named, named.rootdir) is None
    ignoring = full(*PROJECT, addopts=given(ignore=["tests/api"], ignore_glob=None))
    assert why_narrowed(given("tests/unit"), ignoring, ignoring.rootdir) is None
    globbing = full(*PROJECT, addopts=given(ignore=None, ignore_glob=["tests/*/test_b.py"]))
    assert why_narrowed(given("tests/unit"), globbing, globbing.rootdir) is None


def test_pyargs(full: Full) -> None:
    """Names of packages cannot be compared with paths; without a name the option means nothing."""
    run = full(*PROJECT)
    assert why_narrowed(given("tests", pyargs=True), run, run.rootdir) == "--pyargs tests"
    assert why_narrowed(given(pyargs=True), run, run.rootdir) is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"no_cov": True}, "not traced: --no-cov"),
        ({"usepdb": True}, "not traced: --pdb"),
        ({"trace": True}, "not traced: --trace"),
        ({"no_cov": False, "usepdb": False, "trace": False}, None),
        ({}, None),
    ],
)
def test_options_that_forbid_tracing(options: dict[str, object], why: str | None) -> None:
    """A debugger and ``--no-cov`` keep coverage from being measured."""
    assert why_not_traced(Namespace(**options)) == why


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"collectonly": True}, "--collect-only"),
        ({"setupplan": True, "setuponly": True}, "--setup-plan"),
        ({"setuponly": True}, "--setup-only"),
        ({"collectonly": False}, None),
        ({}, None),
    ],
)
def test_options_that_run_nothing(options: dict[str, object], why: str | None) -> None:
    """Where no test runs there is nothing to judge."""
    assert why_not_run(Namespace(**options)) == why


@pytest.mark.parametrize(
    ("files", "testpaths", "addopts", "anchor"),
    [
        (PROJECT, (), (), "tests"),
        (("test/test_a.py",), (), (), "test"),
        (("src/shop/test_a.py",), (), (), "."),
        (PROJECT, ("tests",), (), "tests"),
        (PROJECT, ("tests/unit", "tests/api"), (), "tests/unit"),
        (PROJECT, ("tests/api/test_b.py", "tests/unit"), (), "tests/unit"),
        (PROJECT, ("tests/*",), (), "tests/api"),
        (PROJECT, ("nowhere",), (), "tests"),
        (PROJECT, ("tests/api/test_b.py", "tests/unit/test_a.py"), (), "tests/api/test_b.py"),
        (PROJECT, (".",), (), "tests"),
        (PROJECT, ("tests",), ("tests/unit/",), "tests/unit"),
    ],
)
def test_the_folder_of_tests_without_a_file(
    full: Full, files: tuple[str, ...], testpaths: tuple[str, ...], addopts: tuple[str, ...], anchor: str
) -> None:
    """The first folder that a bare pytest starts from, else the first file, else the folder of tests, else the top."""
    run = full(*files, testpaths=testpaths, addopts=given(*addopts))
    assert run.anchor() == run.rootdir / anchor


@pytest.mark.parametrize(
    ("arguments", "folder", "why"),
    [
        ((), ".", None),
        ((".",), ".", None),
        (("tests",), ".", None),
        (("tests/unit", "tests/"), ".", None),
        ((), "tests", None),
        (("tests/unit", "tests/api"), ".", "tests/unit tests/api"),
        (("tests/unit/test_a.py",), ".", "tests/unit/test_a.py"),
        ((), "tests/unit", "started in unit"),
        (("..",), "tests/unit", None),
    ],
)
def test_what_belongs_to_a_folder_as_a_whole(
    full: Full, arguments: tuple[str, ...], folder: str, why: str | None
) -> None:
    """It runs only where the folder itself, or one around it, is asked for."""
    run = full(*PROJECT)
    assert why_without(given(*arguments), run, run.rootdir / folder, run.rootdir / "tests") == why
