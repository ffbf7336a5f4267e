"""Every way found to make a gate disengage: each ends red or visibly SKIPPED, none green.

`test_undisturbed.py` holds what only looks like one of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project, Result

GATES = ("coverage", "complexity", "security", "contract", "latency")
#: The project has no schema of its API, and everything else passes.
AS_EXPECTED = ("PASSED ", "SKIPPED contract ")
ON = ("--backend-gates",)
INI = "[pytest]\ntestpaths = tests\npythonpath = .\n"
HIGH = "import subprocess\n\n\ndef run(text):\n    subprocess.call(text, shell=True){}\n"


@dataclass(frozen=True)
class Way:
    """What is done, the status, and everything told but rows that are PASSED (those that stand here, too)."""

    status: int
    told: str | tuple[str, ...]
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


def scan(step: str) -> dict[str, str]:
    """Do something with the static scan as soon as it has been started."""
    lines = [
        "begin = StaticProbe.start",
        "def start(self):",
        "    begin(self)",
        "    self._patience = 0.5",
        f"    {step}",
        "StaticProbe.start = start",
    ]
    return {
        "conftest.py": "\n".join(
            ["import os, signal", "from pytest_backend_gates.probes.static import StaticProbe", *lines]
        )
    }


BROKEN_TAP = {
    "conftest.py": "from pytest_backend_gates.taps import wsgi\n\n\n"
    "def explode(*args):\n    raise RuntimeError('boom')\n\n\nwsgi._name = explode\n"
}
KILLED = scan("os.kill(self._pool.pids[0], signal.SIGKILL)")
STOPPED = scan("os.kill(self._pool.pids[0], signal.SIGSTOP)")
FINISHED = scan("assert self._pool.wait(120)")
SETTRACE = first("sys.settrace(None)")
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

# What is told, without line breaks; a row with its findings.
SKIPPED_COVERAGE = "SKIPPED coverage > 80% {}"
NARROWED = SKIPPED_COVERAGE.format("a narrowed run ({}): coverage is judged in full runs")
NOT_WAITED = "the static scan had finished 0 of 2 files, and a narrowed run does not wait ({})"
NO_TRAFFIC_ROW = (
    "SKIPPED latency p95 < 100 ms no HTTP traffic: the tests made no request to a Starlette, FastAPI,"
    " Litestar, Flask or Django application in this process hint: make requests in the tests with the framework's"
    " own test client or a transport of httpx; for a server in another process, set backend_gates_base_url"
)
TOO_COMPLEX = (
    "FAILED complexity 2 < 2 2 of 2 blocks over shop/app.py:6 grade 2 1 decision too many"
    " shop/app.py:13 show 2 1 decision too many relax: complexity <= 2"
)
NOTHING_MEASURED = (
    "ERROR coverage > 80% coverage.py: nothing of what [run] source of its configuration names was measured"
    " without it: coverage off, or --backend-gates-skip=coverage"
)
LEFT_OUT = "note: coverage: --cov leaves out 2 of 2 source files, such as shop/__init__.py"
BOOM = "ERROR latency p95 < 100 ms the traffic probe: RuntimeError: boom without it: latency off, or --backend-gates-skip=latency"
FAULT = "the Flask tap failed 51 times, first with RuntimeError: boom; requests were not affected"
TAP_FAILED = (
    f"ERROR latency p95 < 100 ms {FAULT} without it: latency off, or --backend-gates-skip=latency"
    " hint: make requests in the tests with the framework's own test client or a transport of httpx;"
    " for a server in another process, set backend_gates_base_url"
)
DIED = "gw0: died without its measurements (Not properly terminated)"
ENDED = "backend gates: no verdict: the session ended {}; the exit status is 1, not 0"
RED = "backend gates: a gate failed; the exit status is 1, not 0"
MISTAKE = "ERROR: backend gates: 1 problem in the configuration "
UNRECOGNIZED = (
    "ERROR: usage: error: unrecognized arguments: --backend-gates inifile: ROOT/pytest.ini rootdir: ROOT"
)


def unread(place: str, fault: str) -> tuple[str, ...]:
    """Return the rows of the three gates that could not read a file."""
    mend = "mend it, or omit it in the configuration of coverage.py"
    parse, syntax = f"does not parse: {fault}", f"SyntaxError: {fault}"
    return (
        f"ERROR coverage 100% > 80% {place}: {parse}; 11 of 11 lines, 2 files {place} {parse} {mend} without it: coverage off, or --backend-gates-skip=coverage",
        f"ERROR complexity 2 < 10 {place}: {syntax}; 0 of 2 blocks over without it: complexity off, or --backend-gates-skip=complexity",
        f"ERROR security 0 high == 0 {place}: {syntax}; 0 findings in 2 files without it: security.high off, or --backend-gates-skip=security",
    )


def lost_scan(how: str) -> tuple[str, str]:
    """Return the rows of the two gates whose scan was lost."""
    why = f"static scan: the static scan {how} without it:"
    return (
        f"ERROR complexity < 10 {why} complexity off, or --backend-gates-skip=complexity",
        f"ERROR security high == 0 {why} security.high off, or --backend-gates-skip=security",
    )


def narrowed(why: str, *args: str, **rest: Any) -> Way:  # noqa: ANN401 - the other fields of a way
    """Narrow a run of the two gates that depend on what ran: whether a scan finishes in time, nobody knows."""
    told = (
        NARROWED.format(why),
        "OFF complexity off switched off (command line)",
        "OFF security off switched off (command line)",
        "OFF contract off switched off (command line)",
    )
    return Way(0, told, args=(*ON, "--backend-gates-only=coverage,latency", *args), **rest)


WAYS: dict[str, Way] = {
    # The number is near its limit.
    "79.6 %": Way(
        1,
        "FAILED coverage 79.6% > 80% 43 of 54 lines, 3 files shop/ratio.py:33 11 lines not covered"
        " relax: coverage >= 79.62% hint: cover shop/ratio.py 33-43: 1 line to over 80%",
        ratio(43, 11),
    ),
    "79.96 %": Way(
        1,
        "FAILED coverage 79.96% > 80% 1,999 of 2,500 lines, 3 files shop/ratio.py:1989 501 lines not covered"
        " relax: coverage >= 79.96% hint: cover shop/ratio.py 1989-2489: 2 lines to over 80%",
        ratio(1999, 501),
        modes=ALONE,
    ),
    "exactly 80 %": Way(
        1,
        "FAILED coverage 80% > 80% 12 of 15 lines, 3 files shop/ratio.py:2 3 lines not covered"
        " relax: coverage >= 80% hint: cover shop/ratio.py 2-4: 1 line to over 80%",
        ratio(12, 3),
    ),
    # A tool cannot read the source, or is told not to.
    "does not parse": Way(1, unread("shop/odd.py:1", "invalid syntax"), {"shop/odd.py": "def odd(:\n"}),
    "odd encoding": Way(
        1, unread("shop/odd.py", "unknown encoding: odd"), {"shop/odd.py": "# coding: odd\n"}, modes=ALONE
    ),
    "no such source": Way(
        4,
        MISTAKE + "backend_gates_source (pytest.ini:4): 'shpo' does not exist in ROOT shpo ^^^^"
        " allowed: folders and .py files, relative to the rootdir",
        ini("backend_gates_source = shpo"),
        modes=ALONE,
    ),
    "empty source": Way(
        4,
        MISTAKE + "backend_gates_source (pytest.ini:4): 'tests' holds no Python source file"
        " (tests are not source) tests ^^^^^ allowed: folders and .py files, relative to the rootdir",
        ini("backend_gates_source = tests"),
        modes=ALONE,
    ),
    "bandit skips it": Way(
        0,
        "SKIPPED security high == 0 the project's bandit configuration excludes all 2 source files",
        {"pyproject.toml": "[tool.bandit]\nexclude_dirs = ['shop']\n"},
        modes=ALONE,
    ),
    "bandit has no such test": Way(
        1,
        "ERROR security high == 0 pyproject.toml: bandit's 'tests' names unknown tests: B999"
        " without it: security.high off, or --backend-gates-skip=security",
        {"pyproject.toml": "[tool.bandit]\ntests = ['B999']\n"},
        modes=ALONE,
    ),
    "nosec": Way(
        0,
        "PASSED security 0 high == 0 0 findings in 3 files; 1 low, 1 suppressed",
        {"shop/x.py": HIGH.format("  # nosec"), **IMPORTED},
        modes=ALONE,
    ),
    "nosec with an unknown id": Way(
        0,
        (
            "PASSED security 0 high == 0 0 findings in 3 files; 1 low, 1 suppressed",
            (
                "note: security: shop/x.py:5: '# nosec B999' names no bandit test, so it hides every finding here;"
                " write '# nosec B602'"
            ),
        ),
        {"shop/x.py": HIGH.format("  # nosec B999"), **IMPORTED},
        modes=ALONE,
    ),
    # Coverage is taken away from coverage.py, or its configuration is wrong.
    # (The sysmon core, which the newer interpreters have, does not mind.)
    "sys.settrace(None)": Way(
        1,
        "FAILED coverage 45.5% > 80% 5 of 11 lines, 2 files shop/app.py:7 3 lines not covered"
        " shop/app.py:14 3 lines not covered relax: coverage >= 45.45%"
        " hint: cover shop/app.py 7-9, 14-16: 4 lines to over 80%",
        SETTRACE,
        env={"COVERAGE_CORE": "ctrace"},
        modes=ONE,
    ),
    "omits everything": Way(
        1,
        (
            "NO_DATA coverage > 80% the configuration of coverage.py omits all 2 source files change or delete: coverage > 80% (pytest.ini:5)",
            "note: coverage.py: No data was collected. (no-data-collected)",
        ),
        {".coveragerc": "[run]\nomit = shop/*\n"},
        modes=ALONE,
    ),
    "excludes everything": Way(
        1,
        "NO_DATA coverage > 80% none of the lines that this threshold matches can be counted change or delete: coverage > 80% (pytest.ini:5)",
        {".coveragerc": "[report]\nexclude_also = .\n"},
        modes=ALONE,
    ),
    "measures nothing": Way(
        1,
        (
            NOTHING_MEASURED,
            "note: coverage.py: Module nowhere was never imported. (module-not-imported)",
            "note: coverage.py: No data was collected. (no-data-collected)",
        ),
        {".coveragerc": "[run]\nsource = nowhere\n"},
    ),
    "bad .coveragerc": Way(
        1,
        "ERROR coverage > 80% coverage.py: Couldn't read config file .coveragerc: File contains no section"
        r" headers. file: '.coveragerc', line: 1 '[run\n' coverage.py Couldn't read config file"
        r" .coveragerc: File contains no section headers. | file: '.coveragerc', line: 1 | '[run\n'"
        " without it: coverage off, or --backend-gates-skip=coverage",
        {".coveragerc": "[run\n"},
        modes=ALONE,
    ),
    "--no-cov": Way(0, SKIPPED_COVERAGE.format("not traced: --no-cov"), args=(*ON, "--no-cov")),
    "--cov --no-cov": Way(
        0, SKIPPED_COVERAGE.format("not traced: --no-cov"), args=(*ON, "--cov", "--no-cov"), modes=ALONE
    ),
    "--cov-append": Way(
        0,
        SKIPPED_COVERAGE.format(
            "not measured by this run alone: --cov-append adds what earlier runs measured"
        ),
        args=(*ON, "--cov=shop", "--cov-append"),
    ),
    "--cov=tests": Way(
        1,
        "ERROR coverage 100% > 80% coverage.py: none of the 2 files of the source is among the measured ones,"
        " such as tests/test_app.py; 9 of 9 lines, 1 file coverage.py none of the 2 files of the source is among the measured"
        " ones, such as tests/test_app.py see source, include and omit in its configuration"
        " without it: coverage off, or --backend-gates-skip=coverage",
        args=(*ON, "--cov=tests"),
    ),
    "--backend-gates-skip of all that is left": Way(
        4,
        MISTAKE + "command line: no gate is left to judge --backend-gates-skip=coverage"
        f" --backend-gates-only=coverage {'^' * 59} --no-backend-gates judges none",
        args=(*ON, "--backend-gates-only=coverage", "--backend-gates-skip=coverage"),
        modes=ALONE,
    ),
    "--cov elsewhere": Way(1, (NOTHING_MEASURED, LEFT_OUT), args=(*ON, "--cov=nowhere")),
    "--cov-fail-under": Way(
        1,
        "FAIL Required test coverage of 90% not reached. Total coverage: 85.00%",
        ratio(85, 15),
        (*ON, "--cov=shop", "--cov-fail-under=90"),
    ),
    "--pdb": Way(0, SKIPPED_COVERAGE.format("not traced: --pdb"), args=(*ON, "--pdb"), modes=ONE),
    # Something dies or raises.
    "killed child": Way(1, lost_scan("was killed by signal 9 after 0 of 2 files"), KILLED, modes=ALONE),
    "hung child": Way(
        1, lost_scan("did not finish a file in 0.5 s and was ended after 0 of 2 files"), STOPPED, modes=ALONE
    ),
    "dead worker": Way(
        1,
        (
            f"ERROR coverage 100% > 80% {DIED}; 11 of 11 lines, 2 files without it: coverage off, or --backend-gates-skip=coverage",
            (
                f"ERROR latency p95 TIME < 100 ms {DIED}; worst GET /grades/{{points}}; 1 operation within,"
                f" N SAMPLES, 3 workers without it: latency off, or --backend-gates-skip=latency"
            ),
        ),
        first("os._exit(0)"),
        modes=("-n2",),
    ),
    "collect raises": Way(1, BOOM, probe("collect")),
    "reduce raises": Way(1, BOOM, probe("reduce")),
    "observing raises": Way(1, BOOM, probe("open_window")),
    "a tap fails": Way(1, TAP_FAILED, BROKEN_TAP, modes=ALONE),
    # There is nothing to judge.
    "no source": Way(
        1,
        (
            (
                "NO_DATA coverage > 80% no Python source was found change or delete: coverage > 80% (pytest.ini:5)"
                " hint: name it in backend_gates_source"
            ),
            "SKIPPED complexity < 10 there are no source files to scan",
            "SKIPPED security high == 0 there are no source files to scan",
            NO_TRAFFIC_ROW,
        ),
        NO_SOURCE,
        modes=ALONE,
    ),
    "no traffic": Way(0, NO_TRAFFIC_ROW, NO_TRAFFIC),
    "matches nothing": Way(
        1,
        "NO_DATA complexity < 5 [src/**] this threshold matches no block of 2 change or delete: complexity[src/**] < 5 (pytest.ini:4)",
        ini("backend_gates_thresholds = complexity[src/**] < 5"),
        modes=ALONE,
    ),
    # The run is narrowed.
    "-k": narrowed("-k grade", "-k", "grade"),
    "-m": narrowed("-m not slow", "-m", "not slow", modes=ALONE),
    "PYTEST_ADDOPTS": narrowed("-k grade", env={"PYTEST_ADDOPTS": "-k grade"}, modes=ALONE),
    "--deselect": narrowed("--deselect", "--deselect=tests/test_app.py::test_best_grade", modes=ALONE),
    "--lf": narrowed("--lf", "--lf", modes=ALONE),
    "--sw": narrowed("--sw", "--sw", modes=ALONE),
    "one file": narrowed("tests/test_app.py, without tests/test_a.py", "tests/test_app.py", files=first()),
    "-k, the scan is not ready": Way(
        0,
        (
            NARROWED.format("-k grade"),
            f"SKIPPED complexity < 10 {NOT_WAITED.format('-k grade')}",
            f"SKIPPED security high == 0 {NOT_WAITED.format('-k grade')}",
        ),
        STOPPED,
        (*ON, "-k", "grade"),
        modes=ALONE,
    ),
    "-k, the scan is ready": Way(0, NARROWED.format("-k grade"), FINISHED, (*ON, "-k", "grade"), modes=ALONE),
    "a shard that tells": Way(0, NARROWED.format("a plugin deselected tests"), TOLD_SHARD),
    "a shard that does not": Way(0, NARROWED.format("a plugin deselected tests"), SILENT_SHARD),
    "a shard behind addopts": Way(
        0,
        NARROWED.format("a plugin deselected tests"),
        {**TOLD_SHARD, **ini("addopts = -k test")},
        modes=ALONE,
    ),
    "a shard after collecting": Way(
        0,
        NARROWED.format("a plugin deselected tests"),
        hook("pytest_collection_finish(session)", "del session.items[40:]"),
        modes=ONE,
    ),
    # The session ends itself.
    "exit in a test": Way(1, "no verdict: the session was cut short: enough", first(EXIT_0), modes=ONE),
    "exit in a worker": Way(3, (), first(EXIT_0), modes=("-n2",)),
    "exit in configure": Way(
        1, ENDED.format("before it began"), hook("pytest_configure()", EXIT_0), modes=ALONE
    ),
    "exit in sessionstart": Way(
        1, ENDED.format("before its tests did"), hook("pytest_sessionstart()", EXIT_0)
    ),
    "sys.exit in conftest.py": Way(
        1, ENDED.format("before it began"), {"conftest.py": "raise SystemExit\n"}, modes=ALONE
    ),
    "os._exit in a test": Way(1, ENDED.format("before its tests did"), first("os._exit(0)"), modes=ONE),
    "a hook in place of the session": Way(
        1, ENDED.format("before it began"), hook("pytest_cmdline_main(config)", "return 0"), modes=ALONE
    ),
    "--co": Way(0, "no verdict: --collect-only runs no test", args=(*ON, "--co")),
    "--setup-only": Way(0, "no verdict: --setup-only runs no test", args=(*ON, "--setup-only"), modes=ALONE),
    # Somebody takes a red status back.
    "a hook says 0": Way(1, (TOO_COMPLEX, RED), ZERO, (*ON, STRICTER)),
    "the last hook leaves with 0": Way(1, (TOO_COMPLEX, RED), LEAVE, (*ON, STRICTER)),
    "os._exit after all, and coverage.py patches it": Way(
        1,
        (TOO_COMPLEX, RED),
        {".coveragerc": "[run]\npatch = _exit\n", **hook("pytest_unconfigure()", "os._exit(0)")},
        (*ON, STRICTER),
        modes=ALONE,
    ),
    "the gates are unregistered": Way(1, ENDED.format("before its tests did"), UNREGISTER),
    "a hook says 0, no verdict": Way(
        5,
        (
            "no verdict: no tests were collected",
            "backend gates: no verdict: no tests were collected; the exit status is 5, not 0",
        ),
        NOTHING,
        modes=ALONE,
    ),
    # The plugin, or a part of it, is not there, or is not told to judge.
    "autoload is off": Way(4, UNRECOGNIZED, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, modes=ALONE),
    "-p no:backend-gates": Way(4, UNRECOGNIZED, args=(*ON, "-p", "no:backend-gates"), modes=ALONE),
    "-p no:backend-gates-judging": Way(
        4,
        "ERROR: -p no:backend-gates-judging: a part of the gates cannot be blocked;"
        " leave --backend-gates out, or give --no-backend-gates",
        args=(*ON, "-p", "no:backend-gates-judging"),
    ),
    "options alone": Way(
        4,
        "ERROR: --backend-gates-strict: means nothing without --backend-gates",
        args=("--backend-gates-strict",),
        modes=ALONE,
    ),
    "a misspelt key": Way(
        4,
        MISTAKE + "backend_gates_threshold (pytest.ini:4): unknown key 'backend_gates_threshold'"
        f" backend_gates_threshold = coverage > 9% {'^' * 23} did you mean 'backend_gates_thresholds'?"
        " allowed: backend_gates_thresholds, backend_gates_sets, backend_gates_source,"
        " backend_gates_app, backend_gates_schema, backend_gates_base_url, backend_gates_writes, backend_gates_checks,"
        " backend_gates_contract_dir, backend_gates_usefixtures, backend_gates_reports, backend_gates_metrics,"
        " backend_gates_tests, backend_gates_strict",
        ini("backend_gates_threshold = coverage > 9%"),
        modes=ALONE,
    ),
    "a wrong value": Way(
        4,
        MISTAKE + "backend_gates_strict (pytest.ini:4): invalid truth value 'perhaps'"
        " backend_gates_strict = perhaps ^^^^^^^ allowed: true or false",
        ini("backend_gates_strict = perhaps"),
        modes=ALONE,
    ),
    "an unknown metric": Way(
        4,
        MISTAKE + "--backend-gates-threshold: unknown metric 'speed' speed < 3 ^^^^^ allowed: complexity,"
        " contract.failures, contract.operations, contract.statuses, coverage, coverage.file, errors, latency, queries.count, queries.repeated, queries.time, security.high, security.low, security.medium,"
        " security.suppressed, tests.e2e, tests.integration, tests.unit",
        args=(*ON, "--backend-gates-threshold=speed < 3"),
        modes=ALONE,
    ),
    # The report cannot be written.
    "no report": Way(
        4,
        "ERROR: --backend-gates-report: cannot write ROOT/pytest.ini: File exists",
        args=(*ON, "--backend-gates-report=json:pytest.ini/x.json"),
        modes=ALONE,
    ),
    "a lost report": Way(
        1,
        "the report was not written: ROOT/out: File exists",
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
    whole = result.out + result.err
    assert (result.status, "INTERNALERROR" in whole) == (way.status, way.status == 3), whole
    told = everything_told(shop, result)
    expected = [way.told] if isinstance(way.told, str) else list(way.told)
    assert [one for one in told if one in expected or not one.startswith(AS_EXPECTED)] == expected, whole
    rows = result.rows() if "= backend gates =" in result.out else {}
    assert tuple(rows) == GATES or (rows == {} and "PASSED" not in result.out), whole


def everything_told(project: "Project", result: "Result") -> list[str]:
    """Return rows with their findings, notes and sentences, each without line breaks and what differs by run."""
    told = re.findall(r"^FAIL .*", result.out, re.MULTILINE)  # pytest-cov's
    if "= backend gates =" in result.out:
        told += re.findall(r"^\S.*(?:\n .*)*", result.block, re.MULTILINE)
    told += [
        text
        for text in re.split(r"\n\s*\n", result.err)
        if text.lstrip().startswith(("ERROR:", "backend gates:"))
    ]
    plain = [" ".join(text.split()).replace(str(project.root), "ROOT") for text in told]
    plain = [re.sub(r"p95 [\d.,]+ m?s", "p95 TIME", text) for text in plain]
    plain = [re.sub(r"\d+ samples; coverage core \w+", "N SAMPLES", text) for text in plain]
    plain = [re.sub(r"\bgw\d", "gw0", text) for text in plain]
    plain = [re.sub(r"usage: .* error:", "usage: error:", text) for text in plain]
    return [text for text in plain if not re.match(r"\d+ (of \d+ )?gates? ", text)]
