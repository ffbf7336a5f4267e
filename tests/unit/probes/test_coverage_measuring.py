"""Who measures, what stops it, and what is wrong when nothing was measured."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.coverage_explained import core_in

Probe = Callable[..., dict[str, Any]]
Oracle = Callable[..., dict[str, list[int]]]


def test_an_outer_run_is_read_and_goes_on_unchanged(
    project: Path, probe: Probe, oracle: Oracle, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    """Under ``coverage run`` its data is copied; its own result is what it is without the probe."""
    expected = oracle("--source=src", "--branch")
    outer = str(tmp_path / "outer.coverage")
    options = ("--source=src", "--branch", f"--data-file={outer}")
    result = probe(command=("-m", "coverage", "run", *options))
    assert result["coverage"]["files"] == expected
    assert result["coverage"]["of"] == "lines and branches"
    report = str(tmp_path / "outer.json")
    command = [sys.executable, "-m", "coverage", "json", "-q", f"--data-file={outer}", "-o", report]
    subprocess.run(command, cwd=project, env=dict(environment), check=True)
    totals = json.loads(Path(report).read_text("utf-8"))["totals"]
    hits, total = (sum(ratio[part] for ratio in expected.values()) for part in (0, 1))
    assert totals["covered_lines"] + totals["covered_branches"] == hits
    assert totals["num_statements"] + totals["num_branches"] == total


def test_an_outer_run_elsewhere_with_relative_files(project: Path, probe: Probe, tmp_path: Path) -> None:
    """An outer run that names no source is judged on the discovered one, wherever it was started."""
    rcfile = tmp_path / "outer.ini"
    rcfile.write_text("[run]\nrelative_files = true\nomit = */never.py\n", "utf-8")
    command = ("-m", "coverage", "run", f"--rcfile={rcfile}", f"--data-file={tmp_path / 'outer.coverage'}")
    result = probe(cwd=tmp_path, command=command)
    assert result["coverage"]["files"] == {"src/shop/__init__.py": [0, 0], "src/shop/cart.py": [4, 9]}
    assert not (project / ".coverage").exists()


def test_a_measurement_of_pytest_cov_is_adopted(probe: Probe) -> None:
    """With ``--cov`` no tracer of ours is started; pytest-cov's object is reported on."""
    result = probe(adopt=True)
    assert result["core"] is None
    assert result["coverage"]["files"] == {
        "src/shop/__init__.py": [0, 0],
        "src/shop/cart.py": [4, 9],
        "src/shop/never.py": [0, 2],
    }


def test_a_pytest_cov_that_measured_nothing_is_an_error(tmp_path: Path) -> None:
    """pytest-cov without a result is not a pass."""
    probe = CoverageProbe(tmp_path, (), (), adopted=lambda: None)
    probe.start()
    reading = probe.reduce([probe.collect(None, print)], None)["coverage"]
    assert [error.message for error in reading.errors] == ["pytest-cov measured nothing"]


def test_an_obstacle_keeps_everything_untouched(probe: Probe) -> None:
    """With ``--no-cov`` and the like nothing is traced, and the reason is told."""
    result = probe(obstacle="not traced: --no-cov")
    assert result["core"] is None
    for name in ("coverage", "coverage.file"):
        assert result[name] == {
            "errors": [],
            "hint": None,
            "notes": [],
            "unavailable": "not traced: --no-cov",
        }


def test_a_debugger_keeps_its_tracing(project: Path, probe: Probe) -> None:
    """A tracer that is there before us is a debugger: it stays, and coverage is unavailable."""
    (project / "debugger.py").write_text(
        "import runpy, sys\nsys.settrace(lambda *_: None)\nsys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n",
        "utf-8",
    )
    result = probe(command=(str(project / "debugger.py"),))
    assert result["coverage"]["unavailable"] == "not traced: a debugger is tracing this process"


def test_a_narrowed_run_is_not_judged(probe: Probe) -> None:
    """A narrowed run says which option narrowed it."""
    reason = probe(narrowed="-k total")["coverage"]["unavailable"]
    assert reason == "a narrowed run (-k total): coverage is judged in full runs"


def test_a_file_that_does_not_parse_is_an_error(project: Path, probe: Probe) -> None:
    """Every broken file is named with its line, also when the user ignores errors; the others are measured."""
    (project / "src/shop/broken.py").write_text("x = 1\ndef broken(:\n", "utf-8")
    (project / "src/shop/ragged.py").write_text("if True:\n    x = 1\n  y = 2\n", "utf-8")
    (project / ".coveragerc").write_text("[report]\nignore_errors = true\nomit = */never.py\n", "utf-8")
    coverage = probe()["coverage"]
    assert coverage["errors"] == [
        ["src/shop/broken.py", 2, "does not parse: invalid syntax"],
        ["src/shop/ragged.py", 3, "does not parse: unindent does not match any outer indentation level"],
    ]
    assert coverage["files"] == {"src/shop/__init__.py": [0, 0], "src/shop/cart.py": [4, 9]}
    assert coverage["notes"] == []


