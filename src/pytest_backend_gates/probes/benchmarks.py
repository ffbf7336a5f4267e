"""Latency measured on purpose: the rounds of ``latency_budget``, and those of pytest-benchmark.

Feeds the metric of `traffic`: a benchmark is a subject of its own beside the operations.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Literal

from pytest_backend_gates.measurements import (
    ROUNDS,
    Conditions,
    Finding,
    Metric,
    Plain,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.benchmark_rounds import (
    UnreadableError,
    is_skipping,
    rounds_of,
    run_rounds_inside,
    why_untimed,
)
from pytest_backend_gates.probes.traffic import LATENCY
from pytest_backend_gates.taps.patching import Patches
from pytest_backend_gates.units import counted


class BenchmarksProbe:
    """Measures ``latency``: nanoseconds per round, by benchmark."""

    name: ClassVar[str] = "benchmarks"
    metrics: ClassVar[tuple[Metric, ...]] = (LATENCY,)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self, session: Callable[[], object | None] = lambda: None) -> None:
        """*session* returns what pytest-benchmark keeps of this session, ``None`` where it is not active."""
        self._session = session
        #: The tests with a fixture of the name ``benchmark``, and those where it is pytest-benchmark's.
        self._named: set[str] = set()
        self._met: set[str] = set()
        self._patches: Patches | None = None
        self._unreadable: UnreadableError | None = None
        #: What was found to measure coverage while the tests ran; ``None`` where nothing did.
        self._cores: set[str | None] = set()
        self._samples: dict[str, Samples] = {}

    def start(self) -> None:
        """There is nothing to start: the tests measure."""

    def begin(self, test: str, core: str | None, *, named: bool) -> None:
        """Take note of a *test* and of the *core* that traces it; *named* if it has a fixture ``benchmark``."""
        self._cores.add(core)
        if named:
            self._named.add(test)

    def meet(self, test: str, unmeasured: Callable[[], AbstractContextManager[None]]) -> None:
        """Expect rounds of *test*, whose fixture is pytest-benchmark's; each runs inside what *unmeasured* returns."""
        self._met.add(test)
        if self._patches is None:
            self._patches = Patches()
            try:
                self._patches = run_rounds_inside(unmeasured)
            except UnreadableError as error:
                self._unreadable = error

    def record(
        self,
        name: str,
        times: Sequence[int],
        *,
        averaged: bool = False,
        budgets: frozenset[str] = frozenset(),
    ) -> None:
        """Add the *times* of one series of rounds, in nanoseconds; *budgets* are the aggregates that were
        found within upper limits of their own.
        """
        count = len(times)
        new = Samples(
            (array("q", times),),
            seen=count,
            sources={ROUNDS: count},
            averaged=count if averaged else 0,
            budgets=budgets,
        )
        self._samples[name] = self._samples[name] + new if name in self._samples else new

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002 - the same for every run
        """Return the samples of this process, and why benchmarks were not timed."""
        try:
            untimed = self._read()
        except UnreadableError as error:
            return {"error": str(error)}
        subjects = {name: samples.to_plain() for name, samples in self._samples.items()}
        return {"subjects": subjects, "untimed": untimed, "cores": sorted(core or "" for core in self._cores)}

    def _read(self) -> dict[str, str]:
        """Record the rounds that pytest-benchmark keeps; return the benchmarks that it did not time, and why.

        Raises `UnreadableError`.
        """
        if self._unreadable is not None:
            raise self._unreadable
        session = self._session()
        expected = self._named if is_skipping(session) else self._met
        if session is None or not expected:
            return {}
        why = why_untimed(session)
        for one in rounds_of(session):
            self.record(one.name, one.times, averaged=one.averaged)
        return dict.fromkeys(sorted(expected), why) if why else {}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002 - judged on what ran
        """Add the samples of all processes up, benchmark by benchmark."""
        errors = dict.fromkeys(payload["error"] for payload in payloads if payload.get("error"))
        if errors:
            return {LATENCY.name: Reading(errors=tuple(Finding("pytest-benchmark", text) for text in errors))}
        trend = sum(map(_trend, payloads), Trend({}))
        return {LATENCY.name: Reading(trend, notes=tuple(_missed(trend.untimed)))}

    def advise(self, verdict: Verdict) -> Advice:  # noqa: ARG002 - the other probe of the metric does
        """Leave it to the probe of the traffic."""
        return Advice()

    def stop(self) -> None:
        """Give pytest-benchmark its methods back."""
        if self._patches is not None:
            self._patches.undo()


def _missed(untimed: Mapping[str, str]) -> Iterator[str]:
    """Yield a note if some benchmarks were not timed."""
    if untimed:
        missed = counted(len(untimed), "benchmark was", "benchmarks were")
        yield f"latency: {missed} not timed: {'; '.join(dict.fromkeys(untimed.values()))}"


def _trend(payload: Plain) -> Trend:
    subjects = {name: Samples.from_plain(plain) for name, plain in payload["subjects"].items()}
    return Trend(subjects, untimed=payload["untimed"])


def traced(payloads: Sequence[Plain], *, untraced: str) -> Conditions:
    """Say under what the times in all *payloads* were taken: what measured coverage, or *untraced* if nothing did.

    In rounds, coverage is paused.
    """
    cores = sorted({core for payload in payloads for core in payload.get("cores", ())})
    named = ", ".join(filter(None, cores))
    if not named:
        return Conditions(untraced, untraced)
    in_part = " in part of the tests" if "" in cores else ""
    return Conditions(f"coverage core {named}{in_part}", "coverage paused")
