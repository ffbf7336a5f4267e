"""What the shop sells, and for how much."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from corner_shop import clerks
from corner_shop.database import connection

blueprint = Blueprint("articles", __name__, url_prefix="/articles")


@blueprint.get("")
def list_articles() -> ResponseReturnValue:
    rows = connection().execute("SELECT * FROM articles ORDER BY name, barcode")
    return [dict(row) for row in rows]


@blueprint.get("/<barcode>")
def read_article(barcode: str) -> ResponseReturnValue:
    row = connection().execute("SELECT * FROM articles WHERE barcode = ?", (barcode,)).fetchone()
    if row is None:
        return {"error": f"no article has the barcode {barcode}"}, 404
    return dict(row)


@blueprint.put("/<barcode>/price")
def change_price(barcode: str) -> ResponseReturnValue:
    if not clerks.may_change_prices(request.headers.get("X-Pin", "")):
        return {"error": "wrong PIN"}, 403
    price = request.get_json()["price_cents"]
    changing = "UPDATE articles SET price_cents = ? WHERE barcode = ?"
    changed = connection().execute(changing, (price, barcode)).rowcount
    connection().commit()
    if not changed:
        return {"error": f"no article has the barcode {barcode}"}, 404
    return "", 204
