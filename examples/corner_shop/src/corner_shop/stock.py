"""What to order from the wholesaler."""

from datetime import datetime, timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from corner_shop.database import connection

blueprint = Blueprint("stock", __name__)

SOLD = """
SELECT COALESCE(SUM(quantity), 0) AS copies, MAX(sold_at) AS latest
FROM sale_lines JOIN sales ON sales.id = sale_id
WHERE barcode = ? AND sold_at >= ?
"""


@blueprint.get("/reorder")
def reorder() -> ResponseReturnValue:
    """List what sold more copies in the last days (four weeks, unless `days` says otherwise) than are in stock."""
    days = request.args.get("days", 28, type=int)
    since = (datetime.now().astimezone() - timedelta(days=days)).isoformat()
    missing = []
    for article in connection().execute("SELECT barcode, name, stock FROM articles ORDER BY name").fetchall():
        sold = connection().execute(SOLD, (article["barcode"], since)).fetchone()
        if sold["copies"] > article["stock"]:
            missing.append({**article, "sold": sold["copies"], "latest": sold["latest"]})
    return missing
