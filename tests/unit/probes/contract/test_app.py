"""``package.module:attribute`` names an application: an instance or a factory, ASGI or WSGI."""

from functools import partial, wraps
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from pytest_backend_gates.probes.contract.app import AppError, described, interface, misspelt, resolve

FASTAPI = FastAPI()
FLASK = Flask(__name__)


async def asgi_function(scope: object, receive: object, send: object) -> None: ...
async def asgi_of_anything(*args: object) -> None: ...
def wrapped_asgi(scope: object, receive: object, send: object) -> None: ...
def wsgi_function(environ: object, start_response: object) -> None: ...
def create(settings: object = None, debug: object = False, routes: object = ()) -> Flask:  # noqa: FBT002, ARG001
    return FLASK


class Anything:
    """Passes on whatever it is called with, to an ASGI application or a WSGI one."""

    def __call__(self, *args: object, **more: object) -> None: ...


class AsgiOfAnything:
    async def __call__(self, *args: object, **more: object) -> None: ...


class WsgiWithDefaults:
    def __call__(self, environ: object = None, start_response: object = None, *more: object) -> None: ...


class Returning:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        (FASTAPI, "asgi"),
        (Starlette(), "asgi"),
        (asgi_function, "asgi"),
        (asgi_of_anything, "asgi"),
        (wrapped_asgi, "asgi"),
        (FLASK, "wsgi"),
        (FLASK.wsgi_app, "wsgi"),
        (wsgi_function, "wsgi"),
        (WsgiWithDefaults(), "wsgi"),
        (AsgiOfAnything(), "asgi"),
        (wraps(wrapped_asgi)(Anything()), "asgi"),
        (wraps(wsgi_function)(Anything()), "wsgi"),
        (CORSMiddleware(FASTAPI), "asgi"),
        (partial(asgi_function), "asgi"),
        (lambda environ, start_response: [environ, start_response], "wsgi"),
        (Anything(), None),
        (Anything().__call__, None),
        (create, None),
        (partial(create, None), None),
        (FastAPI, None),
        (Flask, None),
        (Returning(), None),
        ({"app": FLASK}, None),
        (None, None),
    ],
)
def test_interface(app: object, kind: str | None) -> None:
    """Applications are told by how they can be called; what does not tell, factories and everything else are none."""
    assert interface(app) == kind


@pytest.mark.parametrize("reference", ["shop:app", "shop.web.app:create_app", "shop.wsgi:holder.app"])
def test_spelling(reference: str) -> None:
    assert misspelt(reference) is None


@pytest.mark.parametrize(
    ("reference", "message", "fault"),
    [
        ("shop.app", "the attribute is missing", "shop.app"),
        ("shop/app.py:app", "'shop/app.py' is not a name", "shop/app.py"),
        ("shop.app:", "a name is missing", ":"),
        (":app", "a name is missing", ":"),
        ("shop.app:create_app()", "a factory is named without its brackets", "()"),
        ("shop:a:b", "'a:b' is not a name", "a:b"),
    ],
)
def test_misspellings(reference: str, message: str, fault: str) -> None:
    """What is wrong with the text itself is known before anything is imported."""
    mistake = misspelt(reference)
    assert mistake is not None
    assert (str(mistake), mistake.fault) == (message, fault)


