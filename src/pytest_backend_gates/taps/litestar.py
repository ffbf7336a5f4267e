"""Requests to Litestar applications.

They are observed like those to any ASGI application. Litestar writes the chosen route into the scope before
its middleware runs, so that a request which middleware refuses has an operation too.
"""

from functools import lru_cache, partial
from typing import TYPE_CHECKING, ClassVar

from pytest_backend_gates.taps import asgi
from pytest_backend_gates.taps.observation import Lookup, Observation
from pytest_backend_gates.taps.patching import Patching
from pytest_backend_gates.taps.recording import Recorder

if TYPE_CHECKING:
    from litestar import Litestar
    from starlette.types import Scope


class LitestarTap(Patching):
    """Observes Litestar applications."""

    name: ClassVar[str] = "Litestar"
    module: ClassVar[str] = "litestar.app"

    def install(self, recorder: Recorder) -> None:
        """Patch the application."""
        from litestar import Litestar

        lookup = partial(_lookup, recorder)
        wrap = partial(asgi.observing, recorder, self.name, lookup=lookup)
        self._patches.replace(Litestar, "__call__", wrap)

    def uninstall(self) -> None:
        """Restore it, and let go of the applications."""
        self._patches.undo()
        _spellings.cache_clear()


def _lookup(recorder: Recorder, observation: Observation, scope: "Scope") -> Lookup:
    # An application mounted in another one gets that one's route with the scope.
    mount, path = scope.get("route_handler"), scope["path"]

    def look_up() -> bool:
        handler = scope.get("route_handler")
        if handler is mount:
            return False
        if getattr(handler, "is_mount", False):
            _enter(observation, path, scope["path"])
        else:
            template: str = scope["path_template"]
            native = _spellings(scope["litestar_app"]).get(template, template)
            recorder.claim(observation, scope["method"], template, native)
        return True

    return partial(recorder.attempt, LitestarTap.name, look_up)


def _enter(observation: Observation, path: str, rest: str) -> None:
    """Enter a mount, which has no variables and has cut its own part off the *path* of the request."""
    mounted_at = path.rstrip("/").removesuffix(rest.rstrip("/"))
    observation.prefix += mounted_at
    observation.native_prefix += mounted_at
    observation.fallback = f"{observation.method} {observation.prefix}/{{path}}"


@lru_cache(maxsize=16)
def _spellings(app: "Litestar") -> dict[str, str]:
    """Return how Litestar spells the routes of *app*, by their templates."""
    return {route.path_format: route.path for route in app.routes}
