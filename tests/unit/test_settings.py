"""Settings are resolved from every place at once, or every mistake is told at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_backend_gates.errors import ConfigurationError
from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.reports.writer import Target
from pytest_backend_gates.settings import Settings, is_left_out, read, source_of

Read = Callable[..., Settings]
Problems = Callable[..., str]

DEFAULTS = [
    "coverage > 80%",
    "complexity < 10",
    "security.high == 0",
    "contract.failures == 0",
    "latency.p95 < 100ms",
]
KEYS = (
    "allowed: backend_gates_thresholds, backend_gates_sets, backend_gates_source, backend_gates_app,"
    " backend_gates_schema, backend_gates_base_url, backend_gates_writes, backend_gates_checks, backend_gates_contract_dir,"
    " backend_gates_usefixtures, backend_gates_reports, backend_gates_metrics, backend_gates_tests,"
    " backend_gates_strict"
)


@pytest.fixture
def settings(pytester: pytest.Pytester) -> Read:
    """Read the settings of a project with this ini text and these arguments."""
    package = pytester.mkpydir("shop")
    (package / "app.py").write_text("x = 1\n")

    def resolved(ini: str = "", *arguments: str) -> Settings:
        pytester.makeini(f"[pytest]\n{ini}")
        return read(pytester.parseconfig(*arguments), CATALOGUE)

    return resolved


@pytest.fixture
def problems(settings: Read) -> Problems:
    """Read wrong settings and return the whole message."""

    def told(ini: str = "", *arguments: str) -> str:
        with pytest.raises(ConfigurationError) as caught:
            settings(ini, *arguments)
        return str(caught.value)

    return told


def texts(settings: Settings) -> list[str]:
    return [threshold.text for threshold in settings.thresholds]


def test_the_defaults(settings: Read, pytester: pytest.Pytester) -> None:
    """Without any configuration there are five thresholds, the discovered source, no report, and no strict."""
    resolved = settings()
    assert texts(resolved) == DEFAULTS
    assert {str(threshold.origin) for threshold in resolved.thresholds} == {"default"}
    assert (resolved.sets, resolved.reports, resolved.strict, resolved.origins) == ({}, (), False, {})
    assert (resolved.source.rootdir, resolved.source.files) == (
        pytester.path,
        ("shop/__init__.py", "shop/app.py"),
    )


def test_thresholds_of_the_ini_file(settings: Read) -> None:
    """The project's lines replace defaults and know where they stand; comments and blank lines say nothing."""
    resolved = settings(
        "backend_gates_thresholds =\n    # budget\n    coverage > 90%  # of 2024\n\n    latency off\n"
    )
    assert [(one.text, str(one.origin)) for one in resolved.thresholds] == [
        ("complexity < 10", "default"),
        ("security.high == 0", "default"),
        ("contract.failures == 0", "default"),
        ("coverage > 90%", "tox.ini:4"),
        ("latency off", "tox.ini:6"),
    ]
    assert [one.text for one in resolved.written] == [*DEFAULTS, "coverage > 90%", "latency off"]


def test_the_command_line_wins(settings: Read) -> None:
    """A threshold for one run stands last."""
    resolved = settings(
        "backend_gates_thresholds = coverage > 90%", "--backend-gates-threshold", "coverage > 95%"
    )
    assert [(one.text, str(one.origin)) for one in resolved.thresholds if one.metric == "coverage"] == [
        ("coverage > 95%", "command line")
    ]


def test_options_in_addopts(settings: Read) -> None:
    """What stands in ``addopts`` was given by the project: its line is known."""
    resolved = settings(
        "addopts =\n  --backend-gates-strict\n  --backend-gates-threshold='coverage > 90%'"
        "\n  --backend-gates-report json:a.json"
    )
    assert (resolved.thresholds[-1].text, str(resolved.thresholds[-1].origin)) == (
        "coverage > 90%",
        "tox.ini:2",
    )
    assert set(resolved.origins.values()) == {"tox.ini:2"}


