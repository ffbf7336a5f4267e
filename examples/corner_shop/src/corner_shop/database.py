"""The SQLite file: one connection a request, and the tables are there when it is open."""

import sqlite3

from flask import current_app, g

TABLES = """
CREATE TABLE IF NOT EXISTS articles (
    barcode TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, shelf TEXT,
    price_cents INTEGER NOT NULL, stock INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS sales (
    id INTEGER PRIMARY KEY, sold_at TEXT NOT NULL, total_cents INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS sale_lines (sale_id INTEGER, barcode TEXT, quantity INTEGER);
CREATE TABLE IF NOT EXISTS clerks (name TEXT PRIMARY KEY, pin_hash TEXT NOT NULL);
"""


def connection() -> sqlite3.Connection:
    if "connection" not in g:
        g.connection = sqlite3.connect(current_app.config["DATABASE"])
        g.connection.row_factory = sqlite3.Row
        g.connection.executescript(TABLES)
    opened: sqlite3.Connection = g.connection
    return opened


def close(_error: BaseException | None = None) -> None:
    opened = g.pop("connection", None)
    if opened is not None:
        opened.close()
