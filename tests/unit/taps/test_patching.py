"""Replacing methods and giving them back."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from unittest import mock

import pytest
from flask import Flask
from starlette.applications import Starlette

from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.patching import Method, Patches, TakenOutError


class Base:
    def greet(self) -> str:
        return "hello"


class Child(Base):
    pass


def shouting(original: Method) -> Method:
    return lambda self: str(original(self)).upper()


def test_a_method_is_replaced_and_restored() -> None:
    """Undoing puts the very same function back; doing it twice is harmless."""
    before = vars(Base)["greet"]
    patches = Patches()
    patches.replace(Base, "greet", shouting)
    assert Child().greet() == "HELLO"
    patches.undo()
    patches.undo()
    assert vars(Base)["greet"] is before


def test_a_method_that_is_only_inherited_is_refused() -> None:
    """Restoring it would leave a copy behind that the class never had."""
    with pytest.raises(KeyError, match="greet"):
        Patches().replace(Child, "greet", shouting)
    assert "greet" not in vars(Child)


def test_a_method_patched_twice_is_restored_in_reverse() -> None:
    """The last replacement goes first."""
    before = vars(Base)["greet"]
    patches = Patches()
    patches.replace(Base, "greet", shouting)
    patches.replace(Base, "greet", shouting)
    patches.undo()
    assert vars(Base)["greet"] is before


def on_top_by_wraps(below: Method) -> Method:
    return wraps(below)(lambda self: f"<{below(self)}>")


def on_top_by_closure(below: Method) -> Method:
    return lambda self: f"<{below(self)}>"


def on_top_by_default(below: Method) -> Method:
    return lambda self, below=below: f"<{below(self)}>"


def on_top_by_name(below: Method) -> Method:
    names: dict[str, Any] = {"below": below}
    exec("def greet(self): return f'<{below(self)}>'", names)  # noqa: S102  as a conftest.py defines one
    greet: Method = names["greet"]
    return greet


ON_TOP = (on_top_by_wraps, on_top_by_closure, on_top_by_default, on_top_by_name)


@pytest.mark.parametrize("put", ON_TOP)
def test_what_is_put_on_top_leads_to_ours(put: Callable[[Method], Method]) -> None:
    """Others may patch as well; ours is still called."""
    patches = Patches()
    patches.replace(Base, "greet", shouting)
    with mock.patch.object(Base, "greet", put(vars(Base)["greet"])):
        assert Base().greet() == "<HELLO>"
        patches.check()
    patches.check()
    patches.undo()
    patches.check()


@pytest.mark.parametrize("put", ON_TOP)
def test_a_replacement_that_is_taken_out(put: Callable[[Method], Method]) -> None:
    """What was patched before us and restored after us has taken ours along; that is told."""
    patches = Patches()
    with mock.patch.object(Base, "greet", put(vars(Base)["greet"])):
        patches.replace(Base, "greet", shouting)
        patches.check()
    with pytest.raises(TakenOutError) as told:
        patches.check()
    assert str(told.value) == (
        f"something has put another {__name__}.Base.greet in the place of the observed one: what was requested"
        " afterwards was not seen"
    )


def test_a_session_whose_tap_is_taken_out() -> None:
    """It is no green one: the requests that follow are missing in it. What a test puts back again is not told."""
    traffic, app = TrafficProbe(), Flask("shop")
    app.get("/")(lambda: "1")
    with (
        mock.patch.object(Flask, "__call__", on_top_by_closure(vars(Flask)["__call__"])),
        mock.patch.object(Flask, "wsgi_app", on_top_by_closure(vars(Flask)["wsgi_app"])),
    ):
        traffic.start()
    with mock.patch.object(Starlette, "__call__"):
        traffic.open_window()
        assert app.test_client().get("/").text == "1"
    told = traffic.faults()  # the contract gate asks as well
    payload = traffic.collect(None, print)
    traffic.stop()
    assert (payload["answers"], payload["faults"]) == ({}, told)
    (fault,) = told
    assert fault == (
        "the Flask tap failed once: TakenOutError: something has put another flask.app.Flask.wsgi_app in the place"
        " of the observed one: what was requested afterwards was not seen; requests were not affected"
    )
