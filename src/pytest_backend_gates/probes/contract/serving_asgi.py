"""An ASGI application, served on an event loop in a thread of its own, from its lifespan's start to its end."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pytest_backend_gates.probes.contract.serving import (
    CASE_HEADER,
    INSIDE,
    STREAM_SECONDS,
    Answer,
    ServingError,
    Traffic,
    failed,
    header,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
T = TypeVar("T")


class _EnoughError(BaseException):
    """Raised into an application that would stream for ever."""


class AsgiServer:
    """Serves *app*; a request may take *limit* seconds. Is itself the ASGI application that the engine calls.

    Entering raises :class:`ServingError` when the application does not start.
    """

    def __init__(self, app: App, limit: float) -> None:
        self.traffic = Traffic()
        #: What went wrong when the application was shut down.
        self.closing: ServingError | None = None
        self._app = app
        self._limit = limit
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="backend-gates-asgi", daemon=True)
        self._state: dict[str, Any] = {}
        self._lifespan: _Lifespan | None = None
        self._ending = False
        self._finished = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._lifespan = _Lifespan(self._app, self._state)
        try:
            self._soon(self._lifespan.start(), "start")
        except ServingError:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._lifespan is not None:
                self._soon(self._lifespan.stop(), "shut down")
        except ServingError as error:
            self.closing = error
        finally:
            self._stop()
            del self._app  # the engine keeps its applications for the life of the process: this is one to it

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError  # the engine then takes it that there is no lifespan: it is ours to run
        body = await _read(receive)
        target = scope["raw_path"].decode("latin-1") + "?" + scope["query_string"].decode("latin-1")
        name = self.traffic.note(
            scope["method"], target.removesuffix("?"), body, header(scope["headers"], "content-type")
        )
        answer = Answer()
        task = asyncio.run_coroutine_threadsafe(self._answered(scope, body, answer), self._loop)
        try:
            answer = await self._waited(task, answer)
        except TimeoutError:
            self.traffic.hung = name
            answer = failed()
        finally:
            task.cancel()
        for message in _messages(answer):
            await send(message)

    def serve(self, seconds: float) -> None:
        """Wait so many *seconds*, or until :meth:`finish` is called. The answers come from the other thread."""
        self._finished.wait(seconds)

    def finish(self) -> None:
        """Wake the thread that waits in :meth:`serve`: nothing more will be asked."""
        self._finished.set()

    async def _waited(self, task: "Future[Answer]", answer: Answer) -> Answer:
        waiting = asyncio.wrap_future(task)
        await asyncio.wait({waiting}, timeout=min(STREAM_SECONDS, self._limit))
        if not waiting.done() and answer.streams:
            return answer
        return await asyncio.wait_for(waiting, self._limit)

    async def _answered(self, scope: Message, body: bytes, answer: Answer) -> Answer:
        """Let the application answer, here on its own loop."""
        INSIDE.set(True)
        exchange = _Exchange(body, answer)
        try:
            await self._app({**scope, "state": dict(self._state)}, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the application raised it: that is the finding
            if answer.enough:
                return answer
            return self.traffic.crashed(header(scope["headers"], CASE_HEADER), error, answer)
        if not answer.ended and not answer.streams:
            unsaid = RuntimeError("the application returned without a complete response")
            return self.traffic.crashed(header(scope["headers"], CASE_HEADER), unsaid, answer)
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
        return min(1.0, self._limit) if self.traffic.hung else self._limit

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._ending:
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # A task of the application raised it. Its request is told of it too: the loop goes on.
                continue
        _emptied(self._loop)

    def _stop(self) -> None:
        self._ending = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._patience)  # one that hangs is left behind, and its threads: all are daemons


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
            self._answer.pieces.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self._answer.ended = True
                self._over.set()
            if self._answer.enough:
                raise _EnoughError


class _Lifespan:
    """The lifespan protocol of one application."""

    def __init__(self, app: App, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state
        self._asked = False
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    async def start(self) -> None:
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._step("startup", "start")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._step("shutdown", "shut down")
            await self._task
        if self._asked and self._error is not None:
            raise ServingError("the application failed in its lifespan", self._error)

    async def _step(self, step: str, what: str) -> None:
        await self._to_app.put({"type": f"lifespan.{step}"})
        told = await self._from_app.get()
        if told is None:
            if self._asked and self._error is not None:
                raise ServingError(f"the application failed to {what}", self._error)
            return  # it knows no lifespan
        if told["type"] == f"lifespan.{step}.failed":
            await self._from_app.get()  # most raise, having said so
            text = "" if self._error else str(told.get("message") or "").strip()
            raise ServingError(
                ": ".join([f"the application failed to {what}", *text.splitlines()[-1:]]), self._error
            )

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self._state}
        INSIDE.set(True)
        try:
            await self._app(scope, self._receive, self._from_app.put)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - as above: what the application raised is told
            self._error = error
        finally:
            self._from_app.put_nowait(None)

    async def _receive(self) -> Message:
        self._asked = True
        return await self._to_app.get()


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
