"""What httpx, httpx2 and requests send to a server on this machine, a real one."""

import asyncio
import gzip
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import httpx
import httpx2
import pytest
import requests
import uvicorn
from fastapi import FastAPI
from flask import Flask
from werkzeug.serving import make_server

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.contract.bodies import body_of, headers_of
from pytest_backend_gates.probes.queries import QueriesProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps import CLIENTS
from pytest_backend_gates.taps.address import Address
from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.sending import Received, Sending, UndeclaredError

OPERATIONS = [
    ("GET", "/orders/{order_id}"),
    ("GET", "/stream"),
    ("GET", "/packed"),
    ("GET", "/fails"),
    ("GET", "/gone"),
    ("GET", "/slow"),
]
#: Sends a request and reads the answer to its end: method, address.
Ask = Callable[[str], tuple[int, bytes]]


class Handler(BaseHTTPRequestHandler):
    """A server that no tap knows."""

    protocol_version = "HTTP/1.1"
    seen: list[str]

    def do_GET(self) -> None:
        path = self.path.removeprefix("/api").partition("?")[0]
        self.seen.append(f"{self.command} {path}")
        if path in ("/gone", "/slow"):
            time.sleep(0.5 * (path == "/slow"))
            self.close_connection = True
            return
        status = 500 if path == "/fails" else 302 if path == "/moved" else 200
        body = gzip.compress(b'{"packed": 1}') if path == "/packed" else b'{"id": 1}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if path == "/moved":
            self.send_header("Location", "/api/orders/7")
        if path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        if path == "/stream":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"ab", b"cd", b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  its name for them

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def _served() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def address(_served: ThreadingHTTPServer) -> Address:
    """Return where the API begins, on a server that has not been asked yet."""
    Handler.seen = []
    return Address.parse(f"http://127.0.0.1:{_served.server_address[1]}/api")


@pytest.fixture
def probe(address: Address) -> Iterator[TrafficProbe]:
    yield from started(Sending(address, lambda: OPERATIONS, "the server", asks=False))


def started(sending: Sending) -> Iterator[TrafficProbe]:
    probe = TrafficProbe(sending)
    probe.start()
    probe.open_window()
    yield probe
    probe.stop()


def asked(probe: TrafficProbe) -> dict[str, int]:
    """Return how many requests of the tests each operation got; nothing may have gone wrong."""
    payload = probe.collect(None, print)
    assert payload["faults"] == []
    return {name: one["asked"] for name, one in payload["answers"].items()}


def of_requests(url: str) -> tuple[int, bytes]:
    with requests.Session() as session:
        answer = session.get(url)
    return answer.status_code, answer.content


def of(module: ModuleType) -> Ask:
    def ask(url: str) -> tuple[int, bytes]:
        with module.Client(follow_redirects=True, verify=False) as client:  # or it reads certificates
            answer = client.get(url)
        return answer.status_code, answer.content

    return ask


def of_async(module: ModuleType) -> Ask:
    async def get(url: str) -> tuple[int, bytes]:
        async with module.AsyncClient(follow_redirects=True, verify=False) as client:
            answer = await client.get(url)
        return answer.status_code, answer.content

    return lambda url: asyncio.run(get(url))


ASKING = {
    "requests": of_requests,
    "httpx": of(httpx),
    "httpx2": of(httpx2),
    "httpx async": of_async(httpx),
    "httpx2 async": of_async(httpx2),
}


@pytest.fixture(params=list(ASKING))
def ask(request: pytest.FixtureRequest) -> Ask:
    return ASKING[request.param]


def test_no_client_is_left_out() -> None:
    """Every client that is tapped asks here."""
    assert {make().name for make in CLIENTS} == {name.partition(" ")[0] for name in ASKING}


