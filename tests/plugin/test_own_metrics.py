"""The fixture ``backend_gates``: a project's own metrics, recorded by its tests and judged as any other."""

import importlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

#: What is wrong or explained is found before anything is distributed.
one_mode = pytest.mark.parametrize("mode", [("-p", "no:xdist")], indirect=True, ids=["no xdist"])

INI = """\
[pytest]
pythonpath = .
backend_gates_metrics =
    emails.sent: counter
    cache.hits: rate  # of the catalogue
    queue.depth: gauge
    import.time: trend ms
    import.size: gauge KiB
"""
THRESHOLDS = """\
backend_gates_thresholds =
    emails.sent == 40
    cache.hits >= 75%
    queue.depth <= 39
    import.time.p95 < 20 ms
    import.time.max <= 40 ms
    import.size < 1 MiB
"""
TESTS = """\
import pytest


@pytest.mark.parametrize("n", range(40))
def test_mail(backend_gates, n):
    backend_gates.record("emails.sent")
    backend_gates.record("cache.hits", n % 4 > 0)
    backend_gates.record("queue.depth", 100)
    backend_gates.record("queue.depth", n)
    for sample in range(n, n + 21):
        backend_gates.record("import.time", sample / 2)


def test_import(backend_gates):
    backend_gates.record("emails.sent", 0, subject="import")
    backend_gates.record("cache.hits", 6, of=8, subject="import")
    backend_gates.record("import.size", 1023.9, subject="import")
"""
LEFT_OUT = "--backend-gates-only=emails,cache,queue,import"


@pytest.fixture
def mailing(shop: "Project") -> "Project":
    """Make a project whose tests record what it declares."""
    return shop.file("pytest.ini", INI + THRESHOLDS).file("tests/test_app.py", TESTS)


def test_every_kind_is_judged(mailing: "Project") -> None:
    """What the tests of all processes record adds up, and each threshold judges it in its own kind's way."""
    result, report = mailing.report(LEFT_OUT)
    judged = {
        row["threshold"]: (row["outcome"], row["value"], row["hits"], row["total"], row["over"])
        for gate in report["gates"]
        for row in gate["rows"]
        if row["outcome"] != "OFF"
    }
    assert judged == {
        "emails.sent == 40": ("PASSED", 40, 40, 41, 0),
        "cache.hits >= 75%": ("PASSED", 75.0, 36, 48, 0),
        "queue.depth <= 39": ("PASSED", 39, None, 40, 0),
        # Of 21 samples, with 40 subjects on the row, 6 over refute the limit: those of the last 15 tests.
        "import.time.p95 < 20 ms": ("FAILED", 0.029, 210, 840, 15),
        "import.time.max <= 40 ms": ("PASSED", 0.0295, 0, 840, 0),
        "import.size < 1 MiB": ("PASSED", 1048473.6, None, 1, 0),
    }
    assert result.status == 1
    assert report["measurements"]["emails.sent"]["count"] == 40
    assert report["measurements"]["import.time"]["unit"] == "s"
    jsonschema = importlib.import_module("jsonschema")  # it ships no types
    schema = files("pytest_backend_gates.reports").joinpath("schema/report-1.schema.json")
    jsonschema.Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(report)


def test_a_metric_that_was_never_recorded(mailing: "Project") -> None:
    """In a full run it is NO_DATA and red; in a narrowed one it may belong to a test that did not run."""
    mailing.file("tests/test_app.py", "def test_nothing():\n    pass\n")
    result, report = mailing.report(LEFT_OUT)
    rows = [row for gate in report["gates"] for row in gate["rows"] if row["outcome"] != "OFF"]
    assert {row["outcome"] for row in rows} == {"NO_DATA"}
    assert {gate["reason"] for gate in report["gates"] if gate["outcome"] != "OFF"} == {"no test recorded it"}
    assert result.status == 1
    assert mailing.gates(LEFT_OUT, "-k", "nothing").status == 0


CONTRADICTION = """\
def test_a(backend_gates):
    backend_gates.record("queue.depth", 1, subject="mail")


def test_b(backend_gates):
    backend_gates.record("queue.depth", 2, subject="mail")
"""


def test_two_tests_that_contradict_each_other(mailing: "Project") -> None:
    """Which of them comes last is chance under xdist: in every mode it is an error and not a value."""
    result, report = mailing.file("tests/test_app.py", CONTRADICTION).report(
        "--backend-gates-only=queue", "--backend-gates-threshold=queue.depth < 9"
    )
    (row,) = (row for gate in report["gates"] for row in gate["rows"] if row["metric"] == "queue.depth")
    assert (result.status, row["outcome"]) == (1, "ERROR")
    assert row["findings"][0]["message"] == (
        "queue.depth was recorded by tests/test_app.py::test_a and tests/test_app.py::test_b with different values:"
        " a gauge has one value a subject; record it under several, or declare a trend"
    )


