"""What another plugin hands over, looked at before the judge sees it."""

from array import array
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Kind,
    Metric,
    Point,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.well_formed import checked, metric_fault

RATE = Metric("a.rate", Kind.RATE, "%", "a", "file")
COUNTER = Metric("a.counter", Kind.COUNTER, None, "a", "finding")
GAUGE = Metric("a.gauge", Kind.GAUGE, "B", "a", "file")
TREND = Metric("a.trend", Kind.TREND, "s", "a", "operation", 10**9)
ALL = (RATE, COUNTER, GAUGE, TREND)

GOOD = {
    "a.rate": Reading(Rate({"x": Ratio(1, 2), "y": Ratio(0, 0)})),
    "a.counter": Reading(Counter((Finding("x", "bad"),), frozenset(["x"]), tallies={"x": 3})),
    "a.gauge": Reading(Gauge({"x": Point(1), "y": Point(Fraction(1, 3))})),
    "a.trend": Reading(Trend({"x": Samples((array("q", [1, 2]),))})),
}


@pytest.mark.parametrize("metric", ALL)
def test_good_metrics(metric: Metric) -> None:
    """There is nothing to say of them."""
    assert metric_fault(metric) is None


@pytest.mark.parametrize("readings", [GOOD, {}, {"a.rate": Reading(unavailable="no traffic")}])
def test_good_readings(readings: dict[str, Reading]) -> None:
    """They come through as they are."""
    assert checked(ALL, readings) == readings


#: Of a gauge in bytes, what is changed, and what is said.
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"name": 3}, "3 is not a name of a metric: letters, digits and _, with dots between"),
    ({"name": "a..b"}, "'a..b' is not a name of a metric: letters, digits and _, with dots between"),
    ({"kind": "gauge"}, "its metric 'm': 'gauge' is not a Kind"),
    ({"unit": "KiB"}, "its metric 'm': 'KiB' is not a base unit: %, /s, B, s"),
    ({"kind": Kind.RATE}, "its metric 'm': the unit of a rate is '%'"),
    ({"kind": Kind.COUNTER, "unit": "%"}, "its metric 'm': the unit of a counter is None"),
    ({"kind": Kind.COUNTER}, "its metric 'm': the unit of a counter is None"),
    ({"gate": "a,b"}, "its metric 'm': 'a,b' is not a name of a gate"),
    ({"subject": ""}, "its metric 'm': it does not say what one subject is"),
    ({"ticks": 0}, "its metric 'm': ticks are a whole number from 1 on; got 0"),
    ({"ticks": 1.5}, "its metric 'm': ticks are a whole number from 1 on; got 1.5"),
]


@pytest.mark.parametrize(("changes", "fault"), FAULTS)
def test_metrics_that_cannot_be(changes: dict[str, Any], fault: str) -> None:
    """The first fault is told."""
    plain: dict[str, Any] = {"name": "m", "kind": Kind.GAUGE, "unit": "B", "gate": "g", "subject": "file"}
    assert metric_fault(Metric(**{**plain, **changes})) == fault


def test_what_is_no_metric() -> None:
    """An object of another type is named by it: its value may be long, or secret."""
    assert metric_fault("password") == "an object of the type str is not a Metric"


WRONG = "reduce() returned for"
RATIO = "expected hits of a total, in whole numbers, no more hits than total"
#: Metric -> measurement, and what is said of it.
MEASUREMENTS: list[tuple[str, Any, str]] = [
    ("a.rate", Gauge({}), "a Gauge: a rate is a Rate"),
    ("a.rate", Rate({"x": Ratio(3, 2)}), f"a wrong value of 'x': {RATIO}"),
    ("a.rate", Rate({"x": Ratio(-1, 2)}), f"a wrong value of 'x': {RATIO}"),
    ("a.rate", Rate({"x": Ratio(0.5, 2)}), f"a wrong value of 'x': {RATIO}"),  # type: ignore[arg-type]
    ("a.rate", Rate({"x": (1, 2)}), f"a wrong value of 'x': {RATIO}"),  # type: ignore[dict-item]
    ("a.rate", Rate({1: Ratio(1, 2)}), "the subject 1: a subject is a text"),  # type: ignore[dict-item]
    ("a.counter", Counter(("bad",), frozenset()), "findings that are no tuple of Findings"),  # type: ignore[arg-type]
    ("a.counter", Counter([], frozenset()), "findings that are no tuple of Findings"),  # type: ignore[arg-type]
    ("a.counter", Counter((), frozenset([None])), "the subject None: a subject is a text"),  # type: ignore[list-item]
    ("a.counter", Counter((), frozenset(), tallies={"x": -1}), "a wrong value of 'x': expected a whole number from 0 on"),
    ("a.gauge", Gauge({"x": Point(0.5)}), "a wrong value of 'x': expected a Point with an int or a Fraction"),  # type: ignore[arg-type]
    ("a.gauge", Gauge({"x": Point(1.0)}), "a wrong value of 'x': expected a Point with an int or a Fraction"),  # type: ignore[arg-type]
    ("a.gauge", Gauge({"x": 3}), "a wrong value of 'x': expected a Point with an int or a Fraction"),  # type: ignore[dict-item]
    ("a.trend", Trend({"x": Samples((array("d", [1]),))}), "a wrong value of 'x': expected Samples with a tuple of arrays of whole numbers"),  # type: ignore[arg-type]
    ("a.trend", Trend({"x": [1, 2]}), "a wrong value of 'x': expected Samples with a tuple of arrays of whole numbers"),  # type: ignore[dict-item]
]  # fmt: skip


@pytest.mark.parametrize(("metric", "measurement", "fault"), MEASUREMENTS)
def test_measurements_that_cannot_be_judged(metric: str, measurement: Any, fault: str) -> None:  # noqa: ANN401 - of any type
    """What would make the judge wrong, or fail, is a ``ValueError``."""
    with pytest.raises(ValueError, match=r"^reduce\(\) returned for ") as caught:
        checked(ALL, {metric: Reading(measurement)})
    assert str(caught.value) == f"{WRONG} '{metric}' {fault}"


@pytest.mark.parametrize(
    ("readings", "error", "message"),
    [
        (None, TypeError, "an object of the type NoneType: return a Reading for each metric, by its name"),
        ({"b": Reading()}, ValueError, "a reading of 'b', which it does not declare"),
        ({"a.rate": 3}, TypeError, "an object of the type int for 'a.rate': return a Reading"),
        (
            {"a.rate": Reading(errors=("bad",))},  # type: ignore[arg-type]
            ValueError,
            "for 'a.rate' errors that are no tuple of Findings",
        ),
    ],
)
def test_what_are_no_readings(readings: object, error: Callable[..., Exception], message: str) -> None:
    """Only readings of the declared metrics, by name, are readings."""
    with pytest.raises((TypeError, ValueError)) as caught:
        checked(ALL, readings)
    assert (type(caught.value), str(caught.value)) == (error, f"reduce() returned {message}")
