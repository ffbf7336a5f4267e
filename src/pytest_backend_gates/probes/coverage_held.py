"""What a pause takes hold of in its own thread, and the callbacks of coverage.py's ``sysmon`` core: those of all threads."""

import sys
import threading
from collections import deque
from collections.abc import Iterator
from itertools import chain, repeat, starmap, takewhile
from operator import call
from types import FrameType
from typing import Any, Final

from pytest_backend_gates.probes.coverage_at_work import monitoring_tool
from pytest_backend_gates.probes.coverage_tracers import TraceFunction

#: The events by which ``sysmon`` counts, in one version of Python or another. By ``PY_START`` it counts nothing: it
#: arms the others for a function, which may begin in a pause and go on after it.
_EVENTS: Final = ("PY_RETURN", "LINE", "BRANCH_LEFT", "BRANCH_RIGHT")


def _wait() -> Iterator[None]:
    yield


#: Waits at its ``yield``: leaving it is no end of a function, of which a tracer would make a branch.
_WAITING: Final[Any] = _wait()
next(_WAITING)


class Callbacks:
    """The callbacks by which ``sysmon`` counts. Without them an event stays armed: it fires again after the pause."""

    def __init__(self) -> None:
        self._held: list[tuple[int, int, Any]] = []

    def hold(self) -> None:
        """Take them out."""
        tool = monitoring_tool()
        if tool is None:
            return
        monitoring = vars(sys)["monitoring"]
        for event in filter(None, (getattr(monitoring.events, name, 0) for name in _EVENTS)):
            callback = monitoring.register_callback(tool, event, None)
            if callback is not None:
                self._held.append((tool, event, callback))

    def release(self) -> None:
        """Put them back."""
        while self._held:
            tool, event, callback = self._held.pop()
            vars(sys)["monitoring"].register_callback(tool, event, callback)


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
        #: How many pauses of this thread it holds for: the last of them to end ends it.
        self.pauses = 0
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


def _frames(frame: FrameType | None) -> list[FrameType]:
    """Return *frame* and those that called it, the outermost first."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    found.reverse()
    return found
