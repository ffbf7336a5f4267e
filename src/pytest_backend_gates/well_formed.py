"""Whether what another plugin hands over can be judged: looked at once, where it comes in.

    metric_fault   what is wrong with a metric that it declares
    as_json        what it collected, as JSON has it
    checked        the readings that it returns
    advised        the advice that it returns

The last three raise ``TypeError`` or ``ValueError`` with what is wrong.

The judge compares exact numbers: a float, a rate above its total or a measurement of another kind would
make it wrong, or fail, far from the cause.
"""

import json
import re
from array import array
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Final

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Kind,
    Measurement,
    Metric,
    Plain,
    Point,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.model import Advice
from pytest_backend_gates.samples import WIDTHS
from pytest_backend_gates.units import UNITS

#: What the grammar of thresholds reads as a metric, and the option that names gates as a gate.
_METRIC: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
_GATE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS: Final = re.compile(r"\S.*")
_KINDS: Final = {Kind.RATE: Rate, Kind.COUNTER: Counter, Kind.GAUGE: Gauge, Kind.TREND: Trend}
#: Kinds whose unit is no choice.
_FIXED: Final = {Kind.RATE: "%", Kind.COUNTER: None}
_UNITS: Final = sorted({base for base, _ in UNITS.values()})


def kind_of(value: object) -> str:
    """Name the type of *value*: the value itself may be long, or secret."""
    return f"an object of the type {type(value).__name__}"


def metric_fault(metric: object) -> str | None:
    """Return what is wrong with *metric*, ``None`` for a good one."""
    if not isinstance(metric, Metric):
        return f"{kind_of(metric)} is not a Metric"
    if not _fits(_METRIC, metric.name):
        return f"{metric.name!r} is not a name of a metric: letters, digits and _, with dots between"
    return next((f"its metric '{metric.name}': {fault}" for fault in _faults(metric)), None)


def _faults(metric: Metric) -> Iterable[str]:
    if not isinstance(metric.kind, Kind):
        yield f"{metric.kind!r} is not a Kind"
    if metric.unit not in (None, *_UNITS):
        yield f"{metric.unit!r} is not a base unit: {', '.join(_UNITS)}"
    if metric.unit != _FIXED.get(metric.kind, metric.unit):
        yield f"the unit of a {metric.kind} is {_FIXED[metric.kind]!r}"
    if not _fits(_GATE, metric.gate):
        yield f"{metric.gate!r} is not a name of a gate"
    if not _fits(_WORDS, metric.subject):
        yield "it does not say what one subject is"
    if not _is_count(metric.ticks) or metric.ticks < 1:
        yield f"ticks are a whole number from 1 on; got {metric.ticks!r}"


def as_json(returned: object, call: str) -> Plain:
    """Return what *call* has *returned* as JSON has it. Raises ``TypeError`` for what JSON cannot write."""
    try:
        plain: Plain = json.loads(json.dumps(returned))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{call} returned what JSON cannot write: {error}") from error
    return plain


def checked(metrics: Iterable[Metric], readings: object) -> dict[str, Reading]:
    """Return the *readings* of these *metrics*, by name. Raises ``TypeError`` or ``ValueError``."""
    known = {metric.name: metric for metric in metrics}
    if not isinstance(readings, Mapping):
        raise TypeError(
            f"reduce() returned {kind_of(readings)}: return a Reading for each metric, by its name"
        )
    for name, reading in readings.items():
        if name not in known:
            raise ValueError(f"reduce() returned a reading of {name!r}, which it does not declare")
        if not isinstance(reading, Reading):
            raise TypeError(f"reduce() returned {kind_of(reading)} for '{name}': return a Reading")
        fault = _reading_fault(known[name], reading)
        if fault:
            raise ValueError(f"reduce() returned for '{name}' {fault}")
    return dict(readings)


def advised(advice: object) -> Advice:
    """Return *advice*. Raises ``TypeError`` for what is none."""
    if not isinstance(advice, Advice):
        raise TypeError(f"advise() returned {kind_of(advice)}: return an Advice")
    return advice


def _reading_fault(metric: Metric, reading: Reading) -> str | None:
    measured, expected = reading.measurement, _KINDS[metric.kind]
    if not _are_findings(reading.errors):
        return "errors that are no tuple of Findings"
    if measured is not None and not isinstance(measured, expected):
        return f"a {type(measured).__name__}: a {metric.kind} is a {expected.__name__}"
    return None if measured is None else _measurement_fault(measured)


def _measurement_fault(measured: Measurement) -> str | None:
    match measured:
        case Rate(subjects=ratios):
            return _wrong(ratios, _is_ratio, "hits of a total, in whole numbers, no more hits than total")
        case Gauge(subjects=points):
            return _wrong(points, _is_point, "a Point with an int or a Fraction")
        case Trend(subjects=samples):
            return _wrong(samples, _is_samples, "Samples with a tuple of arrays of whole numbers")
        case Counter(findings=findings, examined=examined, tallies=tallies):
            if not _are_findings(findings):
                return "findings that are no tuple of Findings"
            return _wrong({**dict.fromkeys(examined, 0), **tallies}, _is_count, "a whole number from 0 on")


def _wrong(values: Mapping[str, object], fits: Callable[[object], bool], expected: str) -> str | None:
    for subject, value in values.items():
        if not isinstance(subject, str):
            return f"the subject {subject!r}: a subject is a text"
        if not fits(value):
            return f"a wrong value of '{subject}': expected {expected}"
    return None


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_ratio(value: object) -> bool:
    if not isinstance(value, Ratio) or not (_is_count(value.hits) and _is_count(value.total)):
        return False
    return value.hits <= value.total


def _is_point(value: object) -> bool:
    return isinstance(value, Point) and type(value.value) in (int, Fraction)


def _is_samples(value: object) -> bool:
    runs: object = value.runs if isinstance(value, Samples) else None
    return isinstance(runs, tuple) and all(isinstance(run, array) and run.typecode in WIDTHS for run in runs)


def _are_findings(values: object) -> bool:
    return isinstance(values, tuple) and all(isinstance(one, Finding) for one in values)
