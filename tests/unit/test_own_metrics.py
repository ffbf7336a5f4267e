"""The grammar of the metrics that a project declares. (Its mistakes are read in ``plugin/test_own_metrics``.)"""

import pytest

from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.own_metrics import OwnMetric, read_metric
from pytest_backend_gates.threshold import ThresholdSyntaxError


@pytest.mark.parametrize(
    ("text", "metric", "unit", "written"),
    [
        (
            "emails.sent: counter",
            Metric("emails.sent", Kind.COUNTER, None, "emails", "event"),
            None,
            "emails.sent: counter",
        ),
        (
            "hits :rate # of the cache",
            Metric("hits", Kind.RATE, "%", "hits", "subject"),
            None,
            "hits: rate",
        ),
        ("a.b.c:gauge", Metric("a.b.c", Kind.GAUGE, None, "a", "subject"), None, "a.b.c: gauge"),
        ("disk: gauge MiB", Metric("disk", Kind.GAUGE, "B", "disk", "subject"), "MiB", "disk: gauge MiB"),
        ("jobs: gauge /s", Metric("jobs", Kind.GAUGE, "/s", "jobs", "subject"), "/s", "jobs: gauge /s"),
        ("t: trend us", Metric("t", Kind.TREND, "s", "t", "subject", 10**9), "us", "t: trend us"),
        ("b: trend B", Metric("b", Kind.TREND, "B", "b", "subject", 1), "B", "b: trend B"),
        ("n: trend", Metric("n", Kind.TREND, None, "n", "subject", 10**6), None, "n: trend"),
    ],
)
def test_declarations(text: str, metric: Metric, unit: str | None, written: str) -> None:
    """The kind and the unit in which it is recorded make the metric; the first part of its name is its gate."""
    own = read_metric(text)
    assert own == OwnMetric(metric, unit)
    assert str(own) == written


@pytest.mark.parametrize(
    ("text", "message", "span"),
    [
        (": counter", "expected a metric; got ':'", (0, 1)),
        ("emails counter", "expected a colon; got 'counter'", (7, 14)),
        ("emails:", "expected a kind; got the end", (7, 8)),
        ("emails: counter, 3", "expected the end; got ', 3'", (15, 18)),
        ("depth: gauge ms now", "expected the end; got 'now'", (16, 19)),
        ("depth: gauge 3", "expected the end; got '3'", (13, 14)),
    ],
)
def test_what_is_no_declaration(text: str, message: str, span: tuple[int, int]) -> None:
    """The place is where the text stops being one."""
    with pytest.raises(ThresholdSyntaxError) as caught:
        read_metric(text)
    assert (caught.value.message, caught.value.span) == (message, span)
