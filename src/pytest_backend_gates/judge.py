"""The one place that decides a verdict: (thresholds in force, readings) -> verdicts. Pure.

Values are integers and fractions and are compared before anything is rounded. A missing number is never
a pass: nothing to judge is SKIPPED, or NO_DATA when the project wrote the threshold and the run was full;
a measurement with an error in it is ERROR, whatever else it says.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Measurement,
    Number,
    Point,
    Rate,
    Ratio,
    Reading,
    Trend,
)
from pytest_backend_gates.metrics import Catalogue, default_aggregate
from pytest_backend_gates.model import Outcome, Threshold, Verdict
from pytest_backend_gates.rules import alike, owned, relaxed, rivals
from pytest_backend_gates.selector import matches
from pytest_backend_gates.trends import judge_samples
from pytest_backend_gates.units import OPERATORS, SIDES, badness, counted, shown_beside

_UNREAD = Reading(errors=(Finding("", "no probe measured this metric"),))
_UNSAID = Reading(errors=(Finding("", "its probe neither measured this metric nor said why not"),))


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges thresholds. ``narrowed`` says why the run was not a full one; ``strict`` makes SKIPPED red."""

    thresholds: tuple[Threshold, ...]
    catalogue: Catalogue
    narrowed: str | None = None
    strict: bool = False

    def verdicts(self, readings: Mapping[str, Reading]) -> tuple[Verdict, ...]:
        """Judge every threshold in force, in the order in which they were written."""
        return tuple(self._verdict(one, readings.get(one.metric, _UNREAD)) for one in self.thresholds)

    def _verdict(self, threshold: Threshold, reading: Reading) -> Verdict:
        metric = self.catalogue.metrics[threshold.metric]
        row = Verdict(threshold, metric, Outcome.SKIPPED, red=False, reason="")
        if threshold.is_off:
            return replace(row, outcome=Outcome.OFF, reason=f"switched off ({threshold.origin})")
        if reading.measurement is None and not (reading.errors or reading.unavailable):
            reading = _UNSAID
        row = self._measured(row, reading)
        if reading.errors:
            findings = reading.errors + row.findings
            row = replace(row, outcome=Outcome.ERROR, reason=_errors_text(reading.errors), findings=findings)
        elif self.strict and row.outcome is Outcome.PASSED and row.unproven:
            row = replace(row, outcome=Outcome.SKIPPED, reason=f"{row.reason} (strict: unproven is red)")
        return self._coloured(row)

    def _measured(self, row: Verdict, reading: Reading) -> Verdict:
        """Judge what was measured, leaving errors aside."""
        measurement = reading.measurement
        if measurement is None:
            return replace(row, reason=reading.unavailable or "", hint=reading.hint)
        mine = self._owned(row.threshold, measurement)
        if not mine:
            return self._nothing_owned(row, reading, measurement)
        return _JUDGES[type(measurement)](row, measurement, mine)

    def _owned(self, threshold: Threshold, measurement: Measurement) -> frozenset[str]:
        """Return the subjects (of a counter: the things examined) that *threshold* judges."""
        if isinstance(measurement, Rate):
            selected = {name for name in measurement.subjects if matches(threshold.globs, name)}
            return frozenset(selected if sum(measurement.subjects[name].total for name in selected) else ())
        return owned(threshold, measurement.names - _budgeted(threshold, measurement), self.thresholds)

    def _nothing_owned(self, row: Verdict, reading: Reading, measurement: Measurement) -> Verdict:
        """Judge a threshold that has nothing to judge: red when the project wrote it and the run was full."""
        threshold, known = row.threshold, measurement.names
        noun = measurement.of if isinstance(measurement, Counter) else row.metric.subject
        if not any(matches(threshold.globs, name) for name in known):
            return self._without_data(row, _unmatched(noun, len(known), reading), reading.hint)
        if owned(threshold, _budgeted(threshold, measurement), self.thresholds):
            reason = f"every {noun} that this threshold matches has a budget of its own in a test"
            return replace(row, outcome=Outcome.OFF, reason=reason)
        if isinstance(measurement, Rate):
            reason = f"none of the {measurement.of} that this threshold matches can be counted"
            return self._without_data(row, reason, reading.hint)
        reason = f"every {noun} that this threshold matches is owned by a later one"
        if self._overridden(threshold, known):
            later = rivals(threshold, self.thresholds)
            names = ", ".join(f"'{one.text}' ({one.origin})" for one in later)
            return replace(row, outcome=Outcome.OFF, reason=f"{reason}: {names}")
        return self._without_data(row, reason, reading.hint)

    def _overridden(self, threshold: Threshold, known: Collection[str]) -> bool:
        """Whether the project overrides a default, or the command line the project: then nothing is amiss."""
        return bool(owned(threshold, known, alike(threshold, self.thresholds)))

    def _without_data(self, row: Verdict, reason: str, hint: str | None) -> Verdict:
        if self.narrowed is not None:
            return replace(row, reason=f"{reason} (narrowed run: {self.narrowed})", hint=hint)
        written = row.threshold.origin.kind != "default"
        return replace(row, outcome=Outcome.NO_DATA if written else row.outcome, reason=reason, hint=hint)

    def _coloured(self, row: Verdict) -> Verdict:
        red = row.outcome in (Outcome.NO_DATA, Outcome.FAILED, Outcome.ERROR)
        red = red or (self.strict and row.outcome is Outcome.SKIPPED)
        relax = (row.relax if row.outcome is Outcome.FAILED else f"{row.metric.name} off") if red else None
        return replace(row, red=red, relax=relax)


