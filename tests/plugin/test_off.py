"""Without ``--backend-gates`` there are options and fixtures, and nothing else: no engine, no hook for each test."""

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

#: Writes down, in every process, our plugins and hooks, and our modules and those of the engines.
WITNESS = """\
import json
import os
import pathlib
import sys


def pytest_sessionfinish(session):
    manager = session.config.pluginmanager
    ours = {name: plugin for name, plugin in manager.list_name_plugin() if name.startswith("backend-gates")}
    roots = ("pytest_backend_gates", "coverage", "radon", "bandit", "schemathesis")
    seen = {
        "hooks": {n: sorted(h.name for h in manager.get_hookcallers(p) or ()) for n, p in ours.items()},
        "modules": sorted(name for name in sys.modules if name.partition(".")[0] in roots),
        "taps": sys.modules["flask"].Flask.__call__.__module__ if "flask" in sys.modules else "flask.app",
    }
    pathlib.Path(__file__).with_name(f"seen-{os.getpid()}.json").write_text(json.dumps(seen))
"""
#: Run once when pytest starts, none of them for each test.
HOOKS = [
    "pytest_addhooks",
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_configure",
    "pytest_load_initial_conftests",
]
MODULES = [
    "pytest_backend_gates",
    "pytest_backend_gates.fixtures",
    "pytest_backend_gates.hookspecs",
    "pytest_backend_gates.options",
    "pytest_backend_gates.plugin",
]


def imported(project: "Project", *args: str) -> set[str]:
    """Return every module that a run imports, as the interpreter tells it."""
    command = project.command("-p", "no:pytest_cov", "-q", "-s", *args)  # captured, some would not be told
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]],
        cwd=project.root,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    times = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in times}


def test_nothing_is_imported(single: "Project") -> None:
    """``python -X importtime`` shows the plugin, its options and fixtures, and no engine: as without the plugin."""
    with_plugin, without = imported(single), imported(single, "-p", "no:backend-gates")
    assert {"pytest_backend_gates.options"} <= with_plugin - without <= set(MODULES)
    assert not {
        name for name in with_plugin if name.startswith(("coverage", "radon", "bandit", "schemathesis"))
    }
    assert "pytest_backend_gates.session" in imported(single, "--backend-gates")  # so it would have been seen


#: Runs pytest, and tells how often it went through everything that is installed.
COUNTING = """\
import importlib.metadata
import sys

import pytest

times, distributions = [], importlib.metadata.distributions
importlib.metadata.distributions = lambda: times.append(1) or distributions()
status = pytest.main(sys.argv[1:])
print(f"{len(times)} times")
raise SystemExit(status)
"""


def test_entry_points_are_read_as_often_as_without(single: "Project") -> None:
    """It takes milliseconds with all that is installed, and a name in ``pytest_plugins`` would ask for it."""

    def told(*args: str) -> str:
        command = single.command("-q", *args)
        done = subprocess.run(
            [command[0], "-c", COUNTING, *command[command.index("pytest") + 1 :]],
            cwd=single.root,
            env=single.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    assert told() == told("-p", "no:backend-gates")


def test_nothing_is_registered(shop: "Project") -> None:
    """No process has an object, a hook that runs for each test, an engine or a tapped framework."""
    result = shop.file("conftest.py", WITNESS).run("-p", "no:pytest_cov")
    assert result.status == 0, result.out
    seen = [json.loads(path.read_text()) for path in shop.root.glob("seen-*.json")]
    assert len(seen) == (3 if shop.mode_name == "-n2" else 1)
    for one in seen:
        assert one["hooks"] == {"backend-gates": HOOKS}
        assert [name for name in one["modules"] if name not in MODULES] == []
        assert one["taps"] == "flask.app"


def test_witness_sees_what_is_on(shop: "Project") -> None:
    """The same witness sees the parts and engines of a run with the gates on, in every process."""
    assert shop.file("conftest.py", WITNESS).gates("-p", "no:pytest_cov").status == 0
    seen = [json.loads(path.read_text()) for path in shop.root.glob("seen-*.json")]
    parts = sorted(tuple(sorted(one["hooks"])) for one in seen)
    common, judge = ("backend-gates", "backend-gates-collecting"), ("backend-gates-judging",)
    names = ("holding", "interrupted", "observing", "timing")
    worker = tuple(f"backend-gates-{name}" for name in names)
    if shop.mode_name == "-n2":
        assert parts == sorted([common + judge, *[tuple(sorted(common + worker))] * 2])
    else:
        assert parts == [tuple(sorted(common + judge + worker))]
    assert all("coverage" in one["modules"] for one in seen)


LONE = {
    "--help": "  --backend-gates       measure the backend while its tests run and judge it at the end of the",
    "--version": "pytest ",
    "--fixtures": "tmp_path",
    "--markers": "@pytest.mark.skip",
    "--cache-show": "no verdict: --cache-show runs no test",
    "--co": "no verdict: --collect-only runs no test",
    "--setup-plan": "no verdict: --setup-plan runs no test",
}


#: Two that plugins answer and two that collect in workers, with workers too.
LONE_CASES = [pytest.param(("-p", "no:xdist"), option, id=f"{option}-no xdist") for option in LONE]
LONE_CASES += [pytest.param(("-n2",), option, id=f"{option}--n2") for option in ("--cache-show", "--co")]


@pytest.mark.parametrize(("mode", "option"), LONE_CASES, indirect=["mode"])
def test_options_that_run_no_test(shop: "Project", option: str) -> None:
    """What tells something instead of running tests works with the gates on, and starts no probe."""
    shop.file("conftest.py", WITNESS)
    result = shop.gates(option, "-p", "no:pytest_cov")
    assert result.status == 0, result.out + result.err
    assert LONE[option] in result.out + result.err
    seen = [json.loads(path.read_text()) for path in shop.root.glob("seen-*.json")]
    assert not [name for one in seen for name in one["modules"] if name == "coverage"]


def test_collecting_keeps_the_report_of_the_last_run(single: "Project") -> None:
    """An editor that collects tests does not replace a report that the ini file names; asked for, it is written."""
    ini = (single.root / "pytest.ini").read_text(encoding="utf-8")
    single.file("pytest.ini", f"{ini}backend_gates_reports = json:gates.json\n")
    assert single.gates().status == 0
    before = single.written()
    assert single.gates("--co").status == 0
    assert (single.written(), before["outcome"]) == (before, "passed")
    assert single.gates("--co", "--backend-gates-report=json:gates.json").status == 0
    written = single.written()
    assert (written["outcome"], written["notes"]) == ("incomplete", ["--collect-only runs no test"])


def test_help_names_every_option_and_key(single: "Project") -> None:
    """``--help`` lists the options and the ini keys, with what they mean."""
    shown = single.run("--help").out
    for name in ("only=GATES", "skip=GATES", "threshold=EXPR", "report=FORMAT:PATH", "strict", "explain"):
        assert f"  --backend-gates-{name}" in shown
    for key in ("thresholds", "sets", "source", "reports", "strict"):
        assert f"  backend_gates_{key} (" in shown


def test_public_package_costs_nothing() -> None:
    """``import pytest_backend_gates`` imports no module of ours before a name is asked for, and no pytest."""
    code = "import pytest_backend_gates, sys; print(sorted(m for m in sys.modules if 'pytest' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['pytest_backend_gates']\n"
