"""Ordering, and cancelling."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient


def line(book_id: int, quantity: object = 1) -> dict[str, object]:
    return {"book_id": book_id, "quantity": quantity}


def stock(client: TestClient, book_id: int) -> int:
    copies: int = client.get(f"/books/{book_id}").json()["stock"]
    return copies


def test_an_order_takes_its_copies_and_adds_up_its_price(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """The answer lists the lines by book with the price of today, in cents."""
    cheap, dear = add_book(price_cents=999, stock=5), add_book(price_cents=12_345, stock=2)
    before = datetime.now(UTC)

    response = client.post("/orders", headers=as_ada, json={"lines": [line(dear, 2), line(cheap, 3)]})
    order = response.json()

    assert response.status_code == 201
    assert before <= datetime.fromisoformat(order.pop("created_at")) <= datetime.now(UTC)
    assert order == {
        "id": 1,
        "status": "placed",
        "lines": [
            {"book_id": cheap, "quantity": 3, "unit_price_cents": 999},
            {"book_id": dear, "quantity": 2, "unit_price_cents": 12_345},
        ],
        "total_cents": 3 * 999 + 2 * 12_345,
    }
    assert (stock(client, cheap), stock(client, dear)) == (2, 0)


def test_two_lines_about_one_book_are_one_wish(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """The quantities are added before the stock is asked."""
    book_id = add_book(stock=5)
    response = client.post("/orders", headers=as_ada, json={"lines": [line(book_id, 2), line(book_id, 3)]})

    assert [item["quantity"] for item in response.json()["lines"]] == [5]
    assert stock(client, book_id) == 0


def test_an_order_is_filled_completely_or_not_at_all(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """If one book is short, the copies of the others go back, and no order is left behind."""
    plenty, scarce, gone = add_book(stock=10), add_book(stock=1), add_book(stock=0)
    wanted = {"lines": [line(plenty, 3), line(scarce, 2), line(gone, 1)]}

    response = client.post("/orders", headers=as_ada, json=wanted)

    assert response.status_code == 409
    assert response.json() == {
        "code": "out-of-stock",
        "detail": f"not enough copies of book {scarce}, {gone}",
    }
    assert [stock(client, book_id) for book_id in (plenty, scarce, gone)] == [10, 1, 0]
    assert client.get("/orders", headers=as_ada).json()["total"] == 0


def test_an_order_for_an_unknown_book_takes_nothing(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """A book that does not exist is reported before one that is short."""
    known, short = add_book(stock=10), add_book(stock=0)
    wanted = {"lines": [line(known), line(short), line(4711)]}

    response = client.post("/orders", headers=as_ada, json=wanted)

    assert response.status_code == 404
    assert response.json() == {"code": "book-not-found", "detail": "there is no book 4711"}
    assert stock(client, known) == 10


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="no-lines"),
        pytest.param([line(1)] * 51, id="51-lines"),
        pytest.param(None, id="null"),
        pytest.param(line(1), id="not-a-list"),
        pytest.param([line(0)], id="book-0"),
        pytest.param([line(2**63)], id="book-beyond-the-database"),
        pytest.param([line(1, 0)], id="quantity-0"),
        pytest.param([line(1, -1)], id="quantity-negative"),
        pytest.param([line(1, 1001)], id="quantity-1001"),
        pytest.param([line(1, 1.5)], id="quantity-in-halves"),
        pytest.param([line(1) | {"unit_price_cents": 1}], id="own-price"),
    ],
)
def test_an_order_with_a_mistake_is_refused(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
    lines: object,
) -> None:
    """Nothing is taken for an order that nobody can fill; and customers do not make prices."""
    book_id = add_book(stock=10)
    response = client.post("/orders", headers=as_ada, json={"lines": lines})

    assert response.status_code == 422
    assert all(fault["loc"][:2] == ["body", "lines"] for fault in response.json()["detail"])
    assert stock(client, book_id) == 10


def test_the_last_copies_are_sold_once(
    client: TestClient,
    as_ada: dict[str, str],
    as_bob: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """Of eight orders at the same time for three copies, three are filled, whoever they come from."""
    book_id = add_book(stock=3)

    def order(headers: dict[str, str]) -> int:
        return client.post("/orders", headers=headers, json={"lines": [line(book_id)]}).status_code

    with ThreadPoolExecutor(4) as customers:
        statuses = list(customers.map(order, [as_ada, as_bob] * 4))

    assert sorted(statuses) == [201] * 3 + [409] * 5
    assert stock(client, book_id) == 0


@pytest.mark.parametrize("quantity", [1, 2, 5, 10])
def test_cancelling_gives_the_copies_back(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
    place_order: Callable[..., int],
    quantity: int,
) -> None:
    """The cancelled order stays readable, and its copies can be ordered again."""
    book_id = add_book(stock=10)
    order_id = place_order(as_ada, book_id, quantity)
    assert stock(client, book_id) == 10 - quantity

    response = client.post(f"/orders/{order_id}/cancel", headers=as_ada)

    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert response.json() == client.get(f"/orders/{order_id}", headers=as_ada).json()
    assert stock(client, book_id) == 10
    place_order(as_ada, book_id, 10)


def test_cancelling_an_order_leaves_the_others(
    client: TestClient,
    as_ada: dict[str, str],
    own_orders: list[int],
) -> None:
    """Orders are cancelled one by one; those not yet cancelled stay placed, and the list keeps its order."""
    for cancelled, order_id in enumerate(own_orders, start=1):
        assert client.post(f"/orders/{order_id}/cancel", headers=as_ada).status_code == 200
        listed = client.get("/orders", headers=as_ada).json()["items"]
        assert [order["id"] for order in listed] == own_orders
        expected = ["cancelled"] * cancelled + ["placed"] * (12 - cancelled)
        assert [order["status"] for order in listed] == expected


def test_an_order_is_cancelled_once(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
    place_order: Callable[..., int],
) -> None:
    """Of three cancellations at the same time one gives the copies back; the others are conflicts."""
    book_id = add_book(stock=10)
    order_id = place_order(as_ada, book_id, 4)

    def cancel(_attempt: int) -> int:
        return client.post(f"/orders/{order_id}/cancel", headers=as_ada).status_code

    with ThreadPoolExecutor(3) as impatient:
        assert sorted(impatient.map(cancel, range(3))) == [200, 409, 409]
    again = client.post(f"/orders/{order_id}/cancel", headers=as_ada)

    assert again.json() == {"code": "order-cancelled", "detail": f"order {order_id} was cancelled before"}
    assert stock(client, book_id) == 10
