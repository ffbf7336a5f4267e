"""Requests to a small application, as a program: ``python -m benchmarks.requests FRAMEWORK COUNT FOUND [tapped]``.

Calls the application directly, COUNT times, with nothing of a client in between; the status of each answer is
counted in FOUND. With ``tapped`` the requests are observed as in the call phase of a test.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from pytest_backend_gates.probes.traffic import TrafficProbe

_SCOPE: Final = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "path": "/orders/7",
    "raw_path": b"/orders/7",
    "query_string": b"",
    "root_path": "",
    "scheme": "http",
    "headers": [],
}


def flask(count: int) -> Counter[int]:
    """Ask an application of Flask; return how often it answered with which status."""
    from flask import Flask
    from werkzeug.test import EnvironBuilder

    app = Flask("benchmark")

    @app.get("/orders/<int:order>")
    def show(order: int) -> str:
        return str(order)

    environ = EnvironBuilder("/orders/7").get_environ()
    answered: Counter[int] = Counter()

    def start_response(status: str, *_: object) -> Callable[[bytes], None]:
        answered[int(status[:3])] += 1
        return lambda _: None

    for _ in range(count):
        _read(app(dict(environ), start_response))
    return answered


def _read(body: Iterable[bytes]) -> None:
    for _ in body:
        pass
    close = getattr(body, "close", None)
    if close is not None:
        close()


def starlette(count: int) -> Counter[int]:
    """Ask an application of Starlette; return how often it answered with which status."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def show(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.path_params["order"])

    return asyncio.run(_asked(Starlette(routes=[Route("/orders/{order}", show)]), count))


async def _asked(app: Callable[..., Awaitable[None]], count: int) -> Counter[int]:
    answered: Counter[int] = Counter()

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        answered[message.get("status", 0)] += 1

    for _ in range(count):
        await app(dict(_SCOPE), receive, send)
    del answered[0]  # the messages after the first
    return answered


FRAMEWORKS: Final = {"flask": flask, "starlette": starlette}
_IMPORTED: Final = {"flask": "flask", "starlette": "starlette.applications"}


def main(arguments: Sequence[str]) -> None:
    """Ask, and write down what was answered. Raises ``RuntimeError`` when the tap has missed a request."""
    framework, count, found = FRAMEWORKS[arguments[0]], int(arguments[1]), Path(arguments[2])
    probe = TrafficProbe()
    if "tapped" in arguments[3:]:
        import_module(_IMPORTED[arguments[0]])  # what is not imported is not tapped
        probe.start()
        probe.open_window()
    answered = framework(count)
    operations = probe.collect(None, lambda _: None)["operations"]
    seen = sum(one["cold"] + one["seen"] for one in operations.values())
    probe.stop()
    if "tapped" in arguments[3:] and seen != count:
        raise RuntimeError(f"the tap has seen {seen} of {count} requests")
    found.write_text(json.dumps(answered), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
