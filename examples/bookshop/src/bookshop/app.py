"""The application, put together."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from bookshop.api import books, customers, health, orders, problems
from bookshop.database import Database
from bookshop.errors import ShopError
from bookshop.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the shop with these settings, by default those of the environment."""
    app = FastAPI(
        title="Bookshop",
        version="1.0.0",
        lifespan=_lifespan,
        responses=problems.UNAVAILABLE,
        exception_handlers={
            ShopError: problems.refuse,
            RequestValidationError: problems.refuse_invalid,
            HTTPException: problems.refuse_http,
            OperationalError: problems.refuse_unavailable,
        },
    )
    app.state.settings = settings or Settings.from_environment(os.environ)
    for router in (health.router, customers.router, books.router, books.staff_router, orders.router):
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the database before the first request, close it after the last."""
    database = Database(app.state.settings.database_url)
    database.create_tables()
    app.state.database = database
    try:
        yield
    finally:
        database.dispose()
