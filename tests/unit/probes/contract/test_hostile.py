"""Applications that hang, leave, fail to start, or say nothing usable: no exercise of them looks like a good one."""

import asyncio
import os
import re
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Never

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from flask import Flask, Response
from flask.typing import ResponseReturnValue
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response as Answered

from pytest_backend_gates.probes.contract import events
from pytest_backend_gates.probes.contract.engine import Api, ContractError
from pytest_backend_gates.probes.contract.findings import Exercise

Exercised = Callable[..., dict[str, Exercise]]
HERE = Path(__file__).parent
ANYTHING = {"responses": {"200": {"description": "it"}}}
#: What a request that hangs is given: enough for what comes before it, on a busy machine too.
LIMIT = 1.5


async def sleeps() -> None:
    await asyncio.sleep(3600)


async def blocks() -> None:
    time.sleep(3600)  # noqa: ASYNC251  that is what is wrong with it


def sleeps_in_a_thread() -> None:
    time.sleep(3600)


async def passes_on(request: Request, call_next: RequestResponseEndpoint) -> Answered:
    return await call_next(request)


def given_up(handler: Callable[[], Any]) -> str:
    """Return what is told of *handler*, all of which is one line of this file."""
    line = handler.__code__.co_firstlineno + 1
    return (
        f"no answer to GET /hangs within {LIMIT} s: the request was given up at {Path(__file__).name}:{line}"
    )


@pytest.mark.parametrize(
    ("handler", "middleware"), [(sleeps, False), (sleeps, True), (blocks, True), (sleeps_in_a_thread, True)]
)
def test_asgi_hangs(load: Callable[..., Api], handler: Callable[[], Any], *, middleware: bool) -> None:
    """The request is given up, that operation is an error that says where, and the next one is exercised."""
    app = FastAPI()
    app.get("/hangs")(handler)
    app.get("/ok")(lambda: 1)
    if middleware:
        app.middleware("http")(passes_on)
    hangs, ok = load(app, limit=LIMIT).operations
    result = load(app, limit=LIMIT, rootdir=HERE).exercise(hangs, app)
    assert given_up(handler) in result.errors
    assert result.unproven == "it could not be exercised"
    result = load(app).exercise(ok, app)
    assert (result.errors, result.unproven) == ((), None)


def test_wsgi_hangs(load: Callable[..., Api], written: Callable[..., Path]) -> None:
    """A sleep in the test's own thread is broken off, and an alarm that another plugin has set still rings."""
    app = Flask(__name__)
    rung = []
    app.add_url_rule("/hangs", view_func=sleeps_in_a_thread)  # type: ignore[arg-type]  # it never returns
    app.get("/ok")(dict)
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        schema = written({"/hangs": {"get": ANYTHING}, "/ok": {"get": ANYTHING}})
        hangs, ok = load(app, schema).operations
        result = load(app, schema, limit=LIMIT, rootdir=HERE).exercise(hangs, app)
        assert result.errors == (given_up(sleeps_in_a_thread),)
        result = load(app, schema).exercise(ok, app)
        assert (result.errors, result.unproven) == ((), None)
        while not rung and signal.getitimer(signal.ITIMER_REAL)[0]:
            time.sleep(0.01)
        assert rung == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def leaves_by_sys() -> Never:
    sys.exit(0)


def leaves_by_os() -> Never:
    os._exit(0)


def raises_keyboard_interrupt() -> Never:
    raise KeyboardInterrupt


async def leaves_in_the_loop() -> Never:
    sys.exit(0)


LEAVING = [
    (leaves_by_sys, "SystemExit: 0"),
    (leaves_by_os, "os._exit(0)"),
    (leaves_in_the_loop, "SystemExit: 0"),
    (raises_keyboard_interrupt, "KeyboardInterrupt"),
]


@pytest.mark.parametrize(("handler", "message"), LEAVING)
def test_asgi_leaves(exercise: Exercised, handler: Callable[[], Never], message: str) -> None:
    """Whatever would end the process is a failure of the operation."""
    app = FastAPI()
    app.get("/leaves", response_model=None)(handler)
    app.get("/ok")(lambda: 1)
    results = exercise(app, rootdir=HERE)
    (failure,) = results["GET /leaves"].failures
    assert (failure.check, failure.status, failure.message) == ("not_a_server_error", 500, message)
    assert failure.path == "test_hostile.py"
    assert (results["GET /ok"].errors, results["GET /ok"].answered) == ((), True)


