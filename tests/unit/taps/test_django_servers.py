"""What is timed in Django projects behind real servers and other people's clients."""

import asyncio
import http.client
import io
import urllib.error
import urllib.request
import warnings
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path
from werkzeug.test import create_environ, run_wsgi_app

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from django.http import HttpRequest
    from tests.unit.taps.conftest import Clock

    from pytest_backend_gates.taps.observation import Observation

Operations = Callable[[], Mapping[str, Samples]]
Urls = Callable[..., None]
MS = 1_000_000


class OnPurposeError(Exception):
    """Raised by views here."""


def fails(_: "HttpRequest") -> HttpResponse:
    raise OnPurposeError("fails")


def counts(operations: Operations) -> dict[str, int]:
    return {name: one.cold + one.count for name, one in operations().items()}


@pytest.fixture
def urls(django_urls: Urls, clock: "Clock") -> None:
    def slow(request: "HttpRequest", number: int) -> HttpResponse:
        assert number
        clock.passes(50)
        return HttpResponse(request.method)

    def stream(_: "HttpRequest") -> StreamingHttpResponse:
        def chunks() -> Iterator[bytes]:
            for _ in range(3):
                clock.passes(20)
                yield b"chunk"

        return StreamingHttpResponse(chunks())

    django_urls(
        path("slow/<int:number>/", slow),
        path("stream/", stream),
        path("file/", lambda _: FileResponse(io.BytesIO(b"file"))),
        path("fails/", fails),
    )


@pytest.fixture
def server(urls: None) -> Iterator[str]:
    """Start the server that ``LiveServerTestCase`` and pytest-django start, in a thread of its own."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    assert urls is None
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    assert thread.is_ready.wait(60)
    assert thread.error is None
    yield f"http://127.0.0.1:{thread.port}"
    thread.terminate()


def status_of(url: str, method: str = "GET") -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as answer:  # noqa: S310  a URL of our own
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.read()
        error.close()
        return error.code


def test_a_live_server_is_observed(operations: Operations, server: str) -> None:
    """Requests over a real socket, answered in threads of the server's, by their routes."""
    asked = ["/slow/1/", "/slow/2/", "/stream/", "/file/", "/fails/", "/nowhere/", "/static/none.css"]
    answers = [status_of(server + one) for one in asked]
    assert (answers, status_of(server + "/slow/3/", "HEAD")) == ([200] * 4 + [500, 404, 404], 200)
    assert counts(operations) == {
        "GET (no route)": 2,
        "GET /fails/": 1,
        "GET /file/": 1,
        "GET /slow/{number}/": 2,
        "GET /stream/": 1,
        "HEAD /slow/{number}/": 1,
    }


def test_threads_do_not_mix_up(operations: Operations, django_urls: Urls, server: str) -> None:
    """Requests that overlap keep their own names, and every one is counted."""
    together = Barrier(2, timeout=60)

    def meets(_: "HttpRequest", number: int) -> HttpResponse:
        together.wait()
        return HttpResponse(str(number))

    django_urls(path("left/<int:number>/", meets), path("right/<int:number>/", meets))
    with ThreadPoolExecutor(2) as threads:
        asked = [f"{server}/{side}/{number}/" for number in range(10) for side in ("left", "right")]
        assert set(threads.map(status_of, asked)) == {200}
    assert counts(operations) == {"GET /left/{number}/": 10, "GET /right/{number}/": 10}


def application() -> Any:  # noqa: ANN401  Django ships no types
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


@pytest.mark.usefixtures("urls")
def test_the_wsgi_application_is_timed_to_its_last_byte(
    operations: Operations, finished: "list[Observation]", clock: "Clock"
) -> None:
    """A response of one piece ends at once, and a stream with its last chunk."""
    app = application()
    environ = create_environ("/slow/1/")
    before = {name: environ[name] for name in environ if not name.startswith("wsgi.")}
    for _ in range(2):
        body, status, _ = run_wsgi_app(app, environ, buffered=False)
        assert (b"".join(body), status) == (b"GET", "200 OK")
        for chunk in run_wsgi_app(app, create_environ("/stream/"))[0]:
            assert chunk == b"chunk"
            clock.passes(100)
    assert {name: environ[name] for name in environ if not name.startswith("wsgi.")} == before
    samples = {name: [list(run) for run in one.runs] for name, one in operations().items()}
    assert samples == {"GET /slow/{number}/": [[50 * MS]], "GET /stream/": [[60 * MS]]}
    assert [one.status for one in finished] == [200] * 4


