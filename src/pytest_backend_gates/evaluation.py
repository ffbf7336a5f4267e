"""From payloads to reports, without pytest: reduce, judge, advise, sum up.

A probe that raises is an ERROR of its gates, with the traceback kept; it never ends the session.
"""

import json
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.garbage import uncollected
from pytest_backend_gates.judge import Judge
from pytest_backend_gates.masking import masked
from pytest_backend_gates.measurements import Conditions, Finding, Measurement, Plain, Reading, Trend
from pytest_backend_gates.model import Advice, GateReport, Outcome, Verdict
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.rules import with_members

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Payload:
    """What one test process measured, or how it died."""

    process: str
    #: Probe name -> what it collected, until it is reduced. pytest writes out arguments after Ctrl-C: not this one.
    collected: dict[str, Plain] = field(default_factory=dict, repr=False)
    #: Probe name -> the traceback of a probe that raised there.
    failures: Mapping[str, str] = field(default_factory=dict)
    #: Probe name -> seconds of wall time that it took.
    seconds: Mapping[str, float] = field(default_factory=dict)
    #: Whether a plugin deselected items there.
    thinned: bool = False
    died: str | None = None

    def to_text(self) -> str:
        """Write as JSON: what an xdist worker sends."""
        return json.dumps(
            {
                "process": self.process,
                "collected": self.collected,
                "failures": self.failures,
                "seconds": self.seconds,
                "thinned": self.thinned,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> "Payload":
        """Read what :meth:`to_text` wrote."""
        return cls(**json.loads(text))


class Probes:
    """The probes of one process. Whatever one of them raises is kept, and the others go on."""

    def __init__(self, probes: Iterable[Probe] = ()) -> None:
        self.probes = list(probes)
        self.failures: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    def guarded(self, probe: Probe, step: Callable[[], T]) -> T | None:
        """Run one *step* of *probe*, timed. Returns ``None`` when it raised."""
        start = Clock.perf_counter()
        try:
            return step()
        except Exception:  # noqa: BLE001 - the broad except around a probe: its gates become ERROR
            self.failures.setdefault(probe.name, masked(traceback.format_exc()))
            return None
        finally:
            self.seconds[probe.name] = self.seconds.get(probe.name, 0.0) + Clock.perf_counter() - start

    def start(self, probe: Probe) -> None:
        """Take *probe* and start it."""
        self.probes.append(probe)
        self.guarded(probe, probe.start)

    def stop(self) -> None:
        """Stop every probe, also those that failed, and let go of them."""
        while self.probes:
            probe = self.probes.pop()
            self.guarded(probe, probe.stop)

    @uncollected()
    def payload(
        self, process: str, narrowed: str | None, tell: Callable[[str], None], *, thinned: bool = False
    ) -> Payload:
        """Collect from every probe that has not failed. *tell* hears what takes its time now, and how far it is."""
        collected = {}
        for number, probe in enumerate(self.probes, 1):
            if probe.name not in self.failures:
                tell(f"what the {probe.name} probe has measured, {number} of {len(self.probes)}")
                plain = self.guarded(probe, partial(probe.collect, narrowed, tell))
                if plain is not None:
                    collected[probe.name] = plain
        return Payload(process, collected, dict(self.failures), dict(self.seconds), thinned)


@dataclass(frozen=True, slots=True)
class Judged:
    """Every gate's report, every measurement, and what to note."""

    gates: tuple[GateReport, ...]
    measurements: Mapping[str, Measurement]
    #: Probe name -> traceback, for the probes that raised.
    failures: Mapping[str, str]
    notes: tuple[str, ...]


@uncollected()
def evaluate(
    probes: Sequence[Probe],
    payloads: Sequence[Payload],
    judge: Judge,
    conditions: Conditions,
    begin: Callable[[str], None] = lambda _: None,
) -> Judged:
    """Reduce all payloads, judge every threshold, ask the probes for advice, and sum up by gate.

    What a probe has collected is taken out of the *payloads*.
    *conditions* says under what times were measured, for the rows that judge times. *begin* is told of each step.
    """
    guard = Probes(probes)
    measured = _measured(probes, guard, payloads, judge.narrowed, begin)
    begin("the judge")
    readings = dict(_under(conditions, probes, measured))
    measuring_failed = set(guard.failures)
    sets = [reading.sets for reading in readings.values()]
    judge = replace(judge, thresholds=with_members(judge.thresholds, sets))
    rows = [_advised(judge.verdict(one, readings), probes, guard) for one in judge.thresholds]
    seconds = _seconds_by_gate(probes, _judged_gates(rows), guard.seconds, [one.seconds for one in payloads])
    return Judged(
        gates=tuple(_gate_reports(judge.catalogue.gates, rows, seconds)),
        measurements={name: one.measurement for name, one in readings.items() if one.measurement is not None},
        failures=guard.failures,
        notes=(*_notes(readings.values()), *_without_advice(guard.failures, measuring_failed)),
    )


def _measured(
    probes: Sequence[Probe],
    guard: Probes,
    payloads: Sequence[Payload],
    narrowed: str | None,
    begin: Callable[[str], None],
) -> dict[str, Reading]:
    """Return the reading of each metric; what several probes say of one is put together."""
    readings: dict[str, Reading] = {}
    for number, probe in enumerate(probes, 1):
        begin(f"the {probe.name} probe, {number} of {len(probes)}")
        reduced = _reduced(probe, guard, payloads, narrowed)
        for name, reading in _readings(probe, reduced, guard.failures.get(probe.name), payloads).items():
            readings[name] = readings[name] + reading if name in readings else reading
    return readings


def _reduced(
    probe: Probe, guard: Probes, payloads: Sequence[Payload], narrowed: str | None
) -> Mapping[str, Reading] | None:
    """Let *probe* reduce what it collected everywhere, unless it failed somewhere."""
    failures = [one.failures[probe.name] for one in payloads if probe.name in one.failures]
    if failures:
        guard.failures[probe.name] = "\n".join(failures)
        return None
    # Nobody needs it any more, and a large project's takes a good part of the memory.
    collected = [one.collected.pop(probe.name) for one in payloads if probe.name in one.collected]
    return guard.guarded(probe, partial(probe.reduce, collected, narrowed))


def gate_report(gate: str, rows: Sequence[Verdict], seconds: float) -> GateReport:
    """Sum up the *rows* of one gate: it is as bad as its worst row."""
    worst = max(rows, key=lambda row: row.outcome.severity)
    red = any(row.red for row in rows)
    return GateReport(gate, worst.outcome, red, worst.reason, tuple(rows), worst.hint, seconds)


def _gate_reports(
    gates: Iterable[str], rows: Sequence[Verdict], seconds: Mapping[str, float]
) -> Iterator[GateReport]:
    """Yield a report for each of the *gates* that has rows."""
    for gate in gates:
        own = [row for row in rows if row.metric.gate == gate]
        if own:
            yield gate_report(gate, own, seconds.get(gate, 0.0))


def _readings(
    probe: Probe, reduced: Mapping[str, Reading] | None, failure: str | None, payloads: Sequence[Payload]
) -> dict[str, Reading]:
    """Return the readings of *probe*, with what went wrong in it or in a process added."""
    failed = [] if failure is None else [Finding(f"the {probe.name} probe", _last_line(failure))]
    died = [Finding(one.process, one.died) for one in payloads if one.died is not None]
    readings = {}
    for metric in probe.metrics:
        reading = (reduced or {}).get(metric.name, Reading())
        # What nobody meant to measure did not die with a process.
        missed = died if probe.scope == "process" and not _is_left_out(reading) else []
        readings[metric.name] = replace(reading, errors=(*failed, *missed, *reading.errors))
    return readings


def _is_left_out(reading: Reading) -> bool:
    return reading.measurement is None and reading.unavailable is not None


def _under(
    conditions: Conditions, probes: Iterable[Probe], readings: Mapping[str, Reading]
) -> Iterator[tuple[str, Reading]]:
    """Yield every reading with its metric, those of times with the *conditions* under which they were measured."""
    times = {metric.name for probe in probes for metric in probe.metrics if metric.unit == "s"}
    for name, reading in readings.items():
        yield name, _conditioned(conditions, reading) if name in times else reading


def _conditioned(conditions: Conditions, reading: Reading) -> Reading:
    if not isinstance(reading.measurement, Trend):
        return reading
    return replace(reading, measurement=replace(reading.measurement, conditions=conditions))


def _advised(row: Verdict, probes: Sequence[Probe], guard: Probes) -> Verdict:
    """Let the probe of *row* help with it. Advice adds words; it changes no outcome."""
    if row.outcome not in (Outcome.FAILED, Outcome.SKIPPED) and not row.unproven:
        return row
    for probe in probes:
        if row.metric in probe.metrics:
            advice = guard.guarded(probe, partial(probe.advise, row)) or Advice()
            findings = row.findings if advice.findings is None else advice.findings
            return replace(row, hint=advice.hint or row.hint, findings=findings)
    return row


def _without_advice(failures: Mapping[str, str], earlier: Collection[str]) -> Iterator[str]:
    """Yield a note for each probe that failed while it advised, and not *earlier*."""
    for name, trace in failures.items():
        if name not in earlier:
            yield f"the {name} probe could not advise: {_last_line(trace)}"


def _last_line(trace: str) -> str:
    return trace.strip().splitlines()[-1]


def _judged_gates(rows: Iterable[Verdict]) -> frozenset[str]:
    return frozenset(row.metric.gate for row in rows if row.outcome is not Outcome.OFF)


def _seconds_by_gate(
    probes: Sequence[Probe],
    judged: frozenset[str],
    here: Mapping[str, float],
    elsewhere: Sequence[Mapping[str, float]],
) -> dict[str, float]:
    """Share each probe's seconds between those of its gates that are *judged*.

    To what it took *here*, while judging, is added what it took in the slowest of the test processes.
    """
    totals: dict[str, float] = {}
    for probe in probes:
        gates = {metric.gate for metric in probe.metrics} & judged
        slowest = max((clock.get(probe.name, 0.0) for clock in elsewhere), default=0.0)
        for gate in gates:
            totals[gate] = totals.get(gate, 0.0) + (here.get(probe.name, 0.0) + slowest) / len(gates)
    return totals


def _notes(readings: Iterable[Reading]) -> Iterable[str]:
    """Return the notes of all readings, each once."""
    return dict.fromkeys(note for reading in readings for note in reading.notes)
