"""When samples prove something about a percentile, and when they do not.

A percentile is the nearest-rank one, an observed sample. Under the claim "at most a share *p* of all
requests is slower than the limit", the number of slower ones among *n* independent samples is at most
binomial with *n* and *p*. The claim is refuted by *k* slower ones when P(Binomial(n, p) >= k) is below
the tolerated chance of a false alarm. Everything is decided in integers.
"""

from fractions import Fraction
from functools import lru_cache
from math import ceil, comb, floor
from typing import Final

#: One run's chance of any false alarm on a row, shared by the subjects that the row judges.
FALSE_ALARM: Final = Fraction(5, 100)
#: Fewer samples than this say too little about a mean, a median or an extreme.
FEW: Final = 20


def samples_needed(tail: Fraction) -> int:
    """Return how many samples a percentile needs whose tail is *tail*: 20 for p95, 100 for p99."""
    return ceil(1 / tail)


@lru_cache(maxsize=4096)
def refuted(n: int, k: int, tail: Fraction, alarm: Fraction) -> bool:
    """Whether P(Binomial(*n*, *tail*) >= *k*) < *alarm*, decided exactly; *alarm* is at most 1/2.

    Up to the mean the probability is at least one half, because a binomial's median is at least
    floor(n p) (Kaas and Buhrman, Statistica Neerlandica 34, 1980).
    """
    if k <= n * tail:
        return False
    hit, miss, whole = tail.numerator, tail.denominator - tail.numerator, tail.denominator
    limit = alarm.numerator * whole**n
    term = alarm.denominator * comb(n, k) * hit**k * miss ** (n - k)
    sum_of_terms = 0
    for i in range(k, n + 1):
        sum_of_terms += term
        if sum_of_terms >= limit:
            return False
        if sum_of_terms + term * (n - i) < limit:  # beyond the mean every term is smaller than the last
            break
        term = term * (n - i) * hit // ((i + 1) * miss)
    return True


@lru_cache(maxsize=4096)
def refuting_count(n: int, tail: Fraction, alarm: Fraction) -> int | None:
    """Return the smallest k that refutes, or ``None`` when even *n* of *n* would not."""
    if not refuted(n, n, tail, alarm):
        return None
    low = floor(n * tail)  # never refutes
    step = 1
    while not refuted(n, high := min(n, low + step), tail, alarm):
        low, step = high, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if refuted(n, middle, tail, alarm) else (middle, high)
    return high
