"""What is timed in Flask applications, and that a test sees nothing of it."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Barrier, Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, Response, request, send_file, stream_with_context
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wsgi import ClosingIterator

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.observation import Observation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from tests.unit.taps.conftest import Clock

Operations = Callable[[], Mapping[str, Samples]]
MS = 1_000_000


class OnPurposeError(Exception):
    """Raised by views here."""


@pytest.fixture
def app(clock: "Clock") -> Flask:
    app = Flask(__name__)

    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            clock.passes(20)
            yield b"chunk"

    @app.get("/slow")
    def slow() -> str:
        clock.passes(50)
        return "slow"

    @app.get("/stream")
    def stream() -> Response:
        return Response(chunks())

    @app.get("/stream-with-context")
    def stream_in_context() -> Response:
        return Response(stream_with_context(chunks()))

    @app.get("/fails")
    def fails() -> str:
        raise OnPurposeError("fails")

    @app.route("/method", methods=["GET", "PUT"])
    def method() -> str:
        return request.method

    @app.get("/file")
    def file() -> Response:
        return send_file(io.BytesIO(b"file"), mimetype="text/plain")

    return app


def only(samples: Samples) -> int:
    """Return the one sample that there is, in nanoseconds."""
    ((sample,),) = samples.runs
    return sample


def test_the_first_request_is_cold_and_the_others_are_samples(operations: Operations, app: Flask) -> None:
    """Five requests are one cold one and four samples, in nanoseconds."""
    client = app.test_client()
    assert [client.get("/slow").text for _ in range(5)] == ["slow"] * 5
    samples = operations()["GET /slow"]
    assert (samples.cold, samples.count, samples.seen, samples.sources) == (1, 4, 4, {"test": 4})
    assert list(samples.ordered()) == [50 * MS] * 4


@pytest.mark.parametrize("path", ["/stream", "/stream-with-context"])
def test_a_stream_is_timed_while_its_chunks_are_made(
    operations: Operations, app: Flask, clock: "Clock", path: str
) -> None:
    """The server's pauses between the chunks count; what the client does between them does not."""
    client = app.test_client()
    client.get(path).get_data()
    body = client.get(path).iter_encoded()
    for chunk in body:
        assert chunk == b"chunk"
        clock.passes(100)
    assert only(operations()[f"GET {path}"]) == 60 * MS


