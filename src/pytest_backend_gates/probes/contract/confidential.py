"""What must not be shown: credentials that were configured, sent or returned, however they are spelt.

A credential is known by where it stands, in a field with a telling name, and from then on it is masked wherever
it appears: in the request that is shown, in an answer that is quoted, in the text of an exception. That ends
with the operation, so that what one of them shows says nothing of the others; only what an answer gave out that
can be no word stays known.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from html import escape
from itertools import chain, islice
from shlex import quote as shell_quote
from typing import Any, Final, Protocol, Self
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from pytest_backend_gates.masking import TELLING, masked
from pytest_backend_gates.probes.contract.stands import SCHEMES, Headers, Places
from pytest_backend_gates.probes.contract.telltale import Names

#: What stands in a field is taken for a credential from this length on. A shorter one is masked where its name
#: stands beside it: everywhere else it would take words apart.
SHORTEST: Final = 6
#: So many are known at a time, and so many characters of them: then those that were met longest ago are
#: forgotten. Of one answer the first ones count, which are those that are quoted.
_MOST: Final = 2_000
_MOST_CHARACTERS: Final = 4_000_000
_MOST_OF_AN_ANSWER: Final = 500
#: No word, and no name that somebody thought of.
_RANDOM: Final = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])\S{16,}")
_WORDS: Final = re.compile(r"\w+")


class Request(Protocol):
    """What was sent, as schemathesis records it."""

    @property
    def uri(self) -> str: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def body(self) -> bytes | None: ...


class Answer(Protocol):
    """What came back."""

    @property
    def headers(self) -> Headers: ...
    @property
    def content(self) -> bytes: ...


class Known:
    """The credentials met last, with their spellings. They do not grow without bound."""

    def __init__(self) -> None:
        self._spellings: dict[str, tuple[str, ...]] = {}
        self._characters = 0

    def add(self, secret: str) -> None:
        """Know *secret* as the last one met."""
        ways = self._spellings.pop(secret, None)
        if ways is None:
            ways = spellings(secret)
            self._characters += sum(map(len, ways))
        self._spellings[secret] = ways
        while len(self._spellings) > _MOST or self._characters > _MOST_CHARACTERS:
            oldest = next(iter(self._spellings))
            self._characters -= sum(map(len, self._spellings.pop(oldest)))

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._spellings.values())


class Confidential:
    """The credentials that are known. *published* is what the schema itself says: that is no secret."""

    def __init__(self, names: Names, configured: Iterable[str], published: Iterable[str]) -> None:
        self._places = Places(names)
        self._published = frozenset(published)
        self._configured = tuple(
            chain.from_iterable(spellings(one) for one in configured if len(one) >= SHORTEST)
        )
        self._given_out = Known()
        self.begin()

    def afresh(self) -> Self:
        """Return the same before anything was learnt."""
        fresh = copy(self)
        fresh._given_out = Known()  # noqa: SLF001  its own
        fresh.begin()
        return fresh

    def begin(self) -> None:
        """Forget what was sent and returned: the next operation is masked without regard to it."""
        self._sent = Known()
        self._returned = Known()

    def learn(self, request: Request, answer: Answer | None, fields: Mapping[str, Any] | None = None) -> None:
        """Learn what a request held, also in *fields* of its path, and what its answer did."""
        sent = (
            self._places.in_headers(request.headers),
            self._places.in_pairs(parse_qsl(urlsplit(request.uri).query)),
            self._places.within(fields),
            self._places.in_body(request.body or b""),
        )
        for secret in self._secret(chain(*sent)):
            self._sent.add(secret)
        if answer is None:
            return
        returned = self._secret(
            chain(self._places.in_headers(answer.headers), self._places.in_body(answer.content))
        )
        for secret in islice(returned, _MOST_OF_AN_ANSWER):
            self._returned.add(secret)
            if _RANDOM.fullmatch(secret):  # the application may well tell it later
                self._given_out.add(secret)

    def masked(self, text: str) -> str:
        """Return *text* without anything that is confidential."""
        known = chain(self._configured, self._given_out, self._returned, self._sent)
        return masked(text, [one for one in known if one[:TELLING] in text])

    def _secret(self, found: Iterable[str]) -> Iterator[str]:
        for text in found:
            if len(text) >= SHORTEST and text not in self._published and text.lower() not in SCHEMES:
                yield text


def spellings(secret: str) -> tuple[str, ...]:
    """Return *secret* as it may stand in an address, a shell, JSON, Python, HTML, and in base64."""
    raw = secret.encode("utf-8", "surrogatepass")
    ways = (
        secret,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        shell_quote(secret).strip("'"),
        shell_quote(json.dumps(secret)).strip("'")[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        escape(secret),
        b64encode(raw).decode().rstrip("="),
    )
    return tuple(dict.fromkeys(way for way in ways if way))


def published(part: Any) -> Iterator[str]:  # noqa: ANN401  any part of an OpenAPI document
    """Yield every text of an OpenAPI document, and every word of one."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield from published(str(name))
            yield from published(value)
    elif isinstance(part, list):
        for one in part:
            yield from published(one)
    elif isinstance(part, str):
        yield part
        yield from _WORDS.findall(part)
