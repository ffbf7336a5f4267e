"""The places of our keys are found in every dialect of pytest's ini file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_backend_gates.inifile import IniFile, is_ours

KNOWN = ["backend_gates_thresholds", "backend_gates_sets", "backend_gates_strict"]

Read = Callable[[str, str], IniFile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def written(name: str, text: str) -> IniFile:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return IniFile.read(path, tmp_path, KNOWN)

    return written


@pytest.mark.parametrize(
    ("name", "text", "keys"),
    [
        ("pytest.ini", "[pytest]\nbackend_gates_strict = true\n", {"backend_gates_strict": 2}),
        ("pytest.ini", "[pytest]\nbackend_gates_strict: true\n", {"backend_gates_strict": 2}),
        (
            "tox.ini",
            "[tox]\nbackend_gates_x = 1\n\n[pytest]\nbackend_gates_strict=1\n",
            {"backend_gates_strict": 5},
        ),
        ("setup.cfg", "[tool:pytest] ; ours\nbackend_gates_sets =\n  a = x\n", {"backend_gates_sets": 2}),
        ("setup.cfg", "[tool:pytest]\nx = 1\n[flake8]\nbackend_gates_sets = a\n", {}),
        ("pytest.ini", "[pytest]\n# backend_gates_sets = a\n; backend_gates_sets = b\n", {}),
        ("pytest.ini", "[pytest]\nmarkers =\n  backend_gates_sets = a marker\n", {}),
        (
            "pyproject.toml",
            "[project]\nname = 'x'\n[tool.pytest.ini_options]\nbackend_gates_strict = true\n",
            {"backend_gates_strict": 4},
        ),
        ("pyproject.toml", "[tool.pytest]\n  backend_gates_strict = true\n", {"backend_gates_strict": 2}),
        ("pyproject.toml", '[tool.pytest]\n"backend_gates_strict" = true\n', {"backend_gates_strict": 2}),
        ("pyproject.toml", "[tool]\npytest.backend_gates_strict = true\n", {"backend_gates_strict": 2}),
        (
            "pyproject.toml",
            "[tool]\npytest = {backend_gates_strict = true}\n",
            {"backend_gates_strict": None},
        ),
        ("pyproject.toml", "[tool.other]\nbackend_gates_strict = true\n", {}),
        ("pyproject.toml", "[tool.pytest]\n# backend_gates_sets = []\nx = 'backend_gates_sets = 1'\n", {}),
        ("pyproject.toml", "tool = 1\n", {}),
        ("pyproject.toml", "[tool.pytest\n", {}),
        ("pytest.toml", "[pytest]\nbackend_gates_strict = true\n", {"backend_gates_strict": 2}),
        ("pytest.ini", "[pytest]\naddopts = -x\n", {"addopts": 2}),
        ("empty.ini", "", {}),
    ],
)
def test_keys_and_their_lines(read: Read, name: str, text: str, keys: dict[str, int | None]) -> None:
    """Only keys of pytest's own section count, each with the line where it begins."""
    assert read(name, text).keys == keys


@pytest.mark.parametrize(
    ("key", "ours"),
    [
        ("backend_gates_thresholds", True),
        ("backend_gates_threshold", True),
        ("backend-gates-thresholds", True),
        ("backend_gate_thresholds", True),
        ("backendgates_thresholds", True),
        ("Backend_Gates_Strict", True),
        ("pytest_backend_gates_sets", True),
        ("backend_gates", True),
        ("backend_gtaes_thresholds", True),
        ("bakcend_gates_thresholds", True),
        ("backend_thresholds", True),
        ("addopts", False),
        ("backend_url", False),
        ("timeout", False),
        ("gates", False),
    ],
)
def test_a_misspelt_key_is_ours(key: str, ours: bool) -> None:  # noqa: FBT001 (a parameter of the table)
    """What was meant to be a key of ours is told from the keys of others."""
    assert is_ours(key, KNOWN) is ours


