"""The one place that decides a verdict: (thresholds in force, readings) -> verdicts. Pure.

Values are integers and fractions and are compared before anything is rounded. A missing number is never
a pass: nothing to judge is SKIPPED, or NO_DATA when the project wrote the threshold and the run was full;
a measurement with an error in it is ERROR, whatever else it says.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_backend_gates.blocks import Columns
from pytest_backend_gates.gauges import judge_points, owned_points
from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Measurement,
    Rate,
    Reading,
    Trend,
)
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Outcome, Threshold, Verdict
from pytest_backend_gates.rates import judge_rate, why_unproven
from pytest_backend_gates.rules import alike, decided, owned, rivals
from pytest_backend_gates.selector import selection, widened
from pytest_backend_gates.trend_words import both_text, left_text, nouns_of
from pytest_backend_gates.trends import judge_samples, with_untimed
from pytest_backend_gates.units import counted

_UNREAD = Reading(errors=(Finding("", "no probe measured this metric"),))
_UNSAID = Reading(errors=(Finding("", "its probe neither measured this metric nor said why not"),))

#: What a threshold judges: subjects (of a counter: the things examined), of a gauge its points.
_Owned = frozenset[str] | tuple[Columns, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges thresholds. ``narrowed`` says why the run was not a full one; ``strict`` makes SKIPPED red."""

    thresholds: tuple[Threshold, ...]
    catalogue: Catalogue
    narrowed: str | None = None
    strict: bool = False

    def verdicts(self, readings: Mapping[str, Reading]) -> tuple[Verdict, ...]:
        """Judge every threshold in force, in the order in which they were written."""
        return tuple(self.verdict(one, readings) for one in self.thresholds)

    def verdict(self, threshold: Threshold, readings: Mapping[str, Reading]) -> Verdict:
        """Judge one of the thresholds in force."""
        reading = readings.get(threshold.metric, _UNREAD)
        metric = self.catalogue.metrics[threshold.metric]
        row = Verdict(threshold, metric, Outcome.SKIPPED, red=False, reason="")
        if threshold.is_off:
            return replace(row, outcome=Outcome.OFF, reason=f"switched off ({threshold.origin})")
        if reading.measurement is None and not (reading.errors or reading.unavailable):
            reading = _UNSAID
        row = self._measured(row, reading)
        if reading.errors:
            row = _erroneous(row, reading)
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
        row = _JUDGES[type(measurement)](row, measurement, mine)
        untimed = isinstance(measurement, Trend) and not measurement.untimed.keys().isdisjoint(mine)
        if untimed and row.outcome is not Outcome.FAILED:
            row = self._without_data(row, row.reason, row.hint)
        return replace(row, reason=self._beside_budgets(row, measurement, mine))

    def _owned(self, threshold: Threshold, measurement: Measurement) -> _Owned:
        """Return what *threshold* judges."""
        if isinstance(measurement, Rate):
            selected = selection(threshold.globs, measurement.subjects)
            return frozenset(selected if sum(measurement.subjects[name].total for name in selected) else ())
        left = _left_to_tests(threshold, measurement)
        return _among(measurement, threshold, self.thresholds, left)

    def _nothing_owned(self, row: Verdict, reading: Reading, measurement: Measurement) -> Verdict:
        """Judge a threshold that has nothing to judge: red when the project wrote it and the run was full."""
        threshold = row.threshold
        noun, known = _noun(row, measurement), _known(measurement)
        if not _among(measurement, threshold, (threshold,)):
            hint = _too_narrow(threshold, known) or reading.hint
            return self._without_data(row, _unmatched(noun, len(known), reading), hint)
        left = owned(threshold, _left_to_tests(threshold, measurement), self.thresholds)
        if left:  # and judged there, by this judge
            return replace(row, outcome=Outcome.PASSED, judged=len(left), reason=left_text(len(left)))
        if isinstance(measurement, Rate):
            reason = f"none of the {measurement.of} that this threshold matches can be counted"
            return self._without_data(row, reason, reading.hint)
        reason = f"every {noun} that this threshold matches is owned by a later one"
        # A default that the project overrides, or the project that the command line does: then nothing is amiss.
        if _among(measurement, threshold, alike(threshold, self.thresholds)):
            later = rivals(threshold, self.thresholds)
            names = ", ".join(f"'{one.text}' ({one.origin})" for one in later)
            return replace(row, outcome=Outcome.OFF, reason=f"{reason}: {names}")
        return self._without_data(row, reason, reading.hint)

    def _beside_budgets(self, row: Verdict, measurement: Measurement, mine: _Owned) -> str:
        """Return the reason of *row*, with how many subjects tests have judged by budgets: instead of it, or too."""
        if isinstance(measurement, Gauge):
            return row.reason
        left = len(owned(row.threshold, _left_to_tests(row.threshold, measurement), self.thresholds))
        both = len(_within_budgets(row.threshold, measurement).intersection(mine))
        told = [left_text(left) if left else "", both_text(both) if both else ""]
        return "; ".join(filter(None, [row.reason, *told]))

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


