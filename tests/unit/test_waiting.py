"""Progress lines while something takes its time."""

import threading
import time
from collections.abc import Callable

import pytest

from pytest_backend_gates.waiting import Waiting


class Shown:
    """A terminal: what was shown on it, and ``None`` for each time that it was cleared."""

    def __init__(self, every: float = 0.01) -> None:
        self.every = every
        self.texts: list[str | None] = []

    def show(self, text: str) -> None:
        self.texts.append(text)

    def clear(self) -> None:
        self.texts.append(None)


class Gone(Shown):
    """A terminal that cannot be written to any more."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def show(self, text: str) -> None:
        super().show(text)
        raise self.error


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail after two minutes."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_was_begun_last_is_told() -> None:
    """Again and again, until it is over; then it is cleared away, and no thread is left."""
    line = Shown()
    before = threading.active_count()
    with Waiting(line, first=0.01) as waiting:
        waiting.begin("the coverage probe, 1 of 2")
        until(lambda: "backend gates: waiting for the coverage probe, 1 of 2" in line.texts)
        waiting.begin("the judge")
        until(lambda: "backend gates: waiting for the judge" in line.texts)
    assert threading.active_count() == before
    assert (line.texts.count(None), line.texts[-1]) == (1, None)
    count = len(line.texts)
    time.sleep(0.05)
    assert len(line.texts) == count


def test_a_line_says_how_often() -> None:
    """After the first word the next comes when the terminal wants it."""
    line = Shown(every=3600)
    with Waiting(line, first=0.01) as waiting:
        waiting.begin("the judge")
        until(lambda: bool(line.texts))
        time.sleep(0.05)
    assert line.texts == ["backend gates: waiting for the judge", None]


def test_a_short_wait_is_not_told() -> None:
    """Nor is one that ends by an error, which goes on its way. There is nothing to clear away."""
    line = Shown()
    with pytest.raises(KeyboardInterrupt), Waiting(line, first=60):
        raise KeyboardInterrupt
    assert line.texts == []


@pytest.mark.parametrize("error", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_a_terminal_that_is_gone_is_no_error(error: Exception) -> None:
    """It is told once, and then no more."""
    line = Gone(error)
    with Waiting(line, first=0.001) as waiting:
        waiting._thread.join(120)
        assert not waiting._thread.is_alive()
    assert len(line.texts) == 1
