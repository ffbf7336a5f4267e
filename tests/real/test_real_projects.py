"""The gates on projects that nobody here wrote: a verdict on each, and the engines' own numbers."""

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.real.conftest import Real

#: Project -> gate -> outcome, without any configuration but a limit of latency that a busy machine keeps.
MEASURED = {"coverage": "PASSED", "complexity": "PASSED", "security": "PASSED", "latency": "PASSED"}
#: Neither has a schema of its API.
OUTCOMES = {
    "flaskr": {**MEASURED, "contract": "SKIPPED"},
    "asgi-csrf": {**MEASURED, "complexity": "FAILED", "contract": "SKIPPED"},
}
#: Project -> paths of requests -> operations, as one who reads the project's routes would name them.
OPERATIONS: dict[str, dict[str, str | None]] = {
    "flaskr": {
        r"/|/create|/auth/(register|login|logout)|/hello": None,
        r"/\d+/update": "/{id}/update",
        r"/\d+/delete": "/{id}/delete",
    },
    "asgi-csrf": {r"/|/static|/api/|/api/foo": None},
}


def test_a_verdict_on_every_gate(project: "Real", mode: str) -> None:
    """Every gate is measured and judged in every mode, and the exit status is the verdict's."""
    run = project.gates(mode)
    assert {gate["gate"]: gate["outcome"] for gate in run["report"]["gates"]} == OUTCOMES[project.name], run[
        "out"
    ]
    red = "FAILED" in OUTCOMES[project.name].values()
    assert (run["status"], run["report"]["narrowed"]) == (int(red), None)


def test_not_a_byte_is_changed(project: "Real", mode: str) -> None:
    """The project's files are the same before and after, and no other file was left among them."""
    assert project.gates(mode)["changed"] == []


def test_the_tests_run_as_they_do_alone(project: "Real", mode: str) -> None:
    """With the gates as many tests pass as without; the gates are counted on top."""
    alone = counts(project.engines()["coverage"]["tests"])
    assert alone.keys() == {"passed"}
    outcomes = Counter(OUTCOMES[project.name].values())
    alone += Counter(passed=outcomes["PASSED"], failed=outcomes["FAILED"], skipped=outcomes["SKIPPED"])
    assert counts(project.gates(mode)["out"].strip().splitlines()[-1]) == alone


