"""What is timed in Starlette and FastAPI applications."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pytest_backend_gates.measurements import Plain, Samples
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.observation import Observation

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.middleware.base import RequestResponseEndpoint
    from starlette.requests import Request
    from starlette.testclient import TestClient
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from tests.unit.taps.conftest import Clock

Operations = Callable[[], Mapping[str, Samples]]
MS = 1_000_000


class OnPurposeError(Exception):
    """Raised by handlers here."""


def hello(_: "Request") -> PlainTextResponse:
    return PlainTextResponse("hello")


def fails(_: "Request") -> PlainTextResponse:
    raise OnPurposeError("fails")


@pytest.fixture
def slow(clock: "Clock") -> Route:
    """Return a route that takes 50 ms."""

    def answer(_: "Request") -> PlainTextResponse:
        clock.passes(50)
        return PlainTextResponse("slow")

    return Route("/slow", answer)


async def no_receive() -> "Message":
    raise AssertionError


async def no_send(_: "Message") -> None:
    pass


def only(samples: Samples) -> int:
    """Return the one sample that there is, in nanoseconds."""
    ((sample,),) = samples.runs
    return sample


def test_the_first_request_is_cold_and_the_others_are_samples(
    operations: Operations, starlette_client: "type[TestClient]", slow: Route
) -> None:
    """Five requests are one cold one and four samples, in nanoseconds."""
    client = starlette_client(Starlette(routes=[slow]))
    for _ in range(5):
        client.get("/slow")
    samples = operations()["GET /slow"]
    assert (samples.cold, samples.count, samples.seen, samples.sources) == (1, 4, 4, {"test": 4})
    assert list(samples.ordered()) == [50 * MS] * 4


def test_background_tasks_are_not_part_of_the_time(
    operations: Operations, starlette_client: "type[TestClient]", clock: "Clock"
) -> None:
    """The clock stops at the last body byte; what the application does afterwards is not waiting."""

    def answer(_: "Request") -> PlainTextResponse:
        clock.passes(50)
        return PlainTextResponse("", background=BackgroundTask(clock.passes, 300))

    client = starlette_client(Starlette(routes=[Route("/", answer)]))
    client.get("/")
    client.get("/")
    assert (only(operations()["GET /"]), clock.now) == (50 * MS, 700 * MS)


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
    operations: Operations, starlette_client: "type[TestClient]", clock: "Clock"
) -> None:
    """The pauses between the chunks are the server's."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            clock.passes(20)
            yield b"chunk"

    async def stream(_: "Request") -> StreamingResponse:
        return StreamingResponse(chunks())

    client = starlette_client(Starlette(routes=[Route("/", stream)]))
    assert client.get("/").content == b"chunkchunkchunk"
    assert client.get("/").content == b"chunkchunkchunk"
    assert only(operations()["GET /"]) == 60 * MS