def test_an_override_for_one_run(settings: Read) -> None:
    """``-o`` replaces the ini file's value, and the file's line is not claimed for it."""
    ini = "backend_gates_thresholds = coverage > 90%\nbackend_gates_strict = true"
    resolved = settings(
        ini, "-o", "backend_gates_thresholds=coverage > 70%", "-o", "backend_gates_strict=false"
    )
    assert (resolved.thresholds[-1].text, str(resolved.thresholds[-1].origin)) == (
        "coverage > 70%",
        "command line",
    )
    assert resolved.strict is False
    assert resolved.origins == {"backend_gates_thresholds": "-o", "backend_gates_strict": "-o"}


@pytest.mark.parametrize(
    ("option", "off"),
    [
        ("--backend-gates-skip=latency", ["latency"]),
        ("--backend-gates-skip=latency, coverage", ["latency", "coverage"]),
        ("--backend-gates-only=complexity,security,contract", ["coverage", "latency"]),
    ],
)
def test_gates_left_out(settings: Read, pytester: pytest.Pytester, option: str, off: list[str]) -> None:
    """A gate that this run leaves out is off, and its row can say why; it is known before anything is measured."""
    resolved = settings("", option)
    assert {one.metric: one.text for one in resolved.thresholds if one.is_off} == dict.fromkeys(off, option)
    assert [
        gate for gate in ("coverage", "complexity", "security", "latency") if not resolved.wants(gate)
    ] == sorted(off)
    early = pytester.parseconfig(option).known_args_namespace
    assert {gate for gate in CATALOGUE.gates if is_left_out(gate, early)} >= {*off}
    assert not any(is_left_out(gate, early) for gate in CATALOGUE.gates if resolved.wants(gate))


def test_sets(settings: Read) -> None:
    """A set is a name for globs, and thresholds select by it."""
    resolved = settings(
        "backend_gates_sets =\n  critical = src/pay/**, POST /pay*  # money\n"
        "backend_gates_thresholds = latency.p95[@critical] < 50ms"
    )
    assert resolved.sets == {"critical": ("src/pay/**", "POST /pay*")}
    assert resolved.thresholds[-1].globs == ("src/pay/**", "POST /pay*")
    assert resolved.origins["@critical"] == "tox.ini:3"


