"""Reading one's orders."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from bookshop.database import Database


def test_an_order_keeps_the_price_of_its_day(
    client: TestClient,
    as_staff: dict[str, str],
    add_book: Callable[..., int],
    place_order: Callable[..., int],
) -> None:
    """A book that becomes dearer does not make old orders dearer."""
    book_id = add_book(price_cents=1000)
    order_id = place_order(as_staff, book_id, 2)
    revision = {"isbn": "9780141439587", "title": "Emma", "author": "Jane Austen", "price_cents": 2000}
    client.put(f"/books/{book_id}", headers=as_staff, json=revision)

    assert client.get(f"/orders/{order_id}", headers=as_staff).json()["total_cents"] == 2000


@pytest.mark.parametrize("limit", [1, 4, 12, 100])
def test_the_pages_together_are_all_orders_newest_first(
    client: TestClient,
    as_ada: dict[str, str],
    own_orders: list[int],
    limit: int,
) -> None:
    """Whatever the size of a page, paging shows each own order once and nobody else's."""
    seen: list[int] = []
    for offset in range(0, 12, limit):
        page = client.get("/orders", headers=as_ada, params={"limit": limit, "offset": offset}).json()
        assert (page["total"], page["limit"], page["offset"]) == (12, limit, offset)
        seen += [order["id"] for order in page["items"]]

    assert seen == own_orders


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "0"), ("limit", "101"), ("limit", "all"), ("offset", "-1"), ("offset", str(2**31))],
)
def test_a_page_of_orders_that_cannot_be_is_refused(
    client: TestClient,
    as_ada: dict[str, str],
    name: str,
    value: str,
) -> None:
    """A parameter outside its bounds is named."""
    response = client.get("/orders", headers=as_ada, params={name: value})

    assert response.status_code == 422
    assert [fault["loc"] for fault in response.json()["detail"]] == [["query", name]]


def test_a_page_of_orders_needs_few_statements(
    client: TestClient,
    database: Database,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
    place_order: Callable[..., int],
) -> None:
    """Ten orders are read with as many SQL statements as one: the caller, the count, the orders, their lines."""
    book_id = add_book(stock=100)
    for _ in range(10):
        place_order(as_ada, book_id)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_parameters: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    for limit in (1, 10):
        statements.clear()
        page = client.get("/orders", headers=as_ada, params={"limit": limit}).json()
        assert len(page["items"]) == limit
        assert len(statements) == 4


def test_an_order_reads_as_it_was_placed(
    client: TestClient,
    as_ada: dict[str, str],
    add_book: Callable[..., int],
) -> None:
    """The order, the answer that placed it and the list of orders say the same."""
    book_id = add_book(stock=100)
    placed = [
        client.post(
            "/orders", headers=as_ada, json={"lines": [{"book_id": book_id, "quantity": quantity}]}
        ).json()
        for quantity in range(1, 11)
    ]

    assert [client.get(f"/orders/{order['id']}", headers=as_ada).json() for order in placed] == placed
    assert client.get("/orders", headers=as_ada).json()["items"] == placed[::-1]


@pytest.mark.parametrize("operation", ["GET /orders/{}", "POST /orders/{}/cancel"])
def test_anothers_order_does_not_exist(
    client: TestClient,
    as_ada: dict[str, str],
    as_bob: dict[str, str],
    own_orders: list[int],
    operation: str,
) -> None:
    """The answer is the same as for an order that was never placed, and the order is untouched."""
    order_id = own_orders[0]
    response = client.request(*operation.format(order_id).split(), headers=as_bob)

    assert response.status_code == 404
    assert response.json() == {"code": "order-not-found", "detail": f"you have no order {order_id}"}
    assert client.get(f"/orders/{order_id}", headers=as_ada).json()["status"] == "placed"
