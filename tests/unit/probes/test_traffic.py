"""The traffic probe: from the payloads of all processes to one trend, and its advice."""

import json
from array import array
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from flask import Flask, request_started

from pytest_backend_gates.measurements import Finding, Kind, Metric, Plain, Reading, Samples, Trend
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.traffic import LATENCY, TrafficProbe

if TYPE_CHECKING:
    from pytest_backend_gates.probes import Probe


def payload(faults: tuple[str, ...] = (), /, **operations: list[int]) -> Plain:
    """Return what a process collects that took these samples, by operation."""
    plain = {
        f"GET /{name}": Samples(
            (array("q", run),), cold=1, seen=len(run), native=f"/{name}", sources={"test": len(run)}
        ).to_plain()
        for name, run in operations.items()
    }
    return {"operations": plain, "faults": list(faults)}


def test_it_is_a_probe_of_latency() -> None:
    """It declares one metric, in nanoseconds, and adds up over processes."""
    probe: Probe = TrafficProbe()
    assert (probe.name, probe.scope) == ("traffic", "process")
    assert probe.metrics == (Metric("latency", Kind.TREND, "s", "latency", "operation", ticks=1_000_000_000),)


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
    reading = TrafficProbe().reduce([{"operations": astray, "faults": []}], None)["latency"]
    assert (reading.measurement, reading.unavailable) == (Trend({}), "none of 2 requests matched a route")


@pytest.mark.parametrize("payloads", [[], [payload()], [payload(), payload()]])
def test_no_traffic_is_no_measurement(payloads: list[Plain]) -> None:
    """Without a request there is no number, and the reason is told with what would help."""
    assert TrafficProbe().reduce(payloads, None) == {
        "latency": Reading(
            Trend({}),
            unavailable="no HTTP traffic: the tests made no request to a Starlette, FastAPI or Flask "
            "application in this process",
            hint="make requests in the tests with starlette.testclient.TestClient, httpx.ASGITransport or "
            "app.test_client(); a server in another process is not seen",
        )
    }


@pytest.mark.parametrize("samples", [{}, {"a": [1]}])
def test_a_tap_that_failed_is_an_error(samples: dict[str, list[int]]) -> None:
    """Whatever was measured besides: some requests were not. It is told once however many processes saw it."""
    fault = "the Flask tap failed once: KeyError: 'x'; requests were not affected"
    reading = TrafficProbe().reduce([payload((fault,), **samples), payload((fault,))], None)["latency"]
    assert reading.errors == (Finding("latency", fault),)


def test_a_framework_that_cannot_be_tapped_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown version without the method that is patched is left as it was, and told."""
    monkeypatch.delattr(Flask, "__call__")
    listeners = len(request_started.receivers)
    probe = TrafficProbe()
    probe.start()
    assert len(request_started.receivers) == listeners
    probe.stop()
    assert probe.collect(None, print)["faults"] == [
        "the Flask tap failed once: KeyError: '__call__'; requests were not affected"
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
        with probe.aside():
            get("/a")
        get("/a").close()
        probe.close_window()
        with probe.aside():
            get("/a")
        get("/a").close()
    finally:
        probe.stop()
    told = probe.collect(None, print)["operations"]["GET /a"]
    assert (told["cold"], len(told["runs"][0])) == (1, 2)


def test_stopping_what_was_never_started() -> None:
    """``stop`` may come first."""
    TrafficProbe().stop()


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
    reading = TrafficProbe().reduce([{"operations": operations, "faults": []}], None)["latency"]
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
