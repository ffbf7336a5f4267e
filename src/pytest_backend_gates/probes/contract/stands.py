"""Where credentials stand in requests and answers: beside a telling name, whatever the format."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from pytest_backend_gates.probes.contract.telltale import Names

#: Words that announce a credential and are none.
SCHEMES: Final = ("bearer", "basic", "digest")
_COOKIES: Final = ("cookie", "set-cookie")
#: Who a password belongs to: together they are a credential too.
_USERS: Final = ("username", "user", "login", "email", "client_id")
#: The fields of a form, of XML and of lines such as YAML's.
_FIELDS: Final = (
    re.compile(r'name="([^"]*)"[^\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)\r?\n--', re.DOTALL),
    re.compile(r"<([\w.:-]+)(?:\s[^<>]*)?>([^<]+)</"),
    re.compile(r"^[ \t-]*([\w.-]+):[ \t]+(\S[^\r\n]*)", re.MULTILINE),
)

Headers = Mapping[str, Sequence[str]]


class Places:
    """Finds what stands beside the names that *names* tell."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def in_headers(self, headers: Headers) -> Iterator[str]:
        """Yield what stands in headers with telling names, and in all cookies."""
        for name, values in headers.items():
            lower = name.lower()
            for value in values if lower in _COOKIES or self._names.tell(name) else ():
                yield value
                if lower in _COOKIES:
                    yield from _in_cookies(value, only_first=lower != "cookie")
                else:
                    yield from _in_scheme(value)

    def in_body(self, body: bytes) -> Iterator[str]:
        """Yield what stands beside telling names in JSON, in a form, or in XML and lines such as YAML's."""
        text = body.decode("utf-8", "replace")
        try:
            yield from self.within(json.loads(text))
        except (ValueError, RecursionError):
            for fields in _FIELDS:
                yield from self.in_pairs(fields.findall(text))
            yield from self.in_pairs(parse_qsl(text) if " " not in text else ())

    def within(self, value: Any) -> Iterator[str]:  # noqa: ANN401  whatever JSON holds
        """Yield what stands beside telling names, however deep."""
        if isinstance(value, Mapping):
            yield from self.in_pairs(value.items())
        elif isinstance(value, list):
            for one in value:
                yield from self.within(one)

    def in_pairs(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """Yield what stands beside a telling name; a name may come more than once."""
        pairs = tuple(pairs)
        users = [one for name, one in pairs if name in _USERS and isinstance(one, str)]
        for name, held in pairs:
            if not self._names.tell(str(name)):
                yield from self.within(held)
                continue
            for text in texts(held):
                yield text
                yield from (f"{user}:{text}" for user in users)


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401  whatever JSON or TOML holds
    """Yield every text and number in *value*, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def _in_cookies(value: str, *, only_first: bool) -> Iterator[str]:
    """Yield the values of cookies. Of one that is set what follows says where it holds, and how long."""
    for pair in value.split(";")[: 1 if only_first else None]:
        yield pair.partition("=")[2].strip().strip('"')


def _in_scheme(value: str) -> Iterator[str]:
    """Yield the credentials behind ``Bearer`` and the like, behind ``Basic`` also the password by itself."""
    scheme, _, rest = value.partition(" ")
    yield rest
    if scheme.lower() == "basic":
        try:
            pair = b64decode(rest, validate=True).decode()
        except ValueError:
            return
        yield pair
        yield pair.partition(":")[2]
