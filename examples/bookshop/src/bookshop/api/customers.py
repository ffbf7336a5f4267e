"""Customers and the tokens they sign in with."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from bookshop.api.dependencies import SessionOfRequest, SignedIn, app_settings
from bookshop.api.problems import UNREADABLE, documented
from bookshop.errors import BadTokenError, EmailTakenError, WrongCredentialsError
from bookshop.schemas.customers import Credentials, CustomerOut, NewCustomer, TokenOut
from bookshop.services import accounts
from bookshop.settings import Settings

router = APIRouter(tags=["customers"])


@router.post("/customers", status_code=HTTPStatus.CREATED, responses=UNREADABLE | documented(EmailTakenError))
def register(new: NewCustomer, session: SessionOfRequest) -> CustomerOut:
    """Become a customer."""
    password = new.password.get_secret_value()
    return CustomerOut.model_validate(
        accounts.register(session, email=new.email, name=new.name, password=password),
    )


@router.get("/customers/me", responses=documented(BadTokenError))
def read_own_account(customer: SignedIn) -> CustomerOut:
    """Show the caller's own account."""
    return CustomerOut.model_validate(customer)


@router.post(
    "/tokens",
    status_code=HTTPStatus.CREATED,
    responses=UNREADABLE | documented(WrongCredentialsError),
)
def sign_in(
    credentials: Credentials,
    session: SessionOfRequest,
    settings: Annotated[Settings, Depends(app_settings)],
) -> TokenOut:
    """Exchange an email address and a password for a bearer token."""
    password = credentials.password.get_secret_value()
    token = accounts.sign_in(
        session,
        email=credentials.email,
        password=password,
        lifetime=settings.token_lifetime,
    )
    return TokenOut(access_token=token.value, expires_at=token.expires_at)
