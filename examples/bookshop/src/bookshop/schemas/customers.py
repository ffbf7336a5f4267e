"""Customers and their tokens as JSON."""

from datetime import datetime
from typing import Literal

from pydantic import Field, SecretStr

from bookshop.schemas.fields import Email, Received, RowId, Sent, Text


class NewCustomer(Received):
    email: Email
    name: Text = Field(examples=["Ada Lovelace"])
    password: SecretStr = Field(min_length=12, max_length=128, examples=["correct horse battery"])


class Credentials(Received):
    email: Email
    password: SecretStr = Field(min_length=1, max_length=128, examples=["correct horse battery"])


class CustomerOut(Sent):
    id: RowId
    email: Email
    name: Text
    is_staff: bool


class TokenOut(Sent):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_at: datetime
