"""What clients return or raise, seen where they do."""

from typing import TYPE_CHECKING

import httpx
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_backend_gates.taps.observation import Observation


class OnPurposeError(Exception):
    """What an application raises."""


def crash(_: object) -> Response:
    raise OnPurposeError


def sends() -> "list[Callable[..., object]]":
    return [one.send for one in (httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient)]


def test_only_for_a_listener() -> None:
    """Clients are left alone unless somebody looks at what was answered, and are given back."""
    before, probe = sends(), TrafficProbe()
    probe.start()
    assert sends() == before
    probe.listen(lambda _: None)
    probe.open_window()
    assert not set(map(id, before)) & set(map(id, sends()))
    probe.stop()
    assert sends() == before


def test_clients_that_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no fault: without being seen, an exception beside an answer is taken for the answer."""
    heard: list[Observation] = []
    before, probe = httpx2.Client.send, TrafficProbe()
    probe.listen(heard.append)
    probe.start()
    monkeypatch.setattr(httpx2.Client, "send", before)
    app = Starlette(routes=[Route("/", crash)])
    with pytest.raises(OnPurposeError):
        TestClient(app).get("/")
    probe.stop()
    assert [one.reply and (one.reply.late is None, one.reply.withheld) for one in heard] == [(False, False)]
    assert probe.faults() == []
