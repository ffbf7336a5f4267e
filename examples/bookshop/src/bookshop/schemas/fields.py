"""Kinds of values that several messages have, and the base of all messages."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# SQLite's integers have 64 bits, JSON's have no end: without a limit an id of 30 digits is a server error.
MAX_ID = 2**31 - 1


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# JSON has one kind of number. 12.0 is an integer to the API description, so it is one to a strict message as well.
WHOLE = BeforeValidator(_whole)

RowId = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1]), WHOLE]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S", description="Not blank.")]
Isbn = Annotated[str, Field(pattern=r"^97[89][0-9]{10}$", examples=["9780141439518"])]
Email = Annotated[
    str,
    Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["ada@example.org"]),
]
Cents = Annotated[int, Field(ge=0, le=100_000_00, description="Money, in cents.", examples=[1250]), WHOLE]
Copies = Annotated[int, Field(ge=1, le=1000, examples=[1]), WHOLE]

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
