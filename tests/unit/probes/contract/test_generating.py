"""What the generator is told, against what it would have found out."""

from importlib import import_module
from typing import Any

from pytest_backend_gates.probes.contract.generating import utf8_at_once


def test_utf8_as_hypothesis_finds_it() -> None:
    """The same characters, other codecs as ever, and afterwards everything as it was."""
    charmap: Any = import_module("hypothesis.internal.charmap")
    search = charmap.intervals_from_codec
    with utf8_at_once():
        told, ascii_only = charmap.intervals_from_codec("utf-8"), charmap.intervals_from_codec("ascii")
        assert charmap.intervals_from_codec is not search
    assert charmap.intervals_from_codec is search
    assert (told, ascii_only) == (search.__wrapped__("utf-8"), search("ascii"))
