"""How the operations of Flask applications are named, alone and inside other applications."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import pytest
from flask import Blueprint, Flask
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from pytest_backend_gates.measurements import Samples

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from starlette.requests import Request
    from starlette.testclient import TestClient

Operations = Callable[[], Mapping[str, Samples]]


def view(**variables: object) -> str:
    return str(variables)


def shop() -> Flask:
    inner = Blueprint("inner", __name__, url_prefix="/items")
    inner.add_url_rule("/<int:item_id>", view_func=view, endpoint="item")
    outer = Blueprint("outer", __name__, url_prefix="/users/<user_id>")
    outer.register_blueprint(inner)
    app = Flask(__name__)
    app.register_blueprint(outer, url_prefix="/v1/users/<user_id>")
    app.add_url_rule("/orders/<int(min=1, max=9):order_id>", view_func=view, endpoint="order")
    app.add_url_rule("/<any(red, 'a,b'):colour>/x", view_func=view, endpoint="any")
    app.add_url_rule("/files/<path:filename>", view_func=view, endpoint="path")
    app.add_url_rule("/slash/", view_func=view, endpoint="slash")
    return app


@pytest.mark.parametrize(
    ("path", "operation", "native"),
    [
        ("/orders/5", "GET /orders/{order_id}", "/orders/<int(min=1, max=9):order_id>"),
        ("/red/x", "GET /{colour}/x", "/<any(red, 'a,b'):colour>/x"),
        ("/files/a/b.txt", "GET /files/{filename}", "/files/<path:filename>"),
        ("/static/none.css", "GET /static/{filename}", "/static/<path:filename>"),
        (
            "/v1/users/me/items/4",
            "GET /v1/users/{user_id}/items/{item_id}",
            "/v1/users/<user_id>/items/<int:item_id>",
        ),
    ],
)
def test_rules_become_templates(operations: Operations, path: str, operation: str, native: str) -> None:
    """Converters and their arguments are left out of the name; blueprints' prefixes are in it."""
    shop().test_client().get(path)
    assert {name: samples.native for name, samples in operations().items()} == {operation: native}


def test_requests_that_match_no_rule(operations: Operations) -> None:
    """Unknown paths, wrong methods and redirects have no route; OPTIONS has, because Flask answers it."""
    client = shop().test_client()
    answers = [client.get("/nowhere"), client.get("/slash"), client.delete("/orders/5")]
    assert [answer.status_code for answer in answers] == [404, 308, 405]
    assert client.options("/orders/5").status_code == 200
    found = operations()
    assert list(found) == ["DELETE (no route)", "GET (no route)", "OPTIONS /orders/{order_id}"]
    assert (found["GET (no route)"].cold, found["GET (no route)"].count) == (1, 1)


