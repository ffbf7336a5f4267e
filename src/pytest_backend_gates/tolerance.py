"""Whether one finding is enough for the judge: what decides if a test that has findings fails at once.

Pure, and built on the judge's own rules: the last threshold that matches a subject owns its findings.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from pytest_backend_gates.model import Threshold
from pytest_backend_gates.rules import owns
from pytest_backend_gates.units import OPERATORS


def why_tolerated(metric: str, subject: str, thresholds: Sequence[Threshold]) -> str | None:
    """Say why a finding of the counter *metric* at *subject* does not fail by itself; ``None`` when it does.

    It fails when the threshold that owns it allows no finding at all. Otherwise the gate judges the total.
    """
    ours = [one for one in thresholds if one.metric == metric]
    for owner in _owners(ours, subject, thresholds):
        return f"judged in total: {_told(owner)}" if _allows_some(owner) else None
    off = next((_told(one) for one in ours if one.is_off), f"no threshold of {metric} matches it")
    return f"off: {off}"


def _owners(ours: Sequence[Threshold], subject: str, thresholds: Sequence[Threshold]) -> Iterator[Threshold]:
    return (one for one in ours if not one.is_off and owns(one, subject, thresholds))


def _allows_some(threshold: Threshold) -> bool:
    """Whether there is a number of findings, more than none, that satisfies *threshold*."""
    if threshold.operator in (">", ">="):
        return True
    compare, most = OPERATORS[threshold.operator or ""], threshold.limit
    return any(count >= 1 and compare(Fraction(count), most) for count in (1, int(most)))


def _told(threshold: Threshold) -> str:
    origin = threshold.origin
    return threshold.text if origin.kind == "default" else f"{threshold.text} ({origin})"
