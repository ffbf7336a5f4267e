"""The taps of Starlette and FastAPI.

The operation is read where a route handles the request: in the outer scope it is missing behind middleware that
copies the scope.
"""

from functools import partial, wraps
from typing import TYPE_CHECKING, ClassVar, Protocol

from pytest_backend_gates.taps.asgi import observing
from pytest_backend_gates.taps.asking import ASKED
from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.patching import Method, Patching
from pytest_backend_gates.taps.recording import Recorder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.routing import Mount, Route
    from starlette.types import Receive, Scope, Send

    RouteCall = Callable[[Route, Scope, Receive, Send], Awaitable[None]]
    MountCall = Callable[[Mount, Scope, Receive, Send], Awaitable[None]]


class _Routed(Protocol):
    """What a Starlette route and FastAPI's context of an included route have in common."""

    methods: set[str] | None
    path: str
    path_format: str


class _Included(_Routed, Protocol):
    original_route: object


class StarletteTap(Patching):
    """Observes Starlette applications, and with them FastAPI's, which are subclasses."""

    name: ClassVar[str] = "Starlette"
    module: ClassVar[str] = "starlette.applications"

    def install(self, recorder: Recorder) -> None:
        """Patch the application, the route and the mount."""
        from starlette.applications import Starlette
        from starlette.routing import Mount, Route

        self._patches.replace(Route, "handle", partial(_naming, recorder, self.name, _claim))
        self._patches.replace(Mount, "handle", partial(_entering, recorder))
        self._patches.replace(Starlette, "__call__", partial(observing, recorder, self.name))

    def uninstall(self) -> None:
        """Restore the three."""
        self._patches.undo()


class FastAPITap(Patching):
    """Adds the prefixes of ``include_router`` where FastAPI knows them only during the request."""

    name: ClassVar[str] = "FastAPI"
    module: ClassVar[str] = "fastapi.routing"

    def install(self, recorder: Recorder) -> None:
        """Patch the route of a FastAPI that shares routes between inclusions.

        Older ones copy every route with its whole path, which Starlette's tap reads.
        """
        from fastapi import routing

        if not hasattr(routing, "_IncludedRouter"):
            return
        name_included = partial(_name_included, routing._get_scope_effective_route_context)  # noqa: SLF001  FastAPI offers no public way
        wrap = partial(_naming, recorder, self.name, name_included)
        self._patches.replace(routing.APIRoute, "handle", wrap)

    def uninstall(self) -> None:
        """Restore it."""
        self._patches.undo()


def _naming(
    recorder: Recorder,
    tap: str,
    name: "Callable[[Recorder, Observation, Route, Scope], None]",
    original: "RouteCall",
) -> Method:
    @wraps(original)
    def handle(route: "Route", scope: "Scope", receive: "Receive", send: "Send") -> "Awaitable[None]":
        observation = recorder.serving()
        if observation is not None and not ASKED.get():
            try:
                name(recorder, observation, route, scope)
            except Exception as fault:  # noqa: BLE001  see Faults.attempt
                recorder.note_fault(tap, fault)
        return original(route, scope, receive, send)

    return handle


def _name_included(
    context_of: "Callable[[Scope], _Included | None]",
    recorder: Recorder,
    observation: Observation,
    route: "Route",
    scope: "Scope",
) -> None:
    context = context_of(scope)
    # A route of an enclosing application may have left its context in the scope.
    if context is not None and context.original_route is route:
        _claim(recorder, observation, context, scope)


def _claim(recorder: Recorder, observation: Observation, route: _Routed, scope: "Scope") -> None:
    """Take the name of *route*, or of FastAPI's context of it, unless it is about to answer 405."""
    method = scope["method"]
    if not route.methods or method in route.methods:
        recorder.claim(observation, method, route.path_format, route.path)


def _entering(recorder: Recorder, original: "MountCall") -> Method:
    @wraps(original)
    async def handle(mount: "Mount", scope: "Scope", receive: "Receive", send: "Send") -> None:
        observation = recorder.serving()
        if observation is None or ASKED.get():
            await original(mount, scope, receive, send)
            return
        outside = observation.prefix, observation.native_prefix
        recorder.attempt(StarletteTap.name, _enter, observation, mount)
        try:
            await original(mount, scope, receive, send)
        finally:
            observation.prefix, observation.native_prefix = outside

    return handle


def _enter(observation: Observation, mount: "Mount") -> None:
    observation.prefix += mount.path_format.removesuffix("/{path}")
    observation.native_prefix += mount.path
    if not mount.routes:
        # An application without routes of its own, static files for one: the mount is the route.
        observation.fallback = f"{observation.method} {observation.prefix}/{{path}}"
