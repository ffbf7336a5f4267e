"""The explanation is laid out in three columns that fit the terminal."""

import sys

import pytest

from pytest_backend_gates import explain
from pytest_backend_gates.explain import Explaining, Fact, lines
from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.settings import read


def laid_out(*fact: str, width: int = 80) -> str:
    return "\n".join(lines(Fact(*fact), width))


def test_three_columns() -> None:
    """A fact that fits is one line; a long reason goes on in its own column."""
    assert laid_out("strict", "false", "default") == "strict     false                        default"
    assert laid_out("strict", "false") == "strict     false"
    assert (
        laid_out("source", "shop", "the top of the project holds the packages shop and billing")
        == """\
source     shop                         the top of the project holds the
                                        packages shop and billing"""
    )


def test_a_value_that_is_too_wide() -> None:
    """Its reason stands below; the value itself is broken where even the whole line is too short."""
    value = "@critical = POST /orders, src/shop/payments/**, src/shop/invoices/**, POST /payments*"
    assert (
        laid_out("set", value, "pyproject.toml:6")
        == """\
set        @critical = POST /orders, src/shop/payments/**, src/shop/invoices/**,
             POST /payments*
                                        pyproject.toml:6"""
    )


def test_every_line_fits() -> None:
    """At 80 columns no line is wider, and a name from outside cannot act on the terminal."""
    told = laid_out("source", "\x1b[31mshop" + " and more" * 20, "a reason " * 20)
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) <= 80


def test_frameworks_whose_package_is_not_installed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tap names a module within a package that may not be there; Django is needed by pytest-django."""
    for name in ("starlette", "fastapi", "litestar", "flask", "ninja"):
        monkeypatch.setitem(sys.modules, name, None)
    config = pytester.parseconfig()
    facts = list(Explaining(config, read(config, CATALOGUE), None)._engines())
    missing = [fact for fact in facts if fact.name == "latency" and fact.value != "Django"]
    assert {fact.reason for fact in missing} == {"not installed"}


@pytest.mark.parametrize(
    ("spec", "timed", "counted"),
    [
        (object(), "timed once the tests import it", "counted once the tests import it"),
        (None, "not installed", "not installed"),
    ],
)
def test_frameworks(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, spec: object, timed: str, counted: str
) -> None:
    """A framework that is not installed cannot be observed, and that is told."""
    monkeypatch.setattr(explain, "find_spec", lambda _: spec)
    config = pytester.parseconfig(
        "--backend-gates-threshold", "errors < 1%", "--backend-gates-threshold", "queries.count.max < 9"
    )
    facts = list(Explaining(config, read(config, CATALOGUE), None)._engines())
    names = ("Starlette", "FastAPI", "Litestar", "Flask", "Django", "Django Ninja")
    for gate, told in (("latency", timed), ("errors", counted)):
        assert [fact for fact in facts if fact.name == gate] == [Fact(gate, name, told) for name in names]
    assert [fact for fact in facts if fact.name == "queries"] == [
        Fact("queries", name, counted) for name in ("SQLAlchemy", "Django ORM")
    ]


def test_a_server(pytester: pytest.Pytester) -> None:
    """Where requests go, who may send them, and by whose consent it may be another machine."""
    pytester.makeini("[pytest]\nbackend_gates_base_url = http://192.0.2.1/api\n")
    config = pytester.parseconfig("--backend-gates-allow-remote")
    settings = read(config, CATALOGUE)
    facts = list(Explaining(config, settings, None)._facts())
    assert Fact("remote", "allowed", "--backend-gates-allow-remote (command line)") in facts
    where = "tox.ini:2; generated requests go there"
    assert Fact("contract", "base_url http://192.0.2.1/api", where) in facts
    sent = {fact.value for fact in facts if fact.reason == "timed when it sends to http://192.0.2.1/api"}
    assert sent == {"httpx", "httpx2", "requests"}
    config = pytester.parseconfig(
        "--backend-gates-allow-remote", "-o", "backend_gates_app=shop:app", "--backend-gates-only=contract"
    )
    told = [fact.reason for fact in explain.contract(read(config, CATALOGUE))]
    assert told == ["tox.ini:2; generated requests go to the application", "-o"]
