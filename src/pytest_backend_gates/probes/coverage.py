"""Coverage: coverage.py's own number for the user's configuration, measured beside the tests.

Who measures: pytest-cov when ``--cov`` was given, an outer ``coverage run`` when this process is inside
one, else a tracer of ours. What is measured: what the configuration of coverage.py names, else the
discovered source, files never imported included.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal, cast

from pytest_backend_gates.measurements import Finding, Gauge, Kind, Metric, Plain, Point, Rate, Reading
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.coverage_advice import advise
from pytest_backend_gates.probes.coverage_merging import report_adopted, report_traces
from pytest_backend_gates.probes.coverage_pause import Pause, Pauses
from pytest_backend_gates.probes.coverage_report import CoverageReport
from pytest_backend_gates.probes.coverage_setup import Setup, faults
from pytest_backend_gates.probes.coverage_tracing import OuterTrace, OwnTrace, Trace
from pytest_backend_gates.units import counted

if TYPE_CHECKING:
    from coverage import Coverage

#: What coverage.py says of something that it did not see: with several processes, only true if all say it.
_ABSENT: Final = ("(no-data-collected)", "(module-not-imported)", "(module-not-measured)")

#: The end of a warning that is an error of the reading too.
_UNPARSED: Final = "(couldnt-parse)"


class CoverageProbe:
    """Measures which lines and branches of the source the tests execute."""

    name: ClassVar[str] = "coverage"
    scope: ClassVar[Literal["process", "session"]] = "process"
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("coverage", Kind.RATE, "%", "coverage", "file"),
        Metric("coverage.file", Kind.GAUGE, "%", "coverage", "file"),
    )

    def __init__(
        self,
        rootdir: Path,
        roots: Sequence[str],
        files: Sequence[str],
        *,
        obstacle: str | None = None,
        adopted: "Callable[[], object | None] | None" = None,
    ) -> None:
        """Measure *roots* and judge *files* (both from *rootdir*) unless coverage.py's configuration names others.

        *obstacle* says why nothing can be traced here. *adopted* returns the ``coverage.Coverage`` of
        pytest-cov, final by the time of :meth:`reduce`, when that measures instead.
        """
        self._rootdir = rootdir.absolute()
        self._roots = roots
        self._files = files
        self._obstacle = obstacle
        self._adopted = adopted
        self._folder = str(Path.cwd())
        self._trace: Trace | None = None
        self._error: str | None = None
        self._report: CoverageReport | None = None
        self._pauses = Pauses()

    def start(self) -> None:
        """Start to trace this process, unless something else does or nothing can."""
        if self._obstacle or self._adopted:
            return
        from coverage import Coverage

        outer = Coverage.current()
        if outer is None:
            self._obstacle = _debugger()
        if self._obstacle:
            return
        try:
            self._trace = OuterTrace(outer) if outer else OwnTrace(self._rootdir, self._roots)
            self._pauses.watch()
        except faults() as error:
            self._error = str(error)

    def paused(self, *, long: bool = False) -> Pause:
        """Return a context manager: nothing that runs inside counts, whoever measures this process.

        Only the lines of modules first imported inside do, as an import anywhere else would count them.
        A *long* pause is one of a tenth of a second at least.
        """
        return self._pauses.paused(long=long)

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002 - never long
        """Stop tracing and return the trace, or why there is none."""
        if self._adopted:
            return {}
        if self._trace is None:
            return {"obstacle": self._obstacle, "error": self._error}
        if narrowed:
            self.stop()
            return {}
        try:
            return self._trace.collect()
        except faults() as error:
            return {"error": str(error)}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        """Merge the traces line by line and report on them as coverage.py does."""
        reason = self._why_unavailable(payloads, narrowed)
        if reason:
            return _both(Reading(unavailable=reason))
        return self._measured(payloads)

    def advise(self, verdict: Verdict) -> Advice:
        """Name the line ranges whose covering reaches the limit soonest."""
        return advise(verdict, self._report) if self._report else Advice()

    def stop(self) -> None:
        """Stop tracing and remove what was written."""
        trace, self._trace = self._trace, None
        if trace is not None:
            trace.stop()

    def _why_unavailable(self, payloads: Sequence[Plain], narrowed: str | None) -> str | None:
        if narrowed:
            return f"a narrowed run ({narrowed}): coverage is judged in full runs"
        if self._obstacle:
            return self._obstacle
        return next((payload["obstacle"] for payload in payloads if payload.get("obstacle")), None)

    def _measured(self, payloads: Sequence[Plain]) -> Mapping[str, Reading]:
        failed = [payload["error"] for payload in payloads if payload.get("error")]
        if failed:
            return _both(_failure(failed[0]))
        notes: list[str] = []
        try:
            report = self._report_on(payloads, notes)
        except faults() as error:
            return _both(_failure(str(error)))
        if report is None:
            return _both(
                _failure(
                    "pytest-cov measured nothing" if self._adopted else "no test process returned a trace"
                )
            )
        self._report = report
        readings = _readings(report, [*_told(payloads), *notes], len(self._files))
        return self._checked(readings, list(report.files))

    def _checked(self, readings: Mapping[str, Reading], measured: Sequence[str]) -> Mapping[str, Reading]:
        """Say when no source file was measured: an error, unless the tests ran an installed copy of it."""
        left_out = sorted(set(self._files) - set(measured))
        if not measured or not self._files or len(left_out) < len(self._files):
            return self._noted(readings, left_out)
        example = measured[0]
        message = f"none of the {len(self._files):,} files of the source is among the measured ones, such as {example}"
        if example.startswith("..") or Path(example).is_absolute():
            note = f"coverage.py: {message}"
            return {name: replace(one, notes=(*one.notes, note)) for name, one in readings.items()}
        error = Finding("coverage.py", message, hint="see source, include and omit in its configuration")
        return {name: replace(one, errors=(*one.errors, error)) for name, one in readings.items()}

    def _noted(self, readings: Mapping[str, Reading], left_out: Sequence[str]) -> Mapping[str, Reading]:
        """Say what ``--cov`` leaves out: a number of fewer files is not the number of the project."""
        if not left_out or not self._adopted:
            return readings
        note = f"coverage: --cov leaves out {len(left_out):,} of {len(self._files):,} source files, such as {left_out[0]}"
        return {name: replace(one, notes=(*one.notes, note)) for name, one in readings.items()}

    def _report_on(self, payloads: Sequence[Plain], notes: list[str]) -> CoverageReport | None:
        if self._adopted is not None:
            tool = self._adopted()
            if tool is None:
                return None
            return report_adopted(self._rootdir, self._files, cast("Coverage", tool), self._folder, notes)
        traces = [payload for payload in payloads if payload.get("setup")]
        if not traces:
            return None
        setup = Setup.from_plain(traces[0]["setup"])
        contents = [payload["data"] for payload in traces]
        return report_traces(self._rootdir, self._files, setup, contents, notes)


def _debugger() -> str | None:
    """Return why nothing may be traced here: somebody else already does."""
    monitoring = getattr(sys, "monitoring", None)
    by_monitoring = monitoring.get_tool(monitoring.DEBUGGER_ID) if monitoring else None
    if sys.gettrace() is None and by_monitoring is None:
        return None
    return "not traced: a debugger is tracing this process"


def _told(payloads: Sequence[Plain]) -> list[str]:
    """Return coverage.py's warnings in all processes. That something is absent must be true in every one."""
    told = [payload["warnings"] for payload in payloads if "warnings" in payload]
    return [
        text
        for text in dict.fromkeys(text for texts in told for text in texts)
        if not text.endswith(_ABSENT) or all(text in texts for texts in told)
    ]