def test_reports(settings: Read, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ini file's reports go below the rootdir, given ones below the current folder."""
    monkeypatch.chdir(pytester.path / "shop")
    resolved = settings("backend_gates_reports = json:build/a.json", "--backend-gates-report=json:b.json")
    assert resolved.reports == (
        Target("json", pytester.path / "build" / "a.json"),
        Target("json", pytester.path / "shop" / "b.json", is_asked_for=True),
    )


@pytest.mark.parametrize(
    ("ini", "arguments", "strict"),
    [
        ("backend_gates_strict = true", (), True),
        ("backend_gates_strict = no", (), False),
        ("", ("--backend-gates-strict",), True),
        ("backend_gates_strict = false", ("--backend-gates-strict",), True),
    ],
)
def test_strict(settings: Read, ini: str, arguments: tuple[str, ...], strict: bool) -> None:  # noqa: FBT001
    """The option wins over the key; without the option the key counts."""
    assert settings(ini, *arguments).strict is strict


def test_configured_source(settings: Read) -> None:
    """The project's own words on what is source win over every guess."""
    resolved = settings("backend_gates_source = shop/app.py  # all of it")
    assert (resolved.source.files, resolved.source.why) == (
        ("shop/app.py",),
        "backend_gates_source names shop/app.py",
    )


def test_presets(settings: Read) -> None:
    """A preset stands for its lines, and what follows replaces them."""
    resolved = settings("backend_gates_thresholds =\n  coverage off\n  preset: default\n  complexity < 12")
    assert texts(resolved) == [
        "coverage > 80%",
        "security.high == 0",
        "contract.failures == 0",
        "latency.p95 < 100ms",
        "complexity < 12",
    ]


def test_all_problems_together(problems: Problems) -> None:
    """One run tells every mistake: where it is, the text, a caret, and what is allowed there."""
    ini = """\
backend_gates_threshold = coverage > 90%
backend_gates_thresholds =
    covrage > 80%
    latency.p95 < 100
backend_gates_sets = two words = x
backend_gates_reports = jsn:gates.json
backend_gates_source = shop
    sohp
"""
    assert (
        problems(ini, "--backend-gates-skip=cover", "--backend-gates-threshold=complexity")
        == f"""\
backend gates: 8 problems in the configuration
backend_gates_threshold (tox.ini:2): unknown key 'backend_gates_threshold'
    backend_gates_threshold = coverage > 90%
    ^^^^^^^^^^^^^^^^^^^^^^^
  did you mean 'backend_gates_thresholds'? {KEYS}
backend_gates_sets (tox.ini:6): this is not a set
    two words = x
    ^^^^^^^^^^^^^
  a set is written: name = glob, glob
backend_gates_thresholds (tox.ini:4): unknown metric 'covrage'
    covrage > 80%
    ^^^^^^^
  did you mean 'coverage'? allowed: complexity, contract.failures, contract.operations, contract.statuses, coverage, \
coverage.file, errors, latency, queries.count, queries.repeated, queries.time, security.high, security.low, security.medium, \
security.suppressed, tests.e2e, tests.integration, tests.unit
backend_gates_thresholds (tox.ini:5): 'latency' needs a unit
    latency.p95 < 100
                  ^^^
  units: s, ms, us
--backend-gates-threshold: expected an operator; got the end
    complexity
              ^
  operators: < <= > >= ==, or 'complexity off'; a shell takes an unquoted < or > for itself: put the threshold in \
quotes
--backend-gates-skip: unknown gate 'cover'
    cover
    ^^^^^
  did you mean 'coverage'? allowed: coverage, complexity, security, contract, latency, errors, queries, tests
backend_gates_source (tox.ini:9): 'sohp' does not exist in {Path.cwd()}
    sohp
    ^^^^
  allowed: folders and .py files, relative to the rootdir
backend_gates_reports (tox.ini:7): 'jsn' is not a report format
    jsn:gates.json
    ^^^^^^^^^^^^^^
  write FORMAT:PATH, such as json:gates.json (formats: json)"""
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("= x", "this is not a set\n    = x\n    ^^^\n  a set is written: name = glob, glob"),
        ("a", "this is not a set\n    a\n    ^\n  a set is written: name = glob, glob"),
        ("a =", "an empty glob\n    a =\n    ^^^\n  a set is written: name = glob, glob"),
        ("a = x,,y", "an empty glob\n    a = x,,y\n        ^^^^\n  a set is written: name = glob, glob"),
        (
            "a = x\\y",
            """\
'x\\y': paths are written with forward slashes
    a = x\\y
        ^^^
  a set is written: name = glob, glob""",
        ),
        (
            "a = @b",
            "'@b': a set stands alone\n    a = @b\n        ^^\n  a set is written: name = glob, glob",
        ),
        ("a = x\n    a = y", "the set 'a' is defined twice\n    a = y\n    ^"),
    ],
)
def test_sets_that_cannot_be_read(problems: Problems, line: str, message: str) -> None:
    """A line that is no set says how one is written."""
    number = 4 if "\n" in line else 3
    where = f"backend_gates_sets (tox.ini:{number})"
    told = problems(f"backend_gates_sets =\n    {line}\n")
    assert told == f"backend gates: 1 problem in the configuration\n{where}: {message}"


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("backend-gates-thresholds", "backend_gates_thresholds"),
        ("backend_gate_thresholds", "backend_gates_thresholds"),
        ("Backend_gates_strict", "backend_gates_strict"),
        ("bakcend_gates_sets", "backend_gates_sets"),
    ],
)
def test_keys_that_are_nearly_ours(problems: Problems, key: str, known: str) -> None:
    """A key that pytest would only ignore is an error, in the ini file and in ``-o``."""
    rest = f"unknown key '{key}'\n    {key} = 1\n    {'^' * len(key)}\n  did you mean '{known}'? {KEYS}"
    title = "backend gates: 1 problem in the configuration\n"
    assert problems(f"{key} = 1") == f"{title}{key} (tox.ini:2): {rest}"
    assert problems("", "-o", f"{key}=1") == f"{title}-o: {rest.replace(' = 1', '=1')}"


