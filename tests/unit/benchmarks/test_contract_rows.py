"""What the comparisons with ``st run`` write and read; ``st run`` itself against a server."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from benchmarks import findings
from benchmarks.comparison import UnequalError
from benchmarks.contract_rows import toml
from benchmarks.environments import environment
from benchmarks.inputs import Workspace

from pytest_backend_gates.probes.contract import setting

ROOT = Path(__file__).parents[3]


def test_the_configuration_is_written_as_toml() -> None:
    """All that the gate tells schemathesis is in it."""
    whole = setting.settings({"generation": {"max-examples": 3}}, ())
    assert tomllib.loads(toml(whole)) == whole


@pytest.mark.skipif(
    version("schemathesis") < "4.32", reason="benchmarks are of the newest: its reports have codes"
)
def test_st_run_asks_a_server(tmp_path: Path) -> None:
    """Every operation, and what fails is read in our words; the server is stopped."""
    few = {
        **setting.settings({"generation": {"max-examples": 3}}, ()),
        "phases": {
            name: {"enabled": name in ("examples", "coverage")} for name in (*setting.PHASES, "stateful")
        },
    }
    (tmp_path / "schemathesis.toml").write_text(toml(few), "utf-8")
    example = ROOT / "examples" / "corner_shop"
    path = os.pathsep.join(map(str, (ROOT, example / "src", ROOT / "src")))
    arguments = ["corner_shop", str(tmp_path / "schemathesis.toml"), str(tmp_path / "found.json")]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.asking", *arguments],
        cwd=example,
        env={**os.environ, "PYTHONPATH": path, "BENCHMARK_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    found = findings.contract(tmp_path / "found.json")
    assert found["operations"] == [6]
    assert found["failures"][0] == ("GET /articles", "response_schema_conformance")


def _gates(tmp_path: Path, reason: str) -> Path:
    finding = {"path": "src/a.py", "line": 3, "code": "B101", "subject": "GET /a", "hint": "high confidence"}
    empty: dict[str, list[object]] = {"findings": []}
    measurements = {
        "complexity": {"subjects": {"src/a.py::A.f": 2, "src/a.py::A.f.<locals>.g": 1}},
        "security.high": empty,
        "security.medium": empty,
        "security.low": {"findings": [finding]},
        "contract.operations": {"subjects": {"GET /a": {}, "GET /b": {}}},
        "contract.failures": {"findings": [{**finding, "code": "not_a_server_error"}] * 2},
    }
    gates = [{"gate": gate, "outcome": "PASSED"} for gate in ("complexity", "security")]
    contract = {"gate": "contract", "outcome": "PASSED", "reason": reason}
    told = {"measurements": measurements, "gates": [*gates, contract]}
    (tmp_path / "gates.json").write_text(json.dumps(told), "utf-8")
    return tmp_path / "gates.json"


def test_both_sides_are_read_in_the_same_words(tmp_path: Path) -> None:
    """Functions by their subjects, those that radon leaves out left out; a check that fails twice fails."""
    gates = _gates(
        tmp_path, "2 failures in 2 operations; 2 of 2 answered, 1,234 requests, 5 answers to tests"
    )
    radon, bandit, asked = (tmp_path / name for name in ("radon.json", "bandit.json", "asked.json"))
    method = {"type": "method", "classname": "A", "name": "f", "lineno": 1, "complexity": 2}
    radon.write_text(json.dumps({"./a.py": [{**method, "type": "class"}, method]}), "utf-8")
    issue = {
        "filename": "./a.py",
        "line_number": 3,
        "test_id": "B101",
        "issue_severity": "LOW",
        "issue_confidence": "HIGH",
    }
    bandit.write_text(json.dumps({"errors": [], "results": [issue]}), "utf-8")
    failed = [{"code": "ST101", "operations": ["GET /a"]}]
    told = {"operations": {"tested": 2}, "test_cases": {"generated": 1234}, "failures": failed}
    asked.write_text(json.dumps(told), "utf-8")
    static = {"complexity": [("a.py::A.f", 2)], "security": [("a.py", 3, "B101", "low", "high")]}
    assert findings.our_static(gates, radon) == findings.static_by_subject(radon, bandit) == static
    contract = {"operations": [2], "requests": [1234], "failures": [("GET /a", "not_a_server_error")]}
    assert findings.our_contract(gates) == findings.contract(asked) == contract


def test_where_nothing_was_asked_nothing_is_compared(tmp_path: Path) -> None:
    """Two sides that do nothing would be equal."""
    with pytest.raises(UnequalError, match="no operation was asked: there is no schema"):
        findings.our_contract(_gates(tmp_path, "there is no schema"))


def test_an_environment_without_the_plugin(tmp_path: Path) -> None:
    """It has what the plugin needs, and no entry point of the plugin's."""
    python = environment(Workspace(tmp_path), "absent", installed=False)
    code = (
        "import pytest, schemathesis, radon, bandit, coverage; from importlib.metadata import entry_points;"
        "print(sorted(one.name for one in entry_points(group='pytest11')))"
    )
    ran = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    names = ran.stdout
    assert ran.stderr == ""
    assert "'schemathesis'" in names
    assert "'backend-gates'" not in names
