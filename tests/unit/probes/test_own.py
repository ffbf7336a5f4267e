"""What was recorded of a project's own metrics, put together in every order in which processes may end."""

from array import array
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Kind,
    Metric,
    Plain,
    Point,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.own import OwnProbe

SENT = Metric("emails.sent", Kind.COUNTER, None, "emails", "event")
HITS = Metric("cache.hits", Kind.RATE, "%", "cache", "subject")
DEPTH = Metric("queue.depth", Kind.GAUGE, None, "queue", "subject")
TIME = Metric("import.time", Kind.TREND, "s", "import", "subject", 10**9)
ALL = (SENT, HITS, DEPTH, TIME)


def payload(*records: tuple[Metric, str, str, int | Fraction | Ratio]) -> Plain:
    probe = OwnProbe(ALL)
    probe.start()
    for record in records:
        probe.keep(*record)
    plain = probe.collect(None, print)
    probe.stop()
    return plain


def reduced(*payloads: Plain) -> dict[str, Reading]:
    return dict(OwnProbe(ALL).reduce(payloads, None))


ONE = payload(
    (SENT, "a", "a", 2),
    (SENT, "a", "a", 3),
    (SENT, "none", "a", 0),
    (HITS, "a", "a", Ratio(1, 1)),
    (HITS, "a", "a", Ratio(0, 1)),
    (DEPTH, "a", "a", Fraction(7, 2)),
    (DEPTH, "a", "a", Fraction(9, 3)),
    (TIME, "mail", "a", 30),
    (TIME, "mail", "a", 10),
)
OTHER = payload((SENT, "a", "b", 1), (HITS, "a", "b", Ratio(6, 8)), (TIME, "mail", "b", 20))


@pytest.mark.parametrize("payloads", [(ONE, OTHER), (OTHER, ONE)])
def test_processes_add_up(payloads: tuple[Plain, ...]) -> None:
    """Events, ratios and samples add up; the last value of a test is what its gauge holds."""
    assert reduced(*payloads) == {
        "emails.sent": Reading(
            Counter((), frozenset({"a", "none"}), of="subject", tallies={"a": 6, "none": 0})
        ),
        "cache.hits": Reading(Rate({"a": Ratio(7, 10)}, of="recorded")),
        "queue.depth": Reading(Gauge({"a": Point(3)})),
        "import.time": Reading(
            Trend({"mail": Samples((array("q", [30, 10]), array("q", [20])), seen=3, sources={"test": 3})})
        ),
    }


def test_nothing_was_recorded() -> None:
    """There is a measurement that holds nothing, so that the judge tells NO_DATA of a full run, and why."""
    why = "no test recorded it"
    assert reduced(payload(), payload()) == {
        "emails.sent": Reading(Counter((), frozenset(), of="subject"), unavailable=why),
        "cache.hits": Reading(Rate({}, of="recorded"), unavailable=why),
        "queue.depth": Reading(Gauge({}), unavailable=why),
        "import.time": Reading(Trend({}), unavailable=why),
    }


def test_tests_that_contradict_each_other() -> None:
    """Two values of one subject are an error; the same value twice is none."""
    same = payload((DEPTH, "x", "a", 1), (DEPTH, "x", "b", 1))
    assert reduced(same)["queue.depth"] == Reading(Gauge({"x": Point(1)}))
    found = reduced(payload((DEPTH, "x", "b", 2)), payload((DEPTH, "x", "a", 1)))["queue.depth"].errors
    assert found == (
        Finding(
            "x",
            "queue.depth was recorded by a and b with different values:"
            " a gauge has one value a subject; record it under several, or declare a trend",
        ),
    )


def test_there_is_no_advice() -> None:
    """Only the project knows what would help."""
    row = Verdict(
        Threshold("queue.depth < 1", Origin("ini"), "queue.depth", "queue.depth"),
        DEPTH,
        Outcome.FAILED,
        red=True,
        reason="",
    )
    assert OwnProbe(ALL).advise(row) == Advice()
