"""The examples' applications with what their tests put in, for a server and for a project without tests.

Each starts on a database of its own in FOLDER, which the environment variable ``BENCHMARK_DATA`` names.
"""

import os
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from flask import Flask


def bookshop() -> "FastAPI":
    """Return a book shop in which everything that is asked comes from a member of the staff."""
    from fastapi.security import HTTPAuthorizationCredentials

    from bookshop.api.dependencies import bearer_token
    from bookshop.app import create_app
    from bookshop.database import Database
    from bookshop.models import Book, Customer
    from bookshop.security import hash_password
    from bookshop.services import accounts, ordering
    from bookshop.settings import Settings

    settings = Settings(database_url=f"sqlite:///{_folder() / 'bookshop.db'}")
    database = Database(settings.database_url)
    database.create_tables()
    with database.session() as session:
        hashed = hash_password("correct horse battery")
        ada = Customer(email="ada@example.org", name="Ada Lovelace", password_hash=hashed, is_staff=True)
        books = [
            Book(isbn=isbn, title=title, author="Jane Austen", price_cents=1250, stock=10_000)
            for isbn, title in [("9780141439587", "Emma"), ("9780141439686", "Persuasion")]
        ]
        session.add_all([ada, *books])
        session.commit()
        ordering.place_order(session, ada.id, {books[1].id: 1})
        token = accounts.issue_token(session, ada.id, timedelta(hours=1))
    database.dispose()

    async def real_token() -> HTTPAuthorizationCredentials:
        return HTTPAuthorizationCredentials(scheme="Bearer", credentials=token.value)

    app = create_app(settings)
    app.dependency_overrides[bearer_token] = real_token
    return app


def corner_shop() -> "Flask":
    """Return a corner shop with a few articles, a clerk and a sale."""
    from corner_shop.app import create_app
    from corner_shop.clerks import pin_hash
    from corner_shop.database import connection

    articles = [
        ("4000000000001", "Matches", "sundries", None, 40, 100),
        ("4000000000002", "Ham sandwich", "sandwich", "cooler", 320, 6),
        ("4000000000003", "Cola", "drink", "cooler", 150, 24),
    ]
    app = create_app(_folder() / "corner_shop.db")
    with app.app_context(), connection() as database:
        database.executemany("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?)", articles)
        database.execute("INSERT INTO clerks VALUES ('Kim', ?)", (pin_hash("2468"),))
        database.execute("INSERT INTO sales VALUES (1, '2026-10-03T09:30:00+00:00', 350)")
        database.execute("INSERT INTO sale_lines VALUES (1, '4000000000003', 2)")
    return app


def _folder() -> Path:
    return Path(mkdtemp(dir=os.environ.get("BENCHMARK_DATA")))
