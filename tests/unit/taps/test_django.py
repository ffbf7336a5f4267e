"""What is timed in Django projects by their test clients, and that a test sees nothing of it."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from django.core.signals import request_finished
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import path

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
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


async def fails_later(_: "HttpRequest") -> HttpResponse:
    raise OnPurposeError("fails")


@pytest.fixture
def urls(django_urls: Urls, clock: "Clock") -> None:
    def slow(_: "HttpRequest") -> HttpResponse:
        clock.passes(50)
        return HttpResponse("slow")

    async def slow_async(request: "HttpRequest") -> HttpResponse:
        await asyncio.sleep(0)
        response: HttpResponse = slow(request)
        return response

    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            clock.passes(20)
            yield b"chunk"

    async def chunks_async() -> AsyncIterator[bytes]:
        for chunk in chunks():
            yield chunk

    django_urls(
        path("slow/", slow),
        path("async/", slow_async),
        path("stream/", lambda _: StreamingHttpResponse(chunks())),
        path("stream-async/", lambda _: StreamingHttpResponse(chunks_async())),
        path("file/", lambda _: FileResponse(io.BytesIO(b"file"))),
        path("fails/", fails),
        path("fails-async/", fails_later),
    )


def client(**options: object) -> Any:  # noqa: ANN401  Django ships no types
    """Return a new client; its module can be imported once Django is configured."""
    from django.test import Client

    return Client(**options)


def ask(kind: str, method: str, asked: str, times: int = 1) -> list[Any]:
    """Return the answers that a client of this *kind* gets."""
    if kind == "sync":
        return [client().generic(method, asked) for _ in range(times)]
    from django.test import AsyncClient

    async def asking() -> list[Any]:
        return [await AsyncClient().generic(method, asked) for _ in range(times)]

    return asyncio.run(asking())


def only(samples: Samples) -> int:
    """Return the one sample that there is, in nanoseconds."""
    ((sample,),) = samples.runs
    return sample


@pytest.mark.usefixtures("urls")
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("asked", ["/slow/", "/async/"])
def test_the_first_request_is_cold_and_the_others_are_samples(
    operations: Operations, kind: str, asked: str
) -> None:
    """Views of both kinds, asked by clients of both kinds: one cold request and four samples."""
    assert [answer.content for answer in ask(kind, "GET", asked, 5)] == [b"slow"] * 5
    ((name, samples),) = operations().items()
    assert (name, samples.cold, samples.count, samples.sources) == (f"GET {asked}", 1, 4, {"test": 4})
    assert list(samples.ordered()) == [50 * MS] * 4


@pytest.mark.usefixtures("urls")
def test_a_stream_is_timed_while_its_chunks_are_made(operations: Operations, clock: "Clock") -> None:
    """The server's pauses between the chunks count; what the client does between them does not."""
    client().get("/stream/").getvalue()
    answer = client().get("/stream/")
    for chunk in answer.streaming_content:
        assert chunk == b"chunk"
        clock.passes(100)
    assert only(operations()["GET /stream/"]) == 60 * MS


@pytest.mark.usefixtures("urls")
def test_an_asynchronous_stream_is_timed_while_its_chunks_are_made(
    operations: Operations, clock: "Clock", finished: "list[Observation]"
) -> None:
    """So it is in tasks; the end of the body is no exception."""
    from django.test import AsyncClient

    async def read() -> None:
        for _ in range(2):
            answer = await AsyncClient().get("/stream-async/")
            async for chunk in answer.streaming_content:
                assert chunk == b"chunk"
                clock.passes(100)

    asyncio.run(read())
    assert only(operations()["GET /stream-async/"]) == 60 * MS
    assert [(one.status, one.raised) for one in finished] == [(200, None), (200, None)]


@pytest.mark.usefixtures("urls")
def test_a_body_that_nobody_reads_ends_with_the_call_phase(
    probe: TrafficProbe, operations: Operations, clock: "Clock"
) -> None:
    """A test that looks at the status only leaves the body unread: nobody knows how long the rest takes."""
    answers = [client().get("/stream/") for _ in range(2)]
    assert probe._recorder.samples()["GET /stream/"].seen == 0
    probe.close_window()
    clock.passes(200)
    assert answers[1].getvalue() == b"chunkchunkchunk"
    probe.open_window()
    assert operations()["GET /stream/"].count == 0
    assert probe.collect(None, print)["answers"] == {"GET /stream/": {"asked": 0, "cut": 2, "failures": {}}}


@pytest.mark.usefixtures("urls")
@pytest.mark.parametrize("asked", ["/slow/", "/stream/"])
def test_closing_is_not_timed(operations: Operations, clock: "Clock", asked: str) -> None:
    """Servers close a response after its last byte: listeners to that are no waiting."""

    def listener(**_: object) -> None:
        clock.passes(300)

    request_finished.connect(listener)
    try:
        for _ in range(2):
            b"".join(client().get(asked))
    finally:
        request_finished.disconnect(listener)
    assert (only(operations()[f"GET {asked}"]) // MS, clock.now >= 600 * MS) == (
        {"/slow/": 50, "/stream/": 60}[asked],
        True,
    )


