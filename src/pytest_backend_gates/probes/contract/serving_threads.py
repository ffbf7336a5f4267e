"""The threads that an application's blocking calls run in, by ``asyncio.to_thread``: nobody waits for them at exit."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Final, ParamSpec, TypeVar

from pytest_backend_gates.probes.contract.own_threads import fleeting

P = ParamSpec("P")
T = TypeVar("T")

#: As many as asyncio's own would start.
_MOST: Final = min(32, (os.cpu_count() or 1) + 4)


class DaemonThreads(ThreadPoolExecutor):
    """An event loop's default executor, whose threads are daemons.

    asyncio takes nothing but a ``ThreadPoolExecutor``. What that does itself cannot be used: at the end of the
    interpreter it joins its threads, daemons or not, also one in which a call hangs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting_calls: SimpleQueue[Callable[[], Callable[[], object]] | None] = SimpleQueue()
        self._free_threads = Semaphore(0)
        self._thread_count = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call *fn* in the next thread that is free; start one where none is."""
        future: Future[T] = Future()
        self._waiting_calls.put(partial(_called, future, partial(fn, *args, **kwargs)))
        if not self._free_threads.acquire(blocking=False) and self._thread_count < _MOST:
            self._thread_count += 1
            fleeting(Thread(target=self._work, name="backend-gates-to-thread", daemon=True)).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  as declared above it
        """Let the threads end, each when it is free. Never waits for them."""
        for _ in range(self._thread_count):
            self._waiting_calls.put(None)

    def _work(self) -> None:
        while (call := self._waiting_calls.get()) is not None:
            tell = call()
            self._free_threads.release()  # before anyone hears of it, who may have the next call
            tell()


def _called(future: Future[T], function: Callable[[], T]) -> Callable[[], object]:
    """Call *function*, and return what tells *future* how that ended."""
    if not future.set_running_or_notify_cancel():
        return bool  # nobody waits for it any more
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
        return partial(future.set_exception, error)
    return partial(future.set_result, result)
