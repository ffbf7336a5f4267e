"""Which configuration of bandit counts: told before anything is scanned."""

import contextlib
from pathlib import Path

from pytest_backend_gates.analyzers.configuration import PYPROJECT, tool_table
from pytest_backend_gates.analyzers.failures import CannotAnalyzeError


def configured_by(rootdir: Path) -> str:
    """Name the places in *rootdir* from which bandit is configured."""
    with contextlib.chdir(rootdir):
        try:
            places = [f"[tool.bandit] of {PYPROJECT}"] if tool_table("bandit") is not None else []
        except CannotAnalyzeError as error:
            return str(error)
        places += [".bandit"] if Path(".bandit").is_file() else []
    return " and ".join(places) or "no configuration: every test of bandit"
