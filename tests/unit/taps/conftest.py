"""Real applications, really tapped."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from pytest_backend_gates.measurements import Samples
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.observation import Observation

if TYPE_CHECKING:
    from starlette.testclient import TestClient

Operations = Callable[[], Mapping[str, Samples]]


class Clock:
    """A clock that stands still until an application lets time pass: samples are exact on any machine."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now

    def passes(self, milliseconds: int) -> None:
        """Let so much time pass, at once."""
        self.now += milliseconds * 1_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock that requests are timed by."""
    clock = Clock()
    monkeypatch.setattr(Observation, "_now", staticmethod(clock))
    return clock


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


@pytest.fixture
def finished(probe: TrafficProbe, monkeypatch: pytest.MonkeyPatch) -> list[Observation]:
    """Return the list that takes every request that was observed to its end."""
    observations: list[Observation] = []
    finish = probe._recorder.finish

    def keep(observation: Observation) -> None:
        finish(observation)
        if observation not in observations:
            observations.append(observation)

    monkeypatch.setattr(probe._recorder, "finish", keep)
    return observations


@pytest.fixture(scope="session")
def _django() -> None:
    """Configure Django for this process: a project without a database, and with a middleware that redirects."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="not one",  # noqa: S106  it says so
        ALLOWED_HOSTS=["*"],
        DATABASES={},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        STATIC_URL="/static/",
        USE_TZ=True,
        LOGGING_CONFIG=None,
    )
    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment()  # pytest-django asks for it once Django is configured


@pytest.fixture(scope="session")
def _ninja(_django: None) -> None:
    """Import Ninja's test clients, which needs Django configured."""
    import_module("ninja.testing.client")


@pytest.fixture
def django_urls(_django: None) -> Iterator[Callable[..., None]]:
    """Return what takes the URL patterns of the project for the rest of the test."""
    from django.test import override_settings

    with ExitStack() as changed:
        yield lambda *patterns: changed.enter_context(override_settings(ROOT_URLCONF=patterns))


@pytest.fixture(scope="session")
def starlette_client() -> "type[TestClient]":
    """Starlette's test client; newer versions warn on import when it has to use httpx."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient
    return TestClient
