"""What other plugins and conftest files add: measured, judged and told as if it were ours; faults name the plugin."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "plugins" / "src"
PLUGINS = [
    part for name in ("memory", "annotations", "step_summary") for part in ("-p", f"gate_plugins.{name}")
]
THRESHOLDS = ("memory.peak < 1 MiB", "annotations >= 50%")
GIVEN = [f"--backend-gates-threshold={one}" for one in THRESHOLDS]

one_mode = pytest.mark.parametrize("mode", [("-p", "no:xdist")], indirect=True, ids=["no xdist"])


def rows_of(report: dict[str, Any], gate: str) -> list[dict[str, Any]]:
    return [row for one in report["gates"] if one["gate"] == gate for row in one["rows"]]


@pytest.fixture
def extended(shop: "Project") -> "Project":
    """Let the example's plugins be importable."""
    return replace(shop, env={"PYTHONPATH": str(EXAMPLES)})


def test_the_examples(extended: "Project") -> None:
    """Each plugin of the example does its work beside the five gates, in every mode."""
    result, report = extended.report(*PLUGINS, *GIVEN, "--backend-gates-report=step-summary:summary.md")
    workers = ["gw0", "gw1"] if extended.mode_name == "-n2" else ["main"]
    (memory,), (annotations,) = rows_of(report, "memory"), rows_of(report, "annotations")
    assert result.status == 1
    assert result.rows() == {
        **dict.fromkeys(("coverage", "complexity", "security", "latency"), "PASSED"),
        "contract": "SKIPPED",
        "memory": "FAILED",
        "annotations": "FAILED",
    }
    assert sorted(finding["subject"] for finding in memory["findings"]) == workers
    assert (annotations["hits"], annotations["total"], annotations["unit"]) == (0, 2, "%")
    assert [(one["path"], one["line"], one["subject"]) for one in annotations["findings"]] == [
        ("shop/app.py", 6, "shop/app.py::grade"),
        ("shop/app.py", 13, "shop/app.py::show"),
    ]
    told = (extended.root / "summary.md").read_text(encoding="utf-8").splitlines()
    assert told[0] == "## Backend gates: failed"
    assert [line.split(" | ")[1:3] for line in told[4:] if "❌" in line] == [
        ["`memory.peak < 1 MiB`", "FAILED"],
        ["`annotations >= 50%`", "FAILED"],
    ]


@one_mode
def test_the_examples_have_tests_of_their_own(empty: "Project") -> None:
    """They pass, alone and judged by the plugins themselves."""
    left_behind = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(EXAMPLES.parent, empty.root, dirs_exist_ok=True, ignore=left_behind)
    project = replace(empty, env={"PYTHONPATH": str(empty.root / "src")})
    result = project.gates(
        *PLUGINS, "--backend-gates-only=annotations", "--backend-gates-threshold=annotations == 100%"
    )
    assert (result.status, result.rows()["annotations"]) == (0, "PASSED"), result.out


@pytest.mark.parametrize(
    ("option", "measured"),
    [
        ("--backend-gates-only=annotations", {"annotations": "FAILED"}),
        (
            "--backend-gates-skip=coverage,complexity,security,contract,latency,annotations",
            {"memory": "FAILED"},
        ),
    ],
)
def test_the_options_know_them(extended: "Project", option: str, measured: dict[str, str]) -> None:
    """A gate that a plugin brings is left out, or the only one, as ours are."""
    rows = extended.gates(*PLUGINS, *GIVEN, option).rows()
    assert {gate: outcome for gate, outcome in rows.items() if outcome != "OFF"} == measured


def test_without_a_threshold_they_are_not_started(extended: "Project") -> None:
    """A metric that nobody judges is not measured, and has no row."""
    _, report = extended.report(*PLUGINS)
    assert [gate["gate"] for gate in report["gates"]] == [
        "coverage",
        "complexity",
        "security",
        "contract",
        "latency",
    ]
    assert not {"memory.peak", "annotations"} & report["measurements"].keys()


@one_mode
def test_without_the_gates_they_do_nothing(extended: "Project") -> None:
    """The hooks are known, and nobody calls them."""
    result = extended.file("conftest.py", "def pytest_backend_gates_probes():\n    raise OSError\n").run(
        *PLUGINS
    )
    assert (result.status, result.err) == (0, "")


