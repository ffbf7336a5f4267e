"""A source file as the analyzers see it."""

from pathlib import Path

import pytest

from pytest_backend_gates.analyzers.source import SourceFile

NESTED = b"""\
def create_app():
    def route(): ...
    class Local:
        def method(self):
            def deep(): ...
    if True:
        async def route(): ...

class Cart:
    @property
    def total(self): ...
    @total.setter
    def total(self, value): ...
    class Line:
        def price(self): ...

try:
    def fallback(): ...
except ImportError:
    def fallback(): ...
match 1:
    case 1:
        def fallback(): ...
"""


def source(tmp_path: Path, data: bytes) -> SourceFile:
    """Return a source file with these bytes."""
    path = tmp_path / "sample.py"
    path.write_bytes(data)
    return SourceFile(str(path))


def test_every_definition_has_the_name_python_gives_it(tmp_path: Path) -> None:
    """Names are qualified names, in source order; a repeated function is numbered, a class is not."""
    assert [(scope.name, scope.line) for scope in source(tmp_path, NESTED).scopes] == [
        ("create_app", 1),
        ("create_app.<locals>.route", 2),
        ("create_app.<locals>.Local", 3),
        ("create_app.<locals>.Local.method", 4),
        ("create_app.<locals>.Local.method.<locals>.deep", 5),
        ("create_app.<locals>.route#2", 7),
        ("Cart", 9),
        ("Cart.total", 11),
        ("Cart.total#2", 13),
        ("Cart.Line", 14),
        ("Cart.Line.price", 15),
        ("fallback", 18),
        ("fallback#2", 20),
        ("fallback#3", 23),
    ]


@pytest.mark.parametrize(
    ("line", "name"),
    [(5, "create_app.<locals>.Local.method.<locals>.deep"), (6, "create_app"), (10, "Cart"), (8, "<module>")],
)
def test_a_line_belongs_to_its_innermost_scope(tmp_path: Path, line: int, name: str) -> None:
    """A decorator belongs to what is around its function, and a line outside everything to the module."""
    assert source(tmp_path, NESTED).scope_at(line) == name


def test_lines_are_counted_as_python_counts_them(tmp_path: Path) -> None:
    """A form feed ends no line, every kind of line end does, and the encoding cookie is honoured."""
    data = "# coding: latin-1\r\nname = 'é'\x0c\rlast   =  1".encode("latin-1")
    file = source(tmp_path, data)
    assert [file.line_at(number) for number in (0, 1, 2, 3, 4)] == [
        "",
        "# coding: latin-1",
        "name = 'é'",
        "last = 1",
        "",
    ]


def test_a_byte_order_mark_is_no_syntax_error(tmp_path: Path) -> None:
    """Python runs such files, so they are parsed (radon's command line refuses them)."""
    assert [scope.name for scope in source(tmp_path, b"\xef\xbb\xbfdef f(): ...\n").scopes] == ["f"]
