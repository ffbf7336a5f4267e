"""A real server, asked in the place of an application: what is sent to it, and that nothing is sent elsewhere."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pytest_backend_gates.probes.contract import wire
from pytest_backend_gates.probes.contract.document import ContractError, NoSchemaError
from pytest_backend_gates.probes.contract.findings import Exercise
from pytest_backend_gates.probes.contract.server import Server
from pytest_backend_gates.probes.contract.wire import Request, WireError
from pytest_backend_gates.taps.address import Address

Exercises = Callable[..., dict[str, Exercise]]

NUMBER = {"content": {"application/json": {"schema": {"type": "integer"}}}, "description": "a number"}
PATHS: dict[str, Any] = {
    "/orders/{order_id}": {
        "get": {
            "parameters": [
                {
                    "name": "order_id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "minLength": 1},
                },
                {
                    "name": "x_token",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string", "enum": ["a b"]},
                },
            ],
            "responses": {"200": NUMBER},
        }
    },
    "/moved": {"get": {"responses": {"302": {"description": "elsewhere"}}}},
    "/fails": {"get": {"responses": {"200": NUMBER}}},
    "/orders": {
        "post": {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"type": "boolean"}}},
            },
            "responses": {"200": NUMBER},
        }
    },
}


def schema(paths: object = PATHS) -> dict[str, Any]:
    """Return a document whose servers are somebody else's."""
    servers = [{"url": "http://192.0.2.1/elsewhere"}]
    return {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}, "servers": servers, "paths": paths}


class Running(ThreadingHTTPServer):
    """Writes down what it is asked, and answers as *told* says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.told: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.gate = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Running

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(f"{self.command} {self.path} {body.decode()}".strip())
        self.server.headers.append(dict(self.headers.items()))
        status, answer, headers = self.server.told.get(self.path, (200, b"1", {}))
        if status == 0:
            self.server.gate.wait(20)
            return
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815  its name for them

    def log_message(self, *_: object) -> None: ...


def run() -> Iterator[Running]:
    server = Running()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def running() -> Iterator[Running]:
    yield from run()


@pytest.fixture
def elsewhere() -> Iterator[Running]:
    yield from run()


def test_every_operation(
    running: Running, elsewhere: Running, exercise: Exercises, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are below the base URL; neither servers, nor redirects, nor proxies of the environment lead away."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, elsewhere.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    running.told = {
        "/api/openapi.json": (200, json.dumps(schema()).encode(), {}),
        "/api/moved": (302, b"", {"Location": f"{elsewhere.url}/"}),
        "/api/fails": (500, b"1", {}),
    }
    done = exercise(Server(Address.parse(f"{running.url}/api")))
    assert {name: (one.errors, one.unproven) for name, one in done.items()} == dict.fromkeys(
        done, ((), None)
    ) | {
        "GET /fails": ((), "never below 400: only 500"),
    }
    assert list(done) == ["GET /orders/{order_id}", "GET /moved", "GET /fails", "POST /orders"]
    (failure,) = done["GET /fails"].failures
    assert (failure.title, failure.curl) == (
        "500 Internal Server Error",
        f"curl -X GET {running.url}/api/fails",
    )
    assert sum(one.requests for one in done.values()) == len(running.seen) - 1
    assert elsewhere.seen == []
    assert {line.split()[1].split("/")[1] for line in running.seen} == {"api"}
    assert {"POST /api/orders true", "POST /api/orders false"} <= {*running.seen}
    # As it was written: with its underscore.
    ours = [one for one in running.headers if "x_token" in one]
    assert {one["x_token"] for one in ours} == {"a b"}
    assert {one["Host"] for one in running.headers} == {running.url.removeprefix("http://")}


def test_a_schema_in_a_file(running: Running, exercise: Exercises, written: Callable[..., Path]) -> None:
    """Then the server is not asked for it."""
    path = written({"/fails": PATHS["/fails"]}, servers=[{"url": "/v9"}])
    done = exercise(Server(Address.parse(running.url)), path)
    assert done["GET /fails"].unproven is None
    assert {*running.seen} == {"GET /fails"}


def refused() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def test_a_server_that_is_down(exercise: Exercises, written: Callable[..., Path]) -> None:
    """No operation of it can be green."""
    url = refused()
    done = exercise(Server(Address.parse(url)), written({"/fails": PATHS["/fails"]}))["GET /fails"]
    assert done.errors == (
        f"{url}, GET /fails: no server answers: Connection refused: the request was given up",
    )
    assert (done.failures, done.unproven) == ((), "it could not be exercised")


def test_a_server_that_hangs(running: Running, exercise: Exercises, written: Callable[..., Path]) -> None:
    """It is waited for as long as for an application."""
    running.told = {"/fails": (0, b"", {})}
    server = Server(Address.parse(running.url))
    done = exercise(server, written({"/fails": PATHS["/fails"]}), limit=0.5)["GET /fails"]
    assert done.errors == (f"{running.url}, GET /fails: no answer within 0.5 s: the request was given up",)


def test_a_server_that_says_nothing(exercise: Exercises, written: Callable[..., Path]) -> None:
    """A connection that ends without an answer is no answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def close() -> None:
            while True:
                try:
                    listening.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=close, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        (error,) = exercise(Server(Address.parse(url)), written({"/fails": PATHS["/fails"]}))[
            "GET /fails"
        ].errors
        listening.shutdown(socket.SHUT_RDWR)
    assert error.startswith(f"{url}, GET /fails: no answer: ")
    assert error.endswith(": the request was given up")


