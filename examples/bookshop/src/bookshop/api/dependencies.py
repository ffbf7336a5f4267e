"""What routes ask for: a session, the caller, a page.

FastAPI runs a plain function in a thread, because it may wait for the database. Those that never wait are `async`.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field
from sqlalchemy.orm import Session

from bookshop.database import Database
from bookshop.errors import BadTokenError, StaffOnlyError
from bookshop.models import Customer
from bookshop.schemas.fields import MAX_ID, RowId
from bookshop.services import accounts
from bookshop.settings import Settings

# Without auto_error a missing header is our own 401: FastAPI's is a 403 in some versions.
bearer_token = HTTPBearer(auto_error=False, description="A token from `POST /tokens`.")


async def app_settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def app_database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def request_session(database: Annotated[Database, Depends(app_database)]) -> Iterator[Session]:
    """Open one session for the request. The services commit: the response is sent before this ends."""
    with database.session() as session:
        yield session


SessionOfRequest = Annotated[Session, Depends(request_session)]


def current_customer(
    session: SessionOfRequest,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_token)],
) -> Customer:
    """Find out who calls. Raises BadTokenError."""
    if bearer is None:
        raise BadTokenError
    return accounts.customer_of(session, bearer.credentials)


SignedIn = Annotated[Customer, Depends(current_customer)]


async def staff_member(customer: SignedIn) -> Customer:
    """Let only the staff pass. Raises BadTokenError and StaffOnlyError."""
    if not customer.is_staff:
        raise StaffOnlyError
    return customer


Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most.")]
Offset = Annotated[int, Query(ge=0, le=MAX_ID, description="How many items to pass over.")]
BookId = Annotated[RowId, Field(description="Which book.")]
OrderId = Annotated[RowId, Field(description="Which of the customer's orders.")]
