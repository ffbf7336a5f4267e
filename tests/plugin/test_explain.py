"""``--backend-gates-explain`` tells every resolved setting, where it comes from and why, and runs no test."""

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project, Result

TITLE = "backend gates: settings"
PYPROJECT = """\
[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
addopts = ["--backend-gates-threshold=security.suppressed <= 3"]
backend_gates_sets = [
    "critical = POST /orders, src/shop/payments/**",
    "legacy = shop/app.py",
]
backend_gates_thresholds = [
    "coverage > 90%",
    "complexity[@legacy] < 20",
    "latency.p95[@critical] < 50ms",
    "latency.mean < 40ms",
]
backend_gates_reports = ["json:gates.json"]
backend_gates_source = ["shop"]
backend_gates_app = "shop.app:app"
backend_gates_writes = true
backend_gates_checks = ["ignored_auth"]
backend_gates_contract_dir = "tests"
backend_gates_usefixtures = ["clean", "signed_in"]

[tool.coverage.run]
branch = true
source = ["shop"]

[tool.bandit]
skips = ["B101"]
"""
#: What measures lines here, and why.
CORE = (
    "coverage   core ctrace                  this Python has no sys.monitoring"
    if sys.version_info < (3, 12)
    else "coverage   core sysmon                  the cheapest that sees what is asked, also after\n"
    "                                        sys.settrace(None)"
)
RAN = "import pathlib\n\npathlib.Path('ran').touch()\n\n\ndef test_a():\n    pass\n"


@pytest.fixture
def project(shop: "Project") -> "Project":
    """Make a project that leaves a trace when its tests are as much as imported."""
    (shop.root / "pytest.ini").unlink()
    return shop.file("tests/test_app.py", RAN)


def explained(project: "Project", *arguments: str) -> tuple["Result", str]:
    """Run, and return the result with what stands under the title."""
    result = project.gates("--backend-gates-explain", *arguments)
    lines = result.out.splitlines()
    start = next((i for i, line in enumerate(lines) if line.strip("= ") == TITLE), None)
    if start is None:
        return result, ""
    end = next(i for i, line in enumerate(lines[start:], start) if not line or "no tests ran" in line)
    return result, "\n".join(lines[start + 1 : end])


def test_without_any_configuration(project: "Project") -> None:
    """The defaults, the discovered source and who will measure; exit status 0, and nothing is imported."""
    result, told = explained(project)
    assert (result.status, result.err) == (0, "")
    assert (
        told
        == f"""\
threshold  coverage > 80%               default
threshold  complexity < 10              default
threshold  security.high == 0           default
threshold  contract.failures == 0       default
threshold  latency.p95 < 100ms          default
strict     false                        default
source     shop (2 files)               the top of the project holds the package shop
           shop/__init__.py
           shop/app.py
coverage   measured by this plugin      no configuration: lines of the source
{CORE}
security   scanned by bandit            no configuration: every test of bandit
contract   observed                     nothing is generated: set backend_gates_app
latency    Starlette                    timed once the tests import it
latency    FastAPI                      timed once the tests import it
latency    Litestar                     timed once the tests import it
latency    Flask                        timed once the tests import it
latency    Django                       timed once the tests import it
latency    Django Ninja                 timed once the tests import it
run        full                         everything that a bare pytest runs"""
    )
    assert not (project.root / "ran").exists()


