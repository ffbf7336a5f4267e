"""Which names belong to credentials: of headers, cookies, parameters and fields."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

#: Words that give a name away besides those that schemathesis knows.
_TELLTALE: Final = ("apikey", "accesskey", "secretkey", "privatekey", "authorization", "passphrase", "pwd")
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\dA-Za-z_]+|\d+")
#: Words of this length may end others: ``accesstoken``. A shorter one may not: ``monkey``.
_LONG: Final = 5


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the fields that hold credentials, in lower case: whole names, and words that give one away."""

    whole: frozenset[str]
    words: tuple[str, ...]

    def besides(self, names: Iterable[str]) -> "Names":
        """Return these and whole *names* besides."""
        return Names(self.whole.union(map(str.lower, names)), self.words)

    def tell(self, name: str) -> bool:
        """Whether a field so named holds a credential. ``key`` is a word of ``apiKey``, and none of ``keywords``."""
        return name.lower() in self.whole or _told(name, self.words)


def api_keys(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of headers, cookies and parameters that an OpenAPI document itself says hold credentials."""
    components = document.get("components")
    for schemes in (
        components.get("securitySchemes") if isinstance(components, Mapping) else None,
        document.get("securityDefinitions"),
    ):
        for scheme in schemes.values() if isinstance(schemes, Mapping) else ():
            if isinstance(scheme, Mapping) and scheme.get("type") == "apiKey":
                yield str(scheme.get("name"))


@lru_cache(maxsize=4096)
def _told(name: str, words: tuple[str, ...]) -> bool:
    spelt = _in_parts(name)
    return any(_ends(spelt, word) for word in (*words, *_TELLTALE))


def _in_parts(name: str) -> str:
    """Return ``-x-api-key-`` of ``X-ApiKey`` and ``x_api_key``."""
    return "".join(f"-{part}" for part in _PARTS.findall(name)).lower() + "-"


def _ends(spelt: str, word: str) -> bool:
    """Whether *word* is one of the words of a name, or ends one where it is long enough; or its plural is."""
    parts = _in_parts(word)
    begun = parts[1:] if len(word) >= _LONG else parts
    return begun in spelt or f"{begun[:-1]}s-" in spelt
