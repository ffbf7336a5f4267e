"""One report with everything in it: all outcomes, all kinds, and names that want to be something else."""

from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Kind,
    Metric,
    Point,
    Rate,
    Ratio,
    Samples,
    Trend,
)
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import GateReport, Origin, Outcome, SessionReport, Threshold, Verdict
from pytest_backend_gates.threshold import parse

COVERAGE = Metric("coverage", Kind.RATE, "%", "coverage", "file")
COMPLEXITY = Metric("complexity", Kind.GAUGE, None, "complexity", "block")
HIGH = Metric("security.high", Kind.COUNTER, None, "security", "finding")
MEDIUM = Metric("security.medium", Kind.COUNTER, None, "security", "finding")
LOW = Metric("security.low", Kind.COUNTER, None, "security", "finding")
LATENCY = Metric("latency", Kind.TREND, "s", "latency", "operation", ticks=1_000_000_000)
METRICS = {metric.name: metric for metric in (COVERAGE, COMPLEXITY, HIGH, MEDIUM, LOW, LATENCY)}
CATALOGUE = Catalogue(METRICS)

DEFAULT = Origin("default")
INI = Origin("ini", "pyproject.toml", 31)
COMMAND_LINE = Origin("command line")

EVIL = "evil\x1b[32m\nPASSED  \u202ecoverage.py"


@pytest.fixture
def golden() -> Callable[[str], str]:
    """Return the text of a file under ``golden/``."""
    return lambda name: (Path(__file__).parent / "golden" / name).read_text(encoding="utf-8")


@pytest.fixture
def rich() -> SessionReport:
    return SessionReport(
        outcome="failed",
        version="0.1.0",
        python="3.11.9",
        platform="linux",
        rootdir_name="shop",
        commit="0123456789abcdef0123456789abcdef01234567",
        args=("--backend-gates", "tests"),
        workers=2,
        started="2026-11-21T02:39:53+00:00",
        seconds=14.23,
        gates_seconds=0.44,
        exit_status=1,
        engines={"radon": "6.0.1", "coverage": "7.17.3"},
        notes=("2 workers: latency was measured while they shared the machine",),
        gates=(_coverage(), _complexity(), _security(), _latency(), _off()),
        metrics=METRICS,
        measurements={
            "latency": Trend(
                {
                    "GET /orders": Samples(
                        (array("q", range(1_000_000, 101_000_000, 1_000_000)),),
                        cold=1,
                        seen=100,
                        native="/orders",
                        sources={"test": 90, "benchmark": 10},
                    ),
                    "POST /orders": Samples((), cold=1),
                }
            ),
            "coverage": Rate({"src/shop/orders.py": Ratio(20, 27), "src/shop/cart.py": Ratio(3, 3)}),
            "complexity": Gauge({"src/shop/cart.py::Cart.total": Point(12, "src/shop/cart.py", 12, 40)}),
            "security.low": Counter((_bandit(),), frozenset({"src/shop/app.py"})),
        },
    )


@pytest.fixture
def green() -> SessionReport:
    """Four gates of one row each, all PASSED."""
    measured = (
        ("coverage > 80%", Fraction(873, 10)),
        ("complexity < 10", 9),
        ("security.high == 0", 0),
        ("latency.p95 < 100ms", Fraction(78, 1000)),
    )
    rows = [_row(text, Outcome.PASSED, "measured", value=value) for text, value in measured]
    gates = tuple(_gate(row.metric.gate, row) for row in rows)
    return SessionReport(
        outcome="passed",
        version="0.1.0",
        python="3.11.9",
        platform="linux",
        rootdir_name="shop",
        commit=None,
        args=(),
        workers=0,
        started="2026-11-21T02:39:53+00:00",
        seconds=14.2,
        gates_seconds=0.4,
        exit_status=0,
        gates=gates,
        metrics=METRICS,
    )


@pytest.fixture
def evil(green: SessionReport) -> SessionReport:
    """Return a report in which every text from outside wants to be a line of its own."""
    finding = Finding(EVIL, EVIL, path=EVIL, line=1, code=EVIL, hint=EVIL)
    nameless = Finding("", "a message\r\nwith lines\x85of its own " + "x" * 300)
    rule = Threshold(
        EVIL, Origin("ini", EVIL, 1), "coverage", "coverage", operator=">", limit=Fraction(80), unit="%"
    )
    row = Verdict(
        replace(rule, selector=EVIL),
        COVERAGE,
        Outcome.FAILED,
        red=True,
        reason=EVIL,
        hint=EVIL,
        relax=EVIL,
        findings=(finding, replace(finding, subject="\udce9"), nameless),
    )
    gate = GateReport(EVIL, Outcome.FAILED, red=True, reason=EVIL, rows=(row, row), hint=f"{EVIL} again")
    empty = GateReport(EVIL, Outcome.SKIPPED, red=False, reason=EVIL, rows=(), hint=EVIL)
    return replace(green, outcome="failed", gates=(gate, empty), notes=(EVIL, "caf\udce9"))