def _judge_rate(row: Verdict, measurement: Rate, mine: frozenset[str]) -> Verdict:
    """Judge a rate: the summed ratio of everything selected."""
    total = sum((measurement.subjects[name] for name in mine), Ratio(0, 0))
    row = _decided(row, total.percent)
    good = row.outcome is Outcome.PASSED
    return replace(
        row,
        hits=total.hits,
        total=total.total,
        judged=len(mine),
        over=0 if good else 1,
        findings=_unproven(measurement, mine),
        reason=f"{total.hits:,} of {total.total:,} {measurement.of}, {counted(len(mine), row.metric.subject)}",
    )


def _judge_counter(row: Verdict, measurement: Counter, mine: frozenset[str]) -> Verdict:
    """Judge a counter: how many findings there are among what the threshold owns."""
    findings = tuple(finding for finding in measurement.findings if finding.subject in mine)
    aside = f"; {measurement.aside}" if measurement.aside else ""
    examined = len(mine & measurement.examined)
    row = _decided(row, len(findings))
    good = row.outcome is Outcome.PASSED
    row = replace(
        row,
        hits=len(findings),
        total=examined,
        judged=examined,
        over=0 if good else len(findings),
        findings=tuple(sorted(findings, key=_reading_order)),
        reason=f"{counted(len(findings), row.metric.subject)} in {counted(examined, measurement.of)}{aside}",
    )
    unproven = _unproven(measurement, mine)
    row = replace(row, unproven=len(unproven))
    return row if findings or len(unproven) < len(mine) else _nothing_proven(row, unproven)


def _nothing_proven(row: Verdict, unproven: tuple[Finding, ...]) -> Verdict:
    """Take back a count of none where nothing examined could have shown one."""
    whys = {finding.message for finding in unproven}
    why = f"nothing proven ({whys.pop() if len(whys) == 1 else 'for several reasons'})"
    return replace(row, outcome=Outcome.SKIPPED, relax=None, findings=unproven, reason=f"{why}: {row.reason}")


def _unmatched(noun: str, known: int, reading: Reading) -> str:
    """Say that there is nothing of what a threshold asks for, and why, where that is known."""
    if not known and reading.unavailable:
        return reading.unavailable
    reason = f"this threshold matches no {noun} of {known:,}"
    return f"{reason}; {reading.unavailable}" if reading.unavailable else reason


def _unproven(measurement: Rate | Counter, mine: frozenset[str]) -> tuple[Finding, ...]:
    """Return a finding for each subject that proves nothing: why."""
    reasons = measurement.unproven
    return tuple(Finding(name, reasons[name]) for name in sorted(mine) if name in reasons)


