"""What an exercise shows of applications that keep their contract, and of those that do not."""

import json
import shlex
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Never

import litestar
import pytest
from fastapi import FastAPI, Header, HTTPException, Response, Security
from fastapi.security import APIKeyHeader, APIKeyQuery
from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from pytest_backend_gates.probes.contract import events
from pytest_backend_gates.probes.contract.document import NoSchemaError, of_app
from pytest_backend_gates.probes.contract.engine import Api
from pytest_backend_gates.probes.contract.findings import Exercise

Exercised = Callable[..., dict[str, Exercise]]
HERE = Path(__file__).parent
NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


class Item(BaseModel):
    name: str
    price: int = 0


def json_of(schema: object, status: str = "200") -> dict[str, Any]:
    return {"responses": {status: {"description": "it", "content": {"application/json": {"schema": schema}}}}}


def line_of(text: str) -> int:
    """Return the number of the line of this file that holds *text* first."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return min(number for number, line in enumerate(lines, 1) if text in line)


def shop() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{number}")
    def read(number: int) -> Item:
        return Item(name="book", price=number)

    @app.post("/items", status_code=201)
    async def create(item: Item) -> Item:
        return item

    return app


def test_a_kept_contract(exercise: Exercised) -> None:
    """Every operation answers, nothing fails, and there is nothing else to say."""
    results = exercise(shop())
    assert list(results) == ["GET /items/{number}", "POST /items"]
    assert [set(one.statuses) for one in results.values()] == [{200}, {201}]
    for one in results.values():
        assert (one.failures, one.errors, one.exhausted, one.unproven) == ((), (), False, None)
        assert one.requests == sum(one.statuses.values()) == len(one.log) > 20


def test_reading_the_contract_changes_nothing(load: Callable[..., Api]) -> None:
    """FastAPI keeps its first schema: a test that adds a route later must find it there."""
    app = shop()
    load(app)
    app.get("/late")(lambda: 1)
    assert "/late" in app.openapi()["paths"]
    assert "/late" in [one.path for one in load(app).operations]
    assert "/late" in app.openapi()["paths"]


def test_an_undocumented_status(exercise: Exercised) -> None:
    """It is told once however often it was seen, with what the schema allows and what would document it."""
    app = FastAPI()

    @app.get("/items/{number}")
    def read(number: int) -> Item:
        raise HTTPException(404, f"no item {number}")

    result = exercise(app)["GET /items/{number}"]
    (failure,) = result.failures
    assert failure.count == result.requests
    assert failure.text() == (
        "404 Not Found is not documented  [status_code_conformance]\n"
        "the schema allows 200, 422\n"
        "curl -X GET http://testserver/items/0\n"
        'to document it: responses={404: {"description": "Not Found"}} in the route\'s decorator'
    )
    assert result.unproven == "only 404"


def test_an_exception(exercise: Exercised) -> None:
    """It is a server error like any other, with the project's own line; a second one is another failure."""
    app = FastAPI()

    @app.get("/items/{number}")
    def read(number: int) -> Item:
        if number % 2:
            raise LookupError("odd")
        prices: dict[str, Item] = {}
        return prices["price"]

    failures = exercise(app, rootdir=HERE)["GET /items/{number}"].failures
    assert [(one.check, one.status, one.title, one.message, one.frame) for one in failures] == [
        (
            "not_a_server_error",
            500,
            "500 Internal Server Error (KeyError)",
            "KeyError: 'price'",
            f"test_engine.py:{line_of('return prices[')}",
        ),
        (
            "not_a_server_error",
            500,
            "500 Internal Server Error (LookupError)",
            "LookupError: odd",
            f"test_engine.py:{line_of('raise LookupError(')}",
        ),
    ]


