"""Requests of Django Ninja's own test clients, which call its views without Django's handlers.

With other clients Ninja's operations are Django's. A client made for a router alone knows no prefix of the
API, and so neither do its operations. The name needs Ninja 1.7, which tells the request its route.
"""

from functools import partial, wraps
from typing import TYPE_CHECKING, ClassVar

from pytest_backend_gates.taps.django import answered, answered_async
from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from ninja.testing.client import NinjaResponse, TestAsyncClient, TestClient

    Variables = Mapping[str, object]
    View = Callable[..., HttpResponseBase]
    AsyncView = Callable[..., Awaitable[HttpResponseBase]]
    Call = Callable[[TestClient, View, HttpRequest, Variables], NinjaResponse]
    AsyncCall = Callable[[TestAsyncClient, AsyncView, HttpRequest, Variables], Awaitable[NinjaResponse]]


class NinjaTap(Patching):
    """Observes ``ninja.testing.TestClient`` and ``TestAsyncClient``."""

    name: ClassVar[str] = "Django Ninja"
    module: ClassVar[str] = "ninja.testing.client"

    def install(self, recorder: Recorder) -> None:
        """Patch where the clients call a view: what they do around it is no time of a server's."""
        from ninja.testing.client import TestAsyncClient, TestClient

        self._patches.replace(TestClient, "_call", partial(_calling, recorder))
        self._patches.replace(TestAsyncClient, "_call", partial(_calling_async, recorder))

    def uninstall(self) -> None:
        """Restore the two."""
        self._patches.undo()


def _calling(recorder: Recorder, original: "Call") -> Method:
    @wraps(original)
    def call(
        client: "TestClient", view: "View", request: "HttpRequest", variables: "Variables"
    ) -> "NinjaResponse":
        def observed(request: "HttpRequest", **variables: object) -> "HttpResponseBase":
            return answered(recorder, NinjaTap.name, request, partial(view, request, **variables))

        return original(client, observed, request, variables)

    return call


def _calling_async(recorder: Recorder, original: "AsyncCall") -> Method:
    @wraps(original)
    async def call(
        client: "TestAsyncClient", view: "AsyncView", request: "HttpRequest", variables: "Variables"
    ) -> "NinjaResponse":
        async def observed(request: "HttpRequest", **variables: object) -> "HttpResponseBase":
            answer = partial(view, request, **variables)
            return await answered_async(recorder, NinjaTap.name, request, answer)

        return await original(client, observed, request, variables)

    return call
