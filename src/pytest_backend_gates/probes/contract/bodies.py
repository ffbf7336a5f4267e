"""The bodies of answers: made readable, and reduced to their shape, by which answers are told apart."""

import json
import zlib
from collections.abc import Hashable, Mapping
from typing import Any, Final

from pytest_backend_gates.taps.replies import LONGEST, Reply

#: The name of a header, in small letters -> its values.
Headers = Mapping[str, list[str]]
#: What zlib can take apart: both spellings of its own format.
_COMPRESSED: Final = ("gzip", "x-gzip", "deflate")
_EITHER_FORMAT: Final = zlib.MAX_WBITS | 32


def headers_of(reply: Reply) -> dict[str, list[str]]:
    """Return the headers of *reply* by name."""
    found: dict[str, list[str]] = {}
    for name, value in reply.headers:
        found.setdefault(_text(name).lower(), []).append(_text(value))
    return found


def body_of(reply: Reply, headers: Headers) -> bytes | None:
    """Return the body of *reply*, uncompressed; ``None`` when it is too long, not complete or not readable."""
    length = headers.get("content-length", [""])[0]
    body = reply.body(int(length) if length.isdecimal() else None)
    encoding = headers.get("content-encoding", ["identity"])[0].lower()
    if not body or encoding == "identity":
        return body
    return _uncompressed(body) if encoding in _COMPRESSED else None


def _uncompressed(body: bytes) -> bytes | None:
    decompressing = zlib.decompressobj(_EITHER_FORMAT)
    try:
        whole = decompressing.decompress(body, LONGEST)
    except zlib.error:
        return None
    return whole if decompressing.eof else None


def shape_of(body: bytes | None, content_type: str) -> Hashable:
    """Return what two bodies have in common that differ in their values alone: of JSON its structure and types."""
    if not body:
        return body is None
    if "json" not in content_type:
        return "text"
    try:
        return _shape(json.loads(body))
    except (ValueError, RecursionError):
        return "no JSON"


def _shape(value: Any) -> Hashable:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return frozenset([(key, _shape(one)) for key, one in value.items()])
    if isinstance(value, list):
        return "[]", frozenset(map(_shape, value))
    return type(value).__name__


def _text(word: bytes | str) -> str:
    return word if isinstance(word, str) else word.decode("latin-1")
