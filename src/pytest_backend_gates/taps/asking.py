"""What a request asks of another application in process: it is a part of that request, and its route does not name it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Final

#: Whether what runs here answers what another request has asked for.
ASKED: Final[ContextVar[bool]] = ContextVar("backend_gates_asked", default=False)


@contextmanager
def asked() -> Iterator[None]:
    """Note that what runs inside answers what the request around has asked for."""
    token = ASKED.set(True)
    try:
        yield
    finally:
        with suppress(ValueError):  # given up, and closed in another context
            ASKED.reset(token)
