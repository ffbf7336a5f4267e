"""``backend_client`` is the test client that the framework of the application ships."""

import os
import re
import subprocess
import sys

import pytest
from fastapi import FastAPI
from flask import Flask
from flask.testing import FlaskClient
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pytest_backend_gates.clients import NoClientError, client_of

DJANGO = """
import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("hello", lambda request: HttpResponse("hello"))]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])
django.setup()
app = WSGIHandler()
"""
LITESTAR = """
from litestar import Litestar, get


@get("/hello", sync_to_thread=False)
def hello() -> str:
    return "hello"


app = Litestar([hello])
"""


@pytest.mark.parametrize("kind", [Starlette, FastAPI])
def test_starlette_and_fastapi(kind: type[Starlette]) -> None:
    """The lifespan runs as long as the client is open."""
    seen: list[str] = []

    class Lifespan:
        def __init__(self, _: Starlette) -> None: ...

        async def __aenter__(self) -> None:
            seen.append("up")

        async def __aexit__(self, *_: object) -> None:
            seen.append("down")

    with client_of(kind(lifespan=Lifespan)) as client:
        assert isinstance(client, TestClient)
        assert client.get("/").status_code == 404
        assert seen == ["up"]
    assert seen == ["up", "down"]


def test_flask() -> None:
    """It is the application's own, of whatever class the project has given it."""

    class OwnClient(FlaskClient):
        pass

    app = Flask("shop")
    app.test_client_class = OwnClient
    with client_of(app) as client:
        assert isinstance(client, OwnClient)
        assert client.get("/").status_code == 404


@pytest.mark.parametrize(
    ("framework", "source"), [("django", DJANGO), ("litestar", LITESTAR)], ids=["django", "litestar"]
)
def test_others(framework: str, source: str) -> None:
    """Django and Litestar, each in a process of its own: Django is configured once."""
    pytest.importorskip(framework)
    asked = "from pytest_backend_gates.clients import client_of\nwith client_of(app) as client:\n"
    program = f"{source}\n{asked}    print(type(client).__module__, client.get('/hello').status_code)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ)  # fmt: skip
    module, status = done.stdout.split() or (done.stderr, "")
    assert (module.split(".")[0], status) == (framework, "200")


def test_what_has_no_client() -> None:
    """The message says what is allowed."""
    message = (
        "there is no test client for a dict; allowed: an application of Starlette, FastAPI, Flask, Django or"
        " Litestar, or a fixture backend_client of your own"
    )
    with pytest.raises(NoClientError, match=f"^{re.escape(message)}$"):
        client_of({})
