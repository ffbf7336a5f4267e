"""Gates as test reports: in every verbosity, in the counts, in JUnit XML, and in none of pytest's caches."""

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

#: One gate of each outcome, and nothing that differs from run to run.
STRICTER = ("--backend-gates-threshold=complexity < 2", "--no-cov", "--backend-gates-skip=contract,latency")
#: They import nothing: what is told of them has no part in the application.
TESTS = "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n"

BLOCK = """\
SKIPPED  coverage    > 80%        not traced: --no-cov
FAILED   complexity  2 < 2        2 of 2 blocks over
                       shop/app.py:6   grade  2  1 decision too many
                       shop/app.py:13  show   2  1 decision too many
                       relax: complexity <= 2
PASSED   security    0 high == 0  0 findings in 2 files
OFF      contract    off          switched off (command line)
OFF      latency     off          switched off (command line)
1 of 5 gates failed, 1 skipped, 2 off in 0 s (gates added 0 s)
"""
FAILURE = """\
=== FAILURES ===
____________________________________ backend-gates::complexity _____________________________________
complexity 2 < 2: 2 of 2 blocks over
  shop/app.py:6   grade  2  1 decision too many
  shop/app.py:13  show   2  1 decision too many
  relax: complexity <= 2
"""
BLOCK_QUIET = """\
FAILED   complexity  2 < 2        2 of 2 blocks over
1 of 5 gates failed, 1 skipped, 2 off in 0 s (gates added 0 s)
"""
HEAD = "=== short test summary info ===\n"
SUMMARY = """\
=== short test summary info ===
FAILED backend-gates::complexity - complexity 2 < 2: 2 of 2 blocks over
"""
TITLE = "=== backend gates ===\n"
COUNTS = "=== 1 failed, 3 passed, 1 skipped in 0s ===\n"


@pytest.fixture
def judged(shop: "Project") -> "Project":
    """Make the project one with two tests."""
    return shop.file("tests/test_app.py", TESTS)


@pytest.fixture
def plain(single: "Project") -> "Project":
    """Make it for one process: for what is told, which does not depend on who measured."""
    return single.file("tests/test_app.py", TESTS)


def test_whole_output(judged: "Project") -> None:
    """A failed gate is a failure with its findings, a line of the short summary and a row of the block."""
    told = judged.gates(*STRICTER).steady
    assert told.endswith(f"{FAILURE}{TITLE}{BLOCK}{SUMMARY}{COUNTS}"), told


def test_junit(judged: "Project") -> None:
    """JUnit XML holds a gate as a test case of the class ``backend-gates``, a red one with its findings."""
    judged.gates(*STRICTER, "--junitxml=junit.xml")
    suite = ET.parse(judged.root / "junit.xml").getroot().find("testsuite")  # noqa: S314 (written a moment ago)
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors")}
    assert counts == {"tests": "5", "failures": "1", "skipped": "1", "errors": "0"}
    gates = suite.findall("testcase[@classname='backend-gates']")
    assert [case.get("name") for case in gates] == ["coverage", "complexity", "security"]
    skipped, failure = gates[0].find("skipped"), gates[1].find("failure")
    assert skipped is not None
    assert failure is not None
    assert skipped.get("message") == "coverage: not traced: --no-cov"
    assert failure.get("message") == "complexity 2 < 2: 2 of 2 blocks over"
    assert failure.text == FAILURE.partition("complexity __")[2].partition("\n")[2].rstrip()
    assert list(gates[2]) == []


#: Who counts the progress depends on the mode; how it is shown does not.
STYLES = [
    pytest.param(("-p", "no:xdist"), style, id=f"{style}-no xdist") for style in ("count", "times", "classic")
]
STYLES += [pytest.param(mode, "progress", id=f"progress-{mode[0]}") for mode in (("-n0",), ("-n2",))]


@pytest.mark.parametrize(("mode", "style"), STYLES, indirect=["mode"])
@pytest.mark.parametrize("verbosity", ["-v", "--verbosity=0"])
def test_progress_is_of_tests_only(judged: "Project", style: str, verbosity: str) -> None:
    """No style of progress goes beyond the tests, and no gate stands in its column."""
    told = judged.gates(*STRICTER, verbosity, "-o", f"console_output_style={style}").out
    progress = told.partition("FAILURES")[0]
    percents = [int(number) for number in re.findall(r"(\d+)%\]", progress)]
    counts = re.findall(r"\[ *(\d+)/(\d+)\]", progress)
    assert max(percents, default=100) == 100
    assert all(int(done) <= int(total) == 2 for done, total in counts)
    assert bool(percents or counts) == (style in ("progress", "count"))
    gates = [line for line in progress.splitlines() if line.startswith("backend-gates::")]
    if verbosity == "--verbosity=0":
        assert gates == []
    else:
        assert gates == [
            "backend-gates::coverage SKIPPED",
            "backend-gates::complexity FAILED",
            "backend-gates::security PASSED",
        ]


