"""The words of one row."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import Finding, Kind, Metric
from pytest_backend_gates.model import GateReport, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.reports.rows import comparison, finding_lines, rows_of

COVERAGE = Metric("coverage", Kind.RATE, "%", "coverage", "file")
COMPLEXITY = Metric("complexity", Kind.GAUGE, None, "complexity", "block")
HIGH = Metric("security.high", Kind.COUNTER, None, "security", "finding")
LATENCY = Metric("latency", Kind.TREND, "s", "latency", "operation", ticks=1_000_000_000)
QUERIES = Metric("database.queries", Kind.TREND, "s", "database", "operation")


def _verdict(metric: Metric, operator: str | None, limit: Fraction, unit: str | None = None) -> Verdict:
    rule = Threshold(
        "", Origin("default"), metric.name, metric.name, operator=operator, limit=limit, unit=unit
    )
    return Verdict(rule, metric, Outcome.FAILED, red=True, reason="")


def _aggregated(verdict: Verdict, aggregate: str, *, written: bool = True) -> Verdict:
    rule = verdict.threshold
    name = f"{rule.metric}.{aggregate}" if written else rule.metric
    return replace(verdict, threshold=replace(rule, aggregate=aggregate, name=name))


PERCENT = _verdict(COVERAGE, ">", Fraction(80), "%")
BLOCKS = _verdict(COMPLEXITY, "<", Fraction(10))
FINDINGS = _verdict(HIGH, "==", Fraction(0))
FAILURES = _verdict(Metric("contract.failures", Kind.COUNTER, None, "contract", "failure"), "==", Fraction(0))
TIME = _verdict(LATENCY, "<", Fraction(1, 10), "ms")
QUERY_TIME = _verdict(QUERIES, "<=", Fraction(3, 2), "s")


@pytest.mark.parametrize(
    ("verdict", "value", "label", "text"),
    [
        (PERCENT, Fraction(873, 10), "coverage", "87.3% > 80%"),
        (PERCENT, Fraction(80), "coverage", "80% > 80%"),
        (PERCENT, Fraction(79_996, 1000), "coverage", "79.996% > 80%"),
        (PERCENT, Fraction(8_000_001, 100_000), "coverage", "80.00001% > 80%"),
        (PERCENT, None, "coverage", "> 80%"),
        (_aggregated(BLOCKS, "max", written=False), 14, "complexity", "14 < 10"),
        (_aggregated(BLOCKS, "max"), 14, "complexity", "max 14 < 10"),
        (_aggregated(BLOCKS, "mean"), Fraction(13, 3), "complexity", "mean 4.33 < 10"),
        (FINDINGS, 0, "security", "0 high == 0"),
        (FINDINGS, 1204, "security.high", "1,204 == 0"),
        (FINDINGS, None, "security", "high == 0"),
        (FAILURES, 1, "contract", "1 == 0"),
        (FAILURES, 1, "contract.failures", "1 == 0"),
        (_aggregated(TIME, "p95"), Fraction(78, 1000), "latency", "p95 78 ms < 100 ms"),
        (_aggregated(TIME, "p95"), Fraction(99_999_999, 10**9), "latency", "p95 99.999999 ms < 100 ms"),
        (_aggregated(TIME, "p95"), None, "latency", "p95 < 100 ms"),
        (_aggregated(QUERY_TIME, "med"), Fraction(1), "database", "queries med 1 s <= 1.5 s"),
        (_verdict(COVERAGE, None, Fraction(0)), None, "coverage", "off"),
    ],
)
def test_comparison(verdict: Verdict, value: int | Fraction | None, label: str, text: str) -> None:
    """The comparison says what the label leaves out, and never rounds a value across its limit."""
    assert comparison(replace(verdict, value=value), label) == text


def test_summary() -> None:
    """The summary of a row is one sentence, with the selector where the threshold has it."""
    row = replace(BLOCKS, value=14, reason="2 of 214 blocks over")
    rule = replace(row.threshold, selector="src/**")
    gate = GateReport("complexity", Outcome.FAILED, red=True, reason="", rows=(row,))
    assert rows_of(gate)[0].summary == "complexity 14 < 10: 2 of 214 blocks over"
    selected = replace(gate, rows=(replace(row, threshold=rule, reason=""),))
    assert rows_of(selected)[0].summary == "complexity[src/**] 14 < 10"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("", "(setup.cfg:3)"),
        ("switched off", "switched off (setup.cfg:3)"),
        ("switched off (setup.cfg:3)", "switched off (setup.cfg:3)"),
    ],
)
def test_off_says_where(reason: str, shown: str) -> None:
    """A metric that is switched off is shown with the place that did it, once."""
    rule = Threshold("coverage off", Origin("ini", "setup.cfg", 3), "coverage", "coverage")
    row = Verdict(rule, COVERAGE, Outcome.OFF, red=False, reason=reason)
    assert rows_of(GateReport("coverage", Outcome.OFF, red=False, reason="", rows=(row,)))[0].reason == shown


@pytest.mark.parametrize(
    ("finding", "verdict", "line"),
    [
        (Finding("a.py::f", "14", 14, "a.py", 3), BLOCKS, "a.py:3  f  14"),
        (Finding("a.py::f", "complexity 14", 14, "a.py", 3, hint="h"), BLOCKS, "a.py:3  f  complexity 14  h"),
        (Finding("a.py::f", "14 loops", 4, "a.py", 3), BLOCKS, "a.py:3  f  4  14 loops"),
        (Finding("a.py::f", "14 loops", 4, "a.py", 3, hint="h"), BLOCKS, "a.py:3  f  4  h"),
        (Finding("a.py", "unused", None, "a.py", code="B1", hint="h"), FINDINGS, "a.py  B1 unused  h"),
        (Finding("GET /a::b", "500", None), FINDINGS, "GET /a::b  500"),
        (Finding("GET /a", "500", None, "a.py", 3), FINDINGS, "a.py:3  GET /a  500"),
        (Finding("GET /a", "slow", Fraction(1_000_001, 10**7)), TIME, "GET /a  100.0001 ms  slow"),
        (Finding("GET /a", "p95 120 ms, 13 over", Fraction(12, 100)), TIME, "GET /a  p95 120 ms, 13 over"),
        (Finding("", "no probe measured this"), FINDINGS, "-  no probe measured this"),
        (Finding("a.py", ""), FINDINGS, "a.py"),
        (Finding("a.py", "", Fraction(1, 3)), _verdict(COVERAGE, None, Fraction(0)), "a.py  0.333"),
    ],
)
def test_finding_line(finding: Finding, verdict: Verdict, line: str) -> None:
    """A finding shows its place, what the place leaves out, its value or message, and the hint."""
    assert list(finding_lines(replace(verdict, findings=(finding,)), 80, 0)) == [line]


@pytest.mark.parametrize(
    ("count", "verbosity", "shown", "last"),
    [
        (10, 0, 10, "9.py  m"),
        (22, 0, 11, "... and 12 more (-v shows all)"),
        (1210, 0, 11, "... and 1,200 more (-v shows all)"),
        (22, 1, 22, "21.py  m"),
    ],
)
def test_many_findings(count: int, verbosity: int, shown: int, last: str) -> None:
    """Ten findings are shown, all of them with -v."""
    findings = tuple(Finding(f"{number}.py", "m") for number in range(count))
    lines = list(finding_lines(replace(FINDINGS, findings=findings), 80, verbosity))
    assert (len(lines), lines[-1]) == (shown, last)


def test_long_message() -> None:
    """Of a message with many lines the end is quoted, all of it with -v; no line begins as a row would."""
    message = "crashed\n" + "\n".join(f"\tline {number}" for number in range(12)) + "\nPASSED  coverage"
    verdict = replace(FINDINGS, findings=(Finding("a.py", message),))
    told = [f"  |     line {number}" for number in range(12)] + ["  | PASSED  coverage"]
    assert list(finding_lines(verdict, 80, 1)) == ["a.py  crashed", *told]
    assert list(finding_lines(verdict, 80, 0)) == [
        "a.py  crashed",
        "  | ... 3 lines before (-v shows all)",
        *told[3:],
    ]
