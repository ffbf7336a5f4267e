"""The test clients of Django Ninja, which use no handler of Django's.

Ninja can be imported once Django is configured.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING

import pytest
from django.http import StreamingHttpResponse

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from django.http import HttpRequest
    from ninja import Router
    from tests.unit.taps.conftest import Clock

    from pytest_backend_gates.taps.observation import Observation

Operations = Callable[[], Mapping[str, Samples]]
MS = 1_000_000
NUMBERS = count()


class OnPurposeError(Exception):
    """Raised by operations here."""


def router(clock: "Clock") -> "Router":
    from ninja import Router
    from ninja.errors import HttpError

    made = Router()

    @made.get("/items/{int:item_id}")
    def item(request: "HttpRequest", item_id: int) -> dict[str, object]:
        clock.passes(50)
        return {"method": request.method, "item": item_id}

    @made.get("/stream")
    def stream(request: "HttpRequest") -> StreamingHttpResponse:
        def chunks() -> Iterator[bytes]:
            for _ in range(3):
                clock.passes(20)
                yield str(request.method).encode()

        return StreamingHttpResponse(chunks())

    @made.get("/fails")
    def fails(request: "HttpRequest") -> None:
        raise OnPurposeError(request.method)

    @made.get("/refuses")
    def refuses(request: "HttpRequest") -> None:
        raise HttpError(503, str(request.method))

    return made


def async_router(clock: "Clock") -> "Router":
    from ninja import Router

    made = Router()

    @made.get("/items/{item_id}")
    async def item(request: "HttpRequest", item_id: int) -> dict[str, object]:
        await asyncio.sleep(0)
        clock.passes(50)
        return {"method": request.method, "item": item_id}

    @made.get("/stream")
    async def stream(request: "HttpRequest") -> StreamingHttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(3):
                clock.passes(20)
                yield str(request.method).encode()

        return StreamingHttpResponse(chunks())

    return made


@pytest.mark.usefixtures("_ninja")
def test_operations_by_their_routes(
    operations: Operations, finished: "list[Observation]", clock: "Clock"
) -> None:
    """A client for a whole API knows its prefixes; methods that an operation does not have are none."""
    from ninja import NinjaAPI
    from ninja.testing import TestClient

    api = NinjaAPI(urls_namespace=f"api {next(NUMBERS)}")
    api.add_router("/shop", router(clock))
    client = TestClient(api)
    assert [client.get("/shop/items/5?x=1").json() for _ in range(2)] == [{"method": "GET", "item": 5}] * 2
    assert [client.get("/shop/stream").content for _ in range(2)] == [b"GETGETGET"] * 2
    assert (client.post("/shop/items/5").status_code, client.get("/shop/refuses").status_code) == (405, 503)
    found = operations()
    assert {name: (one.native, [list(run) for run in one.runs]) for name, one in found.items()} == {
        "GET /shop/items/{item_id}": ("shop/items/<int:item_id>", [[50 * MS]]),
        "GET /shop/refuses": ("shop/refuses", []),
        "GET /shop/stream": ("shop/stream", [[60 * MS]]),
        "POST (no route)": (None, []),
    }
    assert [one.status for one in finished] == [200, 200, 200, 200, 405, 503]


@pytest.mark.usefixtures("_ninja")
def test_a_client_for_a_router_knows_no_prefix(operations: Operations, clock: "Clock") -> None:
    """Synchronous and asynchronous clients, with bodies of both kinds."""
    from ninja.testing import TestAsyncClient

    async def ask() -> None:
        client = TestAsyncClient(async_router(clock))
        for _ in range(2):
            assert (await client.get("/items/5")).json() == {"method": "GET", "item": 5}
            assert (await client.get("/stream")).content == b"GETGETGET"

    asyncio.run(ask())
    samples = {name: [list(run) for run in one.runs] for name, one in operations().items()}
    assert samples == {"GET /items/{item_id}": [[50 * MS]], "GET /stream": [[60 * MS]]}


@pytest.mark.usefixtures("_ninja")
def test_an_exception_passes_through_as_it_was(
    operations: Operations, finished: "list[Observation]", clock: "Clock"
) -> None:
    """Without Django's handlers nothing turns it into an answer."""
    from ninja.testing import TestClient

    client = TestClient(router(clock))
    for _ in range(2):
        with pytest.raises(OnPurposeError, match=r"^GET$") as caught:
            client.get("/fails")
        assert caught.traceback[-1].name == "fails"
    assert operations()["GET /fails"].count == 1
    assert [(one.status, one.raised) for one in finished] == [(None, "OnPurposeError")] * 2


@pytest.mark.usefixtures("_ninja")
def test_stopping_restores_ninja(clock: "Clock") -> None:
    """Both clients get their methods back, and later requests are not observed."""
    from ninja.testing import TestAsyncClient, TestClient

    before = [vars(client)["_call"] for client in (TestClient, TestAsyncClient)]
    probe = TrafficProbe()
    probe.start()
    probe.open_window()
    tapped = [vars(client)["_call"] for client in (TestClient, TestAsyncClient)]
    assert not set(tapped) & set(before)
    probe.stop()
    assert [vars(client)["_call"] for client in (TestClient, TestAsyncClient)] == before
    TestClient(router(clock)).get("/items/1")
    assert probe.collect(None, print) == {"operations": {}, "answers": {}, "faults": []}
