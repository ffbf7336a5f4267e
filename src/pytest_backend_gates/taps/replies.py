"""What an application replied to one request, kept for whoever holds it against the API's contract."""

from collections.abc import Iterable
from typing import Final

#: So many bytes of a body are kept; a longer one is not looked at.
LONGEST: Final = 1 << 20


class Reply:
    """The headers and the body of one reply, as they were sent."""

    __slots__ = ("_chunks", "_ended", "_size", "headers", "late", "passed", "path", "withheld")

    def __init__(self) -> None:
        #: The applications that the request went into, the outermost first, each with the template of its mounts.
        self.passed: list[tuple[object, str]] = []
        #: The path that was asked for, as the outermost application routes it.
        self.path = ""
        #: As the application sent them: bytes (ASGI) or text (WSGI).
        self.headers: Iterable[tuple[bytes | str, bytes | str]] = ()
        #: Which exception left the application when all of it was sent, by its ``id``: it is not kept alive.
        self.late: int | None = None
        #: Whether the client has raised an exception in the place of it.
        self.withheld = False
        self._chunks: list[bytes] = []
        self._size = 0
        self._ended = False

    def begin(self, headers: Iterable[tuple[bytes | str, bytes | str]]) -> None:
        """Take the headers. An application may begin anew as long as nothing was sent."""
        self.headers = headers
        self._chunks.clear()
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Keep *chunk* unless the body has grown too long."""
        self._size += len(chunk)
        if self._size <= LONGEST:
            self._chunks.append(chunk)
        else:
            self._chunks.clear()

    def end(self) -> None:
        """Note that the body is complete."""
        self._ended = True

    @property
    def size(self) -> int:
        """How many bytes of the body are kept."""
        return self._size if self._size <= LONGEST else 0

    def has_passed(self, by: object) -> bool:
        """Return whether the request went into *by*."""
        return any(app is by for app, _ in self.passed)

    def forget(self) -> None:
        """Let go of the body, as if it were too long."""
        self._chunks.clear()
        self._size = LONGEST + 1

    def body(self, length: int | None) -> bytes | None:
        """Return the whole body; ``None`` when it is too long, or when nobody has seen its end.

        A body of the *length* that its header promises has ended, though nobody may have asked for more.
        """
        if self._size > LONGEST or not (self._ended or self._size == length):
            return None
        return b"".join(self._chunks)
