"""An ASGI application whose calls hang in threads, that cancels itself, or for which the time stands still."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Never

import pytest
from fastapi import FastAPI

from pytest_backend_gates.probes.contract.findings import Exercise
from pytest_backend_gates.probes.contract.serving import Answer
from pytest_backend_gates.probes.contract.serving_asgi import AsgiServer

Exercised = Callable[..., dict[str, Exercise]]

SCRIPT = """\
import asyncio, sys, threading
from pathlib import Path
from fastapi import Depends, FastAPI
from pytest_backend_gates.probes.contract import engine
from pytest_backend_gates.probes.contract.exercising import Patience

def hang():
    threading.Event().wait()

async def to_thread():
    await asyncio.to_thread(hang)

async def in_executor():
    await asyncio.get_running_loop().run_in_executor(None, hang)

async def depends(_=Depends(hang)):
    pass

app = FastAPI()
app.get("/")(globals()[sys.argv[1]])
api = engine.load(app, None, checks=(), rootdir=Path("/"), patience=Patience(2.0, 5.0))
print(*api.exercise(api.operations[0], app).errors, sep="\\n")
"""


@pytest.mark.parametrize("how", ["hang", "to_thread", "in_executor", "depends"])
def test_a_thread_that_hangs_keeps_no_process_from_ending(how: str) -> None:
    """Neither asyncio's threads nor anyio's, of routes and of dependencies."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], check=False, timeout=120, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("no answer to GET / within 2 s: the request was given up"), ran.stdout


class _Recorded(Future[Answer]):
    """An answer that never comes, and how long it was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def result(self, timeout: float | None = None) -> Answer:
        self.waits.append(timeout)
        raise TimeoutError


async def no_app(*_: object) -> None:
    """Know no lifespan, and answer nothing."""


@pytest.mark.parametrize(("limit", "waits"), [(10.0, [1.0, 9.0]), (1.5, [1.0, 0.5]), (0.5, [0.5, 0.0])])
def test_how_long_an_answer_may_take(limit: float, waits: list[float]) -> None:
    """The limit in all, also when it was seen on the way whether it is a stream."""
    task = _Recorded()
    with AsgiServer(no_app, limit) as server, pytest.raises(TimeoutError):
        server._waited(task, Answer())
    assert task.waits == waits


async def cancels_itself() -> Never:
    raise asyncio.CancelledError


async def has_its_task_cancelled() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)


@pytest.mark.parametrize("handler", [cancels_itself, has_its_task_cancelled])
def test_it_cancels_itself(exercise: Exercised, handler: Callable[[], object]) -> None:
    """That is how the application failed, and not the engine."""
    app = FastAPI()
    app.get("/", response_model=None)(handler)
    (result,) = exercise(app).values()
    assert [(one.title, one.message) for one in result.failures] == [
        ("500 Internal Server Error (CancelledError)", "CancelledError")
    ]
    assert result.errors == ()


def test_the_time_is_frozen(exercise: Exercised, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on for the loops that serve: what waits a moment answers, and what hangs is given up."""
    app, frozen = FastAPI(), time.monotonic()

    @app.get("/waits")
    async def waits() -> None:
        await asyncio.sleep(0.01)

    @app.get("/hangs")
    async def hangs() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(time, "monotonic", lambda: frozen)
    results = exercise(app, limit=2.0)
    assert (results["GET /waits"].errors, results["GET /waits"].unproven) == ((), None)
    assert results["GET /hangs"].errors == ("no answer to GET /hangs within 2 s: the request was given up",)
