"""How a gauge is judged: every point by itself, or one number of them all. Part of the judge.

There may be a million points with few different values: what depends on the value alone is done once for each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Final

from pytest_backend_gates.measurements import Finding, Number, Point
from pytest_backend_gates.metrics import default_aggregate
from pytest_backend_gates.model import Outcome, Threshold, Verdict
from pytest_backend_gates.rules import decided, relaxed, satisfies
from pytest_backend_gates.units import SIDES, badness, counted, shown_beside

_AGGREGATES: Final[Mapping[str, Callable[[Sequence[Number]], Number]]] = {
    "max": max,
    "min": min,
    "mean": lambda values: Fraction(sum(values), len(values)),
}


def judge_points(row: Verdict, points: Mapping[str, Point]) -> Verdict:
    """Judge *row* on *points*."""
    threshold = row.threshold
    values = [point.value for point in points.values()]
    blocks = counted(len(points), row.metric.subject)
    if _each_by_itself(row):
        row = _each_decided(row, values)
        over = _beyond(points, threshold)
        reason = f"{len(over):,} of {blocks} {SIDES[threshold.operator or ''].removesuffix(' to')}"
    else:
        row = decided(row, _AGGREGATES[threshold.aggregate or ""](values))
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


def _each_decided(row: Verdict, values: Iterable[Number]) -> Verdict:
    threshold = row.threshold
    different = sorted(set(values))
    row = decided(row, max(different, key=partial(_badness, threshold)))
    if row.relax and threshold.operator == "==":
        return replace(row, relax=relaxed(threshold, different[-1], upper=True))
    return row


def _first_with(value: Number | None, points: Mapping[str, Point]) -> str | None:
    return min((name for name, point in points.items() if point.value == value), default=None)


def _each_by_itself(row: Verdict) -> bool:
    """Whether the aggregate is only how a gauge's threshold says that it judges every subject."""
    threshold = row.threshold
    if threshold.operator == "==":
        return threshold.name == threshold.metric
    return threshold.aggregate == default_aggregate(row.metric, threshold.operator or "")


def _beyond(points: Mapping[str, Point], threshold: Threshold) -> dict[str, Point]:
    beyond = {
        value for value in {point.value for point in points.values()} if not satisfies(threshold, value)
    }
    return {name: point for name, point in points.items() if point.value in beyond} if beyond else {}


def _worst_first(points: Mapping[str, Point], threshold: Threshold) -> tuple[Finding, ...]:
    different = {point.value for point in points.values()}
    ranks = {
        value: rank for rank, value in enumerate(sorted({-_badness(threshold, value) for value in different}))
    }
    rank = {value: ranks[-_badness(threshold, value)] for value in different}
    told = {value: _message(value, threshold) for value in different}
    ordered = sorted(points.items(), key=lambda item: (rank[item[1].value], item[0]))
    return tuple(_finding(name, point, told[point.value], threshold.metric) for name, point in ordered)


def _message(value: Number, threshold: Threshold) -> str:
    return shown_beside(value, threshold.limit, threshold.operator or "", threshold.unit)


def _finding(name: str, point: Point, message: str, code: str) -> Finding:
    return Finding(
        subject=name,
        message=message,
        value=point.value,
        path=point.path,
        line=point.line,
        end_line=point.end_line,
        code=code,
        identity=name,
    )


def _badness(threshold: Threshold, value: Number) -> Number:
    return badness(value, threshold.limit, threshold.operator or "")