@pytest.mark.usefixtures("urls")
def test_the_wsgi_application_answers_with_its_own_objects(operations: Operations) -> None:
    """A whole response is Django's own, and a file is in the wrapper of the server."""

    class FileWrapper:
        def __init__(self, file: io.BytesIO, size: int) -> None:
            self.parts = (file, size)

        def __iter__(self) -> Iterator[bytes]:
            yield self.parts[0].read()

    def body(asked: str, **extra: object) -> Iterable[bytes]:
        environ: WSGIEnvironment = {**create_environ(asked), **extra}
        answered: Iterable[bytes] = application()(environ, lambda *_: None)
        return answered

    assert type(body("/slow/1/")) is HttpResponse
    assert type(body("/file/", **{"wsgi.file_wrapper": FileWrapper})) is FileWrapper
    stream = body("/stream/")
    assert (stream.status_code, b"".join(stream)) == (200, b"chunkchunkchunk")  # type: ignore[attr-defined]
    stream.close()  # type: ignore[attr-defined]
    assert list(operations()) == ["GET /file/", "GET /slow/{number}/", "GET /stream/"]


@pytest.mark.usefixtures("urls")
def test_the_asgi_application_is_timed_to_its_last_byte(
    operations: Operations, finished: "list[Observation]", clock: "Clock"
) -> None:
    """Through a client that is not Django's, with overlapping requests."""
    from django.core.asgi import get_asgi_application

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(get_asgi_application())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers = [await client.get("/slow/1/") for _ in range(2)]
            answers += [await client.get("/fails/"), await client.head("/slow/1/")]
            answers += await asyncio.gather(*(client.get("/nowhere/") for _ in range(3)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [200, 200, 500, 200, 404, 404, 404]
    assert counts(operations) == {
        "GET (no route)": 3,
        "GET /fails/": 1,
        "GET /slow/{number}/": 2,
        "HEAD /slow/{number}/": 1,
    }
    assert [list(run) for run in operations()["GET /slow/{number}/"].runs] == [[50 * MS]]
    assert [one.status for one in finished] == [200, 200, 500, 200, 404, 404, 404]
    assert clock.now == 150 * MS


def test_a_client_that_goes_away(
    probe: TrafficProbe, operations: Operations, django_urls: Urls, clock: "Clock"
) -> None:
    """Django cancels the view and returns without an answer: nothing is known of how it would have gone."""
    from django.core.asgi import get_asgi_application

    async def never(_: "HttpRequest") -> HttpResponse:
        clock.passes(50)
        gone.set()
        await asyncio.Event().wait()
        return HttpResponse()

    async def receive() -> dict[str, object]:
        if asked:
            await gone.wait()
            return {"type": "http.disconnect"}
        asked.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    django_urls(path("never/", never))
    scope = {"type": "http", "method": "GET", "path": "/never/", "headers": [], "query_string": b""}
    for _ in range(2):
        gone, asked = asyncio.Event(), list[bool]()
        asyncio.run(get_asgi_application()(scope, receive, None))
    assert (operations()["GET /never/"].runs, clock.now) == ((), 100 * MS)
    assert probe.collect(None, print)["answers"] == {"GET /never/": {"asked": 0, "cut": 2, "failures": {}}}


@pytest.mark.usefixtures("urls")
def test_websockets_and_lifespans_pass_straight_through(operations: Operations) -> None:
    """Django refuses them itself."""
    from django.core.asgi import get_asgi_application

    for kind in ("websocket", "lifespan"):
        with pytest.raises(
            ValueError, match=rf"^Django can only handle ASGI/HTTP connections, not {kind}\.$"
        ):
            asyncio.run(get_asgi_application()({"type": kind}, None, None))
    assert operations() == {}


@pytest.mark.usefixtures("urls")
def test_clients_of_rest_framework(probe: TrafficProbe, operations: Operations) -> None:
    """``APIClient`` is a test client of Django's; ``RequestsClient`` asks the WSGI application."""
    from rest_framework.test import APIClient

    probe.close_window()
    APIClient().get("/slow/1/")
    probe.open_window()
    assert APIClient().get("/slow/1/").content == b"GET"
    samples = operations()["GET /slow/{number}/"]
    assert (samples.cold, [list(run) for run in samples.runs]) == (1, [[50 * MS]])


def test_an_asynchronous_stream_is_made_at_once(
    operations: Operations, probe: TrafficProbe, django_urls: Urls, server: str, clock: "Clock"
) -> None:
    """Django makes all of it before the first chunk, where there is no loop: that takes time, and may fail."""

    async def chunks() -> AsyncIterator[bytes]:
        clock.passes(20)
        yield b"chunk"

    async def breaks() -> AsyncIterator[bytes]:
        raise OnPurposeError
        yield b""

    django_urls(
        path("slow/", lambda _: StreamingHttpResponse(chunks())),
        path("breaks/", lambda _: StreamingHttpResponse(breaks())),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Django's, of asynchronous iterators where there is no loop
        assert [status_of(f"{server}/slow/") for _ in range(2)] == [200, 200]
        with suppress(OSError, http.client.HTTPException):
            status_of(f"{server}/breaks/")
    assert list(operations()["GET /slow/"].ordered()) == [20 * MS]
    failures = {"OnPurposeError": 1}
    assert probe.collect(None, print)["answers"]["GET /breaks/"]["failures"] == failures
