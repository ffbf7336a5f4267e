"""Several workers share the contract: in which order its operations are dealt out, and what each process does once."""

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

#: Its schema is in the order of the routes. It writes down who makes the document.
APP = """\
import os
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header


make = FastAPI.openapi


def openapi(app):
    with open(Path(__file__).parent.parent / "made.log", "a") as log:
        log.write(f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}\\n")
    return make(app)


FastAPI.openapi = openapi


def create_app():
    app = FastAPI()

    @app.get("/health")
    def health() -> int:
        return 1

    @app.post("/orders")
    def place(order: dict[str, int]) -> int:
        return len(order)

    @app.get("/orders")
    def orders(limit: int = 1, x_token: Annotated[str, Header()] = "") -> list[int]:
        return []

    @app.get("/orders/{order_id}")
    def order(order_id: int) -> int:
        return order_id

    @app.put("/orders/{order_id}")
    def replace(order_id: int, order: dict[str, int]) -> int:
        return len(order)

    @app.get("/version")
    def version() -> int:
        return 1

    return app


app = create_app()
"""
#: Writes down the order of the items, as it is in the end.
CONFTEST = """\
import os
from pathlib import Path

import pytest

from shop.app import create_app


def pytest_collection_finish(session):
    if session.items:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        names = [item.name.removeprefix("contract") for item in session.items]
        (Path(__file__).parent.parent / f"{worker}.order").write_text("\\n".join(names))
"""
TESTS = """\
import pytest
from starlette.testclient import TestClient

from shop.app import app, create_app


@pytest.mark.parametrize("made", [app, create_app()])
def test_orders(made):
    assert TestClient(made).get("/orders").json() == []
    assert TestClient(made).get("/orders/3").json() == 3
"""
INI = "[pytest]\ntestpaths = tests\npythonpath = .\nbackend_gates_app = shop.app:app\n"
WRITES = "backend_gates_writes = true\n"
ONLY = "--backend-gates-only=contract"
OWN = ["test_orders[made0]", "test_orders[made1]"]
SCHEMA = [
    "[GET /health]",
    "[POST /orders]",
    "[GET /orders]",
    "[GET /orders/{order_id}]",
    "[PUT /orders/{order_id}]",
    "[GET /version]",
]
DEAR_FIRST = [SCHEMA[4], SCHEMA[1], SCHEMA[2], SCHEMA[3], SCHEMA[0], SCHEMA[5]]
two_workers = pytest.mark.parametrize("mode", [("-n2",)], indirect=True, ids=["-n2"])


@pytest.fixture
def project(empty: "Project") -> "Project":
    """Make a project whose operations have more and less to vary."""
    empty.file("pytest.ini", f"{INI}{WRITES}").file("shop/__init__.py", "").file("shop/app.py", APP)
    empty.file("schemathesis.toml", "[generation]\nmax-examples = 3\n")
    return empty.file("tests/conftest.py", CONFTEST).file("tests/test_orders.py", TESTS)


def order(project: "Project", *args: str) -> list[str]:
    """Run, and return the order in which every process has collected."""
    result = project.gates(ONLY, *args)
    assert (result.status, result.rows()["contract"]) == (0, "PASSED"), result.out
    orders = [path.read_text("utf-8").splitlines() for path in sorted(project.root.glob("*.order"))]
    assert len(orders) == (2 if project.mode_name == "-n2" else 1)
    assert orders[0] == orders[-1]
    return orders[0]


def test_the_dear_ones_first_where_they_are_dealt_out(project: "Project") -> None:
    """After the project's own tests: bodies, then by the number of parameters; in one process as the schema has them."""
    assert order(project) == [*OWN, *(DEAR_FIRST if project.mode_name == "-n2" else SCHEMA)]


@two_workers
@pytest.mark.parametrize("how", ["loadfile", "loadscope", "loadgroup", "worksteal", "each"])
def test_other_ways_to_deal_them_out(project: "Project", how: str) -> None:
    """They begin with what comes first as well."""
    assert order(project, "--dist", how) == [*OWN, *DEAR_FIRST]


@two_workers
def test_what_is_not_asked_is_cheap(project: "Project") -> None:
    """It is skipped, whatever there were to vary."""
    project.file("pytest.ini", INI)
    assert order(project) == [*OWN, *(SCHEMA[at] for at in (2, 3, 0, 1, 4, 5))]


PARAMETRIZED = f"""\
{CONFTEST}

@pytest.fixture(scope="session", params="ab")
def backend_app(request):
    return create_app()
"""


@two_workers
def test_no_application_is_set_up_twice(project: "Project") -> None:
    """The items of one parameter of a fixture, which pytest has put together, stay together."""
    project.file("tests/conftest.py", PARAMETRIZED)
    expected = [name.replace("[", f"[{one}-") for one in "ab" for name in DEAR_FIRST]
    assert order(project) == [*OWN, *expected]


def test_the_document_is_made_once(project: "Project") -> None:
    """In each process, for what is generated, for what the tests are answered, and for what one factory makes."""
    order(project)
    made = Counter((project.root / "made.log").read_text("utf-8").splitlines())
    workers = {"gw0", "gw1"} if project.mode_name == "-n2" else {"main"}
    assert made == dict.fromkeys(workers, 1)


DOCUMENT = """\
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /orders:
    get: {responses: {"200": {description: fine}, "422": {description: not fine}}}
  /orders/{order_id}:
    get:
      parameters: [{name: order_id, in: path, required: true, schema: {type: integer}}]
      responses: {"200": {description: fine}, "422": {description: not fine}}
"""
OPENED = f"""\
{CONFTEST}

def count(event, arguments):
    if event == "open" and str(arguments[0]).endswith("openapi.yaml"):
        with open(Path(__file__).parent.parent / "made.log", "a") as log:
            log.write(f"{{os.environ.get('PYTEST_XDIST_WORKER', 'main')}}\\n")


import sys

sys.addaudithook(count)
"""


def test_the_file_is_read_once(project: "Project") -> None:
    """So it is with the file of backend_gates_schema."""
    project.file("openapi.yaml", DOCUMENT).file("tests/conftest.py", OPENED)
    project.file("pytest.ini", f"{INI}backend_gates_schema = openapi.yaml\n")
    order(project)
    made = Counter((project.root / "made.log").read_text("utf-8").splitlines())
    workers = {"gw0", "gw1"} if project.mode_name == "-n2" else {"main"}
    assert made == dict.fromkeys(workers, 1)
