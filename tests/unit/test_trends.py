"""Trends: which operations fail, pass, or have proven nothing."""

import random
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import ROUNDS, Conditions, Reading, Samples, Trend
from pytest_backend_gates.model import Outcome, Verdict

Judged = Callable[..., tuple[Verdict, ...]]
MS = 1_000_000
FAST, SLOW = 50 * MS, 150 * MS


def samples(*runs: Iterable[int], seen: int = 0) -> Samples:
    """Hold one array for each of *runs*, in nanoseconds."""
    return Samples(tuple(array("q", run) for run in runs), seen=seen)


def of(total: int, slow: int, *, value: int = SLOW) -> Samples:
    """Hold *total* samples, *slow* of them over 100 ms and never two in a row as far as possible."""
    run = [FAST] * total
    run[: 2 * slow : 2] = [value] * len(run[: 2 * slow : 2])
    run[1 : 2 * (slow - run.count(value)) : 2] = [value] * (slow - run.count(value))
    assert run.count(value) == slow
    return samples(run)


def test_means_of_several_calls_are_told(judged: Judged) -> None:
    """A percentile of means says little: the row says how many there are."""
    subjects = {"a": Samples((array("q", [FAST] * 20),), averaged=20), "b": of(20, 0)}
    (row,) = judged({"latency": Reading(Trend(subjects, Conditions("here")))}, "latency.p95 < 100ms")
    assert row.reason == (
        "worst a; 2 operations within, 40 samples, 20 of them means of several calls, which hide slow ones; here"
    )


@pytest.fixture
def latency(judged: Judged) -> Callable[..., Verdict]:
    """Judge operations by one threshold."""

    def judge(
        text: str, subjects: Mapping[str, Samples], conditions: str = "", *, strict: bool = False
    ) -> Verdict:
        (row,) = judged({"latency": Reading(Trend(subjects, Conditions(conditions)))}, text, strict=strict)
        return row

    return judge


Latency = Callable[..., Verdict]


@pytest.mark.parametrize(
    ("total", "slow", "outcome"),
    [
        (20, 0, Outcome.PASSED),
        (20, 1, Outcome.PASSED),
        (20, 2, Outcome.SKIPPED),
        (20, 3, Outcome.SKIPPED),
        (20, 4, Outcome.FAILED),
        (20, 20, Outcome.FAILED),
        (19, 0, Outcome.SKIPPED),
        (19, 3, Outcome.SKIPPED),
        (19, 4, Outcome.FAILED),
        (2, 2, Outcome.FAILED),
        (1, 1, Outcome.SKIPPED),
        (50, 2, Outcome.PASSED),
        (50, 3, Outcome.SKIPPED),
        (50, 5, Outcome.SKIPPED),
        (50, 6, Outcome.FAILED),
        (100, 5, Outcome.PASSED),
        (100, 9, Outcome.SKIPPED),
        (100, 10, Outcome.FAILED),
        (200, 15, Outcome.SKIPPED),
        (200, 16, Outcome.FAILED),
    ],
)
def test_one_operation(latency: Latency, total: int, slow: int, outcome: Outcome) -> None:
    """It fails by evidence, passes with enough samples within the limit, and is unproven in between."""
    row = latency("latency.p95 < 100ms", {"GET /a": of(total, slow)})
    assert row.outcome is outcome
    assert row.red is (outcome is Outcome.FAILED)
    assert (row.hits, row.total, row.judged) == (slow, total, 1)
    assert (row.over, row.unproven) == (int(outcome is Outcome.FAILED), int(outcome is Outcome.SKIPPED))


@pytest.mark.parametrize(("slow", "outcome"), [(5, Outcome.PASSED), (6, Outcome.FAILED)])
def test_one_of_twenty_four(latency: Latency, slow: int, outcome: Outcome) -> None:
    """With 24 operations on the row, 6 of 20 slow requests fail, and 5 do not."""
    others = {f"GET /{number}": of(20, 0) for number in range(23)}
    row = latency("latency.p95 < 100ms", {**others, "POST /slow": of(20, slow)})
    assert row.outcome is outcome


