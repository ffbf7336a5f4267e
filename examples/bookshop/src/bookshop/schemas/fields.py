"""Kinds of values that several messages have, and the base of all messages."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

# SQLite's integers have 64 bits, JSON's have no end: without a limit an id of 30 digits is a server error.
MAX_ID = 2**31 - 1

RowId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S", description="Not blank.")]
Isbn = Annotated[str, Field(pattern=r"^97[89][0-9]{10}$", examples=["9780141439518"])]
Email = Annotated[
    str,
    Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["ada@example.org"]),
]
Cents = Annotated[int, Field(ge=0, le=100_000_00, description="Money, in cents.", examples=[1250])]
Copies = Annotated[int, Field(ge=1, le=1000, examples=[1])]

Item = TypeVar("Item")


class Received(BaseModel):
    """A message from a client: unknown fields and values of another type are mistakes."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Sent(BaseModel):
    """A message to a client, which may be read off a row of a table."""

    model_config = ConfigDict(from_attributes=True)


class Page(Sent, Generic[Item]):
    """A part of a longer list; `total` counts the whole list."""

    items: list[Item]
    total: int
    limit: int
    offset: int
