"""Statements that SQLAlchemy sends, with synchronous and asynchronous engines.

It listens to the dialect's ``do_execute`` and its kin, in which a listener may do the executing: any listener to
the better known events of the cursor makes SQLAlchemy take twice our time on its own way to it. The clock
runs while the driver executes: until the first rows can be fetched, and not while they are.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pytest_backend_gates.taps.faults import Faults
from pytest_backend_gates.taps.patching import TakenOutError
from pytest_backend_gates.taps.shapes import shape_of
from pytest_backend_gates.taps.statements import Statements

if TYPE_CHECKING:
    from sqlalchemy.engine import ExecutionContext

#: The events in which the dialect executes. Each has the arguments of the dialect's method of that name.
_EVENTS: Final = ("do_execute", "do_execute_no_params", "do_executemany")


class SQLAlchemyTap:
    """Observes every engine of the process."""

    name: ClassVar[str] = "SQLAlchemy"
    module: ClassVar[str] = "sqlalchemy.engine"

    def __init__(self) -> None:
        self._forget: list[Callable[[], None]] = []
        self._listens: list[Callable[[], bool]] = []

    def install(self, current: Callable[[], Statements | None], faults: Faults) -> None:
        """Listen on the class of all engines, which means their dialects."""
        from sqlalchemy import Engine, event

        for name in _EVENTS:
            executing = _Executing(name, current, faults)
            # A function of its own: SQLAlchemy looks at how many arguments it takes.
            step = executing.plain if name == "do_execute_no_params" else executing.with_parameters
            event.listen(Engine, name, step)
            executing.own = step
            self._listens.append(partial(event.contains, Engine, name, step))
            self._forget.append(partial(event.remove, Engine, name, step))

    def check(self) -> None:
        """Raise if somebody has removed a listener of ours."""
        if not all(listens() for listens in self._listens):
            raise TakenOutError(
                "something has removed a listener: statements that were sent afterwards were not seen"
            )

    def uninstall(self) -> None:
        """Stop listening."""
        while self._forget:
            self._forget.pop()()


class _Executing:
    """Executes in the place of the dialect, as the dialect would, and writes it down."""

    #: The clock, where freezegun does not find it: it replaces what modules hold.
    _now: Final = staticmethod(perf_counter_ns)

    def __init__(self, name: str, current: Callable[[], Statements | None], faults: Faults) -> None:
        self.own: Callable[..., bool] | None = None
        self._name = name
        self._current = current
        self._note_fault = faults.note

    def with_parameters(
        self, cursor: object, text: str, parameters: object, context: "ExecutionContext"
    ) -> bool:
        """Return whether the statement has been executed."""
        times = self._begin(text, context)
        if times is None:
            return False
        start = self._now()
        self._execute(context.dialect, cursor, text, parameters, context)
        times.append(self._now() - start)
        return True

    def plain(self, cursor: object, text: str, context: "ExecutionContext") -> bool:
        """Return whether the statement has been executed."""
        times = self._begin(text, context)
        if times is None:
            return False
        start = self._now()
        self._execute(context.dialect, cursor, text, context)
        times.append(self._now() - start)
        return True

    def _begin(self, text: str, context: "ExecutionContext") -> list[int] | None:
        """Write a statement down, and return where to write its time; ``None`` for one that does not matter."""
        try:
            statements = self._current()
            if statements is None:
                return None
            shape = shape_of(text, context.dialect.name)
            if not shape:
                return None
            statements.add(shape, SQLAlchemyTap.name)
        except Exception as fault:  # noqa: BLE001  see Faults.attempt
            self._note_fault(SQLAlchemyTap.name, fault)
            return None
        return statements.times

    def _execute(self, dialect: Any, *arguments: object) -> None:  # noqa: ANN401  its methods by name
        """Let whoever listens after us execute, or else the dialect."""
        is_after_us = False
        for listener in getattr(dialect.dispatch, self._name):
            if is_after_us and listener(*arguments):
                return
            is_after_us |= listener is self.own
        getattr(dialect, self._name)(*arguments)
