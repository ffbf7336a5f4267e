"""Which applications have the same contract, told without making it.

Many tests make an application each, with one factory: those are made of the same parts, and one schema will do
for all of them. What cannot be taken apart here is a family of its own.
"""

import sys
from collections.abc import Iterator
from itertools import count
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_backend_gates.probes.contract.parts import Parts, given_to

#: What the contract takes from an application of FastAPI as a whole, and from each of its routes.
_OF_FASTAPI: Final = (
    "title",
    "version",
    "openapi_version",
    "openapi_url",
    "servers",
    "separate_input_output_schemas",
    "openapi_schema",
)
_OF_ROUTE: Final = (
    "path_format",
    "methods",
    "endpoint",
    "include_in_schema",
    "response_model",
    "response_model_by_alias",
    "status_code",
    "responses",
    "response_class",
    "dependencies",
    "openapi_extra",
)
#: The same of Litestar; what its layers add to a handler has to be asked for.
_OF_LITESTAR: Final = ("title", "version", "servers", "components", "security")
_OF_HANDLER: Final = (
    "fn",
    "http_methods",
    "status_code",
    "responses",
    "media_type",
    "content_media_type",
    "raises",
    "operation_class",
)
_LAYERED: Final = (
    "resolve_include_in_schema",
    "resolve_response_headers",
    "resolve_response_cookies",
    "resolve_return_dto",
    "resolve_data_dto",
    "resolve_dependencies",
    "resolve_layered_parameters",
)
#: So many applications that cannot be referred to weakly are remembered: those of Litestar.
_MOST_HELD: Final = 16


class Families:
    """The families of applications; each one is looked into once, and again when it has got more routes."""

    def __init__(self) -> None:
        self._weakly: WeakKeyDictionary[object, tuple[int, str]] = WeakKeyDictionary()
        self._held: dict[int, tuple[object, tuple[int, str]]] = {}
        self._alone = count(1)

    def now(self, app: object) -> str | None:
        """Return the family of *app* as it is now, if it can be taken apart. It may yet be given more."""
        try:
            parts = next(_parts(app), None)
        except Exception:  # noqa: BLE001  the project's own objects: whatever one raises, its application is alone
            return None
        return None if parts is None else parts.digest()

    def of(self, app: object) -> str:
        """Return the family of *app*: applications of one have the same contract."""
        routes = len(getattr(app, "routes", ()))
        known = self._recall(app)
        if known is None or known[0] != routes:
            known = routes, self.now(app) or f"alone {next(self._alone)}"
            self._remember(app, known)
        return known[1]

    def _recall(self, app: object) -> tuple[int, str] | None:
        if type(app).__weakrefoffset__:
            return self._weakly.get(app)
        held = self._held.get(id(app))
        return held[1] if held else None

    def _remember(self, app: object, known: tuple[int, str]) -> None:
        if type(app).__weakrefoffset__:
            self._weakly[app] = known
            return
        if len(self._held) >= _MOST_HELD:
            self._held.pop(next(iter(self._held)))
        self._held[id(app)] = app, known


def _parts(app: Any) -> Iterator[Parts]:  # noqa: ANN401  of modules that need not be there
    """Yield what *app* is made of, if its framework is known."""
    fastapi, litestar = sys.modules.get("fastapi"), sys.modules.get("litestar")
    if fastapi is not None and isinstance(app, fastapi.FastAPI):
        yield _parts_of_fastapi(app)
    elif litestar is not None and isinstance(app, litestar.Litestar):
        yield _parts_of_litestar(app)


def _parts_of_fastapi(app: Any) -> Parts:  # noqa: ANN401  FastAPI
    parts = Parts(type(app), vars(app).get("openapi"))
    if getattr(app.openapi, "__func__", None) is not sys.modules["fastapi"].FastAPI.openapi:
        parts.add([*given_to(app.openapi)])
    parts.add_attributes(app, _OF_FASTAPI)
    # Newer ones know the prefixes of ``include_router`` only there.
    each = getattr(sys.modules["fastapi.routing"], "iter_route_contexts", iter)
    for route in each(app.routes):
        parts.add_attributes(route, _OF_ROUTE)
    return parts


def _parts_of_litestar(app: Any) -> Parts:  # noqa: ANN401  Litestar
    parts = Parts(type(app))
    parts.add_attributes(app.openapi_config, _OF_LITESTAR)
    for route in app.routes:
        parts.add(route.path)
        for handler in sorted(getattr(route, "route_handlers", ()), key=lambda one: sorted(one.http_methods)):
            parts.add_attributes(handler, _OF_HANDLER)
            for name in _LAYERED:
                parts.add(getattr(handler, name)())
    return parts
