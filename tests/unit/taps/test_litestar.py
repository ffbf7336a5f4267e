"""What is timed in Litestar applications, how it is named, and that a test sees nothing of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from litestar import (
    Controller,
    Litestar,
    MediaType,
    Request,
    Response,
    Router,
    asgi,
    get,
    head,
    post,
    websocket,
)
from litestar.background_tasks import BackgroundTask
from litestar.config.cors import CORSConfig
from litestar.exceptions import LitestarException, NotAuthorizedException
from litestar.middleware import DefineMiddleware
from litestar.response import Stream
from litestar.static_files import create_static_files_router
from litestar.testing import TestClient
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from pathlib import Path

    import starlette.testclient
    from litestar import WebSocket
    from litestar.types import ASGIApp, Receive, Scope, Send
    from tests.unit.taps.conftest import Clock

    from pytest_backend_gates.taps.observation import Observation

Operations = Callable[[], Mapping[str, Samples]]
Asked = Request[Any, Any, Any]
MS = 1_000_000


class OnPurposeError(Exception):
    """Raised by handlers here."""


@get("/hello", media_type=MediaType.TEXT)
async def hello() -> str:
    return "hello"


@get("/fails")
async def fails() -> None:
    raise OnPurposeError("fails")


@get(["/orders", "/orders/{order_id:int}"], media_type=MediaType.TEXT)
async def order(request: Asked) -> str:
    return str(request.path_params.get("order_id"))


def made(*handlers: Any, **options: Any) -> TestClient[Litestar]:  # noqa: ANN401  whatever Litestar takes
    return TestClient(Litestar([*handlers], openapi_config=None, **options))


def transport(app: Any) -> httpx.ASGITransport:  # noqa: ANN401  Litestar's types of messages are its own
    return httpx.ASGITransport(app)


def only(samples: Samples) -> int:
    """Return the one sample that there is, in nanoseconds."""
    ((sample,),) = samples.runs
    return sample


def natives(operations: Operations) -> dict[str, str | None]:
    return {name: samples.native for name, samples in operations().items()}


def test_the_first_request_is_cold_and_the_others_are_samples(
    operations: Operations, clock: "Clock", finished: "list[Observation]"
) -> None:
    """Handlers of both kinds: one cold request and four samples."""

    @get("/async", media_type=MediaType.TEXT)
    async def slow() -> str:
        clock.passes(50)
        return "slow"

    @get("/sync", sync_to_thread=True, media_type=MediaType.TEXT)
    def threaded() -> str:
        clock.passes(50)
        return "slow"

    with made(slow, threaded) as client:
        for asked in ("/async", "/sync"):
            assert [client.get(asked).text for _ in range(5)] == ["slow"] * 5
    for samples in operations().values():
        assert (samples.cold, list(samples.ordered()), samples.sources) == (1, [50 * MS] * 4, {"test": 4})
    assert [(one.name, one.status) for one in finished[::5]] == [("GET /async", 200), ("GET /sync", 200)]


def test_what_comes_after_the_answer_is_not_part_of_the_time(operations: Operations, clock: "Clock") -> None:
    """Background tasks and ``after_response`` hooks run when the last byte has been sent."""

    async def later() -> None:
        clock.passes(300)

    async def hook(_: Asked) -> None:
        clock.passes(1000)

    @get("/", after_response=hook, media_type=MediaType.TEXT)
    async def answer() -> Response[str]:
        clock.passes(50)
        return Response("", background=BackgroundTask(later))

    with made(answer) as client:
        client.get("/")
        client.get("/")
    assert (only(operations()["GET /"]), clock.now) == (50 * MS, 2700 * MS)


def test_a_stream_is_timed_until_its_last_chunk(operations: Operations, clock: "Clock") -> None:
    """The pauses between the chunks are the server's."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            clock.passes(20)
            yield b"chunk"

    @get("/")
    async def stream() -> Stream:
        return Stream(chunks())

    with made(stream) as client:
        assert [client.get("/").content for _ in range(2)] == [b"chunkchunkchunk"] * 2
    assert only(operations()["GET /"]) == 60 * MS


def test_an_exception_passes_through_as_it_was(operations: Operations, finished: "list[Observation]") -> None:
    """The test gets the handler's own exception where it did without us, and else a 500."""
    with made(fails, pdb_on_exception=False, debug=True) as client:
        assert [client.get("/fails").status_code for _ in range(2)] == [500, 500]
    assert operations()["GET /fails"].count == 1
    assert [(one.status, one.failure is not None) for one in finished] == [(500, True)] * 2