def test_a_percentile_needs_its_own_number_of_samples(latency: Latency) -> None:
    """A p99 needs 100 samples, a p50 two, and a p5 as many as a p95."""
    for text, needed in [("p99", 100), ("p99.9", 1000), ("p50", 2), ("p90", 10), ("p5", 20)]:
        for total, outcome in [(needed - 1, Outcome.SKIPPED), (needed, Outcome.PASSED)]:
            row = latency(f"latency.{text} < 100ms", {"GET /a": of(total, 0)})
            assert row.outcome is outcome, (text, total)


def test_a_pass_never_shows_a_number_over_the_limit(latency: Latency) -> None:
    """Whatever the samples, the value of a passed row is within its limit."""
    dice = random.Random(7)  # noqa: S311 - a seed, no secret
    passed = 0
    for _ in range(300):
        subjects = {
            f"GET /{number}": samples(
                [dice.choice([FAST] * 9 + [FAST * 2, SLOW]) for _ in range(dice.randrange(60))]
            )
            for number in range(dice.randrange(1, 6))
        }
        row = latency("latency.p80 < 100ms", subjects)
        if row.outcome is Outcome.PASSED:
            passed += 1
            assert row.value is not None
            assert row.value < row.threshold.limit
            assert row.worst is not None
    assert passed > 40


def test_exactly_the_limit(latency: Latency) -> None:
    """A percentile of exactly 100 ms is not below 100 ms."""
    subjects = {"GET /a": samples([100 * MS] * 20)}
    assert latency("latency.p95 < 100ms", subjects).outcome is Outcome.FAILED
    assert latency("latency.p95 <= 100ms", subjects).outcome is Outcome.PASSED
    assert latency("latency.p95 >= 100ms", subjects).outcome is Outcome.PASSED
    assert latency("latency.p95 < 100000.001us", subjects).outcome is Outcome.PASSED


def test_a_failure_tells_its_evidence(latency: Latency) -> None:
    """The finding says value, evidence and the longest run; the row names the worst operation."""
    slow = samples([FAST] * 10 + [SLOW, SLOW, FAST, SLOW, 400 * MS, SLOW] + [FAST] * 4)
    row = latency("latency.p95 < 100ms", {"GET /a": of(20, 0), "GET /b": slow}, "2 workers")
    assert row.outcome is Outcome.FAILED
    assert (row.worst, row.value) == ("GET /b", Fraction(15, 100))
    assert row.reason == "worst GET /b; 1 of 2 operations over, 40 samples; 2 workers"
    assert row.relax == "latency.p95 <= 150ms"
    (finding,) = row.findings
    assert finding.message == "p95 150 ms, 5 of 20 over 100 ms, longest run 3"
    assert (finding.subject, finding.value, finding.code) == ("GET /b", Fraction(15, 100), "over")


def test_unproven_says_what_is_missing(latency: Latency) -> None:
    """An open question says how many slow requests would fail, or how many samples are missing."""
    subjects = {"GET /a": of(100, 9), "GET /b": of(7, 1), "GET /c": of(100, 0)}
    row = latency("latency.p95 < 100ms", subjects)
    assert row.outcome is Outcome.PASSED
    assert (row.judged, row.unproven, row.worst) == (3, 2, "GET /c")
    assert row.reason == "worst GET /c; 1 operation within, 2 unproven, 207 samples"
    assert [(one.message, one.code) for one in row.findings] == [
        ("p95 150 ms, 9 of 100 over 100 ms, 11 would fail", "unproven"),
        ("7 samples of 20, 1 over", "unproven"),
    ]


def test_nothing_proven_is_skipped(latency: Latency) -> None:
    """A row that could prove nothing is not green, says why, and is red when strict."""
    row = latency("latency.p95 < 100ms", {"GET /a": of(7, 0)})
    assert (row.outcome, row.red, row.relax) == (Outcome.SKIPPED, False, None)
    assert row.reason == "nothing proven: GET /a: 7 samples of 20, 1 unproven, 7 samples"
    row = latency("latency.p95 < 100ms", {"GET /a": of(7, 0)}, strict=True)
    assert (row.outcome, row.red, row.relax) == (Outcome.SKIPPED, True, "latency off")