def test_an_omitted_file_need_not_parse(project: Path, probe: Probe) -> None:
    """What the user omitted is never parsed."""
    (project / "src/shop/broken.py").write_text("def broken(:\n", "utf-8")
    (project / ".coveragerc").write_text("[run]\nomit = */broken.py\n", "utf-8")
    assert probe()["coverage"]["errors"] == []


def test_source_that_is_gone_at_the_end_is_an_error(project: Path, probe: Probe) -> None:
    """A file that vanished during the run cannot be reported, and that is said."""
    (project / "tests/test_gone.py").write_text(
        "import os\ndef test_it():\n    os.remove('src/shop/never.py')\n", "utf-8"
    )
    [[path, line, message]] = probe()["coverage"]["errors"]
    assert (path, line) == ("src/shop/never.py", None)
    assert message.startswith("No source for code: ")


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ("[run]\nconcurrency = magic\n", "Unknown concurrency choices: magic"),
        ("[run]\nbranch = perhaps\n", "Not a boolean: perhaps"),
        (
            "[run]\nsource_pkgs = nowhere\n",
            "nothing of what [run] source_pkgs of its configuration names was measured",
        ),
    ],
)
def test_a_broken_configuration_is_an_error(
    project: Path, probe: Probe, configuration: str, message: str
) -> None:
    """A configuration that coverage.py refuses, or that names nothing real, is an error with its own words."""
    (project / ".coveragerc").write_text(configuration, "utf-8")
    [[subject, _, told]] = probe()["coverage"]["errors"]
    assert subject == "coverage.py"
    assert message in told


def test_no_source_is_unavailable(project: Path, probe: Probe) -> None:
    """Without any source there is nothing to judge, and the hint says what to set."""
    (project / "src").rename(project / "docs")
    (project / "tests/test_cart.py").write_text("def test_it():\n    pass\n", "utf-8")
    coverage = probe()["coverage"]
    assert coverage["unavailable"] == "no Python source was found"
    assert coverage["hint"] == "name it in backend_gates_source"


def test_no_trace_at_all_is_an_error(tmp_path: Path) -> None:
    """When no process delivers a trace, every one has died: that is not a pass."""
    reading = CoverageProbe(tmp_path, ("src",), ("src/app.py",)).reduce([], None)["coverage"]
    assert [error.message for error in reading.errors] == ["no test process returned a trace"]


def test_coverages_warnings_become_one_note(project: Path, probe: Probe) -> None:
    """Warnings are neither printed nor raised under ``filterwarnings = error``; the notes tell them."""
    (project / ".coveragerc").write_text("[run]\nsource_pkgs = shop, never_imported\n", "utf-8")
    assert probe()["coverage"]["notes"] == [
        "coverage.py: Module never_imported was never imported. (module-not-imported)"
    ]


def test_asyncio_of_sqlalchemy_without_greenlet_is_noted(project: Path, probe: Probe) -> None:
    """Lines that run in greenlets are lost to coverage.py unless it is told: say so."""
    (project / ".coveragerc").write_text("[run]\ncore = ctrace\n", "utf-8")
    (project / "tests/test_db.py").write_text(
        "import sys\ndef test_it():\n    sys.modules['sqlalchemy.ext.asyncio'] = sys\n", "utf-8"
    )
    [note] = probe()["coverage"]["notes"]
    assert note == (
        "coverage.py: sqlalchemy.ext.asyncio runs in greenlets:"
        " without [run] concurrency = greenlet lines after an await are lost"
    )


@pytest.mark.parametrize("branch", ["false", "true"])
@pytest.mark.parametrize(
    "configuration",
    ["", "core = ctrace", "core = pytrace", "timid = true", "core = sysmon", "concurrency = thread"],
)
def test_the_core_is_the_one_that_was_told_and_the_number_is_the_same(
    project: Path, probe: Probe, configuration: str, branch: str
) -> None:
    """What measures is what was announced; hits and total are those of every other core."""
    (project / ".coveragerc").write_text(f"[run]\n{configuration}\nbranch = {branch}\n", "utf-8")
    told = core_in(project)
    result = probe()
    assert told is not None
    assert result["core"] == told.name
    assert result["coverage"]["files"]["src/shop/cart.py"] == ([4, 9] if branch == "false" else [5, 13])