def _judge_counter(row: Verdict, measurement: Counter, mine: frozenset[str]) -> Verdict:
    """Judge a counter: how many findings there are among what the threshold owns."""
    count, findings = measurement.count(mine), measurement.shown(mine)
    aside = f"; {measurement.aside}" if measurement.aside else ""
    examined = len(mine & measurement.examined)
    row = decided(row, count)
    good = row.outcome is Outcome.PASSED
    row = replace(
        row,
        hits=count,
        total=examined,
        judged=examined,
        over=0 if good else count,
        findings=tuple(sorted(findings, key=_reading_order)),
        reason=f"{counted(count, row.metric.subject)} in {counted(examined, measurement.of)}{aside}",
    )
    unproven = why_unproven(measurement, mine)
    row = replace(row, unproven=len(unproven))
    return row if count or len(unproven) < len(mine) else _nothing_proven(row, unproven)


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


def _judge_gauge(row: Verdict, _: Gauge, mine: Sequence[Columns]) -> Verdict:
    """Judge a gauge: every subject by itself, or the mean, smallest or largest of them as one number."""
    return judge_points(row, mine)


def _judge_trend(row: Verdict, measurement: Trend, mine: frozenset[str]) -> Verdict:
    """Judge a trend: an aggregate of every subject's own samples, as far as they prove something."""
    subjects = {name: measurement.subjects[name] for name in sorted(mine & measurement.subjects.keys())}
    if subjects:
        row = judge_samples(row, subjects, measurement.conditions)
    return with_untimed(row, {name: why for name, why in measurement.untimed.items() if name in mine})


_JUDGES: Mapping[type, Callable[..., Verdict]] = {
    Rate: judge_rate,
    Counter: _judge_counter,
    Gauge: _judge_gauge,
    Trend: _judge_trend,
}


def _among(
    measurement: Measurement,
    threshold: Threshold,
    thresholds: Sequence[Threshold],
    besides: frozenset[str] = frozenset(),
) -> _Owned:
    """Return what *threshold* owns of *measurement* when *thresholds* are in force, *besides* some subjects."""
    if isinstance(measurement, Gauge):
        return owned_points(threshold, measurement.subjects, thresholds)
    names = measurement.names
    return owned(threshold, names - besides if besides else names, thresholds)


def _known(measurement: Measurement) -> Collection[str]:
    return measurement.subjects if isinstance(measurement, Gauge) else measurement.names


def _noun(row: Verdict, measurement: Measurement) -> str:
    """Return what one of the things is that a threshold may match."""
    if isinstance(measurement, Counter):
        return measurement.of
    if isinstance(measurement, Trend):
        return nouns_of(row, map(measurement.subjects.get, measurement.names))[0]
    return row.metric.subject


def _too_narrow(threshold: Threshold, known: Iterable[str]) -> str | None:
    """Say what would match something of what is *known*, where only a ``/`` keeps the threshold from it."""
    found = widened(threshold.globs, known)
    return f"write {found[1]} for {found[0]}: * stops at every /" if found else None


def _left_to_tests(threshold: Threshold, measurement: Measurement) -> frozenset[str]:
    """Return the subjects that keep budgets of their own, which stand in for a default limit.

    What the project wrote is judged in any case: where the budget is the stricter one, that changes nothing.
    """
    is_default = threshold.origin.kind == "default"
    return _within_budgets(threshold, measurement) if is_default else frozenset()


def _within_budgets(threshold: Threshold, measurement: Measurement) -> frozenset[str]:
    """Return the subjects of which tests have found the same aggregate within an upper limit of their own."""
    if not isinstance(measurement, Trend) or threshold.operator not in ("<", "<="):
        return frozenset()
    subjects = measurement.subjects.items()
    return frozenset(name for name, samples in subjects if threshold.aggregate in samples.budgets)


def _reading_order(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.path or "", finding.line or 0, finding.code or "", finding.subject, finding.message


def _erroneous(row: Verdict, reading: Reading) -> Verdict:
    """Return *row* as an error, with what was measured all the same behind it: a denominator is always shown."""
    told = [_errors_text(reading.errors, row.metric.gate)]
    told += [row.reason] if row.judged else []
    findings = reading.errors + row.findings
    return replace(row, outcome=Outcome.ERROR, reason="; ".join(told), findings=findings)


def _errors_text(errors: Sequence[Finding], gate: str) -> str:
    """Tell the first of *errors*, and where it was, unless that is the *gate*, which its row names anyway."""
    first = errors[0]
    place = f"{first.place}: " if first.place not in ("", gate) else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}{' '.join(first.message.split())}{more}"
