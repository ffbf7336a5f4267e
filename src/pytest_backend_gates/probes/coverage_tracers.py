"""How the trace functions of coverage.py are held in all threads but the one that pauses.

    divert    they go on, into a scratch set: at any time, and at once
    rest      they are taken away, for a long pause, where Python (from 3.12 on) lets every thread pay for the tracing
              of any: two to three times as much for each line

No thread can begin to trace another again, nor tell what traces it. So a thread may rest that is idle in nothing that
is measured, and whose innermost frame coverage.py was told of; with others about, none does. (One that has switched
its tracing off since, in the same frame, cannot be told from it, and is traced again.) Afterwards each is given a
function that traces it from what it calls next.

By what a thread is traced that rests:

    before       a tracer of coverage.py's, which the frame in which it idles keeps
    meanwhile    nothing; while it executes a module, a tracer of its own
    afterwards   `Tracers._begin_again`, until it calls something; then a new tracer in the place of the first

Of what is not public in coverage.py this file knows ``Collector.tracers``, ``.data``, ``._start_tracer``,
``.should_trace_cache``, ``.concur_id_func``, and ``Tracer.data``; who is at work, `coverage_at_work` knows.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from pytest_backend_gates.fleeting import FLEETING
from pytest_backend_gates.probes.coverage_at_work import collector_at_work, tracer_of

if TYPE_CHECKING:
    from coverage.collector import Collector

#: What ``sys.settrace`` takes.
TraceFunction = Callable[..., Any]

#: What traces nobody any more, kept for good: a tracer that is deleted ends the tracing of the thread that deletes it.
_REPLACED: Final[list[Any]] = []
#: Sets the trace function of every thread. ``threading.settrace_all_threads`` calls it, and would for a moment let
#: threads begin that nobody traces.
_SET_EVERYWHERE: Final[Callable[[TraceFunction | None], None] | None] = getattr(
    sys, "_settraceallthreads", None
)


@dataclass(frozen=True, slots=True)
class _Resting:
    """A thread whose tracing was taken away, by what, and where it waited; one that has begun since was never traced."""

    thread: threading.Thread = field(compare=False)
    tracer: Any = None
    frame: FrameType | None = None
    instruction: int = 0


class Tracers:
    """The tracers of all threads but the pausing ones."""

    def __init__(self) -> None:
        #: Held while it is decided where a tracer writes, and which thread has one.
        self._lock = threading.RLock()
        self._collector: Collector | None = None
        #: Kept: a function that began in a pause and goes on after it still writes there; with pytrace also
        #: what it calls in its own file.
        self._scratch: dict[str, Any] = {}
        #: What begins to trace a new thread where there is no pause.
        self._hook: TraceFunction | None = None
        #: The numbers of the threads that were there before coverage.py; ``None`` where that is not known.
        self._before: frozenset[int] | None = None
        self._rests = False
        #: Whose tracing it is.
        self._of: Collector | None = None
        #: By their number; still after the pause, until they call something.
        self._resting: dict[int, _Resting] = {}
        #: Those that have rested and are traced again, by their number, with what traces them.
        self._woken: dict[int, tuple[threading.Thread, Any]] = {}
        #: By its number, what traces a thread that rests while it executes a module.
        self._importing: dict[int, TraceFunction] = {}

    def watch(self) -> None:
        """Note that coverage.py has just begun, in this thread: those that are there already are not traced."""
        collector = collector_at_work()
        if collector is not None and len(collector.tracers) == 1:
            self._before = frozenset(sys._current_frames()) - {threading.get_ident()}  # noqa: SLF001 - public, in spite of its name

    def divert(self) -> None:
        """Divert them. This takes nothing from what is counted for the functions that they are in."""
        collector = collector_at_work()
        if collector is None or not collector.core.systrace:
            return
        with self._lock:
            self._collector = collector
            for tracer in collector.tracers:
                tracer.data = self._scratch
        hook = threading.gettrace()
        if getattr(hook, "__self__", None) is collector:
            self._hook = hook
            threading.settrace(self._begin_thread)

    def revert(self) -> None:
        """Let them all count again."""
        with self._lock:
            collector, self._collector = self._collector, None
            if collector is not None:
                for tracer in collector.tracers:
                    tracer.data = collector.data
        if self._hook is not None and threading.gettrace() == self._begin_thread:
            threading.settrace(self._hook)

    def rest(self) -> bool:
        """Take the tracing away from all threads, if it pays and can be undone; return whether it was done.

        Only in a pause.
        """
        with self._lock:
            if _SET_EVERYWHERE is None or not self._may_rest():
                return False
            before = self._idle()
            if before is None:
                return False
            self._rests, self._resting, self._of = True, before, self._collector
            _SET_EVERYWHERE(None)
            now = self._idle()
            # One that has moved, or begun, meanwhile may be in anything.
            if now != before:
                self._resting = now or before
                self.go_on()
                return False
            return True

    def go_on(self) -> None:
        """Trace again those that were traced, and those that have begun since."""
        own = sys.gettrace()
        with self._lock:
            self._rests = False
            if self._resting and _SET_EVERYWHERE is not None:
                _SET_EVERYWHERE(self._begin_again)
        sys.settrace(own)

    def _may_rest(self) -> bool:
        collector, hook = self._collector, threading.gettrace()
        if collector is None or self._before is None or self._rests or hook != self._begin_thread:
            return False
        # A greenlet of theirs may be in what is measured; and this thread may be somebody else's.
        return collector.concur_id_func is None and sys.gettrace() is None

    def _idle(self) -> dict[int, _Resting] | None:
        """Return the other threads that are traced; ``None`` if one of them, or of the others, has to be let alone."""
        threads, here = {thread.ident: thread for thread in threading.enumerate()}, threading.get_ident()
        idle: dict[int, _Resting] = {}
        for number, frame in sys._current_frames().items():  # noqa: SLF001 - as above
            if number == here or self._is_untraced(number, frame):
                continue
            one = self._at_rest(threads.get(number), frame)
            if one is None:
                return None
            idle[number] = one
        return idle

    def _at_rest(self, thread: threading.Thread | None, frame: FrameType) -> _Resting | None:
        """Return where *thread* is, if it may rest: one that began in a rest, and has called nothing since, does still."""
        if thread is None:
            return None
        known = self._resting.get(thread.ident or 0)
        if known is not None and known.thread is thread and known.tracer is None:
            return known
        tracer = tracer_of(frame.f_trace)
        return _Resting(thread, tracer, frame, frame.f_lasti) if tracer and self._is_idle(frame) else None

    def _is_untraced(self, number: int, frame: FrameType) -> bool:
        """Whether the thread of this *number* was there before coverage.py, and nobody else traces it."""
        return number in (self._before or ()) and all(one.f_trace is None for one in _outwards(frame))

    def _is_idle(self, frame: FrameType) -> bool:
        """Whether a thread is in nothing that is measured, and in nothing that somebody else follows."""
        cache: Any = self._collector.should_trace_cache if self._collector else {}
        for one in _outwards(frame):
            disposition = cache.get(one.f_code.co_filename)
            if disposition is not None and disposition.trace:
                return False
            if one.f_trace is not None and tracer_of(one.f_trace) is None:
                return False
        return True

    def _begin_thread(self, frame: FrameType, event: str, arg: object) -> TraceFunction | None:
        """Trace a thread that begins in a pause: diverted as the others, it counts when the pause is over.

        One that ends before is left untraced; so is one that rests, until then.
        """
        sys.settrace(None)
        thread = threading.current_thread()
        if thread in FLEETING:
            return None
        with self._lock:
            if self._rests:
                self._resting[threading.get_ident()] = _Resting(thread)
                return None
            # Without a collector the pause has ended since.
            function = self._hook if self._collector is None else self._started(self._collector)
        # Not with the lock: coverage.py asks for the file's name, and may import something to find out.
        return function(frame, event, arg) if function else None

    def _begin_again(self, frame: FrameType, event: str, arg: object) -> TraceFunction | None:
        """Trace this thread again, if it was traced before, from the function on that it calls now."""
        sys.settrace(None)
        number = threading.get_ident()
        with self._lock:
            function = self._importing.get(number)
            if function is not None:
                sys.settrace(function)
            elif not self._rests:
                function = self._wake(self._resting.pop(number, None))
        return function(frame, event, arg) if function else None

    def _wake(self, one: _Resting | None) -> TraceFunction | None:
        """Return what traces this thread from now on, in the place of what has lost its way meanwhile."""
        collector = self._of
        if one is None or one.thread is not threading.current_thread():
            return None
        if collector is None or collector is not collector_at_work():
            return None
        number = threading.get_ident()
        before, lost = self._woken.get(number, (one.thread, one.tracer))
        places = [place for place, tracer in enumerate(collector.tracers) if tracer is lost]
        if places and before is one.thread:
            _REPLACED.append(collector.tracers.pop(places[0]))
        function = self._started(collector)
        self._woken[number] = one.thread, tracer_of(function)
        return function

    def _started(self, collector: "Collector") -> TraceFunction | None:
        """Return a new tracer's function for this thread, diverted if there is a pause."""
        function: TraceFunction | None = collector._start_tracer()  # noqa: SLF001 - as its own hook does
        if self._collector is not None:
            self.divert_one(tracer_of(function))
        return function

    def begin_import(self) -> TraceFunction | None:
        """Return what traces this thread, which nothing does, while it executes a module; ``None`` if nothing should."""
        number = threading.get_ident()
        with self._lock:
            rests = self._rests and number in self._resting
            if self._collector is None or not (rests or threading.current_thread() in FLEETING):
                return None
            function: TraceFunction | None = self._collector._start_tracer()  # noqa: SLF001 - as above
            sys.settrace(None)
            if rests and function is not None:
                self._importing[number] = function
            return function

    def end_import(self) -> None:
        """Let this thread be as it was before; if it has rested and does no more, it goes on being traced."""
        number = threading.get_ident()
        with self._lock:
            function = self._importing.pop(number, None)
            if function is not None and not self._rests:
                self._resting.pop(number, None)
                sys.settrace(function)
                if self._collector is not None:
                    self.divert_one(tracer_of(function))
            elif tracer_of(sys.gettrace()) is not None:  # and nobody else's, set by what was imported
                sys.settrace(None)

    def count_again(self, tracer: Any | None) -> bool:  # noqa: ANN401 - one class for each core
        """Let one *tracer* count. Return whether it was diverted."""
        if tracer is None or self._collector is None or tracer.data is not self._scratch:
            return False
        tracer.data = self._collector.data
        return True

    def divert_one(self, tracer: Any) -> None:  # noqa: ANN401 - as above
        """Divert one *tracer*."""
        tracer.data = self._scratch


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
