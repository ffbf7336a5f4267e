"""What is timed in Starlette and FastAPI applications."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.middleware.base import RequestResponseEndpoint
    from starlette.requests import Request
    from starlette.testclient import TestClient
    from starlette.types import Message, Receive, Scope, Send

Operations = Callable[[], Mapping[str, Samples]]
MS = 1_000_000


class OnPurposeError(Exception):
    """Raised by handlers here."""


def hello(_: "Request") -> PlainTextResponse:
    return PlainTextResponse("hello")


def slow(_: "Request") -> PlainTextResponse:
    time.sleep(0.05)
    return PlainTextResponse("slow")


def fails(_: "Request") -> PlainTextResponse:
    raise OnPurposeError("fails")


def only(samples: Samples) -> int:
    """Return the one sample that there is, in nanoseconds."""
    ((sample,),) = samples.runs
    return sample


def test_the_first_request_is_cold_and_the_others_are_samples(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Five requests are one cold one and four samples, in nanoseconds."""
    client = starlette_client(Starlette(routes=[Route("/slow", slow)]))
    for _ in range(5):
        client.get("/slow")
    samples = operations()["GET /slow"]
    assert (samples.cold, samples.count, samples.seen, samples.sources) == (1, 4, 4, {"test": 4})
    assert all(50 * MS <= sample < 10_000 * MS for sample in samples.ordered())


def test_background_tasks_are_not_part_of_the_time(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """The clock stops at the last body byte; what the application does afterwards is not waiting."""

    def answer(_: "Request") -> PlainTextResponse:
        time.sleep(0.05)
        return PlainTextResponse("", background=BackgroundTask(time.sleep, 0.3))

    client = starlette_client(Starlette(routes=[Route("/", answer)]))
    client.get("/")
    client.get("/")
    assert 50 * MS <= only(operations()["GET /"]) < 300 * MS


def test_a_request_made_by_a_background_task_is_its_own(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """The request that started the task has ended: its observation takes nothing more."""
    other = starlette_client(Starlette(routes=[Route("/other", hello)]))

    def answer(_: "Request") -> PlainTextResponse:
        return PlainTextResponse("", background=BackgroundTask(other.get, "/other"))

    starlette_client(Starlette(routes=[Route("/", answer)])).get("/")
    assert list(operations()) == ["GET /", "GET /other"]


def test_a_stream_is_timed_until_its_last_chunk(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """The pauses between the chunks are the server's."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.02)
            yield b"chunk"

    async def stream(_: "Request") -> StreamingResponse:
        return StreamingResponse(chunks())

    client = starlette_client(Starlette(routes=[Route("/", stream)]))
    assert client.get("/").content == b"chunkchunkchunk"
    assert client.get("/").content == b"chunkchunkchunk"
    assert only(operations()["GET /"]) >= 55 * MS


def test_an_exception_turned_into_an_answer(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """A 500 is an answer like any other."""
    client = starlette_client(Starlette(routes=[Route("/", fails)]), raise_server_exceptions=False)
    assert [client.get("/").status_code for _ in range(3)] == [500, 500, 500]
    assert operations()["GET /"].count == 2


def test_a_failing_request_that_never_answered(operations: Operations) -> None:
    """An exception ends the request, also when no byte of an answer was sent, and so does cancelling it."""

    async def silent(_: "Request") -> PlainTextResponse:
        await asyncio.sleep(60)
        return PlainTextResponse("never")

    async def cancelled() -> None:
        transport = httpx.ASGITransport(Starlette(routes=[Route("/", silent)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(client.get("/"), 0.03)

    asyncio.run(cancelled())
    assert 25 * MS <= only(operations()["GET /"]) < 10_000 * MS


def test_concurrent_tasks_do_not_mix_up(probe: TrafficProbe, operations: Operations) -> None:
    """Requests that overlap in one event loop keep their own names and times."""

    async def wait(request: "Request") -> PlainTextResponse:
        await asyncio.sleep(0.05 if request.path_params["how"] == "long" else 0)
        return PlainTextResponse("")

    app = Starlette(routes=[Route(f"/{name}/{{how}}", wait) for name in ("a", "b")])

    async def burst() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            await asyncio.gather(*(client.get(path) for path in ["/a/long", "/b/short"] * 20))
            await client.get("/a/long")
            assert probe._recorder.current.get() is None

    asyncio.run(burst())
    found = operations()
    assert {name: samples.count for name, samples in found.items()} == {
        "GET /a/{how}": 20,
        "GET /b/{how}": 19,
    }
    assert min(found["GET /a/{how}"].ordered()) >= 50 * MS


def test_concurrent_threads_do_not_mix_up(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Requests from several threads keep their own names, and every one is counted."""
    app = Starlette(routes=[Route(f"/{name}", hello) for name in ("a", "b", "c", "d")])

    def ask(path: str) -> None:
        client = starlette_client(app)
        for _ in range(26):
            client.get(path)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, ["/a", "/b", "/c", "/d"]))
    assert {name: samples.count for name, samples in operations().items()} == {
        f"GET /{name}": 25 for name in ("a", "b", "c", "d")
    }


def test_a_file_sent_by_the_server_itself_ends_the_request(operations: Operations, tmp_path: "Path") -> None:
    """``http.response.pathsend`` is the last word of the application too."""
    ended: list[bool] = []

    async def plain(_scope: "Scope", _receive: "Receive", send: "Send") -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(tmp_path)})
        await asyncio.sleep(0.3)
        ended.append(True)

    app = Starlette()
    app.middleware_stack = plain

    async def receive() -> "Message":
        raise AssertionError

    async def send(_: "Message") -> None:
        pass

    for _ in range(2):
        asyncio.run(app({"type": "http", "method": "GET", "path": "/"}, receive, send))
    assert ended == [True, True]
    assert only(operations()["GET (no route)"]) < 300 * MS


def test_fixtures_are_not_samples_but_can_be_cold(
    probe: TrafficProbe, operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Outside the call phase only the first request of an operation leaves a trace."""
    client = starlette_client(FastAPI(openapi_url="/schema", routes=[Route("/a", hello), Route("/b", hello)]))
    probe.close_window()
    client.get("/a")
    client.get("/a")
    probe.open_window()
    client.get("/a")
    client.get("/b")
    probe.close_window()
    client.get("/b")
    found = operations()
    assert {name: (samples.cold, samples.count) for name, samples in found.items()} == {
        "GET /a": (1, 1),
        "GET /b": (1, 0),
    }
    assert found["GET /b"].runs == ()


def test_middleware_that_runs_the_application_in_a_task(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """The observation follows the request into the task that ``BaseHTTPMiddleware`` starts."""

    async def dispatch(request: "Request", call_next: "RequestResponseEndpoint") -> Response:
        return await call_next(request)

    app = Starlette(routes=[Route("/slow", slow)])
    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    client = starlette_client(app)
    client.get("/slow")
    client.get("/slow")
    assert only(operations()["GET /slow"]) >= 50 * MS
