"""Latency measured on purpose: the rounds of ``latency_budget``, and those of pytest-benchmark.

Feeds the metric of `traffic`: a benchmark is a subject of its own beside the operations.
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

from pytest_backend_gates.measurements import Finding, Metric, Plain, Reading, Samples, Trend
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.benchmark_rounds import UNDER_XDIST, UnreadableError, rounds_of, why_untimed
from pytest_backend_gates.probes.traffic import LATENCY
from pytest_backend_gates.units import counted

#: How the report names where the samples came from.
_SOURCE = "benchmark"


class BenchmarksProbe:
    """Measures ``latency``: nanoseconds per round, by benchmark."""

    name: ClassVar[str] = "benchmarks"
    metrics: ClassVar[tuple[Metric, ...]] = (LATENCY,)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self, session: Callable[[], object | None] = lambda: None) -> None:
        """*session* returns what pytest-benchmark keeps of this session, ``None`` where it is not active."""
        self._session = session
        self._expected = 0
        self._samples: dict[str, Samples] = {}

    def start(self) -> None:
        """There is nothing to start: the tests measure."""

    def expect(self, count: int) -> None:
        """Take note of how many of the collected tests are pytest-benchmark's."""
        self._expected = count

    def record(
        self,
        name: str,
        times: Sequence[int],
        *,
        averaged: bool = False,
        budgets: frozenset[str] = frozenset(),
    ) -> None:
        """Add the *times* of one series of rounds, in nanoseconds; *budgets* are the aggregates judged already."""
        count = len(times)
        new = Samples(
            (array("q", times),),
            seen=count,
            sources={_SOURCE: count},
            averaged=count if averaged else 0,
            budgets=budgets,
        )
        self._samples[name] = self._samples[name] + new if name in self._samples else new

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002 - the same for every run
        """Return the samples of this process, and why benchmarks were not timed."""
        session, untimed = self._session(), None
        try:
            if session is not None and self._expected:
                untimed = why_untimed(session)
                for one in rounds_of(session):
                    self.record(one.name, one.times, averaged=one.averaged)
        except UnreadableError as error:
            return {"error": str(error)}
        subjects = {name: samples.to_plain() for name, samples in self._samples.items()}
        return {"subjects": subjects, "untimed": untimed, "expected": self._expected}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002 - judged on what ran
        """Add the samples of all processes up, benchmark by benchmark."""
        errors = dict.fromkeys(payload["error"] for payload in payloads if payload.get("error"))
        if errors:
            return {LATENCY.name: Reading(errors=tuple(Finding("pytest-benchmark", text) for text in errors))}
        trend = sum((_trend(payload["subjects"]) for payload in payloads), Trend({}))
        untimed = next((payload for payload in payloads if payload["untimed"]), None)
        return {LATENCY.name: Reading(trend) if untimed is None else _without(untimed, trend)}

    def advise(self, verdict: Verdict) -> Advice:  # noqa: ARG002 - the other probe of the metric does
        """Leave it to the probe of the traffic."""
        return Advice()

    def stop(self) -> None:
        """There is nothing to release."""


def _without(untimed: Plain, trend: Trend) -> Reading:
    """Return the reading where some benchmarks were not timed."""
    missed = counted(untimed["expected"], "benchmark was", "benchmarks were")
    reason = f"{missed} not timed: {untimed['untimed']}"
    hint = "time them in a run with -n0" if untimed["untimed"] == UNDER_XDIST else None
    return Reading(trend, (), reason, hint, (f"latency: {reason}",))


def _trend(subjects: Mapping[str, Plain]) -> Trend:
    return Trend({name: Samples.from_plain(plain) for name, plain in subjects.items()})
