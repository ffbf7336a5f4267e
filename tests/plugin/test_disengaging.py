"""Every way found to make a gate disengage: each ends red or visibly SKIPPED, none green.

`test_undisturbed.py` holds what only looks like one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

GATES = ("coverage", "complexity", "security", "contract", "latency")
ON = ("--backend-gates",)
INI = "[pytest]\ntestpaths = tests\npythonpath = .\n"
HIGH = "import subprocess\n\n\ndef run(text):\n    subprocess.call(text, shell=True){}\n"
#: The session does not wait for the static scan: it may have finished all the same.
HASTY = {"coverage": "SKIPPED", "complexity": "SKIPPED or PASSED", "security": "SKIPPED or PASSED"}
STATIC = {"complexity": "ERROR", "security": "ERROR"}
UNREAD = {"coverage": "ERROR", **STATIC}
SPLIT = {"coverage": "ERROR", "latency": "ERROR"}


@dataclass(frozen=True)
class Way:
    """What is done, the status, what is told, and the gates that are not PASSED (``None``: no verdict)."""

    status: int
    told: str
    rows: Mapping[str, str] | None = None
    #: To write; ``None`` deletes.
    files: Mapping[str, str | None] = field(default_factory=dict)
    args: tuple[str, ...] = ON
    env: Mapping[str, str] = field(default_factory=dict)
    #: The modes in which there is this way.
    modes: tuple[str, ...] = ("no xdist", "-n2")


def ratio(hits: int, missed: int) -> dict[str, str]:
    """Write a module beside the 11 covered lines of the project, for so many covered and missed lines in all."""
    lines = ["x = 1"] * (hits - 12) + ["def never():"] + ["    y = 2"] * missed
    return {"shop/ratio.py": "\n".join(lines) + "\n", "conftest.py": "import shop.ratio\n"}


def hook(head: str, *body: str) -> dict[str, str]:
    """Write a conftest.py with one hook."""
    lines = "\n".join(f"    {line}" for line in body)
    return {"conftest.py": f"import os, pytest, signal, sys\n\n\ndef {head}:\n{lines}\n"}


def first(*body: str) -> dict[str, str]:
    """Write a test that runs before the others."""
    lines = "\n".join(f"    {line}" for line in body or ["pass"])
    return {"tests/test_a.py": f"import os, pathlib, pytest, shutil, sys\n\n\ndef test_first():\n{lines}\n"}


def ini(*lines: str) -> dict[str, str]:
    return {"pytest.ini": INI + "\n".join(lines) + "\n"}


def probe(step: str) -> dict[str, str]:
    """Make a step of the latency probe raise."""
    lines = ["def explode(*args):", "    raise RuntimeError('boom')", f"TrafficProbe.{step} = explode"]
    return {
        "conftest.py": "\n".join(["from pytest_backend_gates.probes.traffic import TrafficProbe", *lines])
    }


SETTRACE = first("sys.settrace(None)")
KILL_CHILD = hook(
    "pytest_sessionstart(session)",
    "if not hasattr(session.config, 'workerinput'):",
    "    pid = os.getpid()",
    "    children = open(f'/proc/{pid}/task/{pid}/children').read().split()",
    "    [os.kill(int(child), signal.SIGKILL) for child in children]",
)
HUNG_CHILD = {
    "conftest.py": KILL_CHILD["conftest.py"].replace("SIGKILL", "SIGSTOP")
    + "\n\nfrom pytest_backend_gates.probes.static import StaticProbe\n"
    + "StaticProbe.__init__.__kwdefaults__['patience'] = 0.5\n"
}
TOLD_SHARD = hook(
    "pytest_collection_modifyitems(config, items)",
    "config.hook.pytest_deselected(items=items[1::2])",
    "del items[1::2]",
)
SILENT_SHARD = hook("pytest_collection_modifyitems(items)", "del items[1::2]")
LOST_REPORT = first("shutil.rmtree('out')", "pathlib.Path('out').touch()")
NO_SOURCE = {"shop/__init__.py": None, "shop/app.py": None, "tests/test_app.py": "def test_x(): pass\n"}
EXIT_0 = "pytest.exit('enough', returncode=0)"
NO_TRAFFIC = {
    "tests/test_app.py": "from shop.app import grade, show\n\n\n"
    "def test_direct():\n    assert grade(95) == 'A'\n    assert show(3) == {'grade': 'B'}\n"
}
ZERO = hook("pytest_sessionfinish(session)", "session.exitstatus = 0")
LEAVE = hook("pytest_unconfigure()", "sys.exit(0)")
UNREGISTER = hook(
    "pytest_sessionstart(session)",
    "manager = session.config.pluginmanager",
    "if manager.has_plugin('backend-gates-judging'):",
    "    manager.unregister(name='backend-gates-judging')",
)
NOTHING = {"tests/test_app.py": "", **ZERO}
IMPORTED = {"conftest.py": "import shop.x\n"}
STRICTER = "--backend-gates-threshold=complexity < 2"
ONE = ("no xdist", "-n0")
#: Decided by the judging process alone, whatever workers do.
ALONE = ("no xdist",)

WAYS: dict[str, Way] = {
    # The number is near its limit.
    "79.6 %": Way(1, "79.6% > 80%", {"coverage": "FAILED"}, ratio(43, 11)),
    "79.96 %": Way(1, "79.96% > 80%", {"coverage": "FAILED"}, ratio(1999, 501), modes=ALONE),
    "exactly 80 %": Way(1, "80% > 80%", {"coverage": "FAILED"}, ratio(12, 3)),
    # A tool cannot read the source, or is told not to.
    "does not parse": Way(1, "shop/odd.py:1", UNREAD, {"shop/odd.py": "def odd(:\n"}),
    "odd encoding": Way(1, "shop/odd.py", UNREAD, {"shop/odd.py": "# coding: odd\n"}, modes=ALONE),
    "no such source": Way(4, "'shpo' does not exist", files=ini("backend_gates_source = shpo"), modes=ALONE),
    "empty source": Way(4, "holds no Python source", files=ini("backend_gates_source = tests"), modes=ALONE),
    "bandit skips it": Way(
        0,
        "excludes all 2 source files",
        {"security": "SKIPPED"},
        {"pyproject.toml": "[tool.bandit]\nexclude_dirs = ['shop']\n"},
        modes=ALONE,
    ),
    "bandit has no such test": Way(
        1,
        "names unknown tests: B999",
        {"security": "ERROR"},
        {"pyproject.toml": "[tool.bandit]\ntests = ['B999']\n"},
        modes=ALONE,
    ),
    "nosec": Way(0, "1 suppressed", {}, {"shop/x.py": HIGH.format("  # nosec"), **IMPORTED}, modes=ALONE),
    "nosec with an unknown id": Way(
        0, "1 suppressed", {}, {"shop/x.py": HIGH.format("  # nosec B999"), **IMPORTED}, modes=ALONE
    ),
    # Coverage is taken away from coverage.py, or its configuration is wrong.
    # (The sysmon core, which the newer interpreters have, does not mind.)
    "sys.settrace(None)": Way(
        1, "5 of 11 lines", {"coverage": "FAILED"}, SETTRACE, env={"COVERAGE_CORE": "ctrace"}, modes=ONE
    ),
    "omits everything": Way(
        1,
        "omits all 2 source files",
        {"coverage": "NO_DATA"},
        {".coveragerc": "[run]\nomit = shop/*\n"},
        modes=ALONE,
    ),
    "excludes everything": Way(
        1,
        "none of the lines",
        {"coverage": "NO_DATA"},
        {".coveragerc": "[report]\nexclude_also = .\n"},
        modes=ALONE,
    ),
    "measures nothing": Way(
        1, "nothing of what [run] source", {"coverage": "ERROR"}, {".coveragerc": "[run]\nsource = nowhere\n"}
    ),
    "bad .coveragerc": Way(
        1, "Couldn't read config file", {"coverage": "ERROR"}, {".coveragerc": "[run\n"}, modes=ALONE
    ),
    "--no-cov": Way(0, "not traced: --no-cov", {"coverage": "SKIPPED"}, args=(*ON, "--no-cov")),
    "--cov --no-cov": Way(
        0, "not traced: --no-cov", {"coverage": "SKIPPED"}, args=(*ON, "--cov", "--no-cov"), modes=ALONE
    ),
    "--cov-append": Way(0, "--cov-append", {"coverage": "SKIPPED"}, args=(*ON, "--cov=shop", "--cov-append")),
    "--cov=tests": Way(
        1, "none of the 2 files of the source", {"coverage": "ERROR"}, args=(*ON, "--cov=tests")
    ),
    "--backend-gates-skip of all that is left": Way(
        4,
        "no gate is left to judge",
        None,
        args=(*ON, "--backend-gates-only=coverage", "--backend-gates-skip=coverage"),
        modes=ALONE,
    ),
    "--cov elsewhere": Way(1, "was measured", {"coverage": "ERROR"}, args=(*ON, "--cov=nowhere")),
    "--cov-fail-under": Way(
        1, "Required test coverage", {}, ratio(85, 15), (*ON, "--cov=shop", "--cov-fail-under=90")
    ),
    "--pdb": Way(0, "not traced: --pdb", {"coverage": "SKIPPED"}, args=(*ON, "--pdb"), modes=ONE),
    # Something dies or raises.
    "killed child": Way(1, "was killed by signal 9 after 0 of 2 files", STATIC, KILL_CHILD, modes=ALONE),
    "hung child": Way(1, "did not finish a file in 0.5 s", STATIC, HUNG_CHILD, modes=ALONE),
    "dead worker": Way(1, "died without its measurements", SPLIT, first("os._exit(0)"), modes=("-n2",)),
    "collect raises": Way(1, "traffic probe: RuntimeError: boom", {"latency": "ERROR"}, probe("collect")),
    "reduce raises": Way(1, "traffic probe: RuntimeError: boom", {"latency": "ERROR"}, probe("reduce")),
    "observing raises": Way(
        1, "traffic probe: RuntimeError: boom", {"latency": "ERROR"}, probe("open_window")
    ),
    # There is nothing to judge.
    "no source": Way(
        1,
        "no Python source was found",
        dict.fromkeys(GATES, "SKIPPED") | {"coverage": "NO_DATA"},
        NO_SOURCE,
        modes=ALONE,
    ),
    "no traffic": Way(0, "no HTTP traffic", {"latency": "SKIPPED"}, NO_TRAFFIC),
    "matches nothing": Way(
        1,
        "[src/**] this threshold matches no block of 2",
        {"complexity": "NO_DATA"},
        ini("backend_gates_thresholds = complexity[src/**] < 5"),
        modes=ALONE,
    ),
    # The run is narrowed.
    "-k": Way(0, "a narrowed run (-k grade)", HASTY, args=(*ON, "-k", "grade")),
    "-m": Way(0, "a narrowed run (-m not slow)", HASTY, args=(*ON, "-m", "not slow"), modes=ALONE),
    "PYTEST_ADDOPTS": Way(
        0, "a narrowed run (-k grade)", HASTY, env={"PYTEST_ADDOPTS": "-k grade"}, modes=ALONE
    ),
    "--deselect": Way(
        0,
        "a narrowed run (--deselect)",
        HASTY,
        args=(*ON, "--deselect=tests/test_app.py::test_best_grade"),
        modes=ALONE,
    ),
    "--lf": Way(0, "a narrowed run (--lf)", HASTY, args=(*ON, "--lf"), modes=ALONE),
    "--sw": Way(0, "a narrowed run (--sw)", HASTY, args=(*ON, "--sw"), modes=ALONE),
    "one file": Way(
        0, "tests/test_app.py, without tests/test_a.py", HASTY, first(), (*ON, "tests/test_app.py")
    ),
    "a shard that tells": Way(0, "a plugin deselected tests", {"coverage": "SKIPPED"}, TOLD_SHARD),
    "a shard that does not": Way(0, "a plugin deselected tests", {"coverage": "SKIPPED"}, SILENT_SHARD),
    # The session ends itself.
    "exit in a test": Way(1, "no verdict: the session was cut short: enough", files=first(EXIT_0), modes=ONE),
    "exit in a worker": Way(3, "INTERNALERROR", files=first(EXIT_0), modes=("-n2",)),
    "exit in configure": Way(1, "no verdict", files=hook("pytest_configure()", EXIT_0), modes=ALONE),
    "exit in sessionstart": Way(1, "no verdict", files=hook("pytest_sessionstart()", EXIT_0)),
    "sys.exit in conftest.py": Way(
        1, "ended before it began", files={"conftest.py": "raise SystemExit\n"}, modes=ALONE
    ),
    "os._exit in a test": Way(
        1, "the session ended before its tests did", files=first("os._exit(0)"), modes=ONE
    ),
    "--co": Way(0, "no verdict: --collect-only runs no test", args=(*ON, "--co")),
    "--setup-only": Way(0, "no verdict: --setup-only runs no test", args=(*ON, "--setup-only"), modes=ALONE),
    # Somebody takes a red status back.
    "a hook says 0": Way(
        1, "a gate failed; the exit status is 1, not 0", {"complexity": "FAILED"}, ZERO, (*ON, STRICTER)
    ),
    "the last hook leaves with 0": Way(
        1, "a gate failed; the exit status is 1, not 0", {"complexity": "FAILED"}, LEAVE, (*ON, STRICTER)
    ),
    "the gates are unregistered": Way(1, "no verdict", files=UNREGISTER),
    "a hook says 0, no verdict": Way(
        5, "no tests were collected; the exit status is 5, not 0", files=NOTHING, modes=ALONE
    ),
    # The plugin, or a part of it, is not there, or is not told to judge.
    "autoload is off": Way(
        4, "unrecognized arguments", env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, modes=ALONE
    ),
    "-p no:backend-gates": Way(
        4, "unrecognized arguments", args=(*ON, "-p", "no:backend-gates"), modes=ALONE
    ),
    "-p no:backend-gates-judging": Way(4, "cannot be blocked", args=(*ON, "-p", "no:backend-gates-judging")),
    "-p no:terminal": Way(1, "", args=(*ON, "-p", "no:terminal", STRICTER), modes=ALONE),
    "options alone": Way(
        4, "--backend-gates-strict: means nothing without", args=("--backend-gates-strict",), modes=ALONE
    ),
    "a misspelt key": Way(
        4,
        "unknown key 'backend_gates_threshold'",
        files=ini("backend_gates_threshold = coverage > 9%"),
        modes=ALONE,
    ),
    "a wrong value": Way(
        4, "allowed: true or false", files=ini("backend_gates_strict = perhaps"), modes=ALONE
    ),
    "an unknown metric": Way(4, "speed < 3", args=(*ON, "--backend-gates-threshold=speed < 3"), modes=ALONE),
    # The report cannot be written.
    "no report": Way(
        4, "cannot write", args=(*ON, "--backend-gates-report=json:pytest.ini/x.json"), modes=ALONE
    ),
    "a lost report": Way(
        1,
        "the report was not written",
        {},
        LOST_REPORT,
        (*ON, "--backend-gates-report=json:out/x.json"),
        modes=ALONE,
    ),
}


MODES = {"no xdist": ("-p", "no:xdist"), "-n0": ("-n0",), "-n2": ("-n2",)}
CASES = [
    pytest.param(MODES[mode], way, id=f"{name}-{mode}") for name, way in WAYS.items() for mode in way.modes
]


@pytest.mark.parametrize(("mode", "way"), CASES, indirect=["mode"])
def test_disengaging_is_seen(shop: "Project", way: Way) -> None:
    """A gate that measured nothing, or not enough, is red or SKIPPED, and the reason is told."""
    for name, text in way.files.items():
        if text is None:
            (shop.root / name).unlink()
        else:
            shop.file(name, text)
    result = replace(shop, env=way.env).run(*way.args)
    told = " ".join((result.out + result.err).split())
    assert (result.status, way.told in told) == (way.status, True), result.out + result.err
    if way.rows is None:
        assert "PASSED" not in result.out
    else:
        expected = dict.fromkeys(GATES, "PASSED") | {"contract": "SKIPPED"} | dict(way.rows)
        assert {gate: outcome in expected[gate] for gate, outcome in result.rows().items()} == dict.fromkeys(
            GATES, True
        ), result.out
