"""Whether what an application answered has reached the test, where the application raised an exception besides.

Starlette answers 500 and raises all the same. Test clients raise that again, or show the answer, as they are told:
``raise_server_exceptions`` of Starlette's, ``raise_app_exceptions`` of ``httpx.ASGITransport``. That is seen where
they return to the test. A client that is not httpx's, and one that asks a server in a thread, has got the answer.
"""

import sys
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar, Token
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.replies import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from types import TracebackType

#: The replies to what a client has sent here, and to where it was redirected.
_EXPECTED: Final[ContextVar[list[Reply] | None]] = ContextVar("backend_gates_expected", default=None)


class HttpxReceiving(Patching):
    """Observes what ``httpx.Client`` and ``httpx.AsyncClient`` return, and with them the test clients made of them."""

    name: ClassVar[str] = "httpx"
    module: ClassVar[str] = "httpx"

    def install(self, recorder: Recorder) -> None:
        """Patch what all methods of the two ask, and what may raise only when the body is read."""
        module = sys.modules[self.module]
        if module.__name__ == self.module:  # otherwise ``httpx2.alias_httpx()``: the other one's
            self._patches.replace(module.Client, "send", partial(_receiving, recorder))
            self._patches.replace(module.Client, "stream", _streaming)
            self._patches.replace(module.AsyncClient, "send", partial(_receiving_async, recorder))
            self._patches.replace(module.AsyncClient, "stream", _streaming_async)

    def check(self) -> None:
        """Nothing: without it an exception is taken for the answer beside it, and nothing is missed."""

    def uninstall(self) -> None:
        """Restore the four."""
        self._patches.undo()


class Httpx2Receiving(HttpxReceiving):
    """Observes what ``httpx2.Client`` and ``httpx2.AsyncClient`` return."""

    name: ClassVar[str] = "httpx2"
    module: ClassVar[str] = "httpx2"


def expect(reply: Reply | None) -> None:
    """Note that an application has begun to make *reply* for the client that asks here, if any does."""
    expected = _EXPECTED.get()
    if expected is not None and reply is not None:
        expected.append(reply)


class _Receiving:
    """A stretch in which a client waits: what it raises it raises in the place of a reply."""

    __slots__ = ("_replies", "_token")

    def __enter__(self) -> None:
        outer = _EXPECTED.get()
        self._replies: list[Reply] = [] if outer is None else outer
        self._token: Token[list[Reply] | None] = _EXPECTED.set(self._replies)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        try:  # noqa: SIM105  as in ``Recorder.leave``
            _EXPECTED.reset(self._token)
        except ValueError:
            pass  # given up, and closed in another context
        if exception is not None:
            for reply in self._replies:
                reply.withheld |= reply.late == id(exception)


def _receiving(recorder: Recorder, original: "Callable[..., Any]") -> Method:
    @wraps(original)
    def send(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  of either module
        if not recorder.live:
            return original(*arguments, **named)
        with _Receiving():
            return original(*arguments, **named)

    return send


def _receiving_async(recorder: Recorder, original: "Callable[..., Awaitable[Any]]") -> Method:
    @wraps(original)
    async def send(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  of either module
        if not recorder.live:
            return await original(*arguments, **named)
        with _Receiving():
            return await original(*arguments, **named)

    return send


def _streaming(original: "Callable[..., AbstractContextManager[Any]]") -> Method:
    @wraps(original)
    @contextmanager
    def stream(*arguments: Any, **named: Any) -> "Iterator[Any]":  # noqa: ANN401  of either module
        with _Receiving(), original(*arguments, **named) as response:
            yield response

    return stream


def _streaming_async(original: "Callable[..., AbstractAsyncContextManager[Any]]") -> Method:
    @wraps(original)
    @asynccontextmanager
    async def stream(*arguments: Any, **named: Any) -> "AsyncIterator[Any]":  # noqa: ANN401  of either module
        with _Receiving():
            async with original(*arguments, **named) as response:
                yield response

    return stream