def test_strict_makes_the_unproven_red(latency: Latency) -> None:
    """With strict, one unproven operation among proven ones is enough."""
    subjects = {"GET /a": of(20, 0), "GET /b": of(7, 0)}
    assert latency("latency.p95 < 100ms", subjects).outcome is Outcome.PASSED
    row = latency("latency.p95 < 100ms", subjects, strict=True)
    assert (row.outcome, row.red) == (Outcome.SKIPPED, True)
    assert row.reason == (
        "worst GET /a; 1 operation within, 1 unproven, 27 samples (strict: unproven is red)"
    )


def test_the_rest_is_judged_together(latency: Latency) -> None:
    """A small suite gets a verdict: operations with too few samples are one subject together."""
    row = latency("latency.p95 < 100ms", {f"GET /{number}": of(7, 0) for number in range(3)})
    assert (row.outcome, row.worst, row.judged, row.unproven) == (Outcome.PASSED, "(rest)", 3, 0)
    assert (
        row.reason
        == "worst (rest) (3 operations with few samples, together); 3 operations within together, 21 samples"
    )
    row = latency("latency.p95 < 100ms", {f"GET /{number}": of(7, 2) for number in range(3)})
    assert (row.outcome, row.over, row.judged) == (Outcome.FAILED, 3, 3)
    assert [one.message for one in row.findings] == ["p95 150 ms, 6 of 21 over 100 ms"]


def test_the_rest_hides_no_slow_operation(latency: Latency) -> None:
    """What passes together names the operations in it that have samples over the limit."""
    subjects = {f"GET /{number}": of(10, 0) for number in range(4)} | {"POST /pay": of(1, 1)}
    row = latency("latency.p95 < 100ms", {"GET /a": of(20, 0), **subjects})
    assert (row.outcome, row.over, row.unproven) == (Outcome.PASSED, 0, 0)
    assert row.reason == ("worst GET /a; 1 operation within, 5 operations within together, 61 samples")
    assert [(one.subject, one.message) for one in row.findings] == [("POST /pay", "1 sample of 20, 1 over")]


def test_the_rest_counts_as_one_more_subject(latency: Latency) -> None:
    """Two small operations and their rest are three judgements: the chance of a false alarm is shared by three."""
    row = latency("latency.p95 < 100ms", {"GET /a": of(11, 2), "GET /b": of(11, 2)})
    assert (row.outcome, row.judged, row.unproven) == (Outcome.SKIPPED, 2, 2)
    assert [one.message for one in row.findings] == ["p95 150 ms, 4 of 22 over 100 ms, 5 would fail"]
    assert latency("latency.p95 < 100ms", {"GET /a": of(22, 4)}).outcome is Outcome.FAILED


def test_the_rest_that_proves_nothing_is_kept_apart(latency: Latency) -> None:
    """When all the small ones together are still too few, each says what it misses."""
    row = latency("latency.p95 < 100ms", {"GET /a": of(7, 0), "GET /b": of(8, 0)})
    assert (row.outcome, row.unproven) == (Outcome.SKIPPED, 2)
    assert [(one.subject, one.message) for one in row.findings] == [
        ("GET /a", "7 samples of 20"),
        ("GET /b", "8 samples of 20"),
    ]


def test_a_small_operation_that_fails_alone_stays_apart(latency: Latency) -> None:
    """It neither hides in the rest nor spoils it."""
    subjects = {f"GET /{number}": of(10, 0) for number in range(3)} | {"GET /slow": of(10, 10)}
    row = latency("latency.p95 < 100ms", subjects)
    assert row.outcome is Outcome.FAILED
    assert (row.worst, row.over, row.judged) == ("GET /slow", 1, 4)
    assert [one.subject for one in row.findings] == ["GET /slow"]


def test_operations_seen_only_cold(latency: Latency) -> None:
    """An operation without a counted sample proves nothing and is not part of the rest."""
    subjects = {"GET /a": of(20, 0), "GET /cold": Samples((array("q"),), cold=1)}
    row = latency("latency.p95 < 100ms", subjects)
    assert (row.outcome, row.judged, row.unproven) == (Outcome.PASSED, 2, 1)
    assert [(one.subject, one.value, one.message) for one in row.findings] == [
        ("GET /cold", None, "0 samples of 20 besides the cold first one")
    ]


