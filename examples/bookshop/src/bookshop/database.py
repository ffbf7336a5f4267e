"""The connection to SQLite."""

from sqlite3 import Connection
from typing import Final

from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from bookshop.models import Base


class Database:
    """An SQLite file. Connections are opened when needed; `dispose` closes them."""

    def __init__(self, url: str) -> None:
        # A request keeps its connection while it waits for a free thread. With a bounded pool the threads could
        # all be waiting for connections that such requests hold; a connection to a file is cheap, so none waits.
        self.engine: Final = create_engine(url, max_overflow=-1)
        event.listen(self.engine, "connect", _set_pragmas)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def create_tables(self) -> None:
        """Create the tables that do not exist."""
        Base.metadata.create_all(self.engine)

    def session(self) -> Session:
        """Open a session; closing it gives up what was not committed."""
        return self._sessions()

    def dispose(self) -> None:
        self.engine.dispose()


def _set_pragmas(connection: Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")  # SQLite ignores them otherwise
    connection.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL a power cut cannot damage the file
