"""Where the project's settings stand in its ini file, for messages that point at them.

pytest reads the values; this reads only the places, in every dialect of pytest's ini file:
``[tool.pytest.ini_options]``, ``[tool.pytest]``, ``[pytest]`` and ``[tool:pytest]``.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Self

_SECTIONS: Final = frozenset({"pytest", "tool:pytest"})
_TABLES: Final = (("tool", "pytest", "ini_options"), ("tool", "pytest"), ("pytest",))
_HEADER = re.compile(r"\[([^\]]+)\]")
_ANY_HEADER = re.compile(r"\s*\[+([^\[\]]+)\]+\s*([#;].*)?$")
#: A table that looks as if it were ours; our settings stand among pytest's own.
_NOT_A_TABLE = re.compile(r"(^|[.:])[\"']?(pytest[-_])?backend[-_]?gates[\"']?$", re.IGNORECASE)
_KEY = re.compile(r"([^\s:=][^:=]*?)\s*[=:]")
_NEAR = re.compile(r"backend[_-]?gate", re.IGNORECASE)
#: How close a key must be to one of ours to count as misspelt, where it does not even say "backend gate".
_CLOSE: Final = 0.85


@dataclass(frozen=True, slots=True)
class IniFile:
    """The places of our keys, and of ``addopts``, in one file. ``name`` is relative to the rootdir."""

    name: str | None = None
    lines: tuple[str, ...] = ()
    #: Key -> the number of its line, from 1; ``None`` where only a TOML parser can find it.
    keys: dict[str, int | None] = field(default_factory=dict)
    #: Lines with a key or a table of ours where pytest does not read it.
    misplaced: tuple[int, ...] = ()

    @classmethod
    def read(cls, path: Path | None, rootdir: Path, known: Sequence[str]) -> Self:
        """Read the places of the *known* keys, and of what is nearly one of them, from *path*.

        No file, or one that cannot be read, has none.
        """
        if path is None or not path.is_file():
            return cls()
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        lines = tuple(text.splitlines())
        name = path.relative_to(rootdir).as_posix() if path.is_relative_to(rootdir) else path.as_posix()
        keys = _toml_keys(text, lines) if path.suffix == ".toml" else _ini_keys(lines)
        ours = {key: line for key, line in keys if key == "addopts" or is_ours(key, known)}
        return cls(name, lines, ours, tuple(_misplaced(lines, known)))

    def lines_of(self, key: str, texts: Iterable[str]) -> Iterator[int | None]:
        """Yield the line of each of *texts*, which stand in this order in the value of *key*."""
        number = self.keys.get(key) or 0
        column = self.lines[number - 1].find(key) + len(key) if number else 0
        for text in texts:
            found = self._find(text, number, column)
            if found:
                number, column = found
            yield found[0] if found else self.keys.get(key)

    def text_of(self, number: int | None) -> str | None:
        """Return the line *number*."""
        return self.lines[number - 1].strip() if number else None

    def _find(self, text: str, number: int, column: int) -> tuple[int, int] | None:
        """Return the line of *text* and the column behind it, from *column* of line *number* on."""
        if not number:
            return None
        for current, line in enumerate(self.lines[number - 1 :], number):
            at = line.find(text, column if current == number else 0)
            if at >= 0 and not line.lstrip().startswith(("#", ";")):
                return current, at + len(text)
        return None


def is_ours(key: str, known: Sequence[str]) -> bool:
    """Whether *key* is one of the *known* keys or was meant to be: a misspelt key must not be a silent one."""
    return bool(key in known or _NEAR.search(key) or get_close_matches(key.lower(), known, 1, _CLOSE))


def _misplaced(lines: Sequence[str], known: Sequence[str]) -> Iterator[int]:
    """Yield the numbers of lines that set something of ours outside pytest's sections."""
    read_by_pytest = {*_SECTIONS, *(".".join(table) for table in _TABLES)}
    section = ""
    for number, line in enumerate(lines, 1):
        if header := _ANY_HEADER.match(line):
            section = header[1].strip()
            if _NOT_A_TABLE.search(section):
                yield number
        elif section not in read_by_pytest and line.partition("=")[0].strip() in known:
            yield number


def _ini_keys(lines: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    """Yield the keys of our sections. A line that begins with a space continues a value."""
    ours = False
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            ours = header[1].strip() in _SECTIONS
        elif ours and not line.startswith(("#", ";")) and (key := _KEY.match(line)):
            yield key[1], number


def _toml_keys(text: str, lines: Sequence[str]) -> Iterator[tuple[str, int | None]]:
    """Yield the keys of our tables, however TOML spells the tables."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for table in _TABLES:
        for key in _descend(document, table):
            spelt = re.compile(rf"""\s*([\w.]+\.)?["']?{re.escape(key)}["']?\s*=""")
            yield key, next((number for number, line in enumerate(lines, 1) if spelt.match(line)), None)


def _descend(document: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    for name in names:
        value = document.get(name)
        document = value if isinstance(value, dict) else {}
    return document
