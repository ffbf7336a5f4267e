"""A WSGI application, served in the thread of the test, the main one; in any other, in that of the engine."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Final, Self
from urllib.parse import quote
from weakref import ref

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.probes.contract.leaving import INSIDE
from pytest_backend_gates.probes.contract.serving import (
    CASE_HEADER,
    STREAM_SECONDS,
    Answer,
    EnoughError,
    ServingError,
    Traffic,
    failed,
    too_long,
)

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


#: Where a WSGI application finds that header.
_CASE: Final = f"HTTP_{CASE_HEADER.upper().replace('-', '_')}"
#: So many seconds after an alarm that the application has swallowed the next one rings.
_AGAIN: Final = 0.2
#: What traces the application keeps locks while it does: one that is never released would be waited for without end.
_TRACER: Final = "coverage"
#: Where locks are taken and released, which has to be done in full.
_LOCKING: Final = ("__enter__", "__exit__", "acquire", "release")


class _TooLateError(BaseException):
    """Raised into an application that does not answer."""


class _Job:
    """One request that waits to be served."""

    def __init__(self, environ: Environ) -> None:
        self.environ = environ
        self.answer = failed()
        #: What was raised into the application, if it did not answer.
        self.late: BaseException | None = None
        self.done = threading.Event()


class WsgiDoor:
    """The WSGI application that the engine calls. What keeps it keeps no more than this."""

    def __init__(self, server: "WsgiServer") -> None:
        self._server = ref(server)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        server = self._server()
        answer = failed() if server is None else server.ask(environ)
        start_response(f"{answer.status} ", answer.headers)
        return [b"".join(answer.pieces)]


class WsgiServer:
    """Serves *app*; a request may take *limit* seconds. The engine calls its :attr:`door`.

    The requests come from the engine's threads and are answered by whoever calls :meth:`serve`. A request that
    hangs can be broken off in the main thread only, and not on Windows; elsewhere the engine's thread answers by
    itself, and is left behind with a request that hangs. What swallows every exception in a loop without end
    cannot be broken off at all.
    """

    def __init__(self, app: App, limit: float) -> None:
        self.traffic = Traffic()
        self.closing: ServingError | None = None
        self.door = WsgiDoor(self)
        self._app = app
        self._limit = limit
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._here = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ask(self, environ: Environ) -> Answer:
        """Have the application answer; 500 in its place when it does not."""
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
        if job.late is not None:
            return self.traffic.give_up(f"no answer to {name} within {self._limit:g} s", [job.late])
        return self.traffic.give_up(too_long(name)) if job.answer.too_long else job.answer

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
        except _TooLateError as late:
            job.late = late
        finally:
            job.done.set()

    def finish(self) -> None:
        """Wake the thread that serves: nothing more will be asked."""
        self._jobs.put(None)

    def _answer(self, job: _Job) -> None:
        case = job.environ.get(_CASE, "")
        inside = INSIDE.set(case)
        answer = Answer()
        try:
            _ask(self._app, job.environ, answer)
        except (_TooLateError, KeyboardInterrupt):  # the second may well be the user's
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the application raised it: that is the finding
            answer = self.traffic.crashed(case, error, answer)
        finally:
            INSIDE.reset(inside)
        job.answer = answer


def _ask(app: App, environ: Environ, answer: Answer) -> None:
    """Call *app* and read its answer to the end, or as much of it as is enough."""

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[..., Any]:
        answer.status = int(status.split(" ", 1)[0])
        answer.headers[:] = headers
        return answer.add

    with suppress(EnoughError):
        _read(app(environ, start_response), answer)
    answer.ended = True
    if not answer.status:
        raise RuntimeError("the application returned without a response")


def _read(body: Iterable[bytes], answer: Answer) -> None:
    start = Clock.monotonic()
    try:
        for piece in body:
            answer.add(piece)
            if answer.streams and Clock.monotonic() - start > STREAM_SECONDS:
                break
        answer.ended = True  # whatever closing it raises, a client has it
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


@contextmanager
def _broken_off(limit: float) -> Iterator[None]:
    """Raise :class:`_TooLateError` in this thread, the main one, after *limit* seconds. Keeps another's alarm.

    It is raised in the application only, and again for as long as that swallows it, or until it can be broken off.
    """
    found: list[FrameType | None] = [None]

    def too_late(_: int, frame: FrameType | None) -> None:
        before, found[0] = found[0], frame
        # What waits for a lock is where it was.
        if _is_answering(frame) and (frame is before or not _is_locking(frame)):
            raise _TooLateError

    start = Clock.monotonic()
    before = signal.signal(signal.SIGALRM, too_late)
    left, interval = signal.setitimer(signal.ITIMER_REAL, limit, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (Clock.monotonic() - start)), interval)


def _is_locking(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_code.co_name in _LOCKING


def _is_answering(frame: FrameType | None) -> bool:
    """Whether *frame* runs for the application: what comes after it, here, is not to be broken off, nor what traces it."""
    while frame is not None and frame.f_code is not _ask.__code__:
        if frame.f_globals.get("__name__", "").partition(".")[0] == _TRACER:
            return False
        frame = frame.f_back
    return frame is not None
