"""The judge and the JSON report as a program: ``python -m benchmarks.judging BLOCKS FOUND``.

Judges a made-up project of BLOCKS functions, with a hundredth of that in operations (each with 30 samples) and a
tenth in findings, renders the JSON report, and writes what it says in short to FOUND.
"""

import json
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pytest_backend_gates.evaluation import gate_report
from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import Counter, Finding, Gauge, Point, Reading, Samples, Trend
from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.model import GateReport, Origin, SessionReport, Threshold
from pytest_backend_gates.reports import json_report
from pytest_backend_gates.threshold import parse

_RULES: Final = (
    "complexity < 10",
    "complexity[src/app/legacy_*/**] < 15",
    "security.low <= 5",
    "security.low[src/app/legacy_*/**] <= 50",
    "latency.p95 < 100ms",
    "latency.p95[POST /things*/{id}] < 200ms",
)
_MILLISECOND: Final = 1_000_000


def readings(blocks: int) -> Mapping[str, Reading]:
    """Return what the probes of such a project would say."""
    points = dict(_points(blocks))
    paths = sorted({point.path or "" for point in points.values()})
    findings = tuple(_finding(paths[number % len(paths)], number) for number in range(blocks // 10))
    operations = {
        f"{'GET' if n % 3 else 'POST'} /things{n}/{{id}}": _samples(n) for n in range(blocks // 100)
    }
    return {
        "complexity": Reading(Gauge(points)),
        "security.low": Reading(Counter(findings, frozenset(paths))),
        "latency": Reading(Trend(operations)),
    }


def _points(blocks: int) -> Iterator[tuple[str, Point]]:
    for number in range(blocks):
        file, place = divmod(number, 20)
        path = f"src/app/{'legacy' if file % 7 == 0 else 'part'}_{file // 50}/module_{file}.py"
        yield (
            f"{path}::Class{place % 5}.method_{place}",
            Point(1 + number % 11, path, place * 10, place * 10 + 8),
        )


def _finding(path: str, number: int) -> Finding:
    return Finding(
        path,
        "Use of assert detected.",
        None,
        path,
        number % 200,
        number % 200,
        "B101",
        "high confidence",
        f"{number}",
    )


def _samples(operation: int) -> Samples:
    times = ((10 + (operation * 7 + sample * 13) % 80) * _MILLISECOND for sample in range(30))
    return Samples((array("q", times),), cold=1, seen=30, sources={"test": 30})


def gates(blocks: int) -> tuple[tuple[GateReport, ...], Mapping[str, Reading]]:
    """Judge the project; return the gates' reports, and what was read."""
    measured = readings(blocks)
    thresholds = tuple(_threshold(text) for text in _RULES)
    rows = Judge(thresholds, CATALOGUE).verdicts(measured)
    names = ("complexity", "security", "latency")
    return tuple(
        gate_report(name, [row for row in rows if row.metric.gate == name], 0.0) for name in names
    ), measured


def _threshold(text: str) -> Threshold:
    parsed = parse(text, CATALOGUE, {}, Origin("ini"))
    if not isinstance(parsed, Threshold):
        raise TypeError(text)
    return parsed


def main(arguments: Sequence[str]) -> None:
    """Judge, render, and write the rows in short."""
    blocks, found = int(arguments[0]), Path(arguments[1])
    reports, measured = gates(blocks)
    report = SessionReport(
        outcome="failed",
        version="",
        python="",
        platform="",
        rootdir_name="",
        commit=None,
        args=(),
        workers=0,
        started="",
        gates=reports,
        metrics=CATALOGUE.metrics,
        measurements={name: one.measurement for name, one in measured.items() if one.measurement},
    )
    found.with_suffix(".report.json").write_text(json_report.render(report), encoding="utf-8")
    rows = [
        [row.threshold.text, row.outcome.value, row.judged, row.over] for gate in reports for row in gate.rows
    ]
    found.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
