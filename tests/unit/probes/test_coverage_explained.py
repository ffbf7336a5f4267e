"""Which configuration of coverage.py counts is told before anything is measured."""

import sys
from pathlib import Path

import pytest

from pytest_backend_gates.probes.coverage_explained import configured_by, core_in, measured_by


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (None, "", "no configuration: lines of the source"),
        ("pyproject.toml", "[project]\nname = 'x'\n", "no configuration: lines of the source"),
        (".coveragerc", "[run]\nbranch = true\n", ".coveragerc: lines and branches of the source"),
        (
            "pyproject.toml",
            "[tool.coverage.run]\nsource_pkgs = ['shop', 'billing']\n",
            "pyproject.toml: lines of source_pkgs = shop, billing",
        ),
        (
            "setup.cfg",
            "[coverage:run]\nsource = shop\ninclude = shop/*\n",
            "setup.cfg: lines of source = shop, include = shop/*",
        ),
    ],
)
def test_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None, text: str, told: str
) -> None:
    """The file is named, and what it says of branches and source; the working directory does not matter."""
    monkeypatch.delenv("COVERAGE_RCFILE", raising=False)
    if name:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert configured_by(tmp_path) == told


def test_a_broken_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What coverage.py cannot read is told in its words."""
    monkeypatch.delenv("COVERAGE_RCFILE", raising=False)
    (tmp_path / ".coveragerc").write_text("[run]\nbranch = maybe\n", encoding="utf-8")
    assert configured_by(tmp_path).startswith("its configuration is broken: ")
    assert "maybe" in configured_by(tmp_path)


def test_pytest_cov_measures() -> None:
    """Who was told to measure already is not doubled."""
    assert measured_by(adopted=True) == "measured by pytest-cov"


NO_MONITORING = ("ctrace", "this Python has no sys.monitoring")


def _since(
    version: tuple[int, int], told: tuple[str, str], *, before: tuple[str, str] = NO_MONITORING
) -> tuple[str, str]:
    """Return what is *told* from this *version* of Python on, else what is told *before*."""
    if sys.version_info >= version:
        return told
    return before if sys.version_info >= (3, 12) else NO_MONITORING


CHEAPEST = ("sysmon", "the cheapest that sees what is asked, also after sys.settrace(None)")
NO_BRANCHES = ("ctrace", "sys.monitoring sees no branches in this Python")
NO_PLUGINS = ("ctrace", "sys.monitoring knows no plugins of coverage.py")
NO_THREADS = ("ctrace", "sys.monitoring sees the threads that concurrency = multiprocessing leaves out")


@pytest.mark.parametrize(
    ("configuration", "environment", "core"),
    [
        ("", None, _since((3, 12), CHEAPEST)),
        ("branch = true", None, _since((3, 14), CHEAPEST, before=NO_BRANCHES)),
        ("plugins = coverage.plugin", None, _since((3, 14), CHEAPEST, before=NO_PLUGINS)),
        (
            "dynamic_context = test_function",
            None,
            _since((3, 12), ("ctrace", "sys.monitoring knows no dynamic contexts")),
        ),
        (
            "concurrency = thread, greenlet",
            None,
            _since((3, 12), ("ctrace", "sys.monitoring knows no concurrency = greenlet")),
        ),
        ("concurrency = multiprocessing", None, _since((3, 14), CHEAPEST, before=NO_THREADS)),
        ("concurrency = multiprocessing, thread", None, _since((3, 12), CHEAPEST)),
        ("concurrency =", None, _since((3, 12), CHEAPEST)),
        ("timid = true", "sysmon", ("pytrace", "timid = true")),
        ("core = ctrace", None, ("ctrace", "core = ctrace")),
        ("core = pytrace", "ctrace", ("ctrace", "COVERAGE_CORE = ctrace")),
        ("core = sysmon", None, _since((3, 12), ("sysmon", "core = sysmon"), before=NO_MONITORING)),
    ],
)
def test_the_core_and_why(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    configuration: str,
    environment: str | None,
    core: tuple[str, str],
) -> None:
    """The user's core is respected; else the cheapest that sees what is asked, and what keeps it from another."""
    monkeypatch.delenv("COVERAGE_RCFILE", raising=False)
    monkeypatch.delenv("COVERAGE_CORE", raising=False)
    if environment:
        monkeypatch.setenv("COVERAGE_CORE", environment)
    (tmp_path / ".coveragerc").write_text(f"[run]\n{configuration}\n", encoding="utf-8")
    told = core_in(tmp_path)
    assert told is not None
    why = (
        f"core = sysmon, but {core[1]}"
        if configuration == "core = sysmon" and core == NO_MONITORING
        else core[1]
    )
    assert told[:2] == (core[0], why)
