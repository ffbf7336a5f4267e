"""What of radon's own configuration counts here, read from where ``radon cc`` in the rootdir reads it.

``no_assert`` changes its numbers; ``exclude`` and ``ignore`` leave files and folders out. Its other settings
choose what it prints and how, which is for the thresholds and the reports to say here.
"""

import configparser
import os
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from pytest_backend_gates.analyzers.configuration import tool_table

_SECTION = "radon"


@dataclass(frozen=True, slots=True)
class RadonSettings:
    """The settings. Patterns are as radon splits them: at commas, with their spaces."""

    no_assert: bool = False
    exclude: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def leaves_out(self, path: str) -> bool:
        """Whether radon would not look at *path*: a pattern matches all of it, or the name of a folder above it."""
        *folders, _ = path.split("/")
        return any(fnmatch(path, pattern) for pattern in self.exclude) or any(
            fnmatch(folder, pattern) for folder in folders for pattern in self.ignore
        )


def radon_settings(rootdir: Path) -> RadonSettings:
    """Read them. Raises for a configuration file that cannot be read."""
    # radon.cli would read them too, but a "%" anywhere in [tool] of pyproject.toml makes its import raise.
    merged = configparser.ConfigParser(interpolation=None)
    _read(merged, [*_named_outside(rootdir), rootdir / "radon.cfg"])
    merged.read_dict({_SECTION: tool_table("radon", rootdir) or {}})
    # radon lets the user's own file have the last word.
    _read(merged, [rootdir / "setup.cfg", Path(os.path.expanduser("~/.radon.cfg"))])  # noqa: PTH111
    return RadonSettings(
        merged.getboolean(_SECTION, "no_assert", fallback=False),
        *(_patterns(merged.get(_SECTION, key, fallback="")) for key in ("exclude", "ignore")),
    )


def _read(merged: configparser.ConfigParser, paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_file():  # ``read`` by itself also passes over what it may not open
            merged.read_string(path.read_text(encoding="utf-8"), str(path))


def _named_outside(rootdir: Path) -> list[Path]:
    named = os.environ.get("RADONCFG")
    return [rootdir / named] if named else []


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