def _judge_gauge(row: Verdict, measurement: Gauge, mine: frozenset[str]) -> Verdict:
    """Judge a gauge: every subject by itself, or the mean, smallest or largest of them as one number."""
    threshold = row.threshold
    points = {name: measurement.subjects[name] for name in sorted(mine)}
    values = [point.value for point in points.values()]
    blocks = counted(len(points), row.metric.subject)
    if _each_by_itself(row):
        row = _each_decided(row, values)
        over = _beyond(points, threshold)
        reason = f"{len(over):,} of {blocks} {SIDES[threshold.operator or ''].removesuffix(' to')}"
    else:
        row = _decided(row, _AGGREGATES[threshold.aggregate or ""](values))
        over = {} if row.outcome is Outcome.PASSED else _beyond(points, threshold)
        reason = f"{threshold.aggregate} of {blocks}"
    return replace(
        row,
        worst=None if threshold.aggregate == "mean" else _first_with(row.value, points),
        total=len(points),
        judged=len(points),
        over=len(over),
        findings=_worst_first(over, threshold),
        reason=reason,
    )


def _each_decided(row: Verdict, values: Sequence[Number]) -> Verdict:
    threshold = row.threshold
    row = _decided(row, max(values, key=partial(_badness, threshold)))
    if row.relax and threshold.operator == "==":
        return replace(row, relax=relaxed(threshold, max(values), upper=True))
    return row


def _first_with(value: Number | None, points: Mapping[str, Point]) -> str | None:
    return next((name for name, point in points.items() if point.value == value), None)


def _each_by_itself(row: Verdict) -> bool:
    """Whether the aggregate is only how a gauge's threshold says that it judges every subject."""
    threshold = row.threshold
    if threshold.operator == "==":
        return threshold.name == threshold.metric
    return threshold.aggregate == default_aggregate(row.metric, threshold.operator or "")


def _judge_trend(row: Verdict, measurement: Trend, mine: frozenset[str]) -> Verdict:
    """Judge a trend: an aggregate of every subject's own samples, as far as they prove something."""
    subjects = {name: measurement.subjects[name] for name in sorted(mine)}
    return judge_samples(row, subjects, measurement.conditions)


_JUDGES: Mapping[type, Callable[..., Verdict]] = {
    Rate: _judge_rate,
    Counter: _judge_counter,
    Gauge: _judge_gauge,
    Trend: _judge_trend,
}


_AGGREGATES: Mapping[str, Callable[[Sequence[Number]], Number]] = {
    "max": max,
    "min": min,
    "mean": lambda values: Fraction(sum(values), len(values)),
}


def _decided(row: Verdict, value: Number) -> Verdict:
    """Compare the one number of a row with its limit."""
    threshold = row.threshold
    if _satisfies(threshold, value):
        return replace(row, outcome=Outcome.PASSED, value=value)
    upper = value > threshold.limit or threshold.operator == "<"  # the value may equal a strict limit
    relax = relaxed(threshold, value, upper=upper)
    return replace(row, outcome=Outcome.FAILED, value=value, relax=relax)


def _satisfies(threshold: Threshold, value: Number) -> bool:
    return OPERATORS[threshold.operator or ""](value, threshold.limit)


def _badness(threshold: Threshold, value: Number) -> Number:
    return badness(value, threshold.limit, threshold.operator or "")


def _budgeted(threshold: Threshold, measurement: Measurement) -> frozenset[str]:
    """Return the subjects for which a test has judged the same aggregate, unless a selector means to judge it too."""
    if threshold.globs or not isinstance(measurement, Trend):
        return frozenset()
    return frozenset(
        name for name, samples in measurement.subjects.items() if threshold.aggregate in samples.budgets
    )


def _reading_order(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.path or "", finding.line or 0, finding.code or "", finding.subject, finding.message


def _beyond(points: Mapping[str, Point], threshold: Threshold) -> dict[str, Point]:
    return {name: point for name, point in points.items() if not _satisfies(threshold, point.value)}


def _worst_first(points: Mapping[str, Point], threshold: Threshold) -> tuple[Finding, ...]:
    ordered = sorted(points.items(), key=lambda item: (-_badness(threshold, item[1].value), item[0]))
    return tuple(
        Finding(
            subject=name,
            message=shown_beside(point.value, threshold.limit, threshold.operator or "", threshold.unit),
            value=point.value,
            path=point.path,
            line=point.line,
            end_line=point.end_line,
            code=threshold.metric,
            identity=name,
        )
        for name, point in ordered
    )


def _errors_text(errors: Sequence[Finding]) -> str:
    first = errors[0]
    place = f"{first.place}: " if first.place else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}{first.message}{more}"
