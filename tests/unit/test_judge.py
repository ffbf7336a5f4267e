"""The judge: outcomes, colours, reasons. Trends have a file of their own."""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from pytest_backend_gates.evaluation import gate_report
from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Measurement,
    Point,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.model import Outcome, Verdict

Judged = Callable[..., tuple[Verdict, ...]]

FILES = Rate({"src/a.py": Ratio(90, 100), "src/b.py": Ratio(10, 100), "legacy/c.py": Ratio(0, 0)}, of="lines")
BLOCKS = Gauge(
    {
        "src/a.py::f": Point(3, "src/a.py", 1, 9),
        "src/a.py::f#2": Point(12, "src/a.py", 11, 19),
        "src/b.py::g": Point(14, "src/b.py", 5, 25),
        "legacy/c.py::h": Point(14, "legacy/c.py", 2, 30),
    }
)
HIGH = Counter(
    tuple(
        Finding(path, f"issue on line {line}", path=path, line=line, code="B602")
        for path, line in [("src/b.py", 9), ("legacy/c.py", 4), ("src/b.py", 2), ("legacy/c.py", 40)]
    ),
    frozenset({"src/a.py", "src/b.py", "legacy/c.py"}),
)


@pytest.fixture
def one(judged: Judged) -> Callable[..., Verdict]:
    """Judge one measurement by one threshold."""

    def judge(
        measurement: Measurement | Reading, text: str, *, narrowed: str | None = None, strict: bool = False
    ) -> Verdict:
        reading = measurement if isinstance(measurement, Reading) else Reading(measurement)
        metric = text.removeprefix("default: ").partition(" ")[0].partition("[")[0]
        metric = next(
            (
                name
                for name in ("coverage.file", "coverage", "complexity", "latency")
                if metric.startswith(name)
            ),
            metric,
        )
        (row,) = judged({metric: reading}, text, narrowed=narrowed, strict=strict)
        return row

    return judge


One = Callable[..., Verdict]


@pytest.mark.parametrize(
    ("hits", "total", "text", "outcome"),
    [
        (4, 5, "coverage > 80%", Outcome.FAILED),
        (4, 5, "coverage >= 80%", Outcome.PASSED),
        (4, 5, "coverage == 80%", Outcome.PASSED),
        (4, 5, "coverage <= 80%", Outcome.PASSED),
        (4, 5, "coverage < 80%", Outcome.FAILED),
        (79_996, 100_000, "coverage > 80%", Outcome.FAILED),
        (79_996, 100_000, "coverage >= 80%", Outcome.FAILED),
        (80_001, 100_000, "coverage > 80%", Outcome.PASSED),
        (796, 1000, "coverage > 80%", Outcome.FAILED),
        (10**15 - 1, 10**15, "coverage >= 100%", Outcome.FAILED),
        (10**15, 10**15, "coverage >= 100%", Outcome.PASSED),
        (1, 3, "coverage == 33.333333333333%", Outcome.FAILED),
        (0, 7, "coverage >= 0%", Outcome.PASSED),
    ],
)
def test_rates_are_compared_exactly(one: One, hits: int, total: int, text: str, outcome: Outcome) -> None:
    """Exactly 80 % is not more than 80 %, and nothing is rounded before it is compared."""
    row = one(Rate({"src/a.py": Ratio(hits, total)}), text)
    assert (row.outcome, row.red) == (outcome, outcome is Outcome.FAILED)
    assert row.value == Fraction(100 * hits, total)


@pytest.mark.parametrize(
    ("text", "relax"),
    [
        ("coverage > 80%", "coverage >= 80%"),
        ("coverage < 80%", "coverage <= 80%"),
        ("coverage <= 79%", "coverage <= 80%"),
        ("coverage >= 81%", "coverage >= 80%"),
        ("coverage == 79%", "coverage <= 80%"),
        ("coverage == 81%", "coverage >= 80%"),
    ],
)
def test_relaxing_keeps_the_direction(one: One, text: str, relax: str) -> None:
    """A strict limit that was just reached becomes one that includes it."""
    assert one(Rate({"src/a.py": Ratio(4, 5)}), text).relax == relax


def test_a_rate_sums_what_it_selects(one: One) -> None:
    """The ratio is that of the sums, not the mean of the ratios."""
    row = one(FILES, "coverage > 80%")
    assert row == replace(
        row,
        outcome=Outcome.FAILED,
        red=True,
        value=Fraction(50),
        hits=100,
        total=200,
        judged=3,
        over=1,
        reason="100 of 200 lines, 3 files",
        relax="coverage >= 50%",
        findings=(),
    )


