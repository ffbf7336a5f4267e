"""Print whether idle threads are traced, in pauses and after them. Started by the tests.

    python run_idle_threads.py nobody|collector|debugger|measured|untraced|user

Who else is there: a collector that has come and gone, another tool that traces a thread, a thread in a function
that is measured, one that is not traced any more, a function of the user's that traces this thread. Printed is whether a thread is traced that began before the measurement, one that began before the
pauses, and one that began inside.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import FrameType
from typing import Any

import coverage

from pytest_backend_gates.probes.coverage_at_work import collector_at_work
from pytest_backend_gates.probes.coverage_pause import Pauses


def waiting(begin: threading.Event, end: threading.Event) -> None:
    """Be in a function of this file, which is measured when *measured* is asked."""
    begin.set()
    end.wait(10)


def debugged(begin: threading.Event, end: threading.Event) -> None:
    """Be traced by another tool."""

    def debugger(frame: FrameType, event: str, arg: object) -> Any:  # noqa: ANN401, ARG001 - as Python has it
        return debugger

    sys.settrace(debugger)
    waiting(begin, end)


def untraced(begin: threading.Event, end: threading.Event) -> None:
    """Be traced no more."""
    sys.settrace(None)
    waiting(begin, end)


def follow(frame: FrameType, event: str, arg: object) -> Any:  # noqa: ANN401 - as Python has it
    """Follow calls, not lines."""


def beside(who: str, stack: ExitStack) -> None:
    """Let *who* be there until *stack* ends."""
    if who == "collector":
        inner = coverage.Coverage(data_file=None, config_file=False)
        inner.start()
        inner.stop()
        stack.callback(sys.settrace, None)  # it leaves a tracer that nobody stops
    elif who == "user":
        stack.callback(sys.settrace, None)
        sys.settrace(follow)
    elif who != "nobody":
        begin, end = threading.Event(), threading.Event()
        target = {"debugger": debugged, "untraced": untraced}.get(who, waiting)
        threading.Thread(target=target, args=(begin, end), daemon=True).start()
        begin.wait(10)
        stack.callback(end.set)


def tell(*pools: ThreadPoolExecutor) -> None:
    """Print for each of *pools* whether its thread is traced."""
    write(*(pool.submit(sys.gettrace).result(10) is not None for pool in pools))


def write(*answers: bool) -> None:
    """Print *answers*."""
    sys.stdout.write(f"{' '.join(map(str, answers))}\n")


def main(who: str) -> None:
    """Pause."""
    with ExitStack() as stack:
        before, old, new = (stack.enter_context(ThreadPoolExecutor(1)) for _ in range(3))
        before.submit(int).result(10)
        pauses = Pauses()
        included = [__file__ if who == "measured" else "nothing"]
        tool = coverage.Coverage(data_file=None, config_file=False, include=included)
        tool.set_option("run:core", "ctrace")
        with tool.collect():
            pauses.watch()
            old.submit(int).result(10)
            beside(who, stack)
            with pauses.paused(long=True):
                tell(before, old, new)
                with pauses.paused(), pauses.paused(long=True):
                    tell(before, old, new)
                tell(before, old, new)
            tell(before, old, new)
            if who == "user" and sys.gettrace() is not follow:
                raise RuntimeError("the user's function is gone")
            write(getattr(threading.gettrace(), "__self__", None) is collector_at_work())


if __name__ == "__main__":
    main(*sys.argv[1:])