def test_what_is_counted(probe: TrafficProbe, ask: Ask, address: Address) -> None:
    """Each request that the server has seen, redirects too, under the schema's names; and how it failed."""
    for number in range(4):
        assert ask(f"{address}/orders/{number}") == (200, b'{"id": 1}')
    assert ask(f"{address}/fails")[0] == 500
    assert ask(f"{address}/moved") == (200, b'{"id": 1}')
    assert ask(f"{address}/packed?a=1") == (200, b'{"packed": 1}')
    assert ask(f"{address.origin}/elsewhere") == (200, b'{"id": 1}')
    with pytest.raises((httpx.HTTPError, httpx2.HTTPError, requests.ConnectionError)) as caught:
        ask(f"{address}/gone")
    assert asked(probe) == {
        "GET (no route)": 1,
        "GET /fails": 1,
        "GET /gone": 1,
        "GET /orders/{order_id}": 5,
        "GET /packed": 1,
    }
    failures = {name: one["failures"] for name, one in probe.collect(None, print)["answers"].items()}
    assert failures["GET /fails"] == {"500": 1}
    assert failures["GET /gone"] == {caught.type.__name__: 1}
    assert probe.collect(None, print)["sent"] == {"timed": 8, "nameless": None}
    assert len(Handler.seen) == 10  # with the one that was sent elsewhere, and the one that is gone


def test_requests_of_fixtures_are_no_samples(probe: TrafficProbe, ask: Ask, address: Address) -> None:
    """Nor those that ask whether the server is up already, of which nothing is told at all."""
    probe.close_window()
    assert ask(f"{address}/orders/1")[0] == 200
    with pytest.raises((httpx.HTTPError, httpx2.HTTPError, requests.ConnectionError)):
        ask(f"{address}/gone")
    assert asked(probe) == {}
    probe.open_window()
    ask(f"{address}/orders/1")
    assert asked(probe) == {"GET /orders/{order_id}": 1}
    collected = probe.collect(None, print)
    assert list(collected["operations"]) == ["GET /orders/{order_id}"]
    probe.close_window()
    ask(f"{address}/health")
    assert probe.reduce([probe.collect(None, print)], None) == probe.reduce([collected], None)


def test_what_the_tests_are_answered(ask: Ask, address: Address, probe: TrafficProbe) -> None:
    """The answer is kept whole for the contract, and unpacked, with what stands for an application."""
    heard: list[Observation] = []
    probe.listen(heard.append)
    ask(f"{address}/packed")
    ask(f"{address}/stream")
    told = []
    for one in heard:
        assert one.reply is not None
        told.append((one.operation, one.status, body_of(one.reply, headers_of(one.reply)), one.reply.passed))
    assert told == [
        ("GET /packed", 200, b'{"packed": 1}', [("the server", "")]),
        ("GET /stream", 200, b"abcd", [("the server", "")]),
    ]


class Clock:
    """Stands still until it is told otherwise."""

    now = 0

    def __call__(self) -> int:
        return self.now


def test_what_is_sent_is_served_elsewhere(probe: TrafficProbe, address: Address) -> None:
    """No request is under way in this process meanwhile."""
    sending = probe.recorder.sending
    assert sending is not None
    assert sending.begin(probe.recorder, "requests", "GET", f"{address}/orders/7") is not None
    assert probe.recorder.under_way == set()


