"""Samples prove what they prove, exactly."""

import random
from fractions import Fraction
from math import comb

import pytest

from pytest_backend_gates.evidence import (
    FALSE_ALARM,
    FEW,
    refuted,
    refuting_count,
    samples_needed,
)
from pytest_backend_gates.samples import nearest_rank

P95, P99 = Fraction(1, 20), Fraction(1, 100)


def probability_of_at_least(k: int, n: int, tail: Fraction) -> Fraction:
    """Add up the binomial probabilities as the textbook has them."""
    return sum((comb(n, i) * tail**i * (1 - tail) ** (n - i) for i in range(k, n + 1)), Fraction(0))


@pytest.mark.parametrize(
    ("n", "m", "count"),
    [
        # DESIGN, section 3
        (20, 24, 6),
        (100, 24, 13),
        # one subject (FIELD_NOTES, section d)
        (20, 1, 4),
        (50, 1, 6),
        (100, 1, 10),
        (200, 1, 16),
    ],
)
def test_how_many_over_the_limit_fail(n: int, m: int, count: int) -> None:
    """The documented counts of slow requests that refute a p95, for rows that judge m operations."""
    assert refuting_count(n, P95, FALSE_ALARM / m) == count
    assert refuted(n, count, P95, FALSE_ALARM / m)
    assert not refuted(n, count - 1, P95, FALSE_ALARM / m)


@pytest.mark.parametrize("tail", [P95, P99, Fraction(1, 2), Fraction(1, 3), Fraction(19, 20)])
@pytest.mark.parametrize("alarm", [FALSE_ALARM, FALSE_ALARM / 24, Fraction(1, 2)])
def test_refuted_is_the_binomial_tail(tail: Fraction, alarm: Fraction) -> None:
    """For all n to 60 and all k, refuting agrees with a plain sum of fractions, and so does the count."""
    for n in range(61):
        terms = [comb(n, i) * tail**i * (1 - tail) ** (n - i) for i in range(n + 1)]
        beyond, expected = Fraction(0), []
        for k in range(n, -1, -1):
            beyond += terms[k]
            expected.append(beyond < alarm)
        expected.reverse()
        assert [refuted(n, k, tail, alarm) for k in range(n + 1)] == expected, n
        assert refuting_count(n, tail, alarm) == (expected.index(True) if True in expected else None), n


def test_more_slow_requests_never_prove_less() -> None:
    """Refuting is monotonic in k, for large n too."""
    for n in (61, 500, 3000):
        proofs = [refuted(n, k, P95, FALSE_ALARM / 10) for k in range(n + 1)]
        assert proofs == sorted(proofs)
        assert proofs.index(True) == refuting_count(n, P95, FALSE_ALARM / 10)


def test_large_samples_agree_with_the_sum() -> None:
    """Stopping early does not change the answer where the sum is long."""
    for k in (60, 70, 71, 72, 73, 90):
        alarm = FALSE_ALARM / 24
        assert refuted(1000, k, P95, alarm) is (probability_of_at_least(k, 1000, P95) < alarm), k


def test_a_share_of_exactly_the_tail_proves_nothing() -> None:
    """Five slow requests of a hundred are what a p95 allows."""
    assert not refuted(100, 5, P95, FALSE_ALARM)
    assert not refuted(100, 0, P95, FALSE_ALARM)
    assert not refuted(0, 0, P95, FALSE_ALARM)


def test_too_few_samples_cannot_refute() -> None:
    """One slow request of one is no proof, two of two are."""
    assert refuting_count(1, P95, FALSE_ALARM) is None
    assert refuting_count(2, P95, FALSE_ALARM) == 2
    assert refuting_count(0, P95, FALSE_ALARM) is None


@pytest.mark.parametrize(
    ("tail", "needed"),
    [
        (P95, 20),
        (P99, 100),
        (Fraction(1, 1000), 1000),
        (Fraction(1, 2), 2),
        (Fraction(1, 3), 3),
        (Fraction(3, 100), 34),
    ],
)
def test_samples_needed(tail: Fraction, needed: int) -> None:
    """A percentile needs as many samples as it takes for one of them to lie beyond it."""
    assert samples_needed(tail) == needed


def test_constants() -> None:
    """The numbers that DESIGN promises."""
    assert (Fraction(5, 100), 20) == (FALSE_ALARM, FEW)


@pytest.mark.parametrize(
    ("samples", "share", "value"),
    [
        (range(1, 21), Fraction(95, 100), 19),
        (range(1, 6), Fraction(95, 100), 5),
        (range(1, 101), Fraction(99, 100), 99),
        (range(1, 101), Fraction(999, 1000), 100),
        (range(1, 5), Fraction(1, 2), 2),
        ([7], Fraction(95, 100), 7),
        (range(1, 11), Fraction(1, 100), 1),
    ],
)
def test_nearest_rank_of_small_lists(samples: list[int], share: Fraction, value: int) -> None:
    """The nearest-rank percentile is one of the samples."""
    assert nearest_rank(list(samples), share) == value


def test_nearest_rank_is_its_definition() -> None:
    """It is the smallest sample such that at least the share of all samples are at most as large."""
    dice = random.Random(5)  # noqa: S311 - a seed, no secret
    for _ in range(300):
        ordered = sorted(dice.randrange(50) for _ in range(dice.randrange(1, 80)))
        share = Fraction(dice.randrange(1, 1000), 1000)
        defined = min(
            one for one in ordered if sum(other <= one for other in ordered) >= share * len(ordered)
        )
        assert nearest_rank(ordered, share) == defined


def test_no_percentile_of_nothing() -> None:
    """Nothing has no percentile."""
    with pytest.raises(IndexError):
        nearest_rank([], Fraction(1, 2))
