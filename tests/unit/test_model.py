"""What little the model does beyond holding values."""

from collections.abc import Callable

import pytest

from pytest_backend_gates.model import Origin, Outcome, Threshold


def test_outcomes_from_harmless_to_alarming() -> None:
    """A gate is as bad as its worst row, so the order of the outcomes is a promise."""
    assert [outcome.value for outcome in sorted(Outcome, key=lambda outcome: outcome.severity)] == [
        "OFF",
        "PASSED",
        "WAIVED",
        "SKIPPED",
        "NO_DATA",
        "FAILED",
        "ERROR",
    ]


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("default"), "default"),
        (Origin("command line"), "command line"),
        (Origin("ini", "pytest.ini"), "pytest.ini"),
        (Origin("ini", "pytest.ini", 4), "pytest.ini:4"),
    ],
)
def test_origin(origin: Origin, text: str) -> None:
    """File and line where they are known, else what kind of place it is."""
    assert str(origin) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("complexity < 10", "complexity"),
        ("complexity.avg < 10", "complexity.avg"),
        ("coverage[ src/** , lib/** ] > 80%", "coverage[src/** , lib/**]"),
        ("latency.p95[@critical] < 1s", "latency.p95[@critical]"),
    ],
)
def test_left_side(rule: Callable[..., Threshold], text: str, left: str) -> None:
    """What stands left of the operator, as it was written."""
    assert rule(text).left_side == left
