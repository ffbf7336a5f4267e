"""The lifespan of an ASGI application: begun before the first request, ended after the last."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pytest_backend_gates.probes.contract.leaving import INSIDE, LIFESPAN
from pytest_backend_gates.probes.contract.serving import ServingError

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Lifespan:
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
        INSIDE.set(LIFESPAN)
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