@pytest.mark.parametrize("module", [httpx, httpx2], ids=lambda module: module.__name__)
def test_streams_of_httpx(
    probe: TrafficProbe, address: Address, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test does between two pieces is not the server's time; what it leaves unread is cut short."""
    clock = Clock()
    monkeypatch.setattr(Observation, "_now", staticmethod(clock))
    with module.Client() as client:
        for _ in range(3):
            with client.stream("GET", f"{address}/stream") as response:
                for _ in response.iter_raw():
                    clock.now += 1_000_000
            with client.stream("GET", f"{address}/stream") as response:
                assert response.status_code == 200
    assert probe.collect(None, print)["answers"] == {"GET /stream": {"asked": 3, "cut": 3, "failures": {}}}
    samples = Samples.from_plain(probe.collect(None, print)["operations"]["GET /stream"])
    assert [list(run) for run in samples.runs] == [[0] * 2]


def test_streams_of_requests(probe: TrafficProbe, address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in pieces, as lines, or past us: from the socket itself, or not at all."""
    clock = Clock()
    monkeypatch.setattr(Observation, "_now", staticmethod(clock))
    get = partial(requests.get, stream=True, timeout=9)
    url = f"{address}/stream"
    for piece in get(url).iter_content(1):
        assert len(piece) == 1
        clock.now += 1_000_000
    assert list(get(url).iter_lines()) == [b"abcd"]
    with get(url) as response:
        assert response.raw.read() == b"abcd"
    with get(url):
        pass
    response = get(url)
    assert (response.content, list(response.iter_content(3))) == (b"abcd", [b"abc", b"d"])
    assert probe.collect(None, print)["answers"] == {"GET /stream": {"asked": 3, "cut": 2, "failures": {}}}
    samples = Samples.from_plain(probe.collect(None, print)["operations"]["GET /stream"])
    assert [list(run) for run in samples.runs] == [[0] * 2]


def test_names_that_the_server_has_to_tell(address: Address, ask: Ask) -> None:
    """They are asked for at the end of the test, once, and what cannot be named is told."""
    times: list[int] = []

    def declared() -> list[tuple[str, str]]:
        times.append(len(Handler.seen))
        return OPERATIONS

    for probe in started(Sending(address, declared, None, asks=True)):
        ask(f"{address}/orders/1")
        ask(f"{address}/orders/2")
        assert times == []
        probe.close_window()
        probe.open_window()
        ask(f"{address}/orders/3")
        assert asked(probe) == {"GET /orders/{order_id}": 3}
    assert times == [2]


def test_names_that_nobody_tells(address: Address) -> None:
    """A server without a schema is asked for it once, and the rows cannot be green."""
    times: list[None] = []

    def declared() -> list[tuple[str, str]]:
        times.append(None)
        raise UndeclaredError("no schema")

    for probe in started(Sending(address, declared, None, asks=True)):
        for _ in range(3):
            requests.get(f"{address}/orders/1", timeout=9)
            probe.close_window()
            probe.open_window()
        readings = probe.reduce([probe.collect(None, print)], None)
        assert [one.message for one in readings["latency"].errors] == ["no schema"]
        assert [one.message for one in readings["errors"].errors] == ["no schema"]
    assert times == [None]


@pytest.mark.parametrize("step", ["begin", "claim", "finish"])
@pytest.mark.parametrize("name", list(ASKING))
def test_a_planted_fault_reaches_nobody(
    request: pytest.FixtureRequest, address: Address, name: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step of the bookkeeping raises, a test sees what it sees without a tap."""
    ask = ASKING[name]

    def outcome() -> tuple[object, ...]:
        with pytest.raises((httpx.HTTPError, httpx2.HTTPError, requests.ConnectionError)) as caught:
            ask(f"{address}/gone")
        return ask(f"{address}/orders/1"), ask(f"{address}/fails"), caught.type

    untapped = outcome()
    probe: TrafficProbe = request.getfixturevalue("probe")

    def fault(*_: object) -> None:
        raise RuntimeError(f"planted in {step}")

    monkeypatch.setattr(probe.recorder, step, fault)
    assert (outcome(), outcome()) == (untapped, untapped)
    tap, count = name.partition(" ")[0], 6
    assert probe.recorder.faults() == [
        f"the {tap} tap failed {count} times, first with RuntimeError: planted in {step}; requests were not affected"
    ]
    monkeypatch.undo()


def flask() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/api/orders/<int:order_id>", view_func=lambda order_id: {"id": order_id})
    return app


def fastapi() -> FastAPI:
    app = FastAPI()
    app.get("/api/orders/{order_id}")(order)
    return app


async def order(order_id: int) -> dict[str, int]:
    return {"id": order_id}


@contextmanager
def by_werkzeug() -> Iterator[int]:
    server = make_server("127.0.0.1", 0, flask(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join(10)


@contextmanager
def by_uvicorn(root_path: str = "") -> Iterator[int]:
    config = uvicorn.Config(fastapi(), port=0, log_level="critical", loop="asyncio", root_path=root_path)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture(
    params=[by_werkzeug, by_uvicorn, partial(by_uvicorn, "/behind")],
    ids=["werkzeug", "uvicorn", "uvicorn behind a path"],
)
def within(request: pytest.FixtureRequest) -> Iterator[Address]:
    """Serve an application that is tapped in a thread of this process."""
    with request.param() as port:
        yield Address.parse(f"http://127.0.0.1:{port}/api")


def test_a_server_in_this_process(within: Address, ask: Ask) -> None:
    """A request is one sample: its application has it, with the route's own name, and the client has not."""
    for probe in started(Sending(within, lambda: OPERATIONS, None, asks=False)):
        for number in range(3):
            assert ask(f"{within}/orders/{number}")[0] == 200
        assert asked(probe) == {"GET /api/orders/{order_id}": 3}
        assert probe.collect(None, print)["sent"] == {"timed": 0, "nameless": None}


def test_a_server_in_this_process_by_another_name(within: Address) -> None:
    """Virtual hosts are tested with a ``Host`` of one's own, which is no other server."""
    for probe in started(Sending(within, lambda: OPERATIONS, None, asks=False)):
        for path in ("orders/1", "orders/%32?a=b#c"):
            assert requests.get(f"{within}/{path}", headers={"Host": "shop.test"}, timeout=9).ok
            assert httpx.get(f"{within}/{path}", headers={"Host": "shop.test:1"}).is_success
        assert asked(probe) == {"GET /api/orders/{order_id}": 4}
        assert probe.collect(None, print)["sent"] == {"timed": 0, "nameless": None}


@pytest.mark.parametrize(
    ("host", "port", "root", "path", "arrived"),
    [
        ("127.0.0.1:8000", "", "", "/api/orders/3", [False, False, True]),
        # Below a mount: the oldest that waits.
        ("127.0.0.1:8000", "80", "", "/orders/3", [False, True, False]),
        ("shop.test", "8000", "", "/api/orders/3", [False, False, True]),
        ("shop.test", "8000", "", "/orders/3", [False, False, False]),
        ("shop.test", "80", "", "/api/orders/3", [False, False, False]),
        ("", "", "", "/api/orders/3", [False, False, False]),
        # What the server puts before a path, or cuts off it.
        ("shop.test", "8000", "/shop", "/shop/api/orders/3", [False, False, True]),
        ("shop.test", "8000", "/shop", "/else/api/orders/3", [False, False, False]),
        ("shop.test", "8000", "/api", "/orders/3", [False, False, True]),
        ("shop.test", "8000", "/api", "/api/orders/3", [False, False, True]),
    ],
)
def test_which_request_has_arrived(host: str, port: str, root: str, path: str, arrived: list[bool]) -> None:
    """The one with the same method and path, where its ``Host`` or the port that it came in by is the server's."""
    address = Address.parse("http://127.0.0.1:8000/api")
    sending = Sending(address, lambda: OPERATIONS, None, asks=False)
    recorder, sent = Recorder(), list[Observation]()
    recorder.live = recorder.counting = True
    for number, method in enumerate(("POST", "GET", "GET"), 1):
        exchange = sending.begin(recorder, "httpx", method, f"{address}/orders/{number}")
        assert exchange is not None
        sent.append(exchange._observation)
    sending.arrived(Received("GET", host, port, path, root))
    assert [one.done for one in sent] == arrived


def test_statements_of_a_server_are_not_known(probe: TrafficProbe, address: Address) -> None:
    """A request that sends none as far as one sees is no evidence that it sends none."""
    queries = QueriesProbe(probe.recorder, Path())
    queries.start()
    requests.get(f"{address}/orders/1", timeout=9)
    flask().test_client().get("/api/orders/1")
    assert list(queries.collect(None, print)["operations"]) == ["GET /api/orders/{order_id}"]
    queries.stop()


def test_at_the_same_time(probe: TrafficProbe, address: Address) -> None:
    """Requests that overlap do not mix up."""

    async def every() -> None:
        async with httpx.AsyncClient() as client:
            answers = await asyncio.gather(*(client.get(f"{address}/orders/{one}") for one in range(30)))
        assert {answer.status_code for answer in answers} == {200}

    asyncio.run(every())
    assert asked(probe) == {"GET /orders/{order_id}": 30}


def test_a_request_within_a_request(probe: TrafficProbe, address: Address) -> None:
    """What an application sends while it is tested is part of the request that it serves."""
    app = Flask(__name__)
    app.add_url_rule("/outer", view_func=lambda: requests.get(f"{address}/orders/1", timeout=9).json())
    assert app.test_client().get("/outer").json == {"id": 1}
    assert asked(probe) == {"GET /outer": 1}


def test_clients_in_process_are_not_seen_twice(address: Address) -> None:
    """A test client is a client of httpx too, whatever address it was given."""
    for probe in started(Sending(address, lambda: OPERATIONS, None, asks=False)):
        transport = httpx.ASGITransport(fastapi())

        async def get(transport: httpx.ASGITransport) -> int:
            async with httpx.AsyncClient(transport=transport) as client:
                return (await client.get(f"{address}/orders/1")).status_code

        assert asyncio.run(get(transport)) == 200
        transport_of_flask = httpx.WSGITransport(flask())
        with httpx.Client(transport=transport_of_flask) as client:
            assert client.get(f"{address}/orders/1").status_code == 200
        assert asked(probe) == {"GET /api/orders/{order_id}": 2}


def test_a_client_imported_later_is_tapped_at_the_next_test(address: Address) -> None:
    """``open_window`` notices what has been imported since; and until then nothing is imported."""
    code = f"""\
import sys
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.address import Address
from pytest_backend_gates.taps.sending import Sending
sending = Sending(Address.parse("{address}"), lambda: [("GET", "/orders/{{id}}")], None, asks=False)
probe = TrafficProbe(sending)
probe.start(); probe.open_window(); probe.close_window()
assert not {{"httpx", "httpx2", "requests"}} & {{*sys.modules}}
import httpx2
getattr(httpx2, "alias_httpx", lambda: None)()  # the oldest has none
import httpx, requests
for _ in range(2):
    for module in (httpx, httpx2, requests):
        probe.open_window(); module.get("{address}/orders/1"); probe.close_window()
print(probe.collect(None, print)["answers"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (
        "{'GET /orders/{id}': {'asked': 6, 'cut': 0, 'failures': {}}}\n",
        "",
    )


@pytest.mark.parametrize("module", [httpx, httpx2, requests], ids=lambda module: module.__name__)
def test_a_client_that_does_not_wait(probe: TrafficProbe, address: Address, module: ModuleType) -> None:
    """That has failed, and how long the server takes nobody knows: the shorter the patience, the faster it would seem."""
    for _ in range(3):
        with pytest.raises((httpx.ReadTimeout, httpx2.ReadTimeout, requests.ReadTimeout)) as caught:
            module.get(f"{address}/slow", timeout=0.05)
    collected = probe.collect(None, print)
    failed = {"asked": 3, "cut": 3, "failures": {caught.type.__name__: 3}}
    assert collected["answers"] == {"GET /slow": failed}
    assert Samples.from_plain(collected["operations"]["GET /slow"]).count == 0