MODULE = """\
from fastapi import FastAPI

app = FastAPI()
table = {}
calls = []


class holder:
    app = app

    class Anything:
        def __call__(self, *args, **kwargs): ...

    anything = Anything()

    @property
    def broken(self):
        raise AttributeError("no such thing as far as the project is concerned")


holding = holder()


def create_app(settings=None):
    calls.append(settings)
    return app


def create_with(settings, *, debug): ...
def create_nothing(): ...
def create_anything(): return holding.anything
async def create_later(): return app
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 (a module)
    """Make a package ``contract_shop`` with an ``app`` module, and return that module."""
    (tmp_path / "contract_shop").mkdir()
    (tmp_path / "contract_shop" / "__init__.py").write_text("")
    (tmp_path / "contract_shop" / "app.py").write_text(MODULE)
    (tmp_path / "contract_shop" / "needs.py").write_text("import a_module_that_is_not_there\n")
    (tmp_path / "contract_shop" / "fails.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    import contract_shop.app  # type: ignore[import-not-found] # made here

    yield contract_shop.app
    import sys

    for name in [name for name in sys.modules if name.partition(".")[0] == "contract_shop"]:
        del sys.modules[name]


@pytest.mark.parametrize("attribute", ["app", "holder.app", "create_app"])
def test_resolved(shop: Any, attribute: str) -> None:  # noqa: ANN401 (a module)
    """An instance, an attribute of something, and a factory, which is called once without arguments."""
    assert resolve(f"contract_shop.app:{attribute}") is shop.app
    assert shop.calls == ([None] if attribute == "create_app" else [])


SPELT = "allowed: 'package.module:attribute', an ASGI or WSGI application or a function that returns one"
WRAPPED = (
    "allowed: one that names them; wrap it in"
    " 'async def app(scope, receive, send)' or 'def app(environ, start_response)'"
)
IMPORTABLE = "allowed: a module that tests can import: install the project, or name its folder in pytest's 'pythonpath'"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("reference", "message", "allowed"),
    [
        (
            "contract_shop.ap:app",
            "there is no module 'contract_shop.ap'",
            f"did you mean 'contract_shop.app'? {IMPORTABLE}",
        ),
        (
            "contract_shoop.app:app",
            "there is no module 'contract_shoop'",
            f"did you mean 'contract_shop'? {IMPORTABLE}",
        ),
        (
            "contract_shop.app:ap",
            "'contract_shop.app' has no attribute 'ap'",
            f"did you mean 'app'? {SPELT}",
        ),
        ("contract_shop.app:holding.x", "a holder has no attribute 'x'", SPELT),
        ("contract_shop.app:table", "'table' is a dict, no ASGI or WSGI application", SPELT),
        (
            "contract_shop.app:create_with",
            "'create_with' is neither an application nor a function without parameters: it needs settings, debug",
            SPELT,
        ),
        (
            "contract_shop.app:holder.anything",
            "'holder.anything' takes any arguments, which does not tell an ASGI application from a WSGI one",
            WRAPPED,
        ),
        (
            "contract_shop.app:create_anything",
            "an Anything, which 'create_anything' returned, takes any arguments, which does not tell an ASGI application from a WSGI one",
            WRAPPED,
        ),
        (
            "contract_shop.app:create_nothing",
            "'create_nothing' returned no ASGI or WSGI application but None",
            SPELT,
        ),
        (
            "contract_shop.app:create_later",
            "'create_later' is asynchronous: a factory returns the application at once",
            SPELT,
        ),
    ],
)
def test_no_application(reference: str, message: str, allowed: str) -> None:
    """What names no application says why, and what was meant."""
    with pytest.raises(AppError) as caught:
        resolve(reference)
    assert (str(caught.value), caught.value.allowed) == (message, allowed)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("contract_shop.needs:app", ModuleNotFoundError),
        ("contract_shop.fails:app", ZeroDivisionError),
        ("contract_shop.app:holding.broken", AttributeError),
    ],
)
def test_the_projects_own_errors(reference: str, error: type[Exception]) -> None:
    """What the project's own code raises is not taken for a mistake in the setting."""
    with pytest.raises(error):
        resolve(reference)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "None, no ASGI or WSGI application"),
        (["app"], "a list, no ASGI or WSGI application"),
        (
            Anything(),
            "an Anything that takes any arguments, which does not tell an ASGI application from a WSGI one; "
            + WRAPPED,
        ),
    ],
)
def test_what_a_fixture_returned(found: object, told: str) -> None:
    assert described(found) == told