def test_an_exception_that_leaves_the_application(
    operations: Operations, finished: "list[Observation]"
) -> None:
    """One that is raised after the answer has begun reaches the server, and the test."""

    @get("/")
    async def half() -> Stream:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"half"
            raise OnPurposeError("half")

        return Stream(chunks())

    with made(half) as client:
        for _ in range(2):
            with pytest.raises(LitestarException, match=r"^Exception caught after response started$"):
                client.get("/")
    assert operations()["GET /"].count == 1
    assert [(one.status, one.failure is not None) for one in finished] == [(200, True)] * 2


class Orders(Controller):
    """Handlers under a path of their own."""

    path = "/{shop:str}/orders"

    @get("/{order_id:uuid}")
    async def one(self, request: Asked) -> list[str]:
        return sorted(request.path_params)

    @post("/")
    async def add(self, request: Asked) -> list[str]:
        return sorted(request.path_params)


def test_paths_become_templates(operations: Operations) -> None:
    """Types are left out of the name; routers and controllers are in it, and several paths are several."""
    router = Router("/v1/{region:int}", route_handlers=[Orders])
    with made(router, order) as client:
        answers = [
            client.get("/v1/7/a/orders/8c3a1a1e-5d0b-4c55-8b5e-5b1c8f4d6f10"),
            client.post("/v1/7/a/orders/"),
            client.get("/orders/5"),
            client.get("/orders/"),
        ]
    assert [answer.status_code for answer in answers] == [200, 201, 200, 200]
    assert natives(operations) == {
        "GET /orders": "/orders",
        "GET /orders/{order_id}": "/orders/{order_id:int}",
        "GET /v1/{region}/{shop}/orders/{order_id}": "/v1/{region:int}/{shop:str}/orders/{order_id:uuid}",
        "POST /v1/{region}/{shop}/orders": "/v1/{region:int}/{shop:str}/orders",
    }


def test_requests_that_match_no_route(operations: Operations) -> None:
    """Unknown paths, wrong methods and preflights that CORS answers have no route; OPTIONS has."""
    origin = {"Origin": "https://example.org", "Access-Control-Request-Method": "GET"}
    with made(hello, cors_config=CORSConfig()) as client:
        answers = [client.get("/nowhere"), client.delete("/hello"), client.options("/hello", headers=origin)]
        answers.append(client.options("/hello"))
    assert [answer.status_code for answer in answers] == [404, 405, 204, 204]
    assert {name: one.cold + one.count for name, one in operations().items()} == {
        "DELETE (no route)": 1,
        "GET (no route)": 1,
        "OPTIONS (no route)": 1,
        "OPTIONS /hello": 1,
    }


def test_a_request_that_middleware_refuses_has_an_operation(operations: Operations) -> None:
    """Litestar routes first; guards and middleware, also such as copies the scope, belong to the route."""

    def refuse(*_: object) -> None:
        raise NotAuthorizedException

    class Refuses:
        def __init__(self, app: "ASGIApp") -> None:
            self.app = app

        async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
            if scope["path"] == "/refused/1":
                raise NotAuthorizedException
            await self.app(dict(scope), receive, send)  # type: ignore[arg-type]

    @get("/refused/{number:int}")
    async def refused(request: Asked) -> int:
        return int(request.path_params["number"])

    @get("/guarded/{number:int}", guards=[refuse])
    async def guarded(request: Asked) -> int:
        return int(request.path_params["number"])

    with made(refused, guarded, middleware=[DefineMiddleware(Refuses)]) as client:
        answers = [client.get(asked).status_code for asked in ("/refused/1", "/refused/2", "/guarded/1")]
    assert answers == [401, 200, 401]
    assert list(operations()) == ["GET /guarded/{number}", "GET /refused/{number}"]


def test_head_keeps_its_method(operations: Operations) -> None:
    """HEAD is not GET."""

    @head("/hello")
    async def headed() -> None:
        return None

    with made(hello, headed) as client:
        assert (client.get("/hello").text, client.head("/hello").content) == ("hello", b"")
    assert list(operations()) == ["GET /hello", "HEAD /hello"]


def test_static_files_are_one_operation(operations: Operations, tmp_path: "Path") -> None:
    """They are served by a route of Litestar's own."""
    (tmp_path / "a.css").write_text("a", encoding="utf-8")
    with made(create_static_files_router("/static", [tmp_path])) as client:
        assert client.get("/static/a.css").text == "a"
    assert natives(operations) == {"GET /static/{file_path}": "/static/{file_path:path}"}


