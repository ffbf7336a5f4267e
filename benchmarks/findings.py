"""What each side has found, in the same words."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from benchmarks.comparison import UnequalError
from benchmarks.figures import Cost

#: Complexity: file, line, number; security: file, line, code, severity, confidence.
Found = dict[str, list[tuple[object, ...]]]
#: How many operations, how many requests, and which checks failed for which operation.
Contract = dict[str, list[Any]]
#: The codes of schemathesis's failures -> the checks that we make.
_CHECKS: Final = {
    "ST101": "not_a_server_error",
    "ST103": "status_code_conformance",
    "ST108": "response_schema_conformance",
}
#: What stands among the tests and is none.
_NO_TESTS: Final = ("backend-gates", "tests.contract")


def ours(found: Path, radon: Path) -> Found:
    """Read what ``benchmarks.scanning`` wrote: of the functions those that *radon* reports, which has no closures."""
    told = json.loads(found.read_text(encoding="utf-8"))
    reported = {(file, line) for file, line, _ in _functions(radon)}
    complexity = [tuple(block) for block in told["complexity"] if (block[0], block[1]) in reported]
    return {"complexity": complexity, "security": [tuple(issue) for issue in told["security"]]}


def our_static(report: Path, radon: Path) -> Found:
    """Read from our JSON report the subjects that *radon* reports, and all issues."""
    found, reported = our_scan(report), {subject for subject, _ in _subjects(radon)}
    return {**found, "complexity": [one for one in found["complexity"] if one[0] in reported]}


def our_scan(report: Path) -> Found:
    """Read from our JSON report, its paths below ``src``, all blocks and all issues. Raises :class:`UnequalError` without."""
    measured = _with_scan(report)
    blocks = [(_below_src(subject), value) for subject, value in measured["complexity"]["subjects"].items()]
    issues = [
        (_below_src(one["path"]), one["line"], one["code"], severity, one["hint"].partition(" ")[0])
        for severity in ("high", "medium", "low")
        for one in measured[f"security.{severity}"]["findings"]
    ]
    return {"complexity": sorted(blocks), "security": sorted(issues)}


def _with_scan(report: Path) -> dict[str, Any]:
    """Read the measurements of a session that has scanned the source, too."""
    told = json.loads(report.read_text(encoding="utf-8"))
    outcomes = {one["gate"]: one["outcome"] for one in told["gates"]}
    if not {outcomes["complexity"], outcomes["security"]} <= {"PASSED", "FAILED"}:
        raise UnequalError(f"the gates have not measured all that they should: {outcomes}")
    return dict(told["measurements"])


def scan_by_file(report: Path) -> Found:
    """Read the same with the blocks told by their files alone."""
    found = our_scan(report)
    blocks = [(str(subject).partition("::")[0], value) for subject, value in found["complexity"]]
    return {**found, "complexity": sorted(blocks)}


def everything_by_file(found: Path) -> Found:
    """Read what ``benchmarks.scanning`` wrote, as :func:`scan_by_file` tells it."""
    told = everything(found)
    return {**told, "complexity": sorted((file, number) for file, _, number in told["complexity"])}


def static_by_subject(radon: Path, bandit: Path) -> Found:
    """Read the same from the JSON reports of radon and bandit."""
    return {"complexity": sorted(_subjects(radon)), "security": theirs(radon, bandit)["security"]}


def everything(found: Path) -> Found:
    """Read all of what ``benchmarks.scanning`` wrote."""
    told = json.loads(found.read_text(encoding="utf-8"))
    return {name: [tuple(one) for one in told[name]] for name in ("complexity", "security")}


def theirs(radon: Path, bandit: Path) -> Found:
    """Read the JSON reports of radon and bandit."""
    told = json.loads(bandit.read_text(encoding="utf-8"))
    if told["errors"]:
        raise UnequalError(f"bandit has not read all files: {told['errors'][:2]}")
    issues = [
        (_plain(one["filename"]), one["line_number"], one["test_id"], *map(str.lower, _ratings(one)))
        for one in told["results"]
    ]
    return {"complexity": sorted(_functions(radon)), "security": sorted(issues)}


def looked_at(found: Path) -> list[str]:
    """Read which files ``benchmarks.scanning`` has scanned. Raises :class:`UnequalError` where it found nothing."""
    told = json.loads(found.read_text(encoding="utf-8"))
    if not told["complexity"] or not told["security"]:
        raise UnequalError(f"the scan has found nothing in {len(told['files'])} files")
    return list(told["files"])


def looked_at_by_ruff(ruff: Path, package: Path, report: Path) -> list[str]:
    """Ask *ruff* which files in *package* it checks. Raises :class:`UnequalError` where its *report* has no findings."""
    if not json.loads(report.read_text(encoding="utf-8")):
        raise UnequalError("ruff has found nothing")
    command = [str(ruff), "check", "--isolated", "--show-files", "."]
    answer = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True)
    paths = (Path(line) for line in answer.stdout.splitlines())
    return sorted(path.relative_to(package).as_posix() for path in paths if path.suffix == ".py")


def has_gates(junit: Path) -> bool:
    """Read from a JUnit report of the trivial project whether its tests saw the plugin."""
    properties = ET.parse(junit).iter("property")  # noqa: S314 - written a moment ago by the run itself
    return {one.get("name"): one.get("value") for one in properties}["backend-gates"] == "True"


def tests(junit: Path) -> list[tuple[str, str]]:
    """Read the tests of a JUnit report and how each ended; the gates and the contract's, which stand among them, are none."""
    cases = ET.parse(junit).iter("testcase")  # noqa: S314 - written a moment ago by the run itself
    own = [case for case in cases if case.get("classname") not in _NO_TESTS]
    return sorted((f"{case.get('classname')}::{case.get('name')}", _ending(case)) for case in own)


