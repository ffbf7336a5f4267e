"""What a test may record, and what is said of anything else."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import Metric, Number, Ratio
from pytest_backend_gates.own_metrics import read_metric
from pytest_backend_gates.recorded import OwnMetrics, RecordError

DECLARED = {
    own.metric.name: own
    for own in map(
        read_metric,
        (
            "emails.sent: counter",
            "cache.hits: rate",
            "queue.depth: gauge",
            "load: gauge %",
            "size: gauge KiB",
            "import.time: trend ms",
            "import.size: trend MiB",
            "score: trend",
        ),
    )
}


class Kept:
    """Takes what is recorded."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str, str, Number | Ratio]] = []

    def keep(self, metric: Metric, subject: str, test: str, value: Number | Ratio) -> None:
        self.all.append((metric.name, subject, test, value))


@pytest.fixture
def kept() -> Kept:
    """Return what takes the records."""
    return Kept()


@pytest.fixture
def record(kept: Kept) -> Callable[..., None]:
    """Return the method that a test of a project calls."""
    return OwnMetrics(DECLARED, "tests/test_a.py::test_a", kept).record


@pytest.mark.parametrize(
    ("name", "value", "of", "as_kept"),
    [
        ("emails.sent", 3, None, 3),
        ("emails.sent", 0, None, 0),
        ("cache.hits", True, None, Ratio(1, 1)),
        ("cache.hits", False, None, Ratio(0, 1)),
        ("cache.hits", 9, 10, Ratio(9, 10)),
        ("cache.hits", 0, 0, Ratio(0, 0)),
        ("queue.depth", 12, None, 12),
        ("queue.depth", -0.1, None, Fraction(-1, 10)),
        ("queue.depth", 1e-7, None, Fraction(1, 10**7)),
        ("queue.depth", Decimal("1.10"), None, Fraction(11, 10)),
        ("queue.depth", Fraction(1, 3), None, Fraction(1, 3)),
        ("load", 99.5, None, Fraction(199, 2)),
        ("size", 1.5, None, 1536),
        ("import.time", 0.25, None, 250_000),
        ("import.time", 1e-7, None, 0),
        ("import.size", 2, None, 2 * 1024 * 1024),
        ("score", 0.1, None, 100_000),
    ],
)
def test_values_are_kept_exactly(
    kept: Kept, name: str, value: float, of: int | None, as_kept: Number | Ratio
) -> None:
    """In base units, a float as the decimal that it prints as; samples in whole ticks, nanoseconds or bytes."""
    test = "tests/test_a.py::test_a"
    OwnMetrics(DECLARED, test, kept).record(name, value, of=of)
    assert kept.all == [(name, test, test, as_kept)]


def test_one_event_is_the_default(record: Callable[..., None], kept: Kept) -> None:
    """A counter counts one, for the test or for another subject."""
    record("emails.sent")
    record("emails.sent", subject="import")
    test = "tests/test_a.py::test_a"
    assert kept.all == [("emails.sent", test, test, 1), ("emails.sent", "import", test, 1)]


HOW = "record True or False, or hits with of=total; got"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("emails.sent", {"value": -1}, "'emails.sent' counts: record a whole number, 0 or more; got -1"),
        ("emails.sent", {"value": 1.0}, "'emails.sent' counts: record a whole number, 0 or more; got 1.0"),
        ("emails.sent", {"value": True}, "'emails.sent' counts: record a whole number, 0 or more; got True"),
        ("cache.hits", {"value": 1}, f"'cache.hits' is a rate: {HOW} 1"),
        ("cache.hits", {"value": 3, "of": 2}, f"'cache.hits' is a rate: {HOW} 3 of 2"),
        ("cache.hits", {"value": True, "of": 2}, f"'cache.hits' is a rate: {HOW} True of 2"),
        ("cache.hits", {"value": 0.5, "of": 1}, f"'cache.hits' is a rate: {HOW} 0.5 of 1"),
        ("queue.depth", {"value": "3"}, "'queue.depth' is a gauge: record a number; got '3'"),
        ("queue.depth", {"value": float("nan")}, "'queue.depth' is a gauge: record a number; got nan"),
        ("queue.depth", {"value": float("inf")}, "'queue.depth' is a gauge: record a number; got inf"),
        ("queue.depth", {"value": Decimal("NaN")}, "'queue.depth' is a gauge: record a number; got Decimal('NaN')"),
        ("queue.depth", {"value": True}, "'queue.depth' is a gauge: record a number; got True"),
        ("queue.depth", {"value": 1, "of": 2}, "'queue.depth' is a gauge: only a rate has 'of'"),
        ("queue.depth", {"value": 1, "subject": " "}, "'queue.depth': a subject has a name; got ' '"),
        ("import.time", {"value": 10**13}, "'import.time': 10000000000000 is too large for a sample"),
        ("import.time", {"value": None}, "'import.time' is a trend: record a number; got None"),
    ],
)  # fmt: skip
def test_what_cannot_be_recorded(
    record: Callable[..., None], kept: Kept, name: str, arguments: dict[str, object], message: str
) -> None:
    """The message says what the metric is and what may be recorded; nothing is kept."""
    with pytest.raises(RecordError) as caught:
        record(name, **arguments)
    assert (str(caught.value), kept.all) == (f"backend_gates: {message}", [])


def test_a_name_that_is_not_declared(record: Callable[..., None]) -> None:
    """The names that are declared are told, the nearest one first."""
    with pytest.raises(RecordError) as caught:
        record("emails.snet")
    assert str(caught.value) == (
        "backend_gates: 'emails.snet' is not declared; did you mean 'emails.sent'? allowed: emails.sent,"
        " cache.hits, queue.depth, load, size, import.time, import.size, score"
    )


def test_without_the_gates_the_same_is_a_mistake() -> None:
    """Nothing is kept, and what is wrong is as wrong as with them."""
    off = OwnMetrics(DECLARED, "tests/test_a.py::test_a", None)
    off.record("emails.sent", 5)
    with pytest.raises(RecordError, match=r"^backend_gates: 'emails.sent' counts: "):
        off.record("emails.sent", -5)
    with pytest.raises(
        RecordError, match=r"'x' is not declared; nothing is declared in backend_gates_metrics$"
    ):
        OwnMetrics({}, "t", None).record("x")