@pytest.mark.parametrize("copy_scope", [True, False])
def test_mounted_applications(
    operations: Operations, starlette_client: "type[starlette.testclient.TestClient]", *, copy_scope: bool
) -> None:
    """The innermost route names the request; a plain application is named by its mount."""
    inner = Starlette(routes=[Route("/items/{item}", lambda _: PlainTextResponse("item"))])
    nested: Any = Litestar([order], openapi_config=None)

    async def plain(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  two frameworks' types
        await PlainTextResponse("plain")(scope, receive, send)

    def mounted(path: str, app: Any) -> Any:  # noqa: ANN401  two frameworks' types
        async def hand_on(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  the same
            await app(scope, receive, send)

        hand_on.__annotations__ = {"scope": "Scope", "receive": "Receive", "send": "Send", "return": None}
        return asgi(path, is_mount=True, copy_scope=copy_scope)(hand_on)

    app = Litestar(
        [mounted("/inner", inner), mounted("/plain", plain), mounted("/nested", nested)], openapi_config=None
    )
    with TestClient(app) as client:
        answers = [client.get("/plain/a/b").text, client.get("/nested/orders/5").text]
        assert answers == ["plain", "5"]
        assert client.get("/nested/nowhere").status_code == 404
    outer = starlette_client(Starlette(routes=[Mount("/outer/{tenant:int}", app=nested)]))
    assert [outer.get("/outer/3/orders/5").text for _ in range(3)] == ["5"] * 3
    assert natives(operations) == {
        "GET (no route)": None,
        "GET /nested/orders/{order_id}": "/nested/orders/{order_id:int}",
        "GET /outer/{tenant}/orders/{order_id}": "/outer/{tenant:int}/orders/{order_id:int}",
        "GET /plain/{path}": None,
    }
    samples = operations()["GET /outer/{tenant}/orders/{order_id}"]
    assert (samples.cold, samples.count) == (1, 2)


def test_a_request_made_inside_a_request_is_part_of_it(operations: Operations) -> None:
    """A handler that asks another application in process does not lose its own name."""
    stock = transport(Litestar([order], openapi_config=None))

    @get("/ask/{number:int}", media_type=MediaType.TEXT)
    async def ask(request: Asked) -> str:
        number = request.path_params["number"]
        async with httpx.AsyncClient(transport=stock, base_url="http://test") as client:
            return (await client.get(f"/orders/{number}")).text

    with made(ask) as client:
        assert client.get("/ask/7").text == "7"
    assert list(operations()) == ["GET /ask/{number}"]


def test_tasks_and_threads_do_not_mix_up(operations: Operations) -> None:
    """Requests that overlap keep their own names, and every one is counted."""

    @get("/async/{number:int}", media_type=MediaType.TEXT)
    async def slow(request: Asked) -> str:
        await asyncio.sleep(0.001 * (request.path_params["number"] % 3))
        return "slow"

    @get("/sync/{number:int}", sync_to_thread=True, media_type=MediaType.TEXT)
    def threaded(request: Asked) -> str:
        return str(request.path_params["number"])

    app = Litestar([slow, threaded], openapi_config=None)

    async def burst() -> None:
        async with httpx.AsyncClient(transport=transport(app), base_url="http://test") as client:
            asked = [client.get(f"/{kind}/{number}") for number in range(20) for kind in ("async", "sync")]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: asyncio.run(burst()), range(2)))
    assert {name: one.cold + one.count for name, one in operations().items()} == {
        "GET /async/{number}": 40,
        "GET /sync/{number}": 40,
    }


def test_websockets_and_lifespans_pass_straight_through(operations: Operations) -> None:
    """Only HTTP requests are observed."""
    happened: list[str] = []

    @websocket("/ws")
    async def echo(socket: "WebSocket[Any, Any, Any]") -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())
        await socket.close()

    echoing = made(
        echo, on_startup=[lambda: happened.append("up")], on_shutdown=[lambda: happened.append("down")]
    )
    with echoing as client, client.websocket_connect("/ws") as session:
        session.send_text("hello")
        assert session.receive_text() == "hello"
    assert (happened, operations()) == (["up", "down"], {})


def test_fixtures_are_not_samples_but_can_be_cold(probe: TrafficProbe, operations: Operations) -> None:
    """Outside the call phase only the first request of an operation leaves a trace."""
    with made(hello) as client:
        probe.close_window()
        client.get("/hello")
        client.get("/hello")
        probe.open_window()
        client.get("/hello")
    assert (operations()["GET /hello"].cold, operations()["GET /hello"].count) == (1, 1)


def test_stopping_restores_litestar() -> None:
    """The application's method is the very one that it was, and later requests are not observed."""
    before = vars(Litestar)["__call__"]
    probe = TrafficProbe()
    probe.start()
    probe.open_window()
    assert vars(Litestar)["__call__"] is not before
    probe.stop()
    assert vars(Litestar)["__call__"] is before
    with made(hello) as client:
        client.get("/hello")
    assert probe.collect(None, print) == {"operations": {}, "answers": {}, "faults": []}
