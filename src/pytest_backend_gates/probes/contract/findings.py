"""What an exercise of one operation showed: plain values that cross processes, and the words for them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Self

from pytest_backend_gates.measurements import Finding, Plain
from pytest_backend_gates.units import counted

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

#: Why nothing is known of an operation that something kept from being asked.
UNEXERCISED: Final = "it could not be exercised"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, as its schema spells it."""

    method: str
    path: str
    #: Why its definition cannot be used, if it cannot.
    broken: str | None = None
    #: Why it is not asked on purpose, if it is not.
    left_out: str | None = None
    #: The default checks that are not held against each of its answers.
    unchecked: tuple[str, ...] = ()
    #: Those that let more pass than they do by default.
    weakened: tuple[str, ...] = ()
    #: How much there is to vary in a request, which is how often it is asked, as far as the schema tells.
    weight: int = field(default=0, compare=False)

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
    #: What tells apart two failures of a check with the same status, such as the part of the schema. Made of
    #: kinds and paths only, which nothing has to be masked in: it must be the same in every run.
    identity: str = ""
    #: How many generated requests showed it.
    count: int = 1
    #: How many answers to the project's own tests showed it, and the first of these tests by name.
    observed: int = 0
    test: str = ""

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What makes it one failure, here and in a report: check, status, the check's name for it, the part."""
        return self.check, self.status, self.code, self.identity

    @property
    def frame(self) -> str | None:
        """``path:line`` of the project's own code, for an exception."""
        return f"{self.path}:{self.line}" if self.path else None

    def finding(self, operation: str) -> Finding:
        """Return the finding for the report."""
        return Finding(
            subject=operation,
            message=f"{self.title}, in {counted(self.observed, 'answer')} to tests"
            if self.observed
            else self.title,
            path=self.path,
            line=self.line,
            code=self.check,
            hint=self.curl or self.test or None,
            identity=" ".join(str(part) for part in self.key if part),
        )

    def masked(self, mask: Callable[[str], str]) -> Self:
        """Return it with its texts, which quote requests and answers, through *mask*."""
        title, message, curl = map(mask, (self.title, self.message, self.curl))
        return replace(self, title=title, message=message, curl=curl)

    def text(self) -> str:
        """Return all of it, for the one who has to mend it."""
        parts = [f"{self.title}  [{self.check}]"]
        if self.frame:
            parts.append(f"raised at {self.frame}")
        parts += [part for part in (self.message, self.curl) if part]
        if self.hint:
            parts.append(f"to document it: {self.hint}")
        return "\n".join(parts)


class Crossing:
    """What crosses processes as JSON-able data: a dataclass with ``statuses`` and ``failures``."""

    __slots__ = ()

    def to_plain(self: "DataclassInstance") -> Plain:
        """Return JSON-able data for :meth:`from_plain`."""
        plain = asdict(self)
        plain["statuses"] = {str(status): count for status, count in plain["statuses"].items()}
        return plain

    @classmethod
    def from_plain(cls, data: Plain) -> Self:
        """Read what :meth:`to_plain` wrote."""
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        values["statuses"] = {int(status): count for status, count in data["statuses"].items()}
        values["failures"] = tuple(Failure(**one) for one in data["failures"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Exercise(Crossing):
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
    #: Why one of several exercises of it, of variants of the application, proves nothing.
    variant: str | None = None

    @property
    def answered(self) -> bool:
        """Whether any answer was below 400."""
        return any(status < 400 for status in self.statuses)

    @property
    def misplaced(self) -> bool:
        """Whether nothing is there that needs no id: then the application serves the path elsewhere, if at all."""
        return set(self.statuses) == {404} and "{" not in self.operation

    @property
    def unproven(self) -> str | None:
        """Why nothing is known of the operation, if it never answered as it should."""
        if self.errors:
            return UNEXERCISED
        if self.exhausted:
            return "the time ran out"
        if self.variant is not None:
            return self.variant
        return None if self.answered else never(set(self.statuses))


def never(seen: set[int]) -> str:
    """Say what an operation answered that never answered below 400."""
    if not seen:
        return "no request could be generated"
    if 429 in seen:
        return "rate limited (429)"
    if seen <= {401, 403} or seen == {404}:
        return "only " + " and ".join(str(status) for status in sorted(seen))
    return "never below 400: only " + ", ".join(str(status) for status in sorted(seen))


def distinct(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return each failure once, with its counts, its shortest request and its first test.

    A generated request can be repeated at once, and so is told before a test. A server error is one failure
    with each exception behind it; what the tests saw of one says which status and no more.
    """
    by_key: dict[tuple[str, int, str, str], list[Failure]] = {}
    for failure in sorted(failures, key=lambda one: not one.count):
        key = failure.key
        if not failure.count and failure.check == "not_a_server_error":
            key = next((one for one in by_key if one[:2] == key[:2]), key)
        by_key.setdefault(key, []).append(failure)
    return tuple(_one(by_key[key]) for key in sorted(by_key))


def _one(alike: Sequence[Failure]) -> Failure:
    """Return what *alike* failures have shown together."""
    shortest = min(alike, key=lambda one: (not one.count, len(one.curl), one.curl))
    return replace(
        shortest,
        count=sum(one.count for one in alike),
        observed=sum(one.observed for one in alike),
        test=min((one.test for one in alike if one.test), default=""),
    )


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