CONFTEST = """\
from pytest_backend_gates import Kind, Metric, Probe, Rate, Ratio, Reading


class Touched(Probe):
    name = "touched"
    metrics = (Metric("statements", Kind.RATE, "%%", "statements", "operation"),)
    scope = "process"
    sets = {"touched": "operation", "none": "operation"}

    def collect(self, narrowed, tell):
        return {"seen": [%s]}

    def reduce(self, payloads, narrowed):
        seen = {name for payload in payloads for name in payload["seen"]}
        rate = Rate({name: Ratio(1, 1) for name in sorted(seen)})
        return {"statements": Reading(rate, sets={"touched": frozenset(seen), "none": frozenset()})}


def pytest_backend_gates_probes():
    return [Touched()]
"""
SETS = "--backend-gates-only=latency,statements", "--backend-gates-threshold=statements == 100%"


def touched(project: "Project", threshold: str, seen: str = "'GET /grades/{points}'") -> dict[str, Any]:
    project.file("conftest.py", CONFTEST % seen)
    _, report = project.report(*SETS, f"--backend-gates-threshold={threshold}")
    (row,) = (row for row in rows_of(report, "latency") if row["threshold"] == threshold)
    return row


def test_a_probe_fills_a_set(shop: "Project") -> None:
    """A threshold on a measured set owns the operations that the probe has found, in every mode."""
    row = touched(shop, "latency.p95[@touched] < 60s")
    assert (row["outcome"], row["judged"], row["selector"]) == ("PASSED", 1, "@touched")
    assert touched(shop, "latency.p95[@touched] < 0.001us")["outcome"] == "FAILED"


@one_mode
@pytest.mark.parametrize(
    ("threshold", "seen"),
    [("latency.p95[@none] < 60s", "'GET /'"), ("latency.p95[@touched] < 60s", "'GET /other'")],
)
def test_a_set_that_holds_nothing(shop: "Project", threshold: str, seen: str) -> None:
    """It matches nothing: never everything."""
    row = touched(shop, threshold, seen)
    assert (row["outcome"], row["judged"]) == ("NO_DATA", 0)


@one_mode
def test_mistakes_with_a_measured_set(shop: "Project") -> None:
    """A set of operations selects no blocks, and a project's own set may not have its name."""
    shop.file("conftest.py", CONFTEST % "")
    ini = "[pytest]\nbackend_gates_sets = touched = src/**\nbackend_gates_thresholds =\n"
    result = shop.file(
        "pytest.ini", f"{ini}    complexity[@touched] < 3\n    latency.p95[@tuched] < 3s\n"
    ).gates()
    assert (result.status, result.err) == (
        4,
        """\
ERROR: backend gates: 3 problems in the configuration
backend_gates_sets (pytest.ini:2): the set 'touched' is filled by a probe
    touched = src/**
    ^^^^^^^
  give it another name
backend_gates_thresholds (pytest.ini:4): '@touched' holds operations, and 'complexity' is not measured by operation
    complexity[@touched] < 3
               ^^^^^^^^
backend_gates_thresholds (pytest.ini:5): unknown set '@tuched'
    latency.p95[@tuched] < 3s
                ^^^^^^^
  did you mean '@touched'? allowed: @crud, @touched, @none

""",
    )


HEAD = "from pytest_backend_gates import *\n\n\n"
PROBE = """\
class Own(Probe):
    name = "own-probe"
    metrics = (Metric("own", Kind.GAUGE, None, "own", "thing"),)
    scope = "session"

    def collect(self, narrowed, tell):
        return {"value": 3}

    def reduce(self, payloads, narrowed):
        return {"own": Reading(Gauge({"it": Point(payloads[0]["value"])}))}


def pytest_backend_gates_probes():
    return [Own()]
"""


@pytest.mark.parametrize("scope", ["process", "session"])
def test_scopes(idle: "Project", scope: str) -> None:
    """A probe measures once beside the tests, or wherever tests run."""
    told = """\
    def start(self):
        import os, pathlib
        pathlib.Path(__file__).with_name(f"started-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}").touch()
"""
    probe = PROBE.replace('"session"', f'"{scope}"').replace("    def collect", f"{told}\n    def collect")
    idle.file("conftest.py", HEAD + probe)
    assert idle.gates("--backend-gates-only=own", "--backend-gates-threshold=own == 3").status == 0
    where = {"started-main"}
    if idle.mode_name == "-n2" and scope == "process":
        where = {"started-gw0", "started-gw1"}
    assert {path.name for path in idle.root.glob("started-*")} == where


