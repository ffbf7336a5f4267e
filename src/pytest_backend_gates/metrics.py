"""The catalogue: every metric that a threshold can name, and what can be asked of it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.units import decimal_text

#: The gates, in the order in which they are told.
GATES: Final = ("coverage", "complexity", "security", "contract", "latency")

#: Named groups of thresholds, for lines such as ``preset: default``. Those of ``default`` stand first in every run.
PRESETS: Final[dict[str, tuple[str, ...]]] = {
    "default": (
        "coverage > 80%",
        "complexity < 10",
        "security.high == 0",
        "contract.failures == 0",
        "latency.p95 < 100ms",
    ),
}

#: What may follow a metric's name, by kind. Trends also have percentiles: ``p50``, ``p95``, ``p99.9``.
AGGREGATES: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.RATE: (),
    Kind.COUNTER: (),
    Kind.GAUGE: ("max", "mean", "min"),
    Kind.TREND: ("min", "max", "mean", "med", "count"),
}
_SYNONYMS: Final = {"avg": "mean"}
_PERCENTILE: Final = re.compile(r"p([0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The metrics of one session, by name."""

    metrics: dict[str, Metric]

    @classmethod
    def of(cls, metrics: Iterable[Metric]) -> "Catalogue":
        """Collect *metrics*: several probes may feed one. Raises ``ValueError`` when two differ under one name."""
        by_name: dict[str, Metric] = {}
        for metric in metrics:
            if by_name.get(metric.name, metric) != metric:
                raise ValueError(f"two metrics are named {metric.name!r}")
            by_name[metric.name] = metric
        return cls(by_name)

    def split(self, name: str) -> tuple[Metric | None, str]:
        """Return the metric with the longest name that begins *name*, and what follows it (without the dot)."""
        parts = name.split(".")
        for count in range(len(parts), 0, -1):
            metric = self.metrics.get(".".join(parts[:count]))
            if metric is not None:
                return metric, ".".join(parts[count:])
        return None, ""


def aggregate_of(metric: Metric, word: str) -> str | None:
    """Return the canonical aggregate that *word* means for *metric* (``p95`` for ``p95.0``), ``None`` for no word.

    Raises ``ValueError`` when the metric's kind has no such aggregate.
    """
    if not word:
        return None
    word = _SYNONYMS.get(word, word)
    if word in AGGREGATES[metric.kind]:
        return word
    share = percentile_share(word)
    if metric.kind is Kind.TREND and share is not None:
        return f"p{decimal_text(100 * share)}"
    raise ValueError(word)


def default_aggregate(metric: Metric, operator: str) -> str | None:
    """Return the aggregate of a threshold that names none.

    A gauge's subjects are then judged one by one, which is its largest value against an upper limit and
    its smallest against a lower one.
    """
    if metric.kind is not Kind.GAUGE:
        return None
    return "min" if operator.startswith(">") else "max"


@lru_cache(maxsize=64)
def percentile_share(aggregate: str | None) -> Fraction | None:
    """Return 19/20 for ``p95``; ``None`` for anything that is not a percentile between 0 and 100."""
    match = _PERCENTILE.fullmatch(aggregate or "")
    share = Fraction(match[1]) / 100 if match else Fraction(0)
    return share if 0 < share < 1 else None


def aggregates_text(metric: Metric) -> str:
    """Say which aggregates *metric* has, for messages."""
    names = [*AGGREGATES[metric.kind], *(("p50", "p95", "p99.9 ...") if metric.kind is Kind.TREND else ())]
    if not names:
        return f"a {metric.kind} has no aggregates: write '{metric.name}' alone"
    return f"a {metric.kind} has {', '.join(names)}"
