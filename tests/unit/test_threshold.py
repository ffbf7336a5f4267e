"""The threshold language: what is read."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest

from pytest_backend_gates.measurements import Kind
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin, Threshold
from pytest_backend_gates.threshold import Preset, parse, read_globs, strip_comment
from pytest_backend_gates.units import OPERATORS, UNITS, units_of

INI = Origin("ini", "pyproject.toml", 7)
SETS = {"critical": ("src/shop/payments/**", "POST /payments*"), "none": ()}


def test_every_part_is_kept(catalogue: Catalogue) -> None:
    """A threshold remembers its text and place, and what each part of it means."""
    text = "  latency.avg[POST /orders*, GET /orders] <= 0.25 s   # slow disk"
    assert parse(text, catalogue, SETS, INI) == Threshold(
        text="latency.avg[POST /orders*, GET /orders] <= 0.25 s",
        origin=INI,
        metric="latency",
        name="latency.avg",
        aggregate="mean",
        selector="POST /orders*, GET /orders",
        globs=("POST /orders*", "GET /orders"),
        operator="<=",
        limit=Fraction(1, 4),
        unit="s",
    )


def test_every_operator_unit_and_kind(catalogue: Catalogue) -> None:
    """Every metric can be judged by every operator in every unit of its dimension, with spaces or without."""
    read = 0
    for metric, operator, space in product(catalogue.metrics.values(), OPERATORS, ("", " ", "\t ")):
        name = f"{metric.name}.mean" if metric.kind is Kind.TREND else metric.name
        for unit in units_of(metric.unit) or (None,):
            text = space.join([name, operator, "12", unit or ""]).strip()
            threshold = parse(text, catalogue, {}, INI)
            assert isinstance(threshold, Threshold)
            size = UNITS[unit][1] if unit else 1
            assert (threshold.metric, threshold.operator) == (metric.name, operator)
            assert (threshold.limit, threshold.unit, threshold.text) == (12 * size, unit, text)
            read += 1
    assert read == (9 + 3 + 3) * 5 * 3


@pytest.mark.parametrize(
    ("text", "metric", "name", "aggregate"),
    [
        ("coverage > 80%", "coverage", "coverage", None),
        ("coverage.file > 80%", "coverage.file", "coverage.file", "min"),
        ("coverage.file.mean > 80%", "coverage.file", "coverage.file.mean", "mean"),
        ("complexity < 10", "complexity", "complexity", "max"),
        ("complexity.avg < 10", "complexity", "complexity.avg", "mean"),
        ("complexity > 1", "complexity", "complexity", "min"),
        ("complexity.max > 1", "complexity", "complexity.max", "max"),
        ("security.high == 0", "security.high", "security.high", None),
        ("latency.p95 < 1s", "latency", "latency.p95", "p95"),
        ("latency.p95.0 < 1s", "latency", "latency.p95.0", "p95"),
        ("latency.p99.9 < 1s", "latency", "latency.p99.9", "p99.9"),
        ("latency.count > 20", "latency", "latency.count", "count"),
    ],
)
def test_names_and_aggregates(
    rule: Callable[..., Threshold], text: str, metric: str, name: str, aggregate: str | None
) -> None:
    """The longest metric wins, ``avg`` is ``mean``, and a gauge is judged by the value next to its limit."""
    threshold = rule(text)
    assert (threshold.metric, threshold.name, threshold.aggregate) == (metric, name, aggregate)
    assert threshold.left_side == name


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("coverage > 0%", Fraction(0)),
        ("coverage >= 100%", Fraction(100)),
        ("coverage > 079.50%", Fraction(159, 2)),
        ("latency.p95 < 100ms", Fraction(1, 10)),
        ("latency.p95 < 250us", Fraction(1, 4000)),
        ("memory < 1.5MiB", Fraction(3 * 512 * 1024)),
        ("throughput > 50/s", Fraction(50)),
        ("throughput > 50 /s", Fraction(50)),
        ("complexity < 9.5", Fraction(19, 2)),
        ("security.high == 0.0", Fraction(0)),
    ],
)
def test_limits_are_exact(rule: Callable[..., Threshold], text: str, limit: Fraction) -> None:
    """A limit is the fraction that was written, in base units."""
    assert rule(text).limit == limit


@pytest.mark.parametrize(
    ("selector", "globs"),
    [
        ("src/**", ("src/**",)),
        (" a , b ", ("a", "b")),
        ("src/cart.py::Cart.*", ("src/cart.py::Cart.*",)),
        ("src/app.py::create_app.<locals>.route", ("src/app.py::create_app.<locals>.route",)),
        ("src/a.py::f#2", ("src/a.py::f#2",)),
        ("a[1].py", ("a[1].py",)),
        ("a[1], b[2]", ("a[1]", "b[2]")),
        ("GET /orders/{order_id}", ("GET /orders/{order_id}",)),
        ("@critical", SETS["critical"]),
    ],
)
def test_selectors(rule: Callable[..., Threshold], selector: str, globs: tuple[str, ...]) -> None:
    """A selector ends at the last bracket, and ``#`` inside a name is no comment."""
    threshold = rule(f"complexity[{selector}] < 10 # [not here")
    assert (threshold.selector, threshold.globs) == (selector.strip(), globs)
    assert threshold.left_side == f"complexity[{selector.strip()}]"


@pytest.mark.parametrize("text", ["complexity off", " complexity  off  # legacy", "complexity\toff"])
def test_off(rule: Callable[..., Threshold], text: str) -> None:
    """``off`` has no operator and no limit."""
    threshold = rule(text)
    assert threshold.is_off
    assert (threshold.metric, threshold.left_side) == ("complexity", "complexity")


def test_off_of_the_longer_metric(rule: Callable[..., Threshold]) -> None:
    """``coverage.file off`` leaves ``coverage`` alone."""
    assert rule("coverage.file off").metric == "coverage.file"


@pytest.mark.parametrize("text", ["preset: default", "preset:default", " preset:  default # all of them"])
def test_preset(catalogue: Catalogue, text: str) -> None:
    """A preset is a line of its own."""
    assert parse(text, catalogue, {}, INI) == Preset("default")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("# all", ""),
        ("#", ""),
        ("a # b # c", "a"),
        ("a#b", "a#b"),
        ("a#b #c", "a#b"),
        ("  a\t# b", "a"),
        ("a", "a"),
    ],
)
def test_comments(text: str, left: str) -> None:
    """A comment begins at the beginning or after a space."""
    assert strip_comment(text) == left


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,", "an empty glob"),
        ("", "an empty glob"),
        ("a\\b", "'a\\b': paths are written with forward slashes"),
        ("a, @b", "'@b': a set stands alone"),
    ],
)
def test_globs_of_a_set(text: str, message: str) -> None:
    """What a set may hold is what a selector may hold."""
    with pytest.raises(ValueError, match=r"^an|^'") as caught:
        read_globs(text)
    assert str(caught.value) == message
