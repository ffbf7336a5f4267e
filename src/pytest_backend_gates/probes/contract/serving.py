"""The application under test, served in this process: every request is answered, whatever the application does.

The engine talks to a server here as it would to the application. What the application raises becomes a
plain 500, as a real server would make it, and is kept; what does not answer is given up. A WSGI
application answers in the thread that serves, the test's own, as with its framework's test client: a
database connection of a fixture may know no other thread. An ASGI application has a loop and a thread of
its own, as with Starlette's test client, and its lifespan begins and ends there.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

#: Where the engine writes the id of the test case that a request belongs to.
CASE_HEADER: Final = "x-schemathesis-testcaseid"
#: So much of an event stream, which may never end, is waited for: pieces, and seconds.
STREAM_PIECES: Final = 20
STREAM_SECONDS: Final = 1.0
#: So many bytes of an answer are kept: one that goes on is given up.
LONGEST: Final = 16 * 2**20

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)')


class ServingError(Exception):
    """The application cannot be served: its lifespan fails, or it ends a thread that has to go on."""

    def __init__(self, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class EnoughError(BaseException):
    """Raised into an application of whose answer no more is wanted, and that may go on for ever."""


@dataclass(slots=True)
class Answer:
    """What the application said to one request."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False
    #: In bytes, with what was not kept.
    size: int = 0

    def add(self, piece: bytes) -> None:
        """Keep *piece*. Raises :class:`EnoughError` when no other is wanted."""
        self.size += len(piece)
        if self.too_long:
            raise EnoughError
        self.pieces.append(piece)
        if self.enough:
            raise EnoughError

    @property
    def too_long(self) -> bool:
        """Whether it went on for longer than anything that is kept."""
        return self.size > LONGEST

    @property
    def streams(self) -> bool:
        """Whether this is an event stream."""
        return any(
            name.lower() == "content-type" and value.lower().startswith("text/event-stream")
            for name, value in self.headers
        )

    @property
    def enough(self) -> bool:
        """Whether the rest of an event stream can be left unread."""
        return self.streams and len(self.pieces) >= STREAM_PIECES


@dataclass(slots=True)
class Traffic:
    """What went through a server."""

    #: By test case: what the application raised.
    crashes: dict[str, BaseException] = field(default_factory=dict)
    #: By test case, or where else it was: what it raised beside a complete answer, which its client has.
    late: dict[str, BaseException] = field(default_factory=dict)
    #: One line a request: method, path with query, and a hash of the body.
    log: list[str] = field(default_factory=list)
    #: Which request was given up, and why, if one was.
    given_up: str | None = None
    #: Where the application may have been then, the likeliest place first.
    hanging: Sequence[BaseException] = ()

    def note(self, method: str, target: str, body: bytes, content_type: str) -> str:
        """Log a request, and return how to name it. A multipart boundary is random, and left out."""
        boundary = _BOUNDARY.search(content_type)
        if boundary is not None:
            body = body.replace(boundary[1].encode("latin-1"), b"")
        self.log.append(f"{method} {target} {hashlib.sha256(body).hexdigest()[:16]}")
        return f"{method} {target}"

    def give_up(self, why: str, hanging: Iterable[BaseException] = ()) -> Answer:
        """Keep *why* a request was given up, and where; return what stands for its answer."""
        self.given_up = f"{why}: the request was given up"
        self.hanging = [*hanging]
        return failed()

    def crashed(self, case: str, error: BaseException, answer: Answer) -> Answer:
        """Keep what the application raised; return the complete answer that it has sent, or else our own 500."""
        complete = bool(answer.status) and answer.ended
        beside = self.late if complete and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR else self.crashes
        beside.setdefault(case, error)
        return answer if complete else failed()


class UnderWay:
    """The request that is being answered: the engine waits for one at a time, until nothing is asked any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = Future[Answer]()
        #: Nothing is asked any more: what is cancelled then was no fault of who should have answered.
        self.is_over = False

    def begin(self, start: Callable[[], Future[Answer]]) -> Future[Answer]:
        """Have *start* begin a request and return its answer to be; one that is cancelled once it is over."""
        with self._lock:
            if self.is_over:
                nothing = Future[Answer]()
                nothing.cancel()
                return nothing
            self._last = start()
            return self._last

    def end(self) -> None:
        """Let whoever waits for an answer go on without: the interpreter does not end before the engine's threads."""
        with self._lock:
            self.is_over = True
            self._last.cancel()


def failed() -> Answer:
    """Return what a server answers when the application has failed."""
    return Answer(
        500, [("content-type", "text/plain; charset=utf-8")], [b"Internal Server Error"], ended=True
    )


def too_long(request: str) -> str:
    """Return what to tell of an answer to *request* of which no more is kept."""
    return f"the answer to {request} is longer than {LONGEST // 2**20} MiB"


def header(headers: Iterable[tuple[bytes, bytes]], name: str) -> str:
    """Return the value of *name* among ASGI's pairs of bytes, empty without one."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in headers if key.lower() == wanted), "")
