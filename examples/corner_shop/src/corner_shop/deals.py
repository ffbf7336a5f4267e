"""The price of a basket, with the deals of the shop."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

DEPOSIT_CENTS = 25


class Line(NamedTuple):
    kind: str
    price_cents: int
    quantity: int


def total_cents(lines: Sequence[Line], now: datetime, *, card: bool = False) -> int:
    """Add up a basket. Deals are taken in the order in which the shop began to offer them."""
    total = 0
    meal = {"sandwich": 0, "drink": 0}
    for line in lines:
        cents = line.price_cents * line.quantity
        if line.kind == "crisps" and line.quantity >= 3:
            cents -= line.quantity // 3 * line.price_cents
        elif line.kind == "bread" and now.hour >= 18:
            cents = cents * 7 // 10 if now.weekday() == 5 else cents // 2
        elif line.kind == "drink":
            cents += DEPOSIT_CENTS * line.quantity
            if line.quantity >= 6 and not card:
                cents -= 50
        elif line.kind == "newspaper" and card and now.weekday() < 5:
            cents -= line.quantity * 10
        if line.kind in meal:
            meal[line.kind] += line.quantity
        total += cents
    if now.hour in (11, 12, 13) and all(meal.values()):
        total -= 80 * min(meal.values())
    if card and total > 2000:
        total = total * 97 // 100
    return max(total, 0)
