"""Requests that httpx sends to the server, and httpx2, its successor with the same interface.

Their transports over the network are tapped, and so neither test clients, which have transports of their own
into an application, nor mocks in the place of a transport.
"""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial, wraps
from types import ModuleType
from typing import Any, ClassVar

from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.sending import Exchange

#: What makes the body of an answer one that is observed: of a class that the module's responses take.
Observe = Callable[[Exchange, Any], Any]


class HttpxTap(Patching):
    """Observes what ``httpx.Client`` and ``httpx.AsyncClient`` send."""

    name: ClassVar[str] = "httpx"
    module: ClassVar[str] = "httpx"

    def install(self, recorder: Recorder) -> None:
        """Patch the two transports."""
        module = sys.modules[self.module]
        if module.__name__ != self.module:
            return  # ``httpx2.alias_httpx()``: the other tap's
        sync, asynchronous = _observed(module)
        wrap = partial(_sending, recorder, self.name, sync)
        self._patches.replace(module.HTTPTransport, "handle_request", wrap)
        wrap = partial(_sending_async, recorder, self.name, asynchronous)
        self._patches.replace(module.AsyncHTTPTransport, "handle_async_request", wrap)

    def uninstall(self) -> None:
        """Restore the two."""
        self._patches.undo()


class Httpx2Tap(HttpxTap):
    """Observes what ``httpx2.Client`` and ``httpx2.AsyncClient`` send."""

    name: ClassVar[str] = "httpx2"
    module: ClassVar[str] = "httpx2"


def _sending(recorder: Recorder, tap: str, observe: Observe, original: Callable[[Any, Any], Any]) -> Method:
    @wraps(original)
    def handle_request(transport: Any, request: Any) -> Any:  # noqa: ANN401  of either module
        exchange = recorder.attempt(tap, _begin, recorder, tap, request)
        if exchange is None:
            return original(transport, request)
        with exchange:
            response = original(transport, request)
        recorder.attempt(tap, _follow, exchange, response, observe)
        return response

    return handle_request


def _sending_async(
    recorder: Recorder, tap: str, observe: Observe, original: Callable[[Any, Any], Awaitable[Any]]
) -> Method:
    @wraps(original)
    async def handle_async_request(transport: Any, request: Any) -> Any:  # noqa: ANN401  of either module
        exchange = recorder.attempt(tap, _begin, recorder, tap, request)
        if exchange is None:
            return await original(transport, request)
        with exchange:
            response = await original(transport, request)
        recorder.attempt(tap, _follow, exchange, response, observe)
        return response

    return handle_async_request


def _begin(recorder: Recorder, tap: str, request: Any) -> Exchange | None:  # noqa: ANN401  of either module
    sending = recorder.sending
    return None if sending is None else sending.begin(recorder, tap, request.method, str(request.url))


def _follow(exchange: Exchange, response: Any, observe: Observe) -> None:  # noqa: ANN401  as above
    exchange.answered(response.status_code, response.headers.raw)
    response.stream = observe(exchange, response.stream)


def _observed(module: ModuleType) -> tuple[Observe, Observe]:
    """Return what observes the bodies of the responses of *module*: a class for each of its kinds."""

    class Body(module.SyncByteStream):  # type: ignore[name-defined, misc]  # of either module
        def __init__(self, exchange: Exchange, stream: Any) -> None:  # noqa: ANN401  as above
            self._exchange = exchange
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            return self._exchange.pieces(iter(self._stream))

        def close(self) -> None:
            self._exchange.leave()
            self._stream.close()

    class AsyncBody(module.AsyncByteStream):  # type: ignore[name-defined, misc]  # of either module
        def __init__(self, exchange: Exchange, stream: Any) -> None:  # noqa: ANN401  as above
            self._exchange = exchange
            self._stream = stream

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self._exchange.pieces_async(aiter(self._stream))

        async def aclose(self) -> None:
            self._exchange.leave()
            await self._stream.aclose()

    return Body, AsyncBody
