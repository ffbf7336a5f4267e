"""The threads of an exercise, which end with it: those in which requests are generated and answered.

Of what runs in them nothing counts, so nobody has to trace them, which would double what an exercise costs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.fleeting import FLEETING

#: The threads of the engine, by the beginning of their name.
_ENGINE: Final = "schemathesis_"
#: Those in which Starlette and others make blocking calls: they belong to the loop of the thread that starts them.
_BLOCKING: Final = ("anyio._backends._asyncio", "WorkerThread")
#: So many seconds are waited for all threads that were told to end.
_PATIENCE: Final = 0.2


def fleeting(thread: threading.Thread) -> threading.Thread:
    """Mark *thread*, which ends with the exercise, and return it."""
    FLEETING.add(thread)
    return thread


@contextmanager
def known_threads() -> Iterator[None]:
    """Mark the threads that marked ones start, for as long as this lasts, where it is known that they end in time.

    They have been told to end by then, and are waited for; what hangs is left behind. One that the application
    starts for itself is not marked: it may live on.
    """
    start, known = threading.Thread.start, list[threading.Thread]()

    def start_known(thread: threading.Thread) -> None:
        ends = threading.current_thread() in FLEETING and _ends_in_time(thread)
        if ends:
            fleeting(thread)
        start(thread)
        if ends:
            known.append(thread)

    threading.Thread.start = start_known  # type: ignore[method-assign, assignment] # a parameter of another name
    try:
        yield
    finally:
        if threading.Thread.start is start_known:  # else the application has put something on top
            threading.Thread.start = start  # type: ignore[method-assign]
        give_up = Clock.monotonic() + _PATIENCE
        for thread in known:
            thread.join(max(0.0, give_up - Clock.monotonic()))


def _ends_in_time(thread: threading.Thread) -> bool:
    kind = type(thread)
    return thread.name.startswith(_ENGINE) or (kind.__module__, kind.__name__) == _BLOCKING
