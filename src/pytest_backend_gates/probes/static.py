"""The static scan: complexity and security of the source, measured in a child process beside the tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from pytest_backend_gates.analyzers import BUILT_IN, Analyzer, analyzers_named
from pytest_backend_gates.analyzers.child import ScanProcess
from pytest_backend_gates.measurements import Finding, Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict

_PAUSE: Final = 0.05  # seconds between two looks at the child
_FIRST_TOLD: Final = 1.0  # seconds of waiting before the first progress line
_TOLD_EVERY: Final = 10.0  # seconds between progress lines
_PATIENCE: Final = 120.0  # seconds of waiting without a finished file
_SUBJECT: Final = "static scan"
_ALL: Final = tuple(analyzer.name for analyzer in BUILT_IN)


class StaticProbe:
    """Runs the analyzers over *files* (relative to *rootdir*, forward slashes) and gathers what they found.

    *patience* is how many seconds to wait for a child that finishes no file before it counts as hung.
    Raises ``KeyError`` for an unknown name in *analyzers*.
    """

    name: ClassVar[str] = "static"
    metrics: ClassVar[tuple[Metric, ...]] = tuple(chain.from_iterable(each.metrics for each in BUILT_IN))
    scope: ClassVar[Literal["process", "session"]] = "session"

    def __init__(
        self,
        rootdir: Path,
        files: Sequence[str],
        *,
        analyzers: Sequence[str] = _ALL,
        patience: float = _PATIENCE,
    ) -> None:
        self._rootdir = rootdir
        self._files = tuple(files)
        self._analyzers = analyzers_named(analyzers)
        self._patience = patience
        self._child: ScanProcess | None = None
        self._failure: str | None = None

    def start(self) -> None:
        """Launch the child; a start that fails is an error of the readings."""
        if not self._files:
            return
        names = [analyzer.name for analyzer in self._analyzers]
        try:
            self._child = ScanProcess(self._rootdir, self._files, names)
        except OSError as error:
            self._failure = f"the static scan could not be started: {error}"

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:
        """Wait for the child (not in a narrowed run) and return what it has told."""
        payload: Plain = {
            "total": len(self._files),
            "messages": [],
            "failure": self._failure,
            "unfinished": None,
        }
        if self._child is None:
            return payload
        if narrowed is None:
            payload["failure"] = self._waited(self._child, tell)
        else:
            payload["failure"], payload["unfinished"] = self._seen(self._child)
        payload["messages"] = self._child.messages
        self.stop()
        return payload

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        """Return a reading for each metric of the analyzers that ran. All payloads must agree."""
        if not payloads:
            return self._everywhere(Reading(unavailable="the static scan was not started"))
        payload = payloads[0]
        if any(other != payload for other in payloads[1:]):
            error = Finding(
                _SUBJECT, "the shards did not scan the same source, or did not find the same in it"
            )
            return self._everywhere(Reading(errors=(error,)))
        if payload["failure"]:
            return self._everywhere(Reading(errors=(Finding(_SUBJECT, payload["failure"]),)))
        if payload["unfinished"]:
            reason = f"{payload['unfinished']}, and a narrowed run does not wait ({narrowed})"
            return self._everywhere(Reading(unavailable=reason))
        readings = self._read(payload["messages"])
        if payload["total"]:
            return readings
        reason = "there are no source files to scan"
        return {name: replace(reading, unavailable=reason) for name, reading in readings.items()}

    def _read(self, messages: Sequence[Plain]) -> dict[str, Reading]:
        analyzed = (_readings(analyzer, messages) for analyzer in self._analyzers)
        return {name: reading for readings in analyzed for name, reading in readings.items()}

    def advise(self, verdict: Verdict) -> Advice:
        """Pass on the advice of the analyzer that owns the metric."""
        for analyzer in self._analyzers:
            if verdict.metric in analyzer.metrics:
                return analyzer.advise(verdict)
        return Advice()

    def stop(self) -> None:
        """End the child if it still lives, and reap it."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _everywhere(self, reading: Reading) -> dict[str, Reading]:
        return {metric.name: reading for analyzer in self._analyzers for metric in analyzer.metrics}

    def _waited(self, child: ScanProcess, tell: Callable[[str], None]) -> str | None:
        """Wait for *child* to end; return how it failed. Time in which this process stood still is not counted."""
        waited = quiet = 0.0
        told = _FIRST_TOLD - _TOLD_EVERY
        while not child.wait(_PAUSE):
            waited, quiet = waited + _PAUSE, quiet + _PAUSE
            if child.read():
                quiet = 0.0
            if child.is_complete:
                break  # its own end takes a moment, and nobody needs it
            if quiet >= self._patience:
                return self._how(child, f"did not finish a file in {self._patience:g} s and was ended")
            if waited >= told + _TOLD_EVERY:
                told = waited
                tell(f"backend gates: waiting for the static scan, {self._progress(child)}")
        return self._ending(child)

    def _seen(self, child: ScanProcess) -> tuple[str | None, str | None]:
        """Look at *child* without waiting; return how it failed, and what is unfinished."""
        ended = child.exit_status is not None
        child.read()
        if ended:
            return self._ending(child), None
        if child.is_complete:
            return None, None
        return None, f"the static scan had finished {self._progress(child)}"

    def _ending(self, child: ScanProcess) -> str | None:
        """Say how a child that has ended failed, if it did."""
        child.read()
        status = child.exit_status or 0
        if status < 0:
            return self._how(child, f"was killed by signal {-status}")
        if status > 0:
            return self._how(child, f"ended with exit status {status}")
        return None if child.is_complete else self._how(child, "ended early")

    def _how(self, child: ScanProcess, how: str) -> str:
        message = f"the static scan {how} after {self._progress(child)}"
        stderr = child.stderr_tail()
        return f"{message}; its stderr ends:\n{stderr}" if stderr else message

    def _progress(self, child: ScanProcess) -> str:
        return f"{child.finished_files} of {len(self._files)} files"


def _readings(analyzer: Analyzer, messages: Sequence[Plain]) -> dict[str, Reading]:
    """Read one analyzer's results and errors out of everything the child told."""
    results = dict(_by_file(messages, "results", analyzer.name))
    errors = tuple(_failures(messages, analyzer.name))
    if errors and not results:
        return {metric.name: Reading(errors=errors) for metric in analyzer.metrics}
    readings = analyzer.reduce(results)
    return {name: replace(reading, errors=errors) for name, reading in readings.items()}


def _failures(messages: Sequence[Plain], analyzer: str) -> Iterator[Finding]:
    """Yield why *analyzer* could analyze no file at all, then why it could not analyze this one or that."""
    anywhere = [message["error"] for message in messages if message.get("analyzer") == analyzer]
    in_files = [failure for _, failure in _by_file(messages, "errors", analyzer)]
    return (Finding(**failure) for failure in [*anywhere, *in_files])


def _by_file(messages: Sequence[Plain], part: str, analyzer: str) -> Iterator[tuple[str, Any]]:
    """Yield each file with what *analyzer* has told of it in that *part* of the messages."""
    for message in messages:
        told = message.get(part, {})
        if analyzer in told:
            yield message["file"], told[analyzer]
