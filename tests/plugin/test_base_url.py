"""Tests that ask a server in another process: what they send is timed, and the contract's tests ask it too."""

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

    Serve = Callable[[Project], AbstractContextManager[str]]

APP = """\
from typing import Annotated

from fastapi import FastAPI, HTTPException, Path, Request

app = FastAPI()


@app.middleware("http")
async def write_down(request: Request, call_next):
    with open("seen.txt", "a") as seen:
        seen.write(f"{request.headers.get('user-agent', '?').partition('/')[0]} {request.method} {request.url.path}\\n")
    return await call_next(request)


@app.get("/orders/{order_id}", responses={404: {}})
def order(order_id: Annotated[int, Path(le=99)]) -> dict[str, int]:
    if order_id > 50:
        raise HTTPException(404)
    return {"id": order_id}


@app.post("/orders")
def place(order: dict[str, int]) -> int:
    return len(order)


@app.get("/status")
def status() -> int:
    raise HTTPException(503)
"""
TESTS = """\
import asyncio

import httpx
import httpx2
import pytest
import requests

URL = "{url}"


@pytest.fixture
def warm():
    httpx.get(URL + "/orders/1")
    yield
    requests.get(URL + "/orders/2")


@pytest.mark.parametrize("number", range(20))
def test_order(warm, number):
    assert httpx.get(f"{{URL}}/orders/{{number}}").json() == {{"id": number}}
    assert requests.get(f"{{URL}}/orders/{{number}}").json() == {{"id": number}}


def test_together():
    async def ask():
        async with httpx2.AsyncClient(base_url=URL) as client:
            return await asyncio.gather(*(client.get(f"/orders/{{one}}") for one in range(60, 70)))

    assert {{answer.status_code for answer in asyncio.run(ask())}} == {{404}}


def test_others():
    assert requests.post(URL + "/orders", json={{"a": 1}}).json() == 1
    assert httpx.get(URL + "/status").status_code == 503
    assert httpx.get(URL + "/nowhere").status_code == 404
"""
INI = """\
[pytest]
testpaths = tests
pythonpath = .
backend_gates_base_url = {url}
backend_gates_thresholds =
    latency.p95 < 10s
    errors < 90%
    contract.failures == 0
    coverage off
    complexity off
    security.high off
"""

BACKEND_APP = """\
import pytest

from shop.app import app


@pytest.fixture
def backend_app():
    return app
"""

OFF = dict.fromkeys(("coverage", "complexity", "security"), "OFF")
#: What the clients of the tests call themselves.
CLIENTS = ("python-httpx", "python-httpx2", "python-requests")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def write(project: "Project", url: str) -> "Project":
    project.file("shop/__init__.py", "").file("shop/app.py", APP).file("pytest.ini", INI.format(url=url))
    return project.file("tests/test_app.py", TESTS.format(url=url))


@pytest.fixture
def serve(eventually: Callable[..., bool]) -> Callable[["Project"], AbstractContextManager[str]]:
    """Serve a project's application in a process of its own."""

    @contextmanager
    def serving(project: "Project") -> Iterator[str]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        write(project, url)
        command = [sys.executable, "-m", "uvicorn", "shop.app:app", f"--port={port}", "--log-level=critical"]
        server = subprocess.Popen(command, cwd=project.root)
        try:
            assert eventually(lambda: is_up(port))
            yield url
        finally:
            server.terminate()
            server.wait(20)

    return serving


def is_up(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    return False


def seen(project: "Project") -> list[tuple[str, str]]:
    """Return the client of each request that the server has seen, and what it asked."""
    lines = (project.root / "seen.txt").read_text().splitlines()
    return [(client, asked) for client, _, asked in (line.partition(" ") for line in lines)]


def test_a_server_in_another_process(empty: "Project", serve: "Serve") -> None:
    """What the tests send is counted under the schema's names, as the server has seen it; fixtures do not count."""
    with serve(empty) as url:
        result, report = empty.report("-rs")
    assert result.rows() == {**OFF, "contract": "FAILED", "latency": "PASSED", "errors": "PASSED"}, result.out
    sent = Counter(asked for client, asked in seen(empty) if client in CLIENTS)
    orders = sum(count for asked, count in sent.items() if asked.startswith("GET /orders/"))
    errors = report["measurements"]["errors"]["subjects"]
    assert {name: one["total"] for name, one in errors.items()} == {
        "GET /orders/{order_id}": orders - 40,  # those of the fixture
        "GET /status": sent["GET /status"],
        "POST /orders": sent["POST /orders"],
    }
    assert (orders, sent["GET /status"], sent["POST /orders"], sent["GET /nowhere"]) == (90, 1, 1, 1)
    assert errors["GET /status"]["hits"] == 1
    latency = report["measurements"]["latency"]["subjects"]
    cold = latency["GET /orders/{order_id}"]["cold"]  # those of the fixture come first
    assert {name: one["count"] + one["cold"] for name, one in latency.items()} == {
        name: one["total"] + cold * name.startswith("GET /orders/") for name, one in errors.items()
    }
    assert f"note: latency: 53 requests to {url} timed at the client's side\n" in result.out
    assert "note: latency: 1 request matched no route, and so no operation\n" in result.out
    # Both the test and the contract's own found what GET /status does; nothing was written without consent.
    told = " ".join(result.block.split())
    assert "GET /status not_a_server_error 503 Service Unavailable, in 1 answer to tests" in told
    assert f"curl -X GET {url}/status" in told
    generated = {asked for client, asked in seen(empty) if client not in CLIENTS}
    assert {asked.partition(" ")[0] for asked in generated} == {"GET"}
    assert "not consented to: set backend_gates_writes = true\n" in result.out


def test_consent(single: "Project", serve: "Serve") -> None:
    """Operations that write are asked when the project says so; an application, where there is one, in process."""
    with serve(single) as url:
        there = single.gates("--backend-gates-only=contract", "-o", "backend_gates_writes=true")
        assert "POST /orders" in {asked for client, asked in seen(single) if client not in CLIENTS}
        (single.root / "seen.txt").unlink()
        (single.root / "tests/test_app.py").write_text("def test_own(): ...\n")
        here = single.gates("--backend-gates-only=contract", "-o", "backend_gates_app=shop.app:app")
        # What has no client is asked in process.
        assert {client for client, _ in seen(single)} == {"testclient"}
        (single.root / "tests/conftest.py").write_text(BACKEND_APP)
        own = single.gates("--backend-gates-only=contract")
        assert {asked for client, asked in seen(single) if client == "?"} == {"GET /openapi.json"}
    note = (
        f"note: contract: its tests asked the application in process, and not {url}:"
        " backend_gates_app, or a fixture backend_app, goes first"
    )
    assert [" ".join(one.block.split()).count(note) for one in (there, here, own)] == [0, 1, 1]


def test_a_server_that_is_down(single: "Project") -> None:
    """Nothing that it would have been asked is green."""
    url = f"http://127.0.0.1:{free_port()}"
    write(single, url)
    result = single.gates()
    assert result.rows() == {**OFF, "contract": "ERROR", "latency": "NO_DATA", "errors": "FAILED"}, result.out
    told = " ".join(result.block.split())
    assert (
        f"backend_gates_base_url (pytest.ini:4): GET {url}/openapi.json: no server answers: Connection refused;"
        " start the server before the tests are collected, or name the schema's file:"
        " backend_gates_schema = openapi.yaml"
    ) in told
