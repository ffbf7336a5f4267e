"""A customer's own orders."""

from http import HTTPStatus

from fastapi import APIRouter

from bookshop.api.dependencies import Limit, Offset, OrderId, SessionOfRequest, SignedIn
from bookshop.api.problems import UNREADABLE, documented
from bookshop.errors import (
    BadTokenError,
    BookNotFoundError,
    OrderCancelledError,
    OrderNotFoundError,
    OutOfStockError,
)
from bookshop.queries import orders
from bookshop.schemas.fields import Page
from bookshop.schemas.orders import NewOrder, OrderOut
from bookshop.services import ordering

router = APIRouter(prefix="/orders", tags=["orders"], responses=documented(BadTokenError))


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=UNREADABLE | documented(BookNotFoundError, OutOfStockError),
)
def place_order(new: NewOrder, customer: SignedIn, session: SessionOfRequest) -> OrderOut:
    """Order books: every line of it, or nothing."""
    return OrderOut.model_validate(ordering.place_order(session, customer.id, new.copies()))


@router.get("")
def list_orders(
    customer: SignedIn,
    session: SessionOfRequest,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Page[OrderOut]:
    """List the caller's orders, the newest first, a page at a time."""
    found, total = orders.find_page(session, customer.id, limit=limit, offset=offset)
    items = [OrderOut.model_validate(order) for order in found]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.get("/{order_id}", responses=documented(OrderNotFoundError))
def read_order(order_id: OrderId, customer: SignedIn, session: SessionOfRequest) -> OrderOut:
    """Show one of the caller's orders."""
    return OrderOut.model_validate(ordering.find_order(session, customer.id, order_id))


@router.post("/{order_id}/cancel", responses=documented(OrderNotFoundError, OrderCancelledError))
def cancel_order(order_id: OrderId, customer: SignedIn, session: SessionOfRequest) -> OrderOut:
    """Cancel an order; its copies go back into the stock."""
    return OrderOut.model_validate(ordering.cancel_order(session, customer.id, order_id))