@pytest.mark.parametrize(("handler", "message"), LEAVING[:2])
def test_wsgi_leaves(
    exercise: Exercised, written: Callable[..., Path], handler: Callable[[], Never], message: str
) -> None:
    """The same for WSGI; ``os._exit`` is given back afterwards."""
    before = os._exit
    app = Flask(__name__)
    app.get("/leaves")(handler)
    (failure,) = exercise(app, written({"/leaves": {"get": ANYTHING}}))["GET /leaves"].failures
    assert (failure.title.partition(" (")[0], failure.message) == ("500 Internal Server Error", message)
    assert os._exit is before


def leaves_in_a_thread() -> dict[str, str]:
    thread = threading.Thread(target=leaves_by_os)
    thread.start()
    thread.join()
    return {}


def test_it_leaves_in_a_thread(exercise: Exercised, written: Callable[..., Path]) -> None:
    """A thread that it starts is its own: that is a failure of the operation, beside the answer that it gave."""
    asgi, wsgi, anything = FastAPI(), Flask(__name__), {"/leaves": {"get": ANYTHING}}
    asgi.get("/leaves")(leaves_in_a_thread)
    wsgi.get("/leaves")(leaves_in_a_thread)
    for app in (asgi, wsgi):
        result = exercise(app, written(anything), rootdir=HERE)["GET /leaves"]
        (failure,) = result.failures
        assert failure.text().splitlines()[::2] == [
            "200 OK, but the application tried to end the process  [not_a_server_error]",
            "os._exit(0)",
        ]
        assert (failure.path, set(result.statuses)) == ("test_hostile.py", {200})


def test_it_leaves_in_a_thread_of_its_lifespan(exercise: Exercised) -> None:
    """That is no operation's failure, and an error of the exercise."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(leaves_in_a_thread)
        yield

    app = FastAPI(lifespan=lifespan)
    app.get("/ok")(lambda: 1)
    result = exercise(app)["GET /ok"]
    assert (result.errors, result.failures) == (
        ("the application tried to end the process, outside of a request",),
        (),
    )


def fails_later() -> None:
    raise RuntimeError("the mail server is down")


def test_asgi_raises_beside_its_answer(exercise: Exercised, tmp_path: Path) -> None:
    """The client has the answer; what a background task raises is a failure of its own, unless that is not checked."""
    app = FastAPI()

    @app.get("/mails")
    def mails(tasks: BackgroundTasks) -> dict[str, str]:
        tasks.add_task(fails_later)
        return {}

    result = exercise(app, rootdir=HERE)["GET /mails"]
    (failure,) = result.failures
    assert failure.text() == (
        "200 OK, but the application raised RuntimeError  [not_a_server_error]\n"
        f"raised at {failure.frame}\n"
        "RuntimeError: the mail server is down\n"
        "curl -X GET http://testserver/mails"
    )
    assert (failure.path, failure.count, dict(result.statuses)) == (
        "test_hostile.py",
        result.requests,
        {200: result.requests},
    )
    assert failure.finding(result.operation).identity == (
        "not_a_server_error 200 beside_the_answer RuntimeError test_hostile.py"
    )
    (tmp_path / "schemathesis.toml").write_text("[checks]\nnot_a_server_error.enabled = false\n")
    assert exercise(app)["GET /mails"].failures == ()


class FailsWhenClosed:
    def __iter__(self) -> Iterator[bytes]:
        return iter([b"{}"])

    def close(self) -> None:
        fails_later()


def test_wsgi_raises_beside_its_answer(exercise: Exercised, written: Callable[..., Path]) -> None:
    """What closing a complete body raises; of one that breaks off before its end the client has no answer."""

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response("200 OK", [("content-type", "application/json")])
        return FailsWhenClosed() if environ["PATH_INFO"] == "/closed" else (bytes(1 // 0) for _ in "x")

    results = exercise(app, written({"/closed": {"get": ANYTHING}, "/broken": {"get": ANYTHING}}))
    assert {name: [one.title for one in result.failures] for name, result in results.items()} == {
        "GET /closed": ["200 OK, but the application raised RuntimeError"],
        "GET /broken": ["500 Internal Server Error (ZeroDivisionError)"],
    }


def test_the_user_interrupts(load: Callable[..., Api], written: Callable[..., Path]) -> None:
    """A Ctrl-C while a WSGI application answers is the user's, as far as anyone can tell: the session ends."""
    app = Flask(__name__)
    app.get("/")(raises_keyboard_interrupt)
    api = load(app, written({"/": {"get": ANYTHING}}))
    with pytest.raises(KeyboardInterrupt):
        api.exercise(api.operations[0], app)


