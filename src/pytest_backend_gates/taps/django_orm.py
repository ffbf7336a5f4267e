"""Statements that Django sends, with its ORM or with cursors of its connections.

The class of all cursors is patched, and no connection: the ``execute_wrappers`` of each are in the order in which
their owner has put them, and those of other threads cannot be asked for. The clock runs until the first rows can
be fetched, and not while they are.
"""

from collections.abc import Callable, Collection
from functools import wraps
from threading import RLock
from time import perf_counter_ns
from typing import Any, ClassVar, Final

from pytest_backend_gates.taps.faults import Faults
from pytest_backend_gates.taps.patching import Method, Patches
from pytest_backend_gates.taps.shapes import shape_of
from pytest_backend_gates.taps.statements import Statements


class DjangoORMTap:
    """Observes every connection of the process, whichever thread has opened it, and when."""

    name: ClassVar[str] = "Django ORM"
    module: ClassVar[str] = "django.db"

    def __init__(self) -> None:
        self._listener: _Listener | None = None

    def install(self, current: Callable[[], Statements | None], faults: Faults) -> None:
        """Wrap what executes statements."""
        self._listener = _Listener(current, faults)
        _CURSORS.add(self._listener)

    def check(self) -> None:
        """Raise if what executes statements is not observed any more."""
        _CURSORS.check()

    def uninstall(self) -> None:
        """Give Django back what it executes with."""
        if self._listener is not None:
            _CURSORS.remove(self._listener)


class _Listener:
    def __init__(self, current: Callable[[], Statements | None], faults: Faults) -> None:
        self._current = current
        self._note_fault = faults.note

    def begin(self, cursor: Any, text: object, opened: Collection[object]) -> Statements | None:  # noqa: ANN401  Django's
        """Write a statement down, and return where to write its time; ``None`` for one that does not matter.

        None does on a connection that is just being *opened*.
        """
        try:
            statements = None if cursor.db in opened else self._current()
            if statements is None:
                return None
            shape = shape_of(str(text), cursor.db.vendor)
            if not shape:
                return None
            statements.add(shape, DjangoORMTap.name)
        except Exception as fault:  # noqa: BLE001  see Faults.attempt
            self._note_fault(DjangoORMTap.name, fault)
            return None
        return statements


class _Patch:
    """Django's methods as long as anybody listens."""

    #: The clock, where freezegun does not find it: it replaces what modules hold.
    _now: Final = staticmethod(perf_counter_ns)

    def __init__(self) -> None:
        self.listeners: tuple[_Listener, ...] = ()
        self._opened: set[object] = set()
        self._patches = Patches("statements that were sent afterwards were not seen")

    def install(self) -> None:
        """Patch what every cursor executes with, those that log included, and what opens a connection."""
        from django.db.backends.base.base import BaseDatabaseWrapper
        from django.db.backends.utils import CursorWrapper

        self._patches.replace(CursorWrapper, "execute", self._executing)
        self._patches.replace(CursorWrapper, "executemany", self._executing)
        self._patches.replace(BaseDatabaseWrapper, "connect", self._connecting)

    def check(self) -> None:
        """Raise if a method is not ours any more."""
        self._patches.check()

    def undo(self) -> None:
        """Restore the methods. What somebody keeps of ours does nothing any more."""
        self.listeners = ()
        self._patches.undo()

    def _executing(self, original: Method) -> Method:
        @wraps(original)
        def execute(cursor: Any, sql: object, *rest: object, **named: object) -> object:  # noqa: ANN401  Django's
            begun = [listener.begin(cursor, sql, self._opened) for listener in self.listeners]
            start = self._now()
            result = original(cursor, sql, *rest, **named)
            taken = self._now() - start
            for statements in begun:
                if statements is not None:
                    statements.times.append(taken)
            return result

        return execute

    def _connecting(self, original: Method) -> Method:
        @wraps(original)
        def connect(connection: object) -> object:
            # What sets a session up is sent by whoever happens to be the first to ask.
            self._opened.add(connection)
            try:
                return original(connection)
            finally:
                self._opened.discard(connection)

        return connect


class _Cursors:
    """One patch for all who listen: they may stop in another order than that in which they began."""

    def __init__(self) -> None:
        self._patch = _Patch()
        self._lock = RLock()

    def add(self, listener: _Listener) -> None:
        """Let *listener* hear of every statement."""
        with self._lock:
            if not self._patch.listeners:
                self._patch = _Patch()
                self._patch.listeners = (listener,)
                self._patch.install()
            else:
                self._patch.listeners += (listener,)

    def check(self) -> None:
        """Raise if the patch was taken out while somebody listens."""
        self._patch.check()

    def remove(self, listener: _Listener) -> None:
        """Forget *listener*; the last one takes the patch along."""
        with self._lock:
            self._patch.listeners = tuple(one for one in self._patch.listeners if one is not listener)
            if not self._patch.listeners:
                self._patch.undo()


_CURSORS: Final = _Cursors()
