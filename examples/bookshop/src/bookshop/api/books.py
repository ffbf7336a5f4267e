"""The catalogue: everybody reads it, the staff writes it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from bookshop.api.dependencies import BookId, Limit, Offset, SessionOfRequest, staff_member
from bookshop.api.problems import UNREADABLE, documented
from bookshop.errors import (
    BadTokenError,
    BookHasOrdersError,
    BookNotFoundError,
    IsbnTakenError,
    StaffOnlyError,
)
from bookshop.queries import books
from bookshop.schemas.books import BookOut, BookRevision, Delivery, NewBook
from bookshop.schemas.fields import Page
from bookshop.services import catalogue
from bookshop.services.catalogue import BookDetails

router = APIRouter(prefix="/books", tags=["books"])
staff_router = APIRouter(
    prefix="/books",
    tags=["books"],
    dependencies=[Depends(staff_member)],
    responses=documented(BadTokenError, StaffOnlyError),
)

Search = Annotated[str, Query(min_length=1, max_length=100, description="Part of a title or of an author.")]


@router.get("")
def list_books(
    session: SessionOfRequest,
    search: Search | None = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Page[BookOut]:
    """List the books by title, a page at a time."""
    found, total = books.find_page(session, search, limit=limit, offset=offset)
    items = [BookOut.model_validate(book) for book in found]
    return Page(items=items, total=total, limit=limit, offset=offset)


@router.get("/{book_id}", responses=documented(BookNotFoundError))
def read_book(book_id: BookId, session: SessionOfRequest) -> BookOut:
    """Show one book."""
    return BookOut.model_validate(catalogue.find_book(session, book_id))


@staff_router.post("", status_code=HTTPStatus.CREATED, responses=UNREADABLE | documented(IsbnTakenError))
def add_book(new: NewBook, session: SessionOfRequest) -> BookOut:
    """Take a book into the catalogue."""
    return BookOut.model_validate(catalogue.add_book(session, _details(new), new.stock))


@staff_router.put("/{book_id}", responses=UNREADABLE | documented(BookNotFoundError, IsbnTakenError))
def revise_book(book_id: BookId, revision: BookRevision, session: SessionOfRequest) -> BookOut:
    """Replace what the catalogue says about a book. Orders keep the price of their day."""
    return BookOut.model_validate(catalogue.revise_book(session, book_id, _details(revision)))


@staff_router.delete(
    "/{book_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(BookNotFoundError, BookHasOrdersError),
)
def remove_book(book_id: BookId, session: SessionOfRequest) -> None:
    """Take a book that was never ordered out of the catalogue."""
    catalogue.remove_book(session, book_id)


@staff_router.post(
    "/{book_id}/deliveries",
    status_code=HTTPStatus.CREATED,
    responses=UNREADABLE | documented(BookNotFoundError),
)
def take_delivery(book_id: BookId, delivery: Delivery, session: SessionOfRequest) -> BookOut:
    """Add delivered copies to the stock."""
    return BookOut.model_validate(catalogue.take_delivery(session, book_id, delivery.quantity))


def _details(said: BookRevision) -> BookDetails:
    return BookDetails(isbn=said.isbn, title=said.title, author=said.author, price_cents=said.price_cents)
