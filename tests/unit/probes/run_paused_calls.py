"""Run pieces of a project, some of them in a coverage pause, and print what was executed. Started by the tests.

    python run_paused_calls.py coverage|probe RCFILE paused|long|oracle

Who measures, with what configuration, and whether there are pauses, long ones or not: as ``oracle`` nothing is
paused, and what would run in a pause is left out. The project is ``shop``, in the current folder.
"""

import asyncio
import json
import queue
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import coverage

from pytest_backend_gates.fleeting import FLEETING
from pytest_backend_gates.measurements import Rate
from pytest_backend_gates.probes.coverage import CoverageProbe

Pause = Callable[[], AbstractContextManager[object]]


class Worker:
    """A thread that does what it is given."""

    def __init__(self, work: Any, *, fleeting: bool = False) -> None:  # noqa: ANN401 - the project's module
        self._jobs: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self._done: queue.Queue[object] = queue.Queue()
        self._thread = threading.Thread(target=work.serve, args=(self._jobs, self._done))
        if fleeting:
            FLEETING.add(self._thread)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def do(self, job: Callable[[], object]) -> None:
        """Have *job* done, and wait."""
        self._jobs.put(job)
        self._done.get(timeout=10)

    def end(self) -> None:
        """End."""
        self._jobs.put(None)
        self._thread.join(10)


def scenario(pause: Pause, *, oracle: bool) -> None:
    """Pause in every way that there is."""
    work = import_module("shop.work")

    def hidden(*calls: Callable[[], object]) -> list[Callable[[], object]]:
        return [] if oracle else list(calls)

    box = work.Box(pause)
    box.run([int, *hidden(lambda: work.used(1))])
    box.run([])
    box.deep(5, [int, *hidden(lambda: work.only_inside(0))])
    with pause(), pause():
        for call in hidden(lambda: work.only_inside(1)):
            call()
    box.stacked()
    box.deep(3, [])
    box.taken_over()
    work.used(0)
    generators(box, work, oracle=oracle)
    asyncio.run(tasks(box, work, oracle=oracle))
    asyncio.run(overlapping(pause, work))
    threads(pause, work, hidden)
    idle_threads(pause, work, hidden)
    imports(pause)
    work.used(2)


def generators(box: Any, work: Any, *, oracle: bool) -> None:  # noqa: ANN401 - the project's
    """Pause in a generator: used up, broken off, taken over by another function."""
    for number in box.rounds(5):
        if not oracle and number < 4:
            work.only_inside(number)
    for _ in box.rounds(5):
        break
    begun = box.rounds(2)
    next(begun)

    def elsewhere() -> Iterator[int]:
        yield from begun

    list(elsewhere())


async def tasks(box: Any, work: Any, *, oracle: bool) -> None:  # noqa: ANN401 - the project's
    """Pause while other tasks run."""

    async def turns(count: int) -> int:
        for _ in range(count):
            await asyncio.sleep(0)
        return count

    def inside(count: int) -> Awaitable[int]:
        awaited: Awaitable[int] = turns(count) if oracle else work.turns(count)
        return awaited

    await box.wait(inside(3))
    await asyncio.gather(box.wait(inside(2)), box.wait(inside(5)))


async def overlapping(pause: Pause, work: Any) -> None:  # noqa: ANN401 - the project's
    """Pause in two tasks at once: the second begins after the first and ends after it."""
    assert await work.together(pause, asyncio.sleep(0.01, 1), asyncio.sleep(0.05, 1)) > 1
    await asyncio.sleep(0)


def threads(pause: Pause, work: Any, hidden: Callable[..., list[Callable[[], object]]]) -> None:  # noqa: ANN401 - as above
    """Pause while a thread is there already, and while one begins."""

    def pooled() -> object:  # of another file than what it calls, as the loop of a pool is
        return work.pooled_after()

    old, new, lasting, fleeting = Worker(work), Worker(work), Worker(work), Worker(work, fleeting=True)
    old.start()
    old.do(lambda: work.used(3))
    with pause():
        new.start()
        lasting.start()
        fleeting.start()
        for call in hidden(lambda: work.only_inside(2)):
            old.do(call)
            new.do(call)
            lasting.do(call)
            fleeting.do(call)
        new.do(lambda: import_module("shop.thread_late"))
        new.end()
        fleeting.do(lambda: import_module("shop.fleeting_late"))
        for call in hidden(lambda: work.only_inside(2)):
            fleeting.do(call)
        fleeting.end()
    old.do(work.thread_after)
    old.end()
    lasting.do(pooled)
    lasting.end()


