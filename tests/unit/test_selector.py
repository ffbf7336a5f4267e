"""Globs select subjects, and one selector may cover another."""

import random
from itertools import product

import pytest

from pytest_backend_gates.selector import covers, matches

CART = "src/shop/cart.py::Cart.total"


@pytest.mark.parametrize(
    ("glob", "subject", "expected"),
    [
        ("src/shop/cart.py", "src/shop/cart.py", True),
        ("src/shop/cart.py", CART, True),
        ("src/shop/cart.py", "src/shop/cart.pyc", False),
        ("src/shop/cart.py", "other/src/shop/cart.py", False),
        ("src/shop", CART, False),
        ("src/*/cart.py", CART, True),
        ("src/*", CART, False),
        ("src/**", CART, True),
        ("src/**", "src", False),
        ("**", CART, True),
        ("**/cart.py", CART, True),
        ("**/cart.py", "cart.py", True),
        ("**/cart.py", "src/mycart.py", False),
        ("src/**/cart.py", "src/cart.py", True),
        ("src/**/cart.py", "src/a/b/cart.py", True),
        ("src/**/cart.py", "src/a/bcart.py", False),
        ("src**/cart.py", "srccart.py", False),
        ("src**/cart.py", "src/a/cart.py", True),
        ("src/c*t.py", "src/cart.py", True),
        ("src/c*t.py", "src/c/t.py", False),
        (f"{CART}", CART, True),
        ("src/shop/cart.py::Cart.*", CART, True),
        ("src/shop/cart.py::cart.*", CART, False),
        ("src/**::Cart.total", CART, True),
        ("**::Cart.total", CART, True),
        ("**::*", CART, True),
        ("**::*", "src/shop/cart.py", False),
        (f"{CART}#2", f"{CART}#2", True),
        (CART, f"{CART}#2", False),
        ("src/a[1].py", "src/a[1].py", True),
        ("src/a[1].py", "src/a1.py", False),
        ("src/a?.py", "src/ab.py", False),
        ("src/a.py", "src/aXpy", False),
        ("POST /payments*", "POST /payments", True),
        ("POST /payments*", "POST /payments/{id}", False),
        ("POST /payments**", "POST /payments/{id}", True),
        ("GET /orders/{order_id}", "GET /orders/{order_id}", True),
        ("* /orders", "GET /orders", True),
        ("SRC/**", CART, False),
    ],
)
def test_one_glob(glob: str, subject: str, expected: bool) -> None:  # noqa: FBT001 (a table)
    """``*`` stays within a segment, ``**`` does not, and everything else means itself."""
    assert matches((glob,), subject) is expected


def test_several_globs_are_alternatives() -> None:
    """Any glob may match; no globs at all mean everything."""
    assert matches(("a", "b"), "b")
    assert not matches(("a", "b"), "c")
    assert matches((), "c")


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ((), ("src/**",), True),
        ((), (), True),
        (("src/**",), (), False),
        (("**",), (), True),
        (("src/**",), ("src/shop/**",), True),
        (("src/shop/**",), ("src/**",), False),
        (("src/**",), ("src/*.py",), True),
        (("src/*.py",), ("src/**.py",), False),
        (("src/**/x.py",), ("src/*/x.py",), True),
        (("src/**/x.py",), ("src/x.py",), True),
        (("**/x.py",), ("a**/x.py",), True),
        (("**/x",), ("ax",), False),
        (("a*",), ("ab*",), True),
        (("ab*",), ("a*",), False),
        (("src/a.py",), ("src/a.py::f",), True),
        (("src/a.py::f",), ("src/a.py",), False),
        (("src/a.py::*",), ("src/a.py::f*",), True),
        (("a", "b"), ("b", "a"), True),
        (("a",), ("a", "b"), False),
        (("GET /**",), ("GET /orders", "GET /items/*"), True),
    ],
)
def test_covers(outer: tuple[str, ...], inner: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001 (a table)
    """A selector covers another when each glob of the other lies within one of its own."""
    assert covers(outer, inner) is expected


def test_what_is_covered_is_matched() -> None:
    """Of thousands of random pairs, no covered glob matches a subject that the covering one does not."""
    tokens = ["a", "b", "/", "*", "**", "**/", "/**/", "::"]
    globs = sorted({"".join(parts) for count in (1, 2, 3, 4) for parts in product(tokens, repeat=count)})
    paths = ["".join(parts) for count in (1, 2, 3, 4) for parts in product("ab/", repeat=count)]
    subjects = [*paths, *(f"{path}::{name}" for path in paths if len(path) < 4 for name in ("a", "ab"))]
    dice, covered = random.Random(0), 0  # noqa: S311 - a seed, no secret
    for _ in range(6_000):
        outer, inner = dice.choice(globs), dice.choice(globs)
        if covers((outer,), (inner,)):
            covered += 1
            beyond = [one for one in subjects if matches((inner,), one) and not matches((outer,), one)]
            assert not beyond, (outer, inner)
    assert covered > 150
