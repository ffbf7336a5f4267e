"""Who the customers are, and how they prove it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bookshop.errors import BadTokenError, EmailTakenError, WrongCredentialsError
from bookshop.models import AccessToken, Customer
from bookshop.queries import customers
from bookshop.security import hash_password, new_token, password_matches, token_digest

# Compared with when nobody has the email address: the answer then takes as long as for a wrong password,
# and its timing does not tell who is a customer.
_NOBODYS_HASH = hash_password(new_token())


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token in clear. It exists only here and in the response."""

    value: str
    expires_at: datetime


def register(session: Session, *, email: str, name: str, password: str) -> Customer:
    """Add a customer. Raises EmailTakenError; letter case makes no two addresses different."""
    customer = Customer(email=email.lower(), name=name, password_hash=hash_password(password))
    session.add(customer)
    try:
        session.commit()
    except IntegrityError as error:
        raise EmailTakenError from error
    return customer


def sign_in(session: Session, *, email: str, password: str, lifetime: timedelta) -> IssuedToken:
    """Give a token to the customer who knows the password. Raises WrongCredentialsError."""
    customer = customers.find_by_email(session, email.lower())
    matches = password_matches(password, customer.password_hash if customer else _NOBODYS_HASH)
    if customer is None or not matches:
        raise WrongCredentialsError
    customers.delete_expired_tokens(session, customer.id, datetime.now(UTC))
    return issue_token(session, customer.id, lifetime)


def issue_token(session: Session, customer_id: int, lifetime: timedelta) -> IssuedToken:
    """Give a new token to a customer whose identity is known."""
    token = IssuedToken(new_token(), datetime.now(UTC) + lifetime)
    session.add(
        AccessToken(digest=token_digest(token.value), customer_id=customer_id, expires_at=token.expires_at),
    )
    session.commit()
    return token


def customer_of(session: Session, token: str) -> Customer:
    """Find whose token this is. Raises BadTokenError if it is unknown or expired."""
    customer = customers.find_by_token(session, token_digest(token), datetime.now(UTC))
    if customer is None:
        raise BadTokenError
    return customer


def appoint_staff(session: Session, email: str) -> bool:
    """Let a customer change the catalogue; False if nobody has the email address."""
    customer = customers.find_by_email(session, email.lower())
    if customer is None:
        return False
    customer.is_staff = True
    session.commit()
    return True
