"""What a pause takes hold of: the callbacks of coverage.py's ``sysmon`` core, the tracers of the other two.

This file alone knows the parts of coverage.py that a pause needs and that are not public: ``Collector._collectors``,
``Collector.tracers``, ``Collector.data``, ``Tracer.data``.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, repeat, starmap, takewhile
from operator import call
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coverage.collector import Collector

#: What ``sys.settrace`` takes.
TraceFunction = Callable[..., Any]

#: The events for which ``sysmon`` has callbacks, in one version of Python or another.
_EVENTS: Final = ("PY_START", "PY_RETURN", "LINE", "BRANCH_LEFT", "BRANCH_RIGHT")


def _wait() -> Iterator[None]:
    yield


#: Waits at its ``yield``: leaving it is no end of a function, of which a tracer would make a branch.
_WAITING: Final[Any] = _wait()
next(_WAITING)


class Callbacks:
    """The callbacks of ``sysmon``. Without them an event stays armed: it fires again after the pause."""

    def __init__(self) -> None:
        self._held: list[tuple[int, int, Any]] = []

    def hold(self) -> None:
        """Take them out."""
        monitoring: Any = getattr(sys, "monitoring", None)
        tool = next(
            (tool for tool in range(6) if monitoring and monitoring.get_tool(tool) == "coverage.py"), None
        )
        if tool is None:
            return
        for event in filter(None, (getattr(monitoring.events, name, 0) for name in _EVENTS)):
            callback = monitoring.register_callback(tool, event, None)
            if callback is not None:
                self._held.append((tool, event, callback))

    def release(self) -> None:
        """Put them back."""
        while self._held:
            tool, event, callback = self._held.pop()
            vars(sys)["monitoring"].register_callback(tool, event, callback)


class Tracers:
    """The tracers of the threads that are there, diverted into a scratch set; new threads get none."""

    def __init__(self) -> None:
        self._collector: Collector | None = None
        #: Kept: a function that began in a pause and goes on after it still writes there.
        self._scratch: dict[str, Any] = {}
        #: What begins to trace a new thread.
        self.hook: TraceFunction | None = None

    def divert(self) -> None:
        """Divert them. This takes nothing from what is counted for the functions that they are in."""
        self._collector = _collector()
        if self._collector is None or not self._collector.core.systrace:
            self._collector = None
            return
        for tracer in self._collector.tracers:
            tracer.data = self._scratch
        hook = threading.gettrace()
        if getattr(hook, "__self__", None) is self._collector:
            self.hook = hook
            threading.settrace(None)

    def revert(self) -> None:
        """Let them all count again."""
        collector, self._collector = self._collector, None
        hook, self.hook = self.hook, None
        if collector is None:
            return
        for tracer in collector.tracers:
            tracer.data = collector.data
        if hook is not None and threading.gettrace() is None:
            threading.settrace(hook)

    def count_again(self, tracer: Any | None) -> bool:  # noqa: ANN401 - one class for each core
        """Let one *tracer* count. Return whether it was diverted."""
        if tracer is None or self._collector is None or tracer.data is not self._scratch:
            return False
        tracer.data = self._collector.data
        return True

    def divert_one(self, tracer: Any) -> None:  # noqa: ANN401 - as above
        """Divert one *tracer*."""
        tracer.data = self._scratch


class Suspension:
    """How one thread was traced before its pause, so that its tracer finds the stack as it expects it.

    A tracer keeps a stack of its own, with an entry for every frame that it saw begin; what begins or
    ends untraced would leave the two out of step, and lines would be counted for the wrong file. So the
    frame that begins the pause stands for the one that ends it, and if other frames between them have
    come or gone (an event loop has taken another turn), the tracer is told.
    """

    def __init__(self, function: TraceFunction | None, frame: FrameType) -> None:
        """Remember *function* and the frames that it has seen, up to *frame*, in which it was suspended."""
        self.function = function
        self.thread = threading.get_ident()
        self._frames = _frames(frame)
        self._seen = [one.f_trace is not None for one in self._frames]

    def end(self, frame: FrameType) -> None:
        """Have *function* trace again from *frame* on, the frame of a function that returns at once."""
        function = self.function
        if function is None or threading.get_ident() != self.thread:
            return
        now = _frames(frame)
        lasting = sum(
            1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(self._frames, now, strict=False))
        )
        gone, begun = sum(self._seen[lasting:]), now[lasting:]
        self._frames.clear()
        for one in begun:
            one.f_trace = function
        # A tracer that is told of a call begins to trace, and would be told of its own functions: stop it at once,
        # in one expression that runs no function of ours.
        returns = repeat((function, _WAITING.gi_frame, "return", None), gone)
        calls = (((function, one, "call", None), (sys.settrace, None)) for one in begun)
        deque(starmap(call, [*returns, *chain.from_iterable(calls)]), maxlen=0)
        sys.settrace(function)


def tracer_of(function: object) -> Any | None:  # noqa: ANN401 - one class for each core
    """Return the tracer of coverage.py that *function* belongs to; ``None`` if it is no tracer of its."""
    tracer = getattr(function, "__self__", function)
    return tracer if type(tracer).__module__.partition(".")[0] == "coverage" else None


def _collector() -> "Collector | None":
    """Return the collector that is measuring this process."""
    module = sys.modules.get("coverage.collector")
    active: list[Collector] = module.Collector._collectors if module else []  # noqa: SLF001 - there is no other way
    return active[-1] if active else None


def _frames(frame: FrameType | None) -> list[FrameType]:
    """Return *frame* and those that called it, the outermost first."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    found.reverse()
    return found
