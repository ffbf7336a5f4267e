"""Which applications have the same contract: those that one factory makes, and no others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.responses import JSONResponse, PlainTextResponse
from litestar import Litestar, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from pydantic import BaseModel, Field, create_model
from starlette.testclient import TestClient

from pytest_backend_gates.probes.contract.families import Families


class Item(BaseModel):
    id: int


def a_dependency(limit: int = 3) -> int:
    return limit


def fastapi(
    kind: Any = Item,  # noqa: ANN401  any annotation
    parameter: Any = int,  # noqa: ANN401  any annotation
    most: int = 5,
    dependency: Callable[..., object] = a_dependency,
    of_app: dict[str, Any] | None = None,
    **of_route: Any,  # noqa: ANN401  FastAPI's settings
) -> FastAPI:
    """Make an application whose routes are the same functions, on the same lines."""
    app, router = FastAPI(**(of_app or {})), APIRouter()

    def item(item_id: parameter, limit: Annotated[int, Query(le=most)] = 1, one: int = Depends(dependency)) -> Any:  # noqa: ANN401  # fmt: skip
        return JSONResponse({"id": item_id, "limit": limit, "one": one})

    router.get("/items/{item_id}", **{"response_model": kind, **of_route})(item)
    app.include_router(router, prefix="/v1")
    app.get("/own", response_model=kind)(lambda: 1)
    return app


def local(kind: Any = int, least: int = 1) -> type[BaseModel]:  # noqa: ANN401  any annotation
    class Local(BaseModel):
        id: kind
        parts: list["Part"] = []

    class Part(BaseModel):
        count: int = Field(ge=least)

    Local.model_rebuild(_types_namespace={"Part": Part})
    return Local


def local_dataclass(*, required: bool = True) -> type:
    @dataclass
    class Local:
        id: int
        parts: list[int] = field() if required else field(default_factory=list)

    return Local


def litestar(kind: Any = int, *, title: str = "Shop", layer: type = int, **of_handler: Any) -> Litestar:  # noqa: ANN401  any annotation
    @get("/items", **of_handler)
    async def items() -> kind:
        return 1

    async def dependency(limit: layer) -> layer:  # type: ignore[valid-type]
        return limit

    router = Router("/v1", route_handlers=[items], dependencies={"limit": dependency})
    return Litestar([router], openapi_config=OpenAPIConfig(title, "1"))


ALIKE: dict[str, Callable[[], object]] = {
    "FastAPI": fastapi,
    "models of its own": lambda: fastapi(local()),
    "dataclasses of its own": lambda: fastapi(local_dataclass()),
    "models made at run time": lambda: fastapi(create_model("Made", id=(int, ...))),
    "settings": lambda: fastapi(list[Item] | None, responses={404: {"model": local()}}, status_code=201),
    "a function that makes the schema": lambda: with_openapi(strict=True),
    "a class that makes the schema": lambda: Described("yes"),
    "Litestar": litestar,
    "Litestar with responses": lambda: litestar(responses={404: ResponseSpec(local())}),
}


@pytest.mark.parametrize("make", ALIKE.values(), ids=ALIKE)
def test_what_one_factory_makes(make: Callable[[], Any]) -> None:
    """Those have one family, though each has functions and perhaps classes of its own."""
    families = Families()
    apps = [make(), make()]
    assert len({families.of(app) for app in apps}) == 1


def other_dependency(limit: str = "") -> str:
    return limit


def with_openapi(*, strict: bool) -> FastAPI:
    """Make an application whose schema is made as FastAPI's documentation shows, by a function of its own."""
    app = fastapi()

    def openapi() -> dict[str, Any]:
        return {"paths": {"/own": {"get": {"x-strict": strict}}}}

    vars(app)["openapi"] = openapi
    return app


class Described(FastAPI):
    """It makes its schema out of what it is told."""

    def __init__(self, strict: str) -> None:
        super().__init__()
        self.strict = strict

    def openapi(self) -> dict[str, Any]:
        return {"x-strict": self.strict}


DIFFERENT: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "response model": (fastapi, lambda: fastapi(int)),
    "nested in it": (lambda: fastapi(list[int]), lambda: fastapi(list[str])),
    "a model's field": (lambda: fastapi(local()), lambda: fastapi(local(str))),
    "a nested model's constraint": (lambda: fastapi(local()), lambda: fastapi(local(least=2))),
    "a default": (
        lambda: fastapi(local_dataclass()),
        lambda: fastapi(local_dataclass(required=False)),
    ),
    "made at run time": (
        lambda: fastapi(create_model("Made", id=(int, ...))),
        lambda: fastapi(create_model("Made", id=(str, ...))),
    ),
    "parameter": (fastapi, lambda: fastapi(parameter=str)),
    "its constraint": (fastapi, lambda: fastapi(most=-1)),
    "dependency": (fastapi, lambda: fastapi(dependency=other_dependency)),
    "status": (fastapi, lambda: fastapi(status_code=201)),
    "responses": (fastapi, lambda: fastapi(responses={404: {"description": "-"}})),
    "response class": (fastapi, lambda: fastapi(response_class=PlainTextResponse)),
    "hidden": (fastapi, lambda: fastapi(include_in_schema=False)),
    "server": (fastapi, lambda: fastapi(of_app={"servers": [{"url": "/api"}]})),
    "published": (fastapi, lambda: fastapi(of_app={"openapi_url": None})),
    "a function that makes the schema": (
        lambda: with_openapi(strict=True),
        lambda: with_openapi(strict=False),
    ),
    "a class that makes the schema": (lambda: Described("yes"), lambda: Described("no")),
    "Litestar's return type": (litestar, lambda: litestar(str)),
    "Litestar's status": (litestar, lambda: litestar(status_code=202)),
    "Litestar's layers": (litestar, lambda: litestar(layer=str)),
    "Litestar's title": (litestar, lambda: litestar(title="Till")),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_makes_another_contract(one: Callable[[], object], other: Callable[[], object]) -> None:
    """Then it is another family, whichever was asked first."""
    families = Families()
    apps = [one(), other()]
    assert len({families.of(app) for app in apps}) == 2


def test_routes_that_are_added() -> None:
    """An application is looked into again when it has got more of them, and else not."""
    families, app = Families(), fastapi()
    before = families.of(app)
    app.title = "another"
    assert families.of(app) == before
    app.get("/more")(lambda: 1)
    assert families.of(app) != before
    assert TestClient(app).get("/more").json() == 1


def test_others_are_alone() -> None:
    """Of a framework that is not known nothing is assumed; nor of an application that cannot be looked into."""

    class Other:
        def openapi(self) -> dict[str, Any]:
            return {}

    class Broken(FastAPI):
        @property
        def routes(self) -> Any:  # noqa: ANN401  FastAPI's
            return Unreadable()

    class Unreadable(list[Any]):
        def __iter__(self) -> Any:  # noqa: ANN401  never returns
            raise RuntimeError

    families = Families()
    for kind in (Other, Broken):
        apps = [kind(), kind()]
        assert len({families.of(app) for app in [*apps, *apps]}) == 2


def test_few_are_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Litestar's applications cannot be referred to weakly: the last ones are remembered."""
    monkeypatch.setattr("pytest_backend_gates.probes.contract.families._MOST_HELD", 2)
    families = Families()
    apps = [litestar() for _ in range(3)]
    assert len({families.of(app) for app in apps}) == 1
    assert [held for held, _ in families._held.values()] == apps[1:]
