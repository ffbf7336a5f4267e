"""What differs between one installation and another."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`database_url` is an SQLAlchemy URL of an SQLite file; a token is valid for `token_lifetime`."""

    database_url: str = "sqlite:///bookshop.db"
    token_lifetime: timedelta = timedelta(hours=8)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read BOOKSHOP_DATABASE_URL and BOOKSHOP_TOKEN_MINUTES; what is absent keeps its default.

        Raises ValueError if the minutes are not a whole number.
        """
        default = cls()
        minutes = environ.get("BOOKSHOP_TOKEN_MINUTES")
        return cls(
            database_url=environ.get("BOOKSHOP_DATABASE_URL", default.database_url),
            token_lifetime=default.token_lifetime if minutes is None else timedelta(minutes=int(minutes)),
        )
