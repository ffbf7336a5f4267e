"""A pause of the coverage measurement: what runs inside counts for nothing, whoever measures this process.

Each of coverage.py's cores is held in its own way:

    sysmon            its callbacks are taken out: for all threads, at no cost to what runs inside
    ctrace, pytrace   the thread that pauses is not traced; all others are, into a scratch set. So are those that
                      begin inside, which costs them time: those of a pool live on, and what they run later
                      counts. Only one that is known to end in time is not traced at all, and in a long pause
                      none, where that pays

A module that is first imported inside is measured while its own lines run, as it would be elsewhere:
they run once, and nothing could make up for them. The lines of the ``with`` block itself are inside.
Pauses may nest and overlap: until the last of them has ended nothing counts, and from then on all does.
"""

import sys
import threading
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import ModuleType, TracebackType
from typing import Final, Self

from pytest_backend_gates.probes.coverage_at_work import tracer_of
from pytest_backend_gates.probes.coverage_held import Callbacks, Suspension
from pytest_backend_gates.probes.coverage_tracers import TraceFunction, Tracers

Load = Callable[[SourceFileLoader, ModuleType], None]

_EXECUTE: Final = "exec_module"


class Pauses:
    """The pauses of one process. They may nest and overlap, also in different threads."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._open = 0
        self._importing = 0
        self._callbacks = Callbacks()
        self._tracers = Tracers()
        #: By thread: what traced it before its pause, with the pauses inside which a module was imported last.
        self._suspended: dict[int, list[Suspension]] = {}
        self._loads: Load | None = None
        self._watch: Load | None = None

    def watch(self) -> None:
        """Note that the measurement has just begun, in this thread. Without that a long pause is as any other."""
        self._tracers.watch()

    def paused(self, *, long: bool = False) -> "Pause":
        """Return a context manager, to be entered once. A *long* pause begins and ends slowly, and slows nothing down."""
        return Pause(self, self._tracers if long else None)

    def begin(self, suspension: Suspension | None) -> Suspension | None:
        """Hold what measures other threads, unless another pause does.

        Return how this thread is suspended: by *suspension*, or by a pause that it has begun already.
        """
        with self._lock:
            here = self._suspended.setdefault(threading.get_ident(), [])
            if suspension is not None:
                here.append(suspension)
            if here:
                here[-1].pauses += 1
            self._open += 1
            if self._open == 1:
                self._callbacks.hold()
                self._tracers.divert()
                self._watch_imports()
            return here[-1] if here else None

    def end(self, suspension: Suspension | None) -> bool:
        """Let them measure again, if this was the last pause; return whether it was the last of *suspension*."""
        with self._lock:
            last = suspension is not None and self._left(suspension)
            self._open -= 1
            if self._open == 0:
                self._unwatch_imports()
                self._tracers.revert()
                self._callbacks.release()
            return last

    def _left(self, suspension: Suspension) -> bool:
        """Take one pause off those of *suspension*; return whether none is left."""
        suspension.pauses -= 1
        if suspension.pauses:
            return False
        self._suspended[suspension.thread].remove(suspension)
        return True

    def _watch_imports(self) -> None:
        load: Load = SourceFileLoader.exec_module

        def exec_module(loader: SourceFileLoader, module: ModuleType) -> None:
            """Execute *module*, measured also in a pause."""
            self._measured(load, loader, module)

        self._loads, self._watch = vars(SourceFileLoader).get(_EXECUTE), exec_module
        setattr(SourceFileLoader, _EXECUTE, exec_module)

    def _unwatch_imports(self) -> None:
        """Give the loader back what it had, unless somebody has put a wrapper on top of ours."""
        if vars(SourceFileLoader).get(_EXECUTE) is not self._watch:
            return
        if self._loads is None:
            delattr(SourceFileLoader, _EXECUTE)
        else:
            setattr(SourceFileLoader, _EXECUTE, self._loads)

    def _measured(self, load: Load, loader: SourceFileLoader, module: ModuleType) -> None:
        """Execute *module* with this thread measured."""
        here = sys.gettrace()
        function = here or self._untraced()
        with self._lock:
            self._importing += 1
            self._callbacks.release()
            diverted = self._tracers.count_again(tracer_of(function))
        if here is None:
            sys.settrace(function)
        try:
            load(loader, module)
        finally:
            if here is None and function is not None:
                self._tracers.end_import()
            with self._lock:
                self._importing -= 1
                if self._open and diverted:
                    self._tracers.divert_one(tracer_of(function))
                if self._open and not self._importing:
                    self._callbacks.hold()

    def _untraced(self) -> TraceFunction | None:
        """Return what would trace this thread if it had not begun a pause, or had not begun in one."""
        here = self._suspended.get(threading.get_ident())
        if here:
            return here[-1].function
        return self._tracers.begin_import()


class Pause:
    """One pause. What it does to the trace function must happen in its own two methods: see `Suspension`."""

    def __init__(self, pauses: Pauses, tracers: Tracers | None) -> None:
        self._pauses = pauses
        self._tracers = tracers
        self._rests = False
        self._suspension: Suspension | None = None

    def __enter__(self) -> Self:
        function = sys.gettrace()
        if tracer_of(function) is not None:
            sys.settrace(None)
            self._suspension = Suspension(function, sys._getframe())  # noqa: SLF001 - public, in spite of its name
        self._suspension = self._pauses.begin(self._suspension)
        self._rests = self._tracers is not None and self._tracers.rest()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        suspension, self._suspension = self._suspension, None
        if self._rests and self._tracers is not None:
            self._tracers.go_on()
        if self._pauses.end(suspension) and suspension is not None:
            suspension.end(sys._getframe())  # noqa: SLF001 - as above