def our_coverage(report: Path) -> list[int]:
    """Read covered and coverable lines and branches from our JSON report. Raises :class:`UnequalError` without a scan."""
    measured = _with_scan(report)["coverage"]
    return [measured["hits"], measured["total"]]


def coverage(report: Path) -> list[int]:
    """Read the same from coverage.py's JSON report."""
    totals = json.loads(report.read_text(encoding="utf-8"))["totals"]
    hits = totals["covered_lines"] + totals.get("covered_branches", 0)
    return [hits, totals["num_statements"] + totals.get("num_branches", 0)]


def our_contract(report: Path) -> Contract:
    """Read from our JSON report how many operations were asked, with how many requests, and which checks failed."""
    told = json.loads(report.read_text(encoding="utf-8"))
    measured = told["measurements"]
    reason = next(gate["reason"] for gate in told["gates"] if gate["gate"] == "contract")
    requests = re.search(r"([\d,]+) requests", reason)
    if requests is None:
        raise UnequalError(f"no operation was asked: {reason}")
    return {
        "operations": [len(measured["contract.operations"]["subjects"])],
        "requests": [int(requests[1].replace(",", ""))],
        "failures": sorted(
            {(one["subject"], one["code"]) for one in measured["contract.failures"]["findings"]}
        ),
    }


def contract(asked: Path) -> Contract:
    """Read the same from the JSON report of ``st run``."""
    told = json.loads(asked.read_text(encoding="utf-8"))
    return {
        "operations": [told["operations"]["tested"]],
        "requests": [told["test_cases"]["generated"]],
        "failures": sorted(
            {(operation, _CHECKS[one["code"]]) for one in told["failures"] for operation in one["operations"]}
        ),
    }


def judged(found: Path) -> dict[str, int]:
    """Read what ``benchmarks.judging`` wrote: how many of what were judged."""
    return dict(json.loads(found.read_text(encoding="utf-8"))["judged"])


def answered(observed: Path) -> dict[str, int]:
    """Read what ``benchmarks.observing`` wrote: how often the application has answered with which status."""
    return dict(json.loads(observed.read_text(encoding="utf-8"))["answered"])


def kept(counted: Path) -> dict[str, float]:
    """Read what ``benchmarks.keeping`` wrote: the share of the requests that each metric has counted."""
    return dict(json.loads(counted.read_text(encoding="utf-8"))["counted"])


def told(measured: Path) -> Cost:
    """Read from a file of any of them what it has cost."""
    costs = json.loads(measured.read_text(encoding="utf-8"))
    return Cost(costs["wall"], costs["cpu"], costs["memory"])


def _functions(radon: Path) -> Iterator[tuple[str, int, int]]:
    for file, blocks in json.loads(radon.read_text(encoding="utf-8")).items():
        if not file.endswith(".py"):
            continue  # radon also reads what only begins as a script does
        yield from ((_plain(file), one["lineno"], one["complexity"]) for one in blocks if not _is_class(one))


def _subjects(radon: Path) -> Iterator[tuple[str, int]]:
    """Yield functions by their names: ``shop/orders.py::Cart.total``."""
    for file, blocks in json.loads(radon.read_text(encoding="utf-8")).items():
        for one in blocks:
            if not _is_class(one):
                name = ".".join(filter(None, (one.get("classname"), one["name"])))
                yield f"{_plain(file)}::{name}", one["complexity"]


def _ratings(issue: dict[str, Any]) -> tuple[str, str]:
    return issue["issue_severity"], issue["issue_confidence"]


def _ending(case: ET.Element) -> str:
    return case[0].tag if len(case) else "passed"


def _is_class(block: dict[str, Any]) -> bool:
    return bool(block["type"] == "class")


def _plain(path: str) -> str:
    return path.removeprefix("./")


def _below_src(path: str) -> str:
    return path.removeprefix("src/")
