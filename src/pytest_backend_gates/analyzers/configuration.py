"""Where the engines' own settings stand in ``pyproject.toml``."""

import tomllib
from pathlib import Path
from typing import Any, Final

from pytest_backend_gates.analyzers.failures import CannotAnalyzeError

PYPROJECT: Final = "pyproject.toml"


def tool_table(name: str, rootdir: Path = Path()) -> dict[str, Any] | None:
    """Return ``[tool.<name>]`` of the pyproject.toml in *rootdir*, or ``None`` when there is none.

    Raises :class:`CannotAnalyzeError` for a file that is no TOML or a ``tool.<name>`` that is no table.
    """
    path = rootdir / PYPROJECT
    if not path.is_file():
        return None
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except ValueError as error:
        raise CannotAnalyzeError(f"{PYPROJECT} cannot be read: {error}", PYPROJECT) from error
    table = tool.get(name) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise CannotAnalyzeError(f"tool.{name} of {PYPROJECT} is no table", PYPROJECT)
    return table
