"""That a test sees nothing of the Starlette and FastAPI taps."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.testclient import TestClient
    from starlette.types import Message, Receive, Scope, Send
    from starlette.websockets import WebSocket

Operations = Callable[[], Mapping[str, Samples]]


class OnPurposeError(Exception):
    """Raised by handlers here."""


def hello(_: "Request") -> PlainTextResponse:
    return PlainTextResponse("hello")


def fails(_: "Request") -> PlainTextResponse:
    raise OnPurposeError("fails")


def test_an_exception_passes_through_as_it_was(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """The test gets the handler's own exception, with the handler in its traceback; the time is a sample."""
    client = starlette_client(Starlette(routes=[Route("/", fails)]))
    for _ in range(2):
        with pytest.raises(OnPurposeError, match=r"^fails$") as caught:
            client.get("/")
        assert caught.traceback[-1].name == "fails"
    samples = operations()["GET /"]
    assert (samples.cold, samples.count) == (1, 1)


def test_websockets_and_lifespans_pass_straight_through(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Only HTTP requests are observed."""

    async def echo(websocket: "WebSocket") -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    happened = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        happened.append("startup")
        yield
        happened.append("shutdown")

    app = Starlette(routes=[WebSocketRoute("/ws", echo)], lifespan=lifespan)
    with starlette_client(app) as client, client.websocket_connect("/ws") as session:
        session.send_text("hello")
        assert session.receive_text() == "hello"
    assert happened == ["startup", "shutdown"]
    assert operations() == {}


def test_the_application_sees_the_same_scope_and_messages(operations: Operations) -> None:
    """No key is added to the scope and the messages arrive as they were sent, the very same objects."""
    scopes: list[Scope] = []
    messages: list[Message] = []

    async def plain(scope: "Scope", _receive: "Receive", send: "Send") -> None:
        scopes.append(scope)
        messages.append({"type": "http.response.start", "status": 200, "headers": []})
        await send(messages[-1])
        messages.append({"type": "http.response.body", "body": b"x"})
        await send(messages[-1])

    app = Starlette()
    app.middleware_stack = plain
    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    sent: list[Message] = []

    async def receive() -> "Message":
        raise AssertionError

    async def send(message: "Message") -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert scopes[0] is scope
    assert sorted(scope) == ["app", "headers", "method", "path", "type"]
    assert all(one is other for one, other in zip(sent, messages, strict=True))
    assert iscoroutinefunction(Starlette.__call__)
    assert list(operations()) == ["GET (no route)"]


def test_a_fault_of_the_tap_does_not_reach_the_request(
    probe: TrafficProbe, starlette_client: "type[TestClient]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the bookkeeping raises is noted once, and the test sees the answer that it asked for."""
    route = Route("/x", hello)
    monkeypatch.delattr(route, "path_format")
    client = starlette_client(Starlette(routes=[route]))
    assert [client.get("/x").text for _ in range(3)] == ["hello", "hello", "hello"]
    payload = probe.collect(None, print)
    (note,) = payload["faults"]
    assert note == (
        "the Starlette tap failed 3 times, first with AttributeError: 'Route' object has no "
        "attribute 'path_format'; requests were not affected"
    )
    assert list(payload["operations"]) == ["GET (no route)"]


def test_a_fault_inside_of_a_request_does_not_reach_it(
    probe: TrafficProbe, starlette_client: "type[TestClient]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does what goes wrong where one application hands a request on to another."""

    def fails(*_: object) -> bool:
        raise LookupError("planted")

    monkeypatch.setattr("pytest_backend_gates.taps.asgi._asks_anew", fails)
    client = starlette_client(Starlette(routes=[Mount("/m", app=Starlette(routes=[Route("/x", hello)]))]))
    assert client.get("/m/x").text == "hello"
    (note,) = probe.collect(None, print)["faults"]
    assert note == (
        "the Starlette tap failed 2 times, first with LookupError: planted; requests were not affected"
    )


def test_stopping_restores_starlette_and_fastapi(starlette_client: "type[TestClient]") -> None:
    """Every method is the very one that it was, and later requests are not observed."""
    from fastapi.routing import APIRoute

    patched = [(Starlette, "__call__"), (Route, "handle"), (Mount, "handle"), (APIRoute, "handle")]
    before = [vars(owner).get(name) for owner, name in patched]
    probe = TrafficProbe()
    probe.start()
    probe.open_window()
    assert vars(Starlette)["__call__"] is not before[0]
    probe.stop()
    assert all(vars(owner).get(name) is was for (owner, name), was in zip(patched, before, strict=True))
    starlette_client(Starlette(routes=[Route("/", hello)])).get("/")
    assert probe.collect(None, print) == {"operations": {}, "answers": {}, "faults": []}


def test_a_patch_on_top_of_ours_survives(
    starlette_client: "type[TestClient]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's wrapper stays in place, and ours below it passes through."""
    client = starlette_client(Starlette(routes=[Route("/", hello)]))
    before = vars(Starlette)["__call__"]
    probe = TrafficProbe()
    probe.start()
    probe.open_window()
    ours = vars(Starlette)["__call__"]
    calls = []

    async def theirs(app: Starlette, scope: "Scope", receive: "Receive", send: "Send") -> None:
        calls.append(scope["path"])
        await ours(app, scope, receive, send)

    with monkeypatch.context() as patch:
        patch.setattr(Starlette, "__call__", theirs)
        probe.stop()
        assert vars(Starlette)["__call__"] is theirs
        assert client.get("/").text == "hello"
    assert calls == ["/"]
    assert probe.collect(None, print)["operations"] == {}
    monkeypatch.undo()
    Starlette.__call__ = before  # type: ignore[method-assign]


def test_two_probes_in_one_process_measure_alike(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """A session that runs inside another one's test does not take requests away from it."""
    client = starlette_client(Starlette(routes=[Route("/", hello)]))
    inner = TrafficProbe()
    inner.start()
    inner.open_window()
    for _ in range(3):
        client.get("/")
    inner.stop()
    assert inner.collect(None, print)["operations"]["GET /"]["seen"] == 2
    assert operations()["GET /"].seen == 2