def test_findings_are_in_order_of_badness(latency: Latency) -> None:
    """The worst comes first, then what is open by name, whatever the order of measuring."""
    subjects = {
        "GET /b": samples([200 * MS] * 20),
        "GET /z": of(3, 0),
        "GET /a": samples([300 * MS] * 20),
        "GET /c": samples([200 * MS] * 20),
    }
    expected = ["GET /a", "GET /b", "GET /c", "GET /z"]
    for text in ("latency.p95 < 100ms", "latency.mean < 100ms", "latency.max <= 100ms"):
        for order in (list(subjects), sorted(subjects), sorted(subjects, reverse=True)):
            row = latency(text, {name: subjects[name] for name in order})
            assert [one.subject for one in row.findings] == expected
    row = latency("latency.min > 1s", subjects)
    assert [one.subject for one in row.findings] == ["GET /b", "GET /c", "GET /a", "GET /z"]
    assert (row.worst, row.relax) == ("GET /b", "latency.min >= 0.2s")


@pytest.mark.parametrize(
    ("text", "outcome", "value"),
    [
        ("latency.mean < 100ms", Outcome.PASSED, Fraction(97, 1000)),
        ("latency.avg < 97ms", Outcome.FAILED, Fraction(97, 1000)),
        ("latency.mean == 97ms", Outcome.PASSED, Fraction(97, 1000)),
        ("latency.med < 60ms", Outcome.PASSED, Fraction(50, 1000)),
        ("latency.med > 60ms", Outcome.FAILED, Fraction(50, 1000)),
        ("latency.min >= 40ms", Outcome.PASSED, Fraction(40, 1000)),
        ("latency.max < 1s", Outcome.FAILED, Fraction(1)),
        ("latency.max <= 1s", Outcome.PASSED, Fraction(1)),
        ("latency.count == 20", Outcome.PASSED, 20),
        ("latency.count > 20", Outcome.FAILED, 20),
        ("latency.count >= 21", Outcome.FAILED, 20),
    ],
)
def test_direct_aggregates(latency: Latency, text: str, outcome: Outcome, value: Fraction) -> None:
    """Mean, median, extremes and the count are compared directly."""
    run = [50 * MS] * 18 + [40 * MS, 1000 * MS]
    row = latency(text, {"GET /a": samples(run)})
    assert (row.outcome, row.value) == (outcome, value)


def test_direct_aggregates_need_twenty_samples(latency: Latency) -> None:
    """Of 19 samples neither a good mean passes nor a bad one fails; the count needs none."""
    for word in ("mean", "med", "min", "max"):
        for value in (FAST, SLOW):
            row = latency(f"latency.{word} < 100ms", {"GET /a": samples([value] * 19)})
            assert row.outcome is Outcome.SKIPPED
    assert latency("latency.count > 0", {"GET /a": samples([FAST])}).outcome is Outcome.PASSED
    row = latency("latency.count > 20", {"GET /a": samples([FAST] * 5), "GET /b": samples([FAST] * 30)})
    assert (row.outcome, [one.message for one in row.findings]) == (Outcome.FAILED, ["count 5"])
    assert row.relax == "latency.count >= 5"


def test_the_median_of_an_even_number_is_between(latency: Latency) -> None:
    """The median is the mean of the two in the middle."""
    run = [10 * MS] * 10 + [21 * MS] * 10
    assert latency("latency.med < 100ms", {"GET /a": samples(run)}).value == Fraction(155, 10_000)


