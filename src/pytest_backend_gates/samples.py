"""How samples are held, how they travel, and what is asked of them in order.

They are whole numbers in arrays, each as narrow as its largest sample allows: a million takes a few megabytes.
"""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Sequence
from fractions import Fraction
from struct import calcsize, pack, unpack
from typing import Final
from zlib import compress, decompress

#: The type codes of arrays of samples, the narrowest first: 1, 2, 4 and 8 bytes a sample.
WIDTHS: Final = "BHIq"


def fitting(samples: Sequence[int]) -> "array[int]":
    """Return the narrowest array of *samples*. Raises ``OverflowError`` beyond 8 bytes."""
    for width in WIDTHS[:-1]:
        try:
            return array(width, samples)
        except OverflowError:
            pass
    return array(WIDTHS[-1], samples)


def widened(run: "array[int]", samples: Sequence[int]) -> "array[int]":
    """Return *run*, or a wider copy of it that *samples* can be appended to."""
    width = max(run.typecode, fitting(samples).typecode, key=WIDTHS.index)
    return run if run.typecode == width else array(width, run)


def packed(run: "array[int]") -> str:
    """Write an array as a text that JSON holds: its width, then its bytes, the lowest first, compressed."""
    width = run.typecode if run.typecode in WIDTHS else fitting(run).typecode
    return width + b64encode(compress(pack(f"<{len(run)}{width}", *run), level=1)).decode("ascii")


def unpacked(text: str) -> "array[int]":
    """Read what :func:`packed` wrote."""
    width, samples = text[0], decompress(b64decode(text[1:]))
    return array(width, unpack(f"<{len(samples) // calcsize('<' + width)}{width}", samples))


def nearest_rank(ordered: Sequence[int], share: Fraction) -> int:
    """Return the smallest of the *ordered* samples such that at least *share* of them are at most as large.

    Raises ``IndexError`` without samples.
    """
    rank = -(-share.numerator * len(ordered) // share.denominator)  # rounded up
    return ordered[max(1, rank) - 1]
