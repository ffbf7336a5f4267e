"""A gauge in columns is a mapping of points like any other."""

from fractions import Fraction

import pytest

from pytest_backend_gates.blocks import Blocks, Columns, in_columns
from pytest_backend_gates.measurements import Finding, Gauge, Point

APP = Columns("src/app.py", ["C.f", "g"], [3, Fraction(1, 2)], [1, None], [9, None])
ODD = Columns("a::b.py", ["f"], [7], [4], [5])
POINTS = {
    "src/app.py::C.f": Point(3, "src/app.py", 1, 9),
    "src/app.py::g": Point(Fraction(1, 2), "src/app.py"),
    "a::b.py::f": Point(7, "a::b.py", 4, 5),
}


def test_blocks_are_points_by_subject() -> None:
    """Equal to the dictionary of them, also within a gauge."""
    blocks = Blocks([APP, ODD])
    assert dict(blocks) == blocks == POINTS
    assert Gauge(blocks) == Gauge(POINTS)
    assert (len(blocks), len(Blocks([])), bool(Blocks([Columns("a.py", [], [], [], [])]))) == (3, 0, False)
    assert repr(blocks) == f"Blocks({POINTS!r})"


@pytest.mark.parametrize("subject", ["src/app.py", "src/app.py::h", "src/b.py::g", "g", "", "src/app.py::"])
def test_what_was_not_measured_is_no_key(subject: str) -> None:
    """Neither a file nor a block of another."""
    assert subject not in Blocks([APP, ODD])
    with pytest.raises(KeyError):
        Blocks([APP, ODD])[subject]


def test_any_mapping_has_columns() -> None:
    """Blocks those that they were made of, others all together, with the paths of their points."""
    assert in_columns(Blocks([APP, ODD])) == (APP, ODD)
    (columns,) = in_columns(POINTS | {"a test": Point(1)})
    assert columns.subjects() == [*POINTS, "a test"]
    assert [columns.point(place) for place in range(len(columns))] == [*POINTS.values(), Point(1)]


@pytest.mark.parametrize("columns", [APP, in_columns(POINTS)[0]])
def test_some_of_them(columns: Columns) -> None:
    """By their subjects, by their values; what is said of one has all that its point has."""
    assert columns.places({3, 7}) == [0, 2][: len(columns) - 1]
    assert columns.places({Fraction(1, 2)}) == [1]
    some = columns.among({"src/app.py::g", "elsewhere"})
    assert (some.subjects(), some.point(0)) == (["src/app.py::g"], POINTS["src/app.py::g"])
    assert columns.finding(0, "3 > 2", "m") == Finding(
        "src/app.py::C.f", "3 > 2", 3, "src/app.py", 1, 9, "m", identity="src/app.py::C.f"
    )