def test_lower_limits_of_percentiles(latency: Latency) -> None:
    """``p5 > 10ms`` asks that 95 % are slower; what lies on the wrong side is under the limit."""
    subjects = {"GET /a": samples([5 * MS] * 5 + [20 * MS] * 15)}
    row = latency("latency.p5 > 10ms", subjects)
    assert (row.outcome, row.value, row.relax) == (Outcome.FAILED, Fraction(5, 1000), "latency.p5 >= 5ms")
    assert row.reason == "worst GET /a; 1 of 1 operation under, 20 samples"
    assert row.findings[0].message == "p5 5 ms, 5 of 20 under 10 ms, longest run 5"
    assert latency("latency.p5 > 4ms", subjects).outcome is Outcome.PASSED
    assert latency("latency.p95 > 10ms", subjects).outcome is Outcome.PASSED
    assert latency("latency.p95 > 10ms", {"GET /a": samples([20 * MS] * 19)}).outcome is Outcome.SKIPPED
    assert latency("latency.p95 > 30ms", {"GET /a": samples([20 * MS] * 100)}).outcome is Outcome.FAILED


def test_equal_to(latency: Latency) -> None:
    """An ``==`` fails on either side; its relaxed line accepts every operation of the row."""
    subjects = {
        "GET /a": samples([3 * MS] * 20),
        "GET /b": samples([5 * MS] * 20),
        "GET /c": samples([9 * MS] * 20),
    }
    row = latency("latency.mean == 5ms", subjects)
    assert (row.outcome, row.over, row.worst, row.relax) == (
        Outcome.FAILED,
        2,
        "GET /c",
        "latency.mean <= 9ms",
    )
    assert row.reason == "worst GET /c; 2 of 3 operations unequal, 60 samples"
    low = {name: subjects[name] for name in ("GET /a", "GET /b")}
    assert latency("latency.mean == 5ms", low).relax == "latency.mean <= 5ms"
    assert [one.message for one in row.findings] == [
        "mean 9 ms, 20 of 20 unequal to 5 ms, longest run 20",
        "mean 3 ms, 20 of 20 unequal to 5 ms, longest run 20",
    ]


def test_runs_end_with_their_process(latency: Latency) -> None:
    """Consecutive means one after the other in one process."""
    run = [FAST] * 8 + [SLOW, SLOW]
    row = latency("latency.p95 < 100ms", {"GET /a": samples(run, reversed(run))})
    assert row.findings[0].message == "p95 150 ms, 4 of 20 over 100 ms, longest run 2"


def test_a_reservoir_is_told(latency: Latency) -> None:
    """When not every sample was kept, the row says so, green or red."""
    row = latency("latency.p95 < 100ms", {"GET /a": samples([FAST] * 20, seen=80_000), "GET /b": of(20, 0)})
    assert row.outcome is Outcome.PASSED
    assert row.reason == "worst GET /a; 2 operations within, a uniform 40 of 80,020 samples"
    row = latency("latency.p95 < 100ms", {"GET /a": samples([SLOW] * 20, seen=80_000)})
    assert row.findings[0].message == (
        "p95 150 ms, 20 of 20 over 100 ms, longest run 20, a uniform 20 of 80,000 samples"
    )


def test_values_never_round_across_the_limit(latency: Latency) -> None:
    """A percentile one nanosecond below the limit is printed with all its digits."""
    row = latency("latency.p95 < 100ms", {"GET /a": samples([100 * MS + 1] * 20)})
    assert row.findings[0].message.startswith("p95 100.000001 ms, 20 of 20 over 100 ms")


def test_false_alarms_are_rare(latency: Latency) -> None:
    """Of sessions with 300 operations, 6 samples each and 2 % over the limit, at most 5 % are red."""
    dice = random.Random(11)  # noqa: S311 - a seed, no secret
    sessions, red = 150, 0
    for _ in range(sessions):
        subjects = {
            f"GET /{number}": samples([SLOW if dice.random() < 0.02 else FAST for _ in range(6)])
            for number in range(300)
        }
        red += latency("latency.p95 < 100ms", subjects).red
    assert red <= sessions * 0.05


def test_false_alarms_at_the_limit_are_rare_too(latency: Latency) -> None:
    """Even when exactly 5 % of all requests are slow, at most 5 % of the sessions are red."""
    dice = random.Random(12)  # noqa: S311 - a seed, no secret
    sessions, red = 300, 0
    for _ in range(sessions):
        subjects = {
            f"GET /{number}": samples(
                [SLOW if dice.random() < 0.05 else FAST for _ in range(dice.choice([5, 20, 60]))]
            )
            for number in range(24)
        }
        red += latency("latency.p95 < 100ms", subjects).red
    assert red <= sessions * 0.05


