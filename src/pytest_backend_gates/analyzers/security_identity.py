"""What decides bandit's findings besides the file: told without importing bandit."""

import configparser
import json
from importlib import metadata
from pathlib import Path
from typing import Final

from pytest_backend_gates.analyzers.configuration import tool_table
from pytest_backend_gates.analyzers.failures import CannotAnalyzeError

#: What bandit excludes by itself, but for ``__pycache__``, which comes with the first run and is part of no source's path.
LEFT_OUT: Final = ".svn,CVS,.bzr,.hg,.git,.tox,.eggs,*.egg"
_GROUPS: Final = ("bandit.plugins", "bandit.blacklists")


def fingerprint(rootdir: Path) -> str:
    """Return bandit's version and configuration in *rootdir*.

    Raises :class:`CannotAnalyzeError` for a configuration that cannot be read, and where other packages bring
    tests of their own, which may look at anything.
    """
    others = _bringing_tests() - {"bandit"}
    if others:
        raise CannotAnalyzeError(f"tests for bandit come from {', '.join(sorted(others))}")
    table = json.dumps(tool_table("bandit", rootdir), sort_keys=True, default=str)
    ini = rootdir / ".bandit"
    parser = _parsed(ini)
    named = parser.get("bandit", "configfile", fallback=None)
    # To bandit a name stands for what is in it, once it is a folder's, and before for every path that it is part of.
    excluded = (parser.get("bandit", "exclude", fallback="") or LEFT_OUT).split(",")
    folders = ",".join(name for name in excluded if (rootdir / name).is_dir())
    config = _text(rootdir / named) if named else ""
    return "\0".join([metadata.version("bandit"), table, _text(ini), folders, config])


def _bringing_tests() -> set[str]:
    """Return the names of the packages that bring tests for bandit."""
    every = metadata.entry_points()  # once: each look reads what all packages declare
    points = [point for group in _GROUPS for point in every.select(group=group)]
    # Each package once: to read its name takes a millisecond.
    brought = {point.dist or point.value for point in points}
    return {one if isinstance(one, str) else one.name for one in brought}


def _parsed(ini: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read(ini, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise CannotAnalyzeError(f"{ini.name} cannot be read: {error}", ini.name) from error
    return parser


def _text(path: Path) -> str:
    try:
        return path.read_bytes().hex()
    except OSError as error:
        return type(error).__name__
