"""What the shop sells."""

from flask.testing import FlaskClient


def test_articles_are_listed_by_name(client: FlaskClient) -> None:
    """The till shows them in this order."""
    names = [article["name"] for article in client.get("/articles").get_json()]

    assert names == ["Cola", "Ham sandwich", "Matches"]


def test_an_article_is_shown(client: FlaskClient) -> None:
    """With all that is known about it."""
    assert client.get("/articles/4000000000003").get_json() == {
        "barcode": "4000000000003",
        "name": "Cola",
        "kind": "drink",
        "shelf": "cooler",
        "price_cents": 150,
        "stock": 24,
    }


def test_an_unknown_barcode_is_not_found(client: FlaskClient) -> None:
    """Somebody scanned a bus ticket."""
    assert client.get("/articles/9999999999999").status_code == 404


def test_prices_are_changed_with_a_pin_only(client: FlaskClient) -> None:
    """Kim's PIN is another one."""
    response = client.put("/articles/4000000000003/price", headers={"X-Pin": "0000"}, json={"price_cents": 1})

    assert response.status_code == 403
    assert client.get("/articles/4000000000003").get_json()["price_cents"] == 150
