"""Each plugin alone, with the values of pytest-backend-gates and without a session."""

from fractions import Fraction
from pathlib import Path

import pytest

from gate_plugins.annotations import Annotations
from gate_plugins.memory import PEAK, Memory
from gate_plugins.step_summary import render
from pytest_backend_gates import Gauge, Rate, Ratio, SessionReport, SourceFile


def test_memory_is_told_by_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process is a subject, under the name that xdist has given it."""
    alone = Memory().collect(None, print)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    worker = Memory().collect(None, print)
    measured = Memory().reduce([alone, worker], None)[PEAK.name].measurement
    assert isinstance(measured, Gauge)
    assert list(measured.subjects) == ["main", "gw1"]
    assert all(point.value > 1024 * 1024 for point in measured.subjects.values())


SOURCE = """\
def both(x: int) -> int:
    return x


class Cart:
    def total(self) -> int:
        def one(row):
            return row
        return one(1)


async def neither(*, x):
    return x
"""


def test_annotations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions at any depth count; ``self`` needs no annotation."""
    monkeypatch.chdir(tmp_path)
    Path("cart.py").write_text(SOURCE, encoding="utf-8")
    analyzer = Annotations()
    result = analyzer.analyze(SourceFile("cart.py"))
    assert result == {"functions": 4, "bare": [("Cart.total.<locals>.one", 7), ("neither", 12)]}
    measured = analyzer.reduce({"cart.py": result})["annotations"].measurement
    assert measured == Rate({"cart.py": Ratio(2, 4)}, of="functions")
    assert sum(measured.subjects.values(), Ratio(0, 0)).percent == Fraction(50)


def test_the_summary_of_a_session_that_has_only_begun() -> None:
    """The first text is written before the first test: there is no row yet."""
    report = SessionReport(
        "incomplete", "0", "3.11", "linux", "shop", None, (), 0, "2026-11-21", notes=("a | b",)
    )
    assert render(report) == "## Backend gates: incomplete\n\n- a &#124; b\n"
