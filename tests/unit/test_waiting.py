"""Progress lines while something takes its time."""

import threading
import time
from collections.abc import Callable

import pytest

from pytest_backend_gates.waiting import Waiting


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; fail after two minutes."""
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_was_begun_last_is_told() -> None:
    """Again and again, until it is over; then no thread is left."""
    lines: list[str] = []
    before = threading.active_count()
    with Waiting(lines.append, first=0.01, every=0.01) as waiting:
        waiting.begin("the coverage probe, 1 of 2")
        until(lambda: "backend gates: waiting for the coverage probe, 1 of 2" in lines)
        waiting.begin("the judge")
        until(lambda: "backend gates: waiting for the judge" in lines)
    assert threading.active_count() == before
    count = len(lines)
    time.sleep(0.05)
    assert len(lines) == count


def test_a_short_wait_is_not_told() -> None:
    """Nor is one that ends by an error, which goes on its way."""
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt), Waiting(lines.append, first=60):
        raise KeyboardInterrupt
    assert lines == []


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError("I/O operation on closed file")])
def test_a_terminal_that_is_gone_is_no_error(error: Exception) -> None:
    """It is told once, and then no more."""
    told = threading.Event()

    def tell(_: str) -> None:
        told.set()
        raise error

    with Waiting(tell, first=0.001, every=0.001) as waiting:
        assert told.wait(120)
        waiting._thread.join(120)
        assert not waiting._thread.is_alive()
