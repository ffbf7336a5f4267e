"""What is said of statements that one request runs again and again, and what to write instead."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from pytest_backend_gates.measurements import Finding, Plain
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.taps.shapes import brief
from pytest_backend_gates.taps.statements import Source, Statements

#: ORM -> how to read, and how to write, many rows at once.
_INSTEAD: Final = {
    "SQLAlchemy": (
        "load them with their owners: .options(selectinload(...)), or joinedload(...) for single objects",
        "send them together: session.add_all(...), or execute(statement, [parameters, ...])",
    ),
    "Django ORM": (
        "load them with their owners: .prefetch_related(...), or .select_related(...) for single objects",
        "send them together: bulk_create(...), bulk_update(...), or one update(...) of a queryset",
    ),
}


@dataclass(frozen=True, slots=True)
class Repeated:
    """The statement that one request ran most often."""

    runs: int
    shape: str
    source: Source | None

    @classmethod
    def of(cls, statements: Statements) -> Self:
        """Return the one of *statements*. Raises ``IndexError`` if there are none."""
        shape, runs = statements.by_number()[0]
        return cls(runs, shape, statements.sources.get(shape))

    @staticmethod
    def number(repeated: "Repeated | None") -> int:
        """Return how often it was run."""
        return repeated.runs if repeated else 0

    @property
    def instead(self) -> str | None:
        """What to write instead, in the words of the ORM."""
        if self.source is None:
            return None
        read, write = _INSTEAD[self.source.orm]
        return read if self.shape.upper().startswith(("SELECT", "WITH")) else write

    def to_plain(self) -> Plain:
        """Return JSON-able data for :meth:`from_plain`."""
        return {"runs": self.runs, "shape": self.shape, "source": self.source and list(self.source)}

    @classmethod
    def from_plain(cls, data: Plain) -> Self:
        """Read what :meth:`to_plain` wrote."""
        return cls(data["runs"], data["shape"], data["source"] and Source(*data["source"]))


def advise(verdict: Verdict, worst: Mapping[str, Repeated]) -> Advice:
    """Help with a red or unproven row: of each operation over the limit, name the statement run most often."""
    if not verdict.over:
        return Advice()
    if verdict.metric.name == "queries.time":
        return Advice(f"look at {verdict.worst} first")
    return Advice(findings=tuple(_explained(one, worst.get(one.subject)) for one in verdict.findings))


def _explained(finding: Finding, repeated: Repeated | None) -> Finding:
    if finding.code != "over" or repeated is None or repeated.runs < 2:
        return finding
    source = repeated.source
    return replace(
        finding,
        message=f"{repeated.runs:,} times in one request: {brief(repeated.shape)}",
        value=None,
        code=None,
        path=source and source.path,
        line=source and source.line,
        hint=repeated.instead,
        identity=repeated.shape,
    )