def test_answers_that_are_not_as_documented(exercise: Exercised, written: Callable[..., Path]) -> None:
    """A wrong body, a wrong content type, a missing header: each by its own check, each with the request."""
    app = Flask(__name__)

    @app.get("/body")
    def body() -> ResponseReturnValue:
        return {"name": 3}

    @app.get("/type")
    def type_() -> ResponseReturnValue:
        return "<p>hello</p>"

    @app.get("/header")
    def header() -> ResponseReturnValue:
        return {"name": "x"}

    with_header = json_of(NAMED)
    with_header["responses"]["200"]["headers"] = {
        "X-Total": {"required": True, "schema": {"type": "integer"}}
    }
    paths = {"/body": json_of(NAMED), "/type": json_of(NAMED), "/header": with_header}
    results = exercise(app, written({path: {"get": one} for path, one in paths.items()}))
    told = {
        name: [(one.check, one.title, one.curl) for one in each.failures] for name, each in results.items()
    }
    assert list(told) == ["GET /body", "GET /type", "GET /header"]
    assert told["GET /body"] == [
        (
            "response_schema_conformance",
            '200 Response violates schema: an integer at /name breaks type: "string"',
            "curl -X GET http://localhost/body",
        )
    ]
    ((check, title, _),) = told["GET /type"]
    assert (check, title.partition(": ")[2]) == (
        "content_type_conformance",
        "Received: text/html; charset=utf-8",
    )
    ((check, title, _),) = told["GET /header"]
    assert (check, title.endswith("`X-Total`")) == ("response_headers_conformance", True), title


PET = {
    "oneOf": [{"$ref": "#/components/schemas/Cat"}],
    "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
}
CAT = {"type": "object", "properties": {"kind": {"type": "string"}}}
LENGTHY = """\
a string at /name breaks maxLength: 3

Validated against the response schema for status code 200.

Schema at /properties/name:

    {
        "maxLength": 3,
        "type": "string"
    }"""


def test_no_value_of_an_answer_is_told(exercise: Exercised, written: Callable[..., Path]) -> None:
    """It may come out of a database: where it stood is told, and what the schema asks for."""
    app = Flask(__name__)
    planted = "Planted in Oslo\n\nValue:\n\n"

    @app.get("/<path>")
    def answer(path: str) -> ResponseReturnValue:
        bodies = {
            "pet": {"kind": planted},
            "no-json": planted,
            "long": {"name": planted},
        }
        body = bodies.get(path, {})
        text = body if isinstance(body, str) else json.dumps(body)
        return text, 200, {"Content-Type": "application/json", "X-Total": "Planted"}

    total = json_of({"type": "object"})
    total["responses"]["200"]["headers"] = {"X-Total": {"schema": {"type": "integer"}}}
    short = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}}
    schemas = {"pet": json_of(PET), "no-json": json_of(CAT), "long": json_of(short), "total": total}
    paths = {f"/{name}": {"get": one} for name, one in schemas.items()}
    results = exercise(app, written(paths, components={"schemas": {"Cat": CAT}}))
    told = {name: [(one.title, one.message) for one in each.failures] for name, each in results.items()}
    assert "Planted" not in str(told)
    assert told["GET /long"] == [
        ("200 Response violates schema: a string at /name breaks maxLength: 3", LENGTHY)
    ]
    assert {name: len(each) for name, each in told.items()} == dict.fromkeys(told, 1)


@pytest.mark.parametrize("testing", [False, True])
def test_flask_with_an_exception(exercise: Exercised, written: Callable[..., Path], *, testing: bool) -> None:
    """Flask answers 500 by itself, or lets the exception through: the failure is the same."""
    app = Flask(__name__)
    app.testing = testing

    @app.get("/")
    def index() -> Never:
        raise OSError("no disk")

    (failure,) = (
        exercise(app, written({"/": {"get": json_of(NAMED)}}), rootdir=HERE.parent).pop("GET /").failures
    )
    assert (failure.title, failure.message) == ("500 Internal Server Error (OSError)", "OSError: no disk")
    assert failure.frame == f"contract/test_engine.py:{line_of('raise OSError(')}"


def test_flask_answers_in_the_thread_of_the_test(exercise: Exercised, written: Callable[..., Path]) -> None:
    """What a fixture opened may be used by no other thread."""
    from threading import get_ident

    app, threads = Flask(__name__), set()

    @app.get("/")
    def index() -> ResponseReturnValue:
        threads.add(get_ident())
        return {"name": "x"}

    assert exercise(app, written({"/": {"get": json_of(NAMED)}}))["GET /"].unproven is None
    assert threads == {get_ident()}