def test_middleware_around_wsgi_app(operations: Operations) -> None:
    """The rule is known behind middleware that rewrites or copies the environ; a proxy's prefix is not ours."""
    app = shop()
    fixed = ProxyFix(app.wsgi_app, x_prefix=1)

    def copies(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return fixed(dict(environ), start_response)

    app.wsgi_app = copies  # type: ignore[method-assign]
    app.test_client().get("/orders/5", headers={"X-Forwarded-Prefix": "/behind"})
    assert list(operations()) == ["GET /orders/{order_id}"]


def test_middleware_that_answers_early(operations: Operations) -> None:
    """A request that never reached the router has no route."""
    app = shop()

    def refuses(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert environ["PATH_INFO"] == "/orders/5"
        start_response("503 Service Unavailable", [])
        return [b"no"]

    app.wsgi_app = refuses  # type: ignore[method-assign]
    assert app.test_client().get("/orders/5").status_code == 503
    assert list(operations()) == ["GET (no route)"]


def test_middleware_that_calls_the_application_while_its_body_is_read(operations: Operations) -> None:
    """A generator as middleware routes the request only at its first ``next()``."""
    app = shop()
    inner = app.wsgi_app

    def lazy(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        yield from inner(environ, start_response)

    app.wsgi_app = lazy  # type: ignore[method-assign]
    assert app.test_client().get("/orders/5").status_code == 200
    assert list(operations()) == ["GET /orders/{order_id}"]


def test_flask_mounted_in_flask(operations: Operations) -> None:
    """The inner application's rule follows the path at which the outer one mounts it; it is one sample."""
    app = Flask(__name__)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/shop": shop()})  # type: ignore[method-assign]
    client = app.test_client()
    for _ in range(3):
        client.get("/shop/orders/5")
    client.get("/shop/nowhere")
    found = operations()
    assert list(found) == ["GET (no route)", "GET /shop/orders/{order_id}"]
    assert found["GET /shop/orders/{order_id}"].count == 2


def test_flask_mounted_in_flask_mounted_in_flask(operations: Operations) -> None:
    """Every mount is in the name once."""
    app, middle = Flask(__name__), Flask(__name__)
    middle.wsgi_app = DispatcherMiddleware(middle.wsgi_app, {"/b": shop()})  # type: ignore[method-assign]
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/a": middle})  # type: ignore[method-assign]
    app.test_client().get("/a/b/orders/5")
    assert list(operations()) == ["GET /a/b/orders/{order_id}"]


def test_flask_mounted_in_starlette(operations: Operations, starlette_client: "type[TestClient]") -> None:
    """A WSGI application inside an ASGI one is one sample, named by the mount and the rule."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.middleware.wsgi import WSGIMiddleware
    app = Starlette(routes=[Mount("/tenants/{tenant:int}", app=WSGIMiddleware(shop()))])
    client = starlette_client(app)
    for _ in range(3):
        assert client.get("/tenants/1/orders/5").status_code == 200
    client.get("/tenants/1/nowhere")
    found = operations()
    assert list(found) == ["GET (no route)", "GET /tenants/{tenant}/orders/{order_id}"]
    samples = found["GET /tenants/{tenant}/orders/{order_id}"]
    assert (samples.cold, samples.count) == (1, 2)
    assert samples.native == "/tenants/{tenant:int}/orders/<int(min=1, max=9):order_id>"


async def _tokens(_: "Request") -> PlainTextResponse:
    return PlainTextResponse("a token")


@pytest.mark.parametrize("kind", ["Flask", "Starlette"])
def test_middleware_that_asks_another_application(
    operations: Operations, starlette_client: "type[TestClient]", kind: str
) -> None:
    """What it asks is part of the request, and names neither it nor its mount."""
    service = Flask("service")
    service.add_url_rule("/5", view_func=view)
    asgi = starlette_client(Starlette(routes=[Route("/tokens", _tokens)]))
    app = shop()
    inner = app.wsgi_app

    def asks(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = service.test_client().get("/5") if kind == "Flask" else asgi.get("/tokens")
        assert answer.status_code == 200
        return inner(environ, start_response)

    app.wsgi_app = asks  # type: ignore[method-assign]
    assert app.test_client().get("/orders/5").status_code == 200
    assert list(operations()) == ["GET /orders/{order_id}"]


def test_applications_behind_a_dispatcher(operations: Operations) -> None:
    """Each has a part of the path for itself, which is cut off before it is asked."""
    one, two = Flask("one"), Flask("two")
    for app in (one, two):
        app.add_url_rule("/orders/<int:number>", view_func=view)
    client = Client(DispatcherMiddleware(Flask("outer"), {"/one": one, "/two": two}))
    for path in ("/one/orders/1", "/two/orders/2", "/two/orders/3"):
        assert client.get(path).text == f"{{'number': {path[-1]}}}"
    counts = {name: one.cold + one.count for name, one in operations().items()}
    assert counts == {"GET /one/orders/{number}": 1, "GET /two/orders/{number}": 2}