def test_caches_hold_no_gate(judged: "Project") -> None:
    """``--lf``, ``--ff``, ``--nf`` and ``--sw`` of the next run see tests only: a red gate is none of theirs."""
    judged.gates(*STRICTER, "--sw")
    assert judged.gates(*STRICTER).status == 1
    caches = [path for path in (judged.root / ".pytest_cache/v").rglob("*") if path.is_file()]
    assert caches
    assert [path.name for path in caches if "backend-gates" in path.read_text(encoding="utf-8")] == []
    for option in ("--lf", "--ff", "--sw"):
        result = judged.run(option)
        assert (result.status, "2 passed" in result.out) == (0, True), result.out


def test_last_failed_keeps_a_failed_test(judged: "Project") -> None:
    """Beside a red gate the failed test alone is what ``--lf`` runs again."""
    judged.file("tests/test_b.py", "def test_c():\n    raise AssertionError\n")
    assert judged.gates(*STRICTER).status == 1
    lastfailed = json.loads((judged.root / ".pytest_cache/v/cache/lastfailed").read_text(encoding="utf-8"))
    assert lastfailed == {"tests/test_b.py::test_c": True}


TOLD = {
    "-q": ("..", FAILURE, BLOCK_QUIET, SUMMARY, "1 failed, 3 passed, 1 skipped in 0s\n"),
    "-qq": ("..", FAILURE, BLOCK_QUIET, SUMMARY),
    "--tb=no": ("..", TITLE, BLOCK, SUMMARY, COUNTS),
    "-rs": (
        "..",
        FAILURE,
        TITLE,
        BLOCK,
        HEAD,
        "SKIPPED [1] backend-gates: coverage: not traced: --no-cov\n",
        COUNTS,
    ),
    "-rN": ("..", FAILURE, TITLE, BLOCK, COUNTS),
}


@pytest.mark.parametrize("option", TOLD)
def test_told_with(plain: "Project", option: str) -> None:
    """Each of pytest's options for less or more output does to gates what it does to tests."""
    told = plain.gates(*STRICTER, option).steady
    rest = told[told.index(" [100%]\n") + len(" [100%]\n") :]
    assert rest.lstrip("\n") == "".join(TOLD[option][1:])


def test_told_with_all_reports(plain: "Project") -> None:
    """``-rA`` lists every gate that is on among the tests."""
    told = plain.gates(*STRICTER, "-rA").steady
    assert told.endswith(
        f"{HEAD}PASSED tests/test_app.py::test_a\nPASSED tests/test_app.py::test_b\nPASSED backend-gates::security\n"
        "SKIPPED [1] backend-gates: coverage: not traced: --no-cov\n"
        "FAILED backend-gates::complexity - complexity 2 < 2: 2 of 2 blocks over\n"
        f"{COUNTS}"
    ), told


def test_short_summary_of_a_ci_job(plain: "Project") -> None:
    """In CI, where pytest does not cut messages, the short summary still has one line for a gate."""
    told = replace(plain, env={"CI": "1"}).gates(*STRICTER).steady
    assert told.endswith(f"{BLOCK}{SUMMARY}{COUNTS}"), told


def test_told_in_a_line(plain: "Project") -> None:
    """``--tb=line`` shows the place of the first finding (pytest 9.2 puts the whole failure above it)."""
    told = plain.gates(*STRICTER, "--tb=line").steady
    line = "shop/app.py:6: complexity 2 < 2: 2 of 2 blocks over\n"
    assert told.endswith(f"{line}{TITLE}{BLOCK}{SUMMARY}{COUNTS}"), told


def test_told_without_a_summary(plain: "Project") -> None:
    """``--no-summary`` leaves the failures out (and, up to pytest 9.1, what plugins tell), not the status."""
    result = plain.gates(*STRICTER, "--no-summary")
    assert (result.status, "FAILURES" in result.out, "short test summary" in result.out) == (1, False, False)
    assert result.steady.endswith(COUNTS)


def test_colours(plain: "Project") -> None:
    """The block has pytest's colours when pytest has them, and NO_COLOR takes them away."""
    coloured = replace(plain, env={"FORCE_COLOR": "1"}).gates(*STRICTER).out
    assert "\x1b[31mFAILED   complexity  2 < 2        2 of 2 blocks over\x1b[0m\n" in coloured
    assert "\x1b[33mSKIPPED  coverage    > 80%        not traced: --no-cov\x1b[0m\n" in coloured
    bare = replace(plain, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).gates(*STRICTER).out
    assert "\x1b" not in bare


def test_without_a_terminal_reporter(judged: "Project") -> None:
    """``-p no:terminal`` prints nothing, and the status and JUnit XML still have the gates."""
    result = judged.gates(*STRICTER, "-p", "no:terminal", "--junitxml=junit.xml")
    assert (result.status, result.out, result.err) == (1, "", "")
    assert 'classname="backend-gates"' in (judged.root / "junit.xml").read_text(encoding="utf-8")