def test_every_rate_judges_its_own_selection(judged: Judged) -> None:
    """``coverage > 80%`` stays the whole project whatever else is asked of a part of it."""
    rows = judged(
        {"coverage": Reading(FILES)}, "coverage >= 50%", "coverage[src/a.py] > 89%", "coverage[**/b.py] > 5%"
    )
    assert [(row.outcome, row.value, row.judged) for row in rows] == [
        (Outcome.PASSED, 50, 3),
        (Outcome.PASSED, 90, 1),
        (Outcome.PASSED, 10, 1),
    ]


@pytest.mark.parametrize(
    ("text", "outcome", "value", "reason"),
    [
        ("complexity < 10", Outcome.FAILED, 14, "3 of 4 blocks over"),
        ("complexity < 15", Outcome.PASSED, 14, "0 of 4 blocks over"),
        ("complexity <= 14", Outcome.PASSED, 14, "0 of 4 blocks over"),
        ("complexity > 3", Outcome.FAILED, 3, "1 of 4 blocks under"),
        ("complexity >= 3", Outcome.PASSED, 3, "0 of 4 blocks under"),
        ("complexity == 14", Outcome.FAILED, 3, "2 of 4 blocks unequal"),
        ("complexity.max == 14", Outcome.PASSED, 14, "max of 4 blocks"),
        ("complexity.max > 13", Outcome.PASSED, 14, "max of 4 blocks"),
        ("complexity.max < 10", Outcome.FAILED, 14, "3 of 4 blocks over"),
        ("complexity.min < 10", Outcome.PASSED, 3, "min of 4 blocks"),
        ("complexity.min < 3", Outcome.FAILED, 3, "min of 4 blocks"),
        ("complexity.mean < 11", Outcome.PASSED, Fraction(43, 4), "mean of 4 blocks"),
        ("complexity.avg <= 10.74", Outcome.FAILED, Fraction(43, 4), "mean of 4 blocks"),
        ("complexity[src/a.py] < 10", Outcome.FAILED, 12, "1 of 2 blocks over"),
        ("complexity[src/a.py::f#2] < 10", Outcome.FAILED, 12, "1 of 1 block over"),
        ("complexity[src/a.py::f] < 10", Outcome.PASSED, 3, "0 of 1 block over"),
    ],
)
def test_gauges(one: One, text: str, outcome: Outcome, value: Fraction, reason: str) -> None:
    """Without an aggregate every subject is judged by itself; with one, one number is."""
    row = one(BLOCKS, text)
    assert (row.outcome, row.value, row.reason) == (outcome, value, reason)


def test_gauge_findings_are_worst_first(one: One) -> None:
    """The largest comes first, equal ones by name, with their lines."""
    row = one(BLOCKS, "complexity < 10")
    assert row.worst == "legacy/c.py::h"
    assert [(finding.subject, finding.message, finding.place) for finding in row.findings] == [
        ("legacy/c.py::h", "14", "legacy/c.py:2"),
        ("src/b.py::g", "14", "src/b.py:5"),
        ("src/a.py::f#2", "12", "src/a.py:11"),
    ]
    row = one(Gauge(dict(sorted(BLOCKS.subjects.items(), reverse=True, key=str))), "complexity >= 14")
    assert [finding.subject for finding in row.findings] == ["src/a.py::f", "src/a.py::f#2"]
    assert one(BLOCKS, "complexity.mean < 1").worst is None


def test_counters(one: One) -> None:
    """A counter counts findings and shows how much was examined; findings come in reading order."""
    row = one(HIGH, "security.high == 0")
    assert (row.outcome, row.value, row.total, row.over) == (Outcome.FAILED, 4, 3, 4)
    assert (row.reason, row.relax) == ("4 findings in 3 files", "security.high <= 4")
    assert [finding.place for finding in row.findings] == [
        "legacy/c.py:4",
        "legacy/c.py:40",
        "src/b.py:2",
        "src/b.py:9",
    ]
    assert one(HIGH, "security.high[src/a.py] == 0").reason == "0 findings in 1 file"


def test_a_finding_has_one_owner(judged: Judged) -> None:
    """``security.high[legacy/**] <= 3`` takes those findings out of ``security.high == 0``."""
    clean = replace(HIGH, findings=tuple(one for one in HIGH.findings if one.subject == "legacy/c.py"))
    rows = judged(
        {"security.high": Reading(clean)}, "default: security.high == 0", "security.high[legacy/**] <= 3"
    )
    assert [(row.outcome, row.value, row.total) for row in rows] == [
        (Outcome.PASSED, 0, 2),
        (Outcome.PASSED, 2, 1),
    ]
    rows = judged({"security.high": Reading(HIGH)}, "security.high == 0", "security.high[legacy/**] <= 3")
    assert [(row.outcome, row.value, row.total) for row in rows] == [
        (Outcome.FAILED, 2, 2),
        (Outcome.PASSED, 2, 1),
    ]


