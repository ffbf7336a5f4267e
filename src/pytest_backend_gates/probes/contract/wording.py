"""What schemathesis says in several lines, on one: a row, a finding and a summary have no room for more."""

from itertools import pairwise
from typing import Final

#: What a line ends with that the next one continues, and what a line begins with that continues the last one.
_OPEN: Final = tuple(":;,.!?([{")
_CLOSING: Final = tuple(")]}")


def on_one_line(text: str) -> str:
    """Return *text* with its lines one after the other: between two that say things of their own a semicolon."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    told = "".join(lines[:1])
    for last, line in pairwise(lines):
        continued = last.endswith(_OPEN) or line.startswith(_CLOSING) or line[0].islower()
        told += f" {line}" if continued else f"; {line}"
    return told
