"""The answers that tests receive from real applications, held against the contract of each."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import Mock

import httpx
import httpx2
import litestar
import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse
from flask import Flask, Response, jsonify, request
from litestar.openapi import OpenAPIConfig
from litestar.testing import TestClient as LitestarClient
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request as StarletteRequest
from starlette.routing import Mount
from starlette.testclient import TestClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from pytest_backend_gates.probes.contract import bodies, engine
from pytest_backend_gates.probes.contract import observed as module
from pytest_backend_gates.probes.contract.conformance import Conformance
from pytest_backend_gates.probes.contract.observed import ObservedContract, observed_contract
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.contract.seen import Seen, together
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.replies import Reply

Observe = Callable[..., ObservedContract]


@pytest.fixture
def traffic() -> Iterator[TrafficProbe]:
    """Return a probe whose taps are in place."""
    probe = TrafficProbe()
    yield probe
    probe.stop()


@pytest.fixture
def observe(tmp_path: Path, traffic: TrafficProbe) -> Observe:
    """Return a function that begins to observe, as the plan says."""
    (tmp_path / ".git").mkdir()

    def begin(**plan: Any) -> ObservedContract:  # noqa: ANN401  any setting
        observed = observed_contract(replace(Plan(tmp_path), **plan), traffic.recorder.faults)
        observed.test = "tests/test_app.py::test"
        traffic.listen(observed.hear)
        traffic.start()
        return observed

    return begin


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return the list of the answers that were looked at: operation and status."""
    looked: list[tuple[str, int]] = []
    failures = Conformance.failures

    def look(conformance: Conformance, operation: Any, answer: Any, documented: Any) -> object:  # noqa: ANN401  passed on
        looked.append((operation.name, answer.status))
        return failures(conformance, operation, answer, documented)

    monkeypatch.setattr(Conformance, "failures", look)
    return looked


def seen(observed: ObservedContract) -> Mapping[str, Seen]:
    """Return what was seen, as it arrives in the place that judges."""
    plain = json.loads(json.dumps(observed.to_plain()))
    assert plain["errors"] == []
    return together([plain])


def titles(one: Seen) -> list[tuple[str, int, str]]:
    return [(failure.title, failure.observed, failure.test) for failure in one.failures]


def shop() -> FastAPI:
    """Make a small API; not all that it answers is documented."""
    app = FastAPI()

    @app.get("/orders")
    def orders(limit: Annotated[int, Query(le=5)] = 3) -> list[int]:
        return list(range(limit))

    @app.get("/orders/{order_id}", responses={403: {"description": "Not yours"}})
    def order(order_id: int) -> dict[str, int]:
        if order_id > 9:
            raise HTTPException(404)
        return {"id": order_id}

    @app.get("/raw")
    def raw(as_text: str = "") -> int:
        return JSONResponse(as_text or 1)  # type: ignore[return-value]  # on purpose

    @app.get("/hidden", include_in_schema=False)
    def hidden() -> int:
        return 1

    return app


def test_what_is_seen(observe: Observe, held: list[tuple[str, int]]) -> None:
    """Each kind of answer is looked at once, each answer counts, and what nobody asked is there as well."""
    observed, client = observe(), TestClient(shop())
    for limit in (1, 2, 3, 3, 0):
        client.get(f"/orders?limit={limit}")
    for number in (1, 2, 10, 11):
        client.get(f"/orders/{number}")
    client.get("/orders?limit=9")
    client.get("/hidden")
    client.get("/nowhere")
    client.post("/orders")
    client.head("/orders")
    found = seen(observed)
    assert {name: (one.documented, one.statuses) for name, one in found.items()} == {
        "GET /orders": (("200", "422"), {200: 5, 422: 1}),
        "GET /orders/{order_id}": (("200", "403", "422"), {200: 2, 404: 2}),
        "GET /raw": (("200", "422"), {}),
    }
    assert titles(found["GET /orders"]) == []
    assert titles(found["GET /orders/{order_id}"]) == [
        ("404 Not Found is not documented", 2, "tests/test_app.py::test")
    ]
    assert sorted(held) == [
        *[("GET /orders", 200)] * 2,  # with something in the list and without
        ("GET /orders", 422),
        ("GET /orders/{order_id}", 200),
        ("GET /orders/{order_id}", 404),
    ]


def test_the_first_test_by_name(observe: Observe) -> None:
    """Which test is named does not depend on their order."""
    observed, client = observe(), TestClient(shop())
    for test in ("test_b", "test_a", "test_c"):
        observed.test = test
        client.get("/orders/10")
        observed.settle()
    assert titles(seen(observed)["GET /orders/{order_id}"]) == [
        ("404 Not Found is not documented", 3, "test_a")
    ]


