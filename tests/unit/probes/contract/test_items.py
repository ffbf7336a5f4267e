"""What keeps the contract's tests from being made is told with the setting, its place, and what is allowed there."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from pytest_backend_gates.probes.contract import engine
from pytest_backend_gates.probes.contract.app import resolve
from pytest_backend_gates.probes.contract.items import Anchor, Items
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.contract.probe import ContractProbe

if TYPE_CHECKING:
    from pytest_backend_gates.probes.contract.ending import Surroundings

PLACE = "backend_gates_app (pytest.ini:4)"
SPELT = "allowed: 'package.module:attribute', an ASGI or WSGI application or a function that returns one"
IMPORTABLE = "allowed: a module that tests can import: install the project, or name its folder in pytest's 'pythonpath'"
FILES = {
    "counter/__init__.py": "",
    "counter/app.py": "def app(environ, start_response): ...\n",
    "counter/wrong.py": "x = 1\n1 / 0\n",
    "counter/exits.py": "import sys\nsys.exit(0)\n",
    "counter/tells.py": "raise OSError('postgres://me:pass-word@db?password=pass-word')\n",
    "openapi.yaml": "openapi: [",
}


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Callable[[], object]], str | None]:
    """Return what is told of a step of the project with this ``backend_gates_app``."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "counter"]:
        monkeypatch.delitem(sys.modules, name)  # of another test's folder

    def attempt(app: str, step: Callable[[], object]) -> str | None:
        plan = Plan(tmp_path, app=app, places={app: PLACE})
        # What these steps need of a session is nothing.
        items = Items(plan, tmp_path, ContractProbe(), cast("Surroundings", None))
        return items._attempt(step, items._named)[1]

    return attempt


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        ("counter.app:ap", f"{PLACE}: 'counter.app' has no attribute 'ap'; did you mean 'app'? {SPELT}"),
        (
            "counter.ap:app",
            f"{PLACE}: there is no module 'counter.ap'; did you mean 'counter.app'? {IMPORTABLE}",
        ),
        (
            "counter.wrong:app",
            f"{PLACE}: counter.wrong:app raised ZeroDivisionError: division by zero, at counter/wrong.py:2",
        ),
        ("counter.exits:app", f"{PLACE}: counter.exits:app raised SystemExit: 0, at counter/exits.py:2"),
        (
            "counter.tells:app",
            (
                f"{PLACE}: counter.tells:app raised OSError: postgres://[Filtered]@db?password=[Filtered]"
                ", at counter/tells.py:1"
            ),
        ),
    ],
)
def test_an_application_that_cannot_be_had(
    told: Callable[[str, Callable[[], object]], str | None], app: str, expected: str
) -> None:
    """A misspelt name, and whatever the project's own code raises, with its line and without credentials."""
    assert told(app, partial(resolve, app)) == expected


def test_a_contract_that_cannot_be_read(
    told: Callable[[str, Callable[[], object]], str | None], tmp_path: Path
) -> None:
    """A schema that is none, a check that does not exist."""
    load = partial(engine.load, None, rootdir=tmp_path)
    broken = told("", partial(load, Path("openapi.yaml"), checks=()))
    assert broken is not None
    assert broken.startswith(f"backend_gates_schema: {tmp_path}/openapi.yaml is not YAML or JSON: ")
    (tmp_path / "openapi.yaml").write_text("openapi: 3.1\ninfo: {title: a, version: '1'}\npaths: {}\n")
    assert told("", partial(load, Path("openapi.yaml"), checks=())) == (
        f"{tmp_path}/openapi.yaml: the version has to be a text: write openapi: '3.1', in quotes"
    )
    (tmp_path / "openapi.yaml").write_text("openapi: 3.0.0\ninfo: {title: a, version: '1'}\npaths: {}\n")
    unknown = told("ignored_aut", partial(load, Path("openapi.yaml"), checks=["ignored_aut"]))
    assert unknown is not None
    assert unknown.partition(" allowed: ")[0] == (
        f"{PLACE}: there is no check 'ignored_aut'; did you mean 'ignored_auth'?"
    )


def test_a_schema_that_breaks_its_reader(tmp_path: Path) -> None:
    """It is not blamed on the application."""
    plan = Plan(
        tmp_path, app="counter.app:app", schema=Path("openapi.yaml"), places={"counter.app:app": PLACE}
    )
    items = Items(plan, tmp_path, ContractProbe(), cast("Surroundings", None))
    assert items._attempt(partial(divmod, 1, 0), items._reading)[1] == (
        "backend_gates_schema: reading openapi.yaml raised ZeroDivisionError: integer division or modulo by zero"
    )


def test_what_it_hangs_on(tmp_path: Path) -> None:
    """A folder, its conftest.py where there is one, or the file that a full run starts from."""
    test, conftest = tmp_path / "test_a.py", tmp_path / "conftest.py"
    assert (Anchor(tmp_path).folder, Anchor(tmp_path).path) == (tmp_path, tmp_path)
    conftest.touch()
    assert (Anchor(tmp_path).folder, Anchor(tmp_path).path) == (tmp_path, conftest)
    test.touch()
    assert (Anchor(test).folder, Anchor(test).path) == (tmp_path, test)
