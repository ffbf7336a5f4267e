"""Books as JSON."""

from pydantic import Field

from bookshop.schemas.fields import Cents, Copies, Isbn, Received, RowId, Sent, Text


class BookRevision(Received):
    isbn: Isbn
    title: Text = Field(examples=["Pride and Prejudice"])
    author: Text = Field(examples=["Jane Austen"])
    price_cents: Cents


class NewBook(BookRevision):
    stock: int = Field(default=0, ge=0, le=100_000)


class Delivery(Received):
    quantity: Copies


class BookOut(Sent):
    id: RowId
    isbn: Isbn
    title: Text
    author: Text
    price_cents: Cents
    stock: int = Field(ge=0)
