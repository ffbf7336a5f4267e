"""Whether one finding is enough for the judge: what decides if a test that has findings fails at once.

Pure, and built on the judge's own rules: the last threshold that matches a subject owns its findings.
"""

from collections.abc import Sequence
from fractions import Fraction

from pytest_backend_gates.model import Threshold
from pytest_backend_gates.rules import owns
from pytest_backend_gates.units import OPERATORS


def why_tolerated(metric: str, subject: str, thresholds: Sequence[Threshold]) -> str | None:
    """Say why a finding of the counter *metric* at *subject* does not fail by itself; ``None`` when it does.

    It fails when the threshold that owns it allows no finding at all. Otherwise the gate judges the total.
    """
    ours = [one for one in thresholds if one.metric == metric]
    owner = next((one for one in ours if not one.is_off and owns(one, subject, thresholds)), None)
    if owner is not None:
        return f"judged in total: {_told(owner)}" if _allows_some(owner) else None
    off = next((one for one in ours if one.is_off), None)
    return f"off: {_told(off)}" if off else f"off: no threshold of {metric} matches it"


def _allows_some(threshold: Threshold) -> bool:
    """Whether there is a number of findings, more than none, that satisfies *threshold*."""
    if threshold.operator in (">", ">="):
        return True
    compare, most = OPERATORS[threshold.operator or ""], threshold.limit
    return any(count >= 1 and compare(Fraction(count), most) for count in (1, int(most)))


def _told(threshold: Threshold) -> str:
    origin = threshold.origin
    return threshold.text if origin.kind == "default" else f"{threshold.text} ({origin})"
