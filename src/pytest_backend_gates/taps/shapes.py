"""The shape of a statement: its text without anything that differs from run to run.

Parameters, literals and comments are left out, so a shape can be counted and shown. What is in doubt is
taken for a literal.
"""

import re
from functools import lru_cache
from typing import Final

#: Databases in whose strings a backslash escapes, and in which double quotes may enclose a string.
_BACKSLASHES: Final = ("mysql", "mariadb")

_TOKENS: Final = r"""
    (?P<space> (?: \s | --[^\n]* | /\*.*?(?:\*/|\Z) )+ )
  | (?P<literal>
        [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)       # a string that may be cut off
      | (?:\b[nNxXbB]|[uU]&)?'(?:STRING)*(?:'|\Z)
      | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)
      | DOUBLE
      | %\(\w+\)s | %s | \?\d* | \$\d+ | (?<![:\w]):\w+ | @\w+   # a parameter
      | (?<![\w$])\d[\w.]*                        # a number
    )
  | (?P<kept> [^\W\d][\w$]* | "(?:[^"]|"")*" | `[^`]*` | :: | . )
"""
#: What stands before a value. SQLite takes a name in double quotes that it does not know for a string.
_VALUE_NEXT: Final = re.compile(
    r"(?:[=<>]|\b(?:LIKE|GLOB|MATCH|REGEXP|BETWEEN|LIMIT)|\b(?:IN|VALUES)\s*\([^()]*)[\s(]*\Z", re.IGNORECASE
)
_QUALIFIES: Final = re.compile(r"\s*\.")
#: So far back is looked for it.
_BACK: Final = 400


def _compiled(string: str, double: str) -> re.Pattern[str]:
    return re.compile(_TOKENS.replace("STRING", string).replace("DOUBLE", double), re.VERBOSE | re.DOTALL)


_STANDARD: Final = _compiled(r"[^']|''", r"(?!)")
_MYSQL: Final = _compiled(r"[^'\\]|\\.|''", r'"(?:[^"\\]|\\.|"")*(?:"|\Z)')

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
    tokens = _MYSQL if database in _BACKSLASHES else _STANDARD
    shape = tokens.sub(_plain, text).strip()
    if _CONTROL.match(shape):
        return ""
    shape = _ROWS.sub(r"\1, ...", _LIST.sub("?, ...", shape))
    return _ONE_OF.sub("IN (?, ...)", shape)


def _plain(token: re.Match[str]) -> str:
    kind = token.lastgroup
    if kind == "space":
        return " "
    return token[0] if kind == "kept" and not _is_doubtful(token) else "?"


def _is_doubtful(token: re.Match[str]) -> bool:
    """Whether *token* stands in double quotes where a value is expected."""
    text, start = token.string, token.start()
    if text[start] != '"' or _QUALIFIES.match(text, token.end()):
        return False
    return _VALUE_NEXT.search(text, max(0, start - _BACK), start) is not None


def brief(shape: str) -> str:
    """Return *shape* as one reads it: without the columns that a query selects, and not longer than a line or two."""
    shape = _SELECTED.sub(r"\1 ... FROM ", shape)
    return shape if len(shape) <= _SHOWN else f"{shape[: _SHOWN - 3]}..."
