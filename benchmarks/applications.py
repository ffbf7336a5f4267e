"""Small applications that answer as fast as their framework can: what is observed of them is not lost beside them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

#: So many statements a request of those applications that have a database.
STATEMENTS: Final = 100

_PATH: Final = "/orders/7"
_HEADERS: Final = (("host", "testserver"), ("accept", "*/*"), ("user-agent", "testclient"))
_RAW_HEADERS: Final = [(name.encode(), value.encode()) for name, value in _HEADERS]
_TABLE: Final = "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER)"
_ROWS: Final = "INSERT INTO orders (id, total) VALUES (1, 10), (2, 20), (3, 30)"

Ask = Callable[[Any, int], Counter[int]]


@dataclass(frozen=True, slots=True)
class Application:
    """An application, how to ask it so many times, and how many statements it runs a request.

    Asked are the applications themselves, with nothing of a client in between; what is returned is how often they
    have answered with which status.
    """

    app: Any
    ask: Ask
    statements: int = 0
    #: Of SQLAlchemy, if it has one.
    engine: Any = None


def scope_of(path: str) -> dict[str, Any]:
    """Return the scope of a GET request for *path*, as a server would make it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": _RAW_HEADERS,
        "client": ("testclient", 50000),
        "server": ("testserver", 80),
    }


def ask_asgi(app: Any, count: int) -> Counter[int]:  # noqa: ANN401  an application is whatever can be called so
    """Ask an ASGI application."""
    return asyncio.run(_asked(app, count))


async def _asked(app: Callable[..., Awaitable[None]], count: int) -> Counter[int]:
    answered: Counter[int] = Counter()

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered[message["status"]] += 1

    for _ in range(count):
        await app(scope_of(_PATH), receive, send)
    return answered


def ask_wsgi(app: Any, count: int) -> Counter[int]:  # noqa: ANN401  an application is whatever can be called so
    """Ask a WSGI application."""
    from werkzeug.test import EnvironBuilder

    environ = EnvironBuilder(_PATH, headers=_HEADERS).get_environ()
    answered: Counter[int] = Counter()

    def start_response(status: str, *_: object) -> Callable[[bytes], None]:
        answered[int(status[:3])] += 1
        return lambda _: None

    for _ in range(count):
        _read(app(dict(environ), start_response))
    return answered


def _read(body: Iterable[bytes]) -> None:
    for _ in body:
        pass
    close = getattr(body, "close", None)
    if close is not None:
        close()


def starlette() -> Application:
    """Return an application of Starlette."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def show(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.path_params["order"])

    return Application(Starlette(routes=[Route("/orders/{order}", show)]), ask_asgi)


def fastapi() -> Application:
    """Return an application of FastAPI, which documents what it answers."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/orders/{order}")
    async def show(order: int) -> dict[str, int]:
        return {"order": order}

    return Application(app, ask_asgi)


def litestar() -> Application:
    """Return an application of Litestar."""
    from litestar import Litestar, get

    @get("/orders/{order:int}", sync_to_thread=False)
    def show(order: int) -> str:
        return str(order)

    return Application(Litestar([show]), ask_asgi)


def flask() -> Application:
    """Return an application of Flask."""
    from flask import Flask

    app = Flask("benchmark")

    @app.get("/orders/<int:order>")
    def show(order: int) -> str:
        return str(order)

    return Application(app, ask_wsgi)


def django() -> Application:
    """Return an application of Django, with its WSGI handler."""
    from django.http import HttpRequest, HttpResponse

    def show(request: HttpRequest, order: int) -> HttpResponse:  # noqa: ARG001  a view's signature
        return HttpResponse(str(order))

    return Application(_django(show), ask_wsgi)


def sqlalchemy() -> Application:
    """Return an application of Starlette that asks SQLite by way of SQLAlchemy."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import StaticPool
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as connection:
        connection.execute(text(_TABLE))
        connection.execute(text(_ROWS))
    statement = text("SELECT id, total FROM orders WHERE id = :id")

    async def show(_: Request) -> PlainTextResponse:
        with engine.connect() as connection:
            totals = [connection.execute(statement, {"id": 2}).scalar() for _ in range(STATEMENTS)]
        return PlainTextResponse(str(len(totals)))

    app = Starlette(routes=[Route("/orders/{order}", show)])
    return Application(app, ask_asgi, STATEMENTS, engine)


def django_orm() -> Application:
    """Return an application of Django that asks SQLite by way of its ORM's connections."""
    from django.db import connection
    from django.http import HttpRequest, HttpResponse

    def show(request: HttpRequest, order: int) -> HttpResponse:  # noqa: ARG001  a view's signature
        with connection.cursor() as cursor:
            for _ in range(STATEMENTS):
                cursor.execute("SELECT id, total FROM orders WHERE id = %s", [2])
                cursor.fetchone()
        return HttpResponse(str(order))

    app = _django(show)
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute(_ROWS)
    return Application(app, ask_wsgi, STATEMENTS)


def _django(view: Callable[..., object]) -> object:
    """Set Django up with *view* for its only one; return its handler."""
    import sys
    from types import ModuleType

    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.urls import path

    urls = ModuleType("benchmark_urls")
    vars(urls)["urlpatterns"] = [path("orders/<int:order>", view)]
    sys.modules[urls.__name__] = urls
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.configure(ROOT_URLCONF=urls.__name__, ALLOWED_HOSTS=["testserver"], DATABASES=databases)
    django.setup()
    return WSGIHandler()


APPLICATIONS: Final[Mapping[str, Callable[[], Application]]] = {
    "starlette": starlette,
    "fastapi": fastapi,
    "litestar": litestar,
    "flask": flask,
    "django": django,
    "sqlalchemy": sqlalchemy,
    "django-orm": django_orm,
}
