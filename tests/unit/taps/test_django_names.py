"""How the operations of Django projects are named, alone and inside other applications."""

import asyncio
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from django.http import HttpResponse
from django.urls import include, path, re_path
from django.views import View
from django.views.decorators.http import require_GET
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pytest_backend_gates.measurements import Samples

if TYPE_CHECKING:
    from django.http import HttpRequest
    from starlette.requests import Request
    from starlette.testclient import TestClient

Operations = Callable[[], Mapping[str, Samples]]
Urls = Callable[..., None]
Natives = dict[str, str | None]


def view(_: "HttpRequest", **variables: object) -> HttpResponse:
    return HttpResponse(str(variables))


def client(**options: object) -> Any:  # noqa: ANN401  Django ships no types
    """Return a new client; its module can be imported once Django is configured."""
    from django.test import Client

    return Client(**options)


def natives(operations: Operations) -> Natives:
    return {name: samples.native for name, samples in operations().items()}


@pytest.mark.parametrize(
    ("asked", "operation", "native"),
    [
        ("/", "GET /", ""),
        ("/orders/5/", "GET /orders/{order_id}/", "orders/<int:order_id>/"),
        ("/old/2024/", "GET /old/{year}/", r"^old/(?P<year>[0-9]{4})/$"),
        ("/shops/3/carts/x", "GET /shops/{shop}/carts/{cart}", "shops/<int:shop>/carts/<cart>"),
        ("/shops/3/old/7/", "GET /shops/{shop}/old/{pk}/", r"shops/<int:shop>/old/(?P<pk>\d+)/$"),
    ],
)
def test_routes_become_templates(
    operations: Operations, django_urls: Urls, asked: str, operation: str, native: str
) -> None:
    """Routes and regular expressions, included or not."""
    shop = [path("carts/<cart>", view), re_path(r"^old/(?P<pk>\d+)/$", view)]
    django_urls(
        path("", view),
        path("orders/<int:order_id>/", view),
        re_path(r"^old/(?P<year>[0-9]{4})/$", view),
        path("shops/<int:shop>/", include(shop)),
    )
    assert client().get(asked).status_code == 200
    assert natives(operations) == {operation: native}


def test_routers_of_rest_framework(operations: Operations, django_urls: Urls) -> None:
    """Lists, details, extra actions, and the format suffixes that a router adds to each."""
    from rest_framework.decorators import action
    from rest_framework.response import Response
    from rest_framework.routers import DefaultRouter
    from rest_framework.test import APIClient
    from rest_framework.viewsets import ViewSet

    class Orders(ViewSet):  # type: ignore[misc]  # it ships no types
        authentication_classes = permission_classes = ()

        def list(self, _request: object, **_: object) -> Response:
            return Response([])

        def retrieve(self, _request: object, pk: str, **_: object) -> Response:
            return Response(pk)

        @action(detail=True, methods=["post"])  # type: ignore[untyped-decorator]  # it ships no types
        def pay(self, _request: object, pk: str) -> Response:
            return Response(pk)

    router = DefaultRouter()
    router.register("orders", Orders, basename="order")
    django_urls(path("api/", include(router.urls)))
    asking = APIClient()
    answers = [asking.get(f"/api/orders/{rest}") for rest in ("", "5/", "5.json")]
    answers += [asking.post("/api/orders/5/pay/"), asking.delete("/api/orders/5/")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 405]
    assert natives(operations) == {
        "DELETE (no route)": None,
        "GET /api/orders/": "api/orders/$",
        "GET /api/orders/{pk}/": r"api/orders/(?P<pk>[^/.]+)/$",
        "GET /api/orders/{pk}.{format}/": r"api/orders/(?P<pk>[^/.]+)\.(?P<format>[a-z0-9]+)/?$",
        "POST /api/orders/{pk}/pay/": r"api/orders/(?P<pk>[^/.]+)/pay/$",
    }


def test_operations_of_ninja(operations: Operations, django_urls: Urls) -> None:
    """Ninja writes ordinary routes of Django's."""
    from ninja import NinjaAPI, Router

    router = Router()

    def item(request: "HttpRequest", item_id: int) -> int:
        return item_id if request.method == "GET" else 0

    router.get("/items/{int:item_id}", response=int)(item)
    api = NinjaAPI(urls_namespace="names")
    api.add_router("/shop", router)
    django_urls(path("api/", api.urls))
    assert client().get("/api/shop/items/5").json() == 5
    assert natives(operations) == {"GET /api/shop/items/{item_id}": "api/shop/items/<int:item_id>"}


class Refuses:
    """Middleware that answers itself."""

    def __init__(self, get_response: "Callable[[HttpRequest], HttpResponse]") -> None:
        self.get_response = get_response

    def __call__(self, request: "HttpRequest") -> HttpResponse:
        return HttpResponse(status=503) if request.path == "/early/" else self.get_response(request)


class Readable(View):  # type: ignore[misc]  # Django ships no types
    """A view of its own kind, with one method."""

    def get(self, _: "HttpRequest") -> HttpResponse:
        return HttpResponse("read")


def test_requests_that_match_no_route(operations: Operations, django_urls: Urls) -> None:
    """Unknown paths, wrong methods, redirects and early answers of middleware have no route."""
    from django.conf import settings
    from django.test import override_settings

    django_urls(path("early/", view), path("read/", require_GET(view)), path("class/", Readable.as_view()))
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.Refuses"]):
        asking = client()
        answers = [asking.get("/nowhere/"), asking.get("/read"), asking.get("/early/")]
        answers += [asking.post("/read/"), asking.delete("/class/")]
    assert [answer.status_code for answer in answers] == [404, 301, 503, 405, 405]
    assert {name: one.cold + one.count for name, one in operations().items()} == {
        "DELETE (no route)": 1,
        "GET (no route)": 3,
        "POST (no route)": 1,
    }


