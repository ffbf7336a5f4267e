"""Orders."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from bookshop.models import Order, OrderStatus


def find_page(session: Session, customer_id: int, *, limit: int, offset: int) -> tuple[Sequence[Order], int]:
    """Find one page of a customer's orders with their lines, the newest first; and how many there are in all."""
    own = Order.customer_id == customer_id
    page = select(Order).where(own).order_by(Order.id.desc()).limit(limit).offset(offset)
    total = select(func.count()).select_from(Order).where(own)
    return session.scalars(page.options(selectinload(Order.lines))).all(), session.scalars(total).one()


def find(session: Session, customer_id: int, order_id: int) -> Order | None:
    """Find a customer's order with its lines; another customer's order is not found."""
    order = select(Order).where(Order.id == order_id, Order.customer_id == customer_id)
    return session.scalars(order.options(selectinload(Order.lines))).one_or_none()


def mark_cancelled(session: Session, order_id: int) -> bool:
    """Cancel the order; False if it is not in the state for it. Of two callers at once, one is told True."""
    marking = (
        update(Order)
        .where(Order.id == order_id, Order.status == OrderStatus.PLACED)
        .values(status=OrderStatus.CANCELLED)
        .returning(Order.id)
    )
    marked = session.scalars(marking, execution_options={"synchronize_session": False})
    return marked.one_or_none() is not None
