"""The JSON report, format 1. ``schema/report-1.schema.json`` describes every key.

Every key is always present, keys are sorted, quantities are in base units. Later versions add keys and
metrics and change none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain
from operator import attrgetter
from typing import Final

from pytest_backend_gates.blocks import SEPARATOR, Columns, in_columns
from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Kind,
    Measurement,
    Metric,
    Number,
    Plain,
    Point,
    Rate,
    Ratio,
    Samples,
    Trend,
)
from pytest_backend_gates.model import GateReport, Origin, SessionReport, Verdict
from pytest_backend_gates.reports.json_layout import VALUE, Alike, laid_out
from pytest_backend_gates.samples import nearest_rank
from pytest_backend_gates.units import decimal_text

#: The percentiles that every trend reports, judged or not.
PERCENTILES: Final = ("50", "95", "99")
#: Where a sample can come from.
SOURCES: Final = ("test", "generated", "benchmark")

#: The keys of a finding.
_OF_A_FINDING: Final = (
    "code",
    "end_line",
    "fingerprint",
    "hint",
    "line",
    "message",
    "path",
    "subject",
    "value",
)
#: What a subject of a trend has, besides its percentiles.
_OF_A_TREND: Final = {
    **dict.fromkeys(("cold", "count", "max", "mean", "min", "native"), VALUE),
    "sources": dict.fromkeys(SOURCES, VALUE),
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_PERCENTILE = re.compile(r"p([0-9]+(?:\.[0-9]+)?)")


def render(report: SessionReport) -> Iterator[str]:
    """Yield *report* as JSON text that ends with a newline, in parts.

    A byte of a path that is no text (a lone surrogate) becomes the six characters of its escape,
    because many JSON readers refuse the escape itself.
    """
    for part in laid_out(_document(report)):
        yield part if part.isascii() else _SURROGATE.sub(lambda match: f"\\\\u{ord(match[0]):04x}", part)


def _document(report: SessionReport) -> Plain:
    return {
        "format": 1,
        "outcome": report.outcome,
        "plugin": {"name": "pytest-backend-gates", "version": report.version},
        "python": report.python,
        "platform": report.platform,
        "rootdir_name": report.rootdir_name,
        "commit": report.commit,
        "args": list(report.args),
        "workers": report.workers,
        "started": report.started,
        "seconds": report.seconds,
        "gates_seconds": report.gates_seconds,
        "exit_status": report.exit_status,
        "narrowed": report.narrowed,
        "shard": None,
        "base": None,
        "engines": dict(report.engines),
        "notes": list(report.notes),
        "gates": [_gate(gate) for gate in report.gates],
        "measurements": {
            name: _measurement(report.metrics[name], measured, _percentiles(report, name))
            for name, measured in report.measurements.items()
        },
    }


def _gate(gate: GateReport) -> Plain:
    return {
        "gate": gate.gate,
        "outcome": gate.outcome.value,
        "reason": gate.reason,
        "hint": gate.hint,
        "seconds": gate.seconds,
        "rows": [_row(verdict) for verdict in gate.rows],
    }


def _row(verdict: Verdict) -> Plain:
    rule = verdict.threshold
    return {
        "id": "|".join((rule.metric, rule.aggregate or "", rule.selector or "")),
        "threshold": rule.text,
        "origin": rule.origin.kind,
        "where": _where(rule.origin),
        "outcome": verdict.outcome.value,
        "metric": rule.metric,
        "aggregate": rule.aggregate,
        "selector": rule.selector,
        "operator": rule.operator,
        "limit": None if rule.is_off else decimal_text(rule.limit).replace(",", ""),
        "unit": _unit(verdict),
        "value": verdict.value,
        "hits": verdict.hits,
        "total": verdict.total,
        "judged": verdict.judged,
        "over": verdict.over,
        "unproven": verdict.unproven,
        "waived": verdict.waived,
        "relax": verdict.relax,
        "findings": _findings(verdict.findings),
    }


def _where(origin: Origin) -> Plain | None:
    return None if origin.path is None else {"file": origin.path, "line": origin.line}


def _unit(verdict: Verdict) -> str | None:
    """Return the base unit of the value and the limit; a trend's ``count`` has none."""
    counts = verdict.metric.kind is Kind.TREND and verdict.threshold.aggregate == "count"
    return None if counts else verdict.metric.unit


def _findings(findings: Iterable[Finding]) -> Alike:
    return Alike(dict.fromkeys(_OF_A_FINDING, VALUE), map(attrgetter(*_OF_A_FINDING), findings))


def _measurement(metric: Metric, measured: Measurement, percentiles: Mapping[str, Fraction]) -> Plain:
    plain: Plain = {"kind": metric.kind.value, "unit": metric.unit}
    match measured:
        case Rate(subjects=ratios):
            whole = sum(ratios.values(), Ratio(0, 0))
            rows = ((name, ratio.hits, ratio.total) for name, ratio in sorted(ratios.items()))
            subjects = Alike({"hits": VALUE, "total": VALUE}, rows, named=True)
            return plain | {"hits": whole.hits, "total": whole.total, "subjects": subjects}
        case Counter(names=names):
            findings = _findings(measured.shown(names))
            return plain | {"count": measured.count(names), "findings": findings}
        case Gauge(subjects=points):
            return plain | {"subjects": Alike(VALUE, _numbers(points), named=True)}
        case Trend(subjects=trends):
            shape = _OF_A_TREND | {"percentiles": dict.fromkeys(percentiles, VALUE)}
            shares = [percentiles[name] for name in sorted(percentiles)]
            told = ((name, *_samples(one, metric.ticks, shares)) for name, one in sorted(trends.items()))
            return plain | {"subjects": Alike(shape, told, named=True)}


def _numbers(points: Mapping[str, Point]) -> Iterable[tuple[str, Number]]:
    """Return the numbers by subject: file after file, where that is the order of the subjects."""
    files = in_columns(points)
    if not all(columns.file and ":" not in columns.file for columns in files):
        return sorted(chain.from_iterable(map(_pairs, files)))
    in_order = sorted(files, key=lambda columns: f"{columns.file}{SEPARATOR}")
    return chain.from_iterable(sorted(_pairs(columns)) for columns in in_order)


def _pairs(columns: Columns) -> Iterator[tuple[str, Number]]:
    return zip(columns.subjects(), columns.values, strict=True)


def _samples(samples: Samples, ticks: int, shares: Iterable[Fraction]) -> Iterator[int | float | str | None]:
    """Yield what is told of *samples*, in the order of the keys."""
    ordered = samples.ordered()

    def told(sample: int) -> int | float:
        return sample if ticks == 1 else sample / ticks

    yield from (samples.cold, samples.count)
    yield told(ordered[-1]) if ordered else None
    yield sum(ordered) / (len(ordered) * ticks) if ordered else None
    yield told(ordered[0]) if ordered else None
    yield samples.native
    yield from (told(nearest_rank(ordered, share)) if ordered else None for share in shares)
    yield from (samples.sources.get(name, 0) for name in sorted(SOURCES))


def _percentiles(report: SessionReport, metric: str) -> dict[str, Fraction]:
    """Return the percentiles to tell of *metric*: the usual ones and the judged ones."""
    aggregates = [
        row.threshold.aggregate or ""
        for gate in report.gates
        for row in gate.rows
        if row.metric.name == metric
    ]
    judged = [match[1] for match in map(_PERCENTILE.fullmatch, aggregates) if match]
    names = [*PERCENTILES, *(decimal_text(Fraction(text)) for text in judged)]
    return {name: Fraction(name) / 100 for name in names}
