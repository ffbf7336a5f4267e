"""The traffic probe: from the payloads of all processes to one trend, and its advice."""

import json
from array import array
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from flask import Flask, request

from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import (
    Finding,
    Kind,
    Metric,
    Plain,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.measuring import CATALOGUE
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.traffic import ERRORS, LATENCY, TrafficProbe
from pytest_backend_gates.threshold import parse

if TYPE_CHECKING:
    from pytest_backend_gates.probes import Probe


PARSED = (parse(text, CATALOGUE, {}, Origin("ini")) for text in ("latency.p95 < 10s", "errors < 10%"))
JUDGE = Judge(tuple(one for one in PARSED if isinstance(one, Threshold)), CATALOGUE)
NO_REQUESTS = Rate({}, of="requests", sampled=True)


def payload(faults: tuple[str, ...] = (), /, **operations: list[int]) -> Plain:
    """Return what a process collects that took these samples, by operation."""
    plain = {
        f"GET /{name}": Samples(
            (array("q", run),), cold=1, seen=len(run), native=f"/{name}", sources={"test": len(run)}
        ).to_plain()
        for name, run in operations.items()
    }
    answers = {
        f"GET /{name}": {"asked": len(run) + 1, "cut": 0, "failures": {}} for name, run in operations.items()
    }
    return {"operations": plain, "answers": answers, "faults": list(faults)}


def test_it_is_a_probe_of_latency_and_errors() -> None:
    """It declares a trend in nanoseconds and a rate, and adds up over processes."""
    probe: Probe = TrafficProbe()
    assert (probe.name, probe.scope) == ("traffic", "process")
    assert probe.metrics == (
        Metric("latency", Kind.TREND, "s", "latency", "operation", ticks=1_000_000_000),
        Metric("errors", Kind.RATE, "%", "errors", "operation"),
    )


def test_a_payload_survives_json() -> None:
    """What a process collects crosses to another one as JSON."""
    probe = TrafficProbe()
    probe.start()
    try:
        probe.open_window()
        app = Flask(__name__)
        app.add_url_rule("/", view_func=lambda: "here")
        client = app.test_client()
        for _ in range(3):
            client.get("/")
        client.get("/nowhere")
        collected = probe.collect(None, print)
    finally:
        probe.stop()
    assert json.loads(json.dumps(collected)) == collected
    reading = probe.reduce([collected, collected], None)["latency"]
    assert isinstance(reading.measurement, Trend)
    assert list(reading.measurement.subjects) == ["GET /"]
    assert reading.notes == ("latency: 2 requests matched no route, and so no operation",)
    samples = reading.measurement.subjects["GET /"]
    assert (samples.count, samples.cold, samples.sources, len(samples.runs)) == (4, 2, {"test": 4}, 2)


def test_payloads_of_several_processes_add_up() -> None:
    """Samples travel and are never averaged; operations are sorted by name."""
    reading = TrafficProbe().reduce([payload(b=[5], a=[1, 2]), payload(a=[3])], None)["latency"]
    assert reading == Reading(
        Trend(
            {
                "GET /a": Samples((array("q", [1, 2]), array("q", [3])), 2, 3, "/a", {"test": 3}),
                "GET /b": Samples((array("q", [5]),), 1, 1, "/b", {"test": 1}),
            }
        )
    )
    assert isinstance(reading.measurement, Trend)
    assert list(reading.measurement.subjects) == ["GET /a", "GET /b"]


def test_requests_without_a_route_are_no_traffic() -> None:
    """Requests that belong to no operation prove nothing about any."""
    astray = {"GET (no route)": Samples((array("q", [5]),), 1, 1, None, {"test": 1}).to_plain()}
    answers = {"GET (no route)": {"asked": 2, "cut": 0, "failures": {}}}
    readings = TrafficProbe().reduce([{"operations": astray, "answers": answers, "faults": []}], None)
    reading, errors = readings["latency"], readings["errors"]
    assert (reading.measurement, reading.unavailable) == (Trend({}), "none of 2 requests matched a route")
    assert (errors.measurement, errors.unavailable) == (NO_REQUESTS, "none of 2 requests matched a route")


def test_requests_of_fixtures_without_a_route_are_not_told(flask_app: Flask) -> None:
    """They are no test's: alone they are no traffic, and beside those of a test only that one's are counted."""
    probe = TrafficProbe()
    probe.start()
    try:
        client = flask_app.test_client()
        client.get("/health").close()
        alone = probe.reduce([probe.collect(None, print)], None)["latency"]
        probe.open_window()
        client.get("/grades/1").close()
        beside = probe.reduce([probe.collect(None, print)], None)["latency"]
        probe.open_window()
        client.get("/nowhere").close()
        told = probe.reduce([probe.collect(None, print)], None)["latency"]
    finally:
        probe.stop()
    assert alone == TrafficProbe().reduce([], None)["latency"]
    assert beside.notes == ()
    assert told.notes == ("latency: 1 request matched no route, and so no operation",)


@pytest.mark.parametrize("payloads", [[], [payload()], [payload(), payload()]])
def test_no_traffic_is_no_measurement(payloads: list[Plain]) -> None:
    """Without a request there is no number, and the reason is told with what would help."""
    nothing = Reading(
        Trend({}),
        unavailable="no HTTP traffic: the tests made no request to a Starlette, FastAPI, Litestar, Flask or "
        "Django application in this process",
        hint="make requests in the tests with the framework's own test client or a transport of httpx; "
        "for a server in another process, set backend_gates_base_url",
    )
    assert TrafficProbe().reduce(payloads, None) == {
        "latency": nothing,
        "errors": replace(nothing, measurement=NO_REQUESTS),
    }


@pytest.mark.parametrize("samples", [{}, {"a": [1]}])
def test_a_tap_that_failed_is_an_error(samples: dict[str, list[int]]) -> None:
    """Whatever was measured besides: some requests were not. It is told once however many processes saw it."""
    fault = "the Flask tap failed once: KeyError: 'x'; requests were not affected"
    readings = TrafficProbe().reduce([payload((fault,), **samples), payload((fault,))], None)
    assert {name: reading.errors for name, reading in readings.items()} == {
        "latency": (Finding("latency", fault),),
        "errors": (Finding("errors", fault),),
    }


def test_a_framework_that_cannot_be_tapped_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown version without a method that is patched is left as it was, the others included, and told."""
    monkeypatch.delattr(Flask, "full_dispatch_request")
    before = Flask.__call__
    probe = TrafficProbe()
    probe.start()
    try:
        assert Flask.__call__ is before
    finally:
        probe.stop()
    assert probe.collect(None, print)["faults"] == [
        "the Flask tap failed once: KeyError: 'full_dispatch_request'; requests were not affected"
    ]


def test_requests_aside_are_not_counted() -> None:
    """What somebody else times is no sample of its operation; afterwards requests count again, if they did before."""
    app = Flask("shop")
    app.add_url_rule("/a", view_func=lambda: "a")
    get, probe = app.test_client().get, TrafficProbe()
    probe.start()
    try:
        probe.open_window()
        get("/a").close()
        get("/a").close()
        with probe.uncounted():
            get("/a")
        get("/a").close()
        probe.close_window()
        with probe.uncounted():
            get("/a")
        get("/a").close()
    finally:
        probe.stop()
    told = Samples.from_plain(probe.collect(None, print)["operations"]["GET /a"])
    assert (told.cold, told.count) == (1, 2)


def test_stopping_what_was_never_started() -> None:
    """``stop`` may come first, and leaves the frameworks as they were."""
    before = Flask.__call__
    TrafficProbe().stop()
    assert Flask.__call__ is before


def verdict(over: int = 0, unproven: int = 0) -> Verdict:
    threshold = Threshold(
        text="latency.p95 < 100ms",
        origin=Origin("default"),
        metric="latency",
        name="latency.p95",
        aggregate="p95",
        operator="<",
        limit=Fraction(1, 10),
        unit="ms",
    )
    return Verdict(
        threshold,
        LATENCY,
        Outcome.FAILED if over else Outcome.SKIPPED,
        bool(over),
        "why",
        worst="GET /a",
        over=over,
        unproven=unproven,
        findings=(Finding("GET /a", "3 samples of 20"),),
    )


def test_advice_names_the_worst_operation() -> None:
    """A red row says where to look first, whatever else it could not prove."""
    assert TrafficProbe().advise(verdict(over=1, unproven=2)) == Advice("look at GET /a first")


def test_no_advice_on_what_is_unproven() -> None:
    """The findings of the row say how many samples are missing; they and its hint stay as they are."""
    assert TrafficProbe().advise(verdict(unproven=2)) == Advice()


def test_generated_requests_are_shown_and_not_judged() -> None:
    """They are counted beside the samples of an operation; one that no test asked is no subject."""
    asked = Samples((array("q", [5, 6]),), cold=1, seen=2, sources={"test": 2, "generated": 30})
    generated = Samples((), sources={"generated": 1_200})
    operations = {
        "GET /a": asked.to_plain(),
        "GET /b": generated.to_plain(),
        "GET (no route)": generated.to_plain(),
    }
    payloads = [{"operations": operations, "answers": {}, "faults": []}]
    reading = TrafficProbe().reduce(payloads, None)["latency"]
    assert reading == Reading(
        Trend({"GET /a": asked}), notes=("latency: 2,430 generated requests are no samples",)
    )


def test_requests_are_generated_for_a_while(flask_app: Flask) -> None:
    """Inside ``generated`` requests are counted apart; before and after they are the tests'."""
    probe = TrafficProbe()
    probe.start()
    try:
        probe.open_window()
        client = flask_app.test_client()
        client.get("/grades/1").close()
        with probe.generated():
            client.get("/grades/1").close()
            client.get("/grades/2").close()
        client.get("/grades/1").close()
        (samples,) = (Samples.from_plain(one) for one in probe.collect(None, print)["operations"].values())
    finally:
        probe.stop()
    assert (samples.count, samples.cold, samples.sources) == (1, 1, {"test": 1, "generated": 2})


@pytest.fixture
def flask_app() -> Flask:
    """Make an application with one operation."""
    app = Flask(__name__)
    app.add_url_rule("/grades/<int:points>", view_func=str)
    return app


class OnPurposeError(Exception):
    """Raised by views here."""


@pytest.fixture
def failing_app() -> Flask:
    """Make an application that does as the path says."""
    app = Flask(__name__)

    @app.get("/status/<int:status>")
    def answer(status: int) -> tuple[str, int]:
        return "", status

    @app.get("/crash/<path:rest>")
    def crash(rest: str) -> str:
        raise OnPurposeError(rest)

    @app.before_request
    def gatekeeper() -> None:
        if request.path == "/closed":
            raise OnPurposeError("before any route")

    return app


def collected(app: Flask, *paths: str) -> Plain:
    """Return what a process collects in which a test asks *app* for these paths, cold requests included."""
    probe = TrafficProbe()
    probe.start()
    try:
        app.test_client().get(paths[0]).close()  # a fixture's: neither asked nor failed
        probe.open_window()
        with probe.generated():
            app.test_client().get("/status/500").close()
        with probe.uncounted():
            app.test_client().get("/status/500").close()
        for path in paths:
            app.test_client().get(path).close()
        return probe.collect(None, print)
    finally:
        probe.stop()


def test_errors_of_several_processes(failing_app: Flask) -> None:
    """Answers of 5xx and exceptions count, 4xx do not; what no route answered is told only if it failed."""
    one = collected(
        failing_app, "/status/200", "/status/503", "/status/404", "/crash/a", "/nowhere", "/nowhere"
    )
    two = collected(failing_app, "/status/503", "/status/500", "/closed", "/closed", "/nowhere")
    assert one["answers"] == {
        "GET (no route)": {"asked": 2, "cut": 0, "failures": {}},
        "GET /crash/{rest}": {"asked": 1, "cut": 0, "failures": {"500": 1}},
        "GET /status/{status}": {"asked": 3, "cut": 0, "failures": {"503": 1}},
    }
    probe = TrafficProbe()
    reading = probe.reduce([one, two], None)["errors"]
    assert reading == Reading(
        Rate(
            {
                "GET (no route)": Ratio(2, 5),
                "GET /crash/{rest}": Ratio(1, 1),
                "GET /status/{status}": Ratio(3, 5),
            },
            of="requests",
            sampled=True,
        )
    )
    threshold = Threshold(
        "errors < 1%", Origin("ini"), "errors", "errors", None, None, (), "<", Fraction(1), "%"
    )
    row = Verdict(threshold, ERRORS, Outcome.FAILED, red=True, reason="why")
    assert probe.advise(row) == Advice(
        findings=(
            Finding(
                "GET /status/{status}",
                "3 of 5 requests failed: 503 2 times, 500 once",
                identity="failed",
            ),
            Finding("GET (no route)", "2 of 5 requests failed: 500 2 times", identity="failed"),
            Finding("GET /crash/{rest}", "1 of 1 requests failed: 500 once", identity="failed"),
        )
    )
    selected = replace(row, threshold=replace(threshold, globs=("GET /crash/**",)))
    assert [one.subject for one in probe.advise(selected).findings or ()] == ["GET /crash/{rest}"]
    assert probe.advise(replace(row, threshold=replace(threshold, globs=("POST /**",)))) == Advice()


class Impatient(BaseException):
    """What pytest's own outcomes are: no ``Exception``, and no failure of what it leaves."""


def test_requests_cut_short_make_nothing_green() -> None:
    """They are told; the row that has nothing else has no data, and one that has is judged without them."""
    app, impatient = Flask("shop"), iter([True] * 30 + [False] * 30)

    @app.get("/a")
    def a() -> str:
        if next(impatient):
            raise Impatient
        return "a"

    probe = TrafficProbe()
    probe.start()
    try:
        probe.open_window()
        for _ in range(30):
            with pytest.raises(Impatient):
                app.test_client().get("/a")
        none = probe.collect(None, print)
        probe.open_window()
        for _ in range(30):
            app.test_client().get("/a")
        some = probe.collect(None, print)
    finally:
        probe.stop()
    told = "30 requests were cut short, and are no samples"
    for collected, outcomes in (
        (none, {"latency": Outcome.SKIPPED, "errors": Outcome.NO_DATA}),
        (some, {"latency": Outcome.PASSED, "errors": Outcome.PASSED}),
    ):
        readings = probe.reduce([collected], None)
        assert [readings[name].notes for name in ("latency", "errors")] == [(told,), (told,)]
        assert {row.metric.name: row.outcome for row in JUDGE.verdicts(readings)} == outcomes
    rate = probe.reduce([some], None)["errors"].measurement
    assert rate == Rate({"GET /a": Ratio(0, 30)}, of="requests", sampled=True)


def test_an_exception_that_leaves_the_application(failing_app: Flask) -> None:
    """With ``testing`` Flask hands it to the test; then its class is what is told."""
    failing_app.testing = True
    probe = TrafficProbe()
    probe.start()
    try:
        probe.open_window()
        for _ in range(2):
            with pytest.raises(OnPurposeError):
                failing_app.test_client().get("/crash/a")
        answers = probe.collect(None, print)["answers"]
    finally:
        probe.stop()
    assert answers == {"GET /crash/{rest}": {"asked": 2, "cut": 0, "failures": {"OnPurposeError": 2}}}
