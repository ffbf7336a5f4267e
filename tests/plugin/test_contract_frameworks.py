"""A framework that answers an exception with a 500 by itself tells of it: the project's own line is shown."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

PRICES = """\
PRICES = {"tea": 2}


def price(*_):
    return str(PRICES["coffee"])


async def waiting(*_):
    return price()
"""
DJANGO = """\
import django
from django.conf import settings
from django.core.handlers.{kind} import {kind_}Handler
from django.urls import path

from shop.prices import price, waiting

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DEBUG={debug})
django.setup()
urlpatterns = [path("price", price), path("waiting", waiting)]
app = {kind_}Handler()
"""
APPS = {
    "django, wsgi": DJANGO.format(kind="wsgi", kind_="WSGI", debug=False),
    "django, asgi": DJANGO.format(kind="asgi", kind_="ASGI", debug=True),
}
INI = """\
[pytest]
testpaths = tests
pythonpath = .
backend_gates_app = shop.app:app
backend_gates_schema = openapi.json
"""
OPERATION = {"get": {"responses": {"200": {"description": "fine"}}}}
SCHEMA = {
    "openapi": "3.0.3",
    "info": {"title": "Shop", "version": "1"},
    "paths": {"/price": OPERATION, "/waiting": OPERATION},
}


@pytest.mark.parametrize(
    ("mode", "app"), [(("-n2",), "django, wsgi"), (("-p", "no:xdist"), "django, asgi")], indirect=["mode"]
)
def test_the_line_of_an_exception_that_is_caught(empty: "Project", app: str) -> None:
    """Of a view, asynchronous or not, with the framework's own page of errors or without."""
    empty.file("pytest.ini", INI).file("openapi.json", json.dumps(SCHEMA)).file("shop/__init__.py", "")
    empty.file("shop/prices.py", PRICES).file("shop/app.py", APPS[app])
    empty.file("tests/test_own.py", "def test_own(): ...\n")
    result, report = empty.report("--backend-gates-only=contract")
    (gate,) = [one for one in report["gates"] if one["gate"] == "contract"]
    assert [
        (one["subject"], one["path"], one["line"], one["message"]) for one in gate["rows"][0]["findings"]
    ] == [
        (f"GET /{name}", "shop/prices.py", 5, "500 Internal Server Error (KeyError)")
        for name in ("price", "waiting")
    ]
    assert result.out.count("\nraised at shop/prices.py:5\nKeyError: 'coffee'\n") == 2
