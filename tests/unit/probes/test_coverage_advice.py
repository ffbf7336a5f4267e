"""What to cover first."""

from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import Finding, Kind, Metric, Ratio
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.coverage_advice import Gap, advise, cover_first, gaps, hits_needed
from pytest_backend_gates.probes.coverage_report import CoverageReport, FileReport
from pytest_backend_gates.probes.coverage_setup import Setup

SETUP = Setup(folder="/", config_file=True, branch=False)


def _file(
    executed: tuple[int, ...], missing: tuple[int, ...], *branches: tuple[int, int], taken: int = 0
) -> FileReport:
    hits = len(executed) + taken
    return FileReport(Ratio(hits, hits + len(missing) + len(branches)), executed, missing, branches)


#: 40 of 60 lines: 66.7 %.
REPORT = CoverageReport(
    {
        "src/cart.py": _file(tuple(range(1, 21)), (21, 22, 30)),
        "src/orders.py": _file((*range(1, 11), 50), (*range(41, 48), 60, 61)),
        "src/util.py": _file(tuple(range(1, 10)), tuple(range(10, 18))),
    },
    branch=False,
    setup=SETUP,
)


def _threshold(operator: str, limit: str, *globs: str, metric: str = "coverage") -> Threshold:
    return Threshold(
        "", Origin("ini"), metric, metric, globs=globs, operator=operator, limit=Fraction(limit), unit="%"
    )


def _verdict(
    threshold: Threshold, outcome: Outcome = Outcome.FAILED, findings: tuple[Finding, ...] = ()
) -> Verdict:
    metric = Metric(threshold.metric, Kind.RATE, "%", "coverage", "file")
    return Verdict(threshold, metric, outcome, red=True, reason="", findings=findings)


@pytest.mark.parametrize(
    ("ratio", "operator", "limit", "needed"),
    [
        (Ratio(40, 60), ">=", "80", 8),
        (Ratio(40, 60), ">", "80", 9),
        (Ratio(796, 1000), ">", "79.6", 1),
        (Ratio(796, 1000), ">=", "79.6", 0),
        (Ratio(2, 3), ">=", "66.67", 1),
        (Ratio(0, 7), ">=", "100", 7),
        (Ratio(9, 10), ">", "80", 0),
    ],
)
def test_hits_needed_is_exact(ratio: Ratio, operator: str, limit: str, needed: int) -> None:
    """The smallest number of hits that satisfies the threshold, by exact arithmetic."""
    assert hits_needed(ratio, _threshold(operator, limit)) == needed


def test_gaps_are_runs_of_missing_lines() -> None:
    """An executed line ends a range, a line that holds no statement does not; single branches come last."""
    report = _file((1, 2, 3, 40), (5, 6, 10, 41), (5, 6), (5, 10), (41, -1), (2, 40), taken=1)
    assert list(gaps("a.py", report)) == [
        Gap("a.py", 5, 10, lines=3, branches=2),
        Gap("a.py", 41, 41, lines=1, branches=1),
        Gap("a.py", 2, 2, lines=0, branches=1),
    ]
    assert sum(gap.gain for gap in gaps("a.py", report)) == report.ratio.total - report.ratio.hits


def test_the_fewest_ranges_are_chosen_the_largest_first() -> None:
    """Covering what is chosen reaches the limit, and one range fewer would not."""
    missing = [gap for path, one in REPORT.files.items() for gap in gaps(path, one)]
    chosen = cover_first(missing, Ratio(40, 60), _threshold(">", "80"))
    assert [(gap.path, gap.span, gap.gain) for gap in chosen] == [
        ("src/util.py", "10-17", 8),
        ("src/orders.py", "41-47", 7),
    ]


def test_advice_names_places_and_distance() -> None:
    """The hint says where and how much; each range is a finding."""
    assert advise(_verdict(_threshold(">=", "80")), REPORT) == Advice(
        "cover src/util.py 10-17: 8 lines to 80%",
        (Finding("src/util.py", "8 lines not covered", path="src/util.py", line=10, end_line=17),),
    )
    assert advise(_verdict(_threshold(">", "80")), REPORT).hint == (
        "cover src/util.py 10-17 and src/orders.py 41-47: 9 lines to over 80%"
    )
    assert advise(_verdict(_threshold(">", "98")), REPORT).hint == (
        "cover src/util.py 10-17; src/orders.py 41-47; src/cart.py 21-30 and 1 more place: 19 lines to over 98%"
    )


def test_a_selector_restricts_the_advice() -> None:
    """Only the files that the threshold selects are advised on, and only they are counted."""
    advice = advise(_verdict(_threshold(">=", "90", "src/cart.py")), REPORT)
    assert advice.hint == "cover src/cart.py 21-30: 1 line to 90%"


def test_branches_are_counted_and_named() -> None:
    """With branches measured, lines and branches are gained together."""
    report = CoverageReport(
        {"a.py": _file((1, 2), (4, 5), (4, 5), (4, -1), (1, 4))}, branch=True, setup=SETUP
    )
    advice = advise(_verdict(_threshold(">=", "100")), report)
    assert advice.hint == "cover a.py 4-5, 1: 5 lines or branches to 100%"
    assert [finding.message for finding in advice.findings or ()] == [
        "2 lines not covered, 2 branches not taken",
        "1 branch not taken",
    ]


@pytest.mark.parametrize(
    "verdict",
    [
        _verdict(_threshold(">", "80"), Outcome.PASSED),
        _verdict(_threshold(">", "80"), Outcome.ERROR),
        _verdict(_threshold("<", "50")),
        _verdict(_threshold(">", "100")),
        _verdict(_threshold(">", "80", "lib/**")),
    ],
)
def test_no_advice_where_covering_does_not_help(verdict: Verdict) -> None:
    """Rows that did not fail, upper limits, unreachable limits and empty selections get none."""
    assert advise(verdict, REPORT) == Advice()


def test_files_below_their_limit_show_their_ranges() -> None:
    """The judge's findings keep their order and value, and say what is missing."""
    findings = tuple(Finding(path, "over", Fraction(1), path) for path in ("src/util.py", "src/orders.py"))
    advice = advise(_verdict(_threshold(">=", "60", metric="coverage.file"), findings=findings), REPORT)
    assert advice.hint == "cover src/util.py 10-17: 2 lines to 60%"
    assert advice.findings == (
        Finding("src/util.py", "8 of 17 not covered: 10-17", Fraction(1), "src/util.py", 10, 17),
        Finding("src/orders.py", "9 of 20 not covered: 41-47, 60-61", Fraction(1), "src/orders.py", 41, 47),
    )


def test_files_below_their_limit_are_found_without_the_judges_findings() -> None:
    """Without findings of the judge, every selected file below the limit is listed, the worst first."""
    advice = advise(_verdict(_threshold(">=", "56", metric="coverage.file")), REPORT)
    assert [finding.subject for finding in advice.findings or ()] == ["src/util.py", "src/orders.py"]


def test_a_complete_file_below_an_impossible_limit_keeps_its_finding() -> None:
    """With ``coverage.file > 100%`` there is nothing to cover, and nothing to add."""
    report = CoverageReport({"a.py": _file((1, 2), ())}, branch=False, setup=SETUP)
    finding = Finding("a.py", "100% > 100%", Fraction(100), "a.py")
    verdict = _verdict(_threshold(">", "100", metric="coverage.file"), findings=(finding,))
    assert advise(verdict, report) == Advice(None, (finding,))
