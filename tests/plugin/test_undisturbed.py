"""What looks like disengaging a gate and is not: everything is measured, and every number is the same.

The counterpart of `test_disengaging.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

ON = ("--backend-gates",)
INI = "[pytest]\ntestpaths = tests\npythonpath = .\n"
SLOW_TEST = "import pytest\n\n\n@pytest.mark.slow\ndef test_slow():\n    raise AssertionError\n"
FIRST = """\
import os
import pathlib
import sys
import tempfile
import time


def test_first():
    {}
"""
OPTION = "def pytest_addoption(parser):\n    parser.addoption('--data')\n"
COMPLEX = "def knot(x):\n" + "    if x:\n        return x\n" * 12
#: What freezegun does: it replaces the clocks wherever a module holds them, and pytest's and xdist's not.
FREEZE = """\
clocks = (time.time, time.monotonic, time.perf_counter, time.monotonic_ns, time.perf_counter_ns)
    for name, module in list(sys.modules.items()):
        if not name.startswith(("_pytest", "xdist", "execnet", "threading", "queue", "selectors")):
            for key, value in list(vars(module).items()):
                if any(value is clock for clock in clocks):
                    setattr(module, key, lambda: 0)
"""
SLOW_APP = """\
from time import sleep

from shop.app import app


@app.get("/slow")
def slow():
    sleep(0.11)
    return {}
"""
SLOW_REQUESTS = """\
import pytest
from shop.slow import app


@pytest.mark.parametrize("number", range(8))
def test_slow(number):
    app.test_client().get("/slow")
