"""A WSGI application, served in the thread that asks for it: the test's own."""

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from queue import Empty, SimpleQueue
from typing import Any, Never, Self
from urllib.parse import quote

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.probes.contract.serving import (
    INSIDE,
    STREAM_SECONDS,
    Answer,
    ServingError,
    Traffic,
    failed,
)

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class _TooLongError(BaseException):
    """Raised into an application that does not answer."""


class _Job:
    """One request that waits to be served."""

    def __init__(self, environ: Environ) -> None:
        self.environ = environ
        self.answer = failed()
        self.done = threading.Event()


class WsgiServer:
    """Serves *app*; a request may take *limit* seconds. Is itself the WSGI application that the engine calls.

    The requests come from the engine's threads and are answered by whoever calls :meth:`serve`. A request that
    hangs can be broken off in the main thread only, and not on Windows; elsewhere the engine's thread answers by
    itself, and is left behind with a request that hangs.
    """

    def __init__(self, app: App, limit: float) -> None:
        self.traffic = Traffic()
        self.closing: ServingError | None = None
        self._app = app
        self._limit = limit
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._here = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
        self._case = ""

    def __enter__(self) -> Self:
        flask = sys.modules.get("flask")
        if flask is not None:  # it answers 500 by itself and tells of the exception by this
            flask.got_request_exception.connect(self._told)
        return self

    def __exit__(self, *_: object) -> None:
        flask = sys.modules.get("flask")
        if flask is not None:
            flask.got_request_exception.disconnect(self._told)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        query = environ.get("QUERY_STRING", "")
        path = quote(environ.get("PATH_INFO", "").encode("latin-1"))
        target, content_type = f"{path}?{query}".removesuffix("?"), environ.get("CONTENT_TYPE", "")
        name = self.traffic.note(environ["REQUEST_METHOD"], target, body, content_type)
        job = _Job(environ)
        if self._here:
            self._jobs.put(job)
            job.done.wait()
        else:
            self._answer(job)
        if job.answer.status == 0:
            self.traffic.hung = name
            job.answer = failed()
        start_response(f"{job.answer.status} ", job.answer.headers)
        return [b"".join(job.answer.pieces)]

    def serve(self, seconds: float) -> None:
        """Answer one request; return without one after so many *seconds*, or when :meth:`finish` is called."""
        try:
            job = self._jobs.get(timeout=seconds)
        except Empty:
            return
        if job is None:
            return
        try:
            with _broken_off(self._limit):
                self._answer(job)
        except _TooLongError:
            job.answer = Answer()
        finally:
            job.done.set()

    def finish(self) -> None:
        """Wake the thread that serves: nothing more will be asked."""
        self._jobs.put(None)

    def _answer(self, job: _Job) -> None:
        self._case = job.environ.get("HTTP_X_SCHEMATHESIS_TESTCASEID", "")
        inside = INSIDE.set(True)
        answer = Answer()
        try:
            _ask(self._app, job.environ, answer)
        except (_TooLongError, KeyboardInterrupt):  # the second may well be the user's
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the application raised it: that is the finding
            answer = self.traffic.crashed(self._case, error, answer)
        finally:
            INSIDE.reset(inside)
        job.answer = answer

    def _told(self, _: object, exception: BaseException, **__: object) -> None:
        self.traffic.crashes.setdefault(self._case, exception)


def _ask(app: App, environ: Environ, answer: Answer) -> None:
    """Call *app* and read its answer to the end; of an event stream as much as is enough."""

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[..., Any]:
        answer.status = int(status.split(" ", 1)[0])
        answer.headers[:] = headers
        return answer.pieces.append

    start = Clock.monotonic()
    body = app(environ, start_response)
    try:
        for piece in body:
            answer.pieces.append(piece)
            if answer.enough or (answer.streams and Clock.monotonic() - start > STREAM_SECONDS):
                break
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    if not answer.status:
        raise RuntimeError("the application returned without a response")
    answer.ended = True


@contextmanager
def _broken_off(limit: float) -> Iterator[None]:
    """Raise :class:`_TooLongError` in this thread, the main one, after *limit* seconds. Keeps another's alarm."""

    def too_long(*_: object) -> Never:
        raise _TooLongError

    start = Clock.monotonic()
    before = signal.signal(signal.SIGALRM, too_long)
    left, interval = signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (Clock.monotonic() - start)), interval)
