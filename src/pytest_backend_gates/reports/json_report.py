"""The JSON report, format 1. ``schema/report-1.schema.json`` describes every key.

Every key is always present, keys are sorted, quantities are in base units. Later versions add keys and
metrics and change none.
"""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Kind,
    Measurement,
    Metric,
    Number,
    Plain,
    Rate,
    Ratio,
    Samples,
    Trend,
)
from pytest_backend_gates.model import GateReport, Origin, SessionReport, Verdict
from pytest_backend_gates.reports.json_layout import laid_out
from pytest_backend_gates.samples import nearest_rank
from pytest_backend_gates.units import decimal_text

#: The percentiles that every trend reports, judged or not.
PERCENTILES: Final = ("50", "95", "99")
#: Where a sample can come from.
SOURCES: Final = ("test", "generated", "benchmark")

_SURROGATE = re.compile("[\ud800-\udfff]")
_PERCENTILE = re.compile(r"p([0-9]+(?:\.[0-9]+)?)")


def render(report: SessionReport) -> str:
    """Return *report* as JSON text that ends with a newline.

    A byte of a path that is no text (a lone surrogate) becomes the six characters of its escape,
    because many JSON readers refuse the escape itself.
    """
    return laid_out(document(report), _escaped)


def _escaped(text: str) -> str:
    return text if text.isascii() else _SURROGATE.sub(lambda match: f"\\\\u{ord(match[0]):04x}", text)


def document(report: SessionReport) -> Plain:
    """Return *report* as plain data, the value that :func:`render` writes."""
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
        "value": _number(verdict.value),
        "hits": verdict.hits,
        "total": verdict.total,
        "judged": verdict.judged,
        "over": verdict.over,
        "unproven": verdict.unproven,
        "waived": verdict.waived,
        "relax": verdict.relax,
        "findings": [_finding(finding) for finding in verdict.findings],
    }


def _where(origin: Origin) -> Plain | None:
    return None if origin.path is None else {"file": origin.path, "line": origin.line}


def _unit(verdict: Verdict) -> str | None:
    """Return the base unit of the value and the limit; a trend's ``count`` has none."""
    counts = verdict.metric.kind is Kind.TREND and verdict.threshold.aggregate == "count"
    return None if counts else verdict.metric.unit


def _finding(finding: Finding) -> Plain:
    return {
        "subject": finding.subject,
        "value": _number(finding.value),
        "path": finding.path,
        "line": finding.line,
        "end_line": finding.end_line,
        "code": finding.code,
        "message": finding.message,
        "hint": finding.hint,
        "fingerprint": finding.fingerprint,
    }


def _measurement(metric: Metric, measured: Measurement, percentiles: Iterable[str]) -> Plain:
    plain: Plain = {"kind": metric.kind.value, "unit": metric.unit}
    match measured:
        case Rate(subjects=ratios):
            whole = sum(ratios.values(), Ratio(0, 0))
            subjects = {name: {"hits": ratio.hits, "total": ratio.total} for name, ratio in ratios.items()}
            return plain | {"hits": whole.hits, "total": whole.total, "subjects": subjects}
        case Counter(names=names):
            findings = [_finding(finding) for finding in measured.shown(names)]
            return plain | {"count": measured.count(names), "findings": findings}
        case Gauge(subjects=points):
            return plain | {"subjects": {name: _number(point.value) for name, point in points.items()}}
        case Trend(subjects=trends):
            told = {name: _samples(samples, metric.ticks, percentiles) for name, samples in trends.items()}
            return plain | {"subjects": told}


def _samples(samples: Samples, ticks: int, percentiles: Iterable[str]) -> Plain:
    ordered = samples.ordered()

    def told(sample: Number) -> int | float | None:
        return _number(sample if ticks == 1 else Fraction(sample) / ticks)

    return {
        "native": samples.native,
        "count": samples.count,
        "cold": samples.cold,
        "sources": {name: samples.sources.get(name, 0) for name in SOURCES},
        "min": told(ordered[0]) if ordered else None,
        "mean": told(Fraction(sum(ordered), len(ordered))) if ordered else None,
        "max": told(ordered[-1]) if ordered else None,
        "percentiles": {
            name: told(nearest_rank(ordered, Fraction(name) / 100)) if ordered else None
            for name in percentiles
        },
    }


def _percentiles(report: SessionReport, metric: str) -> list[str]:
    """Return the percentiles to tell of *metric*: the usual ones and the judged ones."""
    aggregates = [
        row.threshold.aggregate or ""
        for gate in report.gates
        for row in gate.rows
        if row.metric.name == metric
    ]
    judged = [match[1] for match in map(_PERCENTILE.fullmatch, aggregates) if match]
    return [*dict.fromkeys([*PERCENTILES, *(decimal_text(Fraction(text)) for text in judged)])]


def _number(value: Number | None) -> int | float | None:
    """Return *value* as JSON has it: an integer stays one, a fraction becomes the nearest float."""
    return float(value) if isinstance(value, Fraction) else value
