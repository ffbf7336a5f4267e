"""One exercise under way: the engine in its thread, the application served in this one, and the time it may take."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.probes.contract.own_threads import fleeting
from pytest_backend_gates.probes.contract.setting import LIMIT
from pytest_backend_gates.probes.contract.tracebacks import raised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis.engine.events import EngineEvent

    from pytest_backend_gates.probes.contract.events import Listener
    from pytest_backend_gates.probes.contract.serving_asgi import AsgiServer
    from pytest_backend_gates.probes.contract.serving_http import HttpServer
    from pytest_backend_gates.probes.contract.serving_wsgi import WsgiServer


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds are waited for an application, and for the engine."""

    #: A request may take so many; so may all of an operation, but for the request that is under way then.
    limit: float = LIMIT
    #: So many the engine has then to end by itself, before its thread is left behind.
    grace: float = 5.0


PATIENCE: Final = Patience()


class Stream(Protocol):
    """The engine's events, as it makes them."""

    def __iter__(self) -> "Iterator[EngineEvent]":
        """Let the engine work, and tell of it."""

    def stop(self) -> None:
        """Have it end before the next test case."""


class Exercising:
    """An exercise. Its time begins when the engine does."""

    def __init__(
        self, listener: "Listener", server: "AsgiServer | WsgiServer | HttpServer", patience: Patience
    ) -> None:
        self._listener = listener
        self._server = server
        self._limit = patience.limit
        self._grace = patience.grace
        self._most = 2 * patience.limit + patience.grace
        self._deadline = self._end = float("inf")
        self._over = threading.Event()
        self._raised: BaseException | None = None

    def interrupt(self) -> None:
        """Raise ``KeyboardInterrupt`` if it has to end now. The engine calls this, and tells what it has found until then."""
        if self._exhausted or self._server.traffic.given_up is not None:
            raise KeyboardInterrupt

    def run(self, stream: Stream) -> None:
        """Serve until the engine is done."""
        start = Clock.monotonic()  # it has been imported by now
        self._deadline, self._end = start + self._limit, start + self._most
        fleeting(
            threading.Thread(target=self._listen, args=(stream,), name="backend-gates-engine", daemon=True)
        ).start()
        try:
            self._serve(stream)
        finally:
            self._listener.exhausted |= self._exhausted and self._listener.stopped
            stream.stop()
        if isinstance(self._raised, Exception):
            self._listener.errors.append(f"schemathesis raised {raised(self._raised)}")
        elif self._raised is not None:
            raise self._raised

    @property
    def _exhausted(self) -> bool:
        return Clock.monotonic() >= self._deadline

    def _serve(self, stream: Stream) -> None:
        left = self._most
        while left > 0 and not self._over.is_set():
            if left > self._grace:
                self._server.serve(left - self._grace)
            else:
                stream.stop()  # it has not called interrupt(): it generates what it will send later
                self._server.serve(left)
            left = self._end - Clock.monotonic()
        if not self._over.is_set():
            self._listener.errors.append(f"the engine did not end within {self._most:g} s")

    def _listen(self, stream: Stream) -> None:
        try:
            for event in stream:
                self._listener.hear(event)
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits, and told or raised there
            self._raised = error
        finally:
            self._over.set()
            self._server.finish()
