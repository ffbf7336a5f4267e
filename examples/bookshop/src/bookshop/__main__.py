"""`python -m bookshop EMAIL` lets a registered customer change the catalogue."""

import os
import sys

from bookshop.database import Database
from bookshop.services import accounts
from bookshop.settings import Settings


def appoint(email: str, settings: Settings) -> str | None:
    """Make a customer a member of the staff; return what is wrong, if anything is."""
    database = Database(settings.database_url)
    try:
        database.create_tables()
        with database.session() as session:
            known = accounts.appoint_staff(session, email)
    finally:
        database.dispose()
    return None if known else f"no customer has the email address {email}"


def main(arguments: list[str]) -> int | str | None:
    """Return the exit status: None for success, otherwise the message."""
    if len(arguments) != 1:
        return "usage: python -m bookshop EMAIL"
    return appoint(arguments[0], Settings.from_environment(os.environ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
