"""What the README shows is executed: its settings, its commands, its terminal block, its options."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.metrics import PRESETS
from pytest_backend_gates.options import INI_KEYS
from pytest_backend_gates.reports.terminal import TITLE
from pytest_backend_gates.settings import read

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: What is told of a run without the thresholds that the README adds: the gates' own names.
GATES = ("coverage", "complexity", "security", "contract", "latency")


class Block(NamedTuple):
    """One fenced block: its info string, its text, and the line of the README where it begins."""

    info: str
    text: str
    line: int


BLOCKS = [
    Block(match["info"], match["text"], README[: match.start()].count("\n") + 1)
    for match in re.finditer(r"^```(?P<info>.*)\n(?P<text>(?:.*\n)*?)```$", README, re.MULTILINE)
]


def blocks(*infos: str) -> Sequence[object]:
    found = [pytest.param(block, id=f"line {block.line}") for block in BLOCKS if block.info in infos]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason=f"no {' or '.join(infos)} block"))]


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    """A block with another info string would be shown and never run."""
    assert {block.info for block in BLOCKS} <= {"console", "ini", "toml", "text"}
    assert README.count("\n```") == 2 * len(BLOCKS)
    assert all(is_terminal_block(block) for block in BLOCKS if block.info == "text")


def is_terminal_block(block: Block) -> bool:
    return block.text.partition("\n")[0].strip("= ") == TITLE


@pytest.mark.parametrize("block", blocks("toml", "ini"))
def test_settings(pytester: pytest.Pytester, block: Block) -> None:
    """The settings are read by pytest and by the plugin without a complaint, and every line of them counts."""
    if block.info == "toml":
        pytester.makepyprojecttoml(block.text)
    else:
        name = "setup.cfg" if "[tool:pytest]" in block.text else "pytest.ini"
        (pytester.path / name).write_text(block.text, encoding="utf-8")
    for name in ("src/shop/payments/pay.py", "src/shop/legacy/old.py"):
        (pytester.path / name).parent.mkdir(parents=True, exist_ok=True)
        (pytester.path / name).touch()
    config = pytester.parseconfig("--no-backend-gates")
    assert config.inipath is not None
    settings = read(config, CATALOGUE)
    lines = config.getini("backend_gates_thresholds") or ()
    assert [one.text for one in settings.thresholds if one.origin.kind == "ini"] == [
        bare(line) for line in lines
    ]
    names = [line.partition("=")[0].strip() for line in config.getini("backend_gates_sets") or ()]
    assert list(settings.sets) == names
    assert all(one.origin.line for one in settings.thresholds if one.origin.kind == "ini")


def bare(line: str) -> str:
    return line.partition(" #")[0].strip()


@pytest.mark.parametrize("block", blocks("console"))
def test_commands(block: Block) -> None:
    """Installing is left to ``.ci/run``, which runs those lines; a run of pytest is explained instead of run."""
    for line in block.text.splitlines():
        install, _, run = line.rpartition(" && ") if " && " in line else ("", "", line)
        if run.startswith("pip install "):
            name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
            assert run == f"pip install ../{name}"
            continue
        assert run.split()[0] == "pytest"
        if install:
            extra = re.fullmatch(r'pip install -e "\.\[(\w+)\]"', install)
            assert extra is not None
            assert f"readme_command {extra[1]}" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        if "--backend-gates" in run:
            done = gates(*run.split()[1:], "--backend-gates-explain")
            assert (done.returncode, done.stderr) == (0, "")
            assert f" {TITLE}: settings " in done.stdout


def gates(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run pytest as one would in a checkout."""
    foreign = ("COVERAGE", "COV_CORE", "PYTEST", "CI", "GITHUB_", "BUILD_NUMBER", "NO_COLOR", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:schemathesis", *arguments],
        cwd=ROOT,
        env={**kept, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if is_terminal_block(block)], ids=lambda one: one.line
)
def test_the_terminal_block(block: Block) -> None:
    """It is what the example prints, times aside.

    Rows that are named for a metric come from a threshold that the README's run added; the others from the
    defaults and the example's own configuration.
    """
    added = [f"--backend-gates-threshold={expression}" for expression in added_thresholds(block.text)]
    done = gates("--backend-gates", "examples/bookshop", *added)
    start = next((i for i, line in enumerate(done.stdout.splitlines()) if line.strip("= ") == TITLE), None)
    assert start is not None, done.stdout + done.stderr
    lines = done.stdout.splitlines()[start:]
    end = next(i for i, line in enumerate(lines) if i and line.startswith("==="))
    assert normal(lines[:end]) == normal(block.text.splitlines()), "\n".join(lines[:end])


def added_thresholds(text: str) -> list[str]:
    """Return the thresholds of the rows that are not labelled with a gate, ``coverage.file >= 98%``.

    And those of latency with a limit that a busy machine keeps: the README's own is a time, and normalised.
    """
    latencies = re.findall(
        r"^[A-Z]+ +latency +([a-z][\w.]*) \S+ \S+ < \S+ \S+ +(\[.*?\])?", text, re.MULTILINE
    )
    relaxed = [f"latency.{aggregate}{selector} < 60s" for aggregate, selector in latencies]
    rows = re.findall(r"^[A-Z_]+ +([a-z.]+) +\S+ ([<>=]+ \S+)", text, re.MULTILINE)
    named = [f"{label} {limit}" for label, limit in rows if label in CATALOGUE.metrics and label not in GATES]
    return named + relaxed


def normal(lines: Sequence[str]) -> str:
    """Join *lines* without what a clock has a part in: times, the operation that was slowest, how many are proven."""
    text = " ".join(" ".join(lines).split())
    text = re.sub(r"\d+(\.\d+)? (ms|s|us)\b", "TIME", text)
    text = re.sub(r"worst (\(rest\)( \(.*?\))?|[A-Z]+ \S+);", "worst OPERATION;", text)
    proven = r"\d+ operations? within( together)?"
    text = re.sub(rf"{proven}(, {proven})?(, \d+ unproven)?", "OPERATIONS within", text)
    text = re.sub(r"coverage core \w+", "coverage core CORE", text)
    # Which lines and branches there are depends on the version of Python; the README was written on this one.
    return text if sys.version_info[:2] == (3, 11) else re.sub(r"[\d,.]+", "N", text)


def test_every_option_and_key_is_told(pytester: pytest.Pytester) -> None:
    """The README names every option and key, and none that is not there."""
    options = set(
        re.findall(r"--(?:no-)?backend-gates[a-z-]*", pytester.runpytest_inprocess("--help").stdout.str())
    )
    assert set(re.findall(r"--(?:no-)?backend-gates[a-z-]*", README)) == options
    assert set(re.findall(r"\bbackend_gates_[a-z_]+", README)) == INI_KEYS.keys()


def test_every_metric_and_default_is_told() -> None:
    """The README names every metric, shortened where the family was named before, and every default."""
    quoted = set(re.findall(r"`([^`\n]+)`", README))
    for name in CATALOGUE.metrics:
        assert {name, f".{name.rpartition('.')[2]}"} & quoted
    assert set(PRESETS["default"]) <= quoted
