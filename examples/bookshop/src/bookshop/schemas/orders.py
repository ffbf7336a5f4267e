"""Orders as JSON."""

from collections import Counter
from datetime import datetime

from pydantic import Field

from bookshop.models import OrderStatus
from bookshop.schemas.fields import Cents, Copies, Received, RowId, Sent


class WantedLine(Received):
    book_id: RowId
    quantity: Copies


class NewOrder(Received):
    lines: list[WantedLine] = Field(min_length=1, max_length=50)

    def copies(self) -> Counter[int]:
        """How many copies of which book: two lines about the same book are one wish."""
        copies: Counter[int] = Counter()
        for line in self.lines:
            copies[line.book_id] += line.quantity
        return copies


class OrderLineOut(Sent):
    book_id: RowId
    quantity: int = Field(ge=1)
    unit_price_cents: Cents


class OrderOut(Sent):
    id: RowId
    status: OrderStatus
    created_at: datetime
    lines: list[OrderLineOut]
    total_cents: int = Field(ge=0)