def test_starlette_with_a_yaml_file(exercise: Exercised, tmp_path: Path) -> None:
    """Starlette makes no schema; a file does, in YAML, with references to another file."""

    async def index(request: Request) -> JSONResponse:
        return JSONResponse({"name": request.query_params.get("name", "x")})

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "api.yaml").write_text(
        "openapi: 3.1.0\n"
        "info: {title: Shop, version: '1'}\n"
        "paths:\n"
        "  /:\n"
        "    get:\n"
        "      parameters: [{name: name, in: query, schema: {type: string}}]\n"
        "      responses:\n"
        "        200: {description: it, content: {application/json: {schema: {$ref: 'parts.yaml#/Item'}}}}\n"
    )
    (tmp_path / "docs" / "parts.yaml").write_text(
        "Item: {type: object, required: [price], properties: {name: {type: string}}}\n"
    )
    result = exercise(Starlette(routes=[Route("/", index)]), Path("docs/api.yaml"))["GET /"]
    assert (result.errors, result.answered) == ((), True)
    assert [one.title for one in result.failures] == [
        '200 Response violates schema: "price" is a required property'
    ]


def test_swagger_2(exercise: Exercised, tmp_path: Path) -> None:
    """The older format, with a base path and a host that is never asked."""
    app = Flask(__name__)

    @app.post("/v1/items")
    def create() -> ResponseReturnValue:
        return request.get_json(), 201

    (tmp_path / "swagger.yaml").write_text(
        "swagger: '2.0'\n"
        "info: {title: Shop, version: '1'}\n"
        "host: api.example.com\n"
        "basePath: /v1\n"
        "schemes: [https]\n"
        "paths:\n"
        "  /items:\n"
        "    post:\n"
        "      consumes: [application/json]\n"
        "      produces: [application/json]\n"
        "      parameters: [{name: item, in: body, required: true, schema: {$ref: '#/definitions/Item'}}]\n"
        "      responses: {201: {description: it, schema: {$ref: '#/definitions/Item'}}}\n"
        "definitions:\n"
        "  Item: {type: object, required: [name], properties: {name: {type: string}}}\n"
    )
    result = exercise(app, Path("swagger.yaml"))["POST /items"]
    assert (result.errors, result.failures, set(result.statuses)) == ((), (), {201})


def refused(*_: object, **__: object) -> Never:
    raise AssertionError("a connection was opened")


