"""Django's routes as the path templates that every other framework and OpenAPI use.

A route is what ``path()`` and ``re_path()`` were given, joined over all ``include()``: it may be partly one
and partly the other. ``orders/<int:id>/`` and ``^orders/(?P<id>[0-9]+)/$`` are both ``/orders/{id}/``.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

#: A converter of ``path()``: ``<id>``, ``<int:id>``.
_CONVERTER: Final = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>")
#: What ``path()`` has no use for.
_REGEX: Final = re.compile(r"[\\(\[^$]")
_TOKEN: Final = re.compile(
    r"""
      (?P<anchor> \^ | \$ | \\[AZzbB] )
    | (?P<any> \[\^?\]?(?:\\.|[^\]\\])*\] | \\[dDwWsS] | \.(?=[*+?{]) )
    | \\(?P<escaped> . )
    | < (?:[^<>:]+:)? (?P<variable> [^\W\d]\w* ) >
    | (?P<group> \( )
    | (?P<quantifier> [*+?] | \{\d*,?\d*\} )
    | (?P<literal> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMED: Final = re.compile(r"\?P<(\w+)>")
#: What opens a group that captures nothing, with flags of its own or without.
_PLAIN: Final = re.compile(r"\?[a-zA-Z-]*:")
#: A variable part that has no name.
_UNNAMED: Final = "{var}"


@lru_cache(maxsize=4096)
def template(route: str) -> str:
    """Write *route* as a path template; a part that varies and has no name is ``{var}``."""
    if _REGEX.search(route) is None:
        return "/" + _CONVERTER.sub(r"{\1}", route)
    return "/" + "".join(_simplified(route))


def _simplified(pattern: str) -> Iterator[str]:
    """Yield the pieces of the template for a regular expression."""
    position = 0
    while token := _TOKEN.match(pattern, position):
        position = token.end()
        if token["group"]:
            position = _closed(pattern, position)
            yield _group(pattern[token.end() : position - 1])
        elif token["any"]:
            yield _UNNAMED
        elif token["variable"]:
            yield f"{{{token['variable']}}}"
        else:
            yield token["escaped"] or token["literal"] or ""


def _group(inside: str) -> str:
    named = _NAMED.match(inside)
    if named:
        return f"{{{named[1]}}}"
    plain = _PLAIN.match(inside)
    if plain:
        return "".join(_simplified(inside[plain.end() :]))
    # What is left of those with a question mark are flags and looks around, which match nothing.
    return "" if inside.startswith("?") else _UNNAMED


def _closed(pattern: str, position: int) -> int:
    """Return where the group ends whose opening bracket stands before *position*."""
    depth = 1
    while depth and (token := _TOKEN.match(pattern, position)):
        position = token.end()
        depth += (token[0] == "(") - (token[0] == ")")
    return position