def test_lines_of_a_value(read: Read) -> None:
    """Each line of a value has its own line; comments between them are skipped, repeated lines told apart."""
    ini = read(
        "pytest.ini",
        "[pytest]\nbackend_gates_thresholds =\n    # coverage > 80%\n    coverage > 80%\n\n    x\n    coverage > 80%\n",
    )
    texts = ["coverage > 80%", "x", "coverage > 80%"]
    assert list(ini.lines_of("backend_gates_thresholds", texts)) == [4, 6, 7]


def test_a_value_that_its_key_contains(read: Read) -> None:
    """The search for a short text begins behind the key."""
    ini = read("pytest.ini", "[pytest]\nbackend_gates_sets =\n  a\n")
    assert list(ini.lines_of("backend_gates_sets", ["a"])) == [3]


def test_several_values_on_one_line(read: Read) -> None:
    """A TOML array may stand on one line."""
    ini = read("pyproject.toml", '[tool.pytest]\nbackend_gates_sets = ["a = x", "b = x"]\n"c" = "a = x"\n')
    assert list(ini.lines_of("backend_gates_sets", ["a = x", "b = x"])) == [2, 2]


def test_a_value_that_is_spelt_otherwise(read: Read) -> None:
    """A text that TOML escapes is not found: its key's line stands for it, and what follows is found."""
    ini = read("pyproject.toml", '[tool.pytest]\nbackend_gates_sets = [\n "a = \\u0078",\n "b = y",\n]\n')
    assert list(ini.lines_of("backend_gates_sets", ["a = x", "b = y"])) == [2, 4]


def test_a_key_without_a_line(read: Read) -> None:
    """In an inline table, and for a key that is not there, no line is claimed."""
    ini = read("pyproject.toml", '[tool]\npytest = {backend_gates_sets = ["a = x"]}\n')
    assert list(ini.lines_of("backend_gates_sets", ["a = x"])) == [None]
    assert list(ini.lines_of("backend_gates_thresholds", ["a = x"])) == [None]
    assert ini.text_of(None) is None


def test_the_text_of_a_line(read: Read) -> None:
    """Messages quote the user's own line."""
    assert read("pytest.ini", "[pytest]\n backend = 1 \n").text_of(2) == "backend = 1"


def test_names_are_relative_to_the_rootdir(read: Read, tmp_path: Path) -> None:
    """A file in the rootdir is named from there, any other in full."""
    ini = read("config/pytest.ini", "[pytest]\n")
    assert ini.name == "config/pytest.ini"
    elsewhere = IniFile.read(tmp_path / "config" / "pytest.ini", tmp_path / "project", KNOWN)
    assert elsewhere.name == (tmp_path / "config" / "pytest.ini").as_posix()


@pytest.mark.parametrize("path", [None, Path("nowhere.ini")])
def test_no_file(path: Path | None, tmp_path: Path) -> None:
    """A project without an ini file has no places."""
    assert IniFile.read(path, tmp_path, KNOWN) == IniFile()


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 stand in a comment of somebody: the lines are still found."""
    path = tmp_path / "pytest.ini"
    path.write_bytes(b"\xef\xbb\xbf[pytest]\n# caf\xe9\nbackend_gates_strict = 1\n")
    assert IniFile.read(path, tmp_path, KNOWN).keys == {"backend_gates_strict": 3}


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("pyproject.toml", "[tool.backend-gates]\nthresholds = []\n", (1,)),
        ("pyproject.toml", '[tool."pytest_backend_gates"]\n[tool.pytest.ini_options]\n', (1,)),
        ("pyproject.toml", "[tool.poetry]\nbackend_gates_strict = true\n[tool.pytest.ini_options]\n", (2,)),
        ("tox.ini", "[testenv]\nbackend_gates_thresholds = coverage > 1%\n[pytest]\n", (2,)),
        ("setup.cfg", "[tool:pytest]\nbackend_gates_thresholds =\n    coverage[src/**] > 1%\n[flake8]\n", ()),
        ("pyproject.toml", "[tool.pytest.ini_options]\nbackend_gates_strict = true\n[tool.gates]\n", ()),
    ],
)
def test_what_stands_where_pytest_does_not_read_it(
    read: Read, name: str, text: str, lines: tuple[int, ...]
) -> None:
    """A setting in a section of its own, or of another tool, would be silently nothing."""
    assert read(name, text).misplaced == lines