def test_nothing_is_sent_elsewhere(
    exercise: Exercised, written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither servers, nor redirects, references, external examples or schemathesis.toml lead to another host."""
    seen = []

    async def there(request: Request) -> RedirectResponse:
        seen.append((request.url.hostname, request.url.path))
        return RedirectResponse("https://elsewhere.example.com/there")

    app = Starlette(
        routes=[Route("/v2/there", there), Route("/v2/remote", there), Route("/v2/example", there)]
    )
    (tmp_path / "schemathesis.toml").write_text(
        'base-url = "https://base.example.com"\nproxy = "http://proxy.example.com"\n'
    )
    example = {"examples": {"one": {"externalValue": "https://examples.example.com/1"}}}
    schema = written(
        {
            "/there": {"get": {"responses": {"307": {"description": "away"}}}},
            "/remote": {"get": json_of({"$ref": "https://schemas.example.com/item.json"})},
            "/example": {
                "get": {
                    "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}, **example}],
                    "responses": {"307": {"description": "away"}},
                }
            },
        },
        servers=[{"url": "https://api.example.com/v2"}],
    )
    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    results = exercise(app, schema)
    assert set(seen) == {("testserver", "/v2/there"), ("testserver", "/v2/example")}
    assert {name: one.errors for name, one in results.items()} == {
        "GET /there": (),
        "GET /remote": (
            "it refers to https://schemas.example.com/item.json, and nothing is fetched from other hosts",
        ),
        "GET /example": (),
    }


def test_a_redirect_is_an_answer(exercise: Exercised, written: Callable[..., Path]) -> None:
    """What it leads to is not this operation's."""
    app = Flask(__name__)

    @app.get("/old")
    def old() -> ResponseReturnValue:
        return redirect("/new")

    result = exercise(app, written({"/old": {"get": json_of(NAMED)}}))["GET /old"]
    assert [one.title for one in result.failures] == ["302 Found is not documented"]
    assert [one.hint for one in result.failures] == [
        '"302": {"description": "Found"} under the operation\'s responses'
    ]


def test_credentials_are_masked(exercise: Exercised, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a configured header nor one from the environment is ever shown; the application gets both."""
    (tmp_path / "schemathesis.toml").write_text(
        '[headers]\nX-Shop = "s3cr3t-one"\nAuthorization = "Bearer ${SHOP_TOKEN}"\n'
        "[output.sanitization]\nenabled = false\n"
    )
    monkeypatch.setenv("SHOP_TOKEN", "s3cr3t-two")
    app, seen = FastAPI(), set()

    @app.get("/")
    def index(
        x_shop: Annotated[str, Header()] = "",
        authorization: Annotated[str, Header()] = "",
    ) -> Item:
        seen.add((x_shop, authorization))
        raise ValueError(f"not with {x_shop}")

    result = exercise(app)["GET /"]
    assert seen == {("s3cr3t-one", "Bearer s3cr3t-two")}
    (failure,) = result.failures
    assert "s3cr3t" not in str(result.to_plain())
    assert failure.message == "ValueError: not with [Filtered]"
    assert "-H 'X-Shop: [Filtered]'" in failure.curl


@pytest.mark.parametrize(
    ("status", "unproven"),
    [
        (401, "only 401"),
        (403, "only 403"),
        (404, "only 404"),
        (429, "rate limited (429)"),
        (400, "never below 400: only 400"),
    ],
)
def test_an_application_that_refuses_everything(exercise: Exercised, status: int, unproven: str) -> None:
    """Where that is documented there is no failure, and nothing is proven."""
    app = FastAPI(responses={status: {"description": "no", "content": {"application/json": {}}}})

    @app.get("/items")
    def items() -> list[Item]:
        raise HTTPException(status)

    result = exercise(app)["GET /items"]
    assert (result.failures, result.errors, result.unproven) == ((), (), unproven)


def test_more_checks(exercise: Exercised) -> None:
    """A check that is asked for is made besides the default ones."""
    app = FastAPI(responses={400: {"description": "no", "content": {"application/json": {}}}})

    @app.get("/items")
    def items() -> Item:
        raise HTTPException(400)

    assert exercise(app)["GET /items"].failures == ()
    more = exercise(app, checks=["positive_data_acceptance"])["GET /items"].failures
    assert [one.check for one in more] == ["positive_data_acceptance"]


def test_invalid_data(exercise: Exercised, tmp_path: Path) -> None:
    """It is generated where schemathesis.toml says so, and then the checks of it are made."""
    (tmp_path / "schemathesis.toml").write_text('[generation]\nmode = "all"\n')
    app = FastAPI()

    @app.get("/items/{number}")
    def read(number: str) -> Item:
        return Item(name=number)

    app.openapi()["paths"]["/items/{number}"]["get"]["parameters"][0]["schema"] = {"type": "integer"}
    result = exercise(app, checks=["negative_data_rejection"])["GET /items/{number}"]
    assert "negative_data_rejection" in [one.check for one in result.failures]


def test_schemathesis_toml_is_stronger(exercise: Exercised, tmp_path: Path) -> None:
    """What it says of checks, examples and operations holds; what would end a run early does not."""
    (tmp_path / "schemathesis.toml").write_text(
        "max-failures = 1\nmax-time = 1\n"
        "[generation]\nmax-examples = 3\n"
        "[checks.status_code_conformance]\nenabled = false\n"
        '[[operations]]\ninclude-path = "/out"\nenabled = false\n'
    )
    app = shop()

    @app.get("/wrong/{number}")
    def wrong(number: int) -> Item:
        raise HTTPException(418, f"no item {number}")

    @app.get("/out")
    def out() -> Item:
        raise HTTPException(418)

    results = exercise(app)
    assert list(results) == ["GET /items/{number}", "POST /items", "GET /wrong/{number}"]
    assert [(one.failures, one.errors) for one in results.values()] == [((), ())] * 3
    assert all(one.requests < 20 for one in results.values())


def test_broken_operations(exercise: Exercised, written: Callable[..., Path]) -> None:
    """Each is an error by itself, and the others are exercised."""
    app = Flask(__name__)

    @app.get("/ok")
    def ok() -> ResponseReturnValue:
        return {"name": "x"}

    paths = {
        "/ok": {"get": json_of(NAMED)},
        "/gone": {"get": json_of({"type": "array", "items": {"$ref": "#/components/schemas/Gone"}})},
        "/parameter": {"get": {"parameters": [{"$ref": "#/components/parameters/Gone"}], **json_of(NAMED)}},
        "/nonsense": {"get": "hello"},
        "/whole": {"$ref": "#/components/pathItems/Gone"},
    }
    results = exercise(app, written(paths))
    assert {name: bool(one.errors) for name, one in results.items()} == {
        "GET /ok": False,
        "GET /gone": True,
        "GET /parameter": True,
        "GET /nonsense": True,
        "ANY /whole": True,
    }
    assert results["GET /ok"].answered
    assert results["GET /gone"].errors == (
        "it refers to #/components/schemas/Gone, which the schema does not hold",
    )


def logs(api: Api, app: object, names: Mapping[str, object] | None = None) -> dict[str, tuple[str, ...]]:
    chosen = [one for one in api.operations if names is None or one.name in names]
    return {one.name: api.exercise(one, app).log for one in chosen}


def test_the_same_requests(load: Callable[..., Api]) -> None:
    """Whatever was exercised before, and in whichever order."""
    app = shop()
    api = load(app)
    first = logs(api, app)
    assert all(len(log) > 20 for log in first.values())
    assert logs(load(app), app, {"POST /items": None}) == {"POST /items": first["POST /items"]}
    assert logs(api, app) == first


def test_no_request_but_those_of_the_operation(exercise: Exercised, written: Callable[..., Path]) -> None:
    """Schemathesis could sign up and log in by itself, and does not: each operation is asked alone."""
    names = {"username": {"type": "string"}, "password": {"type": "string"}}
    body = {"application/json": {"schema": {"type": "object", "required": [*names], "properties": names}}}
    token = {"type": "object", "properties": {"access_token": {"type": "string"}}}
    answers = {**json_of(token)["responses"], "401": {"description": "no"}}
    paths = {
        "/me": {"get": {"security": [{"token": []}], "responses": answers}},
        "/register": {"post": {"requestBody": {"required": True, "content": body}, "responses": answers}},
        "/login": {"post": {"requestBody": {"required": True, "content": body}, "responses": answers}},
        "/link": {
            "get": {"responses": {"200": {"$ref": "#/paths/~1me/get/responses/200"}}}
        },  # all of it is needed
    }
    schemes = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
    asked = []
    app = Flask(__name__)

    @app.route("/<name>", methods=["GET", "POST"])
    def answer(name: str) -> ResponseReturnValue:
        asked.append(f"{request.method} /{name}")
        return {"access_token": "abcdefgh"}

    results = exercise(app, written(paths, components=schemes))
    assert asked == [name for name, result in results.items() for _ in range(result.requests)]


def test_the_command_is_the_request_that_was_sent(exercise: Exercised, written: Callable[..., Path]) -> None:
    """Also where a body has spaces and quotes: what a shell makes of it is what was received."""
    text, received = 'one  two   it\'s  \\  "four"', set()
    content = {"text/plain": {"schema": {"type": "string", "enum": [text]}}}
    app = Flask(__name__)

    @app.post("/texts")
    def texts() -> Never:
        received.add(request.get_data(as_text=True))
        raise ValueError

    body = {"requestBody": {"required": True, "content": content}, **json_of({})}
    (failure,) = exercise(app, written({"/texts": {"post": body}}))["POST /texts"].failures
    assert shlex.split(failure.curl)[1:] == [
        "-X",
        "POST",
        "-H",
        "Content-Type: text/plain",
        "-d",
        text,
        "http://localhost/texts",
    ]
    assert received == {text}


@pytest.mark.parametrize(
    ("sample", "command"),
    [
        ("curl -X GET http://a\n\n\u26a0\ufe0f  Header 'X' was truncated", "curl -X GET http://a"),
        ("curl -d 'a  \n\n\u26a0 b' --insecure http://a\n\nw", "curl -d 'a  \n\n\u26a0 b' http://a"),
        ("curl -d $'it\\'s\n' http://a\n\nw", "curl -d $'it\\'s\n' http://a"),
        ("curl -H 'X-Schemathesis-TestCaseId: x' http://a", "curl http://a"),
    ],
)
def test_the_command_alone(sample: str, command: str) -> None:
    """Without the warnings after it, and with whatever it quotes."""
    assert events._command(sample) == command


def test_litestar(exercise: Exercised) -> None:
    """It makes a document of its routes as well; an application that may not has none."""

    @litestar.get("/items")
    async def items() -> int:
        return 1 // 0

    @litestar.get("/fine")
    async def fine() -> dict[str, int]:
        return {}

    results = exercise(litestar.Litestar([items, fine]))
    assert {name: [one.title for one in result.failures] for name, result in results.items()} == {
        "GET /fine": [],
        "GET /items": ["500 Internal Server Error"],
    }
    assert results["GET /fine"].unproven is None
    with pytest.raises(NoSchemaError, match=r"^no API schema configured: Litestar makes none of its routes$"):
        of_app(litestar.Litestar([fine], openapi_config=None))


def test_credentials_by_the_contract_itself(exercise: Exercised, tmp_path: Path) -> None:
    """An API key is one whatever its name is, in a header or in the query."""
    app = FastAPI()

    @app.get("/orders")
    def orders(
        key: Annotated[str, Security(APIKeyHeader(name="X-Account"))],
        acct: Annotated[str, Security(APIKeyQuery(name="acct"))],
    ) -> None:
        raise ValueError(f"no account {key} of {acct}")

    (tmp_path / "schemathesis.toml").write_text(
        '[headers]\nX-Account = "no-telling-1"\n[parameters]\nacct = "no-telling-2"\n', "utf-8"
    )
    (failure,) = exercise(app)["GET /orders"].failures
    assert failure.message == "ValueError: no account [Filtered] of [Filtered]"
    assert failure.curl == (
        "curl -X GET -H 'X-Account: [Filtered]' 'http://testserver/orders?acct=[Filtered]'"
    )


def test_one_operation_says_nothing_of_another(load: Callable[..., Api]) -> None:
    """What is shown of an operation does not depend on which one was asked before it."""
    app = FastAPI()

    @app.post("/login")
    def login(response: Response) -> dict[str, str]:
        response.set_cookie("sid", "an-opaque-one-1234", path="/history", samesite="strict")
        return {"key": "a history"}

    @app.get("/history")
    def history() -> None:
        raise ValueError("a strict history")

    api = load(app)
    first, second = api.operations
    alone = api.exercise(second, app)
    api.exercise(first, app)
    assert api.exercise(second, app) == alone
    assert alone.failures[0].message == "ValueError: a strict history"
    assert alone.failures[0].curl == "curl -X GET http://testserver/history"


def test_how_dear_an_operation_is(load: Callable[..., Api], written: Callable[..., Path]) -> None:
    """A body is more than all parameters; of no account is what cannot be used, or is known to the document alone."""

    def parameters(*names: str) -> list[object]:
        return [{"name": one, "in": "query", "schema": {"type": "integer"}} for one in names]

    fine = {"responses": {"200": {"description": "fine"}}}
    body = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    paths = {
        "/a": {"get": fine, "post": {**fine, **body}},
        "/b": {"parameters": parameters("x"), "get": {**fine, "parameters": parameters("y", "z")}},
        "/c": {"put": {**fine, **body, "parameters": parameters("x")}},
        "/d": {"get": {**fine, "parameters": [{"$ref": "#/nowhere"}]}},
    }
    found = {one.name: one.weight for one in load(None, written(paths)).operations}
    assert found == {"GET /a": 0, "POST /a": 1000, "GET /b": 3, "PUT /c": 1001, "GET /d": 0}
