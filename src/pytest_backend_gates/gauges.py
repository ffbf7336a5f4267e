"""How a gauge is judged: every point by itself, or one number of them all. Part of the judge.

There may be a million points with few different values: what depends on the value alone is done once for each.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import chain
from typing import Final

from pytest_backend_gates.blocks import SEPARATOR, Columns, in_columns
from pytest_backend_gates.measurements import Finding, Number, Point
from pytest_backend_gates.metrics import default_aggregate
from pytest_backend_gates.model import Outcome, Threshold, Verdict
from pytest_backend_gates.rules import decided, owned, relaxed, rivals, satisfies
from pytest_backend_gates.units import SIDES, badness, counted, shown_beside

_AGGREGATES: Final[Mapping[str, Callable[[Sequence[Number]], Number]]] = {
    "max": max,
    "min": min,
    "mean": lambda values: Fraction(sum(values), len(values)),
}


def owned_points(
    threshold: Threshold, points: Mapping[str, Point], thresholds: Sequence[Threshold]
) -> tuple[Columns, ...]:
    """Return those of *points* that *threshold* owns: whole files, unless somebody's glob is about blocks."""
    files = in_columns(points)
    if _block_by_block(threshold, files, thresholds):
        mine = [columns.among(owned(threshold, columns.subjects(), thresholds)) for columns in files]
    else:
        names = owned(threshold, [columns.file or "" for columns in files], thresholds)
        mine = [columns for columns in files if columns.file in names]
    return tuple(filter(None, mine))


def _block_by_block(threshold: Threshold, files: Iterable[Columns], thresholds: Sequence[Threshold]) -> bool:
    """Whether a file may be owned in part, or some points are of no file."""
    asked = (glob for one in (threshold, *rivals(threshold, thresholds)) for glob in one.globs)
    return any(SEPARATOR in glob for glob in asked) or any(columns.file is None for columns in files)


def judge_points(row: Verdict, points: Sequence[Columns]) -> Verdict:
    """Judge *row* on *points*."""
    threshold = row.threshold
    values = list(chain.from_iterable(columns.values for columns in points))
    different = frozenset(values)
    blocks = counted(len(values), row.metric.subject)
    if _each_by_itself(row):
        row = _each_decided(row, different)
        over = _worst_first(points, _beyond(different, threshold), threshold)
        reason = f"{len(over):,} of {blocks} {SIDES[threshold.operator or ''].removesuffix(' to')}"
    else:
        row = decided(row, _AGGREGATES[threshold.aggregate or ""](values))
        beyond = [] if row.outcome is Outcome.PASSED else _beyond(different, threshold)
        over = _worst_first(points, beyond, threshold)
        reason = f"{threshold.aggregate} of {blocks}"
    return replace(
        row,
        worst=None if threshold.aggregate == "mean" else _first_with(row.value, over, points),
        total=len(values),
        judged=len(values),
        over=len(over),
        findings=over,
        reason=reason,
    )


def _each_decided(row: Verdict, values: Iterable[Number]) -> Verdict:
    threshold = row.threshold
    different = sorted(values)
    row = decided(row, max(different, key=partial(_badness, threshold)))
    if row.relax and threshold.operator == "==":
        return replace(row, relax=relaxed(threshold, different[-1], upper=True))
    return row


def _first_with(value: Number | None, over: Iterable[Finding], points: Iterable[Columns]) -> str | None:
    """Return the first subject that has *value*: among those *over* the limit, sorted already, or else of all."""
    having = _having(frozenset() if value is None else frozenset({value}), points)
    subjects = (columns.subject(place) for columns, place in having)
    return next((one.subject for one in over if one.value == value), None) or min(subjects, default=None)


def _having(values: frozenset[Number], points: Iterable[Columns]) -> Iterator[tuple[Columns, int]]:
    """Yield where one of *values* stands."""
    return ((columns, place) for columns in points for place in columns.places(values))


def _each_by_itself(row: Verdict) -> bool:
    """Whether the aggregate is only how a gauge's threshold says that it judges every subject."""
    threshold = row.threshold
    if threshold.operator == "==":
        return threshold.name == threshold.metric
    return threshold.aggregate == default_aggregate(row.metric, threshold.operator or "")


def _beyond(values: Iterable[Number], threshold: Threshold) -> list[Number]:
    return [value for value in values if not satisfies(threshold, value)]


def _worst_first(
    points: Iterable[Columns], values: Collection[Number], threshold: Threshold
) -> tuple[Finding, ...]:
    """Return a finding for each point that has one of *values*; those that are equally bad by subject."""
    ranks = {bad: rank for rank, bad in enumerate(sorted({-_badness(threshold, value) for value in values}))}
    rank = {value: ranks[-_badness(threshold, value)] for value in values}
    told = {value: _message(value, threshold) for value in values}
    findings = [
        columns.finding(place, told[columns.values[place]], threshold.metric)
        for columns, place in _having(frozenset(values), points)
    ]
    return tuple(sorted(findings, key=lambda finding: (rank[finding.value or 0], finding.subject)))


def _message(value: Number, threshold: Threshold) -> str:
    return shown_beside(value, threshold.limit, threshold.operator or "", threshold.unit)


def _badness(threshold: Threshold, value: Number) -> Number:
    return badness(value, threshold.limit, threshold.operator or "")
