"""The catalogue: every metric that a threshold can name, and what can be asked of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final

from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.units import decimal_text

#: The gates that have a default threshold, in the order in which they are told, before all others.
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
    # What a backend should keep that people depend on.
    "production": (
        "latency.p95 < 100ms",  # of every operation
        "latency.p99[@crud] < 200ms",  # of those that touch the database
        "errors < 0.1%",
        "queries.time.mean < 50ms",
        "queries.repeated.max < 5",  # more is one query for each row of a list
        "contract.operations == 100%",  # each of them has answered
        "tests.unit >= 70%",  # of the tests that ran: many that are small,
        "tests.e2e <= 10%",  # and few that need everything at once
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
    #: Each set that a probe fills while it measures (``@crud``) -> what its members are, in the singular.
    sets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, metrics: Iterable[Metric], sets: Mapping[str, str] | None = None) -> "Catalogue":
        """Collect *metrics*: several probes may feed one.

        Raises ``ValueError`` when two differ under one name, or one has the name of another's aggregate.
        """
        by_name: dict[str, Metric] = {}
        for metric in metrics:
            if by_name.get(metric.name, metric) != metric:
                raise ValueError(f"two metrics are named {metric.name!r}")
            by_name[metric.name] = metric
        for name in by_name:
            for whole in by_name.values():
                if _is_aggregate(name, whole):
                    raise ValueError(f"{name!r} would be read as an aggregate of the metric {whole.name!r}")
        return cls(by_name, sets or {})

    @property
    def gates(self) -> tuple[str, ...]:
        """Every gate that has a metric, in the order in which they are told."""
        present = dict.fromkeys(metric.gate for metric in self.metrics.values())
        return tuple(dict.fromkeys([*(gate for gate in GATES if gate in present), *present]))

    def also(self, metrics: Iterable[Metric], sets: Mapping[str, str] | None = None) -> "Catalogue":
        """Return these metrics and sets with others. Raises ``ValueError`` as :meth:`of` does."""
        return Catalogue.of([*self.metrics.values(), *metrics], {**self.sets, **(sets or {})})

    def split(self, name: str) -> tuple[Metric | None, str]:
        """Return the metric with the longest name that begins *name*, and what follows it (without the dot)."""
        parts = name.split(".")
        for count in range(len(parts), 0, -1):
            metric = self.metrics.get(".".join(parts[:count]))
            if metric is not None:
                return metric, ".".join(parts[count:])
        return None, ""


def _is_aggregate(name: str, metric: Metric) -> bool:
    """Whether *name* is that of *metric* with one of its aggregates behind it."""
    word = name.removeprefix(f"{metric.name}.")
    try:
        return word != name and aggregate_of(metric, word) is not None
    except ValueError:
        return False


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
