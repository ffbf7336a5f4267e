"""A WSGI application that does not let itself be broken off, and what an alarm must leave alone."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import repeat
from pathlib import Path
from queue import Queue
from threading import Condition, Lock
from types import SimpleNamespace
from typing import Any, cast

import pytest
from coverage.collector import Collector

from pytest_backend_gates.probes.contract.findings import Exercise
from pytest_backend_gates.probes.contract.serving import Answer
from pytest_backend_gates.probes.contract.serving_wsgi import _ask, _broken_off

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="nothing can be broken off here")

Exercised = Callable[..., dict[str, Exercise]]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
ANYTHING = {"responses": {"200": {"description": "it"}}}


def wait_for_ever() -> None:
    time.sleep(3600)


def swallows_one(_: object, start_response: StartResponse) -> Iterable[bytes]:
    with suppress(BaseException):
        wait_for_ever()
    wait_for_ever()
    start_response("200 OK", [])
    return []


def swallows_some(*_: object) -> Iterable[bytes]:
    for _round in range(3):
        with suppress(BaseException):
            wait_for_ever()
    while True:
        time.sleep(0.001)


def gives_nothing_for_ever(_: object, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])
    return repeat(b"")


class SlowLock:
    """One that takes longer to acquire than a request may take."""

    acquired = False

    def acquire(self) -> None:
        time.sleep(0.5)
        self.acquired = True


@pytest.fixture
def alarm() -> Iterator[tuple[Any, tuple[float, float]]]:
    """Return what SIGALRM and its timer are, and have to be again."""
    yield signal.getsignal(signal.SIGALRM), (0.0, 0.0)
    signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.mark.parametrize("app", [swallows_one, swallows_some, gives_nothing_for_ever])
def test_it_swallows_the_alarm(
    exercise: Exercised, written: Callable[..., Path], alarm: object, app: Callable[..., Iterable[bytes]]
) -> None:
    """It rings again and again, and for the application alone."""
    (result,) = exercise(app, written({"/": {"get": ANYTHING}}), limit=0.3).values()
    assert result.errors == ("no answer to GET / within 0.3 s: the request was given up",)
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == alarm


def test_what_traces_the_application_is_not_broken_off(
    exercise: Exercised, written: Callable[..., Path], alarm: object
) -> None:
    """coverage.py would keep its lock for ever, and whatever it measures next in this process would hang."""
    lock = SlowLock()

    def traced(*_: object) -> Iterable[bytes]:
        Collector.lock_data(cast("Collector", SimpleNamespace(data_lock=lock)))
        wait_for_ever()
        return []

    (result,) = exercise(traced, written({"/": {"get": ANYTHING}}), limit=0.1).values()
    assert result.errors == ("no answer to GET / within 0.1 s: the request was given up",)
    assert lock.acquired
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == alarm


def test_the_alarm_is_for_the_application_alone(alarm: object) -> None:
    """What runs before it, or after it has been left, is not broken off however long it takes."""
    with _broken_off(0.01):
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            sum(range(100))
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == alarm


def takes_locks(*_: object) -> Iterable[bytes]:
    """Work with a queue: its lock is in Python, and has to be left free."""
    jobs = JOBS[-1]
    while True:
        jobs.put_nowait(1)
        jobs.get_nowait()


def waits_for_a_lock(*_: object) -> Iterable[bytes]:
    with LOCKED:
        return []


JOBS: list[Queue[int]] = []
LOCKED = Condition(Lock())  # one that this thread cannot take twice


def test_no_lock_is_left_behind() -> None:
    """Wherever the alarm finds the application."""
    for _ in range(100):
        JOBS.append(Queue())
        with suppress(BaseException), _broken_off(0.005):
            _ask(takes_locks, {}, Answer())
    assert [jobs.mutex.locked() for jobs in JOBS] == [False] * 100


def test_what_waits_for_a_lock_is_broken_off(exercise: Exercised, written: Callable[..., Path]) -> None:
    """One that nobody gives back."""
    LOCKED.acquire()
    (result,) = exercise(waits_for_a_lock, written({"/": {"get": ANYTHING}}), limit=0.1).values()
    LOCKED.release()
    assert result.errors == ("no answer to GET / within 0.1 s: the request was given up",)
