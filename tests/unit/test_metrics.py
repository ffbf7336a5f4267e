"""The catalogue knows what can be asked of which metric."""

from dataclasses import replace
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.metrics import (
    AGGREGATES,
    GATES,
    PRESETS,
    Catalogue,
    aggregate_of,
    aggregates_text,
    default_aggregate,
    percentile_share,
)
from pytest_backend_gates.model import Origin, Threshold
from pytest_backend_gates.threshold import parse


@pytest.mark.parametrize(
    ("name", "metric", "rest"),
    [
        ("coverage", "coverage", ""),
        ("coverage.file", "coverage.file", ""),
        ("coverage.file.mean", "coverage.file", "mean"),
        ("coverage.files", "coverage", "files"),
        ("coverage.mean", "coverage", "mean"),
        ("latency.p99.9", "latency", "p99.9"),
        ("security", None, ""),
        ("security.high.max", "security.high", "max"),
        ("Coverage", None, ""),
    ],
)
def test_the_longest_metric_wins(catalogue: Catalogue, name: str, metric: str | None, rest: str) -> None:
    """``coverage.file`` is the metric of that name, not an aggregate of ``coverage``."""
    found, word = catalogue.split(name)
    assert (found and found.name, word) == (metric, rest)


def test_two_metrics_of_one_name_are_refused() -> None:
    """A third party cannot take over a metric by accident."""
    metric = Metric("errors", Kind.RATE, "%", "errors", "operation")
    with pytest.raises(ValueError, match=r"^two metrics are named 'errors'$"):
        Catalogue.of([metric, replace(metric, subject="file")])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("latency.p95", Kind.GAUGE), ("latency.avg", Kind.RATE), ("complexity.max", Kind.TREND)],
)
def test_a_metric_that_reads_as_an_aggregate(catalogue: Catalogue, name: str, kind: Kind) -> None:
    """It would change what every threshold on that aggregate means."""
    whole = name.partition(".")[0]
    message = f"^'{name}' would be read as an aggregate of the metric '{whole}'$"
    with pytest.raises(ValueError, match=message):
        catalogue.also([Metric(name, kind, None, "own", "thing")])
    assert "coverage.max" in catalogue.also([Metric("coverage.max", kind, None, "own", "thing")]).metrics


def test_the_gates_of_a_catalogue() -> None:
    """Those with defaults come first, in their order; the others follow as they were declared."""
    metrics = [
        Metric(f"{gate}.x", Kind.GAUGE, None, gate, "thing") for gate in ("own", "latency", "a", "coverage")
    ]
    catalogue = Catalogue.of(metrics[:2], {"crud": "operation"}).also(metrics[2:], {"slow": "test"})
    assert catalogue.gates == ("coverage", "latency", "own", "a")
    assert catalogue.sets == {"crud": "operation", "slow": "test"}


def test_several_probes_may_feed_one_metric() -> None:
    """A metric that is declared twice, word for word, is one metric."""
    metric = Metric("latency", Kind.TREND, "s", "latency", "operation")
    assert Catalogue.of([metric, metric]).metrics == {"latency": metric}


@pytest.mark.parametrize(
    ("metric", "word", "aggregate"),
    [
        ("coverage", "", None),
        ("complexity", "max", "max"),
        ("complexity", "min", "min"),
        ("complexity", "avg", "mean"),
        ("latency", "avg", "mean"),
        ("latency", "mean", "mean"),
        ("latency", "med", "med"),
        ("latency", "count", "count"),
        ("latency", "p50", "p50"),
        ("latency", "p99.9", "p99.9"),
        ("latency", "p95.0", "p95"),
        ("latency", "p095", "p95"),
    ],
)
def test_aggregates_are_canonical(
    catalogue: Catalogue, metric: str, word: str, aggregate: str | None
) -> None:
    """Two spellings of one aggregate are one question."""
    assert aggregate_of(catalogue.metrics[metric], word) == aggregate


@pytest.mark.parametrize(
    ("metric", "word"),
    [
        ("coverage", "mean"),
        ("security.high", "max"),
        ("complexity", "p95"),
        ("complexity", "med"),
        ("complexity", "count"),
        ("latency", "p0"),
        ("latency", "p100"),
        ("latency", "p"),
        ("latency", "p95.x"),
        ("latency", "95"),
        ("latency", "P95"),
        ("latency", "median"),
    ],
)
def test_an_aggregate_that_the_kind_has_not(catalogue: Catalogue, metric: str, word: str) -> None:
    """Rates and counters have no aggregates, gauges three, trends more."""
    with pytest.raises(ValueError, match=f"^{word}$"):
        aggregate_of(catalogue.metrics[metric], word)


@pytest.mark.parametrize(
    ("aggregate", "share"),
    [
        ("p50", Fraction(1, 2)),
        ("p95", Fraction(19, 20)),
        ("p99.9", Fraction(999, 1000)),
        ("p0.1", Fraction(1, 1000)),
        ("p99.", None),
        ("p.5", None),
        ("p-5", None),
        ("p1e1", None),
        ("p9_5", None),
        ("p\u0669\u0665", None),
        ("p101", None),
        ("q95", None),
        ("", None),
        (None, None),
    ],
)
def test_percentile_share(aggregate: str | None, share: Fraction | None) -> None:
    """A percentile is a decimal number strictly between 0 and 100, in plain digits."""
    assert percentile_share(aggregate) == share


@pytest.mark.parametrize(
    ("metric", "operator", "aggregate"),
    [
        ("complexity", "<", "max"),
        ("complexity", "<=", "max"),
        ("complexity", "==", "max"),
        ("complexity", ">", "min"),
        ("complexity", ">=", "min"),
        ("coverage", ">", None),
        ("security.high", "==", None),
        ("latency", "<", None),
    ],
)
def test_default_aggregate(catalogue: Catalogue, metric: str, operator: str, aggregate: str | None) -> None:
    """Only gauges may be judged without a word: by the value that is nearest to the limit."""
    assert default_aggregate(catalogue.metrics[metric], operator) == aggregate


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("coverage", "a rate has no aggregates: write 'coverage' alone"),
        ("security.high", "a counter has no aggregates: write 'security.high' alone"),
        ("complexity", "a gauge has max, mean, min"),
        ("latency", "a trend has min, max, mean, med, count, p50, p95, p99.9 ..."),
    ],
)
def test_aggregates_text(catalogue: Catalogue, metric: str, text: str) -> None:
    """Messages list what the kind has."""
    assert aggregates_text(catalogue.metrics[metric]) == text


def test_every_kind_has_its_aggregates() -> None:
    """A fifth kind cannot be forgotten."""
    assert AGGREGATES.keys() == set(Kind)


def test_presets_can_be_read_and_cover_every_gate(catalogue: Catalogue) -> None:
    """A preset holds thresholds only (none names another preset), and the defaults hold one for each of the first five gates."""
    for texts in PRESETS.values():
        read = [parse(text, CATALOGUE, {}, Origin("default")) for text in texts]
        assert all(isinstance(one, Threshold) and not one.is_off for one in read)
    defaults = [parse(text, catalogue, {}, Origin("default")) for text in PRESETS["default"]]
    gates = [catalogue.metrics[one.metric].gate for one in defaults if isinstance(one, Threshold)]
    assert tuple(gates) == GATES[:5]