def test_another_shape_is_looked_at(observe: Observe) -> None:
    """What the first answer kept, a later one may break; values are not told."""
    observed, client = observe(), TestClient(shop())
    client.get("/raw")
    observed.settle()
    client.get("/raw?as_text=sesame")
    found = seen(observed)
    assert titles(found["GET /raw"]) == [
        ('200 Response violates schema: a string breaks type: "integer"', 1, "tests/test_app.py::test")
    ]
    assert "sesame" not in json.dumps(observed.to_plain())


def crashing() -> FastAPI:
    app = FastAPI()

    @app.exception_handler(KeyError)
    def answer(_: object, __: object) -> JSONResponse:
        return JSONResponse({}, 503)

    @app.get("/crash")
    def crash() -> int:
        raise ValueError

    @app.get("/down")
    def down() -> int:
        raise KeyError

    @app.get("/documented", responses={"5XX": {"description": "Down"}})
    def documented() -> int:
        raise KeyError

    return app


def crash_with(client: Any, *, reraised: bool) -> None:  # noqa: ANN401  of httpx or httpx2
    """Ask for what raises, twice."""
    for _ in range(2):
        if reraised:
            with pytest.raises(ValueError, match=r"^$"):
                client.get("/crash")
        else:
            assert client.get("/crash").status_code == 500


@pytest.mark.parametrize("reraised", [True, False])
def test_server_errors(observe: Observe, *, reraised: bool) -> None:
    """A 5xx is an answer, documented or not, also beside an exception; unless the client raises that in its place."""
    observed, client = observe(), TestClient(crashing(), raise_server_exceptions=reraised)
    crash_with(client, reraised=reraised)
    with (
        pytest.raises(ValueError, match=r"^$") if reraised else nullcontext(),
        client.stream("GET", "/crash") as response,
    ):
        response.read()
    client.get("/down")
    client.get("/documented")
    test, found = "tests/test_app.py::test", seen(observed)
    crashed = ({}, []) if reraised else ({500: 3}, [("500 Internal Server Error", 3, test)])
    assert {name: (one.statuses, titles(one)) for name, one in found.items()} == {
        "GET /crash": crashed,
        "GET /down": ({503: 1}, [("503 Service Unavailable", 1, test)]),
        "GET /documented": ({503: 1}, []),
    }


@pytest.mark.parametrize("clients", [httpx, httpx2])
@pytest.mark.parametrize("reraised", [True, False])
def test_server_errors_of_asynchronous_clients(observe: Observe, clients: Any, *, reraised: bool) -> None:  # noqa: ANN401  either
    """They are told apart in the same way, also behind a redirect, and whatever else a client raises."""
    app = crashing()

    @app.get("/moved", responses={307: {"description": "Moved"}})
    def moved() -> RedirectResponse:
        return RedirectResponse("/crash")

    async def refuse(response: Any) -> None:  # noqa: ANN401  of either module
        response.raise_for_status()

    async def ask() -> None:
        transport = clients.ASGITransport(app, raise_app_exceptions=reraised)
        hooks = {"response": [refuse]}
        async with clients.AsyncClient(transport=transport, base_url="http://test") as client:
            with pytest.raises(ValueError, match=r"^$") if reraised else nullcontext():
                await client.get("/moved", follow_redirects=True)
            with pytest.raises(ValueError, match=r"^$") if reraised else nullcontext():
                async with client.stream("GET", "/crash") as response:
                    await response.aread()
        async with clients.AsyncClient(
            transport=transport, base_url="http://test", event_hooks=hooks
        ) as client:
            with pytest.raises(ValueError if reraised else clients.HTTPStatusError):
                await client.get("/crash")

    observed = observe()
    asyncio.run(ask())
    found = seen(observed)
    crashed = {} if reraised else {500: 3}
    assert (found["GET /moved"].statuses, found["GET /crash"].statuses) == ({307: 1}, crashed)


