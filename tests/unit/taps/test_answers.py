"""What is noted of the answers: the status, and the exception that left the application."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from flask import Flask
from flask import Response as FlaskResponse
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from starlette.requests import Request
    from starlette.testclient import TestClient
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pytest_backend_gates.probes.traffic import TrafficProbe
    from pytest_backend_gates.taps.observation import Observation


class OnPurposeError(Exception):
    """Raised by handlers here."""


class Breaking:
    """Middleware that raises before the application is asked, so that nothing answers."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", _receive: "Receive", _send: "Send") -> None:
        if scope["type"] == "http":
            raise OnPurposeError("before the application")


def fail() -> None:
    raise OnPurposeError("fails")


def teapot(_: "Request") -> Response:
    raise HTTPException(418)


def unavailable(_: "Request") -> Response:
    return PlainTextResponse("", 503)


def crash(_: "Request") -> Response:
    raise OnPurposeError("crash")


def afterwards(_: "Request") -> Response:
    return PlainTextResponse("", background=BackgroundTask(fail))


def half(_: "Request") -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        fail()

    return StreamingResponse(chunks())


Told = tuple[int | None, str | None, bool]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/teapot", (418, None, False)),
        ("/nowhere", (404, None, False)),
        ("/unavailable", (503, None, True)),
        ("/crash", (500, "OnPurposeError", True)),
        ("/half", (200, "OnPurposeError", True)),
        ("/afterwards", (200, "OnPurposeError", True)),
    ],
)
@pytest.mark.parametrize("raising", [True, False])
def test_answers_of_starlette(
    finished: "list[Observation]",
    starlette_client: "type[TestClient]",
    path: str,
    told: Told,
    *,
    raising: bool,
) -> None:
    """The same is noted whether the test client raises what the application does or shows the answer."""
    routes = [Route(f"/{view.__name__}", view) for view in (teapot, unavailable, crash, afterwards, half)]
    client = starlette_client(Starlette(routes=routes), raise_server_exceptions=raising)
    if raising and told[1]:
        with pytest.raises(OnPurposeError):
            client.get(path)
    else:
        client.get(path)
    (one,) = finished
    assert (one.status, one.raised, one.failure is not None) == told


def test_failures_after_the_last_byte(probe: "TrafficProbe", starlette_client: "type[TestClient]") -> None:
    """They count once, beside how long the answer took; one that was answered 500 has been counted."""
    routes = [Route(f"/{view.__name__}", view) for view in (afterwards, crash)]
    client = starlette_client(Starlette(routes=routes))
    probe.close_window()
    with pytest.raises(OnPurposeError):
        client.get("/afterwards")  # a fixture's
    probe.open_window()
    for path in ("/afterwards", "/crash") * 2:
        with pytest.raises(OnPurposeError):
            client.get(path)
    collected = probe.collect(None, print)
    assert collected["answers"] == {
        "GET /afterwards": {"asked": 2, "cut": 0, "failures": {"OnPurposeError": 2}},
        "GET /crash": {"asked": 2, "cut": 0, "failures": {"500": 2}},
    }
    seen = {name: plain["seen"] for name, plain in collected["operations"].items()}
    assert seen == {"GET /afterwards": 2, "GET /crash": 1}


def test_a_starlette_application_that_never_answers(finished: "list[Observation]") -> None:
    """An exception before the response starts leaves no status; a cancelled request has not failed."""
    arrived = asyncio.Event()

    async def wait(_: "Request") -> Response:
        arrived.set()
        await asyncio.Event().wait()
        return PlainTextResponse("")

    broken = Starlette()
    broken.middleware_stack = Breaking(broken)
    waiting = Starlette(routes=[Route("/", wait)])

    async def ask(app: Starlette) -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            asked = asyncio.create_task(client.get("/"))
            done, _ = await asyncio.wait(
                [asked, asyncio.create_task(arrived.wait())], return_when="FIRST_COMPLETED"
            )
            if asked not in done:
                asked.cancel()
            await asked

    with pytest.raises(OnPurposeError):
        asyncio.run(ask(broken))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask(waiting))
    assert [(one.status, one.raised, one.failure is not None) for one in finished] == [
        (None, "OnPurposeError", True),
        (None, None, False),
    ]


def test_middleware_that_raises_inside_starlette(
    finished: "list[Observation]", starlette_client: "type[TestClient]"
) -> None:
    """Starlette's own outermost middleware answers 500 for it."""
    client = starlette_client(Starlette(middleware=[Middleware(Breaking)]), raise_server_exceptions=False)
    client.get("/")
    (one,) = finished
    assert (one.status, one.raised) == (500, "OnPurposeError")


@pytest.fixture
def flask_app() -> Flask:
    app = Flask(__name__)

    @app.get("/unavailable")
    def unavailable() -> tuple[str, int]:
        return "", 503

    @app.get("/crash")
    def crash() -> str:
        raise OnPurposeError("crash")

    @app.get("/half")
    def half() -> FlaskResponse:
        def chunks() -> Iterator[bytes]:
            yield b"half"
            fail()

        return FlaskResponse(chunks())

    @app.get("/whole")
    def whole() -> FlaskResponse:
        return FlaskResponse(iter([b"a", b"b"]))

    return app


@pytest.mark.parametrize(
    ("path", "testing", "told"),
    [
        ("/whole", False, (200, None, False)),
        ("/nowhere", False, (404, None, False)),
        ("/unavailable", False, (503, None, True)),
        ("/crash", False, (500, None, True)),
        ("/crash", True, (None, "OnPurposeError", True)),
        ("/half", False, (200, "OnPurposeError", True)),
    ],
)
def test_answers_of_flask(
    finished: "list[Observation]", flask_app: Flask, path: str, told: Told, *, testing: bool
) -> None:
    """Without ``testing`` Flask turns an exception into a 500 itself; with it nothing is answered."""
    flask_app.testing = testing
    if told[1]:
        with pytest.raises(OnPurposeError):
            flask_app.test_client().get(path).get_data()
    else:
        flask_app.test_client().get(path).get_data()
    (one,) = finished
    assert (one.status, one.raised, one.failure is not None) == told


def test_a_flask_application_that_starts_late(finished: "list[Observation]", flask_app: Flask) -> None:
    """WSGI lets a body start the response with its first chunk; the server gets it as it was."""

    def late(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert environ["PATH_INFO"] == "/"
        start_response("202 Accepted", [("X-Kept", "yes")])
        yield b"late"

    flask_app.wsgi_app = late  # type: ignore[method-assign]
    answer = flask_app.test_client().get("/")
    assert (answer.status, answer.headers["X-Kept"], answer.get_data()) == ("202 Accepted", "yes", b"late")
    assert [one.status for one in finished] == [202]