#: Step of the probe -> its body, and what the row says of it.
STEPS = {
    "start(self)": ("raise OSError('no disk')", "OSError: no disk"),
    "collect(self, narrowed, tell)": (
        "return {1: {2}}",
        "TypeError: collect() returned what JSON cannot write: Object of type set is not JSON serializable",
    ),
    "collect(self, narrowed, tell) ": (
        "pass",
        "TypeError: collect() returned None: return what was measured, as JSON can write it",
    ),
    "reduce(self, payloads, narrowed)": ("return {'own': 3}", "TypeError: reduce() returned an object of the type int for 'own': return a Reading"),
    "reduce(self, payloads, narrowed) ": ("return {'owm': Reading()}", "ValueError: reduce() returned a reading of 'owm', which it does not declare"),
    "reduce(self, payloads, narrowed)  ": ("return {'own': Reading(Gauge({'it': Point(0.5)}))}", "ValueError: reduce() returned for 'own' a wrong value of 'it': expected a Point with an int or a Fraction"),
    "reduce(self, payloads, narrowed)   ": ("return {'own': Reading(Counter((), frozenset()))}", "ValueError: reduce() returned for 'own' a Counter: a gauge is a Gauge"),
    "reduce(self, payloads, narrowed)    ": ("return {'own': Reading(sets={'crud': frozenset()})}", "ValueError: reduce() returned for 'own' the set 'crud', which it does not declare"),
}  # fmt: skip


#: Each where there is one process, and where it begins, collects and is judged wherever tests run.
ANYWHERE = [
    name
    for name, (body, _) in STEPS.items()
    if body in ("pass", "raise OSError('no disk')", "return {'own': 3}")
]
FAILING = [
    pytest.param(mode, step, id=f"{step}-{name}")
    for name, mode in {"no xdist": ("-p", "no:xdist"), "-n0": ("-n0",), "-n2": ("-n2",)}.items()
    for step in (STEPS if name == "no xdist" else ANYWHERE)
]


@pytest.mark.parametrize(("mode", "step"), FAILING, indirect=["mode"])
def test_a_probe_that_fails_later(idle: "Project", step: str) -> None:
    """It is an ERROR of its gate, with the traceback kept; the other gates have their verdict."""
    body, message = STEPS[step]
    name = step.partition("(")[0]
    probe = PROBE.replace(f"    def {name}(", f"    def _{name}(").replace(
        "    scope", f"    def {step}:\n        {body}\n    scope"
    )
    idle.file("conftest.py", HEAD + probe.replace('"session"', '"process"'))
    result, report = idle.report("--backend-gates-only=own,complexity", "--backend-gates-threshold=own == 3")
    (own,), (complexity,) = rows_of(report, "own"), rows_of(report, "complexity")
    assert (result.status, complexity["outcome"], own["outcome"]) == (1, "PASSED", "ERROR")
    assert own["findings"][0] == {
        **dict.fromkeys(("value", "path", "line", "end_line", "code", "hint")),
        "subject": "the own-probe probe",
        "message": message,
        "fingerprint": own["findings"][0]["fingerprint"],
    }
    assert "traceback of the own-probe probe" in result.out


def test_a_probe_that_cannot_advise(idle: "Project") -> None:
    """Its verdict stands, and a note says why there is no advice."""
    advice = PROBE.replace("    scope", "    def advise(self, verdict):\n        return 'mend it'\n    scope")
    _, report = idle.file("conftest.py", HEAD + advice).report(
        "--backend-gates-only=own", "--backend-gates-threshold=own < 3"
    )
    (row,) = rows_of(report, "own")
    assert (row["outcome"], row["value"]) == ("FAILED", 3)
    assert report["notes"] == [
        "the own-probe probe could not advise: TypeError: advise() returned an object of the type str: return an Advice"
    ]


