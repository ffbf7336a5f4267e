"""How the operations of Starlette and FastAPI applications are named."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import httpx
import litestar
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from pytest_backend_gates.measurements import Samples

if TYPE_CHECKING:
    from starlette.middleware.base import RequestResponseEndpoint
    from starlette.requests import Request
    from starlette.testclient import TestClient
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Operations = Callable[[], Mapping[str, Samples]]


def hello(_: "Request") -> PlainTextResponse:
    return PlainTextResponse("hello")


class CopiesScope:
    """Middleware that hands on a copy, as many do to change a header."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        await self.app({**scope, "headers": list(scope.get("headers", []))}, receive, send)


def natives(operations: Operations) -> dict[str, str | None]:
    return {name: samples.native for name, samples in operations().items()}


def test_starlette_convertors_are_left_out_of_the_name(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """``{id:int}`` is ``{id}`` in the name and stays as written in the native spelling."""
    app = Starlette(routes=[Route("/orders/{order_id:int}/{rest:path}", hello)])
    starlette_client(app).get("/orders/5/a/b")
    assert natives(operations) == {"GET /orders/{order_id}/{rest}": "/orders/{order_id:int}/{rest:path}"}


def test_mounts_and_their_templates_are_in_the_name(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Mounts within mounts give the whole template, variables of the mount paths included."""
    inner = Mount("/shops/{shop:int}", routes=[Route("/", hello), Route("/carts/{cart}", hello)])
    app = Starlette(routes=[Mount("/api", app=Router([inner]))])
    client = starlette_client(app)
    client.get("/api/shops/3/carts/x")
    client.get("/api/shops/3/")
    assert natives(operations) == {
        "GET /api/shops/{shop}/": "/api/shops/{shop:int}/",
        "GET /api/shops/{shop}/carts/{cart}": "/api/shops/{shop:int}/carts/{cart}",
    }


def test_unknown_paths_below_a_mount_have_no_route(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """A mount whose application has routes is not one itself."""
    app = Starlette(routes=[Mount("/api", routes=[Route("/known", hello)])])
    assert starlette_client(app).get("/api/unknown").status_code == 404
    assert list(operations()) == ["GET (no route)"]


def test_a_mount_left_again_is_not_in_the_name(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Middleware may ask its application twice: only the mounts around the route count."""

    class FallsBack(CopiesScope):
        async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
            async def nowhere(_: "Message") -> None:
                pass

            await self.app(dict(scope), receive, nowhere)
            await self.app({**scope, "path": "/fallback"}, receive, send)

    routes = [Mount("/api", routes=[Route("/known", hello)]), Route("/fallback", hello)]
    app = Starlette(routes=routes, middleware=[Middleware(FallsBack)])
    assert starlette_client(app).get("/api/unknown").text == "hello"
    assert list(operations()) == ["GET /fallback"]


def test_an_application_without_routes_is_named_by_its_mount(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Static files and other plain ASGI applications are one operation."""

    async def plain(scope: "Scope", receive: "Receive", send: "Send") -> None:
        await PlainTextResponse("plain")(scope, receive, send)

    app = Starlette(routes=[Mount("/static", app=plain)])
    starlette_client(app).get("/static/logo.png")
    assert list(operations()) == ["GET /static/{path}"]


def test_a_wrapped_mounted_application_names_its_own_routes(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """An application mounted inside middleware is asked, not its mount."""
    app = Starlette(routes=[Mount("/sub", app=CopiesScope(Starlette(routes=[Route("/{name}", hello)])))])
    client = starlette_client(app)
    client.get("/sub/x")
    client.get("/sub/x/unknown")
    assert list(operations()) == ["GET (no route)", "GET /sub/{name}"]


def included() -> FastAPI:
    leaf = APIRouter(prefix="/items")
    leaf.add_api_route("", lambda: "all")
    leaf.add_api_route("/{item_id:int}", lambda item_id: item_id)
    middle = APIRouter(prefix="/users/{user_id}")
    middle.include_router(leaf, prefix="/inner")
    app = FastAPI()
    app.include_router(middle, prefix="/v1")
    app.include_router(leaf)
    app.add_api_route("/items-direct/{item_id:int}", lambda item_id: item_id)
    return app


@pytest.mark.parametrize(
    ("path", "operation", "native"),
    [
        ("/items", "GET /items", "/items"),
        ("/items/4", "GET /items/{item_id}", "/items/{item_id:int}"),
        ("/items-direct/4", "GET /items-direct/{item_id}", "/items-direct/{item_id:int}"),
        ("/v1/users/7/inner/items", "GET /v1/users/{user_id}/inner/items", "/v1/users/{user_id}/inner/items"),
        (
            "/v1/users/7/inner/items/4",
            "GET /v1/users/{user_id}/inner/items/{item_id}",
            "/v1/users/{user_id}/inner/items/{item_id:int}",
        ),
        ("/openapi.json", "GET /openapi.json", "/openapi.json"),
    ],
)
def test_prefixes_of_included_routers(
    operations: Operations, starlette_client: "type[TestClient]", path: str, operation: str, native: str
) -> None:
    """Prefixes of nested routers come first, also when a router is included twice."""
    assert starlette_client(included()).get(path).status_code == 200
    assert natives(operations) == {operation: native}


def test_starlette_routes_of_an_included_router(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """A prefix holds for plain routes of the router too."""
    router = APIRouter()
    router.add_route("/plain/{name}", hello)
    app = FastAPI()
    app.include_router(router, prefix="/v1")
    starlette_client(app).get("/v1/plain/x")
    assert list(operations()) == ["GET /v1/plain/{name}"]


def test_mounts_of_an_included_router(operations: Operations, starlette_client: "type[TestClient]") -> None:
    """A prefix holds for the mounts of the router, in the versions of FastAPI that include mounts."""
    router = APIRouter()
    inner = FastAPI()
    inner.add_api_route("/carts/{cart}", lambda cart: cart)
    router.mount("/shops/{shop}", inner)
    app = FastAPI()
    app.include_router(router, prefix="/v1")
    if starlette_client(app).get("/v1/shops/1/carts/2").status_code == 404:
        pytest.skip("this FastAPI leaves the mounts of an included router out")
    assert list(operations()) == ["GET /v1/shops/{shop}/carts/{cart}"]


def test_fastapi_mounted_in_fastapi_is_one_sample(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """Nested applications serve one request: the outermost owns it, the innermost names it."""
    app = FastAPI()
    app.mount("/tenants/{tenant}", included())
    client = starlette_client(app)
    for _ in range(4):
        client.get("/tenants/a/v1/users/7/inner/items/4")
    (name, samples), *others = operations().items()
    assert name == "GET /tenants/{tenant}/v1/users/{user_id}/inner/items/{item_id}"
    assert (samples.cold, samples.count, others) == (1, 3, [])


async def passes_on(request: "Request", call_next: "RequestResponseEndpoint") -> Response:
    return await call_next(request)


@pytest.mark.parametrize("how", [CopiesScope, partial(BaseHTTPMiddleware, dispatch=passes_on)])
def test_middleware_does_not_hide_the_route(
    operations: Operations, starlette_client: "type[TestClient]", how: "Callable[[ASGIApp], ASGIApp]"
) -> None:
    """The route is known behind middleware that copies the scope or runs the application in a task."""
    app = included()
    app.add_middleware(how)
    starlette_client(app).get("/v1/users/7/inner/items")
    assert list(operations()) == ["GET /v1/users/{user_id}/inner/items"]


def test_requests_that_match_no_route(operations: Operations, starlette_client: "type[TestClient]") -> None:
    """Unknown paths, wrong methods, redirects and early answers of middleware have no route."""

    async def answers_early(request: "Request", call_next: "RequestResponseEndpoint") -> Response:
        return Response(status_code=503) if request.url.path == "/early" else await call_next(request)

    app = included()
    app.add_api_route("/early", lambda: "late")
    app.add_middleware(BaseHTTPMiddleware, dispatch=answers_early)
    client = starlette_client(app, follow_redirects=False)
    answers = [client.get("/nowhere"), client.delete("/items"), client.get("/items/"), client.get("/early")]
    assert [answer.status_code for answer in answers] == [404, 405, 307, 503]
    found = operations()
    assert list(found) == ["DELETE (no route)", "GET (no route)"]
    assert (found["GET (no route)"].cold, found["GET (no route)"].count) == (1, 2)
    assert found["GET (no route)"].native is None


def test_head_and_options_keep_their_method(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """HEAD is not GET."""
    client = starlette_client(Starlette(routes=[Route("/x", hello, methods=["GET", "OPTIONS"])]))
    for method in ("GET", "HEAD", "OPTIONS"):
        client.request(method, "/x")
    assert list(operations()) == ["GET /x", "HEAD /x", "OPTIONS /x"]


def test_a_request_made_inside_a_request_is_part_of_it(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """A handler that asks another application in process does not lose its own name."""
    stock = starlette_client(Starlette(routes=[Route("/stock/{sku}", hello)]))

    def order(_: "Request") -> PlainTextResponse:
        return PlainTextResponse(stock.get("/stock/1").text)

    client = starlette_client(Starlette(routes=[Route("/orders", order)]))
    assert client.get("/orders").text == "hello"
    assert list(operations()) == ["GET /orders"]


@litestar.get("/tokens", sync_to_thread=False)
def tokens() -> int:
    return 1


@pytest.mark.parametrize(
    ("service", "path"),
    [
        (Starlette(routes=[Route("/tokens/{name}", hello)]), "/tokens/me"),
        (
            Starlette(routes=[Mount("/v1", app=Starlette(routes=[Route("/tokens/{name}", hello)]))]),
            "/v1/tokens/me",
        ),
        (litestar.Litestar([tokens]), "/tokens"),
    ],
    ids=["a route", "a mount", "Litestar"],
)
def test_middleware_that_asks_another_application(
    operations: Operations, starlette_client: "type[TestClient]", service: "ASGIApp", path: str
) -> None:
    """What it asks before the request has a route is part of it, and does not name it."""

    async def signed_in(request: "Request", call_next: "RequestResponseEndpoint") -> Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(service), base_url="http://auth"
        ) as client:
            assert (await client.get(path)).status_code == 200
        return await call_next(request)

    routes = [Mount("/shop", app=Starlette(routes=[Route("/orders/{number}", hello)]))]
    app = Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=signed_in)])
    client = starlette_client(app)
    for asked in ("/shop/orders/1", "/shop/orders/2", "/shop/unknown"):
        client.get(asked)
    found = {name: samples.count + samples.cold for name, samples in operations().items()}
    assert found == {"GET (no route)": 1, "GET /shop/orders/{number}": 2}


async def _ask(service: "ASGIApp", path: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://auth") as client:
        assert (await client.get(path)).status_code == 200


def test_middleware_that_asks_meanwhile(operations: Operations, starlette_client: "type[TestClient]") -> None:
    """What a task of its own asks takes no name from the request that is handed on at the same time."""
    begun: list[asyncio.Event] = []

    async def slow(_: "Request") -> PlainTextResponse:
        begun[-1].set()
        await asyncio.sleep(0.01)
        return PlainTextResponse("slow")

    service = Starlette(routes=[Route("/tokens", slow)])

    class Asks:
        def __init__(self, app: "ASGIApp") -> None:
            self.app = app

        async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
            begun.append(asyncio.Event())
            asking = asyncio.create_task(_ask(service, "/tokens"))
            await begun[-1].wait()
            await self.app(scope, receive, send)
            await asking

    app = Starlette(routes=[Route("/orders", hello)], middleware=[Middleware(Asks)])
    client = starlette_client(app)
    client.get("/orders")
    client.get("/orders")
    assert {name: samples.seen for name, samples in operations().items()} == {"GET /orders": 1}


def test_a_mounted_application_that_asks_another(
    operations: Operations, starlette_client: "type[TestClient]"
) -> None:
    """A gateway without routes of its own keeps the name of its mount."""
    service = Starlette(routes=[Route("/stock", hello)])

    async def gateway(scope: "Scope", receive: "Receive", send: "Send") -> None:
        await _ask(service, "/stock")
        await PlainTextResponse("there is some")(scope, receive, send)

    client = starlette_client(Starlette(routes=[Mount("/proxy", app=gateway)]))
    assert client.get("/proxy/stock").text == "there is some"
    assert list(operations()) == ["GET /proxy/{path}"]
