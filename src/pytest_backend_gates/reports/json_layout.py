"""JSON text, laid out as ``json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)`` does, in a fraction of its time.

The standard library indents in Python, value by value. Its encoder in C can only separate: so what holds no other
containers is separated by line ends and spaces, in portions that keep the memory small.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

_PORTION: Final = 10_000
_CONTAINERS: Final = frozenset({dict, list})

_Plain = Any  # what JSON can hold: dictionaries with texts as keys, lists, texts, numbers, true, false, null
_Put = Callable[[str], None]


def laid_out(value: _Plain, corrected: Callable[[str], str] = str) -> str:
    """Return *value* as text, each part of it *corrected*, with a line end.

    Raises ``ValueError`` for a number that JSON does not have.
    """
    parts: list[str] = []
    _lay(value, "\n", lambda part: parts.append(corrected(part)))
    parts.append("\n")
    return "".join(parts)


def _lay(value: _Plain, line: str, put: _Put) -> None:
    """Put the text of *value*; *line* ends a line and indents the next."""
    if type(value) not in _CONTAINERS or not value:
        put(_encoder(",")(value))
        return
    inner, is_dict = line + "  ", type(value) is dict
    put(("{" if is_dict else "[") + inner)
    if not _CONTAINERS.isdisjoint(map(type, value.values() if is_dict else value)):
        _lay_each(value, inner, put)
    elif len(value) <= _PORTION:
        put(_encoder("," + inner)(value)[1:-1])
    else:
        _lay_portions(value, inner, put)
    put(line + ("}" if is_dict else "]"))


def _lay_each(value: dict[str, _Plain] | list[_Plain], inner: str, put: _Put) -> None:
    """Put what is between the brackets of a container of others."""
    keys: Sequence[Any] = sorted(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        put("," + inner if key != keys[0] else "")
        if isinstance(key, str):
            put(_encoder(",")(key) + ": ")
        _lay(value[key], inner, put)


def _lay_portions(value: dict[str, _Plain] | list[_Plain], inner: str, put: _Put) -> None:
    """Put what is between the brackets of a large container without others."""
    encode = _encoder("," + inner)
    for number, portion in enumerate(_portions(value)):
        put(("," + inner if number else "") + encode(portion)[1:-1])


def _portions(value: dict[str, _Plain] | list[_Plain]) -> Iterator[_Plain]:
    items: list[_Plain] = sorted(value) if isinstance(value, dict) else value
    for start in range(0, len(items), _PORTION):
        portion = items[start : start + _PORTION]
        yield {key: value[key] for key in portion} if isinstance(value, dict) else portion


@lru_cache(maxsize=64)
def _encoder(separator: str) -> Callable[[_Plain], str]:
    encoder = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(separator, ": ")
    )
    return encoder.encode
