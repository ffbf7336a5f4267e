"""Where bandit's configuration stands is told before anything is scanned."""

from pathlib import Path

import pytest

from pytest_backend_gates.analyzers.security_explained import configured_by

TABLE = "[tool.bandit]\nskips = ['B101']\n"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "no configuration: every test of bandit"),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, "no configuration: every test of bandit"),
        ({"pyproject.toml": TABLE}, "[tool.bandit] of pyproject.toml"),
        ({".bandit": "[bandit]\nskips = B101\n"}, ".bandit"),
        ({"pyproject.toml": TABLE, ".bandit": "[bandit]\n"}, "[tool.bandit] of pyproject.toml and .bandit"),
        ({"pyproject.toml": "tool.bandit = 1\n"}, "tool.bandit of pyproject.toml is no table"),
    ],
)
def test_places(tmp_path: Path, files: dict[str, str], told: str) -> None:
    """Every place that counts is named, from the rootdir."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert configured_by(tmp_path) == told
