"""Latency and errors of the requests that the project's own tests make, taken in process at the application's edge."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final, Literal, Self

from pytest_backend_gates.measurements import (
    Finding,
    Kind,
    Metric,
    Plain,
    Rate,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.errors_advice import Failures, advise
from pytest_backend_gates.taps import CLIENTS, RECEIVERS, TAPS, Tap
from pytest_backend_gates.taps.imports import Arrivals, LateError, has_come, taken
from pytest_backend_gates.taps.observation import NO_ROUTE, Observation
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.sending import Sending
from pytest_backend_gates.taps.threads import ThreadsTap
from pytest_backend_gates.units import counted

LATENCY: Final = Metric("latency", Kind.TREND, "s", "latency", "operation", ticks=10**9)
ERRORS: Final = Metric("errors", Kind.RATE, "%", "errors", "operation")

_NO_TRAFFIC: Final = (
    "no HTTP traffic: the tests made no request to a Starlette, FastAPI, Litestar, Flask or Django "
    "application in this process"
)
_HOW_TO_BE_SENT: Final = (
    "make requests in the tests with httpx or requests, to the address that backend_gates_base_url names;"
    " or with the framework's own test client"
)
_HOW_TO_BE_SEEN: Final = (
    "make requests in the tests with the framework's own test client or a transport of httpx; "
    "for a server in another process, set backend_gates_base_url"
)


@dataclass(frozen=True, slots=True)
class _Nothing:
    """Why there is no request to judge, and what would help."""

    why: str
    hint: str

    @classmethod
    def of(cls, sending: Sending | None) -> Self:
        if sending is None:
            return cls(_NO_TRAFFIC, _HOW_TO_BE_SEEN)
        return cls(f"{_NO_TRAFFIC}, and none with httpx or requests to {sending.address}", _HOW_TO_BE_SENT)


class TrafficProbe:
    """Measures ``latency``, nanoseconds per request, and ``errors``, failed requests of all, per operation."""

    name: ClassVar[str] = "traffic"
    metrics: ClassVar[tuple[Metric, ...]] = (LATENCY, ERRORS)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self, sending: Sending | None = None) -> None:
        """Observe applications, and what is sent to a server if *sending* says to which."""
        self._recorder = Recorder()
        self._recorder.sending = sending
        self._pending: list[Tap] = [make() for make in (ThreadsTap, *TAPS, *(CLIENTS if sending else ()))]
        self._installed: list[Tap] = []
        self._unchecked: list[Tap] = []
        look = partial(self._recorder.attempt, "imports", self._install_imported)
        modules = (make().module for make in (*TAPS, *CLIENTS, *RECEIVERS))
        self._arrivals = Arrivals(modules, look)
        #: By operation, for advice.
        self._failures: Mapping[str, Failures] = {}

    @property
    def recorder(self) -> Recorder:
        """What knows the request that is being served."""
        return self._recorder

    def start(self) -> None:
        """Tap the frameworks that are imported already, and others as soon as they are."""
        self._recorder.live = True
        self._arrivals.start()
        self._install_imported()

    def listen(self, listener: Callable[[Observation], None]) -> None:
        """Let *listener* hear of every request, those of fixtures included, with what the tests were answered."""
        self.recorder.keeping = True
        self._pending += [make() for make in RECEIVERS]
        self.recorder.listeners.append(listener)
        if self._recorder.live:
            self._install_imported()

    def open_window(self) -> None:
        """Count the requests from now on: the call phase of a test begins."""
        if self._pending:
            self._install_imported()
        self._recorder.finish_unread()
        self._recorder.counting = True

    def close_window(self) -> None:
        """End the call phase of a test, and with it the bodies that it left unread."""
        if self._recorder.counting:
            for tap in self._pending:
                if has_come(tap.module):
                    self._recorder.note_fault(tap.name, LateError(tap.module))
        self._recorder.counting = False
        self._recorder.finish_unread()

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Count no request inside: it is timed by somebody else."""
        self._recorder.finish_unread()
        counting, self._recorder.counting = self._recorder.counting, False
        try:
            yield
        finally:
            self._recorder.finish_unread()
            self._recorder.counting = counting

    @contextmanager
    def generated(self) -> Iterator[None]:
        """Take the requests that begin meanwhile for generated ones: they are counted and not judged."""
        self._recorder.generating = True
        try:
            yield
        finally:
            self._recorder.finish_unread()
            self._recorder.generating = False

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002  the same for every run
        """Return the samples and answers of this process by operation, and what went wrong while taking them."""
        self.close_window()
        self._recorder.end_unanswered()
        operations = {name: samples.to_plain() for name, samples in self._recorder.samples().items()}
        return {
            "operations": operations,
            "answers": self._recorder.answers(),
            "faults": self.faults(),
            **self._sent(),
        }

    def faults(self) -> list[str]:
        """Return what went wrong in the taps, at the end of the session: then none may have been taken out.

        Not before: what a test or its fixtures replace for a while is their own matter.
        """
        while self._unchecked:
            tap = self._unchecked.pop()
            self._recorder.attempt(tap.name, tap.check)
        return self._recorder.faults()

    def _sent(self) -> Plain:
        sending = self._recorder.sending
        return {"sent": {"timed": sending.timed, "nameless": sending.nameless}} if sending else {}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002  judged on what ran
        """Add the samples of all processes up, operation by operation."""
        operations = _added_up(payload["operations"] for payload in payloads)
        subjects = {  # what a test has asked
            name: one for name, one in operations.items() if one.cold and not name.endswith(NO_ROUTE)
        }
        nothing = _Nothing.of(self._recorder.sending)
        reading = _reading(subjects, _astray(payloads), nothing)
        notes = (*reading.notes, *self._timed_there(payloads), *_generated(operations.values()))
        self._failures = _failures(payload["answers"] for payload in payloads)
        errors = _errors(self._failures, replace(nothing, why=reading.unavailable or nothing.why))
        cut = tuple(_cut_short(payloads))
        return {
            LATENCY.name: replace(reading, notes=(*notes, *cut), errors=tuple(_faults(payloads, LATENCY))),
            ERRORS.name: replace(errors, notes=cut, errors=tuple(_faults(payloads, ERRORS))),
        }

    def advise(self, verdict: Verdict) -> Advice:
        """Name the operations that failed, or the slowest. What an unproven one needs is in the row's findings."""
        if verdict.metric == ERRORS:
            return advise(verdict, self._failures)
        if verdict.over and verdict.worst is not None:
            return Advice(f"look at {verdict.worst} first")
        return Advice()

    def _timed_there(self, payloads: Sequence[Plain]) -> Iterator[str]:
        """Yield a note if requests were timed where they were sent."""
        count = sum(payload["sent"]["timed"] for payload in payloads if "sent" in payload)
        if count and self._recorder.sending is not None:
            where = f"{counted(count, 'request')} to {self._recorder.sending.address}"
            yield f"latency: {where} timed at the client's side"

    def stop(self) -> None:
        """Give every framework its methods back."""
        self._recorder.live = False
        self._arrivals.stop()
        while self._installed:
            self._installed.pop().uninstall()

    def _install_imported(self) -> None:
        for tap in taken(self._pending):
            if self._recorder.attempt(tap.name, self._install, tap) is None:
                tap.uninstall()

    def _install(self, tap: Tap) -> bool:
        tap.install(self._recorder)
        self._installed.append(tap)
        self._unchecked.append(tap)
        return True