#: What is changed in the probe -> what is said of it.
PROBE_FAULTS = {
    ("[Own()]", "[Own]"): "Own is a class: return an instance of it",
    ('"own-probe"', '"traffic"'): "there is another probe named 'traffic'",
    ('"own-probe"', '"a probe"'): "'a probe' is not a name of a probe: letters, digits, _ and -",
    ('"session"', '"module"'): "the probe 'own-probe': its scope is 'process' or 'session'; got 'module'",
    ('Metric("own"', 'Metric("coverage"'): "the probe 'own-probe' declares the metric 'coverage', which another measures",
    ('Metric("own"', 'Metric("latency.p95"'): "the probe 'own-probe': 'latency.p95' would be read as an aggregate of the metric 'latency'",
    ('Metric("own"', 'Metric("own metric"'): "the probe 'own-probe': 'own metric' is not a name of a metric: letters, digits and _, with dots between",
    ("GAUGE, None", "GAUGE, 'ms'"): "the probe 'own-probe': its metric 'own': 'ms' is not a base unit: %, /s, B, s",
    ("GAUGE, None", "RATE, None"): "the probe 'own-probe': its metric 'own': the unit of a rate is '%'",
    ('None, "own"', 'None, "own gate"'): "the probe 'own-probe': its metric 'own': 'own gate' is not a name of a gate",
    ("    scope", "    sets = {'x y': 'operation'}\n    scope"): "the probe 'own-probe': the set 'x y' has another's name, or no name, or no subject",
}  # fmt: skip
#: A hook, and what it does -> what is said of it.
HOOK_FAULTS = {
    ("probes", "return 3"): "returned an object of the type int\n  return a list of probes",
    ("probes", "raise OSError('no disk')"): "raised OSError: no disk (conftest.py:5)",
    ("probes", "return [object()]"): "an object of the type object is no probe: it has no name, metrics, scope, start, collect, reduce, advise, stop",
    ("analyzers", "return [Probe]"): "an object of the type _ProtocolMeta is no reference: write 'package.module:Class'",
    ("analyzers", "return ['shop.app']"): "'shop.app' is no reference: write 'package.module:Class'",
    ("analyzers", "return ['shop.nowhere:Class']"): "shop.nowhere:Class cannot be used: ModuleNotFoundError: No module named 'shop.nowhere'",
    ("analyzers", "return ['shop.app:grade']"): "shop.app:grade cannot be used: TypeError: grade() missing 1 required positional argument: 'points'",
    ("analyzers", "return ['shop.app:app.json']"): "shop.app:app.json cannot be used: TypeError: shop.app:app.json is no class",
    ("renderers", "return ['json']"): "returned an object of the type list\n  return renderers by the name of their format",
    ("renderers", "return {'json': print}"): "there is another format named 'json'",
    ("renderers", "return {'text': 'text'}"): "the format 'text': an object of the type str cannot be called",
}  # fmt: skip
#: What stands in a conftest file -> the hook at fault, and what is said of it.
FAULTS = {
    **{PROBE.replace(*change): ("probes", told) for change, told in PROBE_FAULTS.items()},
    **{
        f"def pytest_backend_gates_{hook}():\n    {body}\n": (hook, told)
        for (hook, body), told in HOOK_FAULTS.items()
    },
}


@one_mode
@pytest.mark.parametrize("text", FAULTS)
def test_faults_name_the_plugin(shop: "Project", text: str) -> None:
    """A hook that raises, returns nonsense or takes another's name: a usage error before the first test."""
    hook, told = FAULTS[text]
    result = shop.file("conftest.py", HEAD + text).gates()
    where = f"pytest_backend_gates_{hook} of conftest.py"
    assert (result.status, result.err) == (
        4,
        f"ERROR: backend gates: 1 problem in the configuration\n{where}: {told}\n\n",
    )


def test_all_faults_are_told_together(shop: "Project") -> None:
    """Of several plugins, in every mode; the metrics of those without a fault would not be known for sure."""
    shop.file("first.py", HEAD + PROBE).file("second.py", HEAD + PROBE.replace("own-probe", "own-2"))
    shop.file("conftest.py", "def pytest_backend_gates_renderers():\n    return {'json': print}\n")
    result = replace(shop, env={"PYTHONPATH": str(shop.root)}).gates("-p", "first", "-p", "second")
    assert (result.status, result.err) == (
        4,
        """\
ERROR: backend gates: 2 problems in the configuration
pytest_backend_gates_probes of second: the probe 'own-2' declares the metric 'own', which another measures
pytest_backend_gates_renderers of conftest.py: there is another format named 'json'

""",
    )


ANALYZER = """\
from pytest_backend_gates import Analyzer, Counter, Finding, Kind, Metric, Reading


class Words(Analyzer):
    name = "words"
    metrics = (Metric("words.grade", Kind.COUNTER, None, "words", "word"),)

    def prepare(self, files):
        pass

    def analyze(self, source):
        return {"lines": [i for i, line in enumerate(source.lines, 1) if "grade" in line]}

    def reduce(self, results):
        findings = [Finding(path, "grade", path=path, line=n) for path, one in results.items() for n in one["lines"]]
        return {"words.grade": Reading(Counter(tuple(findings), frozenset(results)))}
"""
HOOK = "def pytest_backend_gates_analyzers():\n    return ['words:Words']\n"
WORDS = ("--backend-gates-only=words,complexity", "--backend-gates-threshold=words.grade < 3")


