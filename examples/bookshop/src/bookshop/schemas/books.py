"""Books as JSON."""

from typing import Annotated

from pydantic import Field

from bookshop.schemas.fields import WHOLE, Cents, Copies, Isbn, Received, RowId, Sent, Text


class BookRevision(Received):
    isbn: Isbn
    title: Text = Field(examples=["Pride and Prejudice"])
    author: Text = Field(examples=["Jane Austen"])
    price_cents: Cents


class NewBook(BookRevision):
    stock: Annotated[int, Field(ge=0, le=100_000), WHOLE] = 0


class Delivery(Received):
    quantity: Copies


class BookOut(Sent):
    id: RowId
    isbn: Isbn
    title: Text
    author: Text
    price_cents: Cents
    stock: int = Field(ge=0)
