"""What the project's own tests are answered is held against the contract, without a line of configuration."""

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project, Result

APP = """\
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse


def create_app() -> FastAPI:
    app = FastAPI()

    @app.get("/orders")
    def orders(limit: Annotated[int, Query(ge=0, le=9)] = 3) -> list[int]:
        return list(range(limit))

    @app.get("/orders/{order_id}")
    def order(order_id: int) -> dict[str, int]:
        if order_id > 9:
            raise HTTPException(404)
        return {"id": order_id}

    @app.delete("/orders/{order_id}", status_code=204)
    def cancel(order_id: int) -> None:
        return None

    @app.get("/status")
    def status(token: str = "") -> dict[str, int]:
        return JSONResponse({"open": token or 1})

    return app
"""
CONFTEST = """\
import pytest
from starlette.testclient import TestClient

from shop.app import create_app


@pytest.fixture
def client():
    client = TestClient(create_app())
    assert client.get("/orders/9").status_code == 200
    return client
"""
TESTS = """\
import pytest


@pytest.mark.parametrize("limit", range(6))
def test_orders(client, limit):
    assert client.get(f"/orders?limit={limit}").json() == list(range(limit))
"""
BREAKING = """\
import pytest


@pytest.mark.parametrize("number", [10, 11])
def test_no_order(client, number):
    assert client.get(f"/orders/{number}").status_code == 404


def test_status(client):
    assert client.get("/status").json() == {"open": 1}
    assert client.get("/status?token=sesame-open").status_code == 200
    assert client.get("/hidden").status_code == 404
"""
INI = """\
[pytest]
testpaths = tests
pythonpath = .
"""
ONLY = "--backend-gates-only=contract"


@pytest.fixture
def project(empty: "Project") -> "Project":
    """Make a FastAPI project that has never heard of a contract."""
    empty.file("pytest.ini", INI).file("shop/__init__.py", "").file("shop/app.py", APP)
    return empty.file("tests/conftest.py", CONFTEST).file("tests/test_orders.py", TESTS)


def told(result: "Result") -> str:
    """Return what the block tells of the contract, on one line."""
    words = " ".join(result.block.split())
    return words.partition("OFF security off switched off (command line) ")[2].partition(" OFF latency")[0]


