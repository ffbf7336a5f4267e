"""The running shop, with a new database for each test, and the people who use it."""

import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.testclient import TestClient
from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from bookshop.api.dependencies import bearer_token
from bookshop.app import create_app
from bookshop.database import Database
from bookshop.models import Base, Book, Customer
from bookshop.security import hash_password
from bookshop.services import accounts, ordering
from bookshop.settings import Settings


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Build the application once for all tests of this process."""
    path = tmp_path_factory.mktemp("bookshop") / "bookshop.db"
    return create_app(Settings(database_url=f"sqlite:///{path}"))


@pytest.fixture(scope="session")
def running(app: FastAPI) -> Iterator[TestClient]:
    """Start the application, and end it after the last test."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def database(app: FastAPI, running: TestClient) -> Iterator[Database]:  # noqa: ARG001 - it is opened at the start
    """Give the test empty tables, and see to it that every connection is given back."""
    database: Database = app.state.database
    with database.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
    yield database
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0


@pytest.fixture
def client(running: TestClient, database: Database) -> TestClient:  # noqa: ARG001 - it is empty then
    """Return a client of the running application."""
    return running


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """Open a session for arranging rows beside the HTTP interface."""
    with database.session() as session:
        yield session


@pytest.fixture(scope="session")
def password() -> str:
    """Make up the password of every customer that `add_customer` adds."""
    return secrets.token_urlsafe(16)


@pytest.fixture(scope="session")
def password_hash(password: str) -> str:
    """Derive it once: what that costs is measured where customers sign in."""
    return hash_password(password)


@pytest.fixture
def add_customer(session: Session, password_hash: str) -> Callable[..., Customer]:
    """Add customers with the known password."""

    def add(email: str, *, is_staff: bool = False) -> Customer:
        name = email.partition("@")[0]
        customer = Customer(email=email, name=name, password_hash=password_hash, is_staff=is_staff)
        session.add(customer)
        session.commit()
        return customer

    return add


@pytest.fixture
def signed_in(session: Session) -> Callable[..., dict[str, str]]:
    """Sign a customer in and return the headers to send."""

    def headers(customer: Customer, lifetime: timedelta = timedelta(minutes=5)) -> dict[str, str]:
        token = accounts.issue_token(session, customer.id, lifetime)
        return {"Authorization": f"Bearer {token.value}"}

    return headers


@pytest.fixture
def ada(add_customer: Callable[..., Customer]) -> Customer:
    """Add a customer."""
    return add_customer("ada@example.org")


@pytest.fixture
def as_ada(ada: Customer, signed_in: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Return the headers of a customer."""
    return signed_in(ada)


@pytest.fixture
def as_bob(add_customer: Callable[..., Customer], signed_in: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Return the headers of another customer."""
    return signed_in(add_customer("bob@example.org"))


@pytest.fixture
def as_staff(
    add_customer: Callable[..., Customer],
    signed_in: Callable[..., dict[str, str]],
) -> dict[str, str]:
    """Return the headers of a member of the staff."""
    return signed_in(add_customer("staff@example.org", is_staff=True))


@pytest.fixture
def add_book(session: Session) -> Callable[..., int]:
    """Put books into the catalogue and return their ids. What is not said about one is made up."""
    numbers = count(1)

    def add(
        title: str = "Emma",
        author: str = "Jane Austen",
        price_cents: int = 1000,
        stock: int = 10,
    ) -> int:
        isbn = f"978{next(numbers):010}"
        book = Book(isbn=isbn, title=title, author=author, price_cents=price_cents, stock=stock)
        session.add(book)
        session.commit()
        return book.id

    return add


@pytest.fixture
def place_order(client: TestClient) -> Callable[..., int]:
    """Order copies of a book and return the id of the order."""

    def place(headers: dict[str, str], book_id: int, quantity: int = 1) -> int:
        wanted = {"lines": [{"book_id": book_id, "quantity": quantity}]}
        response = client.post("/orders", headers=headers, json=wanted)
        assert response.status_code == 201, response.text
        order_id: int = response.json()["id"]
        return order_id

    return place


@pytest.fixture
def backend_app(tmp_path: Path) -> FastAPI:
    """Build a shop of its own for generated requests, in which what the API description gives as examples exists.

    They all come from the customer of the examples, who is a member of the staff: a generated token would be
    refused, and only the refusals would be tested.
    """
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'bookshop.db'}")
    database = Database(settings.database_url)
    database.create_tables()
    with database.session() as session:
        hashed = hash_password("correct horse battery")
        ada = Customer(email="ada@example.org", name="Ada Lovelace", password_hash=hashed, is_staff=True)
        emma, persuasion = (
            Book(isbn=isbn, title=title, author="Jane Austen", price_cents=1250, stock=10_000)
            for isbn, title in [("9780141439587", "Emma"), ("9780141439686", "Persuasion")]
        )
        session.add_all([ada, emma, persuasion])
        session.commit()
        assert (ada.id, emma.id, persuasion.id) == (1, 1, 2)
        ordering.place_order(session, ada.id, {persuasion.id: 1})  # so that the first book can be removed
        token = accounts.issue_token(session, ada.id, timedelta(hours=1))
    database.dispose()

    async def real_token() -> HTTPAuthorizationCredentials:
        return HTTPAuthorizationCredentials(scheme="Bearer", credentials=token.value)

    app = create_app(settings)
    app.dependency_overrides[bearer_token] = real_token
    return app


@pytest.fixture
def own_orders(
    as_ada: dict[str, str],
    as_bob: dict[str, str],
    add_book: Callable[..., int],
    place_order: Callable[..., int],
) -> list[int]:
    """Place twelve orders of Ada's and as many of Bob's in between; return Ada's, the newest first."""
    book_id = add_book(stock=24)
    placed = [place_order(headers, book_id) for headers in [as_ada, as_bob] * 12]
    return placed[-2::-2]
