"""``tests.unit``, ``tests.integration``, ``tests.e2e`` and the preset that asks for them, in real sessions."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

#: What is wrong or explained is found before anything is distributed.
one_mode = pytest.mark.parametrize("mode", [("-p", "no:xdist")], indirect=True, ids=["no xdist"])

INI = """\
[pytest]
pythonpath = .
markers =
    unit
    integration
    slow
"""
UNIT = """\
import unittest

import pytest


@pytest.mark.parametrize("n", range(6))
def test_small(n):
    pass


@pytest.mark.xfail
def test_known():
    assert False


@pytest.mark.skip
def test_skipped():
    pass


def test_skips_itself():
    pytest.skip("not here")


class TestOld(unittest.TestCase):
    def test_old(self):
        pass

    def test_skips_itself(self):
        self.skipTest("not here")


@pytest.mark.integration
def test_marked():
    pass


@pytest.fixture
def broken():
    raise OSError


def test_not_set_up(broken):
    pass
"""
E2E = "def test_all():\n    assert False\n"
ONLY = "--backend-gates-only=tests"


@pytest.fixture
def suite(shop: "Project") -> "Project":
    """Make a project with 8 unit tests that run, 1 integration and 1 end-to-end test, and 2 of no known kind."""
    shop.file("tests/unit/test_small.py", UNIT).file("tests/e2e/test_all.py", E2E).file("pytest.ini", INI)
    return shop.file("tests/test_app.py", "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n")


def rows(project: "Project", *thresholds: str) -> list[tuple[str, str, str]]:
    _, report = project.report(ONLY, *(f"--backend-gates-threshold={one}" for one in thresholds))
    judged = [row for gate in report["gates"] if gate["gate"] == "tests" for row in gate["rows"]]
    return [(row["threshold"], row["outcome"], f"{row['hits']} of {row['total']}") for row in judged]


def test_the_kinds_of_the_tests_that_ran(suite: "Project") -> None:
    """Folders and markers tell; what was skipped or never began does not count, what failed does."""
    assert rows(suite, "tests.unit >= 70%", "tests.integration < 10%", "tests.e2e <= 10%") == [
        ("tests.unit >= 70%", "FAILED", "8 of 12"),
        ("tests.integration < 10%", "PASSED", "1 of 12"),
        ("tests.e2e <= 10%", "PASSED", "1 of 12"),
    ]


def test_it_says_what_is_of_no_kind(suite: "Project") -> None:
    """Tests of no known kind count in the total, and the report says how many there are."""
    result = suite.gates(ONLY, "--backend-gates-threshold=tests.unit >= 70%")
    block = result.block
    assert (
        block[block.index("FAILED") : block.rindex("1 of 6 gates")]
        == """\
FAILED  tests       unit 66.7% >= 70%  8 of 12 tests, 3 files
                      relax: tests.unit >= 66.66%
                      hint: mark the tests, put them in folders of these names, or name them in
                            backend_gates_tests
note: tests: 2 of 12 tests are of no known kind
"""
    )


def test_the_project_says_which_they_are(suite: "Project") -> None:
    """A line replaces what is usual for its kind; a marker decides over a folder, and the last glob over others."""
    kinds = "backend_gates_tests =\n    unit = tests/**\n    e2e = tests/e2e/**, pytest.mark.slow\n"
    suite.file("pytest.ini", INI + kinds)
    suite.file(
        "tests/test_app.py",
        "import pytest\n\n\n@pytest.mark.slow\n@pytest.mark.integration\ndef test_a():\n    pass\n",
    )
    assert rows(suite, "tests.unit < 1%", "tests.integration < 1%", "tests.e2e < 1%") == [
        ("tests.unit < 1%", "FAILED", "8 of 11"),
        ("tests.integration < 1%", "FAILED", "2 of 11"),
        ("tests.e2e < 1%", "FAILED", "1 of 11"),
    ]


API = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "up"}
"""


def test_tests_of_the_contract_do_not_count(empty: "Project") -> None:
    """They are made, and nobody chose their kind: a small suite beside a large API keeps its shape."""
    ini = "[pytest]\npythonpath = .\nbackend_gates_app = api:app\n"
    empty.file("pytest.ini", ini).file("api.py", API).file(
        "tests/unit/test_a.py", "def test_a():\n    pass\n"
    )
    unit = "--backend-gates-threshold=tests.unit == 100%"
    result, report = empty.report("--backend-gates-only=tests,contract", unit)
    assert " 4 passed in " in result.out  # the test, the operation, two gates
    reasons = {gate["gate"]: gate["reason"] for gate in report["gates"] if gate["outcome"] != "OFF"}
    assert reasons["tests"] == "1 of 1 tests, 1 file"
    assert reasons["contract"].startswith("0 failures in 1 operation; 1 of 1 answered, ")


def test_no_kind_is_known(shop: "Project") -> None:
    """Nothing is known of such a suite: 0 % of end-to-end tests would be a pass without a number."""
    result, report = shop.report(ONLY, "--backend-gates-threshold=tests.e2e <= 10%")
    gate = next(gate for gate in report["gates"] if gate["gate"] == "tests")
    assert (result.status, gate["outcome"]) == (1, "NO_DATA")
    assert gate["reason"] == "none of 52 tests is known to be a unit, integration or e2e test"
    assert gate["hint"] == (
        "mark the tests, put them in folders of these names, or name them in backend_gates_tests"
    )


