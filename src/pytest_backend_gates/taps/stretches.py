"""Stretches of a server's time: in which it answers a request, and in which it makes the pieces of a body."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.recording import Recorder

if TYPE_CHECKING:
    from types import TracebackType


class Stretch:
    """A stretch of the server's time; an exception, the end of the body included, ends the request."""

    __slots__ = ("_observation", "_recorder", "_tap", "_token")

    def __init__(self, recorder: Recorder, tap: str, observation: Observation) -> None:
        self._recorder = recorder
        self._tap = tap
        self._observation = observation

    def __enter__(self) -> Self:
        self._token = self._recorder.current.set(self._observation)
        self._observation.resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        self._observation.pause()
        self._recorder.leave(self._token)
        if kind is not None:
            self._recorder.attempt(self._tap, self._over, kind)

    @property
    def keeps(self) -> bool:
        """Whether somebody looks at replies."""
        return self._observation.reply is not None

    def keep(self, chunk: bytes) -> None:
        """Keep a piece of the body for whoever looks at replies."""
        if self._observation.reply is not None:
            self._recorder.attempt(self._tap, self._observation.reply.add, chunk)

    def _over(self, kind: type[BaseException]) -> None:
        if not issubclass(kind, StopIteration | StopAsyncIteration):
            self._observation.note_exception(kind)
        elif self._observation.reply is not None:
            self._observation.reply.end()
        self._recorder.finish(self._observation)


class Body:
    """The body of a response, with the clock running while a chunk is made.

    Everything else is the body's own, ``close`` included, which a body may have or not.
    """

    def __init__(self, stretch: Stretch, body: Iterable[bytes]) -> None:
        self._stretch = stretch
        self._keeps = stretch.keeps
        self._body: Any = body
        self._iterator: Any = body

    def __iter__(self) -> Iterator[bytes]:
        with self._stretch:  # Django makes all of an asynchronous body here
            self._iterator = iter(self._body)
        return self

    def __next__(self) -> bytes:
        with self._stretch:
            chunk: bytes = next(self._iterator)
        if self._keeps:
            self._stretch.keep(chunk)
        return chunk

    def __getattr__(self, name: str) -> object:
        return getattr(self._body, name)