def test_what_middleware_makes_of_a_whole_body_is_timed(
    operations: Operations, app: Flask, clock: "Clock"
) -> None:
    """Flask says that all of it is there; the middleware takes its time for each chunk, in the same kind of body."""
    inside = app.wsgi_app

    def slowly(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            clock.passes(5)
            yield chunk.upper()

    def middleware(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return ClosingIterator(slowly(inside(environ, start_response)))

    app.wsgi_app = middleware  # type: ignore[method-assign]
    client = app.test_client()
    assert [client.get("/slow").text for _ in range(2)] == ["SLOW"] * 2
    assert only(operations()["GET /slow"]) == 55 * MS


def test_what_a_class_makes_of_a_whole_body_is_kept(
    probe: TrafficProbe, operations: Operations, finished: list[Observation], clock: "Clock"
) -> None:
    """A class that overrides ``wsgi_app`` is as good as middleware: what it hands on was sent, and takes its time."""

    class Wrapping(Flask):
        def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:  # noqa: ANN401  Flask's
            return ClosingIterator(map(self.wrapped, super().wsgi_app(environ, start_response)))

        def wrapped(self, chunk: bytes) -> bytes:
            clock.passes(5)
            return b"[%b]" % chunk

    probe.recorder.keeping = True
    app = Wrapping(__name__)
    app.add_url_rule("/", view_func=lambda: "whole")
    assert [app.test_client().get("/").data for _ in range(2)] == [b"[whole]"] * 2
    assert [one.reply and one.reply.body(None) for one in finished] == [b"[whole]"] * 2
    assert only(operations()["GET /"]) == 5 * MS


@pytest.mark.parametrize("keeping", [False, True])
def test_what_is_written_is_kept(
    probe: TrafficProbe, operations: Operations, finished: list[Observation], app: Flask, *, keeping: bool
) -> None:
    """WSGI lets an application send its body, or the beginning of it, with what ``start_response`` returns."""

    def writes(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert environ["PATH_INFO"] == "/"
        write = start_response("200 OK", [])
        write(b"writ")
        write(b"ten")
        return [b", whole"]

    probe.recorder.keeping = keeping
    app.wsgi_app = writes  # type: ignore[method-assign]
    assert app.test_client().get("/").data == b"written, whole"
    assert [one.reply.body(None) for one in finished if one.reply] == [b"written, whole"] * keeping
    assert list(operations()) == ["GET (no route)"]


def test_a_body_that_nobody_reads_ends_with_the_call_phase(
    probe: TrafficProbe, operations: Operations, app: Flask, clock: "Clock"
) -> None:
    """A test that looks at the status only leaves the body unread and unclosed: nobody knows how long the rest takes."""
    client = app.test_client()
    responses = [client.get("/stream") for _ in range(2)]
    assert probe._recorder.samples()["GET /stream"].seen == 0
    probe.close_window()
    clock.passes(200)
    assert responses[1].get_data() == b"chunkchunkchunk"
    probe.open_window()
    assert operations()["GET /stream"].count == 0
    assert probe.collect(None, print)["answers"] == {"GET /stream": {"asked": 0, "cut": 2, "failures": {}}}


@pytest.mark.parametrize("path", ["/slow", "/nowhere"])
def test_a_body_left_unread_by_a_fixture_is_no_sample(
    probe: TrafficProbe, operations: Operations, app: Flask, path: str
) -> None:
    """It is the cold request of the operation, and known as such before the test makes its own."""
    client = app.test_client()
    probe.close_window()
    client.get(path)
    probe.open_window()
    client.get(path).get_data()
    (samples,) = operations().values()
    assert (samples.cold, samples.count) == (1, 1)


def test_the_cold_request_is_the_first_one_also_when_nobody_reads_it(
    operations: Operations, app: Flask, clock: "Clock"
) -> None:
    """A later request whose body is read is not taken for the first one of its operation."""
    delays = [50, 7]

    @app.get("/warms-up")
    def warms_up() -> str:
        clock.passes(delays.pop(0))
        return ""

    client = app.test_client()
    unread = client.get("/warms-up")
    client.get("/warms-up").get_data()
    assert unread.status_code == 200
    assert only(operations()["GET /warms-up"]) == 7 * MS


def test_closing_is_not_timed(operations: Operations, app: Flask, clock: "Clock") -> None:
    """What runs at the ``close()`` of a response is not in the time."""
    closed = []

    def on_close() -> None:
        clock.passes(200)
        closed.append(True)

    @app.after_request
    def arrange(response: Response) -> Response:
        response.call_on_close(on_close)
        return response

    client = app.test_client()
    for _ in range(2):
        answer = client.get("/stream")
        assert answer.get_data() == b"chunkchunkchunk"
        answer.close()
    assert closed == [True, True]
    assert only(operations()["GET /stream"]) == 60 * MS


@pytest.mark.parametrize("path", ["/slow", "/stream", "/file"])
def test_head_has_no_body_and_is_its_own_operation(operations: Operations, app: Flask, path: str) -> None:
    """HEAD keeps its method, in the name and in what the client gets."""
    client = app.test_client()
    assert [client.head(path).get_data() for _ in range(2)] == [b"", b""]
    assert {name: samples.count for name, samples in operations().items()} == {f"HEAD {path}": 1}


def test_an_exception_passes_through_as_it_was(operations: Operations, app: Flask) -> None:
    """With ``testing`` the test gets the view's own exception, with the view in its traceback."""
    app.testing = True
    client = app.test_client()
    for _ in range(2):
        with pytest.raises(OnPurposeError, match=r"^fails$") as caught:
            client.get("/fails")
        assert caught.traceback[-1].name == "fails"
    assert (operations()["GET /fails"].cold, operations()["GET /fails"].count) == (1, 1)


def test_an_exception_turned_into_an_answer(operations: Operations, app: Flask) -> None:
    """Without ``testing`` it is a 500, an answer like any other."""
    client = app.test_client()
    assert [client.get("/fails").status_code for _ in range(3)] == [500, 500, 500]
    assert operations()["GET /fails"].count == 2


def test_an_exception_in_the_body_passes_through(operations: Operations) -> None:
    """A stream that fails half-way ends the request there."""
    app = Flask(__name__)

    @app.get("/")
    def broken() -> Response:
        def body() -> Iterator[bytes]:
            yield b"half"
            raise OnPurposeError("broken")

        return Response(body())

    client = app.test_client()
    for _ in range(2):
        with pytest.raises(OnPurposeError, match=r"^broken$"):
            client.get("/").get_data()
    assert operations()["GET /"].count == 1


def test_two_threads_at_once_do_not_mix_up(operations: Operations, clock: "Clock") -> None:
    """Requests that overlap keep their own names and times, and every one is counted."""
    app = Flask(__name__)
    together = Barrier(2, timeout=60)

    @app.get("/outer")
    def outer() -> str:
        clock.passes(10)
        together.wait()  # now the other one begins
        together.wait()  # and is inside its view
        clock.passes(5)
        together.wait()  # and goes on
        together.wait()  # and is answered
        clock.passes(20)
        return ""

    @app.get("/inner")
    def inner() -> str:
        together.wait()
        together.wait()
        return ""

    def ask_outer() -> None:
        for _ in range(6):
            app.test_client().get("/outer").get_data()

    def ask_inner() -> None:
        for _ in range(6):
            together.wait()
            app.test_client().get("/inner").get_data()
            together.wait()

    threads = [Thread(target=ask) for ask in (ask_outer, ask_inner)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {name: list(samples.ordered()) for name, samples in operations().items()}
    assert found == {"GET /inner": [5 * MS] * 5, "GET /outer": [35 * MS] * 5}


class Plain:
    """A body with an iterator that is another object, without ``close()``, and with more to it."""

    length = 2

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a", b"b"])


def answered_with(body: Iterable[bytes], environ: "WSGIEnvironment | None" = None) -> Iterable[bytes]:
    """Return what a server gets from an application whose body is *body*."""
    app = Flask(__name__)

    def wsgi_app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert environ["REQUEST_METHOD"] == "GET"
        start_response("200 OK", [])
        return body

    app.wsgi_app = wsgi_app  # type: ignore[method-assign]
    return app(environ or create_environ(), lambda *_: lambda _: None)


def test_bodies_keep_what_they_are(operations: Operations) -> None:
    """Lists stay lists, attributes can be read, and ``close`` is there exactly where it was."""
    body = [b"whole"]
    assert answered_with(body) is body
    plain = answered_with(Plain())
    assert not hasattr(plain, "close")
    assert plain.length == 2  # type: ignore[attr-defined]
    assert (list(plain), list(plain)) == ([b"a", b"b"], [b"a", b"b"])
    generated = answered_with(chunk for chunk in [b"a"])
    assert hasattr(generated, "close")
    assert next(generated) == b"a"  # type: ignore[call-overload]
    assert operations()["GET (no route)"].count == 2


def test_the_file_wrapper_of_the_server_is_not_wrapped(operations: Operations) -> None:
    """Servers recognise their own wrapper to send a file without reading it."""

    class FileWrapper:
        def __iter__(self) -> Iterator[bytes]:
            yield b"file"

    body = FileWrapper()
    assert answered_with(body, {**create_environ(), "wsgi.file_wrapper": FileWrapper}) is body
    assert list(operations()) == ["GET (no route)"]


def test_the_body_of_a_request_inside_is_not_kept(
    probe: TrafficProbe, finished: list[Observation], app: Flask
) -> None:
    """Whether the request around it answers afterwards, or raises and is answered 500."""
    outer = Flask("outer")
    probe.recorder.keeping = True

    @outer.get("/answers")
    def answers() -> str:
        return f"not {app.test_client().get('/slow').text}"

    @outer.get("/raises")
    def raises() -> str:
        raise OnPurposeError(app.test_client().get("/slow").text)

    shown = [outer.test_client().get(asked).data for asked in ("/answers", "/raises")]
    assert shown[0] == b"not slow"
    assert b"Internal Server Error" in shown[1]
    assert [
        one.reply and one.reply.body(len(data)) for one, data in zip(finished, shown, strict=True)
    ] == shown


@pytest.mark.parametrize("keeping", [False, True])
def test_the_server_gets_what_names_its_arguments(
    probe: TrafficProbe,
    operations: Operations,
    finished: list[Observation],
    app: Flask,
    *,
    keeping: bool,
) -> None:
    """Middleware may hand ``exc_info`` on by its name, and the headers where its server has that name for them.

    So named, they are the reply's all the same.
    """
    probe.recorder.keeping = keeping
    inner, got = app.wsgi_app, []

    def names(environ: "WSGIEnvironment", start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ANN401  WSGI's
            if environ["QUERY_STRING"]:
                return start_response(status, exc_info=exc_info, headers=headers)
            return start_response(status, headers, exc_info=exc_info)

        return inner(environ, start)

    def server(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        got.append((status, dict(headers)["Content-Length"], exc_info))
        return lambda _: None

    app.wsgi_app = names  # type: ignore[method-assign]
    for asked in ("/slow", "/slow?named"):
        assert b"".join(app(create_environ(asked), server)) == b"slow"
    assert got == [("200 OK", "4", None)] * 2
    assert operations()["GET /slow"].count == 1
    kept = [dict(one.reply.headers)["Content-Length"] for one in finished if one.reply]
    assert kept == (["4", "4"] if keeping else [])


def test_the_environ_gets_no_key(operations: Operations, app: Flask) -> None:
    """The application and its middleware see the environ that the server made."""
    seen: list[WSGIEnvironment] = []
    inner = app.wsgi_app

    def watch(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        seen.append(dict(environ))
        return inner(environ, start_response)

    app.wsgi_app = watch  # type: ignore[method-assign]
    environ = create_environ("/method")
    body, status, _ = run_wsgi_app(app, environ)
    assert (b"".join(body), status, seen) == (b"GET", "200 OK", [environ])
    assert list(operations()) == ["GET /method"]


def test_a_fault_of_the_tap_does_not_reach_the_request(
    probe: TrafficProbe, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the bookkeeping raises is noted once, and the test sees the answer that it asked for."""

    def fault(_: str) -> str:
        raise KeyError("x")

    monkeypatch.setattr("pytest_backend_gates.taps.wsgi._template", fault)
    assert app.test_client().get("/method").text == "GET"
    payload = probe.collect(None, print)
    assert payload["faults"] == ["the Flask tap failed once: KeyError: 'x'; requests were not affected"]
    assert list(payload["operations"]) == ["GET (no route)"]


def test_stopping_restores_flask(app: Flask) -> None:
    """Its methods are the very ones that they were."""
    before = [vars(Flask)[name] for name in ("__call__", "wsgi_app", "full_dispatch_request")]
    probe = TrafficProbe()
    probe.start()
    probe.open_window()
    assert not any(vars(Flask)[method.__name__] is method for method in before)
    probe.stop()
    assert all(vars(Flask)[method.__name__] is method for method in before)
    app.test_client().get("/method")
    assert probe.collect(None, print) == {"operations": {}, "answers": {}, "faults": []}


def test_what_is_served_at_the_end_is_cut_short(probe: TrafficProbe) -> None:
    """A server in a thread goes on when its client has given up: that request is told of, and ends once."""
    app, begun, go_on = Flask(__name__), Event(), Event()

    @app.get("/slow")
    def slow() -> str:
        begun.set()
        go_on.wait(60)
        return ""

    thread = Thread(target=lambda: app.test_client().get("/slow").close())
    thread.start()
    assert begun.wait(60)
    assert probe.collect(None, print)["answers"] == {"GET /slow": {"asked": 0, "cut": 1, "failures": {}}}
    go_on.set()
    thread.join()
    assert probe.collect(None, print)["answers"] == {"GET /slow": {"asked": 0, "cut": 1, "failures": {}}}
