"""An exercise ends when its time is up, whatever the engine is busy with, and leaves nothing behind."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any
from weakref import ref

import pytest
import schemathesis
from fastapi import FastAPI
from flask import Flask
from schemathesis.hooks import unregister
from starlette.responses import StreamingResponse

from pytest_backend_gates.probes.contract import engine
from pytest_backend_gates.probes.contract.engine import Api
from pytest_backend_gates.probes.contract.findings import Exercise
from pytest_backend_gates.probes.contract.serving import LONGEST
from pytest_backend_gates.probes.contract.serving_asgi import AsgiServer
from pytest_backend_gates.probes.contract.serving_wsgi import WsgiServer

Exercised = Callable[..., dict[str, Exercise]]
ANYTHING = {"responses": {"200": {"description": "it"}}}


def test_the_time_runs_out(exercise: Exercised) -> None:
    """Slow is no error: what was found until then counts, and the operation is not proven."""
    app = FastAPI()
    answers: list[int] = []

    @app.get("/slow/{number}")
    async def slow(number: int) -> dict[str, int]:
        if answers:  # the first one is in time
            await asyncio.sleep(2)
        answers.append(number)
        prices: dict[int, dict[str, int]] = {}
        return prices[number]

    (result,) = exercise(app, limit=2.5).values()
    assert (result.errors, result.exhausted, result.unproven) == ((), True, "the time ran out")
    assert [one.title for one in result.failures] == ["500 Internal Server Error (KeyError)"]


@pytest.fixture
def refuses_slowly() -> Iterator[list[str]]:
    """Have a project's hook refuse all that is generated, slowly; return the phases that it was asked in."""
    phases: list[str] = []

    @schemathesis.hook
    def filter_case(context: object, case: Any) -> bool:  # noqa: ANN401, ARG001  as schemathesis calls it
        phases.append(case.meta.phase.name.value)
        time.sleep(0.5)
        return False

    yield phases
    unregister(filter_case)


@pytest.mark.parametrize("phase", ["fuzzing", "coverage"])
def test_the_time_runs_out_while_nothing_is_sent(
    exercise: Exercised, tmp_path: Path, refuses_slowly: list[str], phase: str
) -> None:
    """The engine ends by itself also while it only generates."""
    others = {"examples", "coverage", "fuzzing"} - {phase}
    (tmp_path / "schemathesis.toml").write_text(
        "".join(f"[phases.{other}]\nenabled = false\n" for other in sorted(others))
        + "[generation]\nmax-examples = 1000\n"
    )
    app = FastAPI()

    @app.get("/")
    def index(a: int = 0, b: float = 0.0, c: str = "", d: int = 0) -> str:
        return f"{a} {b} {c} {d}"

    (result,) = exercise(app, limit=1.5).values()
    assert (result.errors, result.exhausted, result.requests) == ((), True, 0)
    assert result.unproven == "the time ran out"
    assert set(refuses_slowly) == {phase}


def test_the_engine_is_left_behind(exercise: Exercised, written: Callable[..., Path]) -> None:
    """Where nothing can be broken off, outside of the main thread."""
    app, results, wake = Flask(__name__), {}, Event()
    app.get("/hangs")(lambda: str(wake.wait()))
    schema = written({"/hangs": {"get": ANYTHING}})

    def run() -> None:
        results.update(exercise(app, schema, limit=0.2, grace=0.3))

    thread = Thread(target=run)
    thread.start()
    thread.join()
    wake.set()
    assert results["GET /hangs"].errors == ("the engine did not end within 0.7 s",)


def test_an_answer_without_end(exercise: Exercised, written: Callable[..., Path]) -> None:
    """It is given up when it is longer than anyone would read, and no more of it is kept than that."""
    pieces: list[int] = []

    def for_ever() -> Iterator[bytes]:
        while True:
            pieces.append(1)
            yield bytes(2**20)

    async def asynchronous() -> AsyncIterator[bytes]:
        for piece in for_ever():
            yield piece

    schema = written({"/": {"get": ANYTHING}})
    asgi, wsgi, starlettes = FastAPI(), Flask(__name__), FastAPI()
    asgi.get("/")(lambda: StreamingResponse(asynchronous()))
    starlettes.get("/")(lambda: StreamingResponse(for_ever()))
    wsgi.get("/")(for_ever)
    for app in (asgi, starlettes, wsgi):
        pieces.clear()
        result = exercise(app, schema)["GET /"]
        assert result.errors == ("the answer to GET / is longer than 16 MiB: the request was given up",)
        assert (result.exhausted, result.unproven) == (False, "it could not be exercised")
        assert LONGEST // 2**20 < len(pieces) < LONGEST // 2**20 + 5


def test_a_long_answer(exercise: Exercised, written: Callable[..., Path]) -> None:
    """One that is just short enough is an answer."""
    app = Flask(__name__)
    app.get("/")(lambda: bytes(LONGEST))
    result = exercise(app, written({"/": {"get": ANYTHING}}), limit=60.0)["GET /"]
    assert (result.errors, result.failures, result.unproven) == ((), (), None)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    yield {"app": app}


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_nothing_is_kept(
    load: Callable[..., Api], written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Neither the application nor what served it is left when the exercise is over: the engine would keep both."""
    app: Any = FastAPI(lifespan=lifespan) if kind == "asgi" else Flask(__name__)
    app.get("/")(lambda: "x")  # a class would have no signature
    kept = []
    for server in (AsgiServer, WsgiServer):

        class Watched(server):  # type: ignore[misc, valid-type]  # one of the two
            def __enter__(self) -> Any:  # noqa: ANN401  as above it
                kept.append(ref(self))
                return super().__enter__()

        monkeypatch.setattr(engine, server.__name__, Watched)
    api = load(app, written({"/": {"get": ANYTHING}}))
    result = api.exercise(api.operations[0], app)
    assert (result.errors, result.unproven, len(kept)) == ((), None, 1)
    kept.append(ref(app))
    del app, api
    gc.collect()
    assert [one() for one in kept] == [None, None]
