"""The shape of a statement: its text without anything that differs from run to run.

Parameters, literals and comments are left out, so a shape can be counted and shown. What is in doubt is
taken for a literal.
"""

import re
from functools import lru_cache
from typing import Final

from pytest_backend_gates.taps.quoted import QuotedWords

#: Databases in whose strings a backslash escapes, and in which double quotes enclose a string.
_BACKSLASHES: Final = ("mysql", "mariadb")
#: Databases in which double quotes enclose nothing but names.
_NAMES: Final = ("postgresql", "oracle")
#: Databases in which a comment ends at the first end of one. In doubt it does not.
_FLAT: Final = ("sqlite", "oracle")

_TOKENS: Final = r"""
    (?P<space> (?: \s | COMMENT )+ )
  | (?P<literal>
        [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)       # a string that may be cut off
      | (?:\b[nNxXbB]|[uU]&)?'(?:STRING)*(?:'|\Z)
      | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)
      | DOUBLE
      | %\(\w+\)s | %s | \?\d* | \$\d+ | (?<![:\w]):\w+ | @\w+   # a parameter
      | (?<![\w$])\d[\w.]*                        # a number
    )
  | (?P<kept> [^\W\d][\w$]* | "(?:[^"]|"")*(?:"|\Z) | `[^`]*` | :: | . )
"""
_FLAT_COMMENT: Final = r"/\*.*?(?:\*/|\Z)"
#: So deep comments are looked into. What is behind one that is deeper, or not closed, is left out.
_DEEPEST: Final = 8


def _nested_comment() -> str:
    comment = r"(?!)"
    for _ in range(_DEEPEST):
        comment = rf"/\*(?>[^*/]|\*(?!/)|/(?!\*)|{comment})*+\*/"
    return rf"{comment} | /\*.*"


def _compiled(comment: str, string: str = r"[^']|''", double: str = r"(?!)") -> re.Pattern[str]:
    tokens = _TOKENS.replace("COMMENT", comment).replace("STRING", string).replace("DOUBLE", double)
    return re.compile(tokens, re.VERBOSE | re.DOTALL)


_NESTING: Final = _compiled(rf"--[^\r\n]* | {_nested_comment()}")
_STANDARD: Final = _compiled(rf"--[^\n]* | {_FLAT_COMMENT}")
_MYSQL: Final = _compiled(
    rf"(?:--(?![^\s\x00-\x1f])|\#)[^\n]* | {_FLAT_COMMENT}",
    r"[^'\\]|\\.|''",
    r'"(?:[^"\\]|\\.|"")*(?:"|\Z)',
)

_LIST: Final = re.compile(r"\?(?:::\w+)?(?: ?, ?\?(?:::\w+)?)+")
_ROWS: Final = re.compile(r"(\(\?(?:, \.\.\.)?\))(?: ?, ?\(\?(?:, \.\.\.)?\))+")
_ONE_OF: Final = re.compile(r"\bIN ?\(\?(?:::\w+)?\)", re.IGNORECASE)
#: They say where a transaction begins and ends, and differ between the kinds of test cases.
_CONTROL: Final = re.compile(
    r"(?:SAVEPOINT|RELEASE|ROLLBACK|COMMIT|BEGIN|START TRANSACTION)\b", re.IGNORECASE
)
_SELECTED: Final = re.compile(r"^(SELECT(?: DISTINCT)?) .{30,}? FROM ", re.IGNORECASE)
#: So much of a shape is shown.
_SHOWN: Final = 160


@lru_cache(maxsize=4096)
def shape_of(text: str, database: str) -> str:
    """Return the shape of a statement for *database*, or nothing for one that only controls a transaction."""
    shape = _tokens(database).sub(_Plain(has_strings=database not in _NAMES), text).strip()
    if _CONTROL.match(shape):
        return ""
    shape = _ROWS.sub(r"\1, ...", _LIST.sub("?, ...", shape))
    return _ONE_OF.sub("IN (?, ...)", shape)


def _tokens(database: str) -> re.Pattern[str]:
    if database in _BACKSLASHES:
        return _MYSQL
    return _STANDARD if database in _FLAT else _NESTING


class _Plain:
    """Replaces the tokens of one statement, in whose double quotes a string may be where it *has_strings* there."""

    def __init__(self, *, has_strings: bool) -> None:
        self._quoted = QuotedWords() if has_strings else None

    def __call__(self, token: re.Match[str]) -> str:
        kind = token.lastgroup
        if kind == "space":
            return " "
        text = token[0] if kind == "kept" else "?"
        if self._quoted is None:
            return text
        is_name = self._quoted.read(text, token.string, token.end())
        return "?" if text[0] == '"' and not is_name else text


def brief(shape: str) -> str:
    """Return *shape* as one reads it: without the columns that a query selects, and not longer than a line or two."""
    shape = _SELECTED.sub(r"\1 ... FROM ", shape)
    return shape if len(shape) <= _SHOWN else f"{shape[: _SHOWN - 3]}..."
