"""The static scan: complexity and security of the source, measured in child processes beside the tests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from pytest_backend_gates.analyzers import BUILT_IN, Analyzer, analyzer_named
from pytest_backend_gates.analyzers.cache import ResultCache
from pytest_backend_gates.analyzers.cores import spare_cores
from pytest_backend_gates.analyzers.pool import ScanPool
from pytest_backend_gates.measurements import Finding, Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict

_PAUSE: Final = 0.05  # seconds between two looks at the children
_FIRST_TOLD: Final = 1.0  # seconds of waiting before the first progress line
_TOLD_EVERY: Final = 10.0  # seconds between progress lines
_PATIENCE: Final = 120.0  # seconds of waiting without a finished file, before the children count as hung
_PARTS: Final = ("file", "results", "errors")
_SUBJECT: Final = "static scan"
_ALL: Final = tuple(analyzer.name for analyzer in BUILT_IN)


class StaticProbe:
    """Runs the analyzers over *files* (relative to *rootdir*, forward slashes) and gathers what they found.

    *tests* is how many processes run tests meanwhile, on a core each. *cache* returns the folder where results
    are kept between sessions, if there is one.
    *analyzers* are names of ours, or references. Raises ``KeyError`` for a name nobody has.
    """

    name: ClassVar[str] = "static"
    scope: ClassVar[Literal["process", "session"]] = "session"

    def __init__(
        self,
        rootdir: Path,
        files: Sequence[str],
        *,
        analyzers: Sequence[str] = _ALL,
        tests: int = 1,
        cache: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self._rootdir = rootdir
        self._files = tuple(files)
        #: By what the children call them.
        self._analyzers = {one: analyzer_named(one) for one in analyzers}
        self.metrics: tuple[Metric, ...] = tuple(
            chain.from_iterable(each.metrics for each in self._analyzers.values())
        )
        self._patience = _PATIENCE
        self._tests = tests
        self._folder = cache
        self._cache: ResultCache | None = None
        self._known: dict[str, Plain] = {}
        self._pool: ScanPool | None = None
        self._failure: str | None = None

    def start(self) -> None:
        """Launch children for what is not known from before; a start that fails is an error of the readings."""
        self._cache = self._opened_cache()
        self._known = self._cache.known(self._files) if self._cache else {}
        unknown = [path for path in self._files if path not in self._known]
        if not unknown:
            return
        try:
            self._pool = ScanPool(self._rootdir, unknown, list(self._analyzers), spare_cores(self._tests))
        except OSError as error:
            self._failure = f"the static scan could not be started: {error}"

    def _opened_cache(self) -> ResultCache | None:
        folder = self._folder() if self._files else None
        try:
            return ResultCache(folder, self._rootdir, list(self._analyzers.values())) if folder else None
        except Exception:  # noqa: BLE001 - the boundary around engines: what is wrong, the children will tell
            return None

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:
        """Wait for the children (not in a narrowed run); return what they have told, and what was known."""
        failure, unfinished, messages = self._failure, None, list[Plain]()
        if self._pool is not None:
            failure, unfinished = (
                self._seen(self._pool) if narrowed else (self._waited(self._pool, tell), None)
            )
            messages = self._pool.messages
            self.stop()
        self._keep(messages)
        told = self._told(messages)
        self._cache, self._known = None, {}  # a large project's take a good part of the memory
        return {
            "total": len(self._files),
            "messages": told,
            "failure": failure,
            "unfinished": unfinished,
        }

    def _keep(self, messages: Sequence[Plain]) -> None:
        try:
            if self._cache is not None:
                self._cache.keep(self._files, messages)
        except Exception:  # noqa: BLE001 - the same: a configuration that was broken meanwhile
            return

    def _told(self, messages: Sequence[Plain]) -> list[Plain]:
        """Return *messages* and what was known before, by path: the same, whoever scanned a file and when."""
        anywhere = [one for one in messages if "file" not in one]
        scanned = [{name: one[name] for name in _PARTS} for one in messages if "file" in one]
        known = [{"file": path, "results": results, "errors": {}} for path, results in self._known.items()]
        return [*anywhere, *sorted(scanned + known, key=lambda message: str(message["file"]))]

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
        readings = self._read(payload["messages"], payload["total"])
        if payload["total"]:
            return readings
        reason = "there are no source files to scan"
        return {name: replace(reading, unavailable=reason) for name, reading in readings.items()}

    def _read(self, messages: Sequence[Plain], total: int) -> dict[str, Reading]:
        analyzed = (
            _readings(called, analyzer, messages, total) for called, analyzer in self._analyzers.items()
        )
        return {name: reading for readings in analyzed for name, reading in readings.items()}

    def advise(self, verdict: Verdict) -> Advice:
        """Pass on the advice of the analyzer that owns the metric."""
        for analyzer in self._analyzers.values():
            if verdict.metric in analyzer.metrics:
                return analyzer.advise(verdict)
        return Advice()

    def stop(self) -> None:
        """End the children that still live, and reap them."""
        if self._pool is not None:
            self._pool.end()
            self._pool = None

    def _everywhere(self, reading: Reading) -> dict[str, Reading]:
        return {metric.name: reading for metric in self.metrics}

    def _waited(self, pool: ScanPool, tell: Callable[[str], None]) -> str | None:
        """Wait for *pool*, all of them, to end; return how it failed. Time in which this process stood still is not counted."""
        waited = quiet = 0.0
        told = _FIRST_TOLD - _TOLD_EVERY
        while not pool.wait(_PAUSE):
            waited, quiet = waited + _PAUSE, quiet + _PAUSE
            if pool.read():
                quiet = 0.0
            if pool.is_complete:
                break  # its own end takes a moment, and nobody needs it
            if quiet >= self._patience:
                return self._how(pool, f"did not finish a file in {self._patience:g} s and was ended")
            if waited >= told + _TOLD_EVERY:
                told = waited
                tell(f"backend gates: waiting for the static scan, {self._progress(pool)}")
        return self._ending(pool)

    def _seen(self, pool: ScanPool) -> tuple[str | None, str | None]:
        """Look at *pool* without waiting; return how it failed, and what is unfinished."""
        ended = pool.exit_status is not None
        pool.read()
        if ended:
            return self._ending(pool), None
        if pool.is_complete:
            return None, None
        return None, f"the static scan had finished {self._progress(pool)}"

    def _ending(self, pool: ScanPool) -> str | None:
        """Say how a child that has ended failed, if it did."""
        pool.read()
        status = pool.exit_status or 0
        if status < 0:
            return self._how(pool, f"was killed by signal {-status}")
        if status > 0:
            return self._how(pool, f"ended with exit status {status}")
        return None if pool.is_complete else self._how(pool, "ended early")

    def _how(self, pool: ScanPool, how: str) -> str:
        message = f"the static scan {how} after {self._progress(pool)}"
        stderr = pool.stderr_tail()
        return f"{message}; its stderr ends:\n{stderr}" if stderr else message

    def _progress(self, pool: ScanPool) -> str:
        return f"{len(self._known) + pool.finished_files} of {len(self._files)} files"


def _readings(called: str, analyzer: Analyzer, messages: Sequence[Plain], total: int) -> dict[str, Reading]:
    """Read one analyzer's results and errors out of everything the child told of the *total* files."""
    results = dict(_by_file(messages, "results", analyzer.name))
    errors = tuple(_failures(messages, called, analyzer.name))
    if len(results) < total and not errors:
        errors = (Finding(_SUBJECT, f"nothing was told of {total - len(results):,} of {total:,} files"),)
    if errors and not results:
        return {metric.name: Reading(errors=errors) for metric in analyzer.metrics}
    readings = analyzer.reduce(results)
    return {name: replace(reading, errors=errors + reading.errors) for name, reading in readings.items()}


def _failures(messages: Sequence[Plain], called: str, analyzer: str) -> Iterator[Finding]:
    """Yield why *analyzer* could analyze no file at all, then why it could not analyze this one or that."""
    anywhere = [message["error"] for message in messages if message.get("analyzer") == called]
    in_files = [failure for _, failure in _by_file(messages, "errors", analyzer)]
    return (Finding(**failure) for failure in [*anywhere, *in_files])


def _by_file(messages: Sequence[Plain], part: str, analyzer: str) -> Iterator[tuple[str, Any]]:
    """Yield each file with what *analyzer* has told of it in that *part* of the messages."""
    for message in messages:
        told = message.get(part, {})
        if analyzer in told:
            yield message["file"], told[analyzer]
