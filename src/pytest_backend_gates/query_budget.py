"""The fixture ``query_budget``: the statements that a block sends to its database, counted.

    with query_budget(max=3):
        client.get("/orders")

Every statement that SQLAlchemy or Django sends in this process while the block runs is counted, whichever
thread or task sends it, and whenever its connection was opened. What only begins or ends a transaction is
not, nor what Django sends to open a connection. It is a plain assertion: it holds with and without
``--backend-gates``.
"""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pytest_backend_gates.taps.faults import Faults
from pytest_backend_gates.taps.places import Places
from pytest_backend_gates.taps.shapes import brief
from pytest_backend_gates.taps.statements import Listening, Source, Statements

#: So many different statements are shown.
_SHOWN: Final = 10


class QueryBudgetError(AssertionError):
    """A block that ran more statements than it may."""


class UncountedError(RuntimeError):
    """A block whose statements could not be counted."""


class QueryBudget:
    """What the fixture is."""

    def __init__(self, rootdir: Path) -> None:
        """Show lines of the code below *rootdir*."""
        self._places = Places(rootdir)
        self._blocks: list[Block] = []

    def __call__(self, max: int) -> "Block":  # noqa: A002  it reads best where it is written
        """Return a block that may run *max* statements: ``with query_budget(max=5):``.

        Leaving it raises :class:`QueryBudgetError` when there were more, and :class:`UncountedError` when
        nobody could listen to them. Raises ``ValueError`` when *max* is no number of statements.
        """
        if not _is_number(max):
            raise ValueError(f"query_budget: max={max!r} is no number of statements")
        self._blocks.append(Block(max, self._places))
        return self._blocks[-1]

    def check(self) -> None:
        """Raise :class:`UncountedError` when a block was never entered: what looks like a budget was none."""
        __tracebackhide__ = True
        for block in self._blocks:
            if not block.is_used:
                raise UncountedError(
                    f"query_budget: nothing was counted: write 'with query_budget(max={block.most}):'"
                )


class Block:
    """A block whose statements are counted, once. ``count`` is how many there have been so far."""

    def __init__(self, most: int, places: Places) -> None:
        self.most = most
        self._places = places
        self._statements = Statements(self._source, every=True)
        self._listening = Listening(lambda: self._statements, Faults("statements"))
        #: Whether it was entered.
        self.is_used = False

    @property
    def count(self) -> int:
        """How many statements there have been so far."""
        return len(self._statements.shapes)

    def __enter__(self) -> Self:
        """Begin to count. Raises :class:`UncountedError` when the block was entered before."""
        __tracebackhide__ = True
        if self.is_used:
            raise UncountedError(
                f"query_budget: this block was entered before, and counts once: "
                f"write 'with query_budget(max={self.most}):' for each"
            )
        self.is_used = True
        self._listening.install_imported()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        try:
            if kind is None:
                self._judge()
        finally:
            self._listening.uninstall()

    def _judge(self) -> None:
        __tracebackhide__ = True
        self._check_listening()
        if self.count > self.most:
            raise QueryBudgetError("\n".join(self._told()))

    def _check_listening(self) -> None:
        """Raise unless every statement was heard: what nobody listened to is not within the budget."""
        __tracebackhide__ = True
        faults = self._listening.faults.told()
        if faults:
            raise UncountedError(f"query_budget: {faults[0]}")
        if self._listening.is_late:
            raise UncountedError("query_budget: the ORM was imported inside the block: import it before")
        if not self._listening.is_on:
            raise UncountedError(
                "query_budget: nothing was counted: neither SQLAlchemy nor Django's ORM is imported"
            )

    def _source(self, _shape: str, orm: str) -> Source:
        return Source(orm, *(self._places.here() or ()))

    def _told(self) -> list[str]:
        ordered = self._statements.by_number()
        lines = [f"query_budget: {self.count:,} statements, and {self.most:,} at most were allowed"]
        for shape, runs in ordered[:_SHOWN]:
            source = self._statements.sources[shape]
            place = f"  ({source.path}:{source.line})" if source.path else ""
            lines.append(f"  {runs:,} x {brief(shape)}{place}")
        if len(ordered) > _SHOWN:
            lines.append(f"  ... and {len(ordered) - _SHOWN:,} other statements")
        return lines


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
