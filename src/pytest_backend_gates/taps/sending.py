"""Requests that the tests send to a server, timed where they are sent: what the taps of clients share.

The clock runs from when a request is handed to its connection until the last byte of the answer was read, but
for what the test does between two pieces of it. What goes to the server's address counts and nothing else; and
what an application in this very process receives is counted there: its side knows more.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

from pytest_backend_gates.taps.address import Address
from pytest_backend_gates.taps.templates import Templates

if TYPE_CHECKING:
    from types import TracebackType

    from pytest_backend_gates.taps.observation import Observation
    from pytest_backend_gates.taps.recording import Recorder

Piece = TypeVar("Piece")
Headers = Iterable[tuple[bytes | str, bytes | str]]

_END: Final = object()


class UndeclaredError(Exception):
    """What the server's operations are cannot be known, and why."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as an application of this process has received it."""

    method: str
    #: Its ``Host``, which is what the client says.
    host: str
    #: The port that it came in by, as far as the application is told; nothing that the client says changes it.
    port: str
    #: Decoded.
    path: str
    #: What the server has put before the path, or has cut off it: servers do either.
    root: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """What it may have been sent to."""
        return self.path, self.path.removeprefix(self.root), self.root + self.path


def _path_of(url: str) -> str:
    return unquote(urlsplit(url).path) or "/"


class Sending:
    """The requests that are sent to one server."""

    def __init__(
        self,
        address: Address,
        declared: Callable[[], Iterable[tuple[str, str]]],
        server: object,
        *,
        asks: bool,
    ) -> None:
        """Take the server's *address*, and what stands for the *server* where an application would.

        *declared* returns a method and a path template for each operation, or raises :class:`UndeclaredError`.
        When that *asks* the server, it has to wait for the end of a test.
        """
        self.address = address
        #: How many requests of the tests were timed here.
        self.timed = 0
        #: Why the requests cannot be named.
        self.nameless: str | None = None
        self._declared = declared
        self._server = server
        self._asks = asks
        self._templates: Templates | None = None
        #: By request, its whole address.
        self._under_way: dict[Observation, str] = {}
        self._lock = RLock()

    def begin(self, recorder: "Recorder", tap: str, method: str, url: str) -> "Exchange | None":
        """Observe a request that is about to be sent; ``None`` for one that is not for this server.

        One that an application sends while it is tested itself is part of the request that it serves.
        """
        path = self.address.below(url)
        observation = recorder.begin(method) if path and recorder.serving() is None else None
        if observation is None or path is None:
            return None
        observation.from_client = True
        recorder.under_way.discard(
            observation
        )  # it is served in another process, or will be seen here as well
        observation.lookup = partial(recorder.attempt, tap, self._name, recorder, observation, path)
        recorder.enter(self._server, observation)
        with self._lock:
            self._under_way[observation] = url
        return Exchange(recorder, tap, self, observation)

    def arrived(self, received: Received) -> None:
        """Note that an application of this process has received a request that was perhaps sent here."""
        named = bool(self._under_way) and self.address.is_named(received.host)
        if not self._under_way or not (named or received.port == str(self.address.port)):
            return
        with self._lock:
            sent = self._sent(received, named=named)
            if sent is not None:
                sent.done = True  # and so nobody will count it

    def _sent(self, received: Received, *, named: bool) -> "Observation | None":
        """Return the request under way that has this path; otherwise, if its ``Host`` has *named* us, the oldest."""
        waiting = [one for one in self._under_way if one.method == received.method and not one.done]
        same = (one for one in waiting if _path_of(self._under_way[one]) in received.paths)
        return next(same, waiting[0] if named and waiting else None)

    def end(self, recorder: "Recorder", observation: "Observation") -> None:
        """Write a request down whose answer is whole, or will never be; at the end of the test, if it has no name yet."""
        with self._lock:
            self._under_way.pop(observation, None)
        if observation.done:
            return
        if observation.status is None and not observation.counted:
            observation.done = True  # whether the server is up already
            return
        self.timed += observation.counted and not (observation.generated or observation.cut)
        if self._asks and self._templates is None:
            recorder.await_reader(observation, streams=False)
        else:
            recorder.finish(observation)

    def _name(self, recorder: "Recorder", observation: "Observation", path: str) -> bool:
        if self._templates is None and (observation.status is not None or not self._asks):
            self._learn()
        template = self._templates.find(observation.method, path) if self._templates else None
        if template is not None:
            recorder.claim(observation, observation.method, template, template)
        return True

    def _learn(self) -> None:
        """Learn what the operations are called. A server that has answered once and does not tell is not asked again."""
        if self.nameless is None:
            try:
                self._templates = Templates(self._declared())
            except UndeclaredError as error:
                self.nameless = str(error)


class Exchange:
    """A request and its answer, at the client's side. As a context it is a stretch of time in which one waits for it."""

    __slots__ = ("_complete", "_observation", "_over", "_recorder", "_sending", "_tap", "_whole")

    def __init__(self, recorder: "Recorder", tap: str, sending: Sending, observation: "Observation") -> None:
        self._recorder = recorder
        self._tap = tap
        self._sending = sending
        self._observation = observation
        self._complete = True
        self._over = False
        self._whole = False

    def __enter__(self) -> Self:
        self._observation.resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        self._observation.pause()
        if kind is not None:
            self._observation.note_exception(kind)
            self.leave()

    def answered(self, status: int, headers: Headers) -> None:
        """Note how the answer begins."""
        self._observation.status = status
        if self._observation.reply is not None:
            self._observation.reply.begin(headers)
        self._recorder.await_reader(self._observation, streams=True)

    def pieces(self, body: Iterator[Piece]) -> Iterator[Piece]:
        """Yield the pieces of the answer's *body*, timed while it is still coming."""
        if self._over:
            yield from body
            return
        while True:
            with self:
                piece = next(body, _END)
            if piece is _END:
                self._end()
                return
            self._keep(piece)
            yield piece  # type: ignore[misc]  # it is not the end

    async def pieces_async(self, body: AsyncIterator[Piece]) -> AsyncIterator[Piece]:
        """Yield them, of a *body* that is asynchronous."""
        while True:
            with self:
                piece = await anext(body, _END)
            if piece is _END:
                self._end()
                return
            self._keep(piece)
            yield piece  # type: ignore[misc]  # it is not the end

    def leave(self) -> None:
        """Note that nobody waits for more; what was not read to its end, because it took too long perhaps, is cut short."""
        if not self._over:
            self._over = True
            self._observation.cut |= not self._whole
            self._recorder.attempt(self._tap, self._sending.end, self._recorder, self._observation)

    def _end(self) -> None:
        self._whole = True
        if self._observation.reply is not None and self._complete:
            self._observation.reply.end()
        self.leave()

    def _keep(self, piece: object) -> None:
        reply = self._observation.reply
        if reply is None:
            return
        if isinstance(piece, bytes):
            self._recorder.attempt(self._tap, reply.add, piece)
        else:
            self._complete = False  # text, which says nothing certain of the bytes
