"""What each side has found, in the same words."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from benchmarks.figures import Cost

#: Complexity: file, line, number; security: file, line, code, severity.
Found = dict[str, list[tuple[object, ...]]]


def ours(found: Path, radon: Path) -> Found:
    """Read what ``benchmarks.scanning`` wrote: of the functions those that *radon* reports, which has no closures."""
    told = json.loads(found.read_text(encoding="utf-8"))
    reported = {(file, line) for file, line, _ in _functions(radon)}
    complexity = [tuple(block) for block in told["complexity"] if (block[0], block[1]) in reported]
    return {"complexity": complexity, "security": [tuple(issue) for issue in told["security"]]}


def everything(found: Path) -> Found:
    """Read all of what ``benchmarks.scanning`` wrote."""
    told = json.loads(found.read_text(encoding="utf-8"))
    return {name: [tuple(one) for one in told[name]] for name in ("complexity", "security")}


def theirs(radon: Path, bandit: Path) -> Found:
    """Read the JSON reports of radon and bandit."""
    issues = [
        (_plain(one["filename"]), one["line_number"], one["test_id"], one["issue_severity"].lower())
        for one in json.loads(bandit.read_text(encoding="utf-8"))["results"]
    ]
    return {"complexity": sorted(_functions(radon)), "security": sorted(issues)}


def tests(junit: Path) -> dict[str, int]:
    """Count the tests of a JUnit report by how they ended; the gates, which stand among them, are none."""
    cases = ET.parse(junit).iter("testcase")  # noqa: S314 - written a moment ago by the run itself
    own = [case for case in cases if case.get("classname") != "backend-gates"]
    return dict(Counter(case[0].tag if len(case) else "passed" for case in own))


def our_coverage(report: Path) -> list[int]:
    """Read covered and coverable lines and branches from our JSON report."""
    measured = json.loads(report.read_text(encoding="utf-8"))["measurements"]["coverage"]
    return [measured["hits"], measured["total"]]


def coverage(report: Path) -> list[int]:
    """Read the same from coverage.py's JSON report."""
    totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
    hits = totals["covered_lines"] + totals.get("covered_branches", 0)
    return [hits, totals["num_statements"] + totals.get("num_branches", 0)]


def shares(judged: Path, blocks: int) -> list[list[object]]:
    """Read the rows that ``benchmarks.judging`` wrote, their counts as percentages of *blocks*."""
    rows = json.loads(judged.read_text(encoding="utf-8"))
    return [
        [text, outcome, *(round(100 * count / blocks) for count in counts)] for text, outcome, *counts in rows
    ]


def answered(observed: Path) -> dict[str, int]:
    """Read what ``benchmarks.observing`` wrote: how often the application has answered with which status."""
    return dict(json.loads(observed.read_text(encoding="utf-8"))["answered"])


def kept(counted: Path) -> dict[str, float]:
    """Read what ``benchmarks.keeping`` wrote: the share of the requests that each metric has counted."""
    return dict(json.loads(counted.read_text(encoding="utf-8"))["counted"])


def told(measured: Path) -> Cost:
    """Read from a file of either what it has cost."""
    costs = json.loads(measured.read_text(encoding="utf-8"))
    return Cost(costs["wall"], costs["cpu"], costs["memory"])


def _functions(radon: Path) -> Iterator[tuple[str, int, int]]:
    for file, blocks in json.loads(radon.read_text(encoding="utf-8")).items():
        if not file.endswith(".py"):
            continue  # radon also reads what only begins as a script does
        yield from ((_plain(file), one["lineno"], one["complexity"]) for one in blocks if not _is_class(one))


def _is_class(block: dict[str, Any]) -> bool:
    return bool(block["type"] == "class")


def _plain(path: str) -> str:
    return path.removeprefix("./")
