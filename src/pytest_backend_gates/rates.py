"""How a rate is judged: the summed ratio of everything selected. Part of the judge.

A rate of all that there is, such as lines, is what it is. A rate of a sample, such as requests, is over its
limit as soon as it is seen to be, and within it only when so many were seen that one hit would not be over:
0 of 5 requests say nothing about 0.1 %.
"""

from dataclasses import replace

from pytest_backend_gates.evidence import samples_needed
from pytest_backend_gates.measurements import Counter, Finding, Rate, Ratio
from pytest_backend_gates.model import Outcome, Threshold, Verdict
from pytest_backend_gates.rules import decided
from pytest_backend_gates.units import counted, quantity_text


def judge_rate(row: Verdict, measurement: Rate, mine: frozenset[str]) -> Verdict:
    """Judge the subjects of *measurement* that are in *mine*."""
    total = sum((measurement.subjects[name] for name in mine), Ratio(0, 0))
    row = decided(row, total.percent)
    row = replace(
        row,
        hits=total.hits,
        total=total.total,
        judged=len(mine),
        over=0 if row.outcome is Outcome.PASSED else 1,
        findings=why_unproven(measurement, mine),
        reason=f"{total.hits:,} of {total.total:,} {measurement.of}, {counted(len(mine), row.metric.subject)}",
    )
    return _doubted(row, total) if measurement.sampled else row


def why_unproven(measurement: Rate | Counter, mine: frozenset[str]) -> tuple[Finding, ...]:
    """Return a finding for each subject that proves nothing: why."""
    reasons = measurement.unproven
    return tuple(Finding(name, reasons[name]) for name in sorted(mine) if name in reasons)


def _doubted(row: Verdict, total: Ratio) -> Verdict:
    """Take back a pass that too few of a sample stand for."""
    threshold = row.threshold
    needed = _needed(threshold)
    if row.outcome is not Outcome.PASSED or total.total >= needed:
        return row
    missing = f"{needed:,} needed to prove {quantity_text(threshold.limit, threshold.unit)}"
    return replace(
        row, outcome=Outcome.SKIPPED, unproven=row.judged, reason=f"{row.reason}; {missing}", relax=None
    )


def _needed(threshold: Threshold) -> int:
    """Return how many of a sample prove that its rate is within the limit: 1,000 for 0.1 %.

    No number proves that there will never be a hit. A limit of zero, and ``==``, are about those seen.
    """
    share = threshold.limit / 100
    tail = share if threshold.operator in ("<", "<=") else 1 - share
    return samples_needed(tail) if threshold.operator != "==" and 0 < tail < 1 else 1
