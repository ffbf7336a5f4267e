"""Complexity against radon's own command line, and the blocks that it leaves out."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pytest_backend_gates.analyzers.complexity import COMPLEXITY, Complexity
from pytest_backend_gates.analyzers.source import SourceFile
from pytest_backend_gates.measurements import Finding, Gauge, Kind, Metric, Point, Reading
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict

Scan = Callable[[Mapping[str, str | bytes], str], Mapping[str, Reading]]

APP = """\
def create_app(debug):
    assert debug
    def route(order):
        if order and order.open:
            return [line for line in order if line]
        return None
    class Local:
        async def method(self):
            async for item in self:
                yield item
            else:
                return
    return route, Local
"""


def points(reading: Reading) -> Mapping[str, Point]:
    """Return the points of a reading that must have been measured."""
    assert reading.errors == ()
    assert isinstance(reading.measurement, Gauge)
    return reading.measurement.subjects


def test_closures_and_local_classes_are_blocks_of_their_own(scan: Scan) -> None:
    """Their decisions count for them, never for what is around them."""
    assert points(scan({"src/app.py": APP}, "complexity")["complexity"]) == {
        "src/app.py::create_app": Point(2, "src/app.py", 1, 13),
        "src/app.py::create_app.<locals>.route": Point(5, "src/app.py", 3, 6),
        "src/app.py::create_app.<locals>.Local.method": Point(3, "src/app.py", 8, 12),
    }


def test_broken_radon_configuration_is_an_error(scan: Scan) -> None:
    """Nothing is measured under a configuration that cannot be read."""
    reading = scan({"pyproject.toml": "[tool.radon\n", "app.py": APP}, "complexity")["complexity"]
    assert reading.measurement is None
    assert [(e.subject, e.path) for e in reading.errors] == [("complexity", "pyproject.toml")]
    assert reading.errors[0].message.startswith("pyproject.toml cannot be read: Expected ']'")


def test_files_without_functions_measure_nothing_and_say_so(scan: Scan) -> None:
    """Nothing to judge is not a pass."""
    reading = scan({"a.py": "x = 1\n", "b.py": ""}, "complexity")["complexity"]
    assert reading == Reading(Gauge({}), unavailable="no function in 2 source files")


BROKEN = {
    "syntax.py": (b"def f(:\n", "SyntaxError: invalid syntax", 1),
    "encoding.py": (b"# coding: klingon\n", "SyntaxError: unknown encoding: klingon", None),
    "bytes.py": (
        b"x = '\xff'\n",
        "SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        1,
    ),
    "deep.py": (b"def f():\n    return " + b"+".join([b"1"] * 5000), "RecursionError", None),
}


@pytest.mark.parametrize("analyzer", ["complexity", "security"])
def test_files_that_cannot_be_parsed_are_errors_and_the_others_go_on(scan: Scan, analyzer: str) -> None:
    """Each broken file is named with its line; what could be measured is there beside it."""
    files: dict[str, str | bytes] = {name: data for name, (data, _, _) in BROKEN.items()}
    for metric, reading in scan({**files, "app.py": APP}, analyzer).items():
        assert reading.measurement is not None, metric
        told = {error.subject: error for error in reading.errors}
        assert set(told) == set(BROKEN)
        for name, (_, message, line) in BROKEN.items():
            assert told[name].message.startswith(message)
            assert (told[name].path, told[name].line) == (name, line)


@pytest.mark.parametrize("package", ["flask", "starlette", "werkzeug"])
@pytest.mark.parametrize("closures", [[], ["--show-closures"]])
def test_numbers_equal_radons(
    site_packages: Path, monkeypatch: pytest.MonkeyPatch, package: str, closures: list[str]
) -> None:
    """Every function and method that radon's command line reports has the same number here."""
    command = [sys.executable, "-m", "radon", "cc", "-s", "-j", *closures, package]
    answer = subprocess.run(command, cwd=site_packages, capture_output=True, text=True, check=True)
    monkeypatch.chdir(site_packages)
    reported = 0
    for path, blocks in json.loads(answer.stdout).items():
        columns = Complexity().analyze(SourceFile(path))
        ours = dict(zip(columns["lines"], columns["values"], strict=True))
        theirs = {block["lineno"]: block["complexity"] for block in blocks if block["type"] != "class"}
        assert {line: ours[line] for line in theirs} == theirs, path
        reported += len(theirs)
    assert reported > 300


def test_every_function_of_a_package_is_a_block(site_packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is left out, at any depth, and no two share a subject."""
    monkeypatch.chdir(site_packages)
    for path in Path("flask").rglob("*.py"):
        columns = Complexity().analyze(SourceFile(path.as_posix()))
        tree = ast.parse(path.read_bytes())
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        assert sorted(columns["lines"]) == sorted(function.lineno for function in functions)
        assert len(set(columns["names"])) == len(columns["names"]) == len(columns["end_lines"])


def verdict(operator: str, limit: Fraction, aggregate: str | None = "max", value: int = 14) -> Verdict:
    """Return a red verdict with one finding."""
    threshold = Threshold(
        "", Origin("ini"), "complexity", "complexity", aggregate=aggregate, operator=operator, limit=limit
    )
    finding = Finding("a.py::f", "over the limit", value=value, path="a.py", line=1)
    return Verdict(threshold, COMPLEXITY, Outcome.FAILED, red=True, reason="", findings=(finding,))


@pytest.mark.parametrize(
    ("operator", "limit", "value", "hint"),
    [
        ("<", Fraction(10), 14, "5 decisions too many"),
        ("<=", Fraction(10), 14, "4 decisions too many"),
        ("<", Fraction(19, 2), 10, "1 decision too many"),
        ("<=", Fraction(19, 2), 11, "2 decisions too many"),
        ("<", Fraction(10), 9, None),
        (">", Fraction(20), 14, None),
    ],
)
def test_advice_counts_the_decisions_to_lose(
    operator: str, limit: Fraction, value: int, hint: str | None
) -> None:
    """From the value down to the largest one within the limit."""
    row = verdict(operator, limit, value=value)
    findings = Complexity().advise(row).findings or row.findings
    assert findings == tuple(replace(finding, hint=hint) for finding in row.findings)


def test_advice_on_a_mean_names_no_decisions() -> None:
    """No single block is over a limit on the mean."""
    assert Complexity().advise(verdict("<", Fraction(3), "mean")) == Advice()


def test_the_metric_is_the_catalogues() -> None:
    """A gauge without a unit, one value a block."""
    assert Complexity.metrics == (Metric("complexity", Kind.GAUGE, None, "complexity", "block"),)
