"""What is asked of ordered samples."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil


def nearest_rank(ordered: Sequence[int], share: Fraction) -> int:
    """Return the smallest of the *ordered* samples such that at least *share* of them are at most as large.

    Raises ``IndexError`` without samples.
    """
    return ordered[max(1, ceil(share * len(ordered))) - 1]
