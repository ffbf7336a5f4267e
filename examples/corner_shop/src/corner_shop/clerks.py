"""Who stands at the till."""

import hashlib

from corner_shop.database import connection


def pin_hash(pin: str) -> str:
    return hashlib.md5(pin.encode()).hexdigest()


def may_change_prices(pin: str) -> bool:
    found = connection().execute("SELECT 1 FROM clerks WHERE pin_hash = ?", (pin_hash(pin),))
    return found.fetchone() is not None
