"""Ctrl-C while an operation is asked: nobody waits for an application or a server that would take minutes."""

import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_backend_gates.probes.contract.serving import Answer, failed
from pytest_backend_gates.probes.contract.serving_asgi import AsgiServer
from pytest_backend_gates.probes.contract.serving_http import HttpServer
from pytest_backend_gates.probes.contract.serving_lifespan import Message, Receive, Send
from pytest_backend_gates.taps.address import Address

#: Far more than any test takes.
MINUTES = 3600.0
SCOPE = {
    "type": "http",
    "method": "GET",
    "raw_path": b"/slow",
    "query_string": b"",
    "headers": [],
}

Server = AsgiServer | HttpServer


class App:
    """An application that blocks its event loop: to a request (or, *last*, to its shutdown) it has no answer."""

    def __init__(self, *, last: bool = False) -> None:
        self.last = last
        self.begun = threading.Event()
        self.over = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  as any ASGI application
        if scope["type"] == "http":
            self.hang()
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.last:
            self.hang()
        await send({"type": "lifespan.shutdown.complete"})

    def hang(self) -> None:
        self.begun.set()
        self.over.wait()


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def interrupted(server: Server, has_begun: Callable[[], object]) -> Answer:
    """Return what the engine is told of a request that is under way when the user presses Ctrl-C."""
    answers: list[Answer] = []
    engine = threading.Thread(target=lambda: answers.append(server.ask(SCOPE, b"")), daemon=True)

    def press() -> None:
        engine.start()
        has_begun()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), server:
        press()
    engine.join()
    return answers[0]


def test_an_application_that_does_not_answer() -> None:
    """Neither the engine nor the test waits for it."""
    app = App()
    server = AsgiServer(app, MINUTES)
    assert interrupted(server, app.begun.wait) == failed()
    app.over.set()
    server._thread.join()


def test_an_application_that_does_not_shut_down() -> None:
    """The test does not wait for it when it was interrupted before that."""
    app = App(last=True)
    server = AsgiServer(app, MINUTES)
    with pytest.raises(KeyboardInterrupt), server:
        raise KeyboardInterrupt
    app.over.set()
    server._thread.join()


def test_an_interrupt_while_an_application_shuts_down() -> None:
    """The test waits no longer."""
    app = App(last=True)
    server = AsgiServer(app, MINUTES)
    here, before = threading.get_ident(), signal.signal(signal.SIGINT, signal.default_int_handler)

    def press() -> None:
        app.begun.wait()
        signal.pthread_kill(here, signal.SIGINT)

    pressing = threading.Thread(target=press, daemon=True)
    try:
        with pytest.raises(KeyboardInterrupt), server:
            pressing.start()
    finally:
        signal.signal(signal.SIGINT, before)
    app.over.set()
    server._thread.join()


def test_a_server_that_does_not_answer(silent: socket.socket) -> None:
    """The engine does not wait for it."""
    address = Address.parse(f"http://127.0.0.1:{silent.getsockname()[1]}")
    accepted: list[socket.socket] = []
    server = HttpServer(address, MINUTES)
    assert interrupted(server, lambda: accepted.append(silent.accept()[0])) == failed()
    accepted[0].close()
    for thread in threading.enumerate():
        if thread.name == "backend-gates-asks":
            thread.join()


def test_what_is_asked_afterwards_begins_nothing() -> None:
    """Before the engine hears of its end it may ask once more: there is no coroutine that nobody awaits."""
    app = App()
    with AsgiServer(app, MINUTES) as server:
        pass
    assert server.ask(SCOPE, b"") == failed()
    gc.collect()
    assert not app.begun.is_set()
    assert (server.traffic.crashes, server.traffic.late) == ({}, {})


def test_what_was_answered_before_is_no_answer_to_what_is_asked_afterwards() -> None:
    """Nor is it the application's fault that there is none."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001 - it only answers
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first"})

    with AsgiServer(app, MINUTES) as server:
        assert server.ask(SCOPE, b"").status == 200
    assert server.ask(SCOPE, b"") == failed()
    assert (server.traffic.crashes, server.traffic.late) == ({}, {})
