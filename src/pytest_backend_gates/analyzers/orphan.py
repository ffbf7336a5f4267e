"""The child's watch over its parent: when that is gone, however it went, the child goes too."""

import os
import sys
import threading
import time
from typing import Final

_POLL: Final = 0.5  # seconds
_LOST: Final = 3  # exit status; nobody is left to read it
_PR_SET_PDEATHSIG: Final = 1
_SIGKILL: Final = 9


def end_with(parent: int) -> None:
    """End this process soon after process *parent* has ended, whatever it is doing."""
    if sys.platform == "linux":
        _ask_the_kernel()
    threading.Thread(target=_until_stdin_ends, daemon=True).start()
    if os.name == "posix":
        # A process forked by a test inherits the other end of stdin and may keep it open for ever.
        threading.Thread(target=_until_adopted, args=(parent,), daemon=True).start()


def _until_stdin_ends() -> None:
    # The descriptor itself: a buffered reader held by a daemon thread is fatal when the interpreter ends.
    while os.read(0, 4096):
        pass
    os._exit(_LOST)


def _until_adopted(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_POLL)
    os._exit(_LOST)


def _ask_the_kernel() -> None:
    # The threads above cannot run while a regular expression holds the interpreter; the kernel can.
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
