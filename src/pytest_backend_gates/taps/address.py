"""The address that a server's API begins at: how it is written, whether it is this machine, and what is sent there."""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

SPELT: Final = "allowed: 'http://127.0.0.1:8000' or 'https://...', with a path where the paths of the schema are below one"
_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SPACE: Final = re.compile(r"[\s\x00-\x1f\x7f]")


class AddressError(ValueError):
    """The text is no such address. Holds the part of it at fault."""

    def __init__(self, message: str, fault: str) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Address:
    """Where the paths of an API begin: scheme, host, port and a path, without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str = ""
    #: Whether it may be another machine: a person has asked for it.
    remote: bool = False

    @classmethod
    def parse(cls, text: str, *, remote: bool = False) -> Self:
        """Read *text*. Raises :class:`AddressError`."""
        parts = _checked(text)
        if not parts.hostname:
            raise AddressError("the host is missing", text)
        return cls(parts.scheme, parts.hostname, _port(parts), parts.path.rstrip("/"), remote)

    @property
    def host_header(self) -> str:
        """What a request says that it was sent to: ``127.0.0.1:8000``, without the port that goes without saying."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Where the server is, without a path."""
        return f"{self.scheme}://{self.host_header}"

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"

    def below(self, url: str) -> str | None:
        """Return the path of *url* below this address, as it was sent; ``None`` for what is sent elsewhere."""
        try:
            parts = _split(url)
            here = parts.scheme == self.scheme and self._is_at(parts.hostname, _port(parts))
        except AddressError:
            return None
        if not here or not f"{parts.path}/".startswith(f"{self.path}/"):
            return None
        return parts.path[len(self.path) :] or "/"

    def is_named(self, host_header: str) -> bool:
        """Whether a request with this ``Host`` was sent here."""
        try:
            parts = _split(f"{self.scheme}://{host_header}")
            return self._is_at(parts.hostname, _port(parts))
        except AddressError:
            return False

    def _is_at(self, host: str | None, port: int) -> bool:
        same = host == self.host or {host, self.host} <= _LOOPBACK
        return same and port == self.port


def elsewhere(host: str) -> str | None:
    """Say why *host* is not, or not for certain, this machine alone; ``None`` if it is."""
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return "its address is not known"
    others = sorted(one for one in found if not is_loopback(one))
    return f"its address is {', '.join(others)}" if others else None


def is_loopback(address: str) -> bool:
    """Whether what is sent to the IP *address* never leaves this machine."""
    ip = ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip).is_loopback


def _checked(text: str) -> SplitResult:
    """Return the parts of *text*, an address with nothing besides. Raises :class:`AddressError`."""
    if "@" in text:  # before anything else, which would quote them
        raise AddressError("an address holds no credentials here: the requests carry them", text)
    if _SPACE.search(text):
        raise AddressError("an address holds no space", text)
    parts = _split(text)
    if parts.scheme not in _PORTS or not text.lower().startswith(f"{parts.scheme}://"):
        raise AddressError("this is no address of a web server", text)
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise AddressError("an address has no query and no fragment here", re.split("[?#]", text)[1] or text)
    return parts


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise AddressError("this is no address of a web server", url) from None


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise AddressError("the port is a number up to 65535", parts.netloc.rpartition(":")[2]) from None
