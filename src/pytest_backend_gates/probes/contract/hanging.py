"""Where an application stands that does not answer: in a thread, in a task, or in what it awaits.

``sys._current_frames`` and the frames of coroutines are documented, and CPython's own.
"""

import asyncio
import sys
import threading
from collections.abc import Iterator, Sequence
from types import FrameType, TracebackType
from typing import NamedTuple, Self


class HangingError(Exception):
    """What its traceback shows has not come to an end. Never raised: it is told as what is raised is."""


class Older(NamedTuple):
    """The threads and the tasks that were there before any request."""

    threads: frozenset[int] = frozenset()
    tasks: frozenset[object] = frozenset()

    @classmethod
    def now(cls, loop: asyncio.AbstractEventLoop) -> Self:
        """Return those that there are now, the tasks on *loop*."""
        return cls(frozenset(sys._current_frames()), frozenset(asyncio.all_tasks(loop)))  # noqa: SLF001 - see above


def standing(loop: asyncio.AbstractEventLoop, thread: int | None, older: Older) -> Iterator[HangingError]:
    """Yield where the application stands that is served on *loop* in *thread*, the likeliest place first.

    What blocks the loop; a thread that none of the *older* ones is, for it may have been started for the request;
    a task that is none of those either, the innermost first, which a middleware waits for.
    """
    frames = sys._current_frames()  # noqa: SLF001 - see above
    for ident in [thread, *sorted(frames.keys() - {*older.threads, threading.get_ident()})]:
        if ident in frames:
            yield _hanging(_outer(frames[ident]))
    tasks = [task for task in asyncio.all_tasks(loop) if task not in older.tasks]
    for task in sorted(tasks, key=lambda one: (len(one.get_name()), one.get_name()), reverse=True):
        yield _hanging([*_awaited(task.get_coro())])


def _outer(frame: FrameType | None) -> list[FrameType]:
    """Return *frame* and those that it was called from, the outermost first."""
    found: list[FrameType] = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found[::-1]


def _awaited(awaitable: object) -> Iterator[FrameType]:
    """Yield the frames of a coroutine and of what it awaits, the outermost first."""
    while awaitable is not None:
        kind = next((one for one in ("cr", "gi", "ag") if hasattr(awaitable, f"{one}_frame")), None)
        frame = getattr(awaitable, f"{kind}_frame", None)
        if frame is None:
            return
        yield frame
        awaitable = getattr(awaitable, "gi_yieldfrom" if kind == "gi" else f"{kind}_await", None)


def _hanging(frames: Sequence[FrameType]) -> HangingError:
    trace: TracebackType | None = None
    for frame in reversed(frames):
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno or 0)
    return HangingError().with_traceback(trace)
