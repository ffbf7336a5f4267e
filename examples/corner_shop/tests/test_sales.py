"""The till, and what a basket costs."""

from datetime import UTC, datetime

from flask.testing import FlaskClient

from corner_shop.deals import Line, total_cents

MONDAY_MORNING = datetime(2026, 10, 5, 9, tzinfo=UTC)


def test_a_sale_takes_its_copies_from_the_stock(client: FlaskClient) -> None:
    """And the receipt can be printed again."""
    basket = {"lines": [{"barcode": "4000000000001", "quantity": 2}]}
    response = client.post("/sales", json=basket)

    assert response.status_code == 201
    assert response.get_json() == {"id": 2, "total_cents": 80}
    assert client.get("/sales/2").get_json()["lines"] == basket["lines"]
    assert client.get("/articles/4000000000001").get_json()["stock"] == 98


def test_nothing_is_sold_with_an_unknown_barcode(client: FlaskClient) -> None:
    """Not the rest of the basket either."""
    lines = [{"barcode": barcode, "quantity": 1} for barcode in ("4000000000001", "9999999999999")]

    assert client.post("/sales", json={"lines": lines}).status_code == 422
    assert client.get("/articles/4000000000001").get_json()["stock"] == 100


def test_every_third_packet_of_crisps_is_free() -> None:
    """The first deal of the shop."""
    assert total_cents([Line("crisps", 100, 7)], MONDAY_MORNING) == 500


def test_drinks_have_a_deposit() -> None:
    """25 cents a bottle."""
    assert total_cents([Line("drink", 150, 2)], MONDAY_MORNING) == 350
