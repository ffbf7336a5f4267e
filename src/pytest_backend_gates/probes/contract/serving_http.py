"""The server at the base URL, as the engine meets it: one that hands every request on."""

import threading
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Self

from pytest_backend_gates.probes.contract.own_threads import fleeting
from pytest_backend_gates.probes.contract.serving import (
    Answer,
    ServingError,
    Traffic,
    UnderWay,
    failed,
    header,
    too_long,
)
from pytest_backend_gates.probes.contract.serving_asgi import AsgiDoor
from pytest_backend_gates.probes.contract.serving_lifespan import Message
from pytest_backend_gates.probes.contract.wire import Request, WireError, ask
from pytest_backend_gates.taps.address import Address


class HttpServer:
    """Stands for the server at *address*; a request may take *limit* seconds. The engine calls its :attr:`door`.

    The engine has no connection of its own: what it asks is sent by :func:`wire.ask` alone.
    """

    def __init__(self, address: Address, limit: float) -> None:
        self.traffic = Traffic()
        self.closing: ServingError | None = None
        self.door = AsgiDoor(self)
        self._address = address
        self._limit = limit
        self._finished = threading.Event()
        self._under_way = UnderWay()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._under_way.end()

    def ask(self, scope: Message, body: bytes) -> Answer:
        """Let the server answer; 500 in its place when it does not."""
        query = scope["query_string"].decode("latin-1")
        target = f"{scope['raw_path'].decode('latin-1')}?{query}".removesuffix("?")
        method, content_type = scope["method"], header(scope["headers"], "content-type")
        name = self.traffic.note(method, target, body, content_type)
        headers = [(key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]]
        try:
            answer = self._under_way.begin(
                partial(self._sent, Request(method, target, headers, body))
            ).result()
        except CancelledError:
            return failed()
        except WireError as error:
            return self.traffic.give_up(f"{self._address}, {name}: {error}")
        return self.traffic.give_up(too_long(name)) if answer.too_long else answer

    def _sent(self, request: Request) -> Future[Answer]:
        """Send *request* in a thread that can be left behind: nothing else ends what waits for a server."""
        answer = Future[Answer]()

        def send() -> None:
            try:
                tell = partial(answer.set_result, ask(self._address, request, self._limit))
            except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
                tell = partial(answer.set_exception, error)
            if answer.set_running_or_notify_cancel():
                tell()

        fleeting(threading.Thread(target=send, name="backend-gates-asks", daemon=True)).start()
        return answer

    def serve(self, seconds: float) -> None:
        """Wait so many *seconds*, or until :meth:`finish` is called. The answers come from elsewhere."""
        self._finished.wait(seconds)

    def finish(self) -> None:
        """Wake the thread that waits in :meth:`serve`: nothing more will be asked."""
        self._finished.set()
