"""Books and their stock."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.orm import Session

from bookshop.models import Book


def find_page(session: Session, search: str | None, *, limit: int, offset: int) -> tuple[Sequence[Book], int]:
    """Find one page of the books whose title or author contains `search`, by title; and how many there are in all."""
    matching = _matching(search)
    page = select(Book).where(*matching).order_by(Book.title, Book.id).limit(limit).offset(offset)
    total = select(func.count()).select_from(Book).where(*matching)
    return session.scalars(page).all(), session.scalars(total).one()


def _matching(search: str | None) -> list[ColumnElement[bool]]:
    if search is None:
        return []
    contains = (column.icontains(search, autoescape=True) for column in (Book.title, Book.author))
    return [or_(*contains)]


def existing(session: Session, book_ids: Sequence[int]) -> set[int]:
    """Return those of the ids that belong to a book."""
    return set(session.scalars(select(Book.id).where(Book.id.in_(book_ids))))


def take_copies(session: Session, copies: Mapping[int, int]) -> dict[int, int]:
    """Take copies (book id -> how many) from the stock; return the price of each book that had enough.

    One statement checks and takes, so that no two customers can be given the same copy.
    """
    wanted = case(dict(copies), value=Book.id)
    taking = (
        update(Book)
        .where(Book.id.in_(copies), Book.stock >= wanted)
        .values(stock=Book.stock - wanted)
        .returning(Book.id, Book.price_cents)
    )
    rows = session.execute(taking, execution_options={"synchronize_session": False})
    return {row.id: row.price_cents for row in rows}


def add_copies(session: Session, copies: Mapping[int, int]) -> None:
    """Put copies (book id -> how many) into the stock."""
    added = case(dict(copies), value=Book.id)
    adding = update(Book).where(Book.id.in_(copies)).values(stock=Book.stock + added)
    session.execute(adding, execution_options={"synchronize_session": False})
