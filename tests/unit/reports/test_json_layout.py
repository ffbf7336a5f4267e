"""The layout of JSON against that of the standard library."""

import json
from fractions import Fraction
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_backend_gates.reports import json_layout
from pytest_backend_gates.reports.json_layout import VALUE, Alike, laid_out

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


def text(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return what we write."""
    return "".join(laid_out(value))


def expected(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return what the standard library writes."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


@given(VALUES)
@settings(deadline=None)
def test_it_is_the_layout_of_the_standard_library(value: Any) -> None:  # noqa: ANN401 - the same
    """To the letter, whatever is in whatever."""
    assert text(value) == expected(value)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        [[]],
        [{}],
        {"a": {}},
        {"a": []},
        "a",
        1,
        None,
        [[], 1],
        {"b": 1, "a": [1, {"c": {}}]},
        "\ud800 ä\n",
    ],
)
def test_empty_ones_and_small_ones(value: Any) -> None:  # noqa: ANN401 - the same
    """Brackets with nothing between them stay on their line."""
    assert text(value) == expected(value)


SHAPE = {"100%": VALUE, "%s": {"b": VALUE, "\n": VALUE}, "c": [], "d": 1}
ROWS = st.lists(st.tuples(SCALARS, SCALARS, SCALARS))


def filled(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return what the shape is with the values of *row*, which come in the order of the text."""
    return {"%s": {"\n": row[0], "b": row[1]}, "100%": row[2], "c": [], "d": 1}


@given(ROWS, st.integers(1, 4))
@settings(deadline=None)
def test_many_of_one_shape_are_laid_out_like_any_others(rows: list[tuple[Any, ...]], portion: int) -> None:
    """As a list and as a dictionary; where a portion ends there is a comma like any other."""
    with mock.patch.object(json_layout, "_PORTION", portion):
        assert text([Alike(SHAPE, rows), 1]) == expected([[filled(row) for row in rows], 1])
        named = [(f"{number:03}\ud800\n", *row) for number, row in enumerate(rows)]
        assert text({"a": Alike(SHAPE, named, named=True)}) == expected(
            {"a": {name: filled(tuple(row)) for name, *row in named}}
        )
        numbers = [(f"{number:03}", row[0]) for number, row in enumerate(rows)]
        assert text(Alike(VALUE, numbers, named=True)) == expected(dict(numbers))


def test_many_are_made_when_they_are_written() -> None:
    """A portion at a time: a million of them never are in memory together."""
    rows = iter([(str(number), number) for number in range(10_000)])
    parts = laid_out(Alike(VALUE, rows, named=True))
    assert next(parts) == "{\n  "
    assert next(rows) == ("2000", 2000)
    assert len("".join(parts).splitlines()) == 10_000


def test_a_fraction_becomes_the_nearest_float() -> None:
    """And whatever else JSON cannot hold is a mistake of ours."""
    assert text([Fraction(1, 3), Fraction(4)]) == expected([1 / 3, 4.0])
    with pytest.raises(TypeError, match="complex is nothing that JSON can hold"):
        text([1j])


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_does_not_have_is_refused(number: float) -> None:
    """Rather than written in a way that many readers refuse."""
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        text({"a": [number]})
