"""How times are judged that were taken on purpose: benchmarks that were not timed, budgets that tests gave."""

from array import array
from collections.abc import Callable, Mapping

import pytest

from pytest_backend_gates.measurements import ROUNDS, Reading, Samples, Trend
from pytest_backend_gates.model import Outcome, Verdict

Judged = Callable[..., tuple[Verdict, ...]]
One = Callable[..., Verdict]


@pytest.fixture
def one(judged: Judged) -> One:
    """Judge times by one threshold."""

    def judge(trend: Trend, text: str, *, narrowed: str | None = None, strict: bool = False) -> Verdict:
        return judged({"latency": Reading(trend)}, text, narrowed=narrowed, strict=strict)[0]

    return judge


UNTIMED = {
    "tests/test_b.py::test_one": "--benchmark-disable",
    "tests/test_b.py::test_two": "--benchmark-disable",
}
QUICK = {"GET /": Samples((array("q", [1] * 20),))}
SLOW = {"GET /": Samples((array("q", [10**10] * 20),))}
MISSED = "2 benchmarks were not timed: --benchmark-disable"


@pytest.mark.parametrize(
    ("text", "subjects", "outcome", "reason"),
    [
        (
            "latency.p95 < 1s",
            QUICK,
            Outcome.NO_DATA,
            f"{MISSED}; worst GET /; 1 operation within, 20 samples",
        ),
        ("latency.p95[tests/**] < 1s", QUICK, Outcome.NO_DATA, MISSED),
        ("latency.p95[GET /] < 1s", QUICK, Outcome.PASSED, "worst GET /; 1 operation within, 20 samples"),
        (
            "latency.p95 < 1s",
            SLOW,
            Outcome.FAILED,
            f"{MISSED}; worst GET /; 1 of 1 operation over, 20 samples",
        ),
        ("default: latency.p95 < 1s", {}, Outcome.SKIPPED, MISSED),
        (
            "default: latency.p95 < 1s",
            QUICK,
            Outcome.PASSED,
            f"{MISSED}; worst GET /; 1 operation within, 20 samples",
        ),
    ],
)
def test_benchmarks_that_were_not_timed(
    one: One, text: str, subjects: Mapping[str, Samples], outcome: Outcome, reason: str
) -> None:
    """What the project wrote for them has no data, whatever else it matches; a default says that it proves nothing."""
    trend = Trend(subjects, untimed=UNTIMED)
    row = one(trend, text)
    assert (row.outcome, row.reason) == (outcome, reason)
    if MISSED in reason:
        assert row.unproven == 2
        told = [(finding.subject, finding.message) for finding in row.findings if finding.code == "unproven"]
        assert told == [(name, "not timed: --benchmark-disable") for name in UNTIMED]
    if row.outcome is Outcome.NO_DATA:
        assert one(trend, text, narrowed="-k cart").outcome is not Outcome.NO_DATA
    if text.startswith("default: "):
        assert one(trend, text, strict=True).red


@pytest.mark.parametrize(
    ("text", "kept", "outcome", "reason"),
    [
        (
            "default: latency.p95 < 1s",
            {"p95"},
            Outcome.PASSED,
            "1 benchmark within the budget that a test gave it instead",
        ),
        ("default: latency.p95 < 1s", {"max"}, Outcome.FAILED, "worst it; 1 of 1 operation over, 20 samples"),
        (
            "default: latency.p50 > 20s",
            {"p50"},
            Outcome.FAILED,
            "worst it; 1 of 1 operation under, 20 samples",
        ),
        (
            "latency.p95 < 1s",
            {"p95"},
            Outcome.FAILED,
            "worst it; 1 of 1 operation over, 20 samples; 1 of them also within a budget of its own",
        ),
        (
            "latency.p95[it] < 11s",
            {"p95"},
            Outcome.PASSED,
            "worst it; 1 operation within, 20 samples; 1 of them also within a budget of its own",
        ),
    ],
)
def test_a_budget_stands_in_for_a_default_only(
    one: One, text: str, kept: set[str], outcome: Outcome, reason: str
) -> None:
    """A limit that the project wrote judges what a test has found within another; so does a default of another kind."""
    row = one(Trend({"it": Samples((array("q", [10**10] * 20),), budgets=frozenset(kept))}), text)
    assert (row.outcome, row.judged, row.reason) == (outcome, 1, reason)


def test_what_is_left_to_budgets_is_told_beside_the_others(judged: Judged) -> None:
    """The row of a default counts what tests have judged instead, unless another threshold owns it."""
    kept = Samples((array("q", [1] * 20),), sources={ROUNDS: 20}, budgets=frozenset({"p95"}))
    own = {f"own {number}": kept for number in (1, 2)}
    reading = {"latency": Reading(Trend({**QUICK, **own}))}
    (row,) = judged(reading, "default: latency.p95 < 1s")
    assert row.reason == (
        "worst GET /; 1 operation within, 20 samples; 2 benchmarks within the budgets that tests gave them instead"
    )
    rows = judged(reading, "default: latency.p95 < 1s", "latency.p95[own *] < 1s")
    assert [row.reason for row in rows] == [
        "worst GET /; 1 operation within, 20 samples",
        "worst own 1; 2 benchmarks within, 40 samples; 2 of them also within budgets of their own",
    ]
    (row,) = judged(reading, "latency.p95 < 1s")
    assert row.reason == (
        "worst GET /; 3 operations and benchmarks within, 60 samples; 2 of them also within budgets of their own"
    )