def _both(reading: Reading) -> Mapping[str, Reading]:
    return {metric.name: reading for metric in CoverageProbe.metrics}


def _failure(message: str) -> Reading:
    return Reading(errors=(Finding("coverage.py", message),))


def _readings(report: CoverageReport, notes: Sequence[str], discovered: int) -> Mapping[str, Reading]:
    told = tuple(f"coverage.py: {note}" for note in notes if not note.endswith(_UNPARSED))
    if not report.files and not report.errors:
        nothing = replace(_nothing(report.setup, discovered), notes=told)
        if nothing.errors:
            return _both(nothing)
        return {"coverage": nothing, "coverage.file": replace(nothing, measurement=Gauge({}))}
    files = {path: one.ratio for path, one in report.files.items()}
    points = {path: Point(ratio.percent, path) for path, ratio in files.items() if ratio.total}
    return {
        "coverage": Reading(Rate(files, of=report.of), report.errors, notes=told),
        "coverage.file": Reading(Gauge(points), report.errors, notes=told),
    }


def _nothing(setup: Setup, discovered: int) -> Reading:
    """Say why there is no file at all to report on."""
    if not setup.source_options and discovered:
        return Reading(
            Rate({}),
            unavailable=f"the configuration of coverage.py omits all {counted(discovered, 'source file')}",
        )
    if not setup.source_options:
        return Reading(
            Rate({}), unavailable="no Python source was found", hint="name it in backend_gates_source"
        )
    named = ", ".join(option.replace("run:", "[run] ") for option in setup.source_options)
    return _failure(f"nothing of what {named} of its configuration names was measured")
