"""Quantities are printed as they compare."""

import random
from fractions import Fraction

import pytest

from pytest_backend_gates.units import (
    OPERATORS,
    SIDES,
    UNITS,
    badness,
    decimal_text,
    in_unit,
    quantity_text,
    shown_beside,
    units_of,
)


@pytest.mark.parametrize(
    ("base", "units"),
    [("%", ("%",)), ("s", ("s", "ms", "us")), ("B", ("B", "KiB", "MiB")), ("/s", ("/s",)), ("ms", ())],
)
def test_units_of_a_dimension(base: str, units: tuple[str, ...]) -> None:
    """A value may be written in the units of its own dimension only."""
    assert units_of(base) == units


@pytest.mark.parametrize(
    ("value", "unit", "converted"),
    [
        (Fraction(1, 10), "ms", Fraction(100)),
        (Fraction(1, 1_000_000), "us", Fraction(1)),
        (2048, "KiB", Fraction(2)),
        (512 * 1024, "MiB", Fraction(1, 2)),
        (80, "%", Fraction(80)),
        (7, None, Fraction(7)),
    ],
)
def test_conversion_is_exact(value: int | Fraction, unit: str | None, converted: Fraction) -> None:
    """Conversion multiplies fractions, never floats."""
    assert in_unit(value, unit) == converted


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0, None, "0"),
        (1234567, None, "1,234,567"),
        (Fraction("99.50"), None, "99.5"),
        (Fraction(1, 8), None, "0.125"),
        (Fraction(1, 3), 2, "0.33"),
        (Fraction(2, 3), 0, "1"),
        (Fraction("-0.04"), 1, "0"),
        (Fraction("-1234.5"), 1, "-1,234.5"),
        (Fraction("79.996"), 2, "80"),
        (100, 2, "100"),
        (Fraction("0.0005"), 4, "0.0005"),
    ],
)
def test_decimal_text(value: int | Fraction, places: int | None, text: str) -> None:
    """Trailing zeros go, thousands are grouped, and nothing is minus zero."""
    assert decimal_text(value, places) == text


def test_no_exact_text_of_a_third() -> None:
    """A number without a finite decimal text is not silently rounded."""
    with pytest.raises(ValueError, match=r"^1/3 has no finite decimal text$"):
        decimal_text(Fraction(1, 3))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (80, "%", "80%"),
        (Fraction(1, 10), "ms", "100 ms"),
        (Fraction("0.0000015"), "us", "1.5 us"),
        (1024, "KiB", "1 KiB"),
        (1500, "/s", "1,500/s"),
        (10, None, "10"),
    ],
)
def test_quantity_text(value: int | Fraction, unit: str | None, text: str) -> None:
    """Percent and rates stick to the number, other units follow a space."""
    assert quantity_text(value, unit) == text


@pytest.mark.parametrize(
    ("value", "operator", "limit", "unit", "text"),
    [
        ("79.996", ">", "80", "%", "79.996%"),
        ("80.004", ">", "80", "%", "80.004%"),
        ("80", ">", "80", "%", "80%"),
        ("87.333", ">", "80", "%", "87.3%"),
        ("79.96", ">", "80", "%", "79.96%"),
        ("99.98", ">", "80", "%", "99.98%"),
        ("0.01", ">", "80", "%", "0.01%"),
        ("99.99999", "==", "100", "%", "99.99999%"),
        ("0.0999996", "<", "0.1", "ms", "99.9996 ms"),
        ("0.0784321", "<", "0.1", "ms", "78.4 ms"),
        ("1.2345", "<", "0.1", "ms", "1,234 ms"),
        ("0.0004", "<", "1", "s", "0.0004 s"),
        ("0.000412345", "<", "1", "s", "0.000412 s"),
        ("1.23456", "<", "1", "s", "1.23 s"),
        ("14", "<", "10", None, "14"),
        ("10.0001", "<=", "10", None, "10.0001"),
        ("1048577", "<=", "1048576", "MiB", "1.000001 MiB"),
        ("0", "==", "0", None, "0"),
        ("512", "<", "1024", "KiB", "0.5 KiB"),
    ],
)
def test_shown_beside(value: str, operator: str, limit: str, unit: str | None, text: str) -> None:
    """Three significant digits where that is honest, more where it is not."""
    assert shown_beside(Fraction(value), Fraction(limit), operator, unit) == text


def test_asked_places_yield_to_the_limit() -> None:
    """A caller may ask for fewer places, but not for a lie."""
    assert shown_beside(Fraction("87.333"), 80, ">", "%", places=0) == "87%"
    assert shown_beside(Fraction("79.6"), 80, ">", "%", places=0) == "79.6%"


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("unit", [None, *UNITS])
def test_what_is_printed_compares_as_what_was_measured(operator: str, unit: str | None) -> None:
    """Of many values around many limits, the printed one is on the same side, and equal only if it is."""
    dice = random.Random(f"{operator} {unit}")  # noqa: S311 - a seed, no secret
    size = UNITS[unit][1] if unit else Fraction(1)
    for _ in range(300):
        limit = Fraction(dice.randrange(0, 20_000), dice.choice([1, 10, 100]))
        offset = Fraction(dice.randrange(-50, 51), dice.choice([1, 7, 300, 10**4, 10**7]))
        value = abs(limit + offset)
        text = shown_beside(value * size, limit * size, operator, unit)
        printed = Fraction(text.replace(",", "").removesuffix(unit or "").strip())
        compare = OPERATORS[operator]
        assert compare(printed, limit) is compare(value, limit), (value, limit, text)
        assert (printed == limit) is (value == limit), (value, limit, text)
        assert (printed == 0) is (value == 0), (value, limit, text)
        if unit == "%":
            assert (printed == 100) is (value == 100), (value, limit, text)


@pytest.mark.parametrize(
    ("operator", "worst_first"),
    [("<", [20, 10, 1]), ("<=", [20, 10, 1]), (">", [1, 10, 20]), (">=", [1, 10, 20]), ("==", [20, 1, 10])],
)
def test_badness_orders_by_the_wrong_side(operator: str, worst_first: list[int]) -> None:
    """The worst is the largest over an upper limit, the smallest under a lower one, the farthest otherwise."""
    assert sorted([1, 10, 20], key=lambda value: badness(value, 10, operator), reverse=True) == worst_first


def test_every_operator_has_a_wrong_side() -> None:
    """A new operator needs a word for what is not within its limit."""
    assert SIDES.keys() == OPERATORS.keys()
