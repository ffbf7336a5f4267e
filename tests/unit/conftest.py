"""A small catalogue with every kind and unit, and thresholds read from text."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import Kind, Metric, Reading
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin, Threshold, Verdict
from pytest_backend_gates.rules import in_force
from pytest_backend_gates.threshold import parse

NANOSECONDS = 1_000_000_000
METRICS = (
    Metric("coverage", Kind.RATE, "%", "coverage", "file"),
    Metric("coverage.file", Kind.GAUGE, "%", "coverage", "file"),
    Metric("complexity", Kind.GAUGE, None, "complexity", "block"),
    Metric("security.high", Kind.COUNTER, None, "security", "finding"),
    Metric("security.suppressed", Kind.COUNTER, None, "security", "suppression"),
    Metric("contract.failures", Kind.COUNTER, None, "contract", "finding"),
    Metric("errors", Kind.RATE, "%", "errors", "operation"),
    Metric("latency", Kind.TREND, "s", "latency", "operation", NANOSECONDS),
    Metric("queries.count", Kind.TREND, None, "queries", "operation"),
    Metric("memory", Kind.GAUGE, "B", "memory", "test"),
    Metric("throughput", Kind.GAUGE, "/s", "latency", "operation"),
)
SETS = {"critical": ("src/shop/payments/**", "POST /payments*"), "none": ()}


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.of(METRICS)


@pytest.fixture
def rule(catalogue: Catalogue) -> Callable[..., Threshold]:
    """Read one threshold; ``default:``, ``cli:`` or ``preset:`` before it says where it was written."""
    kinds = {"default": Origin("default"), "cli": Origin("command line")}

    def read(text: str, line: int = 1) -> Threshold:
        kind, colon, rest = text.partition(": ")
        origin = kinds.get(kind, Origin("ini", "pyproject.toml", line))
        threshold = parse(rest if colon else text, catalogue, SETS, origin)
        assert isinstance(threshold, Threshold)
        return replace(threshold, from_preset=kind == "preset")

    return read


@pytest.fixture
def rules(rule: Callable[..., Threshold], catalogue: Catalogue) -> Callable[..., tuple[Threshold, ...]]:
    """Read several thresholds, a line each, and return those in force."""

    def read(*texts: str) -> tuple[Threshold, ...]:
        return in_force([rule(text, line) for line, text in enumerate(texts, 1)], catalogue)

    return read


@pytest.fixture
def judged(
    rules: Callable[..., tuple[Threshold, ...]], catalogue: Catalogue
) -> Callable[..., tuple[Verdict, ...]]:
    """Judge the readings by the thresholds: ``judged({"coverage": reading}, "coverage > 80%")``."""

    def judge(
        readings: Mapping[str, Reading], *texts: str, narrowed: str | None = None, strict: bool = False
    ) -> tuple[Verdict, ...]:
        return Judge(rules(*texts), catalogue, narrowed, strict).verdicts(readings)

    return judge
