"""Python's search for garbage, put off while a million values are read and none of them is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let nobody look for reference cycles inside: everything lives on, and looking at it again and again is half the time.

    What is no longer referred to is freed all the same.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def left_alone() -> None:
    """Let nobody look for reference cycles in what lives now, for good: somebody has pressed Ctrl-C and waits.

    pytest looks as often as ten times then, and the interpreter once more, through a million measurements: seconds.
    Who has called ``pytest.main`` and goes on keeps the cycles that were garbage already.
    """
    gc.freeze()
