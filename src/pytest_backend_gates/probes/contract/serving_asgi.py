"""An ASGI application, served on an event loop in a thread of its own, from its lifespan's start to its end."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, Final, Protocol, Self, TypeVar
from weakref import ref

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.probes.contract.hanging import Older, standing
from pytest_backend_gates.probes.contract.leaving import INSIDE
from pytest_backend_gates.probes.contract.own_threads import fleeting
from pytest_backend_gates.probes.contract.serving import (
    CASE_HEADER,
    STREAM_SECONDS,
    Answer,
    ServingError,
    Traffic,
    UnderWay,
    failed,
    header,
    too_long,
)
from pytest_backend_gates.probes.contract.serving_lifespan import App, Lifespan, Message, Receive, Send
from pytest_backend_gates.probes.contract.serving_threads import DaemonThreads

T = TypeVar("T")

#: Seconds that an application has to shut down, and then to end, when the user has pressed Ctrl-C.
_HURRY: Final = 0.2


class Asked(Protocol):
    """What is behind such a door."""

    def ask(self, scope: Message, body: bytes) -> Answer:
        """Answer one request, whatever happens."""


class AsgiDoor:
    """The ASGI application that the engine calls. It keeps what it calls until the interpreter exits: only this."""

    def __init__(self, server: Asked) -> None:
        self._server = ref(server)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        server = self._server()
        if server is None or scope["type"] != "http":
            raise NotImplementedError  # the engine then takes it that there is no lifespan: it is ours to run
        for message in _messages(server.ask(scope, await _read(receive))):
            await send(message)


class AsgiServer:
    """Serves *app*; a request may take *limit* seconds. The engine calls its :attr:`door`.

    Entering raises :class:`ServingError` when the application does not start.
    """

    def __init__(self, app: App, limit: float) -> None:
        self.traffic = Traffic()
        #: What went wrong when the application was shut down.
        self.closing: ServingError | None = None
        self._app = app
        self._limit = limit
        self.door = AsgiDoor(self)
        self._loop = _new_loop()
        self._thread = fleeting(threading.Thread(target=self._run, name="backend-gates-asgi", daemon=True))
        self._state: dict[str, Any] = {}
        self._lifespan: Lifespan | None = None
        self._ending = asyncio.Event()
        self._finished = threading.Event()
        #: The threads and tasks that no request has been the reason for.
        self._older = Older()
        self._under_way = UnderWay()
        self._is_interrupted = False

    def __enter__(self) -> Self:
        self._thread.start()
        self._lifespan = Lifespan(self._app, self._state)
        try:
            self._soon(self._lifespan.start(), "start")
        except BaseException as error:
            self._is_interrupted = isinstance(error, KeyboardInterrupt)
            self._stop()
            raise
        self._older = Older.now(self._loop)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._is_interrupted = kind is KeyboardInterrupt
        self._under_way.end()
        try:
            if self._lifespan is not None:
                self._soon(self._lifespan.stop(), "shut down")
        except ServingError as error:
            self.closing = error
        except KeyboardInterrupt:
            self._is_interrupted = True
            raise
        finally:
            self._stop()

    def ask(self, scope: Message, body: bytes) -> Answer:
        """Let the application answer; 500 in its place when it does not. Blocks the engine's event loop.

        That one's clock would stand still for as long as a test freezes the time.
        """
        target = scope["raw_path"].decode("latin-1") + "?" + scope["query_string"].decode("latin-1")
        name = self.traffic.note(
            scope["method"], target.removesuffix("?"), body, header(scope["headers"], "content-type")
        )
        answer = Answer()
        task = self._under_way.begin(
            lambda: asyncio.run_coroutine_threadsafe(self._answered(scope, body, answer), self._loop)
        )
        try:
            answer = self._waited(task, answer)
        except TimeoutError:
            stands = standing(self._loop, self._thread.ident, self._older)
            return self.traffic.give_up(f"no answer to {name} within {self._limit:g} s", stands)
        except CancelledError as error:
            if self._under_way.is_over:
                return failed()
            return self.traffic.crashed(header(scope["headers"], CASE_HEADER), error, answer)
        finally:
            task.cancel()
        return self.traffic.give_up(too_long(name)) if answer.too_long else answer

    def serve(self, seconds: float) -> None:
        """Wait so many *seconds*, or until :meth:`finish` is called. The answers come from the other thread."""
        self._finished.wait(seconds)

    def finish(self) -> None:
        """Wake the thread that waits in :meth:`serve`: nothing more will be asked."""
        self._finished.set()

    def _waited(self, task: "Future[Answer]", answer: Answer) -> Answer:
        first = min(STREAM_SECONDS, self._limit)
        try:
            return task.result(first)
        except TimeoutError:
            if answer.streams:
                return answer
        return task.result(self._limit - first)

    async def _answered(self, scope: Message, body: bytes, answer: Answer) -> Answer:
        """Let the application answer, here on its own loop."""
        case = header(scope["headers"], CASE_HEADER)
        INSIDE.set(case)
        exchange = _Exchange(body, answer)
        try:
            await self._app({**scope, "state": dict(self._state)}, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the application raised it: that is the finding
            if answer.enough or answer.too_long:
                return answer
            return self.traffic.crashed(case, error, answer)
        if not answer.ended and not answer.streams:
            unsaid = RuntimeError("the application returned without a complete response")
            return self.traffic.crashed(case, unsaid, answer)
        return answer

    def _soon(self, step: Coroutine[Any, Any, T], what: str) -> T:
        """Run *step* on the application's loop and wait for it. Raises :class:`ServingError`."""
        future = asyncio.run_coroutine_threadsafe(step, self._loop)
        try:
            return future.result(self._patience)
        except TimeoutError:
            future.cancel()
            raise ServingError(f"the application did not {what} within {self._patience:g} s") from None

    @property
    def _patience(self) -> float:
        if self._is_interrupted:
            return _HURRY
        return min(1.0, self._limit) if self.traffic.given_up else self._limit

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._ending.is_set():
            # The application may raise the first two in a task (its request is told of it too), cancel all tasks,
            # and stop the loop, which is a RuntimeError: the loop goes on.
            with suppress(SystemExit, KeyboardInterrupt, asyncio.CancelledError, RuntimeError):
                # As a server does: anyio keeps its threads for as long as this task lasts, else one begins with
                # every request.
                self._loop.run_until_complete(self._ending.wait())
        _emptied(self._loop)

    def _stop(self) -> None:
        self._under_way.end()  # what was begun is a task by the time that the loop ends
        self._loop.call_soon_threadsafe(self._ending.set)
        # One that hangs is left behind, with the threads that it hangs in: they are daemons, as this one is.
        self._thread.join(self._patience)


class _Exchange:
    """One request and what is said to it, between the application and its server."""

    def __init__(self, body: bytes, answer: Answer) -> None:
        self._body: bytes | None = body
        self._answer = answer
        self._over = asyncio.Event()

    async def receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._over.wait()  # as with a client that reads to the end and then leaves
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._answer.status = message["status"]
            self._answer.headers[:] = [
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
        elif message["type"] == "http.response.body":
            if not message.get("more_body", False):
                self._answer.ended = True
                self._over.set()
            self._answer.add(bytes(message.get("body", b"")))


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _messages(answer: Answer) -> list[Message]:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    return [
        {"type": "http.response.start", "status": answer.status, "headers": headers},
        {"type": "http.response.body", "body": b"".join(answer.pieces)},
    ]


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return a loop whose time goes on while a test has frozen it, and that leaves no thread to wait for."""
    loop = asyncio.new_event_loop()
    loop.time = Clock.monotonic  # type: ignore[method-assign]  # else it asks the time module, where the frozen one is
    loop.set_default_executor(DaemonThreads())
    return loop


def _emptied(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs on *loop*, and close it."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    with suppress(SystemExit, KeyboardInterrupt):
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
        loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
