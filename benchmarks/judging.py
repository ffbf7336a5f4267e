"""The judge and the JSON report as a program: ``python -m benchmarks.judging BLOCKS OPERATIONS FINDINGS TIMES FOUND``.

Makes up what the probes would have collected of a project with so many blocks, operations and findings, and judges it
as a session does: reduces, judges, advises, sums up, and writes the JSON report beside FOUND. That many TIMES, one
project after the other. Writes to FOUND how much of what there was, and what judging and reporting has cost: seconds
of wall and processor time, without those for making it up, and the peak of the memory, with it.
"""

import json
import sys
import time
from array import array
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from benchmarks.figures import Cost, peak_memory
from pytest_backend_gates.evaluation import Payload, evaluate
from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import Conditions, Plain, Samples
from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.model import Origin, SessionReport, Threshold
from pytest_backend_gates.probes.static import StaticProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.reports import RENDERERS
from pytest_backend_gates.reports.writer import write_report
from pytest_backend_gates.threshold import parse

_RULES: Final = (
    "complexity < 10",
    "complexity[src/app/legacy_*/**] < 15",
    "security.low <= 5",
    "security.low[src/app/legacy_*/**] <= 50",
    "latency.p95 < 100ms",
    "latency.p95[POST /things*/{id}] < 200ms",
    "errors < 10%",
    "errors[POST /things*/{id}] < 0.1%",
)
_BLOCKS_OF_A_FILE: Final = 20
_SAMPLES: Final = 30
_MILLISECOND: Final = 1_000_000


def collected(blocks: int, operations: int, findings: int) -> dict[str, Plain]:
    """Return what the probes of such a project would say, as it comes out of JSON: nothing of it is shared."""
    files = max(1, -(-max(blocks, findings) // _BLOCKS_OF_A_FILE))
    messages = [_message(number, files, blocks, findings) for number in range(files)]
    return {
        "static": {"total": files, "messages": messages, "failure": None, "unfinished": None},
        "traffic": {
            "operations": {_operation(number): _samples(number) for number in range(operations)},
            "answers": {_operation(number): _answers(number) for number in range(operations)},
            "faults": [],
        },
    }


def _message(file: int, files: int, blocks: int, findings: int) -> Plain:
    path = f"src/app/{'legacy' if file % 7 == 0 else 'part'}_{file // 50}/module_{file}.py"
    places = range(min(_BLOCKS_OF_A_FILE, blocks - file * _BLOCKS_OF_A_FILE))
    complexity = {
        "names": [f"Class{place % 5}.method_{place}" for place in places],
        "values": [_complexity(file * _BLOCKS_OF_A_FILE + place) for place in places],
        "lines": [place * 16 + 1 for place in places],
        "end_lines": [place * 16 + 14 for place in places],
    }
    low = [_finding(number) for number in range(file, findings, files)]
    security = {"examined": True, "high": [], "medium": [], "low": low, "suppressed": []}
    return {"file": path, "results": {"complexity": complexity, "security": security}, "errors": {}}


def _complexity(number: int) -> int:
    # Of the 33,321 blocks of django, sqlalchemy, schemathesis, litestar, hypothesis, pydantic and six more, one in 17
    # has 10 or more.
    return 12 if number % 17 == 0 else 1 + number % 9


def _finding(number: int) -> list[object]:
    line, identity = number % 300, f"Class{number % 5}.method_{number % 20}: assert number == {number} #1"
    return ["Use of assert detected.", line, line, "B101", "high confidence", identity]


def _operation(number: int) -> str:
    return f"{'GET' if number % 3 else 'POST'} /things{number}/{{id}}"


def _samples(operation: int) -> Plain:
    times = ((10 + (operation * 7 + sample * 13) % 80) * _MILLISECOND for sample in range(_SAMPLES))
    return Samples((array("q", times),), cold=1, seen=_SAMPLES, sources={"test": _SAMPLES}).to_plain()


def _answers(operation: int) -> Plain:
    return {"asked": _SAMPLES + 1, "cut": 0, "failures": {} if operation % 10 else {"500": 1}}


def judged(payload: Payload) -> SessionReport:
    """Return the report of a session that collected *payload*."""
    probes = (StaticProbe(Path(), ()), TrafficProbe())
    judge = Judge(tuple(_thresholds()), CATALOGUE)
    session = evaluate(probes, [payload], judge, Conditions())
    return SessionReport(
        outcome="failed" if any(gate.red for gate in session.gates) else "passed",
        version="",
        python="",
        platform="",
        rootdir_name="",
        commit=None,
        args=(),
        workers=0,
        started="",
        gates=session.gates,
        metrics=CATALOGUE.metrics,
        measurements=session.measurements,
    )


def _thresholds() -> Iterator[Threshold]:
    for text in _RULES:
        parsed = parse(text, CATALOGUE, {}, Origin("ini"))
        if not isinstance(parsed, Threshold):
            raise TypeError(text)
        yield parsed


def _judged(report: SessionReport) -> Tally[str]:
    rows = [row for gate in report.gates for row in gate.rows]
    return Tally(
        blocks=sum(row.judged for row in rows if row.metric.name == "complexity"),
        operations=sum(row.judged for row in rows if row.metric.name == "latency"),
        findings=sum(row.hits or 0 for row in rows if row.metric.name == "security.low"),
    )


def _measured(payload: Payload, path: Path) -> tuple[Tally[str], Cost]:
    """Judge and report; return how much of what there was, and what it has cost."""
    wall, cpu = time.perf_counter(), time.process_time()
    report = judged(payload)
    write_report(path, RENDERERS["json"](report))
    cost = Cost(time.perf_counter() - wall, time.process_time() - cpu, peak_memory())
    return _judged(report), cost


def main(arguments: Sequence[str]) -> None:
    """Judge as often as asked, write each report, and write down how much of what, and what it has cost."""
    blocks, operations, findings, times = map(int, arguments[:4])
    found = Path(arguments[4])
    counts, costs = Tally[str](), Cost(0, 0, 0)
    for _ in range(times):
        payload = Payload("this process", collected(blocks, operations, findings))
        there, cost = _measured(payload, found.with_suffix(".report.json"))
        counts, costs = counts + there, costs + cost
    found.write_text(json.dumps({"judged": counts, **asdict(costs)}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
