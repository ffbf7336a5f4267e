"""An application that would end the process while it answers: it may not, for others are still to be judged."""

import os
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Final, Never

#: Where an application is that answers no request.
LIFESPAN: Final = "lifespan"
#: In the application's own code: the test case that it answers, or :data:`LIFESPAN`. Copied into the tasks and
#: the calls that it starts for that, and here into its threads.
INSIDE: Final[ContextVar[str | None]] = ContextVar("backend_gates_inside", default=None)


class LeftError(BaseException):
    """What ``os._exit`` raises in the application while it answers: one request must not end the session."""


#: What an application raises that would end its process.
LEAVING: Final = (LeftError, SystemExit)


@contextmanager
def nobody_leaves(late: MutableMapping[str, BaseException]) -> Iterator[None]:
    """Let ``os._exit`` raise in the application's code, for as long as this lasts; nowhere else.

    A thread that the application starts is its code as well, until it ends. What leaves in one is kept in
    *late* under where it was started, for nobody else would hear of it.
    """
    leave = getattr(os._exit, "__wrapped__", os._exit)  # an earlier one may have been left in place
    start, threads = threading.Thread.start, _Threads(late)

    def start_inside(thread: threading.Thread) -> None:
        place = INSIDE.get()
        if place is not None:
            threads.keep(thread, place)
        start(thread)

    os._exit = _raising(leave)  # type: ignore[assignment] # a parameter of another name
    threading.Thread.start = start_inside  # type: ignore[method-assign, assignment] # as above
    try:
        yield
    finally:
        if threading.Thread.start is start_inside:  # else the application has put something on top
            threading.Thread.start = start  # type: ignore[method-assign]
        threads.over = True
        if not any(thread.is_alive() for thread in threads.started):
            os._exit = leave  # else one that leaves later would end the session


def _raising(leave: Callable[[int], Never]) -> Callable[[int], Never]:
    process = os.getpid()

    @wraps(leave)
    def exit_(status: int) -> Never:
        if INSIDE.get() is not None and os.getpid() == process:
            raise LeftError(f"os._exit({status})")
        leave(status)

    return exit_


class _Threads:
    """The threads that the application has started."""

    def __init__(self, late: MutableMapping[str, BaseException]) -> None:
        self.started: list[threading.Thread] = []
        self.over = False
        self._late = late

    def keep(self, thread: threading.Thread, place: str) -> None:
        """Have *thread* know that it is the application's, started in *place*."""
        run = thread.run

        def inside() -> None:
            INSIDE.set(place)
            try:
                run()
            except LeftError as error:
                self._late.setdefault(place, error)
                if self.over:
                    raise  # nobody reads that any more: let Python tell

        thread.run = inside  # type: ignore[method-assign] # it is this thread's alone
        self.started.append(thread)