def test_a_stream_that_never_ends(running: Running) -> None:
    """Of an event stream some is enough; of anything else the end has to come in time."""
    address = Address.parse(running.url)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address.parse(f"http://127.0.0.1:{listening.getsockname()[1]}")

        def drip(kind: str) -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(1 << 16)
                peer.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode())
                running.gate.wait(3)

        for kind in ("text/event-stream", "text/plain"):
            thread = threading.Thread(target=drip, args=(kind,), daemon=True)
            thread.start()
            if kind == "text/plain":
                with pytest.raises(WireError, match=r"^no answer within 0\.3 s$"):
                    wire.ask(address, Request("GET", "/"), 0.3)
            else:
                assert wire.ask(address, Request("GET", "/"), 5.0).status == 200
        running.gate.set()


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"body"),
    ],
)
def test_a_server_that_answers_drop_by_drop(begin: bytes, drop: bytes) -> None:
    """Its answer has to be whole in time, however little it waits between two of its pieces."""
    given_up = threading.Event()
    sent: list[bytes] = []

    def drip(listening: socket.socket) -> None:
        peer, _ = listening.accept()
        with peer, suppress(ConnectionError):
            peer.recv(1 << 16)
            peer.sendall(begin)
            while not given_up.wait(0.05) and len(sent) < 60:
                peer.sendall(drop)
                sent.append(drop)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        address = Address.parse(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(WireError, match=r"^no answer within 0\.3 s$"):
            wire.ask(address, Request("GET", "/"), 0.3)
        given_up.set()
        thread.join()
    assert 0 < len(sent) < 60


@pytest.mark.parametrize(
    ("begin", "told"),
    [
        (b"Content-Length: 9\r\n\r\nhalf", "the last 5 bytes of it never came"),
        (b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf", "IncompleteRead(0 bytes read)"),
    ],
)
def test_a_server_that_leaves_in_the_middle(begin: bytes, told: str) -> None:
    """What is not whole is no answer, though it may look like one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def leave() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.recv(1 << 16)
                peer.sendall(b"HTTP/1.1 200 OK\r\n" + begin)

        thread = threading.Thread(target=leave)
        thread.start()
        address = Address.parse(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(WireError) as error:
            wire.ask(address, Request("GET", "/"), 5.0)
        thread.join()
    assert str(error.value) == f"no answer: {told}"


def test_a_server_that_does_not_take_what_it_is_sent() -> None:
    """Neither may a long body keep a request for longer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address.parse(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(WireError, match=r"^no answer within 0\.3 s$"):
            wire.ask(address, Request("POST", "/", body=bytes(1 << 26)), 0.3)


def test_a_name_that_leads_elsewhere_by_now(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at again on each connection, and nothing is sent unless a person has allowed it."""
    monkeypatch.setattr(wire, "is_loopback", lambda _: False)
    with pytest.raises(WireError) as caught:
        wire.ask(Address.parse(running.url), Request("GET", "/"), 1.0)
    assert str(caught.value) == (
        "no server answers: '127.0.0.1' is another machine by now, 127.0.0.1, and nothing is sent there"
    )
    assert running.seen == []
    assert wire.ask(Address.parse(running.url, remote=True), Request("GET", "/"), 1.0).status == 200


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        ((404, b"", {}), NoSchemaError, "no API schema configured: GET {} answered 404"),
        (
            (307, b"", {"Location": "http://192.0.2.1/"}),
            NoSchemaError,
            "no API schema configured: GET {} answered 307",
        ),
        (
            (200, b"<html>", {}),
            ContractError,
            "tox.ini:2: GET {} answered no JSON: Expecting value: line 1 column 1 (char 0); name the schema's file: backend_gates_schema = openapi.yaml",
        ),
        (
            (200, b'{"a": 1}', {}),
            ContractError,
            "tox.ini:2: GET {} answered no OpenAPI schema; name the schema's file: backend_gates_schema = openapi.yaml",
        ),
    ],
)
def test_a_server_without_a_schema(
    running: Running, answer: tuple[int, bytes, dict[str, str]], error: type[ContractError], told: str
) -> None:
    """What it answered is told, and where that was asked for."""
    running.told = {"/openapi.json": answer}
    with pytest.raises(ContractError) as caught:
        Server(Address.parse(running.url), "tox.ini:2").openapi()
    assert (type(caught.value), str(caught.value)) == (error, told.format(f"{running.url}/openapi.json"))


def test_a_server_that_is_not_there_for_its_schema() -> None:
    """It has to be started earlier, or the schema has to be in a file."""
    url = refused()
    with pytest.raises(ContractError) as caught:
        Server(Address.parse(url), "tox.ini:2").openapi()
    assert str(caught.value) == (
        f"tox.ini:2: GET {url}/openapi.json: no server answers: Connection refused; start the server before the"
        " tests are collected, or name the schema's file: backend_gates_schema = openapi.yaml"
    )


def test_the_schema_is_asked_for_once(running: Running) -> None:
    """Whoever needs it."""
    running.told = {"/openapi.json": (200, json.dumps(schema()).encode(), {})}
    server = Server(Address.parse(running.url))
    assert server.openapi() is server.openapi()
    assert running.seen == ["GET /openapi.json"]