def test_a_lifespan_ends_with_the_exercise(exercise: Exercised) -> None:
    """It is begun once for an operation, in the loop that answers, and ended; what it yields reaches the requests."""
    log = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, int]]:
        loop = asyncio.get_running_loop()
        log.append("up")
        yield {"loop": id(loop)}
        log.append("down")

    app = FastAPI(lifespan=lifespan)

    async def same_loop(request: Request) -> bool:
        return bool(request.state.loop == id(asyncio.get_running_loop()))

    app.get("/one")(same_loop)
    app.get("/two")(same_loop)
    results = exercise(app)
    assert log == ["up", "down"] * 2
    assert [(one.errors, one.failures, one.answered) for one in results.values()] == [((), (), True)] * 2


@asynccontextmanager
async def fails_at_the_start(_: FastAPI) -> AsyncIterator[None]:
    raise RuntimeError("no database")
    yield


@asynccontextmanager
async def fails_at_the_end(_: FastAPI) -> AsyncIterator[None]:
    yield
    raise RuntimeError("no database")


@asynccontextmanager
async def never_starts(_: FastAPI) -> AsyncIterator[None]:
    await asyncio.sleep(3600)
    yield


@pytest.mark.parametrize(
    ("lifespan", "limit", "error"),
    [
        (
            fails_at_the_start,
            10.0,
            r"the application failed to start: RuntimeError: no database, at test_hostile\.py:\d+",
        ),
        (
            fails_at_the_end,
            10.0,
            r"the application failed to shut down: RuntimeError: no database, at test_hostile\.py:\d+",
        ),
        (never_starts, 0.5, r"the application did not start within 0\.5 s"),
    ],
)
def test_a_lifespan_that_fails(
    exercise: Exercised, lifespan: Callable[..., Any], limit: float, error: str
) -> None:
    """It is an error, also at the end, when all answers were good."""
    app = FastAPI(lifespan=lifespan)
    app.get("/")(lambda: 1)
    (told,) = exercise(app, rootdir=HERE, limit=limit)["GET /"].errors
    assert re.fullmatch(error, told), told


def test_exceptions_beside_the_answer(exercise: Exercised) -> None:
    """In the middle of a stream, and in a background task: the answer had begun, and is a failure."""
    app = FastAPI()

    async def broken() -> AsyncIterator[str]:
        yield "[1,"
        raise ValueError("in the middle")

    def later() -> Never:
        raise LookupError("later")

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(broken(), media_type="application/json")

    @app.get("/background")
    def background(tasks: BackgroundTasks) -> int:
        tasks.add_task(later)
        return 1

    results = exercise(app)
    assert [one.failures[0].message for one in results.values()] == [
        "ValueError: in the middle",
        "LookupError: later",
    ]


def test_event_streams_are_cut(exercise: Exercised, written: Callable[..., Path]) -> None:
    """They never end, and are none the worse for it."""

    async def for_ever() -> AsyncIterator[str]:
        while True:
            yield "data: tick\n\n"
            await asyncio.sleep(0.001)

    def ticks() -> Iterator[str]:
        while True:
            yield "data: tick\n\n"

    stream = {"responses": {"200": {"description": "ticks", "content": {"text/event-stream": {}}}}}
    schema = written({"/": {"get": stream}})
    asgi, wsgi = FastAPI(), Flask(__name__)
    asgi.get("/")(lambda: StreamingResponse(for_ever(), media_type="text/event-stream"))
    wsgi.get("/")(lambda: Response(ticks(), mimetype="text/event-stream"))
    for app in (asgi, wsgi):
        result = exercise(app, schema)["GET /"]
        assert (result.errors, result.failures, result.answered) == ((), (), True)


