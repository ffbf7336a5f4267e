"""GET /health"""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bookshop.api.dependencies import app_database
from bookshop.database import Database


def test_the_shop_is_healthy_whatever_its_customers_do(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """Between orders that succeed, and then orders that fail because the stock is gone, the probe stays green."""
    wanted = {"lines": [{"book_id": add_book(stock=10), "quantity": 1}]}

    for expected in [201] * 10 + [409] * 10:
        assert client.post("/orders", headers=as_ada, json=wanted).status_code == expected
        assert client.get("/health").json() == {"status": "ok"}


def test_without_its_database_the_shop_is_unavailable(
    app: FastAPI,
    client: TestClient,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A database that cannot be opened is a 503; its message goes to the log and not to the client."""
    unreachable = Database(f"sqlite:///{tmp_path / 'no such folder' / 'bookshop.db'}")
    app.dependency_overrides[app_database] = lambda: unreachable

    with caplog.at_level(logging.ERROR, logger="bookshop"):
        response = client.get("/health")
    app.dependency_overrides.clear()
    unreachable.dispose()

    assert response.status_code == 503
    assert response.json() == {"code": "unavailable", "detail": "the database cannot be reached"}
    assert "unable to open database file" in caplog.text