def idle_threads(pause: Pause, work: Any, hidden: Callable[..., list[Callable[[], object]]]) -> None:  # noqa: ANN401 - as above
    """Pause while there are threads that are in nothing that is measured: those of a pool, and of a loop."""
    loop = asyncio.new_event_loop()
    looping = threading.Thread(target=loop.run_forever)
    looping.start()
    go_on = asyncio.run_coroutine_threadsafe(event(), loop).result(10)
    waiting = asyncio.run_coroutine_threadsafe(work.waits_for(go_on), loop)
    asyncio.run_coroutine_threadsafe(event(), loop).result(10)  # by now it waits
    with ThreadPoolExecutor(1) as old, ThreadPoolExecutor(1) as new, ThreadPoolExecutor(1) as ended:
        old.submit(work.used, 3).result(10)
        ended.submit(work.used, 3).result(10)
        with pause():
            with pause():
                for pool in (old, new, ended):
                    pool.submit(int).result(10)
                    for call in hidden(lambda: work.only_inside(3)):
                        pool.submit(call).result(10)
                ended.shutdown()
            old.submit(import_module, "shop.pool_late").result(10)
        old.submit(work.idle_before).result(10)
        new.submit(work.idle_new).result(10)
        with pause():
            old.submit(int).result(10)
        new.submit(work.used, 0).result(10)
        old.submit(work.idle_twice).result(10)
        imported_slowly(pause, old)
        old.submit(work.idle_last).result(10)
    loop.call_soon_threadsafe(go_on.set)
    waiting.result(10)
    loop.call_soon_threadsafe(loop.stop)
    looping.join(10)
    loop.close()


def imported_slowly(pause: Pause, pool: ThreadPoolExecutor) -> None:
    """Let a pause end while a thread that is idle otherwise executes a module."""
    begun, end = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        end.wait(10)

    sys.modules["gate"] = gate = ModuleType("gate")
    vars(gate)["wait"] = wait
    with pause():
        pool.submit(int).result(10)
        importing = pool.submit(import_module, "shop.slow_late")
        begun.wait(10)
    end.set()
    importing.result(10)


async def event() -> asyncio.Event:
    """Return an event of the loop that this runs on."""
    return asyncio.Event()


def imports(pause: Pause) -> None:
    """Import a module of the project for the first time in a pause."""
    with pause():
        import_module("shop.late")
        import_module("shop.thread_late")


def by_coverage(rcfile: str, scenario: Callable[[], None], probe: CoverageProbe) -> dict[str, Any]:
    """Return the lines and branches that coverage.py itself says were executed."""
    tool = coverage.Coverage(data_file=None, config_file=rcfile)
    with tool.collect():
        probe.start()
        scenario()
        probe.stop()
    tool.json_report(outfile="report.json")
    files = json.loads(Path("report.json").read_text("utf-8"))["files"]
    return {
        path: [sorted({*one["executed_lines"]} - {*one["excluded_lines"]}), one.get("executed_branches")]
        for path, one in files.items()
    }


def by_the_probe(scenario: Callable[[], None], probe: CoverageProbe) -> dict[str, Any]:
    """Return hits and total of each file as the probe tells them when nobody else measures."""
    probe.start()
    scenario()
    measurement = probe.reduce([probe.collect(None, print)], None)["coverage"].measurement
    probe.stop()
    assert isinstance(measurement, Rate)
    return {path: [ratio.hits, ratio.total] for path, ratio in measurement.subjects.items()}


def main(who: str, rcfile: str, mode: str) -> None:
    """Measure as asked."""
    names = ("__init__", "fleeting_late", "late", "pool_late", "slow_late", "thread_late", "work")
    files = [f"shop/{name}.py" for name in names]
    probe = CoverageProbe(Path.cwd(), ["shop"], files)
    oracle = mode == "oracle"
    pause = nullcontext if oracle else partial(probe.paused, long=mode == "long")
    run = partial(scenario, pause, oracle=oracle)
    result = by_the_probe(run, probe) if who == "probe" else by_coverage(rcfile, run, probe)
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
