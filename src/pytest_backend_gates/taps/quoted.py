"""Words in double quotes: SQLite takes one for a string when it knows no such name.

One is a name only where nothing else may stand: beside a dot, behind a word like ``JOIN`` or ``AS``, in the columns
of an ``INSERT``, and to the left of an assignment. Everywhere else it is taken for a string.
"""

import re
from typing import Final

_DOT_NEXT: Final = re.compile(r"\s*\.(?!\d)")
_ASSIGNED_NEXT: Final = re.compile(r"\s*=(?!=)")

#: Behind them stands the name of a table, column or alias.
_NAME_NEXT: Final = ("JOIN", "UPDATE", "TABLE", "AS", "SET")
#: Before an INTO; that of VACUUM is followed by a file's name.
_INSERTS: Final = ("INSERT", "REPLACE", "IGNORE")
#: Words whose FROM is followed by a table; that of TRIM is not.
_HAVE_FROM: Final = ("SELECT", "DELETE")
#: With them the assignments of an UPDATE end.
_END_ASSIGNMENTS: Final = ("WHERE", "FROM", "RETURNING", "ORDER", "LIMIT", "OUTPUT", "SELECT", ";")


class _Level:
    """What is known of the text between two parentheses."""

    __slots__ = ("assigns", "columns", "has_from")

    def __init__(self, *, columns: bool = False) -> None:
        #: Whether nothing but names and commas has been read, where the columns of an INSERT stand.
        self.columns = columns
        self.has_from = False
        self.assigns = False


class QuotedWords:
    """Reads the tokens of one statement, in their order and without spaces and comments."""

    def __init__(self) -> None:
        self._levels = [_Level()]
        #: The last two tokens, in upper case: words and signs as they are, ``"`` for a quoted word, ``?`` for a value.
        self._last = self._last_but_one = ""
        #: Whether the table of an INSERT is being named.
        self._inserts = False

    def read(self, token: str, text: str, end: int) -> bool:
        """Return whether *token*, which ends at *end* of *text*, is a name if it is in double quotes."""
        word = '"' if token[0] == '"' else token.upper()
        self._levels[-1].columns &= word in (",", ")") or (
            self._last in ("(", ",") and word not in ("(", "?")
        )
        is_name = word == '"' and self._is_name(text, end)
        self._follow(word)
        self._last_but_one, self._last = self._last, word
        return is_name

    def _is_name(self, text: str, end: int) -> bool:
        last = self._last
        if last == "." or last in _NAME_NEXT or self._levels[-1].columns or _DOT_NEXT.match(text, end):
            return True
        return self._is_name_in_clause(text, end)

    def _is_name_in_clause(self, text: str, end: int) -> bool:
        """Whether the statement has got to where the last word is followed by a name, which it is not everywhere."""
        level, last = self._levels[-1], self._last
        if last == "FROM":
            return level.has_from and self._last_but_one != "DISTINCT"
        if last == "INTO":
            return self._inserts
        return last == "," and level.assigns and _ASSIGNED_NEXT.match(text, end) is not None

    def _follow(self, word: str) -> None:
        if word == "(":
            self._levels.append(_Level(columns=self._inserts and self._last not in ("INTO", ".", "AS")))
        elif word == ")" and len(self._levels) > 1:
            self._levels.pop()
        level = self._levels[-1]
        level.has_from |= word in _HAVE_FROM
        level.assigns = word == "SET" or (level.assigns and word not in _END_ASSIGNMENTS)
        self._inserts = self._goes_on_naming(word)

    def _goes_on_naming(self, word: str) -> bool:
        if word == "INTO":
            return self._last in _INSERTS
        if word in (".", "AS"):
            return self._inserts
        return self._inserts and self._last in ("INTO", ".", "AS") and word not in ("(", "VALUES", "?")
