"""The queries probe: whose statements count, what several processes add up to, and its advice."""

import asyncio
import json
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from fractions import Fraction
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from flask import Flask, Response, after_this_request
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import StaticPool
from starlette.testclient import TestClient

from pytest_backend_gates.measurements import Finding, Kind, Metric, Plain, Reading, Samples, Trend
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.queries import COUNT, REPEATED, TIME, QueriesProbe
from pytest_backend_gates.probes.queries_advice import Repeated
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.sqlalchemy import SQLAlchemyTap
from pytest_backend_gates.taps.statements import Source, Statements

if TYPE_CHECKING:
    from pytest_backend_gates.probes import Probe

ROOT = Path(__file__).parents[3]


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    yield engine
    engine.dispose()


@pytest.fixture
def app(engine: Engine) -> Flask:
    """Make an application that asks its database as often as the path says."""
    app = Flask(__name__)

    def ask(times: int) -> str:
        with engine.connect() as connection:
            for _ in range(times):
                connection.execute(text("SELECT :a"), {"a": "hunter2"})
        return ""

    @app.get("/ask/<int:times>")
    def asking(times: int) -> str:
        return ask(times)

    @app.get("/left/<int:times>")
    def left(times: int) -> str:
        ask(times)
        raise KeyboardInterrupt

    @app.get("/late/<int:times>")
    def late(times: int) -> str:
        @after_this_request
        def close(response: Response) -> Response:
            response.call_on_close(lambda: ask(times))
            return response

        return ask(1)

    return app


@pytest.fixture
def traffic() -> Iterator[TrafficProbe]:
    probe = TrafficProbe()
    probe.start()
    yield probe
    probe.stop()


@pytest.fixture
def probe(traffic: TrafficProbe) -> Iterator[QueriesProbe]:
    probe = QueriesProbe(traffic.recorder, ROOT)
    probe.start()
    traffic.open_window()
    yield probe
    probe.stop()


def samples(plain: Plain, metric: Metric) -> list[int]:
    """Return what one operation collected for *metric*."""
    return [sample for run in Samples.from_plain(plain["samples"][metric.name]).runs for sample in run]


def test_it_is_a_probe_of_three_trends() -> None:
    """Times in nanoseconds, and two numbers without a unit; it adds up over processes."""
    probe: Probe = QueriesProbe(Recorder(), ROOT)
    assert (probe.name, probe.scope) == ("queries", "process")
    assert probe.metrics == (
        Metric("queries.time", Kind.TREND, "s", "queries", "operation", ticks=1_000_000_000),
        Metric("queries.count", Kind.TREND, None, "queries", "operation"),
        Metric("queries.repeated", Kind.TREND, None, "queries", "operation"),
    )


def test_only_the_requests_of_tests_count(
    traffic: TrafficProbe, probe: QueriesProbe, app: Flask, engine: Engine
) -> None:
    """Neither fixtures, nor generated or timed requests, nor the test's own statements, nor what runs at the end."""
    client = app.test_client()
    traffic.close_window()
    client.get("/ask/50").close()
    traffic.open_window()
    with traffic.generated():
        client.get("/ask/60").close()
    with traffic.uncounted():
        client.get("/ask/70").close()
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    for times in (3, 0, 2):
        client.get(f"/ask/{times}").close()
    client.get("/late/9").close()
    client.get("/nowhere").close()
    collected = probe.collect(None, print)
    assert json.loads(json.dumps(collected)) == collected
    assert "hunter2" not in json.dumps(collected)
    operations = collected["operations"]
    assert list(operations) == ["GET (no route)", "GET /ask/{times}", "GET /late/{times}"]
    asked = operations["GET /ask/{times}"]
    assert (samples(asked, COUNT), samples(asked, REPEATED)) == ([3, 0, 2], [3, 0, 2])
    assert len(samples(asked, TIME)) == 5  # the fixture's request was the cold one
    assert samples(operations["GET /late/{times}"], COUNT) == [1]


