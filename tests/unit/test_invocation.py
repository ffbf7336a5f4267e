"""What the command line says is read without the project's own ``addopts``, before and after conftest files."""

from collections.abc import Callable

import pytest

from pytest_backend_gates.invocation import narrowed_early, narrowed_finally

Narrowed = Callable[..., tuple[str | None, str | None]]


@pytest.fixture
def narrowed(pytester: pytest.Pytester) -> Narrowed:
    """Return why a run with these arguments is narrowed: early and finally."""
    pytester.mkdir("tests")
    (pytester.path / "tests" / "test_a.py").touch()
    (pytester.path / "tests" / "test_b.py").touch()

    early: list[str | None] = []

    class Asking:
        @pytest.hookimpl(tryfirst=True)
        def pytest_load_initial_conftests(self, early_config: pytest.Config, parser: pytest.Parser) -> None:
            early.append(narrowed_early(early_config, parser))

    pytester.plugins.append(Asking())

    def ask(*arguments: str) -> tuple[str | None, str | None]:
        config = pytester.parseconfig(*arguments)
        return early[-1], narrowed_finally(config, config._parser)

    return ask


@pytest.mark.parametrize(
    ("addopts", "arguments", "why"),
    [
        ("", (), None),
        ("", ("-k", "a"), "-k a"),
        ("", ("-ka",), "-k a"),
        ("", ("tests",), None),
        ("", ("tests/test_a.py",), "tests/test_a.py, without tests/test_b.py"),
        ("-k a", (), None),
        ("-k a", ("-k", "b"), "-k b"),
        ("-m 'not slow' --ignore=tests/test_b.py", (), None),
        ("-m 'not slow' --ignore=tests/test_b.py", ("tests/test_a.py",), None),
        ("tests/test_a.py", (), None),
        ("tests/test_a.py", ("tests/test_a.py",), None),
        ("", ("-o", "addopts=-k a"), "-k a"),
        ("-k a", ("-o", "addopts="), None),
        ("", ("-o", "addopts=-v", "-o", "addopts=--lf"), "--lf"),
        ("", ("-o", "testpaths=tests/unit"), "-o testpaths=tests/unit"),
    ],
)
def test_only_the_command_line_narrows(
    pytester: pytest.Pytester, narrowed: Narrowed, addopts: str, arguments: tuple[str, ...], why: str | None
) -> None:
    """The project's own ``addopts`` define the full run; what is given for one run narrows it."""
    pytester.makeini(f"[pytest]\naddopts = {addopts}\n")
    assert narrowed(*arguments) == (why, why)


def test_pytest_addopts(
    pytester: pytest.Pytester, narrowed: Narrowed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTEST_ADDOPTS is the command line too."""
    pytester.makeini("[pytest]\naddopts = -v\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-m 'not slow'")
    assert narrowed() == ("-m not slow", "-m not slow")


def test_the_value_of_an_unknown_option_is_no_path(pytester: pytest.Pytester, narrowed: Narrowed) -> None:
    """Before conftest files were read, ``--env tests/test_a.py`` may be an option of theirs with its value."""
    pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--env')")
    assert narrowed("--env", "tests/test_a.py") == (None, None)
    why = "tests/test_b.py, without tests/test_a.py"
    assert narrowed("--env", "tests/test_a.py", "tests/test_b.py") == (None, why)
    assert narrowed("--env=x", "--lf") == ("--lf", "--lf")


def test_a_required_option(pytester: pytest.Pytester, narrowed: Narrowed) -> None:
    """A required option that stands in ``addopts`` is missing from the command line: that is no error of ours."""
    pytester.makeini("[pytest]\naddopts = --env=x\n")
    pytester.makeconftest("def pytest_addoption(parser): parser.addoption('--env', required=True)")
    assert narrowed() == (None, None)
    assert narrowed("-k", "a") == ("-k a", "-k a")
