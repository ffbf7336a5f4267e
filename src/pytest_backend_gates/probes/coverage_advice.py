"""What to cover first: the fewest line ranges that reach a limit, the most rewarding first.

A range is a run of missing lines with no executed line between them. Covering it gains its lines and
the branches that leave them; a branch that leaves an executed line is a range of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from pytest_backend_gates.measurements import Finding, Ratio
from pytest_backend_gates.model import Advice, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.coverage_report import CoverageReport, FileReport
from pytest_backend_gates.selector import matches
from pytest_backend_gates.units import OPERATORS, counted, quantity_text

#: How many places a sentence names.
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of lines that was not covered, and what covering it would gain."""

    path: str
    line: int
    end_line: int
    lines: int
    branches: int

    @property
    def gain(self) -> int:
        """How many hits it would add."""
        return self.lines + self.branches

    @property
    def span(self) -> str:
        """``41-47``, or ``12``."""
        return str(self.line) if self.line == self.end_line else f"{self.line}-{self.end_line}"

    @property
    def finding(self) -> Finding:
        """Tell it as a finding."""
        lines = f"{counted(self.lines, 'line', 'lines')} not covered" if self.lines else ""
        branches = f"{counted(self.branches, 'branch', 'branches')} not taken" if self.branches else ""
        message = ", ".join(filter(None, (lines, branches)))
        return Finding(self.path, message, path=self.path, line=self.line, end_line=self.end_line)


def advise(verdict: Verdict, report: CoverageReport) -> Advice:
    """Help with a red row of ``coverage`` or ``coverage.file``; nothing for any other row."""
    threshold = verdict.threshold
    if verdict.outcome is not Outcome.FAILED or threshold.operator not in (">", ">="):
        return Advice()
    if threshold.metric == "coverage.file":
        return _advise_each_file(verdict, report)
    return _advise_in_total(threshold, report)


def _advise_in_total(threshold: Threshold, report: CoverageReport) -> Advice:
    """Show the gaps, of all files that *threshold* selects, that lift their total within the limit."""
    files = {path: one for path, one in report.files.items() if matches(threshold.globs, path)}
    total = sum((one.ratio for one in files.values()), Ratio(0, 0))
    chosen = cover_first((gap for path, one in files.items() for gap in gaps(path, one)), total, threshold)
    if not chosen:
        return Advice()
    hint = f"cover {_places(chosen)}: {_distance(total, threshold, report)}"
    return Advice(hint, tuple(gap.finding for gap in chosen))


def cover_first(missing: Iterable[Gap], total: Ratio, threshold: Threshold) -> tuple[Gap, ...]:
    """Choose the fewest gaps that lift *total* within the limit; none when all of them would not."""
    needed = hits_needed(total, threshold)
    chosen: list[Gap] = []
    for gap in sorted(missing, key=lambda gap: (-gap.gain, gap.path, gap.line)):
        if needed <= 0:
            break
        chosen.append(gap)
        needed -= gap.gain
    return tuple(chosen) if needed <= 0 else ()


def hits_needed(total: Ratio, threshold: Threshold) -> int:
    """Return the smallest number of further hits with which *total* satisfies ``>`` or ``>=`` exactly."""
    exact = Fraction(threshold.limit) * total.total / 100 - total.hits
    whole = -(-exact.numerator // exact.denominator)
    return max(0, whole + 1 if threshold.operator == ">" and whole == exact else whole)


def gaps(path: str, report: FileReport) -> Iterator[Gap]:
    """Yield what is not covered of one file. All gains add up to exactly what is missing of its total."""
    branches = Counter(start for start, _ in report.missing_branches)
    for run in _runs(report.missing, report.executed):
        yield Gap(path, run[0], run[-1], len(run), sum(branches.pop(line, 0) for line in run))
    for line, count in sorted(branches.items()):
        yield Gap(path, line, line, 0, count)


def _runs(missing: Sequence[int], executed: Iterable[int]) -> Iterator[list[int]]:
    """Split *missing* wherever an executed line lies between."""
    run: list[int] = []
    ran = set(executed)
    for line in sorted({*missing, *ran}):
        if line not in ran:
            run.append(line)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _advise_each_file(verdict: Verdict, report: CoverageReport) -> Advice:
    """Show the missing ranges of each file that the judge found below the limit."""
    threshold = verdict.threshold
    findings = [
        _with_ranges(finding, report.files[finding.subject])
        for finding in verdict.findings or _below(threshold, report)
        if finding.subject in report.files
    ]
    if not findings:
        return Advice()
    worst = findings[0].subject
    ratio = report.files[worst].ratio
    chosen = cover_first(gaps(worst, report.files[worst]), ratio, threshold)
    hint = f"cover {_places(chosen)}: {_distance(ratio, threshold, report)}" if chosen else None
    return Advice(hint, tuple(findings))


def _below(threshold: Threshold, report: CoverageReport) -> list[Finding]:
    compare = OPERATORS[str(threshold.operator)]
    values = {path: one.ratio.percent for path, one in report.files.items() if one.ratio.total}
    below = [
        Finding(path, "", value, path)
        for path, value in values.items()
        if matches(threshold.globs, path) and not compare(value, threshold.limit)
    ]
    return sorted(below, key=lambda finding: (finding.value or 0, finding.subject))


def _with_ranges(finding: Finding, report: FileReport) -> Finding:
    found = sorted(gaps(finding.subject, report), key=lambda gap: (-gap.gain, gap.line))
    if not found:  # ``> 100%``
        return finding
    shown = ", ".join(gap.span for gap in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    missing = report.ratio.total - report.ratio.hits
    first = found[0]
    return replace(
        finding,
        message=f"{missing} of {report.ratio.total} not covered: {shown}{more}",
        path=finding.subject,
        line=first.line,
        end_line=first.end_line,
    )


def _places(chosen: Sequence[Gap]) -> str:
    """``src/shop/orders.py 41-47, 60 and src/shop/cart.py 12``, the most rewarding first."""
    spans: dict[str, list[str]] = {}
    for gap in chosen[:_SHOWN]:
        spans.setdefault(gap.path, []).append(gap.span)
    places = [f"{path} {', '.join(found)}" for path, found in spans.items()]
    if len(chosen) > _SHOWN:
        places.append(counted(len(chosen) - _SHOWN, "more place", "more places"))
    return " and ".join(filter(None, ("; ".join(places[:-1]), places[-1])))


def _distance(total: Ratio, threshold: Threshold, report: CoverageReport) -> str:
    """``7 lines to 80%``."""
    many = "lines or branches" if report.branch else "lines"
    one = "line or branch" if report.branch else "line"
    over = "over " if threshold.operator == ">" else ""
    return (
        f"{counted(hits_needed(total, threshold), one, many)} to {over}{quantity_text(threshold.limit, '%')}"
    )
