"""What the requests of the tests ask of their database: how long, how many statements, how often the same one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import RLock, get_ident
from typing import ClassVar, Final, Literal, Self

from pytest_backend_gates.measurements import Finding, Kind, Metric, Plain, Reading, Samples, Trend
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.queries_advice import Repeated, advise
from pytest_backend_gates.taps.faults import Faults
from pytest_backend_gates.taps.observation import NO_ROUTE, Observation
from pytest_backend_gates.taps.places import Places
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.series import Series
from pytest_backend_gates.taps.statements import Listening, Source, Statements
from pytest_backend_gates.units import counted

#: Each sample is the time of one statement, without that of fetching its rows.
TIME: Final = Metric("queries.time", Kind.TREND, "s", "queries", "operation", ticks=10**9)
#: Each sample is how many statements one request ran.
COUNT: Final = Metric("queries.count", Kind.TREND, None, "queries", "operation")
#: Each sample is how often one request ran the statement that it ran most often.
REPEATED: Final = Metric("queries.repeated", Kind.TREND, None, "queries", "operation")

_NO_TRAFFIC: Final = "no HTTP traffic: the tests made no request that a route of an application answered"
_NO_STATEMENTS: Final = "no request of the tests ran a statement through SQLAlchemy or Django's ORM"
_HOW_TO_BE_SEEN: Final = "statements of other libraries, and of servers in other processes, are not seen"


@dataclass(slots=True)
class Tally:
    """The statements of one operation in this process."""

    times: Series = field(default_factory=partial(Series, None))
    counts: Series = field(default_factory=partial(Series, None))
    repeats: Series = field(default_factory=partial(Series, None))
    worst: Repeated | None = None
    #: Requests without a statement that are the latest and not in the series yet: many of them cost less together.
    idle: int = 0

    def add(self, statements: Statements, *, cold: bool) -> None:
        """Add those of one request, of which there are some. A *cold* one says nothing about times."""
        self._add_idle()
        self.counts.add(len(statements.shapes))
        repeated = Repeated.of(statements)
        self.repeats.add(repeated.runs)
        if self.worst is None or repeated.runs > self.worst.runs:
            self.worst = repeated
        if not cold:
            self.times.extend(statements.times)

    def _add_idle(self) -> None:
        if self.idle:
            none = [0] * self.idle
            self.idle = 0
            self.counts.extend(none)
            self.repeats.extend(none)

    def to_plain(self) -> Plain:
        """Return JSON-able data for :meth:`Totals.add`."""
        self._add_idle()
        series = {TIME.name: self.times, COUNT.name: self.counts, REPEATED.name: self.repeats}
        plain = {name: one.samples().to_plain() for name, one in series.items()}
        return {"samples": plain, "worst": self.worst and self.worst.to_plain()}


@dataclass(slots=True)
class Totals:
    """The samples of each metric, and the statement run most often within one request, by operation."""

    trends: dict[str, dict[str, Samples]]
    worst: dict[str, Repeated]

    @classmethod
    def of(cls, payloads: Iterable[Mapping[str, Plain]]) -> Self:
        """Add the operations of all processes up."""
        totals = cls({metric.name: {} for metric in QueriesProbe.metrics}, {})
        for operations in payloads:
            for name, plain in sorted(operations.items()):
                if not name.endswith(NO_ROUTE):
                    totals._add(name, plain)
        return totals

    def _add(self, operation: str, plain: Plain) -> None:
        for metric, subjects in self.trends.items():
            samples = Samples.from_plain(plain["samples"][metric])
            if samples.seen or samples.cold:
                subjects[operation] = subjects[operation] + samples if operation in subjects else samples
        if plain["worst"]:
            found = Repeated.from_plain(plain["worst"])
            self.worst[operation] = max(self.worst.get(operation), found, key=Repeated.number) or found


class QueriesProbe:
    """Measures ``queries.time``, ``queries.count`` and ``queries.repeated``, per operation."""

    name: ClassVar[str] = "queries"
    metrics: ClassVar[tuple[Metric, ...]] = (TIME, COUNT, REPEATED)
    #: Those operations that touched the database.
    sets: ClassVar[Mapping[str, str]] = {"crud": "operation"}
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self, recorder: Recorder, rootdir: Path) -> None:
        """Take statements for those of the request that *recorder* sees being served."""
        self._recorder = recorder
        self._places = Places(rootdir)
        self._sources: dict[tuple[str | None, str], Source] = {}
        self._listening = Listening(self._current, Faults("statements"))
        self._tallies: dict[str, Tally] = {}
        self._lock = RLock()
        self._worst: Mapping[str, Repeated] = {}
        self._test_thread: int | None = None
        #: Statements that ran while requests were served and are part of none, as far as anybody can tell.
        self._strays = 0

    def start(self) -> None:
        """Listen to requests, and to the ORMs that are imported already or will be."""
        self._recorder.followers.append(self._finished)
        self._listening.watch()

    def look_again(self) -> None:
        """Listen to what has been imported since, and nobody told: the call phase of a test begins."""
        self._listening.install_imported()
        self._test_thread = get_ident()

    def look_back(self) -> None:
        """Note what a test has imported while nobody told: its call phase ends."""
        self._listening.note_late()

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002  the same for every run
        """Return what each operation of this process ran, and what went wrong while listening."""
        self._recorder.finish_unread()
        self._recorder.end_unanswered()
        self._listening.check()
        with self._lock:
            operations = {name: tally.to_plain() for name, tally in sorted(self._tallies.items())}
        # A request that a tap has lost is lost here too.
        faults = [*self._recorder.faults(), *self._listening.faults.told()]
        return {"operations": operations, "faults": faults, "strays": self._strays}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002  judged on what ran
        """Add the samples of all processes up, operation by operation."""
        totals = Totals.of(payload["operations"] for payload in payloads)
        self._worst = totals.worst
        faults = dict.fromkeys(fault for payload in payloads for fault in payload["faults"])
        why = None if totals.worst else _NO_STATEMENTS if totals.trends[COUNT.name] else _NO_TRAFFIC
        notes = tuple(_strays(sum(payload["strays"] for payload in payloads)))
        readings = {metric.name: _reading(metric, totals, tuple(faults), why) for metric in self.metrics}
        return {name: replace(reading, notes=notes) for name, reading in readings.items()}

    def advise(self, verdict: Verdict) -> Advice:
        """Name the statement that is repeated, its line, and what to write instead."""
        return advise(verdict, self._worst)

    def stop(self) -> None:
        """Listen no more."""
        self._listening.uninstall()
        if self._finished in self._recorder.followers:
            self._recorder.followers.remove(self._finished)

    def _current(self) -> Statements | None:
        """Return where to write a statement down that is run now; ``None`` for one that is no test's request's."""
        observation = self._recorder.current.get()
        if observation is None:
            self._note_stray()
            return None
        if observation.done and not observation.lasts:
            return None
        statements = observation.statements
        if statements is None and observation.counted and not observation.generated:
            with self._lock:  # a request may ask in several threads at once
                statements = observation.statements
                if statements is None:
                    observation.statements = statements = Statements(partial(self._source, observation))
        return statements

    def _note_stray(self) -> None:
        """Note a statement of no request, if one is being served. The test's own thread has other business then."""
        recorder = self._recorder
        if recorder.counting and not recorder.generating and recorder.under_way:
            with self._lock:
                self._strays += get_ident() != self._test_thread

    def _source(self, observation: Observation, shape: str, orm: str) -> Source:
        """Return where a statement comes from. The stack is looked at once for each one of an operation."""
        key = observation.operation, shape
        found = self._sources.get(key)
        if found is None:
            found = self._sources[key] = Source(orm, *(self._places.here() or ()))
        return found

    def _finished(self, observation: Observation) -> None:
        if observation.generated or observation.from_client or observation.cut or not observation.counted:
            return  # of a server in another process nobody knows whether it sent any
        name = observation.operation or observation.name
        statements = observation.statements
        with self._lock:
            tally = self._tallies.get(name)
            if tally is None:
                tally = self._tallies[name] = Tally()
            tally.times.tested |= observation.cold
            if statements is None or not statements.shapes:
                tally.idle += 1
            else:
                tally.add(statements, cold=observation.cold)


def _strays(count: int) -> Iterator[str]:
    """Yield a note if statements ran beside the requests."""
    if count:
        told = "is not counted" if count == 1 else "are not counted"
        yield f"queries: {counted(count, 'statement')} ran while requests were served, in threads not theirs, and {told}"


def _reading(metric: Metric, totals: Totals, faults: Sequence[str], why: str | None) -> Reading:
    """Return what was measured; *why* says for what reason there is nothing."""
    # Nobody knows whether a database was asked nothing, or nobody listened.
    trend = Trend({} if why else totals.trends[metric.name])
    errors = tuple(Finding(metric.name, fault) for fault in faults)
    return Reading(trend, errors, why, why and _HOW_TO_BE_SEEN, sets={"crud": frozenset(totals.worst)})
