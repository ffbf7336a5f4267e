"""Real applications, really tapped."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from starlette.testclient import TestClient

Operations = Callable[[], Mapping[str, Samples]]


@pytest.fixture
def probe() -> Iterator[TrafficProbe]:
    """Return a started probe in the call phase of a test."""
    probe = TrafficProbe()
    probe.start()
    probe.open_window()
    yield probe
    probe.stop()


@pytest.fixture
def operations(probe: TrafficProbe) -> Operations:
    """Collect what the probe has measured so far, by operation; nothing may have gone wrong."""

    def collected() -> Mapping[str, Samples]:
        payload = probe.collect(None, print)
        assert payload["faults"] == []
        return {name: Samples.from_plain(plain) for name, plain in payload["operations"].items()}

    return collected


@pytest.fixture(scope="session")
def starlette_client() -> "type[TestClient]":
    """Starlette's test client; newer versions warn on import when it has to use httpx."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient
    return TestClient
