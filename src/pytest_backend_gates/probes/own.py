"""The project's own metrics: what its tests have recorded of them."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from threading import RLock
from typing import ClassVar, Final, Literal

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Kind,
    Measurement,
    Metric,
    Number,
    Plain,
    Point,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.model import Advice, Verdict

#: Of one subject of one metric, what each test has recorded: ``[test, numbers]``, in the order of the tests.
Records = Sequence[tuple[str, Sequence[int]]]


class OwnProbe:
    """Measures what the project declares. Counters, rates and trends add up; a gauge has one value a subject."""

    name: ClassVar[str] = "own"
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self.metrics = tuple(metrics)
        self._lock = RLock()  # tests may record in threads of theirs
        #: Metric -> subject -> test -> numbers: events; hits and total; a numerator and a denominator; samples.
        self._kept: dict[str, dict[str, dict[str, list[int]]]] = {one.name: {} for one in self.metrics}

    def keep(self, metric: Metric, subject: str, test: str, value: Number | Ratio) -> None:
        """Keep what *test* recorded: events, a ratio, a value in base units, or a sample in ticks."""
        with self._lock:
            tests = self._kept.get(metric.name, {}).setdefault(subject, {})
            tests[test] = _with(metric.kind, tests.get(test, []), value)

    def start(self) -> None:
        """There is nothing to start: the tests record."""

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002 - the same for every run
        """Return what was recorded in this process: metric, subject, test, numbers."""
        return {
            name: {subject: list(tests.items()) for subject, tests in subjects.items()}
            for name, subjects in self._kept.items()
        }

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002 - judged on what ran
        """Put together what all processes have recorded."""
        return {metric.name: _reading(metric, payloads) for metric in self.metrics}

    def advise(self, verdict: Verdict) -> Advice:  # noqa: ARG002 - only the project knows what would help
        """There is nothing to add."""
        return Advice()

    def stop(self) -> None:
        """There is nothing to release."""


def _with(kind: Kind, kept: list[int], value: Number | Ratio) -> list[int]:
    """Return what a test has recorded, *value* added to what was *kept* before."""
    if isinstance(value, Ratio):
        hits, total = kept or (0, 0)
        return [hits + value.hits, total + value.total]
    if kind is Kind.COUNTER:
        return [sum(kept) + int(value)]
    if kind is Kind.GAUGE:  # the last value: a test that is run again means the second one
        return [value.numerator, value.denominator]
    kept.append(int(value))
    return kept


def _reading(metric: Metric, payloads: Sequence[Plain]) -> Reading:
    records: dict[str, list[tuple[str, Sequence[int]]]] = {}
    for payload in payloads:
        for subject, tests in payload[metric.name].items():
            records.setdefault(subject, []).extend(tests)
    records = dict(sorted(records.items()))
    unavailable = None if records else "no test recorded it"
    errors = tuple(_contradictions(metric, records)) if metric.kind is Kind.GAUGE else ()
    return Reading(_MEASUREMENTS[metric.kind](records), errors, unavailable)


def _contradictions(metric: Metric, records: Mapping[str, Records]) -> list[Finding]:
    """Return a finding for each subject of a gauge of which tests say different things."""
    found = []
    for subject, tests in records.items():
        if len({Fraction(*numbers) for _, numbers in tests}) > 1:
            named = " and ".join(sorted({test for test, _ in tests}))
            message = (
                f"{metric.name} was recorded by {named} with different values:"
                " a gauge has one value a subject; record it under several, or declare a trend"
            )
            found.append(Finding(subject, message))
    return found


def _counter(records: Mapping[str, Records]) -> Counter:
    tallies = {subject: sum(events for _, (events,) in tests) for subject, tests in records.items()}
    return Counter((), frozenset(records), of="subject", tallies=tallies)


def _rate(records: Mapping[str, Records]) -> Rate:
    ratios = {
        subject: sum((Ratio(*numbers) for _, numbers in tests), Ratio(0, 0))
        for subject, tests in records.items()
    }
    return Rate(ratios, of="recorded")


def _gauge(records: Mapping[str, Records]) -> Gauge:
    return Gauge({subject: Point(_number(tests[0][1])) for subject, tests in records.items()})


def _number(parts: Sequence[int]) -> Number:
    value = Fraction(*parts)
    return value.numerator if value.denominator == 1 else value


def _trend(records: Mapping[str, Records]) -> Trend:
    return Trend({subject: _samples(tests) for subject, tests in records.items()})


def _samples(tests: Records) -> Samples:
    runs = tuple(array("q", numbers) for _, numbers in sorted(tests))
    count = sum(map(len, runs))
    return Samples(runs, seen=count, sources={"test": count})


_MEASUREMENTS: Final[Mapping[Kind, Callable[[Mapping[str, Records]], Measurement]]] = {
    Kind.COUNTER: _counter,
    Kind.RATE: _rate,
    Kind.GAUGE: _gauge,
    Kind.TREND: _trend,
}
