"""What is source and what is not."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_backend_gates.discovery import Source, find_source
from pytest_backend_gates.errors import ConfigurationError

TEST_FILES = ("test_*.py", "*_test.py")
Find = Callable[..., Source]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Return a function that makes a project of empty files and finds its source."""

    def make_and_find(
        *paths: str,
        configured: Sequence[str] = (),
        python_files: Sequence[str] = TEST_FILES,
        testpaths: Sequence[str] = (),
    ) -> Source:
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        return find_source(tmp_path, configured, python_files, testpaths)

    return make_and_find


def test_src_wins_over_what_lies_beside_it(find: Find, tmp_path: Path) -> None:
    """With Python in src/, that is the source, and the reason names its packages."""
    source = find(
        "src/shop_admin/__init__.py", "src/shop/__init__.py", "src/shop/a.py", "manage.py", "other/x.py"
    )
    assert source == Source(
        tmp_path,
        ("src",),
        ("src/shop/__init__.py", "src/shop/a.py", "src/shop_admin/__init__.py"),
        "src/ holds the packages shop, shop_admin",
    )


def test_the_top_of_the_project(find: Find, tmp_path: Path) -> None:
    """Without src/, packages, folders without ``__init__.py`` and single modules at the top are the source."""
    source = find("shop/__init__.py", "jobs/nightly/run.py", "app.py", "wsgi.py", "README.md", "static/a.css")
    assert source == Source(
        tmp_path,
        ("app.py", "jobs", "shop", "wsgi.py"),
        ("app.py", "jobs/nightly/run.py", "shop/__init__.py", "wsgi.py"),
        "the top of the project holds the package shop, the folder jobs and the modules app.py, wsgi.py",
    )


def test_a_src_without_python_is_passed_over(find: Find) -> None:
    """A src/ of another language does not hide the Python beside it."""
    assert find("src/main.ts", "src/tests/test_a.py", "app.py").roots == ("app.py",)


@pytest.mark.parametrize(
    "path",
    [
        ".venv/lib/a.py",
        ".hidden/a.py",
        ".hidden.py",
        "__pycache__/a.py",
        "shop/__pycache__/a.py",
        "build/lib/shop/a.py",
        "dist/a.py",
        "node_modules/x/a.py",
        "lib/site-packages/a.py",
        "shop.egg-info/a.py",
        "tests/helpers.py",
        "shop/tests/helpers.py",
        "shop/test/helpers.py",
        "shop/test_cart.py",
        "shop/cart_test.py",
        "conftest.py",
        "shop/conftest.py",
        "setup.py",
        "noxfile.py",
        "services/api/setup.py",
        "docs/conf.py",
        "doc/conf.py",
        "examples/a.py",
        "benchmarks/a.py",
        "gunicorn.conf.py",
        "shop/.#cart.py",
        "shop/cart.pyc",
    ],
)
def test_never_source(find: Find, path: str) -> None:
    """What tools leave in a project, tests and scripts of tools are not source."""
    assert find("shop/cart.py", path).files == ("shop/cart.py",)


@pytest.mark.parametrize(
    "path",
    ["shop/docs/a.py", "shop/build/__init__.py", "shop/setup.py", "latest/a.py", "contest.py", "shop/a-b.py"],
)
def test_source_despite_its_name(find: Find, path: str) -> None:
    """A name that means something at the top, or only contains such a name, is source elsewhere."""
    assert path in find("shop/__init__.py", path).files


@pytest.mark.parametrize("mark", ["env/pyvenv.cfg", "tools/python/pyvenv.cfg", "env/conda-meta/history"])
def test_environments_are_known_by_what_they_hold(find: Find, mark: str) -> None:
    """A virtual environment is not source whatever it is called."""
    folder = mark.rpartition("/")[0].removesuffix("/conda-meta")
    assert find("app.py", mark, f"{folder}/lib/python3.11/flask.py").files == ("app.py",)


def test_projects_own_patterns_for_tests(find: Find) -> None:
    """``python_files`` decides what a test file is; a pattern with a slash matches the path."""
    source = find(
        "shop/check_cart.py",
        "shop/test_bench.py",
        "shop/spec/cart.py",
        python_files=["check_*.py", "spec/*.py"],
    )
    assert source.files == ("shop/test_bench.py",)


def test_patterns_that_match_everything_do_not_leave_nothing(find: Find) -> None:
    """With ``python_files = *.py`` the usual patterns tell source and tests apart."""
    assert find("shop/cart.py", "shop/test_cart.py", python_files=["*.py"]).files == ("shop/cart.py",)


