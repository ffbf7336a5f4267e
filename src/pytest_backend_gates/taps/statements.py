"""What is written down of the statements that one request, or one block of a test, sends to its database.

Source      where a statement comes from
Statements  those of one request or block
Listening   the taps of the ORMs
"""

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import ClassVar, NamedTuple, Protocol

from pytest_backend_gates.taps.faults import Faults
from pytest_backend_gates.taps.imports import Arrivals, LateError, has_come, taken


class Source(NamedTuple):
    """Where a statement comes from: the ORM, and the line of the project's code where it is known."""

    orm: str
    path: str | None = None
    line: int | None = None


class Statements:
    """The statements of one request or block, as shapes: what they were run with is not looked at."""

    __slots__ = ("_every", "_find", "_once", "shapes", "sources", "times")

    def __init__(self, find: Callable[[str, str], Source], *, every: bool = False) -> None:
        """*find* tells the source of a shape and its ORM; asked for *every* statement, or for repeated ones."""
        #: In the order in which they were run; a list, because threads may append to it at once.
        self.shapes: list[str] = []
        #: Nanoseconds, of those that did not fail.
        self.times: list[int] = []
        self.sources: dict[str, Source] = {}
        self._once: set[str] = set()
        self._find = find
        self._every = every

    def add(self, shape: str, orm: str) -> None:
        """Write down one statement."""
        self.shapes.append(shape)
        if not self._every:
            if shape in self.sources:
                return
            if shape not in self._once:
                self._once.add(shape)
                return
        # Where a statement is run again is where the loop is.
        self.sources[shape] = self._find(shape, orm)

    def by_number(self) -> list[tuple[str, int]]:
        """Return the shapes and how often each was run, most often first."""
        return Counter(self.shapes).most_common()


class StatementTap(Protocol):
    """What the tap of an ORM offers."""

    #: The ORM, as it is named in messages.
    name: ClassVar[str]
    #: The module whose presence in ``sys.modules`` means that the project uses it.
    module: ClassVar[str]

    def install(self, current: Callable[[], Statements | None], faults: Faults) -> None:
        """From now on write every statement down in what *current* returns."""

    def check(self) -> None:
        """Raise if statements are not observed any more, at the end of the session; say why."""

    def uninstall(self) -> None:
        """Restore what :meth:`install` changed, also after it failed half-way."""


class Listening:
    """The taps of the ORMs, installed once the project itself has imported them."""

    def __init__(self, current: Callable[[], Statements | None], faults: Faults) -> None:
        from pytest_backend_gates.taps.django_orm import DjangoORMTap
        from pytest_backend_gates.taps.sqlalchemy import SQLAlchemyTap

        self.faults = faults
        self._current = current
        self._pending: list[StatementTap] = [SQLAlchemyTap(), DjangoORMTap()]
        self._installed: list[StatementTap] = []
        look = partial(faults.attempt, "imports", self.install_imported)
        self._arrivals = Arrivals((tap.module for tap in self._pending), look)

    @property
    def is_on(self) -> bool:
        """Whether any ORM is listened to."""
        return bool(self._installed)

    @property
    def is_late(self) -> bool:
        """Whether an ORM has been imported that is not listened to yet."""
        return any(tap.module in sys.modules for tap in self._pending)

    def watch(self) -> None:
        """Listen to the ORMs that have been imported by now, and to others as soon as they are."""
        self._arrivals.start()
        self.install_imported()

    def note_late(self) -> None:
        """Note the ORMs that were imported in a way that is not watched."""
        for tap in self._pending:
            if has_come(tap.module):
                self.faults.note(tap.name, LateError(tap.module))

    def install_imported(self) -> None:
        """Listen to the ORMs that have been imported by now."""
        for tap in taken(self._pending):
            self._installed.append(tap)
            self.faults.attempt(tap.name, tap.install, self._current, self.faults)

    def check(self) -> None:
        """Note the taps that somebody has taken out."""
        for tap in self._installed:
            self.faults.attempt(tap.name, tap.check)

    def uninstall(self) -> None:
        """Stop listening."""
        self._arrivals.stop()
        while self._installed:
            self._installed.pop().uninstall()
