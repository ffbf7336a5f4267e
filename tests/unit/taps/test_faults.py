"""A fault planted in every tap: the same response, the same exception, one note."""

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.urls import path
from fastapi import APIRouter, FastAPI, routing
from flask import Flask
from litestar import Litestar, MediaType, get
from litestar.testing import TestClient as LitestarClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from werkzeug.test import create_environ, run_wsgi_app

from pytest_backend_gates.taps import TAPS

if TYPE_CHECKING:
    from django.http import HttpRequest
    from litestar.types import Message, Scope
    from starlette.requests import Request
    from starlette.testclient import TestClient

    from pytest_backend_gates.probes.traffic import TrafficProbe

#: What a test asks with: it returns the status and the body of the answer to a GET.
Ask = Callable[[str], tuple[int, bytes]]
Urls = Callable[..., None]


class OnPurposeError(Exception):
    """Raised by the applications here."""


@pytest.fixture
def starlette(starlette_client: "type[TestClient]") -> Ask:
    def fails(_: "Request") -> PlainTextResponse:
        raise OnPurposeError("fails")

    routes = [Route("/fine", lambda _: PlainTextResponse("fine")), Route("/fails", fails)]
    client = starlette_client(Starlette(routes=[Mount("/", routes=routes)]))
    return lambda asked: ((answer := client.get(asked)).status_code, answer.content)


@pytest.fixture
def fastapi(starlette_client: "type[TestClient]") -> Ask:
    def fails() -> str:
        raise OnPurposeError("fails")

    router = APIRouter()
    router.add_api_route("/fine", lambda: PlainTextResponse("fine"), response_model=None)
    router.add_api_route("/fails", fails)
    app = FastAPI()
    app.include_router(router)
    client = starlette_client(app)
    return lambda asked: ((answer := client.get(asked)).status_code, answer.content)


@pytest.fixture
def litestar() -> Ask:
    """Litestar turns every exception into an answer but those outside of its routes, such as this hook's."""

    async def fails(message: "Message", scope: "Scope") -> None:
        if message["type"] == "http.response.start" and scope["path"] == "/fails":
            raise OnPurposeError("fails")

    handler = get(["/fine", "/fails"], media_type=MediaType.TEXT)(fine)
    client = LitestarClient(Litestar([handler], openapi_config=None, before_send=[fails]))
    return lambda asked: ((answer := client.get(asked)).status_code, answer.content)


async def fine() -> str:
    return "fine"


@pytest.fixture
def flask() -> Ask:
    def fails() -> str:
        raise OnPurposeError("fails")

    app = Flask(__name__)
    app.testing = True
    app.add_url_rule("/fine", view_func=lambda: "fine")
    app.add_url_rule("/fails", view_func=fails)
    client = app.test_client()
    return lambda asked: ((answer := client.get(asked)).status_code, answer.data)


def patterns() -> list[object]:
    def fails(_: "HttpRequest") -> HttpResponse:
        raise OnPurposeError("fails")

    async def fine(_: "HttpRequest") -> HttpResponse:
        return HttpResponse("fine")

    return [path("fine", fine), path("fails", fails)]


@pytest.fixture
def django(django_urls: Urls) -> Ask:
    from django.test import Client

    django_urls(*patterns())
    client = Client()
    return lambda asked: ((answer := client.get(asked)).status_code, answer.content)


@pytest.fixture
def django_async(django_urls: Urls) -> Ask:
    from django.test import AsyncClient

    django_urls(*patterns())
    client = AsyncClient()

    def ask(asked: str) -> tuple[int, bytes]:
        answer = asyncio.run(client.get(asked))
        return answer.status_code, answer.content

    return ask


@pytest.fixture
def django_wsgi(django_urls: Urls) -> Ask:
    from django.core.wsgi import get_wsgi_application
    from django.test import override_settings

    django_urls(*patterns())

    def ask(asked: str) -> tuple[int, bytes]:
        with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
            body, status, _ = run_wsgi_app(get_wsgi_application(), create_environ(asked))
        return int(status[:3]), b"".join(body)

    return ask


@pytest.fixture
def ninja(_ninja: None) -> Ask:
    from ninja import Router
    from ninja.testing import TestClient

    def fails(request: "HttpRequest") -> None:
        raise OnPurposeError(f"fails after {request.method}")

    router = Router()
    router.get("/fine")(lambda request: HttpResponse("fine" if request.method else ""))
    router.get("/fails")(fails)
    client = TestClient(router)
    return lambda asked: ((answer := client.get(asked)).status_code, answer.content)


#: The fixture of each application, and the tap that observes it.
APPLICATIONS = {
    "starlette": "Starlette",
    "fastapi": "Starlette",
    "litestar": "Litestar",
    "flask": "Flask",
    "django": "Django",
    "django_async": "Django",
    "django_wsgi": "Django",
    "ninja": "Django Ninja",
}


def raised(ask: Ask, asked: str) -> tuple[type[BaseException], str, list[str]]:
    """Return the exception that a request ends with: what it is, what it says, and what it was caused by."""
    with pytest.raises(Exception, match=r"^fails|^Exception caught after response started$") as caught:
        ask(asked)
    causes = []
    cause = caught.value.__cause__
    while cause is not None:
        causes.append(repr(cause))
        cause = cause.__cause__
    return caught.type, str(caught.value), causes


@pytest.mark.parametrize("step", ["begin", "claim", "finish"])
@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_planted_fault_reaches_nobody(
    request: pytest.FixtureRequest, application: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step of the bookkeeping raises, a test sees what it sees without a tap."""
    ask: Ask = request.getfixturevalue(application)
    untapped = ask("/fine"), raised(ask, "/fails")
    probe: TrafficProbe = request.getfixturevalue("probe")

    def fault(*_: object) -> None:
        raise RuntimeError(f"planted in {step}")

    monkeypatch.setattr(probe._recorder, step, fault)
    for _ in range(2):
        assert (ask("/fine"), raised(ask, "/fails")) == untapped
    assert probe._recorder.current.get() is None
    # An older FastAPI copies routes, and then they are named by Starlette's tap.
    own = (application, step) == ("fastapi", "claim") and hasattr(routing, "_IncludedRouter")
    tap = "FastAPI" if own else APPLICATIONS[application]
    (note,) = probe._recorder.faults()
    assert re.sub(r"failed \d+ times", "failed N times", note) == (
        f"the {tap} tap failed N times, first with RuntimeError: planted in {step}; "
        "requests were not affected"
    )


def test_no_tap_is_left_out() -> None:
    """Every framework that is tapped has an application here."""
    assert {make().name for make in TAPS} == {*APPLICATIONS.values(), "FastAPI"}