def test_a_finding_outside_of_what_was_examined_counts(one: One) -> None:
    """A finding is never lost because its file is missing from the denominator."""
    stray = Counter((Finding("src/x.py", "stray"),), frozenset({"src/a.py"}))
    assert (one(stray, "security.high == 0").outcome, one(stray, "security.high == 0").total) == (
        Outcome.FAILED,
        1,
    )


NOTHING = [
    ("coverage[srcc/**] > 80%", FILES, "this threshold matches no file of 3"),
    ("coverage[legacy/**] > 80%", FILES, "none of the lines that this threshold matches can be counted"),
    ("coverage > 80%", Rate({}), "this threshold matches no file of 0"),
    ("complexity[srcc/**] < 10", BLOCKS, "this threshold matches no block of 4"),
    ("complexity < 10", Gauge({}), "this threshold matches no block of 0"),
    ("security.high[srcc/**] == 0", HIGH, "this threshold matches no file of 3"),
    ("security.high == 0", Counter((), frozenset()), "this threshold matches no file of 0"),
]


@pytest.mark.parametrize(("text", "measurement", "reason"), NOTHING)
def test_nothing_to_judge(one: One, text: str, measurement: Measurement, reason: str) -> None:
    """What the project wrote and matches nothing is red, unless the run was narrowed; a default is skipped."""
    row = one(measurement, text)
    assert (row.outcome, row.red, row.reason, row.value) == (Outcome.NO_DATA, True, reason, None)
    assert row.relax == f"{row.threshold.metric} off"
    row = one(measurement, text, narrowed="-k cart")
    assert (row.outcome, row.red, row.relax) == (Outcome.SKIPPED, False, None)
    assert row.reason == f"{reason} (narrowed run: -k cart)"
    row = one(measurement, f"default: {text}")
    assert (row.outcome, row.red, row.reason) == (Outcome.SKIPPED, False, reason)
    row = one(measurement, f"default: {text}", strict=True)
    assert (row.outcome, row.red) == (Outcome.SKIPPED, True)


def test_a_default_that_the_project_overrode_everywhere(judged: Judged) -> None:
    """Where the project judges every subject itself, its default is off, also under strict."""
    rows = judged(
        {"complexity": Reading(BLOCKS)},
        "default: complexity < 10",
        "complexity[src/**, legacy/**] < 20",
        strict=True,
    )
    assert [(row.outcome, row.red) for row in rows] == [(Outcome.OFF, False), (Outcome.PASSED, False)]
    assert rows[0].reason == (
        "every block that this threshold matches is owned by a later one:"
        " 'complexity[src/**, legacy/**] < 20' (pyproject.toml:2)"
    )
    rows = judged(
        {"complexity": Reading(BLOCKS)}, "complexity[src/**] < 10", "cli: complexity[src/a*, src/b*] < 20"
    )
    assert [row.outcome for row in rows] == [Outcome.OFF, Outcome.PASSED]


def test_a_line_that_owns_nothing_because_of_its_own_neighbours(judged: Judged) -> None:
    """A line of the project that other lines of the project leave nothing to is told as such."""
    rows = judged(
        {"complexity": Reading(BLOCKS)}, "complexity[src/**] < 10", "complexity[src/a*, src/b*] < 20"
    )
    assert [row.outcome for row in rows] == [Outcome.NO_DATA, Outcome.PASSED]
    assert rows[0].reason == "every block that this threshold matches is owned by a later one"


def test_unavailable_is_skipped_with_its_reason(one: One) -> None:
    """A probe that could not measure says why; strict makes that red."""
    reading = Reading(unavailable="no HTTP traffic", hint="use the test client")
    for text in ("coverage > 80%", "default: coverage > 80%"):
        row = one(reading, text)
        assert (row.outcome, row.red, row.reason, row.hint) == (
            Outcome.SKIPPED,
            False,
            "no HTTP traffic",
            "use the test client",
        )
        assert one(reading, text, strict=True).red
    row = one(Reading(Gauge({}), unavailable="no function in 3 files"), "complexity < 10")
    assert (row.outcome, row.reason) == (Outcome.NO_DATA, "no function in 3 files")


