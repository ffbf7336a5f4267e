"""Changing the catalogue."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

MISTAKES = [
    pytest.param({"isbn": "978014143951"}, id="isbn-of-12"),
    pytest.param({"isbn": "97801414395188"}, id="isbn-of-14"),
    pytest.param({"isbn": "9770141439518"}, id="isbn-of-no-book"),
    pytest.param({"isbn": "978-0141439518"}, id="isbn-with-hyphen"),
    pytest.param({"isbn": 9780141439518}, id="isbn-number"),
    pytest.param({"title": ""}, id="title-empty"),
    pytest.param({"title": " \t"}, id="title-blank"),
    pytest.param({"title": "x" * 201}, id="title-of-201"),
    pytest.param({"author": ""}, id="author-empty"),
    pytest.param({"author": None}, id="author-null"),
    pytest.param({"price_cents": -1}, id="price-negative"),
    pytest.param({"price_cents": 10_000_001}, id="price-too-high"),
    pytest.param({"price_cents": 12.5}, id="price-of-half-a-cent"),
    pytest.param({"price_cents": "1250"}, id="price-as-text"),
    pytest.param({"price_cents": True}, id="price-as-truth"),
    pytest.param({"colour": "blue"}, id="unknown-field"),
]


@pytest.fixture
def emma() -> dict[str, Any]:
    """Return what the staff says about a book."""
    return {"isbn": "9780141439587", "title": "Emma", "author": "Jane Austen", "price_cents": 1250}


def test_a_new_book_is_in_the_catalogue(
    client: TestClient,
    as_staff: dict[str, str],
    emma: dict[str, Any],
) -> None:
    """The answer is the book as everybody sees it from now on."""
    response = client.post("/books", headers=as_staff, json=emma | {"stock": 3})

    assert response.status_code == 201
    assert response.json() == emma | {"id": 1, "stock": 3}
    assert client.get("/books/1").json() == response.json()


def test_a_new_book_has_no_copies_unless_told(
    client: TestClient,
    as_staff: dict[str, str],
    emma: dict[str, Any],
) -> None:
    """A book can be announced before it is delivered."""
    assert client.post("/books", headers=as_staff, json=emma).json()["stock"] == 0


def test_a_whole_number_may_be_written_with_a_point(
    client: TestClient,
    as_staff: dict[str, str],
    emma: dict[str, Any],
) -> None:
    """To JSON, and so to the API description, 3.0 is the integer 3."""
    response = client.post("/books", headers=as_staff, json=emma | {"price_cents": 1250.0, "stock": 3.0})

    assert response.status_code == 201
    assert '"price_cents":1250,"stock":3}' in response.text


def test_an_isbn_belongs_to_one_book(
    client: TestClient,
    as_staff: dict[str, str],
    emma: dict[str, Any],
) -> None:
    """The second book with an ISBN is refused, and the catalogue keeps the first."""
    client.post("/books", headers=as_staff, json=emma)
    response = client.post("/books", headers=as_staff, json=emma | {"title": "Emma again"})

    assert response.status_code == 409
    assert response.json() == {"code": "isbn-taken", "detail": "another book has the ISBN 9780141439587"}
    assert [book["title"] for book in client.get("/books").json()["items"]] == ["Emma"]


@pytest.mark.parametrize("mistake", [*MISTAKES, {"stock": -1}, {"stock": 100_001}])
def test_a_new_book_with_a_mistake_is_refused(
    client: TestClient,
    as_staff: dict[str, str],
    emma: dict[str, Any],
    mistake: dict[str, object],
) -> None:
    """The answer names the field, and the catalogue stays empty."""
    response = client.post("/books", headers=as_staff, json=emma | mistake)

    assert response.status_code == 422
    assert [fault["loc"] for fault in response.json()["detail"]] == [["body", *mistake]]
    assert client.get("/books").json()["total"] == 0


def test_a_revision_replaces_everything_but_the_stock(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
    emma: dict[str, Any],
) -> None:
    """The stock belongs to deliveries and orders: a revision made meanwhile must not undo them."""
    book_id = add_book(title="Ema", stock=7)
    response = client.put(f"/books/{book_id}", headers=as_staff, json=emma)

    assert response.status_code == 200
    assert response.json() == emma | {"id": book_id, "stock": 7}
    assert client.get(f"/books/{book_id}").json() == response.json()


def test_a_revision_may_change_nothing(
    client: TestClient,
    as_staff: dict[str, str],
    emma: dict[str, Any],
) -> None:
    """Sending the same revision twice is no conflict with itself."""
    book = client.post("/books", headers=as_staff, json=emma).json()

    for _ in range(2):
        assert client.put(f"/books/{book['id']}", headers=as_staff, json=emma).json() == book


def test_a_revision_cannot_take_another_books_isbn(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
    emma: dict[str, Any],
) -> None:
    """A conflict leaves both books as they were."""
    first, second = add_book(title="First"), add_book(title="Second")
    taken = client.get(f"/books/{first}").json()["isbn"]

    response = client.put(f"/books/{second}", headers=as_staff, json=emma | {"isbn": taken})

    assert response.status_code == 409
    assert response.json()["code"] == "isbn-taken"
    assert client.get(f"/books/{second}").json()["title"] == "Second"


@pytest.mark.parametrize("mistake", [*MISTAKES, {"stock": 5}])
def test_a_revision_with_a_mistake_is_refused(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
    emma: dict[str, Any],
    mistake: dict[str, object],
) -> None:
    """The answer names the field, and the book stays as it was."""
    book_id = add_book(title="Before")
    response = client.put(f"/books/{book_id}", headers=as_staff, json=emma | mistake)

    assert response.status_code == 422
    assert [fault["loc"] for fault in response.json()["detail"]] == [["body", *mistake]]
    assert client.get(f"/books/{book_id}").json()["title"] == "Before"


def test_removing_a_book_leaves_the_others(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """Books go one by one, each exactly once."""
    left = [add_book(title=f"Volume {number}") for number in range(8)]

    while left:
        removed = left.pop(len(left) // 2)
        assert client.delete(f"/books/{removed}", headers=as_staff).status_code == 204
        assert client.delete(f"/books/{removed}", headers=as_staff).status_code == 404
        assert [book["id"] for book in client.get("/books").json()["items"]] == left


def test_an_ordered_book_stays(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
    place_order: Callable[..., int],
) -> None:
    """An order must stay readable, cancelled or not, so its books cannot be removed."""
    book_id = add_book()
    order_id = place_order(as_staff, book_id)
    client.post(f"/orders/{order_id}/cancel", headers=as_staff)

    response = client.delete(f"/books/{book_id}", headers=as_staff)

    assert response.status_code == 409
    assert response.json()["code"] == "book-has-orders"
    assert client.get(f"/books/{book_id}").status_code == 200


@pytest.mark.parametrize("quantity", [1, 12, 1000])
def test_a_delivery_adds_to_the_stock(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
    quantity: int,
) -> None:
    """The answer shows the new stock of this book; other books keep theirs."""
    book_id, other = add_book(stock=5), add_book(stock=5)
    response = client.post(f"/books/{book_id}/deliveries", headers=as_staff, json={"quantity": quantity})

    assert response.status_code == 201
    assert response.json()["stock"] == 5 + quantity
    assert client.get(f"/books/{other}").json()["stock"] == 5


@pytest.mark.parametrize("quantity", [0, -1, 1001, 1.5, "1", None])
def test_a_delivery_of_no_quantity_is_refused(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
    quantity: object,
) -> None:
    """A delivery is between 1 and 1000 copies."""
    book_id = add_book(stock=5)
    response = client.post(f"/books/{book_id}/deliveries", headers=as_staff, json={"quantity": quantity})

    assert response.status_code == 422
    assert client.get(f"/books/{book_id}").json()["stock"] == 5


def test_deliveries_at_the_same_time_all_count(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """No delivery overwrites the stock that another one has just written."""
    book_id = add_book(stock=0)

    def deliver(quantity: int) -> int:
        path = f"/books/{book_id}/deliveries"
        return client.post(path, headers=as_staff, json={"quantity": quantity}).status_code

    with ThreadPoolExecutor(4) as doors:
        assert list(doors.map(deliver, [1, 20, 300, 1000])) == [201] * 4
    assert client.get(f"/books/{book_id}").json()["stock"] == 1321
