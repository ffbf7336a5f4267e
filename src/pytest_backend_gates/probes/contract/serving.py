"""The application under test, served in this process: every request is answered, whatever the application does.

The engine talks to a server here as it would to the application. What the application raises becomes a
plain 500, as a real server would make it, and is kept; what does not answer is given up. A WSGI
application answers in the thread that serves, the test's own, as with its framework's test client: a
database connection of a fixture may know no other thread. An ASGI application has a loop and a thread of
its own, as with Starlette's test client, and its lifespan begins and ends there.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from inspect import Parameter, iscoroutinefunction, signature
from typing import Final, Never

#: Where the engine writes the id of the test case that a request belongs to.
CASE_HEADER: Final = "x-schemathesis-testcaseid"
#: So much of an event stream, which may never end, is waited for: pieces, and seconds.
STREAM_PIECES: Final = 20
STREAM_SECONDS: Final = 1.0

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)')
#: True in the application's own code while it answers; copied into the threads that it starts for that.
INSIDE: Final[ContextVar[bool]] = ContextVar("backend_gates_inside", default=False)


class ServingError(Exception):
    """The application cannot be served: its lifespan fails, or it ends a thread that has to go on."""

    def __init__(self, message: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class LeftError(BaseException):
    """What ``os._exit`` raises in the application while it answers: one request must not end the session."""


@dataclass(slots=True)
class Answer:
    """What the application said to one request."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False

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
    #: One line a request: method, path with query, and a hash of the body.
    log: list[str] = field(default_factory=list)
    #: The request that was given up, if one was.
    hung: str | None = None

    def note(self, method: str, target: str, body: bytes, content_type: str) -> str:
        """Log a request, and return how to name it. A multipart boundary is random, and left out."""
        boundary = _BOUNDARY.search(content_type)
        if boundary is not None:
            body = body.replace(boundary[1].encode("latin-1"), b"")
        self.log.append(f"{method} {target} {hashlib.sha256(body).hexdigest()[:16]}")
        return f"{method} {target}"

    def crashed(self, case: str, error: BaseException, answer: Answer) -> Answer:
        """Keep what the application raised; return the 500 that it has sent, or else our own."""
        self.crashes.setdefault(case, error)
        return answer if answer.status >= 500 and answer.ended else failed()


def failed() -> Answer:
    """Return what a server answers when the application has failed."""
    return Answer(
        500, [("content-type", "text/plain; charset=utf-8")], [b"Internal Server Error"], ended=True
    )


def is_asgi(app: object) -> bool:
    """Whether *app* is an ASGI application: a coroutine function, or anything that takes three arguments."""
    call = app if iscoroutinefunction(app) else getattr(app, "__call__", None)  # noqa: B004  the function itself is asked
    if iscoroutinefunction(call):
        return True
    try:
        parameters = signature(app).parameters.values()  # type: ignore[arg-type]  # whatever it is
    except (TypeError, ValueError):
        return False
    needed = [one for one in parameters if one.default is Parameter.empty and one.kind in _POSITIONAL]
    return len(needed) == 3


_POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


@contextmanager
def nobody_leaves() -> Iterator[None]:
    """Let ``os._exit`` raise in the application's code, for as long as this lasts; nowhere else."""
    process, leave = os.getpid(), os._exit

    def exit_(status: int) -> Never:
        if INSIDE.get() and os.getpid() == process:
            raise LeftError(f"os._exit({status})")
        leave(status)

    os._exit = exit_
    try:
        yield
    finally:
        os._exit = leave


def header(headers: Iterable[tuple[bytes, bytes]], name: str) -> str:
    """Return the value of *name* among ASGI's pairs of bytes, empty without one."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in headers if key.lower() == wanted), "")
