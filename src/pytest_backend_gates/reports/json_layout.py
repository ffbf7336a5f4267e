"""JSON text, laid out as ``json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)`` does, in a fraction of its time.

The standard library indents in Python, value by value. Its encoder in C can only separate: so what holds no other
containers is separated by line ends and spaces. What there may be a million of is ``Alike``: its values are encoded
together, column by column, put between the texts that are the same for each, and made only when they are written.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import chain, islice, repeat
from json.encoder import encode_basestring
from typing import Any, Final, TypeVar

T = TypeVar("T")
_PORTION: Final = 2_000

# What JSON can hold: dictionaries with texts as keys, lists, texts, numbers, true, false, null. A fraction, which it
# cannot hold, becomes the nearest float.
_Plain = Any

#: Stands for a value in the shape of many.
VALUE: Final = "\0"
_VALUE_TEXT: Final = '"\\u0000"'


@dataclass(frozen=True, slots=True)
class Alike:
    """A list of things of one *shape*, each a row of its values, in the order in which the text has them.

    *named*, it is a dictionary: each row begins with the key, and the rows are sorted by it.
    """

    shape: _Plain
    rows: Iterable[tuple[_Plain, ...]]
    named: bool = False


def laid_out(value: _Plain) -> Iterator[str]:
    """Yield the text of *value*, which ends with a line end, in parts.

    Raises ``ValueError`` for a number that JSON does not have.
    """
    yield from _laid(value, "\n")
    yield "\n"


def _laid(value: _Plain, line: str) -> Iterator[str]:
    """Yield the text of *value*; *line* ends a line and indents the next."""
    inner = line + "  "
    match value:
        case Alike(named=named):
            yield from _between("{}" if named else "[]", line, _portions(value, inner))
        case dict() if any(map(_is_container, value.values())):
            yield from _between("{}", line, _members(value, inner))
        case list() if any(map(_is_container, value)):
            yield from _between("[]", line, (_laid(each, inner) for each in value))
        case dict() | list() if value:
            text = _encoder("," + inner)(value)
            yield f"{text[0]}{inner}{text[1:-1]}{line}{text[-1]}"
        case _:
            yield _encoder(",")(value)


def _is_container(value: _Plain) -> bool:
    return isinstance(value, dict | list | Alike)


def _between(brackets: str, line: str, pieces: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the *pieces*, each of them in parts, on lines of their own between *brackets*."""
    before, after = f"{brackets[0]}{line}  ", brackets
    for piece in pieces:
        yield before
        yield from piece
        before, after = f",{line}  ", line + brackets[1]
    yield after


def _members(value: dict[str, _Plain], line: str) -> Iterator[Iterable[str]]:
    """Yield what a dictionary with containers in it has, by key."""
    scalars = {key: one for key, one in value.items() if not _is_container(one)}
    texts = dict(zip(scalars, _column(list(scalars.values())), strict=True)) if scalars else {}
    for key in sorted(value):
        name = f"{_encoder(',')(key)}: "
        yield [name, texts[key]] if key in texts else chain([name], _laid(value[key], line))


def _portions(many: Alike, line: str) -> Iterator[Iterable[str]]:
    """Yield the text of *many*, some thousands of rows at once."""
    first, *others = "".join(_laid(many.shape, line)).split(_VALUE_TEXT)
    labels = [f",{line}", f": {first}", *others] if many.named else [f",{line}{first}", *others]
    for portion in _batched(many.rows):
        columns = map(_column, zip(*portion, strict=True))
        texts = chain.from_iterable(zip(map(repeat, labels), columns, strict=False))
        yield ["".join(chain.from_iterable(zip(*texts, repeat(labels[-1]), strict=False)))[len(line) + 1 :]]


def _column(values: Sequence[_Plain]) -> list[str]:
    """Return the text of each of *values*; of several types they are encoded together: no text in JSON has a line end in it."""
    if set(map(type, values)) == {str}:
        return list(map(encode_basestring, values))
    return _encoder("\n")(values)[1:-1].split("\n")


def _batched(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while batch := list(islice(left, _PORTION)):
        yield batch


@lru_cache(maxsize=64)
def _encoder(separator: str) -> Callable[[_Plain], str]:
    encoder = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(separator, ": "), default=_nearest
    )
    return encoder.encode


def _nearest(value: object) -> float:
    if not isinstance(value, Fraction):
        raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")
    return float(value)
