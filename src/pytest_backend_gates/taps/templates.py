"""The path templates of a schema, and which of them a path was made of."""

from collections.abc import Iterable
from re import DOTALL, Pattern, escape
from re import compile as compiled
from typing import Final
from urllib.parse import unquote

_VARIABLE: Final = compiled(r"\{[^{}]*\}")


class Templates:
    """The operations of one schema, by what a client sends."""

    def __init__(self, operations: Iterable[tuple[str, str]]) -> None:
        """Take pairs of a method and a path template."""
        self._by_length: dict[tuple[str, int], list[tuple[str, tuple[Pattern[str] | str, ...]]]] = {}
        for method, template in operations:
            parts = tuple(map(_part, template.split("/")))
            self._by_length.setdefault((method.upper(), len(parts)), []).append((template, parts))
        for alike in self._by_length.values():
            alike.sort(key=lambda one: [not isinstance(part, str) for part in one[1]])

    def find(self, method: str, path: str) -> str | None:
        """Return the template of *path*, which is as it was sent: plain words go before variables.

        A variable holds no slash, but it may hold one that is escaped.
        """
        words = [unquote(word) for word in path.split("/")]
        alike = self._by_length.get((method.upper(), len(words)), ())
        return next((template for template, parts in alike if all(map(_fits, parts, words))), None)


def _part(word: str) -> Pattern[str] | str:
    if "{" not in word:
        return unquote(word)
    plain = (escape(unquote(text)) for text in _VARIABLE.split(word))
    return compiled(".+?".join(plain) + r"\Z", DOTALL)


def _fits(part: Pattern[str] | str, word: str) -> bool:
    return part == word if isinstance(part, str) else part.match(word) is not None
