"""The programs of the benchmarks, and what is read from the engines' reports, on a small project."""

import json
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks import applications, findings, flakes, judging, keeping, observing, scanning
from benchmarks.comparison import UnequalError

from pytest_backend_gates.evaluation import Payload
from pytest_backend_gates.taps.observation import Observation

SOURCE = "import hashlib\n\n\nclass A:\n    def f(self, x):\n        def inner(): ...\n        return hashlib.md5(x) if x else inner\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Write a small project; return its folder."""
    (tmp_path / "small" / "sub").mkdir(parents=True)
    (tmp_path / "small" / "a.py").write_text(SOURCE)
    (tmp_path / "small" / "sub" / "b.py").write_text(SOURCE)
    return tmp_path / "small"


def engine(cwd: Path, *words: str) -> None:
    """Run an engine."""
    subprocess.run([sys.executable, "-m", *words], cwd=cwd, check=False, capture_output=True)


@pytest.mark.parametrize("cached", [False, True])
def test_both_sides_of_the_scan_find_the_same(small: Path, *, cached: bool) -> None:
    """In the same words; the function within a function only ours."""
    found, radon, bandit = (small.parent / name for name in ("found.json", "radon.json", "bandit.json"))
    for _ in range(2):
        scanning.main([str(small), str(found), *([str(small.parent)] if cached else [])])
    engine(small, "radon", "cc", "-j", "-O", str(radon), ".")
    engine(small, "bandit", "-q", "-r", "-f", "json", "-o", str(bandit), ".")
    expected = {
        "complexity": [("a.py", 5, 2), ("sub/b.py", 5, 2)],
        "security": [("a.py", 7, "B324", "high", "high"), ("sub/b.py", 7, "B324", "high", "high")],
    }
    assert findings.ours(found, radon) == findings.theirs(radon, bandit) == expected
    assert findings.everything(found)["complexity"] == [
        ("a.py", 5, 2),
        ("a.py", 6, 1),
        ("sub/b.py", 5, 2),
        ("sub/b.py", 6, 1),
    ]


def test_what_bandit_has_not_read_is_not_compared(small: Path) -> None:
    """It would be a finding less on one side."""
    radon, bandit = small.parent / "radon.json", small.parent / "bandit.json"
    (small / "a.py").write_text("def f(:\n")
    engine(small, "bandit", "-q", "-r", "-f", "json", "-o", str(bandit), ".")
    with pytest.raises(UnequalError, match=r"bandit has not read all files: .*\./a\.py"):
        findings.theirs(radon, bandit)


def test_the_scan_and_ruff_look_at_the_same_files(small: Path) -> None:
    """And each finds something there, which need not be the same."""
    found, report = small.parent / "found.json", small.parent / "ruff.json"
    ruff = Path(sysconfig.get_path("scripts"), "ruff")
    (small / "pyproject.toml").write_text("[tool.ruff]\nextend-exclude = ['sub']\n")
    scanning.main([str(small), str(found)])
    report.write_text('[{"code": "S324"}]')
    assert (
        findings.looked_at(found) == findings.looked_at_by_ruff(ruff, small, report) == ["a.py", "sub/b.py"]
    )
    report.write_text("[]")
    with pytest.raises(UnequalError, match="ruff has found nothing"):
        findings.looked_at_by_ruff(ruff, small, report)
    found.write_text('{"files": ["a.py"], "complexity": [1], "security": []}')
    with pytest.raises(UnequalError, match="the scan has found nothing in 1 files"):
        findings.looked_at(found)


@pytest.mark.parametrize(("loaded", "told"), [("True", True), ("False", False)])
def test_the_trivial_project_says_whether_the_plugin_is_there(
    tmp_path: Path, loaded: str, *, told: bool
) -> None:
    """As JUnit's report has it, beside the tests."""
    report = tmp_path / "tests.xml"
    seen = f'<properties><property name="backend-gates" value="{loaded}" /></properties>'
    case = '<testcase classname="a" name="t" />'
    report.write_text(f"<testsuites><testsuite>{seen}{case}</testsuite></testsuites>")
    assert findings.has_gates(report) == told
    assert findings.tests(report) == [("a::t", "passed")]