def test_values_of_the_wrong_type(problems: Problems) -> None:
    """A value of the wrong type is told with what is allowed, from the file and from ``-o``."""
    message = "invalid truth value 'maybe'"
    assert problems("backend_gates_strict = maybe") == (
        "backend gates: 1 problem in the configuration\n"
        f"backend_gates_strict (tox.ini:2): {message}\n"
        "    backend_gates_strict = maybe\n"
        "                           ^^^^^\n"
        "  allowed: true or false"
    )
    assert problems("backend_gates_strict = true", "-o", "backend_gates_strict=maybe") == (
        "backend gates: 1 problem in the configuration\n"
        f"-o backend_gates_strict: {message}\n"
        "    backend_gates_strict=maybe\n"
        "                         ^^^^^\n"
        "  allowed: true or false"
    )


def test_problems_of_an_override(problems: Problems) -> None:
    """A mistake in ``-o`` is not blamed on the ini file."""
    told = problems(
        "backend_gates_thresholds = coverage > 80%", "-o", "backend_gates_thresholds=coverage > 80"
    )
    assert told == (
        "backend gates: 1 problem in the configuration\n"
        "-o backend_gates_thresholds: 'coverage' needs a unit\n"
        "    coverage > 80\n"
        "               ^^\n"
        "  units: %"
    )


def test_a_shadowed_threshold(problems: Problems) -> None:
    """A threshold that can own nothing names the one that takes everything from it."""
    told = problems("backend_gates_thresholds =\n    complexity[shop/**] < 5\n    complexity < 10\n")
    assert told == (
        "backend gates: 1 problem in the configuration\n"
        "backend_gates_thresholds (tox.ini:3): this threshold can own nothing: 'complexity < 10' (tox.ini:4) comes"
        " later and matches everything that it matches\n"
        "    complexity[shop/**] < 5\n"
        "    ^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  the last threshold that matches a subject owns it: write the general one first"
    )


def test_an_off_for_nothing(problems: Problems) -> None:
    """Who wants to leave a part of the code alone by it is told how."""
    told = problems("backend_gates_thresholds =\n    complexity < 9\n    complexity[shop/old/**] off\n")
    assert told == (
        "backend gates: 1 problem in the configuration\n"
        "backend_gates_thresholds (tox.ini:4): there is no 'complexity[shop/old/**]' before it to be switched off\n"
        "    complexity[shop/old/**] off\n"
        "    ^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  'complexity off' switches all of the metric off; what a selector matches is left alone by a threshold of"
        " its own with another limit"
    )


def test_the_source_before_conftest_files(pytester: pytest.Pytester, settings: Read) -> None:
    """The early source is the same one; where the setting is wrong there is none, and ``read`` tells why."""
    early = source_of(pytester.parseconfig())
    assert early == settings().source
    pytester.makeini("[pytest]\nbackend_gates_source = nowhere\n")
    assert source_of(pytester.parseconfig()) is None


@pytest.mark.parametrize(
    ("ini", "argument", "allowed"),
    [
        ("", "--backend-gates-only=errors", "no threshold of errors is written"),
        ("", "--backend-gates-only=errors,queries", "no threshold of errors and queries is written"),
        (
            "",
            "--backend-gates-skip=coverage,complexity,security,contract,latency",
            "no threshold of errors and queries and tests is written",
        ),
        (
            "backend_gates_thresholds = errors < 1%",
            "--backend-gates-skip=coverage,complexity,security,contract,latency,errors,queries,tests",
            "--no-backend-gates judges none",
        ),
    ],
)
def test_no_gate_is_left(problems: Problems, ini: str, argument: str, allowed: str) -> None:
    """A run that would judge nothing is a mistake, also when a gate that has no default is all that is left."""
    assert (
        problems(ini, argument)
        == f"""\
backend gates: 1 problem in the configuration
command line: no gate is left to judge
    {argument}
    {"^" * len(argument)}
  {allowed}"""
    )


def test_a_gate_without_a_default_can_be_left_alone(settings: Read) -> None:
    """``errors`` is judged when a threshold of it is written, and it alone if the command line says so."""
    ini = "backend_gates_thresholds = errors < 1%"
    assert settings(ini, "--backend-gates-only=errors").wants("errors")
    assert [gate for gate in CATALOGUE.gates if settings(ini, "--backend-gates-only=errors").wants(gate)] == [
        "errors"
    ]
    assert not settings("").wants("errors")
