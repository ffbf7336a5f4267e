"""Frameworks and ORMs that come in while a test runs: they are tapped at once, or it is told that they were not."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import ClassVar
from unittest import mock

import pytest

from pytest_backend_gates.probes.queries import QueriesProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.imports import Arrivals, has_come, taken
from pytest_backend_gates.taps.recording import Recorder

#: A package whose modules import one another, and one that does not come in.
FILES = {
    "__init__": "from tappable.app import App",
    "app": "import tappable.late\nclass App: pass",
    "late": "import tappable",
    "other": "import json.tool",
    "broken": "raise KeyError('x')",
}


@pytest.fixture(autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in FILES.items():
        path = tmp_path / "tappable" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "tappable"]:
        del sys.modules[name]


@pytest.fixture
def told() -> list[list[str]]:
    """Which modules of the package there were, each time that something was told."""
    return []


@pytest.fixture
def arrivals(told: list[list[str]]) -> Iterator[Arrivals]:
    def tell() -> None:
        told.append(sorted(name for name in sys.modules if name.startswith("tappable")))

    arrivals = Arrivals(["tappable.app"], tell)
    arrivals.start()
    yield arrivals
    arrivals.stop()


@pytest.mark.usefixtures("arrivals")
def test_a_package_is_told_of_when_all_of_it_is_there(told: list[list[str]]) -> None:
    """Not while a module of it is still being executed, nor when others are imported."""
    import_module("tappable.app")
    assert told == [["tappable", "tappable.app", "tappable.late"]]
    sys.modules.pop("json.tool", None)
    import_module("json.tool")
    assert len(told) == 1
    import_module("tappable.other")
    assert told[1:] == [["tappable", "tappable.app", "tappable.late", "tappable.other"]]


@pytest.mark.usefixtures("arrivals")
def test_an_import_that_fails_is_the_projects_own(told: list[list[str]]) -> None:
    """It raises what it raises; and what has come in with it is told of."""
    with pytest.raises(KeyError, match=r"^'x'$"):
        import_module("tappable.broken")
    import_module("tappable.other")
    assert len(told) == 3


def test_stopping_leaves_the_loader_as_it_was(arrivals: Arrivals, told: list[list[str]]) -> None:
    """Also in another order than that of the beginnings, and twice."""
    other = Arrivals(["tappable"], lambda: None)
    other.start()
    arrivals.stop()
    assert "exec_module" in vars(SourceFileLoader)
    other.stop()
    other.stop()
    assert "exec_module" not in vars(SourceFileLoader)
    import_module("tappable")
    assert told == []


@pytest.mark.usefixtures("arrivals")
def test_what_somebody_else_has_put_there_stays(arrivals: Arrivals) -> None:
    """Below ours it is given back, and on top of ours it is not taken away."""
    arrivals.stop()

    def mine(loader: SourceFileLoader, module: ModuleType) -> None:
        before(loader, module)

    before: Callable[[SourceFileLoader, ModuleType], None] = SourceFileLoader.exec_module
    with mock.patch.object(SourceFileLoader, "exec_module", mine):
        arrivals.start()
        arrivals.stop()
        assert vars(SourceFileLoader)["exec_module"] is mine
    arrivals.start()
    with mock.patch.object(SourceFileLoader, "exec_module", mine):
        arrivals.stop()
        assert vars(SourceFileLoader)["exec_module"] is mine
    del SourceFileLoader.exec_module  # what the patch has put back


class Waiting:
    """A tap that waits for a module."""

    name: ClassVar[str] = "Tappable"
    module: ClassVar[str] = "tappable.app"

    def install(self, *_: object) -> None:
        """Do nothing."""

    check = uninstall = install


def test_each_is_taken_once() -> None:
    """Also when what is done with the first brings in the second, and somebody takes that one first."""
    pending = [Waiting(), Waiting()]
    assert list(taken(pending)) == []
    import_module("tappable")
    found = [(one, pending.pop()) for one in taken(pending)]
    assert (len(found), pending) == (1, [])


#: What comes in without a loader that is watched.
UNWATCHED = (
    "a test has imported tappable.app in a way that is not watched, and what it sent then was not seen;"
    " import it before"
)


def come_in_by_another_way(module: str) -> None:
    sys.modules[module] = made = ModuleType(module)
    made.__spec__ = ModuleSpec(module, None)


def test_what_came_in_by_another_way_is_told() -> None:
    """Then the requests of that test were lost, and no row passes."""
    probe = TrafficProbe()
    probe.start()
    probe._pending.append(Waiting())
    probe.open_window()
    come_in_by_another_way("tappable.app")
    probe.close_window()
    probe.open_window()  # from now on it is tapped
    probe.close_window()
    probe.stop()
    assert probe.faults() == [
        f"the Tappable tap failed once: LateError: {UNWATCHED}; requests were not affected"
    ]


def test_an_orm_that_came_in_by_another_way_is_told() -> None:
    """Its statements were lost."""
    probe = QueriesProbe(Recorder(), Path())
    probe.start()
    probe._listening._pending.append(Waiting())
    come_in_by_another_way("tappable.app")
    probe.look_back()
    probe.look_again()
    probe.look_back()
    probe.stop()
    assert probe.collect(None, print)["faults"] == [
        f"the Tappable tap failed once: LateError: {UNWATCHED}; statements were not affected"
    ]


def test_what_a_test_puts_in_the_place_of_a_module_has_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stub is no framework."""
    assert not has_come("tappable.app")
    monkeypatch.setitem(sys.modules, "tappable.app", ModuleType("tappable.app"))
    assert not has_come("tappable.app")
    monkeypatch.setitem(sys.modules, "tappable.app", mock.MagicMock())
    assert not has_come("tappable.app")
    assert has_come("json")