def words(project: "Project", analyzer: str = ANALYZER) -> tuple[dict[str, Any], dict[str, Any]]:
    project.file("words.py", analyzer).file("conftest.py", HOOK).file("pytest.ini", INI)
    _, report = project.report(*WORDS)
    return rows_of(report, "words")[0], rows_of(report, "complexity")[0]


INI = "[pytest]\npythonpath = .\nbackend_gates_source = shop\n"


def test_an_analyzer_of_the_project(idle: "Project") -> None:
    """Its module is found by ``pythonpath`` also where the static scan runs."""
    row, complexity = words(idle)
    assert (row["outcome"], complexity["outcome"]) == ("FAILED", "PASSED")
    assert [(one["path"], one["line"]) for one in row["findings"]] == [
        ("shop/app.py", 6),
        ("shop/app.py", 12),
        ("shop/app.py", 16),
    ]


ONLY_HERE = "import sys\nassert 'pytest' in sys.modules, 'not for children'\n"


@one_mode
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("        pass\n", "        raise OSError('no dictionary')\n", "OSError: no dictionary"),
        ("from pytest", f"{ONLY_HERE}from pytest", "AssertionError: not for children"),
        ('return {"lines": [', 'return {"lines": {', "TypeError: analyze() returned what JSON cannot write"),
        ("        findings = [", "        raise OSError('lost')\n        findings = [", "OSError: lost"),
        (
            "frozenset(results))",
            "frozenset([1]))",
            "ValueError: reduce() returned for 'words.grade' the subject 1",
        ),
    ],
)
def test_an_analyzer_that_fails_later(idle: "Project", old: str, new: str, message: str) -> None:
    """It is an ERROR of its gate, and the other analyzers' findings stand."""
    changed = ANALYZER.replace(old, new, 1)
    if "{[" in changed or '": {' in new:
        changed = changed.replace("in line]}", "in line}}")
    row, complexity = words(idle, changed)
    assert (row["outcome"], complexity["outcome"]) == ("ERROR", "PASSED")
    assert row["findings"][0]["message"].startswith(message)


RENDERERS = """\
def pytest_backend_gates_renderers():
    return {"text": render}


def render(report):
    %s
"""


def rendered(project: "Project", body: str) -> tuple[int, str, str]:
    project.file("conftest.py", RENDERERS % body)
    result, report = project.report("--backend-gates-report=text:told.txt", "--backend-gates-only=complexity")
    assert report["outcome"] in ("passed", "incomplete")
    return result.status, result.out, result.err


def test_a_renderer_that_fails_at_once(idle: "Project") -> None:
    """The report that says ``incomplete`` is its first work: what cannot be written is told before the first test."""
    status, _, err = rendered(idle, "return {}[report.outcome]")
    who = "text: the renderer of conftest.py"
    assert (status, err) == (
        4,
        f"ERROR: --backend-gates-report: cannot write {who} raised KeyError: 'incomplete'\n\n",
    )
    assert rendered(idle, "return 3")[2] == (
        f"ERROR: --backend-gates-report: cannot write {who} returned an object of the type int, and no str\n\n"
    )


def test_a_renderer_that_fails_at_the_end(idle: "Project") -> None:
    """The verdict stands and the other reports are written; a report that was asked for and is not there is red."""
    status, out, _ = rendered(idle, "return {'incomplete': 'not yet'}[report.outcome]")
    assert status == 1
    assert (
        "the report was not written: text: the renderer of conftest.py raised KeyError: 'passed'"
        in out.splitlines()
    )
    assert (idle.root / "told.txt").read_text() == "not yet"
    assert json.loads((idle.root / "gates.json").read_text())["outcome"] == "passed"


@one_mode
def test_a_format_that_nobody_has(shop: "Project") -> None:
    """The formats of plugins are among those that are allowed."""
    shop.file("conftest.py", RENDERERS % "return ''")
    result = shop.gates("--backend-gates-report=txt:told.txt")
    assert result.err.splitlines()[-2] == "  write FORMAT:PATH, such as json:gates.json (formats: json, text)"
