"""Metrics of the project's own: declared in ``backend_gates_metrics``, recorded with the fixture ``backend_gates``.

    declaration : name ":" kind unit?
    kind        : "counter" | "gauge" | "rate" | "trend"
    unit        : what values are recorded in; of a gauge or a trend only

    emails.sent: counter          backend_gates.record("emails.sent")              events, which add up
    cache.hits: rate              backend_gates.record("cache.hits", hit)          or: 9, of=10
    queue.depth: gauge            backend_gates.record("queue.depth", 12)          the last value of a test
    import.time: trend ms         backend_gates.record("import.time", 3.5)         every value is a sample

The first part of a name is its gate. Thresholds judge these metrics as they judge any other.
"""

from dataclasses import dataclass
from typing import Final

from pytest_backend_gates.errors import did_you_mean
from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.threshold import Scanner, ThresholdSyntaxError, strip_comment
from pytest_backend_gates.units import UNITS
from pytest_backend_gates.written import Written

KEY: Final = "backend_gates_metrics"
#: Base unit -> into how many parts a sample of a trend divides it; the others' are millionths.
_TICKS: Final = {"s": 10**9, "B": 1}
_MILLIONTHS: Final = 10**6
_FORM: Final = f"a metric is declared: name: kind, and of a gauge or a trend a unit: {', '.join(UNITS)}"


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A metric that the project declares, and the unit in which it records values."""

    metric: Metric
    unit: str | None = None

    def __str__(self) -> str:
        """Write it as it is declared."""
        return f"{self.metric.name}: {self.metric.kind}{f' {self.unit}' if self.unit else ''}"


def read_metric(text: str) -> OwnMetric:
    """Read ``import.time: trend ms``. Raises :class:`ThresholdSyntaxError`."""
    scanner = Scanner(strip_comment(text))
    name = scanner.expect("a metric", _FORM).group()
    scanner.expect("a colon", _FORM)
    kind = _kind(scanner)
    unit = _unit(scanner, name, kind)
    scanner.expect_end("one metric a line")
    base = "%" if kind is Kind.RATE else UNITS[unit][0] if unit else None
    ticks = _TICKS.get(base or "", _MILLIONTHS) if kind is Kind.TREND else 1
    subject = "event" if kind is Kind.COUNTER else "subject"
    return OwnMetric(Metric(name, kind, base, name.partition(".")[0], subject, ticks), unit)


def _kind(scanner: Scanner) -> Kind:
    known = [kind.value for kind in Kind]
    word = scanner.expect("a kind", did_you_mean("", known)).group()
    if word not in known:
        scanner.fail(f"'{word}' is not a kind of metric", did_you_mean(word, known))
    return Kind(word)


def _unit(scanner: Scanner, name: str, kind: Kind) -> str | None:
    match = scanner.accept("a unit")
    if match is None:
        return None
    if kind in (Kind.COUNTER, Kind.RATE):
        scanner.fail(f"'{name}' is a {kind}: it has no unit of its own", f"write '{name}: {kind}'")
    unit = match.group()
    if unit not in UNITS:
        scanner.fail(f"'{unit}' is not a unit", did_you_mean(unit, list(UNITS)))
    return unit


def read_metrics(written: Written, catalogue: Catalogue) -> dict[str, OwnMetric]:
    """Return what the project declares beside the *catalogue*, by name; mistakes become problems of *written*."""
    declared: dict[str, OwnMetric] = {}
    for line in written.lines(KEY):
        try:
            own = read_metric(line.text)
            name = own.metric.name
            if name in declared or name in catalogue.metrics:
                raise _taken(line.text, name, "declared twice" if name in declared else "measured already")
            catalogue = catalogue.also([own.metric])
        except ThresholdSyntaxError as error:
            written.mistake(error, line)
        except ValueError as error:  # of the catalogue
            written.problem(str(error), line.where, strip_comment(line.text), name, "give it another name")
        else:
            declared[name] = own
            written.origins[f"metric {name}"] = str(line.origin)
    return declared


def _taken(text: str, name: str, how: str) -> ThresholdSyntaxError:
    return ThresholdSyntaxError(
        f"'{name}' is {how}", strip_comment(text), (0, len(name)), "give it another name"
    )
