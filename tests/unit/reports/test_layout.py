"""Escaping, measuring and wrapping text for a terminal."""

import pytest

from pytest_backend_gates.reports.layout import columns, flowed, padded, printable, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("src/shop/orders.py", "src/shop/orders.py"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("one\r\nPASSED  two", r"one\r\nPASSED  two"),
        ("tab\tbell\x07null\0del\x7f", r"tab\tbell\x07null\x00del\x7f"),
        ("csi\x9b2J next\x85line", r"csi\x9b2J next\x85line"),
        ("\u202egnp.exe\u2066\u200f", r"\u202egnp.exe\u2066\u200f"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("caf\udce9.py", r"caf\udce9.py"),
        ("caf\u00e9 \u66f8\u5e97 \U0001f4da", "caf\u00e9 \u66f8\u5e97 \U0001f4da"),
        ("", ""),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """What a terminal would act on becomes an escape; letters of any script stay."""
    assert printable(text) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("\u66f8\u5e97", 4), ("e\u0301", 1), ("caf\u00e9", 4), ("", 0)]
)
def test_columns(text: str, width: int) -> None:
    """Wide letters take two columns, combining marks none."""
    assert columns(text) == width
    assert padded(text, 6) == text + " " * (6 - width)


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("one two three", 13, ["one two three"]),
        ("one two three", 12, ["one two", "three"]),
        ("one two three", 3, ["one", "two", "thr", "ee"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("in src/shop/orders.py now", 6, ["in", "src/shop/orders.py", "now"]),
        ("\u66f8\u5e97\u66f8\u5e97", 5, ["\u66f8\u5e97", "\u66f8\u5e97"]),
        ("a\nb c", 4, [r"a\nb", "c"]),
        ("", 10, [""]),
        ("x", 0, ["x"]),
    ],
)
def test_wrapped(text: str, room: int, lines: list[str]) -> None:
    """Lines break between words, a word that is too long is cut, a path never is."""
    assert wrapped(text, room) == lines


def test_flowed() -> None:
    """Cells share a line while they fit; the first is never cut, later lines stand further in."""
    assert flowed(["my folder/a.py:1", "total", "12", "two words"], 12) == [
        "my folder/a.py:1",
        "  total  12",
        "  two words",
    ]
