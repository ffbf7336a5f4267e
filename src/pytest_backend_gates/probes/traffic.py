"""Latency of the requests that the project's own tests make, taken in process at the application's edge."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, Final, Literal

from pytest_backend_gates.measurements import Finding, Kind, Metric, Plain, Reading, Samples, Trend
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.taps import TAPS, Tap
from pytest_backend_gates.taps.recording import NO_ROUTE, Recorder
from pytest_backend_gates.units import counted

LATENCY: Final = Metric("latency", Kind.TREND, "s", "latency", "operation", ticks=10**9)

_NO_TRAFFIC: Final = (
    "no HTTP traffic: the tests made no request to a Starlette, FastAPI or Flask application in this process"
)
_HOW_TO_BE_SEEN: Final = (
    "make requests in the tests with starlette.testclient.TestClient, httpx.ASGITransport or "
    "app.test_client(); a server in another process is not seen"
)


class TrafficProbe:
    """Measures ``latency``: nanoseconds per request and operation."""

    name: ClassVar[str] = "traffic"
    metrics: ClassVar[tuple[Metric, ...]] = (LATENCY,)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self) -> None:
        self._recorder = Recorder()
        self._pending: list[Tap] = [make() for make in TAPS]
        self._installed: list[Tap] = []

    def start(self) -> None:
        """Tap the frameworks that are imported already."""
        self._recorder.live = True
        self._install_imported()

    def open_window(self) -> None:
        """Count the requests from now on: the call phase of a test begins."""
        if self._pending:
            self._install_imported()
        self._recorder.finish_unread()
        self._recorder.counting = True

    def close_window(self) -> None:
        """End the call phase of a test, and with it the bodies that it left unread."""
        self._recorder.counting = False
        self._recorder.finish_unread()

    @contextmanager
    def aside(self) -> Iterator[None]:
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
        """Return the samples of this process by operation, and what went wrong while taking them."""
        self.close_window()
        operations = {name: samples.to_plain() for name, samples in self._recorder.samples().items()}
        return {"operations": operations, "faults": self._recorder.faults()}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002  judged on what ran
        """Add the samples of all processes up, operation by operation."""
        operations = _added_up(payload["operations"] for payload in payloads)
        subjects = {name: one for name, one in operations.items() if one.cold}  # a test has asked it
        astray = [subjects.pop(name) for name in list(subjects) if name.endswith(NO_ROUTE)]
        reading = _reading(subjects, sum(one.cold + one.seen for one in astray))
        notes = (*reading.notes, *_generated(operations.values()))
        return {LATENCY.name: replace(reading, notes=notes, errors=tuple(_faults(payloads)))}

    def advise(self, verdict: Verdict) -> Advice:
        """Name the operation to look at first. What an unproven one still needs is in the row's findings."""
        if verdict.over and verdict.worst is not None:
            return Advice(f"look at {verdict.worst} first")
        return Advice()

    def stop(self) -> None:
        """Give every framework its methods back."""
        self._recorder.live = False
        while self._installed:
            self._installed.pop().uninstall()

    def _install_imported(self) -> None:
        for tap in [tap for tap in self._pending if tap.module in sys.modules]:
            self._pending.remove(tap)
            if self._recorder.attempt(tap.name, self._install, tap) is None:
                tap.uninstall()

    def _install(self, tap: Tap) -> bool:
        tap.install(self._recorder)
        self._installed.append(tap)
        return True


def _generated(operations: Iterable[Samples]) -> Iterator[str]:
    """Yield a note if there were requests of the contract gate's."""
    count = sum(one.sources.get("generated", 0) for one in operations)
    if count:
        yield f"latency: {count:,} generated requests are no samples"


def _faults(payloads: Sequence[Plain]) -> Iterator[Finding]:
    faults = dict.fromkeys(fault for payload in payloads for fault in payload["faults"])
    return (Finding("latency", fault) for fault in faults)


def _added_up(payloads: Iterable[Mapping[str, Plain]]) -> dict[str, Samples]:
    """Return the samples of each operation, those of all processes together, in the order of the names."""
    found: dict[str, Samples] = {}
    for operations in payloads:
        for name, plain in operations.items():
            samples = Samples.from_plain(plain)
            found[name] = found[name] + samples if name in found else samples
    return dict(sorted(found.items()))


def _reading(subjects: Mapping[str, Samples], astray: int) -> Reading:
    """Return the reading of *subjects*; *astray* is how many requests matched no route and are no operation's."""
    if not subjects:
        reason = f"none of {astray:,} requests matched a route" if astray else _NO_TRAFFIC
        return Reading(Trend({}), unavailable=reason, hint=_HOW_TO_BE_SEEN)
    note = f"latency: {counted(astray, 'request')} matched no route, and so no operation"
    return Reading(Trend(subjects), notes=(note,) if astray else ())