def counts(line: str) -> Counter[str]:
    return Counter(
        {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", line)}
    )


def test_coverage_is_coverage_pys(project: "Real", mode: str) -> None:
    """In total and in every file: what ``coverage run -m pytest`` and ``coverage json`` say in the same folder."""
    measured = project.gates(mode)["report"]["measurements"]["coverage"]
    files = {path: ratio(one["summary"]) for path, one in covered(project, measured).items()}
    assert {path: (one["hits"], one["total"]) for path, one in measured["subjects"].items()} == files
    total = tuple(map(sum, zip(*files.values(), strict=True)))
    assert (measured["hits"], measured["total"]) == total
    if project.name == "flaskr":
        assert total == ratio(project.engines()["coverage"]["totals"])


def covered(project: "Real", measured: dict[str, Any]) -> dict[str, Any]:
    """Return coverage.py's files. Where its configuration names no source, it reports on the tests too."""
    files: dict[str, Any] = project.engines()["coverage"]["files"]
    if project.name == "flaskr":
        return files
    assert measured["subjects"].keys() == {"asgi_csrf.py"}
    return {"asgi_csrf.py": files["asgi_csrf.py"]}


def ratio(summary: dict[str, int]) -> tuple[int, int]:
    hits = summary["covered_lines"] + summary.get("covered_branches", 0)
    return hits, summary["num_statements"] + summary.get("num_branches", 0)


def test_an_outer_coverage_run_is_left_alone(project: "Real") -> None:
    """``coverage run -m pytest --backend-gates`` says what ``coverage run -m pytest`` says."""
    outer, alone = project.outer(), project.engines()["coverage"]
    own = {*project.engines()["files"]} | {path for path in alone["files"] if path.startswith("tests/")}
    assert len(own & outer["files"].keys()) == {"flaskr": 9, "asgi-csrf": 2}[project.name]
    for path in own & alone["files"].keys():
        assert outer["files"][path] == alone["files"][path]
    if project.name == "flaskr":
        assert outer["totals"] == alone["totals"]


def test_complexity_is_radons(project: "Real", mode: str) -> None:
    """Where radon reports a block, our number is equal; what its command line leaves out is added.

    Those are closures, which it reports when it is asked to, and methods of local classes, which it never does.
    """
    measured = project.gates(mode)["report"]["measurements"]["complexity"]["subjects"]
    engine = project.engines()
    blocks, closures = {}, Counter[int]()
    for path, found in engine["radon"].items():
        for block in found:
            if block["type"] == "class" or "." in block["name"]:
                continue
            name = f"{block['classname']}.{block['name']}" if block["type"] == "method" else block["name"]
            blocks[f"{path}::{name}"] = block["complexity"]
            closures.update(inner(block))
    local = [
        (subject.rpartition("<locals>.")[2], value)
        for subject, value in measured.items()
        if "<locals>" in subject
    ]
    assert {subject: value for subject, value in measured.items() if "<locals>" not in subject} == blocks
    assert Counter(value for name, value in local if "." not in name) == closures
    assert {name for name, _ in local if "." in name} == {
        "flaskr": set(),
        "asgi-csrf": {"ErrorOnWrite.__init__", "ErrorOnWrite.write"},
    }[project.name]


def inner(block: dict[str, Any]) -> list[int]:
    """Return the complexities of the closures in *block*, and of those in them."""
    return [number for one in block["closures"] for number in (one["complexity"], *inner(one))]


def test_findings_are_bandits(project: "Real", mode: str) -> None:
    """The same tests, lines and severities as ``bandit -r`` on the same files, which all were read."""
    measurements = project.gates(mode)["report"]["measurements"]
    engine = project.engines()
    found = [
        (severity, one["code"], one["path"], one["line"])
        for severity in ("high", "medium", "low")
        for one in measurements[f"security.{severity}"]["findings"]
    ]
    expected = [
        (
            one["issue_severity"].lower(),
            one["test_id"],
            one["filename"].removeprefix("./"),
            one["line_number"],
        )
        for one in engine["bandit"]["results"]
    ]
    assert sorted(found) == sorted(expected)
    assert len(found) == {"flaskr": 1, "asgi-csrf": 5}[project.name]
    assert engine["bandit"]["errors"] == []
    (reason,) = (
        gate["reason"] for gate in project.gates(mode)["report"]["gates"] if gate["gate"] == "security"
    )
    assert f" in {len(engine['files'])} file" in reason


def test_every_request_is_counted(project: "Real", mode: str) -> None:
    """Each operation has as many samples as requests reached the application in the call phase of a test."""
    run = project.gates(mode)
    operations = run["report"]["measurements"]["latency"]["subjects"]
    told = Counter({name: one["count"] + one["cold"] for name, one in operations.items()})
    assert told == Counter(operation(project.name, *request) for request in run["requests"])
    assert len(told) == {"flaskr": 12, "asgi-csrf": 5}[project.name]


def operation(project: str, method: str, path: str) -> str:
    for pattern, template in OPERATIONS[project].items():
        if re.fullmatch(pattern, path):
            return f"{method} {template or path}"
    raise AssertionError(path)


@pytest.mark.parametrize("other", ["-n0", "-n2"])
def test_every_mode_says_the_same(project: "Real", other: str) -> None:
    """Outcomes and numbers do not depend on how the tests are distributed, times and sample counts excepted."""
    assert timeless(project.gates(other)["report"]) == timeless(project.gates("no xdist")["report"])


def timeless(report: dict[str, Any]) -> dict[str, Any]:
    """Return everything in *report* that a clock has no part in."""
    measured: dict[str, Any] = {
        name: one for name, one in report["measurements"].items() if name != "latency"
    }
    latency: dict[str, Any] = report["measurements"]["latency"]["subjects"]
    rows = {
        gate["gate"]: (gate["outcome"], *(gate["rows"] if gate["gate"] != "latency" else ()))
        for gate in report["gates"]
    }
    requests = {name: (one["native"], one["count"] + one["cold"]) for name, one in latency.items()}
    return {"rows": rows, "measured": measured, "requests": requests, "narrowed": report["narrowed"]}
