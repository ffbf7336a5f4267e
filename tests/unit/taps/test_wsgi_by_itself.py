"""Requests that come in by ``app.wsgi_app``, which middleware is put around, and not by the application."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from starlette.applications import Starlette
from starlette.routing import Mount
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, run_wsgi_app
from werkzeug.wsgi import ClosingIterator

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.observation import Observation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from starlette.testclient import TestClient
    from tests.unit.taps.conftest import Clock

Operations = Callable[[], Mapping[str, Samples]]
MS = 1_000_000
ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/slow/1",
    "SERVER_NAME": "a",
    "SERVER_PORT": "1",
    "wsgi.url_scheme": "http",
}


class Overriding(Flask):
    """An application that answers one path itself."""

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/early":
            start_response("503 Early", [])
            return [b"early"]
        return super().wsgi_app(environ, start_response)


def shop(clock: "Clock", kind: type[Flask] = Flask) -> Flask:
    app = kind(__name__)

    @app.get("/slow/<int:number>")
    def slow(number: int) -> str:
        clock.passes(50)
        return str(number)

    @app.get("/fails")
    def fails() -> str:
        raise KeyError("x")

    return app


def only(samples: Samples) -> int:
    """Return the one sample that there is, in nanoseconds."""
    ((sample,),) = samples.runs
    return sample


@pytest.mark.parametrize("kind", [Flask, Overriding])
@pytest.mark.parametrize("around", [ProxyFix, lambda inner: inner])
def test_middleware_around_it_is_a_way_in(
    probe: TrafficProbe,
    operations: Operations,
    clock: "Clock",
    kind: type[Flask],
    around: Callable[[object], Callable[..., Iterable[bytes]]],
) -> None:
    """One request is one sample, with its name, its time and how it went, also in a class that overrides it."""
    client = Client(around(shop(clock, kind).wsgi_app))
    assert [client.get(f"/slow/{number}").text for number in range(2)] == ["0", "1"]
    assert client.get("/fails").status_code == 500
    found = operations()
    assert list(found) == ["GET /fails", "GET /slow/{number}"]
    assert (only(found["GET /slow/{number}"]), found["GET /slow/{number}"].cold) == (50 * MS, 1)
    assert probe.collect(None, print)["answers"]["GET /fails"]["failures"] == {"500": 1}


def test_httpx_may_hold_it(operations: Operations, clock: "Clock") -> None:
    """Its transport takes any WSGI application."""
    import httpx

    transport = httpx.WSGITransport(app=shop(clock).wsgi_app)
    with httpx.Client(transport=transport, base_url="http://shop") as client:
        assert [client.get("/slow/1").text for _ in range(2)] == ["1", "1"]
    assert only(operations()["GET /slow/{number}"]) == 50 * MS


@pytest.mark.parametrize("kind", [Flask, Overriding])
def test_what_is_put_around_it_inside_stays_inside(
    operations: Operations, clock: "Clock", kind: type[Flask]
) -> None:
    """Through the application it is one sample, with the time of the middleware in it."""
    app = shop(clock, kind)
    inner = app.wsgi_app

    def slower(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        clock.passes(7)
        return inner(environ, start_response)

    app.wsgi_app = slower  # type: ignore[method-assign]
    assert [app.test_client().get("/slow/1").text for _ in range(2)] == ["1", "1"]
    assert only(operations()["GET /slow/{number}"]) == 57 * MS


def test_it_is_a_part_of_what_mounts_it(
    operations: Operations, clock: "Clock", starlette_client: "type[TestClient]"
) -> None:
    """An application around it is what the request came in by."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.middleware.wsgi import WSGIMiddleware
    app = Starlette(routes=[Mount("/shop", app=WSGIMiddleware(shop(clock).wsgi_app))])
    client = starlette_client(app)
    assert [client.get("/shop/slow/1").text for _ in range(2)] == ["1", "1"]
    found = operations()
    assert (list(found), found["GET /shop/slow/{number}"].count) == (["GET /shop/slow/{number}"], 1)


def test_what_it_answers_is_kept(probe: TrafficProbe, finished: list[Observation], clock: "Clock") -> None:
    """For whoever holds answers against a contract: the body, and what the request has passed."""
    probe.recorder.keeping = True
    app = shop(clock)
    assert Client(ProxyFix(app.wsgi_app)).get("/slow/3").text == "3"
    (one,) = finished
    assert one.reply is not None
    assert (one.reply.body(None), one.reply.passed) == (b"3", [(app, "")])


def test_a_body_of_its_own_is_handed_on_as_it_is(operations: Operations, clock: "Clock") -> None:
    """All of it is there, and the server gets the very one that Flask has made."""
    body = shop(clock).wsgi_app(dict(ENVIRON), lambda *_: lambda _: None)
    assert type(body) is ClosingIterator
    assert list(operations()) == ["GET /slow/{number}"]


UNSEEN = (
    "the Flask tap failed once: UnseenError: a request came in by app.wsgi_app as something held it before it could"
    " be observed, and was not seen; build what holds it in a fixture; requests were not affected"
)


def test_what_held_it_before_is_told(clock: "Clock") -> None:
    """A conftest file may have put middleware around it before the session: nothing passes then."""
    app = shop(clock)
    held, probe = ProxyFix(app.wsgi_app), TrafficProbe()
    probe.start()
    run_wsgi_app(held, dict(ENVIRON))
    with app.test_request_context("/slow/1"):
        probe.open_window()
        app.full_dispatch_request()  # a test's own way to ask, and no request
    assert probe.faults() == []
    run_wsgi_app(held, dict(ENVIRON))
    probe.close_window()
    run_wsgi_app(held, dict(ENVIRON))
    probe.stop()
    assert probe.faults() == [UNSEEN]
