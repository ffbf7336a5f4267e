"""Which configuration of coverage.py counts is told before anything is measured."""

from pathlib import Path

import pytest

from pytest_backend_gates.probes.coverage_explained import configured_by, measured_by


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
