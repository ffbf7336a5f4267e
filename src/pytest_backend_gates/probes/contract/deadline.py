"""A socket whose exchange ends in time: a timeout of its own is for one call, and a server may send a byte in each."""

import io
import socket
from typing import TYPE_CHECKING

from pytest_backend_gates.clocks import Clock

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class Peer:
    """What :class:`http.client.HTTPConnection` needs of *peer*; after ``end`` it raises ``TimeoutError``."""

    def __init__(self, peer: socket.socket, end: float) -> None:
        """Let sending and receiving go on until *end*, as ``Clock.monotonic`` tells the time."""
        self.end = end
        self._peer = peer

    def sendall(self, data: "ReadableBuffer") -> None:
        """Send *data*."""
        rest = memoryview(data)
        while rest:
            self.hurry()
            rest = rest[self._peer.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what is received as a file, which can be read after :meth:`close` too, as with any socket."""
        return io.BufferedReader(_Received(self, self._peer.makefile("rb", buffering=0)))

    def close(self) -> None:
        """Close the socket, once its file is closed too."""
        self._peer.close()

    def hurry(self) -> None:
        """Let the next call take no longer than until the end. Raises ``TimeoutError`` behind it."""
        left = self.end - Clock.monotonic()
        if left <= 0:
            raise TimeoutError
        self._peer.settimeout(left)


class _Received(io.RawIOBase):
    def __init__(self, peer: Peer, received: socket.SocketIO) -> None:
        self._peer = peer
        self._received = received

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        self._peer.hurry()
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()