def test_an_application_that_says_nothing(exercise: Exercised, written: Callable[..., Path]) -> None:
    """Neither server invents a good answer."""

    async def asgi(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  as ASGI has it
        pass

    def wsgi(*_: object) -> list[bytes]:
        return []

    schema = written({"/": {"get": ANYTHING}})
    messages = [exercise(app, schema)["GET /"].failures[0].message for app in (asgi, wsgi)]
    assert messages == [
        "RuntimeError: the application returned without a complete response",
        "RuntimeError: the application returned without a response",
    ]


def test_an_unknown_event(exercise: Exercised, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine says and nobody here knows is an error, and so is an end that nobody told of."""
    app = FastAPI()
    app.get("/")(lambda: 1)
    monkeypatch.setattr(events, "_PROGRESS", events._PROGRESS[1:])
    assert exercise(app)["GET /"].errors == (
        "schemathesis sent an event that is not known here: EngineStarted",
    )
    monkeypatch.undo()
    heard = {name: hear for name, hear in events._HEARD.items() if name != "EngineFinished"}
    monkeypatch.setattr(events, "_HEARD", heard)
    monkeypatch.setattr(events, "_PROGRESS", (*events._PROGRESS, "EngineFinished"))
    assert exercise(app)["GET /"].errors == ("schemathesis ended without its last event",)


def raises(_: object) -> Never:
    raise LookupError("no routes")


@pytest.mark.parametrize(
    ("app", "text", "message"),
    [
        (
            Flask(__name__),
            None,
            "no API schema configured: Flask makes none of its routes",
        ),
        (type("Odd", (), {"openapi": raises})(), None, "Odd.openapi() raised LookupError: no routes"),
        (FastAPI(), None, "the schema declares no operation: its 'paths' are empty"),
        (
            FastAPI(),
            '{"hello": 1}',
            "{path} is no OpenAPI schema: it has neither 'openapi' nor 'swagger' at its top",
        ),
        (
            FastAPI(),
            '{"openapi": "3.0.0", "paths": []}',
            "{path}: 'paths' has to be an object, with a path template for each key",
        ),
        (
            FastAPI(),
            "{",
            "backend_gates_schema: {path} is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
    ],
)
def test_no_contract(
    load: Callable[..., Api], tmp_path: Path, app: object, text: str | None, message: str
) -> None:
    """A schema that is none is told at once, with what to do about it."""
    schema = None
    if text is not None:
        schema = tmp_path / "openapi.json"
        schema.write_text(text)
    with pytest.raises(ContractError) as raised:
        load(app, schema)
    assert str(raised.value) == message.format(path=schema)


def test_yaml_runs_nothing(load: Callable[..., Api], tmp_path: Path) -> None:
    """A schema file is data."""
    (tmp_path / "api.yaml").write_text(f"openapi: !!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    with pytest.raises(
        ContractError, match=r"api\.yaml is not YAML or JSON: could not determine a constructor"
    ):
        load(FastAPI(), Path("api.yaml"))
    assert not (tmp_path / "made").exists()


def test_an_unknown_check(load: Callable[..., Api]) -> None:
    """It would silently never be made."""
    with pytest.raises(ContractError) as raised:
        load(FastAPI(), None, ["not_a_server_eror"])
    assert str(raised.value).startswith(
        "backend_gates_checks: there is no check 'not_a_server_eror';"
        " did you mean 'not_a_server_error'? allowed: allow_header_conformance, content_type_conformance, "
    )


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            "negative_data_rejection",
            'it looks at answers to invalid data, which is generated with [generation] mode = "all" in schemathesis.toml',
        ),
        ("use_after_free", "it looks at sequences of operations, and here each is exercised by itself"),
    ],
)
def test_a_check_that_would_never_be_made(load: Callable[..., Api], check: str, message: str) -> None:
    """It would be green for ever."""
    with pytest.raises(ContractError) as raised:
        load(FastAPI(), None, [check])
    assert str(raised.value) == f"backend_gates_checks: '{check}' would never be made: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[checks", "Expected ']'"),
        ("[generation]\nmax-exampels = 3\n", "max-exampels"),
        ('[headers]\nX = "${NOT_SET}"', "NOT_SET"),
    ],
)
def test_an_invalid_schemathesis_toml(
    load: Callable[..., Api], tmp_path: Path, text: str, message: str
) -> None:
    """It is named, with what schemathesis says of it."""
    (tmp_path / "schemathesis.toml").write_text(text)
    with pytest.raises(ContractError) as raised:
        load(FastAPI())
    assert str(raised.value).startswith(f"{tmp_path / 'schemathesis.toml'}: ")
    assert message in str(raised.value)


def test_flask_returns_nothing_usable(exercise: Exercised, written: Callable[..., Path]) -> None:
    """An application's own mistake in answering is an exception like any other."""
    app = Flask(__name__)

    @app.get("/")
    def index() -> ResponseReturnValue:
        return None  # type: ignore[return-value]  # on purpose

    (failure,) = exercise(app, written({"/": {"get": ANYTHING}}))["GET /"].failures
    assert failure.title == "500 Internal Server Error (TypeError)"
