"""The application: `flask --app corner_shop.app run`. Its API is described in `openapi.yaml`, by hand."""

import os
from pathlib import Path

from flask import Flask

from corner_shop import articles, database, sales, stock


def create_app(path: str | Path | None = None) -> Flask:
    """Build the application on this SQLite file, by default the one that CORNER_SHOP_DB names."""
    app = Flask(__name__)
    app.config["DATABASE"] = str(path or os.environ.get("CORNER_SHOP_DB", "corner_shop.db"))
    app.teardown_appcontext(database.close)
    for blueprint in (articles.blueprint, sales.blueprint, stock.blueprint):
        app.register_blueprint(blueprint)
    return app
