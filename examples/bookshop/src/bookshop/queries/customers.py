"""Customers and their tokens."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bookshop.models import AccessToken, Customer


def find_by_email(session: Session, email: str) -> Customer | None:
    return session.scalars(select(Customer).where(Customer.email == email)).one_or_none()


def find_by_token(session: Session, digest: str, now: datetime) -> Customer | None:
    """Find whose token this is, if it is still valid."""
    owner = (
        select(Customer)
        .join(AccessToken, AccessToken.customer_id == Customer.id)
        .where(AccessToken.digest == digest, AccessToken.expires_at > now)
    )
    return session.scalars(owner).one_or_none()


def delete_expired_tokens(session: Session, customer_id: int, now: datetime) -> None:
    session.execute(
        delete(AccessToken).where(AccessToken.customer_id == customer_id, AccessToken.expires_at <= now),
    )
