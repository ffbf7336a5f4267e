"""Quantities: one table for reading and for printing them.

A value is held exactly, as an integer or a fraction of its *base unit* (``%`` from 0 to 100, ``s``,
``B``, ``/s``, or no unit). What is printed is rounded, but never across the limit it is shown beside.
"""

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Final

Number = int | Fraction

#: Unit as written -> (base unit of its dimension, how many base units it is).
UNITS: Final[dict[str, tuple[str, Fraction]]] = {
    "%": ("%", Fraction(1)),
    "s": ("s", Fraction(1)),
    "ms": ("s", Fraction(1, 1000)),
    "us": ("s", Fraction(1, 1_000_000)),
    "B": ("B", Fraction(1)),
    "KiB": ("B", Fraction(1024)),
    "MiB": ("B", Fraction(1024 * 1024)),
    "/s": ("/s", Fraction(1)),
}

#: The comparison operators of the threshold language.
OPERATORS: Final[dict[str, Callable[[Number, Number], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


#: Where a value lies that is not within the limit.
SIDES: Final = {"<": "over", "<=": "over", ">": "under", ">=": "under", "==": "unequal to"}


def badness(value: Number, limit: Number, symbol: str) -> Number:
    """Return a number that is the larger the farther *value* is on the wrong side of *limit*."""
    if symbol == "==":
        return abs(Fraction(value) - limit)
    return -value if symbol.startswith(">") else value


def units_of(base: str | None) -> tuple[str, ...]:
    """Return the units in which a value of the base unit *base* may be written."""
    return tuple(unit for unit, (its_base, _) in UNITS.items() if its_base == base)


def in_unit(value: Number, unit: str | None) -> Fraction:
    """Convert *value* from its base unit to *unit*."""
    return Fraction(value) / (UNITS[unit][1] if unit else 1)


def decimal_text(value: Number, places: int | None = None) -> str:
    """Write *value* with at most *places* decimals (exactly, when ``None``), without trailing zeros.

    Raises ``ValueError`` when asked for the exact text of a number that has no finite one.
    """
    value = Fraction(value)
    if places is None:
        places = _decimals(value)
    digits = f"{abs(round(value * 10**places)):0{places + 1}d}"
    whole, part = (digits[:-places], digits[-places:].rstrip("0")) if places else (digits, "")
    sign = "-" if value < 0 and digits.strip("0") else ""
    return f"{sign}{int(whole):,}" + (f".{part}" if part else "")


def _decimals(value: Fraction) -> int:
    places, rest = 0, value.denominator
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        places = max(places, count)
    if rest != 1:
        raise ValueError(f"{value} has no finite decimal text")
    return places


def quantity_text(value: Number, unit: str | None) -> str:
    """Write *value* (in base units) exactly, in *unit*: ``100 ms``, ``80%``, ``10``."""
    return _with_unit(decimal_text(in_unit(value, unit)), unit)


def shown_beside(
    value: Number, limit: Number, symbol: str, unit: str | None, *, places: int | None = None
) -> str:
    """Write *value* rounded, in *unit*, such that the printed number compares with *limit* as the exact one.

    79.996 beside ``> 80`` is ``79.996``, never ``80``; nothing but 100 is ``100%`` and nothing but zero is ``0``.
    Without *places*, at least three significant digits, and one decimal of a percentage.
    """
    compare = OPERATORS[symbol]
    truth = compare(value, limit)
    scaled, scaled_limit = in_unit(value, unit), in_unit(limit, unit)
    if places is None:
        places = _places_for(scaled, unit)
    while True:
        rounded = round(scaled, places)
        if compare(rounded, scaled_limit) is truth and all(
            (rounded == special) is (scaled == special)
            for special in (scaled_limit, 0, 100 if unit == "%" else 0)
        ):
            return _with_unit(decimal_text(scaled, places), unit)
        places += 1


def _places_for(scaled: Fraction, unit: str | None) -> int:
    if scaled.denominator == 1:
        return 0
    if unit == "%":
        return 1
    places = 0
    while abs(scaled) * 10**places < 100:
        places += 1
    return places


def _with_unit(text: str, unit: str | None) -> str:
    if not unit:
        return text
    return text + unit if unit in ("%", "/s") else f"{text} {unit}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 file`` or ``2,000 files``; *many* is the plural where an ``s`` does not make it."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {many or one + 's'}"