def test_a_comfortable_percentile_is_never_red(latency: Latency) -> None:
    """Operations whose true p95 lies at 80 % of the limit pass in every session."""
    dice = random.Random(13)  # noqa: S311 - a seed, no secret
    for _ in range(60):
        subjects = {
            f"GET /{number}": samples([int(dice.lognormvariate(0, 0.2) * 57.6 * MS) for _ in range(40)])
            for number in range(24)
        }
        row = latency("latency.p95 < 100ms", subjects)
        assert row.outcome is Outcome.PASSED
        assert not row.red


def test_a_truly_slow_operation_is_red(latency: Latency) -> None:
    """The rule is careful, not blind: an operation with 30 % of its requests slow fails among 24."""
    dice = random.Random(14)  # noqa: S311 - a seed, no secret
    red = 0
    for _ in range(50):
        subjects = {f"GET /{number}": of(100, 0) for number in range(23)}
        subjects["GET /slow"] = samples([SLOW if dice.random() < 0.3 else FAST for _ in range(100)])
        red += latency("latency.p95 < 100ms", subjects).red
    assert red == 50


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        ([{"test": 20}], "coverage core ctrace, 2 workers"),
        ([{}], "coverage core ctrace, 2 workers"),
        ([{ROUNDS: 20}], "coverage paused, 2 workers"),
        ([{"test": 20}, {ROUNDS: 20}], "coverage core ctrace, in rounds coverage paused, 2 workers"),
    ],
)
def test_the_conditions_are_those_of_the_samples(
    judged: Judged, sources: list[dict[str, int]], told: str
) -> None:
    """A row says under what its own samples were taken, also where it judges few samples together."""
    conditions = Conditions("coverage core ctrace", "coverage paused", "2 workers")
    for size in (20, 10):
        subjects = {
            f"{source} {number}": replace(samples([FAST] * size), sources=dict.fromkeys(source, size))
            for number in range(20 // size)
            for source in sources
        }
        (row,) = judged({"latency": Reading(Trend(subjects, conditions))}, "latency.p95 < 100ms")
        assert row.outcome is Outcome.PASSED
        assert row.reason.partition("samples; ")[2] == told


@pytest.mark.parametrize(
    ("text", "run", "outcome"),
    [
        ("queries.count.max < 5", [1, 2, 9], Outcome.FAILED),
        ("queries.count.max <= 5", [5], Outcome.SKIPPED),
        ("queries.count.max <= 5", [5] * 20, Outcome.PASSED),
        ("queries.count.min >= 1", [3, 0], Outcome.FAILED),
        ("queries.count.max == 5", [9], Outcome.SKIPPED),
        ("queries.count.min < 5", [9], Outcome.SKIPPED),
        ("queries.count.mean < 5", [9] * 19, Outcome.SKIPPED),
        ("queries.count.p95 < 5", [9] * 19, Outcome.FAILED),
    ],
)
def test_one_count_beyond_the_limit_refutes_an_extreme(
    judged: Callable[..., tuple[Verdict, ...]], text: str, run: list[int], outcome: Outcome
) -> None:
    """Counts are what they are on any machine: more requests could not bring the largest of them back."""
    trend = Trend({"GET /a": Samples((array("q", run),), seen=len(run))})
    (row,) = judged({"queries.count": Reading(trend)}, text)
    assert row.outcome is outcome


def test_counts_have_no_unit(judged: Callable[..., tuple[Verdict, ...]]) -> None:
    """They are judged and told as the plain numbers that they are."""
    trend = Trend({"GET /a": Samples((array("q", [2, 12, 3]),), seen=3)})
    (row,) = judged({"queries.count": Reading(trend)}, "queries.count.max < 5")
    assert (row.value, row.relax, row.findings[0].message) == (
        12,
        "queries.count.max <= 12",
        "max 12, 1 of 3 over 5",
    )
    assert row.reason == "worst GET /a; 1 of 1 operation over, 3 samples"