def test_what_is_missing_beside_what_was_measured_is_told(one: One) -> None:
    """A threshold that matches nothing hears what one of two probes has not measured, and is red if it was written."""
    samples = {"GET /": Samples((array("q", [1] * 20),))}
    reading = Reading(Trend(samples), unavailable="no HTTP traffic", hint="make requests")
    row = one(reading, "latency.p95[tests/**] < 1s")
    assert (row.outcome, row.hint) == (Outcome.NO_DATA, "make requests")
    assert row.reason == "this threshold matches no operation of 1; no HTTP traffic"
    assert one(reading, "latency.p95 < 1s").outcome is Outcome.PASSED


ROUNDS = Samples((array("q", [1] * 20),), sources={"benchmark": 20})


@pytest.mark.parametrize(
    ("subjects", "untimed", "noun"),
    [
        ({"GET /": replace(ROUNDS, sources={"test": 20})}, {}, "operation of 1"),
        ({"bench/a/test_a.py::test_a": ROUNDS}, {}, "benchmark of 1"),
        ({}, {"bench/a/test_a.py::test_a": "--benchmark-disable"}, "benchmark of 1"),
        (
            {"GET /": replace(ROUNDS, sources={"test": 20}), "bench/a/test_a.py::test_a": ROUNDS},
            {},
            "operation or benchmark of 2",
        ),
        ({}, {}, "operation of 0"),
    ],
)
def test_what_a_threshold_of_times_may_have_meant(
    one: One, subjects: Mapping[str, Samples], untimed: Mapping[str, str], noun: str
) -> None:
    """Operations and benchmarks are both timed: what there is of both is told."""
    row = one(Reading(Trend(subjects, untimed=untimed)), "latency.p95[tests/**] < 1s")
    assert (row.outcome, row.reason) == (Outcome.NO_DATA, f"this threshold matches no {noun}")
    assert row.hint is None


@pytest.mark.parametrize(
    ("text", "reading", "hint"),
    [
        ("coverage[src*] > 80%", Reading(FILES), "write src** for src*: * stops at every /"),
        (
            "complexity[lib/*, src/*/*] < 10",
            Reading(BLOCKS),
            "write src/**/** for src/*/*: * stops at every /",
        ),
        (
            "security.high[*.py] == 0",
            Reading(HIGH, hint="another"),
            "write **.py for *.py: * stops at every /",
        ),
        (
            "latency.p95[bench/*] < 1s",
            Reading(Trend({}, untimed={"bench/a/test_a.py::test_a": "--benchmark-disable"})),
            "write bench/** for bench/*: * stops at every /",
        ),
    ],
)
def test_a_star_that_stops_at_a_slash(one: One, text: str, reading: Reading, hint: str) -> None:
    """Where two would have matched, that is what helps first."""
    row = one(reading, text)
    assert (row.outcome, row.hint) == (Outcome.NO_DATA, hint)


@pytest.mark.parametrize("reading", [Reading(), Reading(hint="?"), Reading(unavailable="")])
def test_silence_is_an_error(one: One, reading: Reading) -> None:
    """A probe that neither measured nor said why not is at fault; its metric never passes."""
    for narrowed in (None, "-k x"):
        row = one(reading, "default: coverage >= 0%", narrowed=narrowed)
        assert (row.outcome, row.red, row.relax) == (Outcome.ERROR, True, "coverage off")
        assert row.reason == "its probe neither measured this metric nor said why not"


def test_a_metric_without_a_probe_is_an_error(judged: Judged) -> None:
    """A threshold whose metric nobody measured is not forgotten."""
    (row,) = judged({}, "coverage > 80%")
    assert (row.outcome, row.red, row.reason) == (Outcome.ERROR, True, "no probe measured this metric")


def test_errors_beat_everything(one: One) -> None:
    """Whatever was measured, an error makes the row ERROR, and comes before the findings."""
    errors = (
        Finding("src/bad.py", "invalid syntax", path="src/bad.py", line=3),
        Finding("", "a worker died"),
    )
    row = one(Reading(BLOCKS, errors), "complexity < 10")
    assert (row.outcome, row.red, row.relax) == (Outcome.ERROR, True, "complexity off")
    assert row.reason == "src/bad.py:3: invalid syntax (and 1 more); 3 of 4 blocks over"
    assert row.findings[:2] == errors
    assert len(row.findings) == 5
    assert (row.value, row.over) == (14, 3)
    for measurement in (BLOCKS, Gauge({}), None):
        for narrowed in (None, "-k x"):
            row = one(Reading(measurement, errors[1:], "nothing there"), "complexity < 99", narrowed=narrowed)
            assert (row.outcome, row.reason.partition("; ")[0]) == (Outcome.ERROR, "a worker died")
    assert one(Reading(None, errors[1:]), "complexity < 99").reason == "a worker died"


