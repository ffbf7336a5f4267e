"""Whether what an application answered has reached the test, where the application raised an exception besides.

Starlette answers 500 and raises all the same. Test clients raise that again, or show the answer, as they are told:
``raise_server_exceptions`` of Starlette's, ``raise_app_exceptions`` of ``httpx.ASGITransport``,
``raise_request_exception`` of Django's. That is seen where they return to the test. Any other client, and one that
asks a server in a thread, has got the answer.
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
            self._patches.replace(module.Client, "send", partial(_receiving, recorder, _Receiving))
            self._patches.replace(module.Client, "stream", _streaming)
            self._patches.replace(module.AsyncClient, "send", partial(_receiving_async, recorder, _Receiving))
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


class DjangoReceiving(Patching):
    """Observes what Django's test clients return: they raise the view's exception, of which Django has made a 500."""

    name: ClassVar[str] = "Django test client"
    module: ClassVar[str] = "django.test.client"

    def install(self, recorder: Recorder) -> None:
        """Patch what all methods of the two ask."""
        from django.test.client import AsyncClient, Client

        self._patches.replace(Client, "request", partial(_receiving, recorder, _ReceivingOne))
        self._patches.replace(AsyncClient, "request", partial(_receiving_async, recorder, _ReceivingOne))

    def check(self) -> None:
        """Nothing, as above."""

    def uninstall(self) -> None:
        """Restore both."""
        self._patches.undo()


def expect(reply: Reply | None) -> None:
    """Note that an application has begun to make *reply* for the client that asks here, if any does."""
    expected = _EXPECTED.get()
    if expected is not None and reply is not None:
        expected.append(reply)


class _Receiving:
    """A stretch in which a client waits: what it raises it raises in the place of a reply."""

    __slots__ = ("_replies", "_token")

    def __enter__(self) -> None:
        self._replies = self._expected()
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
            self._withhold(exception)

    def _expected(self) -> list[Reply]:
        outer = _EXPECTED.get()
        return [] if outer is None else outer

    def _withhold(self, exception: BaseException) -> None:
        for reply in self._replies:
            reply.withheld |= reply.late == id(exception)


class _ReceivingOne(_Receiving):
    """A stretch in which a client waits for one answer: the first reply; what is asked meanwhile is not for it."""

    __slots__ = ()

    def _expected(self) -> list[Reply]:
        return []

    def _withhold(self, exception: BaseException) -> None:  # noqa: ARG002  whatever it is
        for reply in self._replies[:1]:
            reply.withheld = True


def _receiving(recorder: Recorder, stretch: "type[_Receiving]", original: "Callable[..., Any]") -> Method:
    @wraps(original)
    def send(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  of either module
        if not recorder.live:
            return original(*arguments, **named)
        with stretch():
            return original(*arguments, **named)

    return send


def _receiving_async(
    recorder: Recorder, stretch: "type[_Receiving]", original: "Callable[..., Awaitable[Any]]"
) -> Method:
    @wraps(original)
    async def send(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  of either module
        if not recorder.live:
            return await original(*arguments, **named)
        with stretch():
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
