"""What is read of a reply: its headers, its body uncompressed, and its shape."""

import gzip
import zlib

import pytest

from pytest_backend_gates.probes.contract.bodies import body_of, headers_of, shape_of
from pytest_backend_gates.taps.replies import LONGEST, Reply


def reply(*chunks: bytes, end: bool = True, **headers: str) -> Reply:
    one = Reply()
    one.begin([(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()])
    for chunk in chunks:
        one.add(chunk)
    if end:
        one.end()
    return one


def read(one: Reply) -> bytes | None:
    return body_of(one, headers_of(one))


def test_headers() -> None:
    """Names in small letters, each with all its values; ASGI sends bytes, WSGI text."""
    one = Reply()
    one.begin([(b"Set-Cookie", b"a=1"), ("set-cookie", "b=\xe9"), ("X-Total", "2")])
    assert headers_of(one) == {"set-cookie": ["a=1", "b=\xe9"], "x-total": ["2"]}


@pytest.mark.parametrize(
    ("one", "body"),
    [
        (reply(b'{"a"', b": 1}"), b'{"a": 1}'),
        (reply(), b""),
        (reply(b"abc", end=False), None),
        (reply(b"abc", end=False, content_length="3"), b"abc"),
        (reply(b"abc", end=False, content_length="4"), None),
        (reply(b"abc", end=False, content_length="three"), None),
        (reply(b"x" * LONGEST), b"x" * LONGEST),
        (reply(b"x" * LONGEST, b"x", b"x"), None),
        (reply(gzip.compress(b"abc"), content_encoding="gzip"), b"abc"),
        (reply(zlib.compress(b"abc"), content_encoding="Deflate"), b"abc"),
        (reply(b"abc", content_encoding="identity"), b"abc"),
        (reply(b"abc", content_encoding="br"), None),
        (reply(b"no gzip", content_encoding="gzip"), None),
        (reply(gzip.compress(b"abc")[:-9], content_encoding="gzip"), None),
        (reply(gzip.compress(b"x" * (LONGEST + 1)), content_encoding="gzip"), None),
    ],
    ids=range(15),
)
def test_bodies(one: Reply, body: bytes | None) -> None:
    """A body is whole or it is none: cut off, too long, or packed as nobody here can unpack."""
    assert read(one) == body


def test_an_application_that_begins_anew() -> None:
    """WSGI allows it before anything is sent, for an error in the middle."""
    one = reply(b"half", end=False)
    one.begin([])
    one.add(b"whole")
    one.end()
    assert read(one) == b"whole"


JSON = "application/json"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"id": 1, "name": "a"}', b'{"name": "b", "id": 2}'),
        (b"[1, 2, 3]", b"[4]"),
        (b'[{"a": 1}, {"b": null}]', b'[{"b": null}, {"a": 5}, {"a": 6}]'),
    ],
)
def test_the_same_shape(one: bytes, other: bytes) -> None:
    """Values, the order of keys, and how many items there are make no difference."""
    assert shape_of(one, JSON) == shape_of(other, JSON)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"id": 1}', b'{"id": "1"}'),
        (b'{"id": 1}', b'{"id": 1.5}'),
        (b'{"id": 1}', b'{"id": true}'),
        (b'{"id": 1}', b'{"id": null}'),
        (b'{"id": 1}', b'{"id": 1, "name": "a"}'),
        (b"[]", b"[1]"),
        (b"[]", b"{}"),
        (b'[{"a": 1}]', b'[{"a": 1}, {"a": null}]'),
        (b"", None),
        (b"", b"null"),
        (b"{", b"{}"),
        (b"[" * 100_000, b"[]"),
    ],
    ids=range(12),
)
def test_another_shape(one: bytes | None, other: bytes | None) -> None:
    """Types, keys and emptiness do, and so does what cannot be read."""
    assert shape_of(one, JSON) != shape_of(other, JSON)


def test_what_is_no_json() -> None:
    """Of other media types nothing but emptiness is looked at."""
    assert (
        shape_of(b"<p>1</p>", "text/html") == shape_of(b"<p>2</p>", "text/html") != shape_of(b"", "text/html")
    )
