"""A rate of a sample proves nothing with too few of it; a rate of all there is needs no proof."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import Rate, Ratio, Reading
from pytest_backend_gates.model import Outcome, Verdict

Judged = Callable[..., tuple[Verdict, ...]]


@pytest.fixture
def errors(judged: Judged) -> Callable[..., Verdict]:
    """Judge *hits* of *total* requests by one threshold."""

    def judge(text: str, hits: int, total: int, *, sampled: bool = True, strict: bool = False) -> Verdict:
        rate = Rate({"GET /a": Ratio(hits, total)}, of="requests", sampled=sampled)
        (row,) = judged({"errors": Reading(rate)}, text, strict=strict)
        return row

    return judge


Errors = Callable[..., Verdict]


@pytest.mark.parametrize(
    ("text", "seen", "outcome", "reason"),
    [
        (
            "errors < 0.1%",
            (0, 5),
            Outcome.SKIPPED,
            "0 of 5 requests, 1 operation; 1,000 needed to prove 0.1%",
        ),
        (
            "errors < 0.1%",
            (0, 999),
            Outcome.SKIPPED,
            "0 of 999 requests, 1 operation; 1,000 needed to prove 0.1%",
        ),
        ("errors < 0.1%", (0, 1000), Outcome.PASSED, "0 of 1,000 requests, 1 operation"),
        ("errors < 0.1%", (1, 1000), Outcome.FAILED, "1 of 1,000 requests, 1 operation"),
        ("errors <= 0.1%", (1, 1000), Outcome.PASSED, "1 of 1,000 requests, 1 operation"),
        ("errors < 0.1%", (1, 1001), Outcome.PASSED, "1 of 1,001 requests, 1 operation"),
        ("errors < 0.1%", (1, 5), Outcome.FAILED, "1 of 5 requests, 1 operation"),
        (
            "errors < 0.3%",
            (0, 333),
            Outcome.SKIPPED,
            "0 of 333 requests, 1 operation; 334 needed to prove 0.3%",
        ),
        ("errors < 0.3%", (0, 334), Outcome.PASSED, "0 of 334 requests, 1 operation"),
        ("errors <= 0%", (0, 2), Outcome.PASSED, "0 of 2 requests, 1 operation"),
        ("errors == 0%", (0, 2), Outcome.PASSED, "0 of 2 requests, 1 operation"),
        ("errors == 0%", (1, 2000), Outcome.FAILED, "1 of 2,000 requests, 1 operation"),
        ("errors < 100%", (0, 2), Outcome.PASSED, "0 of 2 requests, 1 operation"),
        ("errors >= 99%", (9, 10), Outcome.FAILED, "9 of 10 requests, 1 operation"),
        (
            "errors > 80%",
            (4, 5),
            Outcome.FAILED,
            "4 of 5 requests, 1 operation",
        ),
        (
            "errors >= 80%",
            (3, 4),
            Outcome.FAILED,
            "3 of 4 requests, 1 operation",
        ),
        (
            "errors > 60%",
            (1, 2),
            Outcome.FAILED,
            "1 of 2 requests, 1 operation",
        ),
        (
            "errors >= 60%",
            (2, 3),
            Outcome.PASSED,
            "2 of 3 requests, 1 operation",
        ),
        (
            "errors > 80%",
            (3, 3),
            Outcome.SKIPPED,
            "3 of 3 requests, 1 operation; 5 needed to prove 80%",
        ),
    ],
)
def test_too_few_of_a_sample_prove_nothing(
    errors: Errors, text: str, seen: tuple[int, int], outcome: Outcome, reason: str
) -> None:
    """So many are needed that one hit (or one miss) among them would not yet be over the limit."""
    row = errors(text, *seen)
    assert (row.outcome, row.reason, row.red) == (outcome, reason, outcome is Outcome.FAILED)
    assert row.value == Fraction(100 * seen[0], seen[1])
    assert row.unproven == (1 if outcome is Outcome.SKIPPED else 0)
    assert (row.relax is None) is (outcome is not Outcome.FAILED)


def test_strict_makes_the_unproven_red(errors: Errors) -> None:
    """Whoever asks for proof gets none from five requests."""
    row = errors("errors < 0.1%", 0, 5, strict=True)
    assert (row.outcome, row.red, row.relax) == (Outcome.SKIPPED, True, "errors off")


def test_all_there_is_needs_no_proof(errors: Errors) -> None:
    """The rate of a project's lines is what it is, however few they are."""
    row = errors("errors < 0.1%", 0, 5, sampled=False)
    assert (row.outcome, row.reason) == (Outcome.PASSED, "0 of 5 requests, 1 operation")
    assert row == replace(row, unproven=0, hits=0, total=5, judged=1)


def test_a_selection_is_judged_by_its_own_requests(judged: Judged) -> None:
    """What another operation was asked proves nothing for this one."""
    rate = Rate({"GET /a": Ratio(0, 990), "GET /b": Ratio(0, 10)}, of="requests", sampled=True)
    rows = judged({"errors": Reading(rate)}, "errors < 0.1%", "errors[GET /b] < 0.1%")
    assert [(row.outcome, row.reason) for row in rows] == [
        (Outcome.PASSED, "0 of 1,000 requests, 2 operations"),
        (Outcome.SKIPPED, "0 of 10 requests, 1 operation; 1,000 needed to prove 0.1%"),
    ]
