"""What the shop refuses to do. Each error has a code that a client can rely on; its words may change."""

from collections.abc import Iterable
from typing import ClassVar


class ShopError(Exception):
    """A refusal. `summary` describes the kind of refusal, the exception's text this one."""

    code: ClassVar[str]
    summary: ClassVar[str]


class UnauthenticatedError(ShopError):
    """The caller has not shown who they are."""


class ForbiddenError(ShopError):
    """The caller is known and may not do this."""


class MissingError(ShopError):
    """What was asked for does not exist, or not for this caller."""


class ConflictError(ShopError):
    """The request makes sense, but not in the present state of the shop."""


class WrongCredentialsError(UnauthenticatedError):
    code = "wrong-credentials"
    summary = "The email address or the password is wrong."

    def __init__(self) -> None:
        super().__init__("no customer has this email address and this password")


class BadTokenError(UnauthenticatedError):
    code = "bad-token"
    summary = "The bearer token is missing, unknown or expired."

    def __init__(self) -> None:
        super().__init__("a valid bearer token is needed: POST /tokens gives one")


class StaffOnlyError(ForbiddenError):
    code = "staff-only"
    summary = "Only the staff may do this."

    def __init__(self) -> None:
        super().__init__("only the staff may change the catalogue")


class BookNotFoundError(MissingError):
    code = "book-not-found"
    summary = "There is no such book."

    def __init__(self, book_id: int) -> None:
        super().__init__(f"there is no book {book_id}")


class OrderNotFoundError(MissingError):
    code = "order-not-found"
    summary = "The customer has no such order."

    def __init__(self, order_id: int) -> None:
        super().__init__(f"you have no order {order_id}")


class EmailTakenError(ConflictError):
    code = "email-taken"
    summary = "A customer with this email address exists."

    def __init__(self) -> None:
        super().__init__("a customer with this email address exists already")


class IsbnTakenError(ConflictError):
    code = "isbn-taken"
    summary = "Another book has this ISBN."

    def __init__(self, isbn: str) -> None:
        super().__init__(f"another book has the ISBN {isbn}")


class BookHasOrdersError(ConflictError):
    code = "book-has-orders"
    summary = "The book stands in orders, which must stay readable."

    def __init__(self, book_id: int) -> None:
        super().__init__(f"book {book_id} stands in orders and cannot be deleted")


class OutOfStockError(ConflictError):
    code = "out-of-stock"
    summary = "There are not enough copies; nothing was ordered."

    def __init__(self, book_ids: Iterable[int]) -> None:
        super().__init__(f"not enough copies of book {', '.join(map(str, sorted(book_ids)))}")


class OrderCancelledError(ConflictError):
    code = "order-cancelled"
    summary = "The order was cancelled before."

    def __init__(self, order_id: int) -> None:
        super().__init__(f"order {order_id} was cancelled before")