#: Framework -> what a test does with it that has not been imported before.
FIRST_REQUESTS = {
    "Flask": "from flask import Flask\napp = Flask('a')\napp.get('/a')(lambda: 'a')\napp.test_client().get('/a')\n",
    "FastAPI": (
        "from fastapi import FastAPI\nfrom fastapi.testclient import TestClient\n"
        "app = FastAPI()\napp.get('/a')(lambda: 'a')\nTestClient(app).get('/a')\n"
    ),
    "Litestar": (
        "from litestar import get\nfrom litestar.testing import create_test_client\n"
        "@get('/a', sync_to_thread=False)\ndef a() -> str:\n    return 'a'\n"
        "with create_test_client([a], logging_config=None) as client:\n    client.get('/a')\n"
    ),
    "Django": (
        "from django.conf import settings\n"
        "settings.configure(ALLOWED_HOSTS=['*'], ROOT_URLCONF='__main__', SECRET_KEY='not one')\n"
        "import django\ndjango.setup()\n"
        "from django.http import HttpResponse\nfrom django.test import Client\nfrom django.urls import path\n"
        "urlpatterns = [path('a', lambda request: HttpResponse())]\nClient().get('/a')\n"
    ),
}


@pytest.mark.parametrize("framework", FIRST_REQUESTS)
def test_the_first_test_that_imports_a_framework_loses_no_request(framework: str) -> None:
    """Its import is in the test's body, and so is its first request; and nothing goes wrong at that."""
    code = (
        "from pytest_backend_gates.probes.traffic import TrafficProbe\n"
        "probe = TrafficProbe(); probe.start(); probe.open_window()\n"
        f"{FIRST_REQUESTS[framework]}"
        "probe.close_window(); probe.stop(); collected = probe.collect(None, print)\n"
        "print([(name, one['asked']) for name, one in collected['answers'].items()], collected['faults'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[('GET /a', 1)] []\n", "")


#: ORM -> what a test does with it.
FIRST_STATEMENTS = {
    "SQLAlchemy": (
        "from sqlalchemy import create_engine, text\n"
        "with create_engine('sqlite://').connect() as connection:\n    connection.execute(text('SELECT 1'))\n"
    ),
    "Django ORM": (
        "from django.conf import settings\n"
        "settings.configure(DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}})\n"
        "import django\ndjango.setup()\n"
        "from django.db import connection\n"
        "with connection.cursor() as cursor:\n    cursor.execute('SELECT 1')\n"
    ),
}


@pytest.mark.parametrize("orm", FIRST_STATEMENTS)
def test_the_first_test_that_imports_an_orm_loses_no_statement(orm: str) -> None:
    """Nor does a request in which it is imported."""
    code = (
        "from pathlib import Path\n"
        "from pytest_backend_gates.probes.queries import QueriesProbe\n"
        "from pytest_backend_gates.taps.recording import Recorder\n"
        "recorder = Recorder(); probe = QueriesProbe(recorder, Path()); probe.start()\n"
        "recorder.live = recorder.counting = True\n"
        "observation = recorder.begin('GET'); recorder.current.set(observation)\n"
        f"{FIRST_STATEMENTS[orm]}"
        "probe.look_back(); probe.stop()\n"
        "print(observation.statements.shapes, probe.collect(None, print)['faults'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['SELECT ?'] []\n", "")
