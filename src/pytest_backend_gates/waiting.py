"""A word to whoever waits: after a second, and then every ten."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

_FIRST: Final = 1.0  # seconds before the first word
_EVERY: Final = 10.0  # seconds between two


class Waiting:
    """While it is entered, *tell* is called now and then with what is being waited for: what was begun last.

    For the time after the tests only: it takes a thread, and ``os.fork`` in a test would warn of that.
    """

    def __init__(self, tell: Callable[[str], None], first: float = _FIRST, every: float = _EVERY) -> None:
        self._tell = tell
        self._pauses = (first, every)
        self._what = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell_on, daemon=True)

    def begin(self, what: str) -> None:
        """Say what is being done from now on."""
        self._what = what

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _tell_on(self) -> None:
        pause, every = self._pauses
        while not self._over.wait(pause):
            pause = every
            try:
                self._tell(f"backend gates: waiting for {self._what}")
            except (OSError, ValueError):
                return  # nobody reads any more
