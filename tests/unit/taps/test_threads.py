"""Work that a request hands to other threads: whose it is, and that nothing else changes."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from threading import Event, Thread, Timer
from unittest import mock

import pytest

from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.asking import ASKED, asked
from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.recording import Recorder

Work = Callable[[], None]
#: The project's own, which a thread does not know.
MINE: ContextVar[str] = ContextVar("mine", default="lost")


class Own(Thread):
    """A thread that does not do what :class:`Thread` does."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        self._work()


def joined(thread: Thread) -> None:
    thread.start()
    thread.join(5)
    assert "run" not in vars(thread)


def with_its_own_run(work: Work) -> None:
    thread = Thread()
    vars(thread)["run"] = work
    thread.start()
    thread.join(5)
    assert vars(thread)["run"] is work


def in_executor(work: Work) -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, work)

    asyncio.run(main())


def to_thread(work: Work) -> None:
    asyncio.run(asyncio.to_thread(work))


def submitted(work: Work) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result(5)


def mapped(work: Work) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert list(pool.map(lambda _: work(), [1])) == [None]


WAYS = {
    "thread": lambda work: joined(Thread(target=work)),
    "timer": lambda work: joined(Timer(0, work)),
    "subclass": lambda work: joined(Own(work)),
    "own run": with_its_own_run,
    "submit": submitted,
    "map": mapped,
    "run_in_executor": in_executor,
    "to_thread": to_thread,
}


@pytest.fixture
def recorder(probe: TrafficProbe) -> Recorder:
    return probe.recorder


@pytest.fixture
def served(recorder: Recorder) -> Iterator[Observation]:
    """Serve a request for as long as the test runs."""
    observation = Observation("GET", counted=True, generated=False)
    token = recorder.current.set(observation)
    yield observation
    recorder.leave(token)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_thread_does_for_a_request_is_a_part_of_it(
    recorder: Recorder, served: Observation, way: str
) -> None:
    """And what runs there is asked for by whoever it was asked for by before."""
    found: list[object] = []
    with asked():
        WAYS[way](lambda: found.extend([recorder.serving(), ASKED.get()]))
    assert found == [served, True]
    assert (recorder.serving(), ASKED.get()) == (served, False)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "to_thread"])
def test_nothing_else_goes_along(served: Observation, way: str) -> None:
    """A project that loses its own context in a thread loses it with us as well."""
    found: list[str] = []
    token = MINE.set("kept")
    WAYS[way](lambda: found.append(MINE.get()))
    MINE.reset(token)
    assert (found, served.done) == (["lost"], False)


@pytest.mark.parametrize("way", WAYS)
def test_outside_of_requests_threads_are_nobodys(recorder: Recorder, way: str) -> None:
    """What a test does in threads of its own belongs to no request."""
    found: list[object] = []
    WAYS[way](lambda: found.append(recorder.serving()))
    assert found == [None]


def test_a_thread_of_a_pool_is_nobodys(recorder: Recorder, served: Observation) -> None:
    """It was started for the request and outlives it: what it does for others is theirs."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(recorder.serving).result(5) is served
        token = recorder.current.set(None)
        assert pool.submit(recorder.serving).result(5) is None
        recorder.leave(token)


def test_a_request_that_is_over_has_no_parts(recorder: Recorder, served: Observation) -> None:
    """What goes on in a thread after the answer is not counted as its request's."""
    over = Event()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: (over.wait(5), recorder.serving()))
        served.done = True
        over.set()
        assert found.result(5) == (True, None)


def test_a_thread_that_cannot_be_started(served: Observation) -> None:
    """It raises what it raises, and is as it was."""
    thread = Thread(target=lambda: None)
    joined(thread)
    with pytest.raises(RuntimeError, match=r"^threads can only be started once$"):
        thread.start()
    assert ("run" in vars(thread), served.done) == (False, False)


def test_an_exception_is_the_works_own(served: Observation) -> None:
    """A pool's future holds it."""

    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError, match=r"^'x'$"):
        submitted(fail)
    assert not served.done


def test_what_another_interpreter_does_is_handed_on_as_it_is(served: Observation) -> None:
    """It has to be pickled there, which nothing of ours can be."""

    class InterpreterPoolExecutor(ThreadPoolExecutor):
        pass

    with InterpreterPoolExecutor(1) as pool, mock.patch("concurrent.futures.thread._WorkItem") as item:
        item.return_value.run = lambda: None
        pool.submit(print, "here")
    assert item.call_args.args[1:] == (print, ("here",), {})
    assert not served.done


def test_a_thread_that_takes_no_attributes_is_started_all_the_same(
    probe: TrafficProbe, served: Observation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong in our bookkeeping is told, and the thread runs."""

    def fault(*_: object) -> None:
        raise KeyError("x")

    found: list[int] = []
    monkeypatch.setattr("pytest_backend_gates.taps.threads._hand_over", fault)
    joined(Thread(target=found.append, args=(1,)))
    assert (found, served.done) == ([1], False)
    assert probe.faults() == [
        "the threads tap failed once: KeyError: 'x'; requests were not affected",
    ]


def test_both_are_given_back_and_missed_when_they_are_taken_out() -> None:
    """Stopping leaves Python's own methods; a replacement that ours has gone with is told."""
    before = Thread.start, ThreadPoolExecutor.submit
    probe = TrafficProbe()
    with mock.patch.object(Thread, "start"):
        probe.start()
    told = probe.faults()
    probe.stop()
    assert (Thread.start, ThreadPoolExecutor.submit) == before
    (fault,) = told
    assert fault == (
        "the threads tap failed once: TakenOutError: something has put another threading.Thread.start in the place"
        " of the observed one: what requests had threads do afterwards was not seen; requests were not affected"
    )
