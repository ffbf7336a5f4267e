"""Statements that Django sends, with its ORM or with cursors of its connections.

The clock runs while the driver executes: until the first rows can be fetched, and not while they are.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, ClassVar, Final
from weakref import WeakSet

from pytest_backend_gates.taps.faults import Faults
from pytest_backend_gates.taps.shapes import shape_of
from pytest_backend_gates.taps.statements import Statements

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    Execute = Callable[[str, object, bool, dict[str, Any]], object]


class DjangoORMTap:
    """Observes every connection of the process, those of threads that come later included."""

    name: ClassVar[str] = "Django ORM"
    module: ClassVar[str] = "django.db"

    def __init__(self) -> None:
        self._connections: WeakSet[BaseDatabaseWrapper] = WeakSet()
        self._forget: list[Callable[[], None]] = []

    def install(self, current: Callable[[], Statements | None], faults: Faults) -> None:
        """Wrap what executes statements, on each connection."""
        from django.conf import settings
        from django.db import connections
        from django.db.backends.signals import connection_created

        wrapper = _Wrapper(current, faults)

        def created(connection: "BaseDatabaseWrapper", **_: object) -> None:
            faults.attempt(self.name, self._wrap, connection, wrapper)

        self._forget.append(partial(self._unwrap_all, wrapper))
        connection_created.connect(created, weak=False)
        self._forget.append(partial(connection_created.disconnect, created))
        if settings.configured:
            for connection in connections.all(initialized_only=True):
                self._wrap(connection, wrapper)

    def _wrap(self, connection: "BaseDatabaseWrapper", wrapper: "_Wrapper") -> None:
        # Its context manager ``execute_wrapper`` would take the last wrapper out, whosever it is.
        if wrapper not in connection.execute_wrappers:
            connection.execute_wrappers.append(wrapper)
            self._connections.add(connection)

    def _unwrap_all(self, wrapper: "_Wrapper") -> None:
        for connection in self._connections:
            connection.execute_wrappers.remove(wrapper)
        self._connections.clear()

    def uninstall(self) -> None:
        """Give the connections back what they execute with."""
        while self._forget:
            self._forget.pop()()


class _Wrapper:
    #: The clock, where freezegun does not find it: it replaces what modules hold.
    _now: Final = staticmethod(perf_counter_ns)

    def __init__(self, current: Callable[[], Statements | None], faults: Faults) -> None:
        self._current = current
        self._note_fault = faults.note

    def __call__(
        self,
        execute: "Execute",
        text: str,
        parameters: object,
        many: bool,  # noqa: FBT001  Django's signature
        context: dict[str, Any],
    ) -> object:
        """Execute a statement, and write it down."""
        statements = self._begin(text, context)
        start = self._now()
        result = execute(text, parameters, many, context)
        if statements is not None:
            statements.times.append(self._now() - start)
        return result

    def _begin(self, text: object, context: dict[str, Any]) -> Statements | None:
        try:
            statements = self._current()
            if statements is None:
                return None
            shape = shape_of(str(text), context["connection"].vendor)
            if not shape:
                return None
            statements.add(shape, DjangoORMTap.name)
        except Exception as fault:  # noqa: BLE001  see Faults.attempt
            self._note_fault(DjangoORMTap.name, fault)
            return None
        return statements
