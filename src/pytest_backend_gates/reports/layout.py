"""Text that fits a terminal and cannot harm it: escaping, measuring, padding, wrapping.

Paths, messages and operation names come from outside. What a terminal would act on, hide or reorder in
them is written as an escape, so that no name can forge a line or a colour.
"""

import unicodedata
from collections.abc import Sequence


def printable(text: str) -> str:
    r"""Return *text* with control, format and bidi characters, odd spaces and lone surrogates as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def legible(text: str) -> str:
    """Return *text* with each of its lines :func:`printable`; they stay lines."""
    return "\n".join(map(printable, text.splitlines()))


def columns(text: str) -> int:
    """Return how many columns of a terminal *text* takes."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(char) for char in text)


def _columns_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def padded(text: str, width: int) -> str:
    """Fill *text* with spaces to *width* columns."""
    return text + " " * (width - columns(text))


def wrapped(text: str, room: int) -> list[str]:
    """Break *text*, escaped, between words into lines of at most *room* columns.

    A word with a slash may be a path to copy and is never cut; any other word that is too long is.
    """
    lines = [""]
    for word in printable(text).split(" "):
        for piece in _pieces(word, room):
            longer = f"{lines[-1]} {piece}" if lines[-1] else piece
            if lines[-1] and columns(longer) > room:
                lines.append(piece)
            else:
                lines[-1] = longer
    return [line.rstrip() for line in lines]


def _pieces(word: str, room: int) -> list[str]:
    if "/" in word:
        return [word]
    pieces = [""]
    for char in word:
        if pieces[-1] and columns(pieces[-1] + char) > room:
            pieces.append(char)
        else:
            pieces[-1] += char
    return pieces


def flowed(cells: Sequence[str], room: int) -> list[str]:
    """Put *cells*, already escaped, on as few lines as *room* columns allow, the later lines further in.

    The first cell is never cut.
    """
    lines = [cells[0]]
    for cell in cells[1:]:
        if columns(lines[-1]) + 2 + columns(cell) <= room:
            lines[-1] += f"  {cell}"
        else:
            lines += [f"  {line}" for line in wrapped(cell, room - 2)]
    return lines