def test_an_exception_turned_into_an_answer(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """A 500 is an answer like any other."""
    client = starlette_client(Starlette(routes=[Route("/", fails)]), raise_server_exceptions=False)
    assert [client.get("/").status_code for _ in range(3)] == [500, 500, 500]
    assert operations()["GET /"].count == 2


def test_a_cancelled_request_is_no_sample(
    probe: TrafficProbe, operations: Operations, clock: "Clock"
) -> None:
    """How long it would have taken nobody knows, nor whether it would have failed."""
    silent = asyncio.Event()

    async def never(_: "Request") -> PlainTextResponse:
        clock.passes(30)
        silent.set()
        await asyncio.Event().wait()
        return PlainTextResponse("never")

    async def cancelled() -> None:
        transport = httpx.ASGITransport(Starlette(routes=[Route("/", never)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for _ in range(2):
                silent.clear()
                asked = asyncio.create_task(client.get("/"))
                await silent.wait()
                asked.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asked

    asyncio.run(cancelled())
    assert (operations()["GET /"].runs, clock.now) == ((), 60 * MS)
    assert probe.collect(None, print)["answers"] == {"GET /": {"asked": 0, "cut": 2, "failures": {}}}


async def silent(_scope: "Scope", _receive: "Receive", _send: "Send") -> None:
    pass


async def half(_scope: "Scope", _receive: "Receive", send: "Send") -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


async def half_of_503(_scope: "Scope", _receive: "Receive", send: "Send") -> None:
    await send({"type": "http.response.start", "status": 503, "headers": []})


async def exits(_scope: "Scope", _receive: "Receive", _send: "Send") -> None:
    raise SystemExit


async def zero_copies(_scope: "Scope", _receive: "Receive", send: "Send") -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.zerocopysend", "file": 3})


@pytest.mark.parametrize(
    ("application", "samples", "answers"),
    [
        (silent, 1, {"asked": 2, "cut": 0, "failures": {"no response": 2}}),
        (half, 0, {"asked": 0, "cut": 2, "failures": {}}),
        (half_of_503, 0, {"asked": 2, "cut": 2, "failures": {"503": 2}}),
        (exits, 1, {"asked": 2, "cut": 0, "failures": {"SystemExit": 2}}),
        (zero_copies, 1, {"asked": 2, "cut": 0, "failures": {}}),
    ],
)
def test_a_response_that_is_never_whole(
    probe: TrafficProbe, operations: Operations, application: "ASGIApp", samples: int, answers: Plain
) -> None:
    """Who returns without an answer has failed; who stops within one has been told that the client is gone."""
    app = Starlette()
    app.middleware_stack = application
    for _ in range(2):
        with suppress(SystemExit):
            asyncio.run(app({"type": "http", "method": "GET", "path": "/"}, no_receive, no_send))
    assert operations()["GET (no route)"].count == samples
    assert probe.collect(None, print)["answers"] == {"GET (no route)": answers}


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_scopes_are_no_requests(operations: Operations, kind: str) -> None:
    """A socket that is cancelled, and a lifespan that ends, answer nothing."""
    app = Starlette()
    app.middleware_stack = silent
    asyncio.run(app({"type": kind, "path": "/"}, no_receive, no_send))
    assert operations() == {}


def test_a_stream_that_its_client_closes(probe: TrafficProbe, operations: Operations, clock: "Clock") -> None:
    """Starlette stops it and returns as if nothing had been: there is no time until its end."""

    async def chunks() -> AsyncIterator[bytes]:
        clock.passes(20)
        yield b"chunk"
        await asyncio.Event().wait()

    async def stream(_: "Request") -> StreamingResponse:
        return StreamingResponse(chunks())

    async def gone() -> "Message":
        await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    app = Starlette(routes=[Route("/", stream)])
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    for _ in range(2):
        asyncio.run(app({**scope}, gone, no_send))
    assert (operations()["GET /"].runs, clock.now) == ((), 40 * MS)
    assert probe.collect(None, print)["answers"] == {"GET /": {"asked": 0, "cut": 2, "failures": {}}}


def test_concurrent_tasks_do_not_mix_up(probe: TrafficProbe, operations: Operations, clock: "Clock") -> None:
    """Requests that overlap in one event loop keep their own names and times."""
    arrived = asyncio.Semaphore(0)
    released = asyncio.Event()

    async def long(_: "Request") -> PlainTextResponse:
        arrived.release()
        await released.wait()
        return PlainTextResponse("")

    async def short(_: "Request") -> PlainTextResponse:
        clock.passes(2)
        await asyncio.sleep(0)
        clock.passes(1)
        return PlainTextResponse("")

    app = Starlette(routes=[Route("/{id}/long", long), Route("/{id}/short", short)])

    async def burst() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            waiting = [asyncio.create_task(client.get(f"/{number}/long")) for number in range(20)]
            for _ in waiting:
                await arrived.acquire()
            for number in range(20):
                await client.get(f"/{number}/short")
            released.set()
            await asyncio.gather(*waiting)
            assert probe._recorder.current.get() is None

    asyncio.run(burst())
    found = {name: list(samples.ordered()) for name, samples in operations().items()}
    assert found == {"GET /{id}/long": [60 * MS] * 19, "GET /{id}/short": [3 * MS] * 19}


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


def test_a_file_sent_by_the_server_itself_ends_the_request(
    operations: Operations, clock: "Clock", tmp_path: "Path"
) -> None:
    """``http.response.pathsend`` is the last word of the application too."""

    async def plain(_scope: "Scope", _receive: "Receive", send: "Send") -> None:
        clock.passes(10)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": str(tmp_path)})
        clock.passes(300)

    app = Starlette()
    app.middleware_stack = plain
    for _ in range(2):
        asyncio.run(app({"type": "http", "method": "GET", "path": "/"}, no_receive, no_send))
    assert (only(operations()["GET (no route)"]), clock.now) == (10 * MS, 620 * MS)


@pytest.mark.parametrize("how", [{"zerocopysend": 3}, {"pathsend": "a.json"}], ids=list)
def test_a_file_sent_by_the_server_itself_is_not_looked_at(
    probe: TrafficProbe, finished: list[Observation], how: dict[str, object]
) -> None:
    """What the application has not sent is no body that is empty, nor is what it has sent before a whole one."""
    ((kind, file),) = how.items()

    async def plain(_scope: "Scope", _receive: "Receive", send: "Send") -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if kind == "zerocopysend":
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
        await send({"type": f"http.response.{kind}", "file": file, "path": file})

    probe.recorder.keeping = True
    app = Starlette()
    app.middleware_stack = plain
    asyncio.run(app({"type": "http", "method": "GET", "path": "/"}, no_receive, no_send))
    (one,) = finished
    assert one.reply is not None
    assert one.reply.body(7) is None


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
    operations: Operations, starlette_client: "type[TestClient]", slow: Route
) -> None:
    """The observation follows the request into the task that ``BaseHTTPMiddleware`` starts."""

    async def dispatch(request: "Request", call_next: "RequestResponseEndpoint") -> Response:
        return await call_next(request)

    app = Starlette(routes=[slow])
    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    client = starlette_client(app)
    client.get("/slow")
    client.get("/slow")
    assert only(operations()["GET /slow"]) == 50 * MS


async def waits_in_vain(_: "Request") -> Response:
    """Wait for a task that somebody else has cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    await task
    return Response()


def leaves(_: "Request") -> Response:
    raise SystemExit(3)


async def waits(_: "Request") -> Response:
    await asyncio.sleep(60)
    return Response()


@pytest.mark.parametrize(
    ("handler", "answers"),
    [
        (waits_in_vain, {"asked": 1, "cut": 0, "failures": {"CancelledError": 1}}),
        (leaves, {"asked": 1, "cut": 0, "failures": {"SystemExit": 1}}),
        (waits, {"asked": 0, "cut": 1, "failures": {}}),
    ],
)
def test_whose_fault_the_end_is(
    probe: TrafficProbe, handler: "Callable[[Request], object]", answers: Plain
) -> None:
    """What an application does to itself is its failure; a client that does not wait is nobody's."""
    app = Starlette(routes=[Route("/", handler)])

    async def ask() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
            with suppress(asyncio.CancelledError, SystemExit, TimeoutError):
                async with asyncio.timeout(0.3):
                    await client.get("/")

    with suppress(SystemExit):
        asyncio.run(ask())
    assert probe.collect(None, print)["answers"] == {"GET /": answers}