@pytest.mark.parametrize("testpaths", [["spec"], ["./spec/"], ["s*c"]])
def test_folders_in_testpaths_are_not_source(find: Find, testpaths: list[str]) -> None:
    """A folder that pytest collects from, whatever its name, is a folder of tests, helpers included."""
    assert find("app.py", "spec/test_a.py", "spec/helpers.py", testpaths=testpaths).files == ("app.py",)


def test_a_package_with_its_tests_inside_is_source_though_in_testpaths(find: Find) -> None:
    """``testpaths = shop`` with tests beside the code does not make the code vanish."""
    source = find("shop/cart.py", "shop/user.py", "shop/tests/test_cart.py", "manage.py", testpaths=["shop"])
    assert source.files == ("manage.py", "shop/cart.py", "shop/user.py")


def test_testpaths_never_leave_no_source(find: Find) -> None:
    """When everything is in testpaths, what is no test there is source."""
    assert find("shop/cart.py", "shop/test_cart.py", testpaths=["shop"]).files == ("shop/cart.py",)


def test_configured_paths_win(find: Find) -> None:
    """Configured folders and modules are the source, also those that are never found unasked."""
    source = find(
        "src/shop/a.py",
        "lib/b.py",
        "examples/c.py",
        "lib/tests/d.py",
        "run.py",
        configured=["lib/", "./examples", "run.py"],
    )
    assert source.roots == ("lib", "examples", "run.py")
    assert source.files == ("examples/c.py", "lib/b.py", "run.py")
    assert source.why == "backend_gates_source names lib, examples, run.py"


def test_the_whole_project_configured(find: Find) -> None:
    """``.`` is all of the project but what is never source."""
    source = find("shop/a.py", "tests/test_a.py", "docs/conf.py", "b.py", configured=["."])
    assert (source.roots, source.files) == ((".",), ("b.py", "shop/a.py"))


def test_configured_outside_of_the_rootdir(find: Find, tmp_path: Path) -> None:
    """Source may lie beside the folder from which pytest runs."""
    find("backend/shop/a.py", "ci/pytest.ini")
    source = find_source(tmp_path / "ci", ["../backend"], TEST_FILES, [])
    assert (source.roots, source.files) == (("../backend",), ("../backend/shop/a.py",))


def test_every_mistake_in_configured_paths_is_told(find: Find, tmp_path: Path) -> None:
    """Paths that are missing, hold no source or are no Python are all named at once."""
    with pytest.raises(ConfigurationError) as caught:
        find("shop/a.py", "tests/test_a.py", "notes.txt", configured=["shop", "shopp", "tests", "notes.txt"])
    assert [problem.message for problem in caught.value.problems] == [
        f"'shopp' does not exist in {tmp_path}",
        "'tests' holds no Python source file (tests are not source)",
        "'notes.txt' is not a Python file",
    ]
    assert {problem.where for problem in caught.value.problems} == {"backend_gates_source"}


def test_no_source(find: Find, tmp_path: Path) -> None:
    """A project of tests only has no source, and that is said."""
    assert find("tests/test_a.py") == Source(tmp_path, (), (), "no Python source was found beside the tests")


def test_linked_folders_are_not_followed(find: Find, tmp_path: Path) -> None:
    """A loop of links ends, and linked code is not found twice."""
    find("shop/a.py")
    (tmp_path / "shop/loop").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(tmp_path / "shop")
    assert find().files == ("shop/a.py",)


def test_folders_that_may_not_be_read_are_passed_over(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data folder of a database server in the project does not end the session."""
    listed = os.scandir

    def scandir(folder: Path) -> object:
        if folder.name == "pgdata":
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert find("app.py", "pgdata/base.py").files == ("app.py",)


def test_paths_with_brackets(find: Find, tmp_path: Path) -> None:
    """Characters with a meaning in patterns mean nothing in the project's own path."""
    find("a [1]/app.py", "a [1]/qa/test_b.py")
    assert find_source(tmp_path / "a [1]", [], TEST_FILES, ["qa"]).files == ("app.py",)


def test_a_module_named_like_a_test_is_source_where_testpaths_says_where_tests_are(find: Find) -> None:
    """Pytest does not collect it, and a backend may well ship a ``test_client.py``."""
    files = ["shop/test_client.py", "tests/test_app.py"]
    assert find(*files, testpaths=["tests"]).files == ("shop/test_client.py",)
    assert find(*files, "shop/app.py", python_files=["test_*.py"]).files == ("shop/app.py",)


def test_packages_beside_src_are_noted(find: Find) -> None:
    """A tool in ``src/`` must not quietly stand for the backend beside it."""
    source = find("src/tool.py", "shop/__init__.py", "shop/app.py", "docs/conf.py", "tests/test_app.py")
    assert (source.roots, source.notes) == (
        ("src",),
        ("source: src/ is measured, not the package shop beside it; backend_gates_source can name both",),
    )
