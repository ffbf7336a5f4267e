"""The JSON report: compared whole, and held against the schema that is shipped."""

import importlib
import json
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from typing import Any

import pytest

from pytest_backend_gates.blocks import Blocks, Columns
from pytest_backend_gates.measurements import Finding, Gauge, Kind, Metric, Point, Samples, Trend
from pytest_backend_gates.model import GateReport, Origin, Outcome, SessionReport, Threshold, Verdict
from pytest_backend_gates.reports import RENDERERS, json_report

Schema = dict[str, Any]
BYTES = Metric("response.size", Kind.TREND, "B", "response", "operation")


@pytest.fixture(scope="module")
def schema() -> Schema:
    text = files("pytest_backend_gates.reports").joinpath("schema/report-1.schema.json").read_text("utf-8")
    loaded: Schema = json.loads(text)
    return loaded


@pytest.fixture(scope="module")
def complaints(schema: Schema) -> Callable[[Any], list[str]]:
    """Return a function that lists what the schema has against a report."""
    jsonschema = importlib.import_module("jsonschema")  # it ships no types
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return lambda report: [f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)]


def _parts(schema: Any, path: str = "$") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Yield every object of a schema with its path."""
    if isinstance(schema, dict):
        yield path, schema
        for key, value in schema.items():
            yield from _parts(value, f"{path}.{key}")


def read(report: SessionReport) -> Any:  # noqa: ANN401 - JSON
    """Return what a reader of the JSON report reads."""
    return json.loads("".join(json_report.render(report)))


def test_rich_report(
    rich: SessionReport, golden: Callable[[str], str], complaints: Callable[[Any], list[str]]
) -> None:
    """The whole report is as the golden file has it, and the shipped schema accepts it."""
    text = "".join(json_report.render(rich))
    assert text == golden("report.json")
    assert complaints(json.loads(text)) == []


def test_green_and_incomplete_reports(green: SessionReport, complaints: Callable[[Any], list[str]]) -> None:
    """A green report and the one that is written when the session starts follow the schema too."""
    assert complaints(read(green)) == []
    started = replace(green, outcome="incomplete", exit_status=None, gates=(), metrics={}, notes=())
    report = read(started)
    assert complaints(report) == []
    assert (report["outcome"], report["exit_status"], report["gates"]) == ("incomplete", None, [])


def test_schema_describes_and_requires_every_key(schema: Schema) -> None:
    """Each object of the schema is closed, requires all of its keys and describes them."""
    objects = [(path, part) for path, part in _parts(schema) if part.get("type") == "object"]
    assert len(objects) > 12
    for path, part in objects:
        properties = part.get("properties", {})
        if properties:
            assert part["additionalProperties"] is False, path
            assert sorted(part["required"]) == sorted(properties), path
        values = [*properties.items(), *part.get("patternProperties", {}).items()]
        assert [name for name, value in values if not value.get("description")] == [], path
        assert part.get("description"), path
    assert [name for name, part in schema["$defs"].items() if not part.get("description")] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"outcome": "green"}, "$.outcome: 'green' is not one of ['passed', 'failed', 'incomplete']"),
        ({"seconds": "1"}, "$.seconds: '1' is not of type 'number'"),
        ({"more": 1}, "$: Additional properties are not allowed ('more' was unexpected)"),
        ({"format": 2}, "$.format: 1 was expected"),
    ],
)
def test_schema_refuses(
    green: SessionReport, complaints: Callable[[Any], list[str]], change: dict[str, Any], complaint: str
) -> None:
    """The schema notices a wrong value, a wrong type, an unknown key."""
    assert complaints({**read(green), **change}) == [complaint]


def test_missing_keys_are_noticed(rich: SessionReport, complaints: Callable[[Any], list[str]]) -> None:
    """No key of a report, a gate or a row can be left out."""
    report = read(rich)
    for part in (report, report["gates"][0], report["gates"][0]["rows"][0]):
        for key in list(part):
            value = part.pop(key)
            assert [one for one in complaints(report) if f"'{key}' is a required property" in one], key
            part[key] = value
    assert complaints(report) == []


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        (Fraction(80), "80"),
        (Fraction(1, 10), "0.1"),
        (Fraction(1_500_000), "1500000"),
        (Fraction(1, 3_125_000), "0.00000032"),
        (Fraction(0), "0"),
        (Fraction(12_345_678, 10), "1234567.8"),
    ],
)
def test_limit_is_exact_text(green: SessionReport, limit: Fraction, text: str) -> None:
    """A limit is written exactly, in the base unit, as a program would read it."""
    row = green.gates[0].rows[0]
    gate = replace(green.gates[0], rows=(replace(row, threshold=replace(row.threshold, limit=limit)),))
    assert read(replace(green, gates=(gate,)))["gates"][0]["rows"][0]["limit"] == text


def test_numbers(green: SessionReport) -> None:
    """Integers stay integers, fractions become floats, nothing is rounded for show."""
    metric = Metric("m", Kind.GAUGE, None, "g", "block")
    points = {"a": Point(3), "b": Point(Fraction(1, 3)), "c": Point(Fraction(4)), "d": Point(2**70)}
    report = replace(green, metrics={"m": metric}, measurements={"m": Gauge(points)})
    subjects = read(report)["measurements"]["m"]["subjects"]
    assert {name: (type(value), value) for name, value in subjects.items()} == {
        "a": (int, 3),
        "b": (float, 1 / 3),
        "c": (float, 4.0),
        "d": (int, 2**70),
    }


def test_the_numbers_of_a_gauge_are_sorted_by_subject(green: SessionReport) -> None:
    """However it was measured, and however its files are called: no order of files is that of the subjects then."""
    metric = Metric("m", Kind.GAUGE, None, "g", "block")
    for names in (["b.py", "a-b.py", "a.py", "a"], ["a", "a::b", "a:", "a-"]):
        blocks = Blocks([Columns(file, ["g", "f"], [2, 1], [3, 1], [4, 2]) for file in names])
        for points in (blocks, dict(blocks)):
            report = replace(green, metrics={"m": metric}, measurements={"m": Gauge(points)})
            subjects = read(report)["measurements"]["m"]["subjects"]
            expected = [(f"{file}::{name}", value) for file in names for name, value in (("f", 1), ("g", 2))]
            assert list(subjects.items()) == sorted(expected)


def test_not_a_number_is_refused(green: SessionReport) -> None:
    """NaN and infinity never reach a report, whatever says them."""
    for value in ("nan", "inf"):
        with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
            read(replace(green, seconds=float(value)))


def _trend(green: SessionReport, samples: Samples, *aggregates: str) -> Any:  # noqa: ANN401 - JSON
    """Return the one subject of a trend in bytes that is judged by *aggregates*."""
    rows = tuple(
        Verdict(
            Threshold(
                "", Origin("default"), BYTES.name, f"{BYTES.name}.{name}", name, operator="<", unit="B"
            ),
            BYTES,
            Outcome.PASSED,
            red=False,
            reason="",
        )
        for name in aggregates
    )
    gate = GateReport("response", Outcome.PASSED, red=False, reason="", rows=rows)
    report = replace(
        green,
        gates=(gate,),
        metrics={BYTES.name: BYTES},
        measurements={BYTES.name: Trend({"GET /": samples})},
    )
    plain = read(report)
    return plain["measurements"][BYTES.name]["subjects"]["GET /"], plain["gates"][0]["rows"]


@pytest.mark.parametrize(
    ("aggregates", "percentiles"),
    [
        ((), {"50": 5, "95": 10, "99": 10}),
        (("p95", "mean", "max", "med", "count"), {"50": 5, "95": 10, "99": 10}),
        (("p99.9", "p1"), {"50": 5, "95": 10, "99": 10, "99.9": 10, "1": 1}),
        (("p90", "p90.0", "p90.1"), {"50": 5, "95": 10, "99": 10, "90": 9, "90.1": 10}),
    ],
)
def test_percentiles(green: SessionReport, aggregates: tuple[str, ...], percentiles: dict[str, int]) -> None:
    """A percentile is an observed sample over all processes; the usual and the judged ones are told."""
    samples = Samples((array("q", [10, 1, 9, 2]), array("q", [8, 3, 7, 4, 6, 5])), cold=2)
    told, _ = _trend(green, samples, *aggregates)
    assert told["percentiles"] == percentiles
    assert (told["min"], told["mean"], told["max"]) == (1, 5.5, 10)
    assert (told["count"], told["cold"]) == (10, 2)
    assert told["sources"] == {"test": 0, "generated": 0, "benchmark": 0}


def test_count_has_no_unit(green: SessionReport) -> None:
    """A row that judges how many samples there are is not in the metric's unit."""
    _, rows = _trend(green, Samples((array("q", [1]),)), "p95", "count")
    assert [row["unit"] for row in rows] == ["B", None]


def test_odd_text(evil: SessionReport, complaints: Callable[[Any], list[str]]) -> None:
    """Control characters come back as they were; a lone surrogate comes back as the text of its escape."""
    text = "".join(json_report.render(evil))
    report = json.loads(text.encode("utf-8"))
    assert complaints(report) == []
    assert report["notes"] == [evil.notes[0], r"caf\udce9"]
    assert report["gates"][0]["rows"][0]["findings"][1]["subject"] == r"\udce9"


def test_fingerprints_of_odd_names_differ() -> None:
    """Two names that are no text have two fingerprints."""
    assert Finding("\udce9", "m").fingerprint != Finding("\udce8", "m").fingerprint


def test_the_table_of_formats() -> None:
    """The formats are an explicit table."""
    assert dict(RENDERERS) == {"json": json_report.render}
