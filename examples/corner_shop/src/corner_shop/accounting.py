"""`python -m corner_shop.accounting 2026-10` writes a month's takings, a day a line, for the accountant."""

import csv
import sqlite3
import sys
from collections import Counter
from pathlib import Path

VAT_PERCENT = 7


def takings(database: sqlite3.Connection, month: str) -> Counter[str]:
    """Add up the sales of a month: the day (2026-10-03) -> cents."""
    days: Counter[str] = Counter()
    for sold_at, total_cents in database.execute("SELECT sold_at, total_cents FROM sales"):
        if sold_at.startswith(month):
            days[sold_at[:10]] += total_cents
    return days


def write(path: Path, days: Counter[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, delimiter=";")
        sheet.writerow(["day", "gross", "net", "VAT"])
        for day, gross in sorted(days.items()):
            net = round(gross * 100 / (100 + VAT_PERCENT))
            sheet.writerow([day, *(f"{cents / 100:.2f}" for cents in (gross, net, gross - net))])
        total = sum(days.values())
        sheet.writerow(["total", f"{total / 100:.2f}", "", ""])


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m corner_shop.accounting MONTH")
    month = sys.argv[1]
    database = sqlite3.connect("corner_shop.db")
    days = takings(database, month)
    database.close()
    if not days:
        sys.exit(f"nothing was sold in {month}")
    path = Path(f"takings-{month}.csv")
    write(path, days)
    sys.stdout.write(f"{path}: {len(days)} days\n")


if __name__ == "__main__":
    main()
