"""The layout of JSON against that of the standard library."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_backend_gates.reports import json_layout
from pytest_backend_gates.reports.json_layout import laid_out

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30
)


def expected(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return what the standard library writes."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


@given(VALUES)
@settings(deadline=None)
def test_it_is_the_layout_of_the_standard_library(value: Any) -> None:  # noqa: ANN401 - the same
    """To the letter, whatever is in whatever."""
    assert laid_out(value) == expected(value)


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
    assert laid_out(value) == expected(value)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7])
def test_portions_do_not_show(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Between two portions there is a comma like any other."""
    monkeypatch.setattr(json_layout, "_PORTION", 3)
    flat = {f"{number}": number for number in range(count)}
    assert laid_out([flat, list(flat)]) == expected([flat, list(flat)])


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_does_not_have_is_refused(number: float) -> None:
    """Rather than written in a way that many readers refuse."""
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        laid_out({"a": [number]})
