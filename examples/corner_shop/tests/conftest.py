"""A shop with a few articles, and one that has been open for months."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from corner_shop.app import create_app
from corner_shop.clerks import pin_hash
from corner_shop.database import connection

ARTICLES = [
    ("4000000000001", "Matches", "sundries", None, 40, 100),  # nobody has found a place for them yet
    ("4000000000002", "Ham sandwich", "sandwich", "cooler", 320, 6),
    ("4000000000003", "Cola", "drink", "cooler", 150, 24),
]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Open a shop with a clerk and a sale."""
    app = create_app(tmp_path / "corner_shop.db")
    with app.app_context(), connection() as database:
        database.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)", ARTICLES)
        database.execute("INSERT INTO clerks VALUES ('Kim', ?)", (pin_hash("2468"),))
        database.execute("INSERT INTO sales VALUES (1, '2026-10-03T09:30:00+00:00', 350)")
        database.execute("INSERT INTO sale_lines VALUES (1, '4000000000003', 2)")
    return app


@pytest.fixture
def backend_app(app: Flask) -> Flask:
    """Let generated requests write: what they change is thrown away with the test."""
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a client of the shop."""
    return app.test_client()


@pytest.fixture(scope="session")
def busy_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Return a client of a shop that has sold each of its 220 articles once a day, for 150 days."""
    app = create_app(tmp_path_factory.mktemp("busy") / "corner_shop.db")
    barcodes = [f"{4000000000000 + number}" for number in range(220)]
    latest = datetime.now().astimezone() - timedelta(hours=12)
    with app.app_context(), connection() as database:
        for barcode in barcodes:
            row = (barcode, f"Article {barcode}", "sundries", "shelf", 100, 14)
            database.execute("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)", row)
        for day in range(150):
            sold_at = (latest - timedelta(days=day)).isoformat()
            database.execute("INSERT INTO sales VALUES (?, ?, 22000)", (day + 1, sold_at))
            lines = [(day + 1, barcode, 1) for barcode in barcodes]
            database.executemany("INSERT INTO sale_lines VALUES (?, ?, ?)", lines)
    return app.test_client()
