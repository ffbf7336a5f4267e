"""A word to whoever waits for longer than a second: what for, and how far it is."""

import threading
from types import TracebackType
from typing import Final, Protocol, Self

_FIRST: Final = 1.0  # seconds before the first word


class Line(Protocol):
    """Where it is shown."""

    @property
    def every(self) -> float:
        """Seconds from one word to the next."""

    def show(self, text: str) -> None:
        """Show *text*, perhaps in the place of what was shown before."""

    def clear(self) -> None:
        """Leave the place to what comes next. Called once something was shown."""


class Waiting:
    """While it is entered, *line* shows now and then what is being waited for: what was begun last.

    For the time after the tests only: it takes a thread, and ``os.fork`` in a test would warn of that.
    """

    def __init__(self, line: Line, first: float = _FIRST) -> None:
        self._line = line
        self._first = first
        self._what = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell_on, daemon=True)

    def begin(self, what: str) -> None:
        """Say what is being done from now on, and how far it is; as often as one likes."""
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
        try:
            if not self._over.wait(self._first):
                self._show()
                while not self._over.wait(self._line.every):
                    self._show()
                self._line.clear()
        except Exception:  # noqa: BLE001 - a word to whoever waits decides nothing: perhaps nobody reads any more
            return

    def _show(self) -> None:
        self._line.show(f"backend gates: waiting for {self._what}")
