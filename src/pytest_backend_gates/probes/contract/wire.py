"""One request to the server at the base URL: sent there and nowhere else, whatever a schema or an answer says.

No proxy is asked and no redirect followed; and unless a person has allowed another machine, nothing is sent to
an address that is not this one's.
"""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Final

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.probes.contract.deadline import Peer
from pytest_backend_gates.probes.contract.serving import STREAM_SECONDS, Answer, EnoughError
from pytest_backend_gates.taps.address import Address, is_loopback
from pytest_backend_gates.units import counted

#: Headers of one connection only, or written anew here.
_OF_THE_CONNECTION: Final = (
    "host",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "upgrade",
)
#: Methods whose requests have a length though they have no body.
_WITH_LENGTH: Final = ("POST", "PUT", "PATCH")
#: In bytes: so much is read at a time.
_PIECE: Final = 1 << 16


class WireError(Exception):
    """There was no answer, and why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: *target* is a path with its query."""

    method: str
    target: str
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = b""


def ask(address: Address, request: Request, limit: float) -> Answer:
    """Send *request* to the server at *address* and return the answer, which may take *limit* seconds in all.

    Of a name with several addresses each is given as long to accept a connection.
    Raises :class:`WireError`.
    """
    end = Clock.monotonic() + limit
    peer = Peer(_connected(address, limit), end)
    connection = HTTPConnection(address.host, address.port)
    connection.sock = peer  # it is all that is used of one
    try:
        _send(connection, address, request)
        return _read(connection.getresponse(), peer)
    except TimeoutError:
        raise WireError(f"no answer within {limit:g} s") from None
    except (OSError, HTTPException, ValueError) as error:
        raise WireError(f"no answer: {_why(error)}") from error
    finally:
        connection.close()


def _connected(address: Address, limit: float) -> socket.socket:
    peer = None
    try:
        peer = socket.create_connection((address.host, address.port), limit)
        _stay_here(address, str(peer.getpeername()[0]))
        return _secured(address, peer)
    except TimeoutError:
        raise WireError(f"no server answers within {limit:g} s") from None
    except OSError as error:
        if peer is not None:
            peer.close()
        raise WireError(f"no server answers: {_why(error)}") from error


def _stay_here(address: Address, peer: str) -> None:
    """See to it that nothing is sent to another machine. The name may lead elsewhere than when it was checked."""
    if not (address.remote or is_loopback(peer)):
        raise ConnectionError(
            f"'{address.host}' is another machine by now, {peer}, and nothing is sent there"
        )


def _secured(address: Address, peer: socket.socket) -> socket.socket:
    if address.scheme == "http":
        return peer
    return ssl.create_default_context().wrap_socket(peer, server_hostname=address.host)


def _send(connection: HTTPConnection, address: Address, request: Request) -> None:
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", address.host_header)
    for name, value in request.headers:
        if name.lower() not in _OF_THE_CONNECTION:
            connection.putheader(name, value)
    if request.body or request.method in _WITH_LENGTH:
        connection.putheader("Content-Length", str(len(request.body)))
    connection.putheader("Connection", "close")
    connection.endheaders(request.body or None)


def _read(response: HTTPResponse, peer: Peer) -> Answer:
    """Read the answer to its end, or as much of it as is enough."""
    kept = [pair for pair in response.getheaders() if pair[0].lower() not in _OF_THE_CONNECTION[:4]]
    answer = Answer(response.status, kept)
    if answer.streams:
        peer.end = min(peer.end, Clock.monotonic() + STREAM_SECONDS)
    while not answer.ended:
        try:
            piece = _piece(response)
            answer.add(piece)
        except TimeoutError:
            if not answer.streams:
                raise
            break
        except EnoughError:
            break
        answer.ended = not piece
    return answer


def _piece(response: HTTPResponse) -> bytes:
    """Return what has come of the body, nothing at its end. Raises :class:`HTTPException` for one that ends too early."""
    piece = response.read1(_PIECE)
    if not piece and response.length:
        raise HTTPException(f"the last {counted(response.length, 'byte')} of it never came")
    return piece


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