@pytest.mark.usefixtures("urls")
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("asked", ["/slow/", "/stream/", "/file/"])
def test_head_has_no_body_and_is_its_own_operation(operations: Operations, kind: str, asked: str) -> None:
    """HEAD keeps its method, in the name and in what the client gets."""
    for answer in ask(kind, "HEAD", asked, 2):
        assert (b"".join(answer.streaming_content) if answer.streaming else answer.content) == b""
    assert {name: samples.count for name, samples in operations().items()} == {f"HEAD {asked}": 1}


@pytest.mark.usefixtures("urls")
def test_a_file_is_a_file(operations: Operations) -> None:
    """Its length and its bytes are there, and closing the response closes it."""
    for _ in range(2):
        answer = client().get("/file/")
        assert (answer.headers["Content-Length"], answer.getvalue()) == ("4", b"file")
        answer.close()
    assert operations()["GET /file/"].count == 1


@pytest.mark.usefixtures("urls")
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(("asked", "view"), [("/fails/", "fails"), ("/fails-async/", "fails_later")])
def test_an_exception_passes_through_as_it_was(
    operations: Operations, finished: "list[Observation]", kind: str, asked: str, view: str
) -> None:
    """The client raises the view's own exception, with the view in its traceback; a server would say 500."""
    for _ in range(2):
        with pytest.raises(OnPurposeError, match=r"^fails$") as caught:
            ask(kind, "GET", asked)
        assert caught.traceback[-1].name == view
    assert (operations()[f"GET {asked}"].cold, operations()[f"GET {asked}"].count) == (1, 1)
    assert [(one.status, one.raised, one.failure is not None) for one in finished] == [(500, None, True)] * 2


@pytest.mark.usefixtures("urls")
def test_an_exception_turned_into_an_answer(operations: Operations) -> None:
    """A 500 is an answer like any other."""
    asking = client(raise_request_exception=False)
    assert [asking.get("/fails/").status_code for _ in range(3)] == [500, 500, 500]
    assert operations()["GET /fails/"].count == 2


@pytest.mark.usefixtures("urls")
def test_an_exception_that_leaves_the_handler(operations: Operations, finished: "list[Observation]") -> None:
    """With ``DEBUG_PROPAGATE_EXCEPTIONS`` Django turns nothing into an answer."""
    from django.test import override_settings

    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
        for _ in range(2):
            with pytest.raises(OnPurposeError, match=r"^fails$"):
                client().get("/fails/")
    assert operations()["GET /fails/"].count == 1
    assert [(one.status, one.raised, one.failure is not None) for one in finished] == [
        (None, "OnPurposeError", True)
    ] * 2


@pytest.mark.usefixtures("urls")
def test_fixtures_are_not_samples_but_can_be_cold(probe: TrafficProbe, operations: Operations) -> None:
    """Outside the call phase only the first request of an operation leaves a trace."""
    probe.close_window()
    client().get("/slow/")
    client().get("/slow/")
    probe.open_window()
    client().get("/slow/")
    client().get("/async/")
    probe.close_window()
    client().get("/async/")
    assert {name: (samples.cold, samples.count) for name, samples in operations().items()} == {
        "GET /async/": (1, 0),
        "GET /slow/": (1, 1),
    }


@pytest.mark.usefixtures("urls")
def test_stopping_restores_django() -> None:
    """Every method is the very one that it was, and later requests are not observed."""
    from django.core.handlers.asgi import ASGIHandler
    from django.core.handlers.base import BaseHandler
    from django.core.handlers.wsgi import WSGIHandler

    patched = [(BaseHandler, "get_response"), (BaseHandler, "get_response_async")]
    patched += [(WSGIHandler, "__call__"), (ASGIHandler, "__call__")]
    before = [vars(owner)[name] for owner, name in patched]
    probe = TrafficProbe()
    probe.start()
    probe.open_window()
    assert [vars(owner)[name] is was for (owner, name), was in zip(patched, before, strict=True)] == [
        False
    ] * 4
    probe.stop()
    assert [vars(owner)[name] is was for (owner, name), was in zip(patched, before, strict=True)] == [
        True
    ] * 4
    client().get("/slow/")
    assert probe.collect(None, print) == {"operations": {}, "answers": {}, "faults": []}


@pytest.mark.usefixtures("urls")
def test_the_path_that_was_asked_for(probe: TrafficProbe, finished: "list[Observation]") -> None:
    """It is kept beside the answer, also where no route is chosen."""
    probe.listen(lambda _: None)
    ask("sync", "GET", "/slow/?a=1")
    ask("sync", "GET", "/%C3%A4/")
    assert [one.reply and one.reply.path for one in finished] == ["/slow/", "/ä/"]


@pytest.mark.usefixtures("urls")
@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_whether_an_answer_was_received(probe: TrafficProbe, kind: str, *, raises: bool) -> None:
    """A client that raises the view's exception, as it does by default, returns no answer."""
    from django.test import AsyncClient

    heard: list[Observation] = []
    probe.listen(heard.append)
    asking = client(raise_request_exception=raises)
    with nullcontext() if not raises else pytest.raises(OnPurposeError):
        if kind == "sync":
            asking.get("/fails/")
        else:
            asyncio.run(AsyncClient(raise_request_exception=raises).get("/fails/"))
    assert [one.reply and one.reply.withheld for one in heard] == [raises]
