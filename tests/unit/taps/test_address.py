"""The address of a server: how it may be written, what goes there, and whether it is this machine."""

import socket

import pytest

from pytest_backend_gates.taps.address import Address, AddressError, elsewhere, is_loopback


@pytest.mark.parametrize(
    ("text", "spelt", "host_header"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("HTTP://LocalHost:8000/", "http://localhost:8000", "localhost:8000"),
        ("http://localhost", "http://localhost", "localhost"),
        ("http://localhost:443", "http://localhost:443", "localhost:443"),
        ("https://localhost:443/api/v1/", "https://localhost/api/v1", "localhost"),
        ("http://[::1]:8000/api", "http://[::1]:8000/api", "[::1]:8000"),
    ],
)
def test_an_address(text: str, spelt: str, host_header: str) -> None:
    """It is spelt in one way, however it was written."""
    found = Address.parse(text)
    assert (str(found), found.host_header) == (spelt, host_header)


@pytest.mark.parametrize(
    ("text", "message", "fault"),
    [
        ("127.0.0.1:8000", "this is no address of a web server", "127.0.0.1:8000"),
        ("localhost:8000", "this is no address of a web server", "localhost:8000"),
        ("ftp://localhost", "this is no address of a web server", "ftp://localhost"),
        ("http:localhost", "this is no address of a web server", "http:localhost"),
        ("http://[::1", "this is no address of a web server", "http://[::1"),
        ("http://", "the host is missing", "http://"),
        ("http://:8000", "the host is missing", "http://:8000"),
        ("http://local host", "an address holds no space", "http://local host"),
        ("http://localhost:80a", "the port is a number up to 65535", "80a"),
        ("http://localhost:65536", "the port is a number up to 65535", "65536"),
        (
            "http://a:b@localhost",
            "an address holds no credentials here: the requests carry them",
            "http://a:b@localhost",
        ),
        ("http://localhost/?a=1", "an address has no query and no fragment here", "a=1"),
        ("http://localhost/#a", "an address has no query and no fragment here", "a"),
        ("http://localhost?", "an address has no query and no fragment here", "http://localhost?"),
    ],
)
def test_what_is_no_address(text: str, message: str, fault: str) -> None:
    """The part at fault is told."""
    with pytest.raises(AddressError) as caught:
        Address.parse(text)
    assert (str(caught.value), caught.value.fault) == (message, fault)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://127.0.0.1:8000/api/orders/1?page=2", "/orders/1"),
        ("http://localhost:8000/api/orders/a%2Fb", "/orders/a%2Fb"),
        ("http://[::1]:8000/api", "/"),
        ("http://127.0.0.1:8000/api/", "/"),
        ("http://127.0.0.1:8000/apis/orders", None),
        ("http://127.0.0.1:8000/orders", None),
        ("http://127.0.0.1:8001/api/orders", None),
        ("http://127.0.0.1/api/orders", None),
        ("https://127.0.0.1:8000/api/orders", None),
        ("http://127.0.0.2:8000/api/orders", None),
        ("http://testserver/api/orders", None),
        ("http://127.0.0.1:x/api/orders", None),
    ],
)
def test_what_is_sent_there(url: str, path: str | None) -> None:
    """Scheme, host, port and path have to be the same; the usual names of this machine are."""
    assert Address.parse("http://127.0.0.1:8000/api").below(url) == path


def test_whether_a_request_was_sent_there() -> None:
    """An application is told the host and the port."""
    here = Address.parse("http://127.0.0.1:8000/api")
    hosts = ["127.0.0.1:8000", "localhost:8000", "127.0.0.1", "testserver", "", "127.0.0.1:x"]
    assert [host for host in hosts if here.is_named(host)] == ["127.0.0.1:8000", "localhost:8000"]


def test_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is this machine if all that it leads to is."""
    assert [elsewhere(host) for host in ("localhost", "127.0.0.1", "127.8.9.1", "::1")] == [None] * 4
    assert elsewhere("192.0.2.1") == "its address is 192.0.2.1"
    assert elsewhere("0.0.0.0") == "its address is 0.0.0.0"  # noqa: S104  where servers listen, and nobody is
    found = ["127.0.0.1", "192.0.2.7", "192.0.2.6"]

    def resolve(host: str, port: object, **_: object) -> list[tuple[object, ...]]:
        if host != "both":
            raise socket.gaierror(-2, f"not known: {host}, {port}")
        return [(None, None, None, "", (one, 0)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert elsewhere("both") == "its address is 192.0.2.6, 192.0.2.7"
    assert elsewhere("nowhere.invalid") == "its address is not known"


def test_addresses_of_this_machine() -> None:
    """Also of the sixth version, with a zone, and of the fourth within the sixth."""
    told = [
        "127.0.0.1",
        "127.255.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1%eth0",
        "10.0.0.1",
        "::",
        "::ffff:10.0.0.1",
    ]
    assert [one for one in told if is_loopback(one)] == [
        "127.0.0.1",
        "127.255.0.1",
        "::1",
        "::ffff:127.0.0.1",
    ]