def test_an_answer_before_its_task_fails(observe: Observe) -> None:
    """What raises after a whole answer takes nothing back of it; half an answer is none."""
    app = FastAPI()

    @app.get("/afterwards")
    def afterwards(tasks: BackgroundTasks) -> int:
        tasks.add_task(divmod, 1, 0)
        return 1

    @app.get("/half")
    def half() -> StreamingResponse:
        return StreamingResponse(chr(1 // number) for number in (1, 0))

    observed, client = observe(), TestClient(app, raise_server_exceptions=False)
    for path in ("/afterwards", "/half"):
        client.get(path)
    found = seen(observed)
    assert (found["GET /afterwards"].statuses, found["GET /half"].statuses) == ({200: 1}, {})


def test_mounted_applications(observe: Observe) -> None:
    """Each is held to its own schema, and named by where it is mounted; also in one that has none."""
    inner, outer = shop(), FastAPI()
    outer.mount("/v2", inner)

    @outer.get("/orders/{order_id}", responses={404: {"description": "Not found"}})
    def order(order_id: int) -> int:
        raise HTTPException(404, str(order_id))

    observed = observe()
    client = TestClient(Starlette(routes=[Mount("/api", outer)]))
    for path in ("/api/orders/10", "/api/v2/orders/10"):
        assert client.get(path).status_code == 404
    found = {name: titles(one) for name, one in seen(observed).items() if one.statuses}
    assert found == {
        "GET /api/orders/{order_id}": [],
        "GET /api/v2/orders/{order_id}": [("404 Not Found is not documented", 1, "tests/test_app.py::test")],
    }


def calling(call: Callable[[], object]) -> FastAPI:
    """Make an application that asks another one while it serves a request, and breaks its own contract."""
    app = FastAPI()

    @app.get("/")
    def root() -> int:
        call()
        return JSONResponse("a")  # type: ignore[return-value]  # on purpose

    @app.get("/async")
    async def asynchronous() -> int:
        lax = toy("a", str)
        lax.add_api_route("/async", lambda: "a", response_model=str)
        transport = httpx.ASGITransport(Starlette(routes=[Mount("/mounted", lax)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://inner") as client:
            assert (await client.get("/mounted/async")).json() == "a"
        return JSONResponse("a")  # type: ignore[return-value]  # on purpose

    return app


@pytest.mark.parametrize("path", ["/", "/async"])
def test_a_service_that_is_called_in_process(observe: Observe, path: str) -> None:
    """It hides nothing of what its caller breaks: a client's request was not handed on to it."""
    observed = observe()
    app = calling(lambda: TestClient(toy("a", str)).get("/"))
    assert TestClient(app).get(path).json() == "a"
    assert titles(seen(observed)[f"GET {path}"]) == [
        ('200 Response violates schema: a string breaks type: "integer"', 1, "tests/test_app.py::test")
    ]


def test_mounted_in_litestar(observe: Observe) -> None:
    """What Litestar hands on is held to the schema of the application that is mounted in it."""
    inner = toy("a", int)

    @litestar.asgi("/inner", is_mount=True, copy_scope=True)
    async def mounted(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  of ASGI
        await inner(scope, receive, send)

    observed = observe()
    with LitestarClient(litestar.Litestar([mounted])) as client:
        assert client.get("/inner/").json() == "a"
    assert [title for title, _, _ in titles(seen(observed)["GET /inner/"])] == [
        '200 Response violates schema: a string breaks type: "integer"'
    ]


class Described(Flask):
    """A Flask application that makes a schema of its only route."""

    def __init__(self, name: str, answer: object, kind: str) -> None:
        super().__init__(name)
        self.kind = kind
        self.add_url_rule("/", "root", lambda: jsonify(answer))

    def openapi(self) -> dict[str, Any]:
        content = {"application/json": {"schema": {"type": self.kind}}}
        responses = {"200": {"description": "-", "content": content}}
        return {
            "openapi": "3.1.0",
            "info": {"title": self.name, "version": "1"},
            "paths": {"/": {"get": {"responses": responses}}},
        }


def test_what_wsgi_hands_on(observe: Observe) -> None:
    """A mounted application gets the request of the one around it; a client inside that makes another."""
    observed, fine, broken = observe(), Described("fine", 1, "integer"), Described("broken", "a", "integer")
    fine.wsgi_app = DispatcherMiddleware(fine.wsgi_app, {"/broken": broken})  # type: ignore[method-assign]

    @broken.before_request
    def call() -> None:
        assert Described("called", "a", "string").test_client().get("/").json == "a"

    assert [fine.test_client().get(path).json for path in ("/", "/broken/")] == [1, "a"]
    found = seen(observed)
    assert {name: [title for title, _, _ in titles(one)] for name, one in found.items()} == {
        "GET /": [],
        "GET /broken/": ['200 Response violates schema: a string breaks type: "integer"'],
    }


def toy(answer: object, kind: Any) -> FastAPI:  # noqa: ANN401  any annotation
    app = FastAPI()
    app.add_api_route("/", lambda: JSONResponse(answer), response_model=kind)
    return app


def test_applications_that_look_alike(observe: Observe) -> None:
    """What breaks the schema of the first is held against the application's own before it counts."""
    observed = observe()
    TestClient(toy(1, int)).get("/")
    TestClient(toy("a", str)).get("/")
    TestClient(toy([], str)).get("/")
    assert titles(seen(observed)["GET /"]) == [
        ('200 Response violates schema: an array breaks type: "string"', 1, "tests/test_app.py::test")
    ]


@pytest.mark.parametrize("order", [(int, Any), (Any, int)])
def test_none_hides_behind_another(observe: Observe, order: tuple[object, object]) -> None:
    """An answer that a lax application may give is a failure of a strict one, whichever was asked first."""
    observed = observe()
    for kind in order:
        TestClient(toy("a", kind)).get("/")
    assert titles(seen(observed)["GET /"]) == [
        ('200 Response violates schema: a string breaks type: "integer"', 1, "tests/test_app.py::test")
    ]


def test_an_application_for_each_test(observe: Observe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema of those that are alike is made once."""
    made: list[FastAPI] = []
    openapi = FastAPI.openapi

    def make(app: FastAPI) -> dict[str, Any]:
        made.append(app)
        return openapi(app)

    monkeypatch.setattr(FastAPI, "openapi", make)
    observed = observe()
    for number in range(5):
        TestClient(shop()).get(f"/orders?limit={number}")
        TestClient(shop()).get("/orders/1")
        observed.settle()
    assert seen(observed)["GET /orders"].statuses == {200: 5}
    assert len(set(map(id, made))) == 1


def test_schemas_that_are_not_published(observe: Observe) -> None:
    """A project that switches its schema off has no contract, unless it names the application."""
    app = FastAPI(openapi_url=None)
    app.get("/")(lambda: 1)
    observed = observe()
    TestClient(app).get("/")
    assert seen(observed) == {}
    named = observe(app="shop.app:app")
    TestClient(app).get("/")
    assert seen(named)["GET /"].statuses == {200: 1}


class Broken(FastAPI):
    def openapi(self) -> dict[str, Any]:
        raise RuntimeError("Bearer abcdefghijkl")


class BrokenLitestar(litestar.Litestar):
    @property
    def openapi_schema(self) -> Any:  # noqa: ANN401  it has none
        raise RuntimeError("no schema")


@pytest.mark.parametrize(
    ("named", "otherwise"),
    [
        (
            None,
            "; one that is not yours to test is left out with openapi_url=None, where it is made",
        ),
        ("shop.app:app", ""),
    ],
)
def test_a_schema_that_cannot_be_made(observe: Observe, named: str | None, otherwise: str) -> None:
    """That is told once, with how such an application is left out; the request is not affected."""
    app, observed = Broken(), observe(app=named)
    app.get("/")(lambda: 1)
    for _ in range(2):
        assert TestClient(app).get("/").json() == 1
    assert observed.to_plain() == {
        "seen": [],
        "errors": [f"Broken.openapi() raised RuntimeError: Bearer [Filtered]{otherwise}"],
        "lost": [],
        "unheld": 0,
    }


def test_applications_that_are_left_out(observe: Observe) -> None:
    """Where they are made, as the message says; the others are held against their schemas."""

    @litestar.get("/", sync_to_thread=False)
    def index() -> int:
        return 1

    def ask(openapi_url: str | None, openapi_config: OpenAPIConfig | None) -> ObservedContract:
        observed, broken = observe(), Broken(openapi_url=openapi_url)
        broken.get("/")(lambda: 1)
        for client in (TestClient(broken), TestClient(shop())):
            client.get("/")
            client.get("/orders")
        with LitestarClient(BrokenLitestar([index], openapi_config=openapi_config)) as client_of_litestar:
            client_of_litestar.get("/")
        return observed

    told = ask("/openapi.json", OpenAPIConfig("Shop", "1")).to_plain()["errors"]
    assert [error.rpartition(" with ")[2] for error in told] == [
        "openapi_url=None, where it is made",
        "openapi_config=None, where it is made",
    ]
    assert seen(ask(None, None))["GET /orders"].statuses == {200: 1}


def test_compressed_and_streamed(observe: Observe) -> None:
    """A body is looked at as its client reads it."""
    app = shop()

    @app.get("/stream")
    def stream() -> dict[str, int]:
        return StreamingResponse(iter(['{"a"', ': "b"}']), media_type="application/json")  # type: ignore[return-value]

    app.add_middleware(GZipMiddleware, minimum_size=1)
    observed, client = observe(), TestClient(app)
    assert client.get("/raw").headers["content-encoding"] == "gzip"
    assert client.get("/stream").headers["content-encoding"] == "gzip"
    found = seen(observed)
    assert (found["GET /raw"].unread, titles(found["GET /raw"])) == (0, [])
    assert [title for title, _, _ in titles(found["GET /stream"])] == [
        '200 Response violates schema: a string at /* breaks type: "integer"'
    ]


def till() -> Flask:
    """Make a Flask application; its schema stands in a file."""
    app = Flask("till")
    app.testing = True

    @app.get("/api/sales/<int:number>")
    def sale(number: int) -> Any:  # noqa: ANN401  what Flask takes
        if request.args.get("packed"):
            return Response(gzip.compress(b'{"id": "1"}'), headers={"Content-Encoding": "gzip"}, mimetype="application/json")  # fmt: skip
        if number == 13:
            raise KeyError(number)
        return ({"id": number}, 200) if number < 10 else ({"error": "-"}, 404)

    @app.get("/api/report")
    def report() -> Response:
        return Response((part for part in ("[1", ", 2]")), mimetype="application/json")

    return app


SALE = {
    "description": "-",
    "content": {
        "application/json": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}
    },
}
REPORT = {"description": "-", "content": {"application/json": {"schema": {"type": "object"}}}}
TILL = {
    "/sales/{sale_id}": {
        "get": {
            "parameters": [{"name": "sale_id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "responses": {"200": SALE},
        },
        "delete": {"responses": {"204": {"description": "-"}}},
    },
    "/report": {"get": {"responses": {"200": REPORT}}},
}  # fmt: skip


def test_a_file_and_a_wsgi_application(
    observe: Observe, written: Callable[..., Path], traffic: TrafficProbe
) -> None:
    """The schema may name variables otherwise, and put a path before all others."""
    observed = observe(schema=written(TILL, servers=[{"url": "http://till.test/api/"}]))
    client = till().test_client()
    for number in (1, 2, 10):
        client.get(f"/api/sales/{number}")
    with pytest.raises(KeyError):
        client.get("/api/sales/13")
    client.get("/api/sales/1?packed=1")
    assert client.get("/api/report").json == [1, 2]
    traffic.close_window()
    found = seen(observed)
    assert {name: (one.statuses, one.unread, titles(one)) for name, one in found.items()} == {
        "GET /sales/{sale_id}": (
            {200: 3, 404: 1},
            0,
            [
                ('200 Response violates schema: a string at /id breaks type: "integer"', 1, "tests/test_app.py::test"),
                ("404 Not Found is not documented", 1, "tests/test_app.py::test"),
            ],
        ),
        "DELETE /sales/{sale_id}": ({}, 0, []),
        "GET /report": (
            {200: 1},
            0,
            [('200 Response violates schema: an array breaks type: "object"', 1, "tests/test_app.py::test")],
        ),
    }  # fmt: skip


def guarded(app: FastAPI) -> FastAPI:
    """Let middleware answer before a route is chosen, as the query says."""

    @app.middleware("http")
    async def guard(request: StarletteRequest, go_on: Any) -> Any:  # noqa: ANN401  Starlette's
        status = request.query_params.get("instead")
        if status == "raise":
            raise ValueError
        return JSONResponse({"refused": True}, int(status)) if status else await go_on(request)

    return app


def test_middleware_that_answers(observe: Observe) -> None:
    """What it answers before a route is chosen is that of the operation whose path was asked for."""
    observed = observe()
    client = TestClient(guarded(shop()), raise_server_exceptions=False, root_path="/behind/a/proxy")
    for number in range(3):
        assert client.get(f"/orders/{number}?instead=401").json() == {"refused": True}
    for path in ("/orders?instead=raise", "/orders?instead=200", "/orders/1?instead=403"):
        client.get(path)
    within = TestClient(Starlette(routes=[Mount("/api/{tenant}", guarded(shop()))]))
    assert within.get("/api/a/orders/1?instead=401").status_code == 401
    found, test = seen(observed), "tests/test_app.py::test"
    assert {name: titles(one) for name, one in found.items() if one.statuses} == {
        "GET /orders/{order_id}": [("401 Unauthorized is not documented", 3, test)],
        "GET /orders": [
            ("500 Internal Server Error", 1, test),
            ('200 Response violates schema: an object breaks type: "array"', 1, test),
        ],
        "GET /api/{tenant}/orders/{order_id}": [("401 Unauthorized is not documented", 1, test)],
    }
    assert found["GET /orders/{order_id}"].statuses == {401: 3, 403: 1}
    assert observed.to_plain()["unheld"] == 0


@pytest.mark.parametrize(
    ("method", "path", "unheld"),
    [
        ("GET", "/nowhere", 0),
        ("GET", "/orders/", 0),  # a redirect
        ("POST", "/orders", 0),
        ("OPTIONS", "/orders?instead=200", 0),
        ("GET", "/hidden", 0),
        ("GET", "/files/a?instead=401", 0),  # of an application without a schema
        ("GET", "/nowhere?instead=401", 1),
        ("POST", "/orders?instead=503", 1),
        ("GET", "/orders?instead=404", 1),  # routing may have answered so
    ],
)
def test_what_is_held_against_no_operation(observe: Observe, method: str, path: str, unheld: int) -> None:
    """It is counted, but for what routing says of what the schema does not have either."""
    observed, app = observe(), guarded(shop())
    silent = FastAPI(openapi_url=None)
    client = TestClient(guarded(silent) if path.startswith("/files") else app)
    for _ in range(2):
        client.request(method, path, follow_redirects=False)
    found = seen(observed)
    assert not any(one.statuses for one in found.values())
    assert observed.to_plain()["unheld"] == 2 * unheld


def test_very_many_of_them(observe: Observe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond what may wait are not looked at, and counted."""
    observed, client = observe(), TestClient(guarded(shop()))
    client.get("/orders")
    observed.settle()
    monkeypatch.setattr(module, "_MOST_WAITING", 2)
    monkeypatch.setattr(module, "_MOST_BEYOND", 1)
    for _ in range(5):
        client.get("/orders?instead=401")
    assert (seen(observed)["GET /orders"].statuses, observed.to_plain()["unheld"]) == ({200: 1, 401: 2}, 3)


def test_wsgi_middleware_that_answers(
    observe: Observe, written: Callable[..., Path], traffic: TrafficProbe
) -> None:
    """The same with a file; what a converter of the route does not take is no operation's."""
    observed, app = observe(schema=written(TILL, servers=[{"url": "/api"}])), till()
    routed = app.wsgi_app

    def guard(environ: Any, start: Any) -> Any:  # noqa: ANN401  WSGI's
        if "HTTP_X_KEY" not in environ:
            start("401 Unauthorized", [("Content-Type", "text/plain")])
            return [b"no"]
        return routed(environ, start)

    app.wsgi_app = guard  # type: ignore[assignment, method-assign]  # as Flask documents it
    client = app.test_client()
    client.get("/api/sales/1")
    for path in ("/api/sales/1", "/api/sales/one", "/nowhere"):
        client.get(path, headers={"X-Key": "1"})
    traffic.close_window()
    assert {name: (one.statuses, titles(one)) for name, one in seen(observed).items() if one.statuses} == {
        "GET /sales/{sale_id}": (
            {200: 1, 401: 1},
            [("401 Unauthorized is not documented", 1, "tests/test_app.py::test")],
        )
    }
    assert observed.to_plain()["unheld"] == 1  # "/api/sales/one"


def test_wsgi_middleware_that_answers_behind_a_dispatcher(
    observe: Observe, written: Callable[..., Path]
) -> None:
    """The part of the path that the dispatcher has cut off stands before the operation, as it does where a route answers."""
    observed, app = observe(schema=written(TILL, servers=[{"url": "/api"}])), till()

    def refuse(_: Any, start: Any) -> Any:  # noqa: ANN401  WSGI's
        start("401 Unauthorized", [("Content-Type", "text/plain")])
        return [b"no"]

    app.wsgi_app = refuse  # type: ignore[assignment, method-assign]  # as Flask documents it
    Client(DispatcherMiddleware(refuse, {"/shop": app})).get("/shop/api/sales/1")
    assert titles(seen(observed)["GET /shop/sales/{sale_id}"]) == [
        ("401 Unauthorized is not documented", 1, "tests/test_app.py::test")
    ]


def test_a_body_that_is_not_read(
    observe: Observe, written: Callable[..., Path], traffic: TrafficProbe
) -> None:
    """Its status is held against the schema and its body is not; a length that was reached is an end."""
    observed = observe(schema=written(TILL))
    app = till()
    app.add_url_rule("/report", "short", app.view_functions["report"])
    app.add_url_rule("/sales/<number>", "short_sale", lambda number: {"id": number})
    assert app.test_client().get("/report").status_code == 200
    assert app.test_client().get("/sales/1").status_code == 200
    traffic.close_window()
    found = seen(observed)
    assert (found["GET /report"].unread, titles(found["GET /report"])) == (1, [])
    assert [title for title, _, _ in titles(found["GET /sales/{sale_id}"])] == [
        '200 Response violates schema: a string at /id breaks type: "integer"'
    ]


def test_too_many_shapes(observe: Observe, held: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Keys may be data: then not every shape is looked at, and the others count as unread."""
    monkeypatch.setattr(module, "_MOST_SHAPES", 3)
    app = FastAPI()
    numbers = iter(range(10))
    app.get("/stock")(lambda: {str(next(numbers)): 1})
    observed, client = observe(), TestClient(app)
    for _ in range(8):
        client.get("/stock")
    (one,) = seen(observed).values()
    assert (one.statuses, one.unread, len(held)) == ({200: 8}, 4, 4)


@pytest.mark.parametrize(("limit", "most", "unread"), [("_MOST_WAITING", 4, 7), ("_MOST_BYTES", 4, 8)])
def test_long_tests(
    observe: Observe, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, unread: int
) -> None:
    """Of what waits beyond the limits the bodies are let go, and that is told; exceptions still tell."""
    monkeypatch.setattr(module, limit, most)
    monkeypatch.setattr(module, "_MOST_BEYOND", 2)
    monkeypatch.setattr(module, "shape_of", read := Mock(wraps=bodies.shape_of))
    app = crashing()
    app.include_router(shop().router)
    observed, client = observe(), TestClient(app)
    for number in range(9):
        client.get(f"/orders?limit={number % 3}")
        with pytest.raises(ValueError, match=r"^$"):
            client.get("/crash")
    assert {body for (body, _), _ in read.call_args_list} == {None}  # while requests are served, nothing is
    assert (len(observed._waiting) <= 4, len(observed._beyond)) == (True, 2)
    found = seen(observed)
    assert (found["GET /orders"].statuses, found["GET /crash"].statuses) == ({200: 9}, {})
    assert found["GET /orders"].unread == unread
    client.get("/orders")
    assert seen(observed)["GET /orders"].unread == unread  # the next test is looked at again


def test_applications_without_a_schema(observe: Observe) -> None:
    """Nothing is kept of what has no contract."""
    app = till()
    app.add_url_rule("/", "root", lambda: {"a": 1})
    observed = observe()
    assert app.test_client().get("/").json == {"a": 1}
    assert TestClient(Starlette()).get("/").status_code == 404
    assert seen(observed) == {}
    assert not observed._known


def test_generated_requests_are_not_heard_of(observe: Observe, traffic: TrafficProbe) -> None:
    """They are held against the contract by who generates them."""
    observed = observe()
    with traffic.generated():
        TestClient(shop()).get("/orders")
    assert not observed.pending
    assert seen(observed) == {}


def test_a_fault_of_ours(observe: Observe, traffic: TrafficProbe, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once, and the test has its answer."""
    observe()

    def fault(_: Reply, __: bytes) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(Reply, "add", fault)
    app = Flask("till")
    app.get("/")(lambda: Response(part for part in "ab"))
    for _ in range(2):
        assert app.test_client().get("/").text == "ab"
        assert TestClient(shop()).get("/orders").json() == [0, 1, 2]
    payload = traffic.collect(None, print)
    assert payload["faults"] == [
        "the Flask tap failed 4 times, first with RuntimeError: planted; requests were not affected",
        "the Starlette tap failed 2 times, first with RuntimeError: planted; requests were not affected",
    ]


def test_definitions_that_cannot_be_used(observe: Observe, written: Callable[..., Path], traffic: TrafficProbe) -> None:  # fmt: skip
    """An answer of such an operation is an error of it; the others are held as ever, broken paths are in nobody's way."""
    gone = {"description": "-", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Gone"}}}}  # fmt: skip
    paths = {**TILL, "/odd": "odd", "/report": {"get": {"responses": {"200": gone}}}}
    observed = observe(schema=written(paths, servers=[{"url": "/api"}]))
    till().test_client().get("/api/report")
    till().test_client().get("/api/sales/1")
    traffic.close_window()
    found = seen(observed)
    assert found["GET /report"].errors == (
        "it refers to #/components/schemas/Gone, which the schema does not hold",
    )
    assert (found["GET /sales/{sale_id}"].statuses, found["GET /sales/{sale_id}"].errors) == ({200: 1}, ())


def test_litestar(observe: Observe, traffic: TrafficProbe) -> None:  # noqa: ARG001  its taps are in place
    """Its answers are held against its own schema; an application without one has nothing to be held against."""

    @litestar.get("/broken")
    async def broken() -> int:
        return 1 // 0

    @litestar.get("/fine")
    async def fine() -> dict[str, int]:
        return {}

    observed = observe()
    for config in (OpenAPIConfig("Shop", "1"), None):
        with LitestarClient(litestar.Litestar([broken, fine], openapi_config=config)) as client:
            assert [client.get(path).status_code for path in ("/broken", "/fine")] == [500, 200]
    plain = observed.to_plain()
    assert plain["errors"] == []
    seen = together([plain])
    assert {
        name: (dict(one.statuses), [failure.title for failure in one.failures]) for name, one in seen.items()
    } == {
        "GET /broken": ({500: 1}, ["500 Internal Server Error"]),
        "GET /fine": ({200: 1}, []),
    }
    (failure,) = seen["GET /broken"].failures
    assert failure.hint == '"500": {"description": "Internal Server Error"} under the operation\'s responses'


def test_of_nested_applications_the_innermost_counts(observe: Observe) -> None:
    """One around it that describes what is mounted more loosely excuses nothing."""
    inner, outer = FastAPI(), FastAPI()
    inner.get("/count", response_model=int)(lambda: JSONResponse("none"))
    outer.mount("/v2", inner)
    loose = {"get": {"responses": {"200": {"description": "anything"}}}}
    outer.openapi_schema = {**outer.openapi(), "paths": {"/v2/count": loose}}
    observed = observe()
    TestClient(outer).get("/v2/count")
    assert titles(seen(observed)["GET /v2/count"]) == [
        ('200 Response violates schema: a string breaks type: "integer"', 1, "tests/test_app.py::test")
    ]


def test_keys_are_not_quoted(observe: Observe) -> None:
    """Those of a mapping are data; what the schema calls a property is told."""

    class Session(BaseModel):
        expires: int

    app = FastAPI()
    answer = JSONResponse({"k9f0c2d81aa7e5b3": {"expires": "soon"}})
    app.get("/sessions", response_model=dict[str, Session])(lambda: answer)
    observed = observe()
    TestClient(app).get("/sessions")
    assert titles(seen(observed)["GET /sessions"]) == [
        (
            '200 Response violates schema: a string at /*/expires breaks type: "integer"',
            1,
            "tests/test_app.py::test",
        )
    ]


def test_a_request_that_ends_while_answers_are_sorted(
    observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is collected then may be a request that nobody waits for: it is heard of in the same thread."""
    app, loads, waiting = shop(), json.loads, asyncio.Event()

    @app.get("/waits")
    async def waits() -> int:
        await waiting.wait()
        return 1

    async def abandon() -> None:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop")
        abandoned.append(asyncio.ensure_future(client.get("/waits")))
        await asyncio.sleep(0.05)

    def collecting(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  json's
        while abandoned:
            abandoned.pop().get_coro().close()  # as the collector does
        return loads(*arguments, **named)

    abandoned: list[Any] = []
    observed, loop = observe(), asyncio.new_event_loop()
    loop.run_until_complete(abandon())
    TestClient(app).get("/orders?limit=2")
    monkeypatch.setattr(json, "loads", collecting)
    observed.settle()
    monkeypatch.undo()
    loop.close()
    assert abandoned == []
    assert seen(observed)["GET /orders"].answers == 1


def changed(app: FastAPI) -> FastAPI:
    """Document something else for as many routes."""
    app.router.routes.pop()
    app.get("/orders/{order_id}/late")(lambda order_id: order_id)
    return app


def described(app: FastAPI) -> FastAPI:
    """Have another function make the document."""
    document = app.openapi()
    del document["paths"]["/raw"]
    app.openapi = lambda: document  # type: ignore[method-assign]  # as FastAPI's users do
    return app


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the list of the applications whose contract was read."""
    read: list[object] = []
    load = engine.load

    def reading(app: object, *arguments: Any, **named: Any) -> engine.Api:  # noqa: ANN401  passed on
        read.append(app)
        return load(app, *arguments, **named)

    monkeypatch.setattr(engine, "load", reading)
    return read


@pytest.mark.parametrize(
    ("later", "asked"), [(None, "/orders"), (changed, "/orders/1/late"), (described, "/orders")]
)
def test_what_was_read_for_generated_requests(
    observe: Observe,
    read: list[object],
    tmp_path: Path,
    later: Callable[[FastAPI], FastAPI] | None,
    asked: str,
) -> None:
    """It is not read again, for that application or another of its family, unless that is another by now."""
    app, observed = shop(), observe(app="shop:app")
    observed.share(app, engine.load(app, None, checks=("ignored_auth",), rootdir=tmp_path))
    for one in (app, shop()):
        changed_since = later(one) if later else one
        assert TestClient(changed_since).get(asked).status_code == 200
    found = seen(observed)
    assert sum(one.answers for one in found.values()) == 2
    assert ("GET /raw" in found) == (later is not described)
    assert read == ([app, app] if later else [app])
