"""The till."""

from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from corner_shop.database import connection
from corner_shop.deals import Line, total_cents

blueprint = Blueprint("sales", __name__, url_prefix="/sales")


@blueprint.post("")
def ring_up() -> ResponseReturnValue:
    """Sell a basket: its copies leave the stock, whatever the stock says; the shelf knows better."""
    basket = request.get_json()
    lines = []
    for wanted in basket["lines"]:
        found = "UPDATE articles SET stock = stock - ? WHERE barcode = ? RETURNING kind, price_cents"
        article = connection().execute(found, (wanted["quantity"], wanted["barcode"])).fetchone()
        if article is None:
            connection().rollback()
            return {"error": f"no article has the barcode {wanted['barcode']}"}, 422
        lines.append(Line(article["kind"], article["price_cents"], wanted["quantity"]))
    now = datetime.now().astimezone()
    total = total_cents(lines, now, card=basket.get("card", False))
    selling = "INSERT INTO sales (sold_at, total_cents) VALUES (?, ?)"
    sale_id = connection().execute(selling, (now.isoformat(), total)).lastrowid
    connection().executemany(
        "INSERT INTO sale_lines VALUES (?, ?, ?)",
        [(sale_id, line["barcode"], line["quantity"]) for line in basket["lines"]],
    )
    connection().commit()
    return {"id": sale_id, "total_cents": total}, 201


@blueprint.get("/<int:sale_id>")
def read_sale(sale_id: int) -> ResponseReturnValue:
    sale = connection().execute("SELECT * FROM sales WHERE id = ?", (sale_id,)).fetchone()
    if sale is None:
        return {"error": f"there is no sale {sale_id}"}, 404
    lines = connection().execute("SELECT barcode, quantity FROM sale_lines WHERE sale_id = ?", (sale_id,))
    return {**sale, "lines": [dict(line) for line in lines]}