UNDECLARED = """\
def test_a(backend_gates):
    backend_gates.record("emails.snet")
"""


@pytest.mark.parametrize("option", ["--backend-gates", "--no-backend-gates"])
def test_a_name_that_is_not_declared(mailing: "Project", option: str) -> None:
    """With and without the gates it fails the test that records it, at its own line."""
    result = mailing.file("tests/test_app.py", UNDECLARED).run(option)
    assert result.status == 1
    assert (
        f"""\
    def test_a(backend_gates):
>       backend_gates.record("emails.snet")
E       {MISTAKE}

tests/test_app.py:2: RecordError
"""
        in result.out
    )


MISTAKE = (
    "pytest_backend_gates.recorded.RecordError: backend_gates: 'emails.snet' is not declared; did you mean"
    " 'emails.sent'? allowed: emails.sent, cache.hits, queue.depth, import.time, import.size"
)


def test_off_it_keeps_nothing(mailing: "Project") -> None:
    """The same tests pass without the gates, and no part of ours runs."""
    mailing.file("conftest.py", WITNESS)
    assert mailing.run().status == 0
    assert {path.read_text() for path in mailing.root.glob("seen-*")} == {"None"}


WITNESS = """\
import os
import pathlib


def pytest_sessionfinish(session):
    keeping = session.config.pluginmanager.get_plugin("backend-gates-own")
    pathlib.Path(__file__).with_name(f"seen-{os.getpid()}").write_text(repr(keeping))
"""

WRONG = """\
[pytest]
backend_gates_metrics =
    emails.sent
    emails.lost: countr
    queue.depth: gauge inches
    cache.hits: rate %
    cache.hits: rate
    cache.hits: gauge
    latency: gauge
    latency.p95: gauge
    2much: counter
    mail: counter now
"""
TOLD = """\
backend_gates_metrics (pytest.ini:3): expected a colon; got the end
    emails.sent
               ^
  a metric is declared: name: kind, and of a gauge or a trend a unit: %, s, ms, us, B, KiB, MiB, /s
backend_gates_metrics (pytest.ini:4): 'countr' is not a kind of metric
    emails.lost: countr
                 ^^^^^^
  did you mean 'counter'? allowed: rate, counter, gauge, trend
backend_gates_metrics (pytest.ini:5): 'inches' is not a unit
    queue.depth: gauge inches
                       ^^^^^^
  allowed: %, s, ms, us, B, KiB, MiB, /s
backend_gates_metrics (pytest.ini:6): 'cache.hits' is a rate: it has no unit of its own
    cache.hits: rate %
                     ^
  write 'cache.hits: rate'
backend_gates_metrics (pytest.ini:8): 'cache.hits' is declared twice
    cache.hits: gauge
    ^^^^^^^^^^
  give it another name
"""
CLASHES = """\
backend_gates_metrics (pytest.ini:9): 'latency' is measured already
    latency: gauge
    ^^^^^^^
  give it another name
backend_gates_metrics (pytest.ini:10): 'latency.p95' would be read as an aggregate of the metric 'latency'
    latency.p95: gauge
    ^^^^^^^^^^^
  give it another name
"""
REST = """\
backend_gates_metrics (pytest.ini:11): expected a metric; got '2much:'
    2much: counter
    ^^^^^^
  a metric is declared: name: kind, and of a gauge or a trend a unit: %, s, ms, us, B, KiB, MiB, /s
backend_gates_metrics (pytest.ini:12): 'mail' is a counter: it has no unit of its own
    mail: counter now
                  ^^^
  write 'mail: counter'
"""


@one_mode
def test_mistakes_in_the_declarations(shop: "Project") -> None:
    """All of them are told before the first test, each with its line and a caret; exit status 4."""
    result = shop.file("pytest.ini", WRONG).gates()
    title = "ERROR: backend gates: 9 problems in the configuration\n"
    assert (result.status, result.err) == (4, f"{title}{TOLD}{CLASHES}{REST}\n")


@one_mode
def test_mistakes_in_the_declarations_without_the_gates(shop: "Project") -> None:
    """They fail the test that asks for the fixture; what else the gates measure is not known there."""
    shop.file("pytest.ini", WRONG).file("tests/test_app.py", UNDECLARED)
    result = shop.run()
    assert result.status == 1
    assert TOLD + REST in result.out


@one_mode
def test_they_are_explained(mailing: "Project") -> None:
    """``--backend-gates-explain`` names each as it is declared, and where."""
    out = mailing.gates("--backend-gates-explain").out
    assert (
        """\
metric     emails.sent: counter         pytest.ini:4
metric     cache.hits: rate             pytest.ini:5
metric     queue.depth: gauge           pytest.ini:6
metric     import.time: trend ms        pytest.ini:7
metric     import.size: gauge KiB       pytest.ini:8
"""
        in out
    )
