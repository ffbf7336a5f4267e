"""Requests to Django projects, and so to Django REST framework.

Django's WSGI and ASGI handlers are observed like any such application. Its test clients call a handler that
is neither; there the clock runs while the request is answered, and not while the response is closed, which
a server does after the last byte. Which route was chosen is asked once the request has been answered, and
before another one can be made inside it.
"""

from collections.abc import AsyncIterator
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pytest_backend_gates.taps import asgi, wsgi
from pytest_backend_gates.taps.asking import ASKED
from pytest_backend_gates.taps.django_routes import template
from pytest_backend_gates.taps.observation import Observation, cuts_short
from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.receiving import expect
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.replies import Reply
from pytest_backend_gates.taps.stretches import Body, Stretch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from django.core.handlers.base import BaseHandler
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    GetResponse = Callable[[BaseHandler, HttpRequest], HttpResponseBase]
    GetResponseAsync = Callable[[BaseHandler, HttpRequest], Awaitable[HttpResponseBase]]

#: Views themselves refuse a method that they do not have; that is no operation in any framework.
_METHOD_NOT_ALLOWED: Final = 405


class DjangoTap(Patching):
    """Observes Django's handlers: of servers, of its test clients, of ``live_server``."""

    name: ClassVar[str] = "Django"
    module: ClassVar[str] = "django.core.handlers.base"

    def install(self, recorder: Recorder) -> None:
        """Patch what all handlers have in common, and those that are applications."""
        from django.core.handlers.asgi import ASGIHandler
        from django.core.handlers.base import BaseHandler
        from django.core.handlers.wsgi import WSGIHandler

        self._patches.replace(BaseHandler, "get_response", partial(_answering, recorder))
        self._patches.replace(BaseHandler, "get_response_async", partial(_answering_async, recorder))
        self._patches.replace(WSGIHandler, "__call__", partial(wsgi.observing, recorder, self.name))
        self._patches.replace(ASGIHandler, "__call__", partial(asgi.observing, recorder, self.name))

    def uninstall(self) -> None:
        """Restore the four."""
        self._patches.undo()


def _answering(recorder: Recorder, original: "GetResponse") -> Method:
    @wraps(original)
    def get_response(handler: "BaseHandler", request: "HttpRequest") -> "HttpResponseBase":
        return answered(recorder, DjangoTap.name, request, partial(original, handler, request))

    return get_response


def _answering_async(recorder: Recorder, original: "GetResponseAsync") -> Method:
    @wraps(original)
    async def get_response_async(handler: "BaseHandler", request: "HttpRequest") -> "HttpResponseBase":
        answer = partial(original, handler, request)
        return await answered_async(recorder, DjangoTap.name, request, answer)

    return get_response_async


def answered(
    recorder: Recorder, tap: str, request: "HttpRequest", answer: "Callable[[], HttpResponseBase]"
) -> "HttpResponseBase":
    """Return what *answer* does, observed."""
    exchange = recorder.attempt(tap, _Exchange.begin, recorder, tap, request)
    if exchange is None:
        return answer()
    if exchange.stretch is None:
        response = answer()
    else:
        with exchange.stretch:
            response = answer()
    recorder.attempt(tap, exchange.end, response)
    return response


async def answered_async(
    recorder: Recorder,
    tap: str,
    request: "HttpRequest",
    answer: "Callable[[], Awaitable[HttpResponseBase]]",
) -> "HttpResponseBase":
    """Return what *answer* does, observed."""
    exchange = recorder.attempt(tap, _Exchange.begin, recorder, tap, request)
    if exchange is None:
        return await answer()
    if exchange.stretch is None:
        with exchange:
            response = await answer()
    else:
        with exchange.stretch:
            response = await answer()
    recorder.attempt(tap, exchange.end, response)
    return response


class _Exchange:
    """A request object of Django's and its response, within an observed application or alone."""

    __slots__ = ("_observation", "_recorder", "stretch")

    def __init__(self, recorder: Recorder, observation: Observation, stretch: Stretch | None) -> None:
        self._recorder = recorder
        self._observation = observation
        #: Where the clock runs, unless the application around runs it.
        self.stretch = stretch

    @classmethod
    def begin(cls, recorder: Recorder, tap: str, request: "HttpRequest") -> "_Exchange | None":
        """Return ``None`` when the request is made inside another one, which it is a part of."""
        begun = recorder.begin(request.method)
        if begun is None and not ASKED.get():
            recorder.hand_on()
        if begun is not None and begun.reply is not None:
            begun.reply.path = request.path_info
            expect(begun.reply)
        observation = begun or recorder.unnamed()
        if observation is None:
            return None
        observation.lookup = partial(recorder.attempt, tap, _look_up, recorder, observation, request)
        return cls(recorder, observation, Stretch(recorder, tap, observation) if begun else None)

    def __enter__(self) -> None:
        """Wait for the response to a request that an application around observes."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: "TracebackType | None",
    ) -> None:
        # Django's ASGI handler cancels a view whose client is gone, and returns as if nothing had been.
        if kind is not None:
            self._observation.cut = cuts_short(kind)

    def end(self, response: "HttpResponseBase") -> None:
        """Name the operation, and end the request unless the application around does."""
        self._observation.status = response.status_code
        if response.status_code == _METHOD_NOT_ALLOWED:
            self._observation.lookup = None
        self._recorder.look_up(self._observation)
        if self.stretch is None:
            return
        if self._observation.reply is not None:
            _keep(self._observation.reply, response)
        if not response.streaming:
            self._recorder.finish(self._observation)
            return
        self._recorder.await_reader(self._observation, streams=self._observation.method != "HEAD")
        body = _AsyncBody if response.is_async else Body
        response.streaming_content = body(self.stretch, response.streaming_content)


def _keep(reply: Reply, response: "HttpResponseBase") -> None:
    """Keep the headers, and the body if all of it is there."""
    reply.begin(response.headers.items())
    if not response.streaming:
        reply.add(response.content)
        reply.end()


def _look_up(recorder: Recorder, observation: Observation, request: "HttpRequest") -> bool:
    match = getattr(request, "resolver_match", None)  # a stand-in of an older Ninja's client has none
    if match is None:
        return False
    native = f"/{match.route}" if observation.native_prefix else match.route
    recorder.claim(observation, request.method, template(match.route), native)
    return True


class _AsyncBody:
    """The body of an asynchronous response, with the clock running while a chunk is made."""

    def __init__(self, stretch: Stretch, body: AsyncIterator[bytes]) -> None:
        self._stretch = stretch
        self._body: Any = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        with self._stretch:
            chunk: bytes = await anext(self._body)
        self._stretch.keep(chunk)
        return chunk
