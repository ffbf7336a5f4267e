"""A ``-k`` expression for one contract item.

The item's node id cannot be pasted: no file has its name, and a path template is no part of an expression.
pytest's expressions know names of letters, digits and a few signs, joined by ``and``, ``or`` and ``not``;
each matches anywhere in an item's name, in upper or lower case.
"""

import re
from collections.abc import Iterable, Sequence

_NAME = re.compile(r"(?::?\w|:|\+|-|\.|\[|\]|\\|/)+")
_RESERVED = ("and", "or", "not")


def expression(name: str, names: Iterable[str]) -> str:
    """Return an expression that selects the item *name*, and of the other *names* as few as can be."""
    wanted = _parts(name)
    others = [other for other in names if other != name and _matches(other, wanted)]
    unwanted: list[str] = []
    while others:
        found = _telling_apart(name, others)
        if found is None:
            break
        unwanted.append(found)
        others = [other for other in others if found.lower() not in other.lower()]
    return " and ".join([*wanted, *(f"not {part}" for part in unwanted)])


def _parts(name: str) -> list[str]:
    """Return the parts of *name* that an expression may hold, without those that others contain."""
    found = [part for part in dict.fromkeys(_NAME.findall(name)) if _tells(part)]
    return [part for part in found if not any(part != other and part in other for other in found)]


def _tells(part: str) -> bool:
    return part not in _RESERVED and any(sign == "/" or sign.isalnum() for sign in part)


def _matches(name: str, parts: Sequence[str]) -> bool:
    return all(part.lower() in name.lower() for part in parts)


def _telling_apart(name: str, others: Sequence[str]) -> str | None:
    """Return the part that most of *others* contain and *name* does not."""
    parts = [part for other in others for part in _parts(other)]
    parts = [one for part in parts for one in (part.strip("[]"), part) if one.lower() not in name.lower()]
    return max(parts, key=lambda part: sum(part.lower() in other.lower() for other in others), default=None)