def test_off(one: One) -> None:
    """What is switched off says where, and is not red even if its probe failed."""
    row = one(Reading(None, (Finding("", "broken"),)), "complexity off", strict=True)
    assert (row.outcome, row.red, row.reason) == (Outcome.OFF, False, "switched off (pyproject.toml:1)")


def test_nothing_yields_waived_yet(judged: Judged) -> None:
    """Six outcomes are given; WAIVED waits for its file."""
    seen = set()
    for reading in (Reading(FILES), Reading(Rate({})), Reading(unavailable="x"), Reading()):
        for text in ("coverage > 80%", "coverage > 40%", "coverage off"):
            seen |= {row.outcome for row in judged({"coverage": reading}, text)}
    assert seen == set(Outcome) - {Outcome.WAIVED}


def test_rows_keep_the_order_of_the_thresholds(judged: Judged) -> None:
    """The report tells thresholds in the order in which they stand."""
    readings = {"complexity": Reading(BLOCKS), "coverage": Reading(FILES)}
    texts = [
        "default: coverage > 80%",
        "default: complexity < 10",
        "complexity[src/**] < 20",
        "coverage[src/**] > 1%",
    ]
    assert [row.threshold.text for row in judged(readings, *texts)] == [
        text.removeprefix("default: ") for text in texts
    ]


def test_a_gate_is_as_bad_as_its_worst_row(judged: Judged) -> None:
    """The gate tells the first of its most alarming rows, and is red when any row is."""
    rows = judged(
        {"complexity": Reading(BLOCKS, hint="split it")},
        "complexity[src/**] < 20",
        "complexity[srcc/**] < 20",
        "complexity[legacy/**] < 9",
        "complexity.mean < 1",
    )
    report = gate_report("complexity", rows, 1.5)
    assert (report.gate, report.outcome, report.red, report.seconds) == (
        "complexity",
        Outcome.FAILED,
        True,
        1.5,
    )
    assert (report.reason, report.hint, report.rows) == ("1 of 1 block over", None, rows)
    assert gate_report("complexity", rows[:2], 0).outcome is Outcome.NO_DATA
    assert not gate_report("complexity", rows[:1], 0).red


SAYS_NOTHING = Counter((), frozenset({"GET /a", "GET /b"}), "operation", "", {"GET /a": "only 404"})


def test_a_counter_with_unproven_subjects(one: One) -> None:
    """They are counted beside what passed, and red only when strict."""
    row = one(SAYS_NOTHING, "security.high == 0")
    assert (row.outcome, row.unproven, row.reason) == (Outcome.PASSED, 1, "0 findings in 2 operations")
    strict = one(SAYS_NOTHING, "security.high == 0", strict=True)
    assert (strict.outcome, strict.red) == (Outcome.SKIPPED, True)


@pytest.mark.parametrize(
    ("reason", "why"), [("only 404", "only 404"), ("rate limited (429)", "for several reasons")]
)
def test_a_counter_that_proves_nothing(one: One, reason: str, why: str) -> None:
    """No finding among subjects that prove nothing is no pass, for a selection of them neither."""
    counter = replace(SAYS_NOTHING, unproven={"GET /a": "only 404", "GET /b": reason})
    row = one(counter, "security.high == 0")
    assert (row.outcome, row.red, row.unproven) == (Outcome.SKIPPED, False, 2)
    assert row.reason == f"nothing proven ({why}): 0 findings in 2 operations"
    assert row.findings == (Finding("GET /a", "only 404"), Finding("GET /b", reason))
    selected = one(SAYS_NOTHING, "security.high[GET /a] == 0")
    assert (selected.outcome, selected.reason) == (
        Outcome.SKIPPED,
        "nothing proven (only 404): 0 findings in 1 operation",
    )
    found = replace(counter, findings=(Finding("GET /a", "broken"),))
    assert one(found, "security.high == 0").outcome is Outcome.FAILED


def test_a_rate_with_unproven_subjects(one: One) -> None:
    """They count as no hits, and are told."""
    rate = Rate({"GET /a": Ratio(0, 1), "GET /b": Ratio(1, 1)}, "operations", {"GET /a": "only 404"})
    row = one(rate, "coverage > 80%")
    assert (row.outcome, row.hits, row.total) == (Outcome.FAILED, 1, 2)
    assert row.findings == (Finding("GET /a", "only 404"),)