def _generated(operations: Iterable[Samples]) -> Iterator[str]:
    """Yield a note if there were requests of the contract gate's."""
    count = sum(one.sources.get("generated", 0) for one in operations)
    if count:
        yield f"latency: {count:,} generated requests are no samples"


def _astray(payloads: Iterable[Plain]) -> int:
    """Return how many requests of the tests matched no route; those of fixtures are none of theirs."""
    answers = (item for payload in payloads for item in payload["answers"].items())
    return sum(plain["asked"] for name, plain in answers if name.endswith(NO_ROUTE))


def _cut_short(payloads: Sequence[Plain]) -> Iterator[str]:
    """Yield a note if requests ended before their responses were whole."""
    count = sum(plain["cut"] for payload in payloads for plain in payload["answers"].values())
    if count:
        told = "was cut short, and is no sample" if count == 1 else "were cut short, and are no samples"
        yield f"{counted(count, 'request')} {told}"


def _failures(payloads: Iterable[Mapping[str, Plain]]) -> dict[str, Failures]:
    """Return how the requests of each operation failed, in all processes, in the order of the names.

    A request that no route answered belongs to no operation; those that failed are told all the same.
    """
    found: dict[str, Failures] = {}
    for operations in payloads:
        for name, plain in operations.items():
            found.setdefault(name, Failures()).add(plain["asked"], plain["failures"])
    return {name: one for name, one in sorted(found.items()) if one.ways or not name.endswith(NO_ROUTE)}


def _errors(operations: Mapping[str, Failures], nothing: _Nothing) -> Reading:
    """Return the rate of failed requests; *nothing* says why there is none if there were no requests."""
    rate = Rate({name: one.ratio for name, one in operations.items()}, of="requests", sampled=True)
    return Reading(rate) if operations else Reading(rate, unavailable=nothing.why, hint=nothing.hint)


def _faults(payloads: Sequence[Plain], metric: Metric) -> Iterator[Finding]:
    sent = (payload["sent"] for payload in payloads if "sent" in payload)
    nameless = [one["nameless"] for one in sent if one["timed"] and one["nameless"]]
    faults = (fault for payload in payloads for fault in payload["faults"])
    return (Finding(metric.name, fault) for fault in dict.fromkeys([*nameless, *faults]))


def _added_up(payloads: Iterable[Mapping[str, Plain]]) -> dict[str, Samples]:
    """Return the samples of each operation, those of all processes together, in the order of the names."""
    found: dict[str, Samples] = {}
    for operations in payloads:
        for name, plain in operations.items():
            samples = Samples.from_plain(plain)
            found[name] = found[name] + samples if name in found else samples
    return dict(sorted(found.items()))


def _reading(subjects: Mapping[str, Samples], astray: int, nothing: _Nothing) -> Reading:
    """Return the reading of *subjects*; *astray* is how many requests matched no route and are no operation's.

    *nothing* says why there is none if there were no requests.
    """
    if not subjects:
        reason = f"none of {astray:,} requests matched a route" if astray else nothing.why
        return Reading(Trend({}), unavailable=reason, hint=nothing.hint)
    note = f"latency: {counted(astray, 'request')} matched no route, and so no operation"
    return Reading(Trend(subjects), notes=(note,) if astray else ())
