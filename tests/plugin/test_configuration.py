"""Every dialect of pytest's ini file configures the gates, and every mistake in one is told before the first test."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

INI = """\
pythonpath = .
addopts = -ra
backend_gates_thresholds =
    # the whole project
    coverage > 90%
    complexity[@core] < 4  # and only there
backend_gates_sets =
    core = shop/**
backend_gates_source = shop
backend_gates_reports = json:build/gates.json
backend_gates_strict = true
"""
TOML = """\
pythonpath = ["."]
addopts = ["-ra"]
backend_gates_thresholds = [
    # the whole project
    "coverage > 90%",
    "complexity[@core] < 4  # and only there",
]
backend_gates_sets = ["core = shop/**"]
backend_gates_source = ["shop"]
backend_gates_reports = ["json:build/gates.json"]
backend_gates_strict = true
"""
STRING = (
    TOML.replace("= [\n", '= """\n')
    .replace("\n]\n", '\n"""\n')
    .replace('    "c', "    c")
    .replace('",\n', "\n")
)

#: What is wrong is found before anything is distributed: one mode is enough for most of it.
one_mode = pytest.mark.parametrize("mode", [("-p", "no:xdist")], indirect=True, ids=["no xdist"])
since_9 = pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest reads this from 9.0 on")

#: File -> what stands in it before the settings, and the settings.
DIALECTS = [
    pytest.param("pyproject.toml", f"[tool.pytest.ini_options]\n{TOML}", id="ini_options"),
    pytest.param("pyproject.toml", f"[tool.pytest.ini_options]\n{STRING}", id="ini_options as text"),
    pytest.param("pyproject.toml", f"[tool.pytest]\n{TOML}", id="tool.pytest", marks=since_9),
    pytest.param("pytest.toml", f"[pytest]\n{TOML}", id="pytest.toml", marks=since_9),
    pytest.param(".pytest.toml", f"[pytest]\n{TOML}", id=".pytest.toml", marks=since_9),
    pytest.param("pytest.ini", f"[pytest]\n{INI}", id="pytest.ini"),
    pytest.param(".pytest.ini", f"[pytest]\n{INI}", id=".pytest.ini"),
    pytest.param("tox.ini", f"[tox]\nenvlist = py\n\n[pytest]\n{INI}", id="tox.ini"),
    pytest.param("setup.cfg", f"[metadata]\nname = shop\n\n[tool:pytest]\n{INI}", id="setup.cfg"),
]

APP = """\
def grade(points):
    if points > 90:
        return "A"
    return "B"
"""
TESTS = """\
import pathlib

from shop.app import grade


def test_grades():
    pathlib.Path("ran").touch()
    assert (grade(95), grade(5)) == ("A", "B")
"""


@pytest.fixture
def project(empty: "Project") -> "Project":
    """Make a project without requests, beside another package that is not its source."""
    empty.file("shop/app.py", APP).file("tests/test_app.py", TESTS)
    return empty.file("other/unused.py", APP)


@one_mode
@pytest.mark.parametrize(("name", "text"), DIALECTS)
def test_every_setting_works_in_every_dialect(project: "Project", name: str, text: str) -> None:
    """Thresholds, sets, source, reports and strict all count, and each threshold knows its line."""
    result = project.file(name, text).gates()
    assert result.rows() == {
        "coverage": "PASSED",
        "complexity": "PASSED",
        "security": "PASSED",
        "contract": "SKIPPED",
        "latency": "SKIPPED",
    }
    assert (result.status, result.err) == (1, "")  # strict: nothing made a request
    report = json.loads((project.root / "build" / "gates.json").read_text(encoding="utf-8"))
    assert {row["threshold"]: row["where"] for gate in report["gates"] for row in gate["rows"]} == {
        "coverage > 90%": {"file": name, "line": line_of(text, "coverage > 90%")},
        "complexity[@core] < 4": {"file": name, "line": line_of(text, "complexity[@core]")},
        "complexity < 10": None,
        "security.high == 0": None,
        "contract.failures == 0": None,
        "latency.p95 < 100ms": None,
    }
    assert report["measurements"]["coverage"]["subjects"].keys() == {"shop/app.py"}


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


KEYS = (
    "allowed: backend_gates_thresholds, backend_gates_sets, backend_gates_source, backend_gates_app,"
    " backend_gates_schema, backend_gates_base_url, backend_gates_writes, backend_gates_checks, backend_gates_contract_dir,"
    " backend_gates_usefixtures, backend_gates_reports, backend_gates_metrics, backend_gates_tests,"
    " backend_gates_strict"
)
METRICS = (
    "allowed: complexity, contract.failures, contract.operations, contract.statuses, coverage, coverage.file, errors, latency, queries.count, queries.repeated, queries.time,"
    " security.high, security.low, security.medium, security.suppressed, tests.e2e, tests.integration, tests.unit"
)
WRONG = """\
[tool.pytest.ini_options]
backend-gates-thresholds = ["coverage > 85%"]
backend_gate_strict = true
backend_gates_thresholds = [
    "covrage > 80%",
    "coverage >> 80%",
    "latency.p95 < 100 minutes",
    "complexity.p95 < 10",
    "complexity[@critical] < 4",
    "security.high == 0.5",
]
backend_gates_sets = ["core = shop/**, ", "core"]
backend_gates_source = ["shop", "shoop"]
backend_gates_reports = ["xml:gates.xml"]
backend_gates_strict = "maybe"
"""


def test_every_mistake_is_told_at_once(project: "Project") -> None:
    """In every mode: option, file and line, the text, a caret, what is allowed; exit status 4, and no test ran."""
    project.file("pyproject.toml", WRONG)
    arguments = (
        "--backend-gates-only=speed",
        "--backend-gates-threshold",
        "coverage",
        "-o",
        "backend_gates_set=x",
    )
    result = project.gates(*arguments, "--backend-gates-report", "gates.json")
    assert (result.status, result.out) == (4, "")
    assert not (project.root / "ran").exists()
    assert (
        result.err
        == f"""\
ERROR: backend gates: 17 problems in the configuration
backend-gates-thresholds (pyproject.toml:2): unknown key 'backend-gates-thresholds'
    backend-gates-thresholds = ["coverage > 85%"]
    ^^^^^^^^^^^^^^^^^^^^^^^^
  did you mean 'backend_gates_thresholds'? {KEYS}
backend_gate_strict (pyproject.toml:3): unknown key 'backend_gate_strict'
    backend_gate_strict = true
    ^^^^^^^^^^^^^^^^^^^
  did you mean 'backend_gates_strict'? {KEYS}
-o: unknown key 'backend_gates_set'
    backend_gates_set=x
    ^^^^^^^^^^^^^^^^^
  did you mean 'backend_gates_sets'? {KEYS}
backend_gates_sets (pyproject.toml:12): an empty glob
    core = shop/**,
           ^^^^^^^^
  a set is written: name = glob, glob
backend_gates_sets (pyproject.toml:12): this is not a set
    core
    ^^^^
  a set is written: name = glob, glob
backend_gates_thresholds (pyproject.toml:5): unknown metric 'covrage'
    covrage > 80%
    ^^^^^^^
  did you mean 'coverage'? {METRICS}
backend_gates_thresholds (pyproject.toml:6): expected a number; got '>'
    coverage >> 80%
              ^
  digits, with a decimal point if need be: 80, 99.5
backend_gates_thresholds (pyproject.toml:7): 'minutes' is not a unit of 'latency'
    latency.p95 < 100 minutes
                  ^^^^^^^^^^^
  units: s, ms, us
backend_gates_thresholds (pyproject.toml:8): 'complexity' has no aggregate 'p95'
    complexity.p95 < 10
               ^^^
  a gauge has max, mean, min
backend_gates_thresholds (pyproject.toml:9): unknown set '@critical'
    complexity[@critical] < 4
               ^^^^^^^^^
  backend_gates_sets names none
backend_gates_thresholds (pyproject.toml:10): 'security.high' counts: its limit is a whole number
    security.high == 0.5
                     ^^^
--backend-gates-threshold: expected an operator; got the end
    coverage
            ^
  operators: < <= > >= ==, or 'coverage off'; a shell takes an unquoted < or > for itself: put the threshold in quotes
--backend-gates-only: unknown gate 'speed'
    speed
    ^^^^^
  allowed: coverage, complexity, security, contract, latency, errors, queries, tests
backend_gates_source (pyproject.toml:13): 'shoop' does not exist in {project.root}
    shoop
    ^^^^^
  allowed: folders and .py files, relative to the rootdir
backend_gates_reports (pyproject.toml:14): 'xml' is not a report format
    xml:gates.xml
    ^^^^^^^^^^^^^
  write FORMAT:PATH, such as json:gates.json (formats: json)
--backend-gates-report: 'gates.json' names no format
    gates.json
    ^^^^^^^^^^
  write FORMAT:PATH, such as json:gates.json (formats: json)
backend_gates_strict (pyproject.toml:15): invalid truth value 'maybe'
    backend_gates_strict = "maybe"
                           ^^^^^^^
  allowed: true or false

"""
    )


TRUE_OR_FALSE = "allowed: true or false"
LINES = "allowed: a list of lines of text"


@one_mode
@pytest.mark.parametrize(
    ("table", "line", "problem", "allowed"),
    [
        ("pytest.ini [pytest]", "backend_gates_strict = 2", "invalid truth value '2'", TRUE_OR_FALSE),
        (
            "setup.cfg [tool:pytest]",
            "backend_gates_strict = no way",
            "invalid truth value 'no way'",
            TRUE_OR_FALSE,
        ),
        (
            "pyproject.toml [tool.pytest.ini_options]",
            'backend_gates_strict = "often"',
            "invalid truth value 'often'",
            TRUE_OR_FALSE,
        ),
        (
            "pyproject.toml [tool.pytest.ini_options]",
            "backend_gates_thresholds = [80, 10]",
            "expected lines of text; got [80, 10]",
            LINES,
        ),
        pytest.param(
            "pyproject.toml [tool.pytest]",
            'backend_gates_strict = "true"',
            "config option 'backend_gates_strict' expects a bool, got str: 'true'",
            TRUE_OR_FALSE,
            marks=since_9,
        ),
        pytest.param(
            "pyproject.toml [tool.pytest]",
            'backend_gates_thresholds = "coverage > 80%"',
            "config option 'backend_gates_thresholds' expects a list for type 'linelist', got str: 'coverage > 80%'",
            LINES,
            marks=since_9,
        ),
        pytest.param(
            "pytest.toml [pytest]",
            "backend_gates_reports = [1]",
            "config option 'backend_gates_reports' expects a list of strings, but item at index 0 is int: 1",
            LINES,
            marks=since_9,
        ),
        pytest.param(
            "pytest.toml [pytest]",
            "backend_gates_source = {shop = true}",
            "config option 'backend_gates_source' expects a list for type 'linelist', got dict: {'shop': True}",
            LINES,
            marks=since_9,
        ),
    ],
)
def test_values_of_the_wrong_type(
    project: "Project", table: str, line: str, problem: str, allowed: str
) -> None:
    """Each dialect has its own idea of types: in each a wrong one is a mistake with its line."""
    name, section = table.split()
    result = project.file(name, f"{section}\n{line}\n").gates()
    key, _, value = line.partition("=")
    caret = " " * (len(key) + 2) + "^" * len(value.strip())
    told = f"{key.strip()} ({name}:2): {problem}\n    {line}\n    {caret}\n  {allowed}\n\n"
    assert result.err == f"ERROR: backend gates: 1 problem in the configuration\n{told}"
    assert result.status == 4


@one_mode
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\nbackend_gates_threshold = []\n"),
        pytest.param("pyproject.toml", "[tool.pytest]\nbackend_gates_threshold = []\n", marks=since_9),
        pytest.param("pytest.toml", "[pytest]\nbackend_gates_threshold = []\n", marks=since_9),
        ("pytest.ini", "[pytest]\nbackend_gates_threshold = []\n"),
        ("tox.ini", "[pytest]\nbackend_gates_threshold = []\n"),
        ("setup.cfg", "[tool:pytest]\nbackend_gates_threshold = []\n"),
    ],
)
def test_unknown_keys(project: "Project", name: str, text: str) -> None:
    """A misspelt key is a mistake in every dialect: the limit that it was to set would silently not count."""
    result = project.file(name, text).gates()
    assert result.status == 4
    assert (
        result.err
        == f"""\
ERROR: backend gates: 1 problem in the configuration
backend_gates_threshold ({name}:2): unknown key 'backend_gates_threshold'
    backend_gates_threshold = []
    ^^^^^^^^^^^^^^^^^^^^^^^
  did you mean 'backend_gates_thresholds'? {KEYS}

"""
    )


@one_mode
def test_keys_of_others_are_left_alone(project: "Project") -> None:
    """Keys of other plugins, and ours in another tool's section, are none of our business."""
    text = "[tox]\nbackend_gates_x = 1\n[pytest]\npythonpath = .\ntimeout = 30\nbackend_url = http://x\n"
    assert project.file("tox.ini", text).gates("--backend-gates-skip=latency,coverage").status == 0


@one_mode
@pytest.mark.parametrize(
    ("arguments", "stray"),
    [
        (("--backend-gates-threshold", "coverage > 1%"), "--backend-gates-threshold"),
        (
            ("--backend-gates-strict", "--backend-gates-explain"),
            "--backend-gates-strict, --backend-gates-explain",
        ),
    ],
)
def test_options_without_the_flag(project: "Project", arguments: tuple[str, ...], stray: str) -> None:
    """An option that would do nothing is an error, not a silent nothing."""
    result = project.run(*arguments)
    assert (result.status, result.err) == (4, f"ERROR: {stray}: means nothing without --backend-gates\n\n")
    assert not (project.root / "ran").exists()


@one_mode
@pytest.mark.parametrize(
    ("addopts", "arguments", "judged"),
    [
        ("--backend-gates", (), True),
        ("--backend-gates --backend-gates-strict", ("--no-backend-gates",), False),
        ("--no-backend-gates", ("--backend-gates",), True),
    ],
)
def test_the_flag_in_addopts(
    project: "Project",
    addopts: str,
    arguments: tuple[str, ...],
    judged: bool,  # noqa: FBT001 (of the table)
) -> None:
    """A project switches the gates on for good, and the command line off again, whatever else is set."""
    project.file("pytest.ini", f"[pytest]\npythonpath = .\naddopts = {addopts}\n")
    result = project.run(*arguments)
    assert ("backend gates" in result.out, (project.root / "ran").exists()) == (judged, True)


@one_mode
def test_the_command_line_wins(project: "Project") -> None:
    """Default, ini file, PYTEST_ADDOPTS, command line: the last one counts; ``-o`` stands for the ini file."""
    thresholds = "  complexity < 9\n  coverage > 70%\n"
    project.file("pytest.ini", f"[pytest]\npythonpath = .\nbackend_gates_thresholds =\n{thresholds}")
    mixed = replace(project, env={"PYTEST_ADDOPTS": "--backend-gates-threshold='complexity < 8'"})

    def rows(*arguments: str) -> list[tuple[str, str, dict[str, Any] | None]]:
        _, report = mixed.report(*arguments)
        gates = report["gates"]
        return [(row["threshold"], row["origin"], row["where"]) for gate in gates for row in gate["rows"]][:2]

    assert rows() == [
        ("coverage > 70%", "ini", {"file": "pytest.ini", "line": 5}),
        ("complexity < 8", "command line", None),
    ]
    overridden = ("--backend-gates-threshold=complexity < 7", "-o", "backend_gates_thresholds=coverage > 60%")
    assert rows(*overridden) == [
        ("coverage > 60%", "command line", None),
        ("complexity < 7", "command line", None),
    ]