def _row(
    text: str, outcome: Outcome, reason: str, origin: Origin = DEFAULT, value: int | Fraction | None = None
) -> Verdict:
    rule = parse(text, CATALOGUE, {"critical": ["src/shop/payments/**"]}, origin)
    assert isinstance(rule, Threshold)
    red = outcome in (Outcome.NO_DATA, Outcome.FAILED, Outcome.ERROR)
    return Verdict(rule, METRICS[rule.metric], outcome, red, reason, value)


def _gate(name: str, *rows: Verdict) -> GateReport:
    worst = max(rows, key=lambda row: row.outcome.severity)
    red = any(row.red for row in rows)
    return GateReport(name, worst.outcome, red, worst.reason, rows, worst.hint, seconds=0.125)


def _coverage() -> GateReport:
    reason = "19,999 of 25,000 lines and branches, 41 files"
    orders = Finding(
        "src/shop/orders.py",
        "7 lines",
        path="src/shop/orders.py",
        line=41,
        end_line=47,
        hint="cover 41-47: 2 lines to 80%",
    )
    return _gate(
        "coverage",
        replace(
            _row("coverage > 80%", Outcome.FAILED, reason, value=Fraction(79_996, 1000)),
            hits=19_999,
            total=25_000,
            judged=41,
            over=1,
            relax="coverage >= 79.99%",
            findings=(orders,),
        ),
        _row(
            "coverage[@critical] >= 90%",
            Outcome.PASSED,
            "12 of 12 lines and branches, 2 files",
            INI,
            Fraction(100),
        ),
    )


def _complexity() -> GateReport:
    places = [
        ("src/shop/orders.py", "checkout", 14, 88, "5 decisions too many"),
        ("src/shop/bo\x1b[2Jok\nPASSED.py", "\u202eevil", 13, 3, None),
        ("src/shop/\u66f8\u5e97.py", "\u5408\u8a08", 12, 12, "3 decisions too many"),
        (
            "src/shop/integrations/warehouse/reservations.py",
            "Service.sync.<locals>.retry",
            12,
            1200,
            "2 loops",
        ),
        *(
            (f"src/shop/legacy_{number}.py", "main", 11, number, "2 decisions too many")
            for number in range(1, 9)
        ),
    ]
    findings = tuple(
        Finding(f"{path}::{name}", str(value), value, path, line, line + 9, "complexity", hint, name)
        for path, name, value, line, hint in places
    )
    row = replace(
        _row("complexity < 10", Outcome.FAILED, "12 of 214 blocks over", value=14),
        judged=214,
        total=214,
        over=12,
        worst="src/shop/orders.py::checkout",
        relax="complexity <= 14",
        hint="split the block, or raise the limit for its file",
        findings=findings,
    )
    return _gate("complexity", row)


def _bandit() -> Finding:
    return Finding(
        "src/shop/app.py::run",
        "subprocess call with shell=True",
        path="src/shop/app.py",
        line=7,
        end_line=7,
        code="B602",
        hint="https://bandit.readthedocs.io/b602",
    )


def _security() -> GateReport:
    broken = Finding(
        "src/shop/old.py",
        "bandit could not read it\nTraceback (most recent call last):\n  SyntaxError: invalid syntax",
        path="src/shop/old.py",
        code="unreadable",
    )
    error = _row("security.high == 0", Outcome.ERROR, "src/shop/old.py: bandit could not read it")
    waived = _row("security.medium == 0", Outcome.WAIVED, "2 findings in 41 files, all waived", INI, 2)
    legacy = "security.medium[legacy/**] <= 3"
    nothing = _row(legacy, Outcome.NO_DATA, "this threshold matches no finding of 41", INI)
    return _gate(
        "security",
        replace(error, findings=(broken,), relax="security.high off"),
        replace(waived, waived=2),
        replace(nothing, relax="security.medium off"),
        _row("security.low off", Outcome.OFF, "switched off", INI),
    )


def _latency() -> GateReport:
    reason = "worst GET /orders; 22 operations within, 2 unproven, 610 samples"
    general = _row("latency.p95 < 100ms", Outcome.PASSED, reason, value=Fraction(95, 1000))
    reason = "nothing proven: 7 samples of 1,000, 7 samples"
    payments = _row("latency.p99.9[POST /payments*] < 1.5s", Outcome.SKIPPED, reason, COMMAND_LINE)
    return _gate(
        "latency",
        replace(
            general,
            judged=24,
            unproven=2,
            worst="GET /orders",
            findings=(Finding("POST /orders", "7 samples of 20", Fraction(4, 1000), code="too-few"),),
            hint="13 more requests to POST /orders would prove it",
        ),
        replace(payments, judged=1, unproven=1, hint="993 more requests would prove it"),
    )


def _off() -> GateReport:
    return GateReport("contract", Outcome.OFF, red=False, reason="--backend-gates-skip=contract", rows=())