"""


def first(body: str) -> dict[str, str]:
    """Write a test that runs before the others."""
    return {"tests/test_a.py": FIRST.format(body)}


@dataclass(frozen=True)
class Way:
    """What is done, in which modes."""

    args: tuple[str, ...] = ON
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    #: Where pytest is started, from the project.
    folder: str = "."
    modes: tuple[str, ...] = ("no xdist", "-n2")


def ini(*lines: str) -> dict[str, str]:
    return {"pytest.ini": INI + "\n".join(lines) + "\n"}


LEFT = "os.chdir(tempfile.mkdtemp())"
GONE = "os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())"
PLAIN = ("no xdist",)
WAYS = {
    "addopts": Way((), {**ini("addopts = --backend-gates"), "tests/test_slow.py": "def test_slow(): pass\n"}),
    "addopts with -m": Way(
        (),
        {**ini("markers = slow", "addopts = --backend-gates -m 'not slow'"), "tests/test_slow.py": SLOW_TEST},
    ),
    "the last one counts": Way(ON, ini("addopts = --no-backend-gates"), modes=PLAIN),
    "filterwarnings = error": Way(files=ini("filterwarnings = error")),
    "-W error": Way((*ON, "-W", "error"), modes=PLAIN),
    "PYTHONWARNINGS": Way(env={"PYTHONWARNINGS": "error"}, modes=PLAIN),
    "-p no:cacheprovider": Way((*ON, "-p", "no:cacheprovider"), modes=PLAIN),
    "-p no:randomly": Way((*ON, "-p", "no:randomly"), modes=PLAIN),
    "-p instead of autoload": Way(
        ("-p", "pytest_backend_gates.plugin", *ON), env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, modes=PLAIN
    ),
    "--dist loadfile": Way((*ON, "--dist", "loadfile"), modes=("-n0", "-n2")),
    "--dist worksteal": Way((*ON, "--dist", "worksteal"), modes=("-n2",)),
    "-o addopts=": Way((*ON, "-o", "addopts="), ini("addopts = -v")),
    "all files": Way((*ON, "tests/test_app.py"), modes=PLAIN),
    "started in tests": Way(folder="tests", modes=("no xdist", "-n2")),
    "started in the source": Way((*ON, "../tests"), folder="shop", modes=("no xdist", "-n2")),
    "an option of conftest.py": Way(
        (*ON, "--data", "tests/conftest.py"), {"conftest.py": OPTION, "tests/conftest.py": ""}
    ),
    "--cov": Way((*ON, "--cov=shop")),
    "relative_files": Way(files={".coveragerc": "[run]\nrelative_files = true\n", **first(LEFT)}),
    "a test leaves the folder": Way(files=first(LEFT)),
    # (In a worker, CPython 3.13.0 raises SystemError from a folder that is gone, whatever plugins there are.)
    "a test removes its folder": Way(files=first(GONE), modes=PLAIN),
    "a test clears the environment": Way(files=first("os.environ.clear()")),
    "a test stops the clocks": Way(
        files=first("time.perf_counter_ns = time.monotonic = time.perf_counter = lambda: 0")
    ),
}


MODES = {"no xdist": ("-p", "no:xdist"), "-n0": ("-n0",), "-n2": ("-n2",)}
CASES = [
    pytest.param(MODES[mode], way, id=f"{name}-{mode}") for name, way in WAYS.items() for mode in way.modes
]


@pytest.mark.parametrize(("mode", "way"), CASES, indirect=["mode"])
def test_everything_is_measured(shop: "Project", way: Way) -> None:
    """The run is a full one, and has the numbers that it has without any of this."""
    for name, text in way.files.items():
        shop.file(name, text)
    report = f"--backend-gates-report=json:{shop.root}/gates.json"
    result = replace(shop, env=way.env).run(*way.args, report, cwd=shop.root / way.folder)
    rows = result.rows()
    assert rows.pop("contract") == "SKIPPED"  # there is no schema
    assert (result.status, set(rows.values())) == (0, {"PASSED"}), result.out + result.err
    written = shop.written()
    measured = written["measurements"]
    processes = 2 if shop.mode_name == "-n2" else 1
    assert (written["outcome"], written["narrowed"]) == ("passed", None)
    assert (measured["coverage"]["hits"], measured["coverage"]["total"]) == (11, 11)
    assert measured["complexity"]["subjects"] == {"shop/app.py::grade": 2, "shop/app.py::show": 2}
    grades = measured["latency"]["subjects"]["GET /grades/{points}"]
    assert (grades["count"] + grades["cold"], 1 <= grades["cold"] <= processes) == (51, True)


def test_latency_survives_freezegun(shop: "Project") -> None:
    """A test that freezes every clock it finds does not make the requests after it fast."""
    shop.file("tests/test_a.py", FIRST.format(FREEZE)).file("shop/slow.py", SLOW_APP)
    result = shop.file("tests/test_b.py", SLOW_REQUESTS).gates()
    assert (result.status, result.rows()["latency"]) == (1, "FAILED"), result.out
    assert "worst GET /slow; 1 of 2 operations over" in " ".join(result.block.split())


def test_radons_configuration_leaves_files_out_and_hides_no_block(single: "Project") -> None:
    """What ``radon.cfg`` excludes is told; what its command line would not print of the rest counts."""
    single.file("radon.cfg", "[radon]\nexclude = shop/old.py\ncc_max = A\n")
    single.file("shop/knot.py", COMPLEX).file("shop/old.py", COMPLEX)
    result = single.gates("--backend-gates-skip=coverage")
    assert (result.status, result.rows()["complexity"]) == (1, "FAILED"), result.out
    assert "shop/knot.py:1  knot  13  4 decisions too many" in result.block
    assert "shop/old.py" not in result.block
    assert "note: complexity: radon's own configuration leaves out 1 of 4 source files" in result.block


def test_switched_off_is_told(single: "Project") -> None:
    """A gate that the command line leaves out stays in the block, with the option."""
    result = single.gates("--backend-gates-only=complexity")
    assert result.status == 0
    off = dict.fromkeys(("coverage", "security", "contract", "latency"), "OFF")
    assert result.rows() == {**off, "complexity": "PASSED"}
    assert "switched off (command line)" in result.block


def test_nothing_is_traced_for_a_gate_that_is_left_out(single: "Project") -> None:
    """Not even what the first conftest file imports: tracing would have begun before it."""
    traced = "sys.gettrace() or hasattr(sys, 'monitoring') and sys.monitoring.get_tool(1)"
    single.file("conftest.py", f"import sys\nprint('traced:', bool({traced}))\n")
    assert "traced: True" in single.gates("-s").out
    assert "traced: False" in single.gates("-s", "--backend-gates-skip=coverage").out


def test_strict_makes_a_skipped_gate_red(shop: "Project") -> None:
    """With ``--backend-gates-strict`` what was not judged fails the session."""
    result = shop.gates("--backend-gates-strict", "--no-cov")
    assert (result.status, result.rows()["coverage"]) == (1, "SKIPPED")
    assert "FAILED backend-gates::coverage" in result.out


def test_no_backend_gates_wins_over_addopts(shop: "Project") -> None:
    """``--no-backend-gates`` on the command line switches all of it off, and pytest is pytest."""
    shop.file("pytest.ini", INI + "addopts = --backend-gates\n")
    result = shop.run("--no-backend-gates")
    assert (result.status, "backend gates" in result.out) == (0, False)