def test_a_narrowed_run(suite: "Project") -> None:
    """A part of the suite says nothing of its shape."""
    result, report = suite.report(ONLY, "--backend-gates-threshold=tests.e2e <= 10%", "tests/unit")
    gate = next(gate for gate in report["gates"] if gate["gate"] == "tests")
    assert (gate["outcome"], gate["reason"]) == (
        "SKIPPED",
        "a narrowed run (tests/unit, without tests/test_app.py) is not the whole suite",
    )
    assert "tests" not in {line.split()[1] for line in result.block.splitlines() if line.startswith("FAILED")}


WRONG = """\
backend_gates_tests =
    unit
    units = tests/**
    unit = tests/**
    unit = pytest.mark.fast
    e2e = tests/e2e/**,
"""


@one_mode
def test_mistakes_in_the_setting(shop: "Project") -> None:
    """Each is told before the first test, with its line and a caret; exit status 4."""
    result = shop.file("pytest.ini", f"[pytest]\n{WRONG}").gates()
    form = "a kind of tests is written: kind = glob, pytest.mark.name"
    assert (result.status, result.err) == (
        4,
        f"""\
ERROR: backend gates: 4 problems in the configuration
backend_gates_tests (pytest.ini:3): this is not a kind of tests
    unit
    ^^^^
  {form}
backend_gates_tests (pytest.ini:4): 'units' is not a kind of tests
    units = tests/**
    ^^^^^
  did you mean 'unit'? allowed: unit, integration, e2e
backend_gates_tests (pytest.ini:6): 'unit' is told twice
    unit = pytest.mark.fast
    ^^^^
backend_gates_tests (pytest.ini:7): an empty glob
    e2e = tests/e2e/**,
          ^^^^^^^^^^^^^
  {form}

""",
    )


PRODUCTION = """\
backend_gates_thresholds =
    preset: production
    tests.unit >= 60%
    contract.operations off
"""


@one_mode
def test_the_preset(suite: "Project") -> None:
    """``preset: production`` is its lines, with the place of the line that names it; later lines override them."""
    (suite.root / "tests/e2e/test_all.py").write_text(E2E.replace("assert False", "pass"))
    unit = UNIT.replace("    raise OSError\n", "    pass\n")
    result, report = (
        suite.file("tests/unit/test_small.py", unit).file("pytest.ini", INI + PRODUCTION).report()
    )
    judged = {
        row["threshold"]: (row["outcome"], row["where"] and row["where"]["line"])
        for gate in report["gates"]
        for row in gate["rows"]
    }
    assert judged == {
        "coverage > 80%": ("FAILED", None),
        "complexity < 10": ("PASSED", None),
        "security.high == 0": ("PASSED", None),
        "contract.failures == 0": ("SKIPPED", None),
        "contract.operations off": ("OFF", 10),
        "errors < 0.1%": ("NO_DATA", 8),
        "latency.p95 < 100ms": ("NO_DATA", 8),
        "latency.p99[@crud] < 200ms": ("NO_DATA", 8),
        "queries.repeated.max < 5": ("NO_DATA", 8),
        "queries.time.mean < 50ms": ("NO_DATA", 8),
        "tests.e2e <= 10%": ("PASSED", 8),
        "tests.unit >= 60%": ("PASSED", 9),
    }
    assert result.status == 1
    without = sorted(line.strip() for line in result.block.splitlines() if "without it: " in line)
    assert without == [
        "without it: errors off",
        "without it: latency.p95 off",
        "without it: latency.p99[@crud] off",
        "without it: queries.repeated.max off",
        "without it: queries.time.mean off",
    ]


@one_mode
def test_the_preset_without_a_database(suite: "Project") -> None:
    """Each line of a preset can be switched off by what it says."""
    off = ["errors", "latency.p95", "latency.p99[@crud]", "queries.time.mean", "queries.repeated"]
    lines = "".join(f"    {one} off\n" for one in off)
    _, report = suite.file("pytest.ini", f"{INI}{PRODUCTION}{lines}").report()
    rows = [row for gate in report["gates"] for row in gate["rows"]]
    assert [row["threshold"] for row in rows if row["outcome"] == "NO_DATA"] == []
    told = sorted(row["threshold"] for row in rows if row["outcome"] == "OFF")
    assert told == sorted([*(f"{one} off" for one in off), "contract.operations off"])


@one_mode
def test_kinds_are_explained(suite: "Project") -> None:
    """``--backend-gates-explain`` says how a test of each kind is known, where that is judged."""
    suite.file(
        "pytest.ini", f"{INI}{PRODUCTION}backend_gates_tests = unit = tests/small/**, pytest.mark.fast\n"
    )
    out = suite.gates("--backend-gates-explain").out
    assert (
        """\
tests      integration = **/integration/**, pytest.mark.integration
                                        default
tests      e2e = **/e2e/**, pytest.mark.e2e
                                        default
tests      unit = tests/small/**, pytest.mark.fast
                                        pytest.ini:11
"""
        in out
    )
