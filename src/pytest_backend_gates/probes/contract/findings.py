"""What an exercise of one operation showed: plain values that cross processes, and the words for them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from json import dumps
from shlex import quote as shell_quote
from typing import Final, Self
from urllib.parse import quote, quote_plus

from pytest_backend_gates.measurements import Finding, Plain

#: What stands for a credential.
MASK: Final = "[Filtered]"
_USERINFO: Final = re.compile(r"(?<=://)[^/\s@]+@")
#: Tokens that the project's hooks may have minted, and that no configuration knows.
_TOKEN: Final = re.compile(r"(?<=Bearer )[\w.~+/-]{8,}=*|(?<=Basic )[\w+/]{8,}=*", re.IGNORECASE)
_JWT: Final = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, as its schema spells it."""

    method: str
    path: str
    #: Why its definition cannot be used, if it cannot.
    broken: str | None = None

    @property
    def name(self) -> str:
        """``GET /orders/{order_id}``."""
        return f"{self.method} {self.path}"

    @property
    def reads(self) -> bool:
        """Whether it only reads, by the promise of its method."""
        return self.method in ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which the application breaks its contract, however often it was seen."""

    check: str
    status: int
    #: What failed, in a line: ``404 Not Found is not documented``.
    title: str
    #: What the schema allows, and what the answer was instead.
    message: str = ""
    #: The shortest request that showed it, with credentials masked.
    curl: str = ""
    #: The line that would document it, where that is a remedy.
    hint: str | None = None
    #: The line of the project's own code that an exception came from: path, line.
    path: str | None = None
    line: int | None = None
    #: The check's own name for it, stable between releases.
    code: str = ""
    #: What tells apart two failures of a check with the same status, such as the part of the schema.
    identity: str = ""
    count: int = 1

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What makes it one failure: check, status, failure."""
        return self.check, self.status, self.code, self.identity

    @property
    def frame(self) -> str | None:
        """``path:line`` of the project's own code, for an exception."""
        return f"{self.path}:{self.line}" if self.path else None

    def finding(self, operation: str) -> Finding:
        """Return the finding for the report."""
        return Finding(
            subject=operation,
            message=self.title,
            path=self.path,
            line=self.line,
            code=self.check,
            hint=self.curl or None,
            identity=f"{self.check} {self.status} {self.identity}".strip(),
        )

    def text(self) -> str:
        """Return all of it, for the one who has to mend it."""
        parts = [f"{self.title}  [{self.check}]"]
        if self.frame:
            parts.append(f"raised at {self.frame}")
        parts += [part for part in (self.message, self.curl) if part]
        if self.hint:
            parts.append(f"to document it: {self.hint}")
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class Exercise:
    """What became of one operation."""

    operation: str
    #: How many answers had which status.
    statuses: Mapping[int, int] = field(default_factory=dict)
    requests: int = 0
    failures: tuple[Failure, ...] = ()
    #: Why the exercise says nothing reliable; each makes the verdict ERROR.
    errors: tuple[str, ...] = ()
    #: Whether the time ran out before everything was asked.
    exhausted: bool = False
    #: One line a request: method, path with query, a hash of the body.
    log: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether any answer was below 400."""
        return any(status < 400 for status in self.statuses)

    @property
    def unproven(self) -> str | None:
        """Why nothing is known of the operation, if it never answered as it should."""
        if self.errors:
            return "it could not be exercised"
        if self.exhausted:
            return "the time ran out"
        return None if self.answered else _never(set(self.statuses))

    def to_plain(self) -> Plain:
        """Return JSON-able data for :meth:`from_plain`."""
        plain = asdict(self)
        plain["statuses"] = {str(status): count for status, count in self.statuses.items()}
        return plain

    @classmethod
    def from_plain(cls, data: Plain) -> Self:
        """Read what :meth:`to_plain` wrote."""
        return cls(
            operation=data["operation"],
            statuses={int(status): count for status, count in data["statuses"].items()},
            requests=data["requests"],
            failures=tuple(Failure(**one) for one in data["failures"]),
            errors=tuple(data["errors"]),
            exhausted=data["exhausted"],
            log=tuple(data["log"]),
        )


def _never(seen: set[int]) -> str:
    """Say what an operation answered that never answered below 400."""
    if not seen:
        return "no request could be generated"
    if 429 in seen:
        return "rate limited (429)"
    if seen <= {401, 403} or seen == {404}:
        return "only " + " and ".join(str(status) for status in sorted(seen))
    return "never below 400: only " + ", ".join(str(status) for status in sorted(seen))


def distinct(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return each failure once, with its count and its shortest request."""
    counts: Counter[tuple[str, int, str, str]] = Counter()
    shortest: dict[tuple[str, int, str, str], Failure] = {}
    for failure in failures:
        counts[failure.key] += failure.count
        known = shortest.get(failure.key)
        if known is None or (len(failure.curl), failure.curl) < (len(known.curl), known.curl):
            shortest[failure.key] = failure
    return tuple(replace(shortest[key], count=counts[key]) for key in sorted(shortest))


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return *text* without the *secrets*, also as they stand in an address or a shell, without what is a token by
    its looks, and without a name and password in an address.
    """
    spellings = {
        spelling
        for secret in secrets
        for spelling in (
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            shell_quote(secret).strip("'"),
            dumps(secret)[1:-1],
        )
    }
    for secret in sorted(spellings, key=lambda spelling: (-len(spelling), spelling)):
        text = text.replace(secret, MASK)
    for pattern in (_TOKEN, _JWT):
        text = pattern.sub(MASK, text)
    return _USERINFO.sub(f"{MASK}@", text)


def status_text(status: int) -> str:
    """Return ``404 Not Found``; of a number that HTTP does not know, the number."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def documenting(status: int, *, by_framework: bool) -> str:
    """Return what to write to document *status*: for FastAPI's decorator, or for an OpenAPI file."""
    phrase = status_text(status).partition(" ")[2] or "What it means"
    if by_framework:
        return f'responses={{{status}: {{"description": "{phrase}"}}}} in the route\'s decorator'
    return f'"{status}": {{"description": "{phrase}"}} under the operation\'s responses'