def test_with_everything_configured(project: "Project") -> None:
    """Each setting with its file and line; what a default or a line was replaced by; the engines' own files."""
    project.file("pyproject.toml", PYPROJECT)
    arguments = ("--backend-gates-strict", "--backend-gates-skip=complexity", "-k", "grade")
    result, told = explained(project, *arguments, "--backend-gates-report=json:now.json")
    assert (result.status, result.err) == (0, "")
    assert (
        told
        == f"""\
threshold  security.high == 0           default
threshold  contract.failures == 0       default
threshold  latency.p95 < 100ms          default
threshold  coverage > 90%               pyproject.toml:10, in place of coverage > 80% (default)
threshold  latency.p95[@critical] < 50ms
                                        pyproject.toml:12
threshold  latency.mean < 40ms          pyproject.toml:13
threshold  security.suppressed <= 3     pyproject.toml:4
threshold  complexity off               --backend-gates-skip=complexity, in place of complexity < 10
                                        (default) and complexity[@legacy] < 20 (pyproject.toml:11)
set        @critical = POST /orders, src/shop/payments/**
                                        pyproject.toml:6
set        @legacy = shop/app.py        pyproject.toml:7
report     json:{project.root}/gates.json
                                        pyproject.toml:15
report     json:{project.root}/now.json
                                        command line
strict     true                         command line
source     shop (2 files)               backend_gates_source names shop (pyproject.toml:16)
           shop/__init__.py
           shop/app.py
coverage   not measured: a narrowed run
                                        pyproject.toml: lines and branches of source = shop
security   scanned by bandit            [tool.bandit] of pyproject.toml
contract   app shop.app:app             pyproject.toml:17
contract   writes true                  pyproject.toml:18
contract   checks ignored_auth          pyproject.toml:19
contract   contract_dir tests           pyproject.toml:20
contract   usefixtures clean, signed_in
                                        pyproject.toml:21
latency    Starlette                    timed once the tests import it
latency    FastAPI                      timed once the tests import it
latency    Litestar                     timed once the tests import it
latency    Flask                        timed once the tests import it
latency    Django                       timed once the tests import it
latency    Django Ninja                 timed once the tests import it
run        narrowed                     -k grade"""
    )
    assert not (project.root / "ran").exists()
    assert not (project.root / "gates.json").exists()


one_mode = pytest.mark.parametrize("mode", [("-p", "no:xdist")], indirect=True, ids=["no xdist"])


@one_mode
def test_quiet_and_verbose(project: "Project") -> None:
    """``-q`` leaves pytest's own header away and nothing else; ``-v`` names every source file."""
    for number in range(20):
        project.file(f"shop/part_{number:02}.py", "")
    _, told = explained(project)
    quiet, told_quietly = explained(project, "-q")
    assert told_quietly == told
    assert quiet.out.startswith("=" * 10)
    lines = told.splitlines()
    start = lines.index(
        "source     shop (22 files)              the top of the project holds the package shop"
    )
    assert lines[start + 1] == "           shop/__init__.py"
    assert lines[start + 10].strip() == "... and 13 more: -v names them"
    _, told_at_length = explained(project, "-v")
    assert sum(line.strip().startswith("shop/") for line in told_at_length.splitlines()) == 22


@one_mode
@pytest.mark.parametrize(
    ("arguments", "who"),
    [
        (("--cov=shop",), "measured by pytest-cov"),
        (("--cov=shop", "--no-cov"), "not traced: --no-cov"),
        (("--pdb",), "not traced: --pdb"),
    ],
)
def test_who_measures_coverage(project: "Project", arguments: tuple[str, ...], who: str) -> None:
    """Whoever measures already is not doubled, and a debugger keeps its tracing."""
    _, told = explained(project, *arguments)
    assert f"coverage   {who}" in [line[:40].strip() for line in told.splitlines()]


@one_mode
def test_an_outer_coverage_run(project: "Project") -> None:
    """Inside ``coverage run`` its data count."""
    import subprocess

    command = [sys.executable, "-m", "coverage", "run", *project.command()[1:]]
    done = subprocess.run(
        [*command, "--backend-gates", "--backend-gates-explain"],
        cwd=project.root,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("coverage "))
    assert line == "coverage   measured by the outer coverage run"


@one_mode
def test_what_is_switched_off_is_not_explained(project: "Project") -> None:
    """A gate that is off is one row: it is off, and where."""
    _, told = explained(project, "--backend-gates-only=complexity")
    assert [line.split()[0] for line in told.splitlines() if not line.startswith(" ")] == [
        *["threshold"] * 5,
        "strict",
        "source",
        "run",
    ]


@one_mode
@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("pyproject.toml", "[tool.coverage\n", None),
        (".coveragerc", "[run]\nbranch = maybe\n", "coverage   measured by this plugin"),
        ("pyproject.toml", "[tool]\nbandit = 1\n", "security   scanned by bandit"),
    ],
)
def test_broken_configuration_of_an_engine(
    project: "Project", name: str, text: str, line: str | None
) -> None:
    """What an engine cannot read is told here too; a pyproject.toml that is no TOML stops pytest itself."""
    result, told = explained(project.file(name, text))
    if line is None:
        assert result.status == 4
    else:
        (found,) = [told_line for told_line in told.splitlines() if told_line.startswith(line)]
        assert "broken" in found or "is no table" in found