def test_head_and_options_keep_their_method(operations: Operations, django_urls: Urls) -> None:
    """HEAD is not GET."""
    django_urls(path("read/", Readable.as_view()))
    asking = client()
    assert [asking.get("/read/").content, asking.head("/read/").content] == [b"read", b""]
    assert asking.options("/read/").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert list(operations()) == ["GET /read/", "HEAD /read/", "OPTIONS /read/"]


def test_a_request_made_inside_a_request_is_part_of_it(operations: Operations, django_urls: Urls) -> None:
    """A view that asks its own project does not lose its name, whatever it is answered."""

    def outer(_: "HttpRequest") -> HttpResponse:
        codes = [client().get("/inner/").status_code, client().post("/inner/").status_code]
        return HttpResponse(f"{codes}, {client().get('/nowhere/').status_code}")

    django_urls(path("outer/", outer), path("inner/", require_GET(view)))
    assert client().get("/outer/").content == b"[200, 405], 404"
    assert list(operations()) == ["GET /outer/"]


def test_a_request_to_another_framework_is_part_of_it(
    operations: Operations, django_urls: Urls, starlette_client: "type[TestClient]"
) -> None:
    """Nor does one that asks an application of another framework, or one that is asked by such."""

    def price(request: "Request") -> Any:  # noqa: ANN401  a response
        from starlette.responses import PlainTextResponse

        return PlainTextResponse(request.path_params["sku"])

    def ask_django(_: "Request") -> Any:  # noqa: ANN401  a response
        from starlette.responses import PlainTextResponse

        return PlainTextResponse(client().get("/order/").content)

    app = starlette_client(Starlette(routes=[Route("/prices/{sku}", price), Route("/ask", ask_django)]))
    django_urls(path("order/", lambda _: HttpResponse(app.get("/prices/7").text)))
    assert client().get("/order/").content == b"7"
    assert app.get("/ask").text == "7"
    assert list(operations()) == ["GET /ask", "GET /order/"]


def test_django_mounted_in_starlette(
    operations: Operations, django_urls: Urls, starlette_client: "type[TestClient]"
) -> None:
    """Nested applications serve one request: the mount is in the name, and in the native spelling."""
    from django.core.asgi import get_asgi_application

    django_urls(path("orders/<int:order_id>/", view))
    app = Starlette(routes=[Mount("/tenants/{tenant:int}", app=get_asgi_application())])
    asking = starlette_client(app)
    assert [asking.get("/tenants/1/orders/5/").status_code for _ in range(3)] == [200] * 3
    assert asking.get("/tenants/1/nowhere/").status_code == 404
    found = operations()
    assert list(found) == ["GET (no route)", "GET /tenants/{tenant}/orders/{order_id}/"]
    samples = found["GET /tenants/{tenant}/orders/{order_id}/"]
    assert (samples.cold, samples.count) == (1, 2)
    assert samples.native == "/tenants/{tenant:int}/orders/<int:order_id>/"


def test_django_mounted_in_flask(operations: Operations, django_urls: Urls) -> None:
    """The path at which a WSGI application mounts it is in the name."""
    from django.core.wsgi import get_wsgi_application

    django_urls(path("orders/<int:order_id>/", view))
    app = Flask(__name__)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/shop": get_wsgi_application()})  # type: ignore[method-assign]
    asking = app.test_client()
    assert [asking.get("/shop/orders/5/").status_code for _ in range(3)] == [200] * 3
    ((name, samples),) = operations().items()
    assert (name, samples.cold, samples.count) == ("GET /shop/orders/{order_id}/", 1, 2)
    assert samples.native == "/shop/orders/<int:order_id>/"


def test_flask_mounted_in_django_is_no_concern_of_ours(operations: Operations, django_urls: Urls) -> None:
    """A view that hands its environ to another application is the operation."""
    inner = Flask(__name__)
    inner.add_url_rule("/orders/<order_id>", view_func=lambda order_id: order_id.upper())

    def hand_on(request: "HttpRequest") -> HttpResponse:
        return HttpResponse(b"".join(inner(dict(request.META), lambda *_: lambda _: None)))

    django_urls(re_path("^orders/.*$", hand_on))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert client().get("/orders/a7").content == b"A7"
    assert list(operations()) == ["GET /orders/{var}"]


def test_overlapping_asynchronous_requests_keep_their_names(
    operations: Operations, django_urls: Urls
) -> None:
    """Tasks do not mix up, in views of both kinds."""
    from django.test import AsyncClient

    async def slow(_: "HttpRequest", number: int) -> HttpResponse:
        await asyncio.sleep(0.001 * (number % 3))
        return HttpResponse(str(number))

    django_urls(path("slow/<int:number>/", slow), path("sync/<int:number>/", view))

    async def burst() -> None:
        asking = AsyncClient()
        asked = [asking.get(f"/{kind}/{number}/") for number in range(20) for kind in ("slow", "sync")]
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}

    asyncio.run(burst())
    assert {name: one.cold + one.count for name, one in operations().items()} == {
        "GET /slow/{number}/": 20,
        "GET /sync/{number}/": 20,
    }