def test_a_file_that_cannot_be_measured_ends_the_scan(small: Path) -> None:
    """A benchmark of half a scan would lie."""
    (small / "a.py").write_text("def f(:\n")
    with pytest.raises(RuntimeError, match="not every file could be measured"):
        scanning.main([str(small), str(small.parent / "found.json")])


def test_tests_are_told_without_the_gates(tmp_path: Path) -> None:
    """By name, with how each ended: as many that failed are not the same when they are others."""
    cases = (
        '<testcase classname="a" name="b"/><testcase classname="a" name="c"><failure/></testcase>'
        '<testcase classname="backend-gates" name="coverage"/><testcase classname="a" name="d"/>'
    )
    (tmp_path / "junit.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert findings.tests(tmp_path / "junit.xml") == [
        ("a::b", "passed"),
        ("a::c", "failure"),
        ("a::d", "passed"),
    ]


def test_coverage_is_read_in_the_same_words(tmp_path: Path) -> None:
    """Lines and branches together."""
    ours, theirs = tmp_path / "ours.json", tmp_path / "theirs.json"
    gates = [{"gate": "complexity", "outcome": "PASSED"}, {"gate": "security", "outcome": "FAILED"}]
    told = {"gates": gates, "measurements": {"coverage": {"hits": 7, "total": 10}}}
    ours.write_text(json.dumps(told))
    totals = {"covered_lines": 4, "num_statements": 6, "covered_branches": 3, "num_branches": 4}
    theirs.write_text(json.dumps({"totals": totals}))
    assert findings.our_coverage(ours) == findings.coverage(theirs) == [7, 10]
    gates[1]["outcome"] = "SKIPPED"
    ours.write_text(json.dumps(told))
    with pytest.raises(UnequalError, match="the gates have not measured all that they should"):
        findings.our_coverage(ours)


def test_a_scan_within_a_session_is_told_by_file(tmp_path: Path) -> None:
    """As that of the program is; without a scan there is nothing to compare."""
    report, found = tmp_path / "report.json", tmp_path / "found.json"
    gates = [{"gate": "complexity", "outcome": "PASSED"}, {"gate": "security", "outcome": "FAILED"}]
    issue = {"path": "src/a.py", "line": 3, "code": "B101", "hint": "high confidence"}
    measurements: dict[str, object] = {
        f"security.{severity}": {"findings": []} for severity in ("high", "medium")
    }
    measurements["security.low"] = {"findings": [issue]}
    measurements["complexity"] = {"subjects": {"src/b.py::C.m": 2, "src/a.py::g": 4, "src/a.py::f": 1}}
    told = {"gates": gates, "measurements": measurements}
    report.write_text(json.dumps(told))
    scanned = {
        "complexity": [["a.py", 1, 4], ["a.py", 9, 1], ["b.py", 2, 2]],
        "security": [["a.py", 3, "B101", "low", "high"]],
    }
    found.write_text(json.dumps(scanned))
    assert (
        findings.scan_by_file(report)
        == findings.everything_by_file(found)
        == {
            "complexity": [("a.py", 1), ("a.py", 4), ("b.py", 2)],
            "security": [("a.py", 3, "B101", "low", "high")],
        }
    )
    gates[1]["outcome"] = "SKIPPED"
    report.write_text(json.dumps(told))
    with pytest.raises(UnequalError, match="the gates have not measured all that they should"):
        findings.scan_by_file(report)


@pytest.mark.parametrize("application", list(applications.APPLICATIONS))
def test_every_request_and_statement_is_answered_and_seen(tmp_path: Path, application: str) -> None:
    """By turns tapped and not; a tap that misses one is an error. A process each: Django is set up but once."""
    found = tmp_path / "found.json"
    code = "import sys; from benchmarks.observing import main; main(sys.argv[1:], turns=2, length=3)"
    command = [sys.executable, "-c", code, application, "taps", str(found)]
    subprocess.run(command, cwd=Path(applications.__file__).parent.parent, check=True)
    requests = 6 if application in ("sqlalchemy", "django-orm") else 18
    assert findings.answered(found) == {"200": requests}
    assert findings.told(found).memory > 10


