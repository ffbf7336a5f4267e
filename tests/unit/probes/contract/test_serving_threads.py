"""The threads that an event loop's blocking calls run in."""

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Never

import pytest

from pytest_backend_gates.probes.contract.serving_threads import DaemonThreads


def leaves() -> Never:
    raise SystemExit(3)


def test_calls() -> None:
    """A call gives what it returns, or raises what it raises, as in the executor that asyncio would have."""
    threads = DaemonThreads()
    assert threads.submit(divmod, 7, 2).result() == (3, 1)
    assert threads.submit(sorted, [1, 2], reverse=True).result() == [2, 1]
    with pytest.raises(SystemExit) as raised:
        threads.submit(leaves).result()
    assert raised.value.code == 3
    assert isinstance(threads, ThreadPoolExecutor)
    threads.shutdown()


def test_one_thread_serves_one_call_after_another() -> None:
    """What an application keeps for each thread, such as a connection, is kept for the next request."""
    loop = asyncio.new_event_loop()
    threads = DaemonThreads()
    loop.set_default_executor(threads)
    seen = {loop.run_until_complete(asyncio.to_thread(threading.current_thread)) for _ in range(20)}
    (thread,) = seen
    assert thread.daemon
    loop.close()
    thread.join()


def test_calls_at_the_same_time() -> None:
    """Each has a thread of its own; one that waits can be cancelled, and is then never made."""
    threads = DaemonThreads()
    together = threading.Barrier(3)
    assert sorted(one.result() for one in [threads.submit(together.wait) for _ in range(3)]) == [0, 1, 2]
    go = threading.Event()
    made: list[int] = []
    busy = [threads.submit(go.wait) for _ in range(1000)]
    last = threads.submit(made.append, 1)
    assert threading.active_count() < 1000
    assert last.cancel()
    go.set()
    assert {one.result() for one in busy} == {True}
    threads.shutdown()
    assert made == []


def test_the_interpreter_does_not_wait() -> None:
    """A call that hangs keeps no process from ending."""
    script = (
        "import asyncio, threading\n"
        "from pytest_backend_gates.probes.contract.serving_threads import DaemonThreads\n"
        "async def main():\n"
        "    asyncio.get_running_loop().set_default_executor(DaemonThreads())\n"
        "    task = asyncio.create_task(asyncio.to_thread(lambda: (began.set(), threading.Event().wait())))\n"
        "    await asyncio.sleep(0)\n"
        "    began.wait()\n"
        "began = threading.Event()\n"
        "loop = asyncio.new_event_loop()\n"
        "loop.run_until_complete(main())\n"
        "print('left')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], check=False, timeout=60, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (0, "left\n")
