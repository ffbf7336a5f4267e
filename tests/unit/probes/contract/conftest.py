"""Real applications, exercised by the real engine."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fastapi import FastAPI

from pytest_backend_gates.probes.contract import engine
from pytest_backend_gates.probes.contract.exercising import Patience
from pytest_backend_gates.probes.contract.findings import Exercise


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an OpenAPI document with these paths into the rootdir."""

    def write(paths: object, **besides: object) -> Path:
        whole = {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}, "paths": paths, **besides}
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(whole), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exercise something before a test gives the engine little time: the first time it imports the rest of itself."""
    app = FastAPI()
    app.get("/{number}")(number_of)
    api = engine.load(app, None, checks=(), rootdir=tmp_path_factory.mktemp("warm"))
    assert api.exercise(api.operations[0], app).unproven is None


def number_of(number: int) -> int:
    return number


@pytest.fixture
def load(tmp_path: Path, warm: None) -> Callable[..., engine.Api]:  # noqa: ARG001 - the engine is imported then
    """Return a function that reads the contract of an application; the rootdir is *tmp_path* if not given."""
    (tmp_path / ".git").mkdir()  # a schemathesis.toml further up is not this project's

    def read(
        app: object,
        schema: Path | None = None,
        checks: Sequence[str] = (),
        *,
        rootdir: Path = tmp_path,
        **patience: float,
    ) -> engine.Api:
        return engine.load(app, schema, checks=checks, rootdir=rootdir, patience=Patience(**patience))

    return read


@pytest.fixture
def exercise(load: Callable[..., engine.Api]) -> Callable[..., dict[str, Exercise]]:
    """Return a function that exercises the operations of an application, and gives the results by name."""

    def ask(app: object, schema: Path | None = None, **options: object) -> dict[str, Exercise]:
        api = load(app, schema, **options)
        asked = [operation for operation in api.operations if operation.left_out is None]
        return {operation.name: api.exercise(operation, app) for operation in asked}

    return ask