def findings(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return the findings of the contract's first row: operation, check, what, help."""
    row = report["gates"][3]["rows"][0]
    return [(one["subject"], one["code"], one["message"], one["hint"]) for one in row["findings"]]


def test_a_kept_contract(project: "Project") -> None:
    """The row passes with its denominator, and names what no test asks."""
    result = project.gates(ONLY)
    assert told(result) == (
        "PASSED contract 0 == 0 0 failures in 4 operations; 2 of 4 answered, 12 answers to tests,"
        " 2 never asked (DELETE /orders/{order_id}, GET /status)"
        " hint: nothing is generated: set backend_gates_app = package.module:attribute"
    )
    assert result.status == 0


STATUS = '200 Response violates schema: a string at /* breaks type: "integer", in 1 answer to tests'
NO_ORDER = "404 Not Found is not documented, in 2 answers to tests"


def test_a_broken_contract(project: "Project") -> None:
    """It fails, with how often and in which test it was seen, and without what was answered.

    The statuses are the share of the documented ones that the tests have seen, and those that they have not.
    """
    project.file("tests/test_errors.py", BREAKING)
    statuses = "--backend-gates-threshold=contract.statuses > 50%"
    result, report = project.report(ONLY, statuses, "-v", "-rA", "--junitxml=junit.xml")
    assert told(result) == (
        "FAILED contract.failures 2 == 0 2 failures in 4 operations; 3 of 4 answered, 19 answers to tests,"
        " 1 never asked (DELETE /orders/{order_id})"
        f" GET /status response_schema_conformance {STATUS} tests/test_errors.py::test_status"
        f" GET /orders/{{order_id}} status_code_conformance {NO_ORDER} tests/test_errors.py::test_no_order[10]"
        " relax: contract.failures <= 2 hint: mend it, or document it:"
        ' responses={404: {"description": "Not Found"}} in the route\'s decorator'
        " FAILED contract.statuses 37.5% > 50%"
        " 3 of 8 documented statuses, 4 operations DELETE /orders/{order_id} never seen: 204, 422"
        " GET /orders never seen: 422 GET /orders/{order_id} never seen: 422 GET /status never seen: 422"
        " relax: contract.statuses >= 37.5%"
        " hint: let the project's own tests ask for them: generated requests do not count here"
    )
    assert result.status == 1
    everything = result.out + result.err + json.dumps(report) + (project.root / "junit.xml").read_text()
    assert "sesame" not in everything


CRASHING = """\
from fastapi import FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()


@app.get("/boom")
def boom() -> int:
    return 1 // 0


@app.get("/fine")
def fine() -> int:
    return 1


@app.exception_handler(Exception)
async def handle(request, error):
    return JSONResponse({"error": "told"}, 500)
"""
CRASHES = """\
import pytest
from starlette.testclient import TestClient

from shop.app import app


def test_answered():
    client = TestClient(app, raise_server_exceptions=False)
    for _ in range(30):
        assert client.get("/boom").json() == {"error": "told"}
        assert client.get("/fine").json() == 1


def test_raised():
    with pytest.raises(ZeroDivisionError):
        TestClient(app).get("/boom")
"""


def test_a_handler_that_raises(project: "Project") -> None:
    """Its 500 is an answer like another, in each test that was answered it, and in none that saw the exception."""
    project.file("shop/app.py", CRASHING).file("tests/test_orders.py", CRASHES)
    project.file("tests/conftest.py", "")
    result = project.gates(ONLY)
    assert told(result) == (
        "FAILED contract 1 == 0 1 failure in 2 operations; 1 of 2 answered, 60 answers to tests"
        " GET /boom not_a_server_error 500 Internal Server Error, in 30 answers to tests"
        " tests/test_orders.py::test_answered relax: contract.failures <= 1 hint: mend it, or document it:"
        ' responses={500: {"description": "Internal Server Error"}} in the route\'s decorator'
    )
    assert result.status == 1


GUARDED = """\
from fastapi import FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()


@app.middleware("http")
async def guard(request, go_on):
    return await go_on(request) if "x-key" in request.headers else JSONResponse({"secret": "sesame"}, 401)


@app.get("/orders/{order_id}")
def order(order_id: int) -> int:
    return order_id
"""
UNKNOWN = """\
from starlette.testclient import TestClient

from shop.app import app


def test_unknown():
    client = TestClient(app)
    for number in range(28):
        assert client.get(f"/orders/{number}").status_code == 401
    assert client.get("/nowhere").status_code == 401


def test_known():
    client = TestClient(app, headers={"X-Key": "key"})
    assert client.get("/orders/1").json() == 1
    assert client.get("/nowhere").status_code == 404
"""


def test_what_middleware_answers(project: "Project") -> None:
    """It is held against the operation whose path was asked for; a note counts what belongs to none."""
    project.file("shop/app.py", GUARDED).file("tests/test_orders.py", UNKNOWN)
    project.file("tests/conftest.py", "")
    result = project.gates(ONLY)
    assert told(result) == (
        "FAILED contract 1 == 0 1 failure in 1 operation; 1 of 1 answered, 29 answers to tests"
        " GET /orders/{order_id} status_code_conformance 401 Unauthorized is not documented, in 28 answers to tests"
        " tests/test_orders.py::test_unknown relax: contract.failures <= 1"
        " hint: let the requests be logged in: override the fixture backend_app,"
        " or name a fixture that does it: backend_gates_usefixtures"
    )
    note = "note: contract: 1 answer to tests matched no route, and was held against no operation"
    assert note in " ".join(result.block.split())
    assert result.status == 1
    assert "sesame" not in result.out + result.err


def test_together_with_generated_requests(project: "Project") -> None:
    """What both show is one finding; what the tests have seen answered is proven."""
    project.file("pytest.ini", f"{INI}backend_gates_app = shop.app:create_app\n")
    project.file("tests/test_errors.py", BREAKING)
    result, report = project.report(ONLY)
    requests = next(part for part in told(result).split(", ") if part.endswith("requests"))
    assert told(result).partition(" GET /status")[0] == (
        f"FAILED contract 2 == 0 2 failures in 4 operations; 3 of 4 answered, {requests},"
        " 19 answers to tests, 1 not consented to"
    )
    assert [(subject, message) for subject, _, message, _ in findings(report)] == [
        ("GET /status", STATUS),
        ("GET /orders/{order_id}", NO_ORDER),
    ]
    assert all(hint.startswith("curl -X GET ") for *_, hint in findings(report))
    assert result.status == 1
    assert "sesame" not in result.out + result.err + json.dumps(report)


FLASK = """\
from flask import Flask

app = Flask(__name__)
app.testing = True


@app.get("/articles/<barcode>")
def article(barcode):
    return ({"barcode": barcode}, 200) if barcode.isdecimal() else ({"error": "no such"}, 404)
"""
OPENAPI = """\
openapi: 3.0.3
info: {title: shop, version: "1"}
paths:
  /articles/{number}:
    get:
      parameters: [{name: number, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: The article.
          content: {application/json: {schema: {type: object, required: [barcode, name]}}}
        default: {description: Why not.}
"""
FLASK_TESTS = """\
import pytest

from shop.app import app


@pytest.mark.parametrize("barcode", ["1", "2", "x"])
def test_article(barcode):
    assert app.test_client().get(f"/articles/{barcode}").status_code in (200, 404)
"""


def test_flask_with_a_file(empty: "Project") -> None:
    """A schema alone is enough for it."""
    empty.file("pytest.ini", f"{INI}backend_gates_schema = openapi.yaml\n").file("openapi.yaml", OPENAPI)
    empty.file("shop/__init__.py", "").file("shop/app.py", FLASK).file("tests/test_shop.py", FLASK_TESTS)
    result, report = empty.report(ONLY, "--backend-gates-threshold=contract.statuses == 100%")
    assert told(result).partition(" GET /articles")[0] == (
        "FAILED contract.failures 1 == 0 1 failure in 1 operation; 1 of 1 answered, 3 answers to tests"
    )
    assert told(result).endswith(
        " PASSED contract.statuses 100% == 100% 2 of 2 documented statuses, 1 operation"
    )
    assert findings(report) == [
        (
            "GET /articles/{number}",
            "response_schema_conformance",
            '200 Response violates schema: "name" is a required property, in 2 answers to tests',
            "tests/test_shop.py::test_article[1]",
        )
    ]


def test_a_narrowed_run(project: "Project") -> None:
    """It is not judged, as before."""
    result = project.gates(ONLY, "-k", "orders")
    assert (
        told(result)
        == "SKIPPED contract == 0 a narrowed run (-k orders): the contract is judged in full runs"
    )
    assert result.status == 0


CLIENT = """\
def test_client(backend_client):
    assert backend_client.get("/orders?limit=1").json() == [0]
"""
OVERRIDING = """\
import pytest


@pytest.fixture
def backend_client(backend_client):
    backend_client.headers["x-token"] = "mine"
    return backend_client


def test_client(backend_client):
    assert backend_client.headers["x-token"] == "mine"
    assert backend_client.get("/orders").status_code == 200
"""
ODD = """\
import pytest


@pytest.fixture
def backend_app():
    return dict


def test_client(backend_client): ...
"""


@pytest.mark.parametrize("gates", [(), ("--backend-gates", ONLY)], ids=["off", "on"])
def test_backend_client(project: "Project", gates: tuple[str, ...]) -> None:
    """It is there with and without the gates, can be overridden, and says what it has no client for."""
    project.file("pytest.ini", f"{INI}backend_gates_app = shop.app:create_app\n")
    project.file("tests/test_client.py", CLIENT).file("tests/test_overriding.py", OVERRIDING)
    result = project.file("tests/test_odd.py", ODD).run(*gates, "-k", "test_client")
    assert (result.status, "2 passed" in result.out, "1 error in" in result.out) == (1, True, True)
    (line,) = [line for line in result.out.splitlines() if line.startswith("backend_client: ")]
    assert line == (
        "backend_client: there is no test client for a type; allowed: an application of Starlette, FastAPI,"
        " Flask, Django or Litestar, or a fixture backend_client of your own"
    )