def test_a_cold_request_counts_and_is_not_timed(probe: QueriesProbe, app: Flask) -> None:
    """How many statements there are does not depend on what is warm."""
    client = app.test_client()
    for times in (4, 1):
        client.get(f"/ask/{times}").close()
    plain = probe.collect(None, print)["operations"]["GET /ask/{times}"]
    assert (samples(plain, COUNT), len(samples(plain, TIME))) == ([4, 1], 1)
    assert plain["samples"]["queries.time"]["cold"] == 1
    line = next(
        number
        for number, line in enumerate(Path(__file__).read_text(encoding="utf-8").splitlines(), 1)
        if 'text("SELECT :a")' in line
    )
    source = ["SQLAlchemy", "tests/unit/probes/test_queries.py", line]
    assert plain["worst"] == {"runs": 4, "shape": "SELECT ?", "source": source}


def test_threads_of_one_request_write_into_one_list(
    traffic: TrafficProbe, probe: QueriesProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where both are the first to ask: the second comes while the first makes the list."""
    first_makes_it, second_has_it = Event(), Event()

    def make(find: Callable[[str, str], Source]) -> Statements:
        if not first_makes_it.is_set():
            first_makes_it.set()
            second_has_it.wait(0.2)  # it has to wait itself
        return Statements(find)

    def second() -> Statements | None:
        first_makes_it.wait(5)
        found = probe._current()
        second_has_it.set()
        return found

    monkeypatch.setattr("pytest_backend_gates.probes.queries.Statements", make)
    traffic.recorder.current.set(observation := Observation("GET", counted=True, generated=False))
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(copy_context().run, second)
        mine = probe._current()
        assert other.result(5) is mine is observation.statements is not None


def test_statements_of_threads_that_no_request_has_started_are_told(
    traffic: TrafficProbe, probe: QueriesProbe
) -> None:
    """Whose they are nobody knows. While no request of a test is served, and from the test itself, they are fine."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    asked: Queue[Future[str] | None] = Queue()

    def ask() -> str:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return ""

    def work() -> None:
        while answer := asked.get():
            answer.set_result(ask())

    def hand_over() -> str:
        asked.put(answer := Future[str]())
        return answer.result(5)

    app, worker = Flask(__name__), Thread(target=work)
    app.add_url_rule("/", view_func=hand_over)
    client = app.test_client()
    worker.start()
    probe.look_again()
    hand_over()
    client.get("/")
    traffic.close_window()
    client.get("/")
    traffic.open_window()
    with traffic.generated():
        client.get("/")
    alone = probe.reduce([probe.collect(None, print)], None)["queries.count"]
    traffic.recorder.under_way.add(Observation("GET", counted=True, generated=False))
    ask()
    hand_over()
    asked.put(None)
    worker.join(5)
    readings = probe.reduce([probe.collect(None, print)], None)
    engine.dispose()
    assert alone.unavailable == "no request of the tests ran a statement through SQLAlchemy or Django's ORM"
    note = "queries: 1 statement ran while requests were served, in threads not theirs, and is not counted"
    assert alone.notes == (note,)
    note = "queries: 2 statements ran while requests were served, in threads not theirs, and are not counted"
    assert [reading.notes for reading in readings.values()] == [(note,)] * 3


def payload(faults: tuple[str, ...] = (), /, **operations: tuple[list[int], int]) -> Plain:
    """Return what a process collects: by operation the number of statements of each request, and most of one."""
    told = {}
    for name, (counts, most) in operations.items():
        kept = Samples((array("q", counts),), seen=len(counts), sources={"test": len(counts)}).to_plain()
        source = ["SQLAlchemy", "shop/orders.py", 41]
        told[f"GET /{name}"] = {
            "samples": {metric.name: kept for metric in QueriesProbe.metrics},
            "worst": {"runs": most, "shape": "SELECT ?", "source": source} if most else None,
        }
    return {"operations": told, "faults": list(faults), "strays": 0}


def test_a_request_cut_short_is_no_sample(probe: QueriesProbe, app: Flask) -> None:
    """How many statements it would have run nobody knows."""
    app.test_client().get("/ask/3")
    with pytest.raises(KeyboardInterrupt):
        app.test_client().get("/left/1")
    assert list(probe.collect(None, print)["operations"]) == ["GET /ask/{times}"]


def test_payloads_of_several_processes_add_up() -> None:
    """Samples travel, the worst request of all processes is told, and who ran a statement is in ``@crud``."""
    probe = QueriesProbe(Recorder(), ROOT)
    readings = probe.reduce([payload(b=([5], 2), a=([1, 2], 7)), payload(a=([3], 3), c=([0], 0))], None)
    expected = Trend(
        {
            "GET /a": Samples((array("q", [1, 2]), array("q", [3])), 0, 3, None, {"test": 3}),
            "GET /b": Samples((array("q", [5]),), 0, 1, None, {"test": 1}),
            "GET /c": Samples((array("q", [0]),), 0, 1, None, {"test": 1}),
        }
    )
    reading = Reading(expected, sets={"crud": frozenset(["GET /a", "GET /b"])})
    assert readings == dict.fromkeys(("queries.time", "queries.count", "queries.repeated"), reading)
    assert probe._worst["GET /a"] == Repeated(7, "SELECT ?", Source("SQLAlchemy", "shop/orders.py", 41))


@pytest.mark.parametrize(
    ("payloads", "why"),
    [
        ([], "no HTTP traffic: the tests made no request that a route of an application answered"),
        ([payload()], "no HTTP traffic: the tests made no request that a route of an application answered"),
        (
            [payload(a=([0, 0], 0))],
            "no request of the tests ran a statement through SQLAlchemy or Django's ORM",
        ),
    ],
)
def test_nothing_heard_is_no_measurement(payloads: list[Plain], why: str) -> None:
    """Zero statements are a number only where somebody is known to have listened."""
    hint = "statements of other libraries, and of servers in other processes, are not seen"
    nothing = Reading(Trend({}), unavailable=why, hint=hint, sets={"crud": frozenset()})
    assert QueriesProbe(Recorder(), ROOT).reduce(payloads, None) == dict.fromkeys(
        ("queries.time", "queries.count", "queries.repeated"), nothing
    )


def test_a_tap_that_failed_is_an_error(
    probe: QueriesProbe, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement is run as it was, and what was counted besides is not trusted."""

    def fault(*_: object) -> str:
        raise KeyError("x")

    monkeypatch.setattr("pytest_backend_gates.taps.sqlalchemy.shape_of", fault)
    assert app.test_client().get("/ask/2").status_code == 200
    told = "the SQLAlchemy tap failed 2 times, first with KeyError: 'x'; statements were not affected"
    readings = probe.reduce([probe.collect(None, print)] * 2, None)
    assert {name: reading.errors for name, reading in readings.items()} == {
        name: (Finding(name, told),) for name in ("queries.time", "queries.count", "queries.repeated")
    }


def test_a_request_that_a_tap_has_lost_is_an_error(probe: QueriesProbe, traffic: TrafficProbe) -> None:
    """Its statements are nobody's, also where latency is not judged."""

    def fault() -> None:
        raise KeyError("x")

    traffic.recorder.attempt("WSGI", fault)
    readings = probe.reduce([probe.collect(None, print)], None)
    told = "the WSGI tap failed once: KeyError: 'x'; requests were not affected"
    assert [reading.errors for reading in readings.values()] == [
        (Finding(name, told),) for name in ("queries.time", "queries.count", "queries.repeated")
    ]


def test_an_orm_that_cannot_be_tapped_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown version without the events is left as it was, and told."""
    monkeypatch.setattr("pytest_backend_gates.taps.sqlalchemy._EVENTS", ("do_what",))
    probe = QueriesProbe(Recorder(), ROOT)
    probe.start()
    probe.stop()
    (fault,) = probe.collect(None, print)["faults"]
    assert fault.startswith("the SQLAlchemy tap failed once: InvalidRequestError: No such event 'do_what'")


def test_stopping_leaves_nobody_listening(traffic: TrafficProbe, app: Flask) -> None:
    """Also when it was never started, and twice."""
    probe = QueriesProbe(traffic.recorder, ROOT)
    probe.stop()
    probe.start()
    probe.stop()
    probe.stop()
    traffic.open_window()
    app.test_client().get("/ask/3").close()
    assert (probe.collect(None, print), traffic.recorder.listeners) == (
        {"operations": {}, "faults": [], "strays": 0},
        [],
    )


def verdict(metric: Metric, over: int = 1) -> Verdict:
    name = f"{metric.name}.max"
    threshold = Threshold(f"{name} < 5", Origin("ini"), metric.name, name, "max", None, (), "<", Fraction(5))
    findings = (
        Finding("GET /a", "max 7", Fraction(7), code="over", identity=name),
        Finding("GET /other", "max 9", Fraction(9), code="over", identity=name),
        Finding("GET /b", "3 samples of 20", Fraction(2), code="unproven", identity=name),
    )
    outcome = Outcome.FAILED if over else Outcome.SKIPPED
    return Verdict(
        threshold, metric, outcome, bool(over), "why", worst="GET /a", over=over, findings=findings
    )


@pytest.mark.parametrize(
    ("orm", "shape", "instead"),
    [
        (
            "SQLAlchemy",
            "SELECT ?",
            "load them with their owners: .options(selectinload(...)), or joinedload(...) for single objects",
        ),
        (
            "SQLAlchemy",
            "INSERT INTO t VALUES (?, ...)",
            "send them together: session.add_all(...), or execute(statement, [parameters, ...])",
        ),
        (
            "Django ORM",
            "WITH x AS (SELECT ?) SELECT ?",
            "load them with their owners: .prefetch_related(...), or .select_related(...) for single objects",
        ),
        (
            "Django ORM",
            "UPDATE t SET a = ?",
            "send them together: bulk_create(...), bulk_update(...), or one update(...) of a queryset",
        ),
    ],
)
def test_advice_in_the_words_of_the_orm(orm: str, shape: str, instead: str) -> None:
    """The statement, how often, where, and what to write; what nothing more is known of stays as it is."""
    probe = QueriesProbe(Recorder(), ROOT)
    probe._worst = {"GET /a": Repeated(7, shape, Source(orm, "shop/orders.py", 41))}
    row = verdict(REPEATED)
    assert probe.advise(row) == Advice(
        findings=(
            Finding(
                "GET /a",
                f"7 times in one request: {shape}",
                path="shop/orders.py",
                line=41,
                hint=instead,
                identity=shape,
            ),
            *row.findings[1:],
        )
    )


def test_other_advice() -> None:
    """A slow operation is named; an unproven row says itself what it lacks."""
    probe = QueriesProbe(Recorder(), ROOT)
    assert probe.advise(verdict(TIME)) == Advice("look at GET /a first")
    assert probe.advise(verdict(REPEATED, over=0)) == Advice()


def test_what_follows_the_answer_belongs_to_the_request(probe: QueriesProbe, engine: Engine) -> None:
    """FastAPI leaves dependencies when all is sent, and runs background tasks: until the application returns."""
    app = FastAPI()

    def ask(times: int) -> None:
        with engine.connect() as connection:
            for _ in range(times):
                connection.execute(text("SELECT 1"))

    def unit_of_work() -> Iterator[None]:
        yield
        ask(3)

    @app.post("/orders", dependencies=[Depends(unit_of_work)])
    def order() -> int:
        return 1

    @app.post("/mails")
    def mail(tasks: BackgroundTasks) -> int:
        tasks.add_task(ask, 2)
        return 1

    client = TestClient(app)
    for _ in range(2):
        client.post("/orders")
        client.post("/mails")
    collected = probe.collect(None, print)
    asked = {name: samples(plain, COUNT) for name, plain in collected["operations"].items()}
    assert asked == {"POST /mails": [2, 2], "POST /orders": [3, 3]}
    assert (collected["strays"], collected["faults"]) == (0, [])


def test_what_outlives_the_application_does_not(probe: QueriesProbe, engine: Engine) -> None:
    """A task that a request has started and that goes on has the request's context, and is none of its work."""
    app, tasks, go_on = FastAPI(), list["asyncio.Task[None]"](), asyncio.Event()

    async def later() -> None:
        await go_on.wait()
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    @app.get("/")
    async def start() -> int:
        tasks.append(asyncio.create_task(later()))
        return 1

    async def asking() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
            await client.get("/")
        go_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(asking())
    collected = probe.collect(None, print)
    assert samples(collected["operations"]["GET /"], COUNT) == [0]


def test_a_listener_that_was_removed(probe: QueriesProbe, app: Flask) -> None:
    """Who takes SQLAlchemy's listeners away takes ours along: that is told."""
    app.test_client().get("/ask/1").close()
    (tap,) = (one for one in probe._listening._installed if isinstance(one, SQLAlchemyTap))
    tap.uninstall()
    assert probe.collect(None, print)["faults"] == [
        "the SQLAlchemy tap failed once: TakenOutError: something has removed a listener: statements that were sent afterwards were not seen; statements were not affected"
    ]