@pytest.mark.parametrize("observer", ["contract", "every-answer"])
def test_both_sides_of_the_validation_find_a_contract(tmp_path: Path, observer: str) -> None:
    """An answer that is held against none is an error."""
    found = tmp_path / "found.json"
    observing.main(["fastapi", observer, str(found)], turns=1, length=3)
    assert findings.answered(found) == {"200": 12}


def test_every_request_is_kept(tmp_path: Path) -> None:
    """The cold ones are counted."""
    keeping.main(["1000", str(tmp_path / "found.json")])
    assert findings.kept(tmp_path / "found.json") == dict.fromkeys(
        ["latency", "errors", "queries.time", "queries.count", "queries.repeated"], 1.0
    )


def test_a_flake_experiment_is_judged_on_its_own_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its durations say; no time passes here."""
    now = [0.0]
    monkeypatch.setattr(flakes, "_sleep", lambda seconds: now.append(now[-1] + seconds))
    monkeypatch.setattr(Observation, "_now", staticmethod(lambda: int(now[-1] * 10**9)))
    alone = [replace(experiment, clients=1) for experiment in flakes.EXPERIMENTS]
    verdicts = [flakes.run(experiment, seed=1) for experiment in alone]
    assert [verdict.red for verdict, _ in verdicts] == [False, True, False]
    # What the normal distribution says: 0.85 % and 22.1 %; and 2 %.
    assert [share for _, share in verdicts] == pytest.approx([0.0085, 0.221, 0.02], rel=0.5)


def test_too_many_red_runs_are_told() -> None:
    """And too few."""
    fine, red, seldom = flakes.EXPERIMENTS
    outcomes = [
        flakes.Outcome(fine, 1, (0.01, 0.03)),
        flakes.Outcome(red, 2, (0.2, 0.3)),
        flakes.Outcome(seldom, 1, (0.02,) * 20),
    ]
    assert [one.row() for one in outcomes] == [
        "| true p95 at 80 % of the limit | 1 x 400 | 2.00% (1.00% to 3.00%) | 1 of 2 (50.0%) | 0% | NOT AS EXPECTED |",
        "| true p95 at 130 % of the limit | 1 x 400 | 25.00% (20.00% to 30.00%) | 2 of 2 (100.0%) | 100% | as expected |",
        "| 2 % of the samples over the limit | 300 x 6 | 2.00% (2.00% to 2.00%) | 1 of 20 (5.0%) | at most 5% | as expected |",
    ]


def test_the_judged_project_has_what_its_size_says(tmp_path: Path) -> None:
    """Rows that fail and rows that pass, and a report that a JSON reader reads."""
    report = judging.judged(Payload("this process", judging.collected(2000, 20, 200)))
    rows = [row for gate in report.gates for row in gate.rows]
    assert [(row.threshold.text, row.outcome.value, row.judged, row.over) for row in rows] == [
        ("complexity < 10", "FAILED", 1700, 100),
        ("complexity[src/app/legacy_*/**] < 15", "PASSED", 300, 0),
        ("security.low <= 5", "FAILED", 85, 170),
        ("security.low[src/app/legacy_*/**] <= 50", "PASSED", 15, 0),
        ("latency.p95 < 100ms", "PASSED", 13, 0),
        ("latency.p95[POST /things*/{id}] < 200ms", "PASSED", 7, 0),
        ("errors < 10%", "PASSED", 20, 0),
        ("errors[POST /things*/{id}] < 0.1%", "FAILED", 7, 1),
    ]
    judging.main(["2000", "20", "200", "1", str(tmp_path / "found.json")])
    written = json.loads((tmp_path / "found.report.json").read_text(encoding="utf-8"))["measurements"]
    assert len(written["complexity"]["subjects"]) == 2000
    assert len(written["latency"]["subjects"]) == 20
    assert len(written["security.low"]["findings"]) == 200


@pytest.mark.parametrize("words", [("400", "8", "40", "1"), ("100", "2", "10", "4")])
def test_all_that_was_made_up_is_judged(tmp_path: Path, words: tuple[str, ...]) -> None:
    """At once, or a part of it many times: the same counts, and what it costs."""
    found = tmp_path / "found.json"
    judging.main([*words, str(found)])
    assert findings.judged(found) == {"blocks": 400, "operations": 8, "findings": 40}
    cost = findings.told(found)
    assert min(cost.wall, cost.cpu, cost.memory) > 0
