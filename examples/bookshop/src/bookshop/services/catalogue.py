"""What the shop sells."""

from dataclasses import asdict, dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bookshop.errors import BookHasOrdersError, BookNotFoundError, IsbnTakenError
from bookshop.models import Book
from bookshop.queries import books


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDetails:
    """What the staff says about a book."""

    isbn: str
    title: str
    author: str
    price_cents: int


def find_book(session: Session, book_id: int) -> Book:
    """Find a book. Raises BookNotFoundError."""
    book = session.get(Book, book_id)
    if book is None:
        raise BookNotFoundError(book_id)
    return book


def add_book(session: Session, details: BookDetails, stock: int) -> Book:
    """Take a book into the catalogue. Raises IsbnTakenError."""
    book = Book(**asdict(details), stock=stock)
    session.add(book)
    _commit_isbn(session, details.isbn)
    return book


def revise_book(session: Session, book_id: int, details: BookDetails) -> Book:
    """Replace what is said about a book; its stock changes by deliveries and orders only.

    Raises BookNotFoundError and IsbnTakenError.
    """
    book = find_book(session, book_id)
    for field, value in asdict(details).items():
        setattr(book, field, value)
    _commit_isbn(session, details.isbn)
    return book


def remove_book(session: Session, book_id: int) -> None:
    """Take a book out of the catalogue.

    Raises BookNotFoundError, and BookHasOrdersError if the book was ever ordered.
    """
    session.delete(find_book(session, book_id))
    try:
        session.commit()
    except IntegrityError as error:
        raise BookHasOrdersError(book_id) from error


def take_delivery(session: Session, book_id: int, quantity: int) -> Book:
    """Add delivered copies to the stock. Raises BookNotFoundError."""
    books.add_copies(session, {book_id: quantity})
    book = find_book(session, book_id)
    session.commit()
    return book


def _commit_isbn(session: Session, isbn: str) -> None:
    try:
        session.commit()
    except IntegrityError as error:
        raise IsbnTakenError(isbn) from error
