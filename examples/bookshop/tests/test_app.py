"""The application as a whole: settings, start and end, its description of itself."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.pool import QueuePool

from bookshop.app import create_app
from bookshop.settings import Settings

ALL_DOCUMENTED = {
    "GET /health": {200, 503},
    "POST /customers": {201, 400, 409, 422, 503},
    "GET /customers/me": {200, 401, 503},
    "POST /tokens": {201, 400, 401, 422, 503},
    "GET /books": {200, 422, 503},
    "POST /books": {201, 400, 401, 403, 409, 422, 503},
    "GET /books/{book_id}": {200, 404, 422, 503},
    "PUT /books/{book_id}": {200, 400, 401, 403, 404, 409, 422, 503},
    "DELETE /books/{book_id}": {204, 401, 403, 404, 409, 422, 503},
    "POST /books/{book_id}/deliveries": {201, 400, 401, 403, 404, 422, 503},
    "POST /orders": {201, 400, 401, 404, 409, 422, 503},
    "GET /orders": {200, 401, 422, 503},
    "GET /orders/{order_id}": {200, 401, 404, 422, 503},
    "POST /orders/{order_id}/cancel": {200, 401, 404, 409, 422, 503},
}


@pytest.fixture
def operations(app: FastAPI) -> dict[str, Any]:
    """Return the operations of the API description."""
    paths = app.openapi()["paths"]
    return {f"{method.upper()} {path}": paths[path][method] for path in paths for method in paths[path]}


def test_every_operation_documents_its_statuses(operations: dict[str, Any]) -> None:
    """The description lists each answer that an operation may give, and no other."""
    documented = {name: set(map(int, operation["responses"])) for name, operation in operations.items()}

    assert documented == ALL_DOCUMENTED


def test_every_answer_with_a_body_has_a_schema(operations: dict[str, Any]) -> None:
    """Only the answer to a removal has no body."""
    without = [
        f"{name} {status}"
        for name, operation in operations.items()
        for status, response in operation["responses"].items()
        if "$ref" not in response.get("content", {}).get("application/json", {}).get("schema", {})
    ]

    assert without == ["DELETE /books/{book_id} 204"]


def test_operations_that_need_a_token_say_so(operations: dict[str, Any]) -> None:
    """An operation documents bearer authentication exactly if it can refuse a token."""
    secured = {name for name, operation in operations.items() if "security" in operation}

    refusing = {name for name, statuses in ALL_DOCUMENTED.items() if 401 in statuses}
    assert secured == refusing - {"POST /tokens"}


def test_refusals_are_described_by_their_reason(operations: dict[str, Any]) -> None:
    """The same status has another description where it has another reason."""
    descriptions = {
        name: operation["responses"]["409"]["description"]
        for name, operation in operations.items()
        if "409" in operation["responses"]
    }

    assert descriptions == {
        "POST /customers": "A customer with this email address exists.",
        "POST /books": "Another book has this ISBN.",
        "PUT /books/{book_id}": "Another book has this ISBN.",
        "DELETE /books/{book_id}": "The book stands in orders, which must stay readable.",
        "POST /orders": "There are not enough copies; nothing was ordered.",
        "POST /orders/{order_id}/cancel": "The order was cancelled before.",
    }


def test_the_database_is_open_between_start_and_end(tmp_path: Path) -> None:
    """Starting creates the tables, ending closes every connection, and the shop can be started again."""
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'shop.db'}"))

    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/books").json()["items"] == []
        pool = app.state.database.engine.pool
        assert isinstance(pool, QueuePool)
        assert pool.checkedin() == pool.checkedout() == 0


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application made without settings, as a server makes it, reads the environment."""
    monkeypatch.setenv("BOOKSHOP_DATABASE_URL", "sqlite:////srv/shop.db")
    monkeypatch.setenv("BOOKSHOP_TOKEN_MINUTES", "30")

    assert create_app().state.settings == Settings(
        database_url="sqlite:////srv/shop.db",
        token_lifetime=timedelta(minutes=30),
    )


def test_settings_have_defaults() -> None:
    """An empty environment is enough to start."""
    assert Settings.from_environment({}) == Settings()


def test_minutes_must_be_a_number() -> None:
    """A lifetime that cannot be read stops the start instead of becoming some other lifetime."""
    with pytest.raises(ValueError, match="'half an hour'"):
        Settings.from_environment({"BOOKSHOP_TOKEN_MINUTES": "half an hour"})
