"""Orders, and the copies they take from the stock and give back."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from bookshop.errors import BookNotFoundError, OrderCancelledError, OrderNotFoundError, OutOfStockError
from bookshop.models import Order, OrderLine
from bookshop.queries import books, orders


def place_order(session: Session, customer_id: int, copies: Mapping[int, int]) -> Order:
    """Order copies (book id -> how many): all of them, or none.

    Raises BookNotFoundError and OutOfStockError.
    """
    prices = books.take_copies(session, copies)
    short = copies.keys() - prices.keys()
    if short:
        raise _why_short(session, sorted(short))
    lines = [
        OrderLine(book_id=book_id, quantity=quantity, unit_price_cents=prices[book_id])
        for book_id, quantity in sorted(copies.items())
    ]
    order = Order(customer_id=customer_id, created_at=datetime.now(UTC), lines=lines)
    session.add(order)
    session.commit()
    return order


def find_order(session: Session, customer_id: int, order_id: int) -> Order:
    """Find a customer's order. Raises OrderNotFoundError, for another customer's order too."""
    order = orders.find(session, customer_id, order_id)
    if order is None:
        raise OrderNotFoundError(order_id)
    return order


def cancel_order(session: Session, customer_id: int, order_id: int) -> Order:
    """Cancel an order and put its copies back. Raises OrderNotFoundError and OrderCancelledError."""
    order = find_order(session, customer_id, order_id)
    if not orders.mark_cancelled(session, order_id):
        raise OrderCancelledError(order_id)
    books.add_copies(session, {line.book_id: line.quantity for line in order.lines})
    session.commit()
    session.refresh(order, ["status"])
    return order


def _why_short(session: Session, short: list[int]) -> BookNotFoundError | OutOfStockError:
    known = books.existing(session, short)
    unknown = [book_id for book_id in short if book_id not in known]
    return BookNotFoundError(unknown[0]) if unknown else OutOfStockError(short)
