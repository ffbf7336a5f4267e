"""What runs in a pause counts for nothing, and all else counts as coverage.py counts it."""

import importlib.machinery
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pytest_backend_gates.probes.coverage_at_work import core_at_work, monitoring_tool
from pytest_backend_gates.probes.coverage_pause import Pauses

DRIVER = Path(__file__).with_name("run_paused_calls.py")

WORK = """\
import contextlib


def used(number):
    if number > 1:
        return 1
    return 2


def only_inside(number):
    if number:
        return used(number)
    return 2


async def turns(count):
    import asyncio
    for _ in range(count):
        await asyncio.sleep(0)
    return count


def thread_after():
    return used(5)


def pooled_after():
    return used(6)


def idle_before():
    return used(7)


def idle_new():
    return used(8)


def idle_twice():
    return used(9)


def idle_last():
    return used(11)


async def waits_for(event):
    before = used(0)
    await event.wait()
    if before:
        return used(10)
    return before


def serve(jobs, done):
    while True:
        job = jobs.get()
        if job is None:
            break
        done.put(job())


class Box:
    def __init__(self, pause):
        self.pause = pause

    def run(self, calls):
        total = 0
        if calls:
            with self.pause():  # pragma: no cover
                for call in calls:
                    total += call()
            total += 1
        else:
            total -= 1
        if total > 1000:
            total = 0
        return total

    def deep(self, depth, calls):
        if depth == 0:
            return self.run(calls)
        value = self.deep(depth - 1, calls)
        if depth == 2:
            value += 1
        return value

    def rounds(self, count):
        with self.pause():  # pragma: no cover
            for number in range(count):
                yield number
        if count:
            tail = count
        else:
            tail = 0
        yield tail

    def stacked(self):
        with contextlib.ExitStack() as stack:  # pragma: no cover
            stack.enter_context(self.pause())
        total = used(0)
        if total:
            total += 1
        return total

    def taken_over(self):
        rounds = self.rounds(2)
        next(rounds)
        total = self.used_up(rounds)  # pragma: no cover
        if total:
            total += used(0)
        return total

    def used_up(self, rounds):  # pragma: no cover
        last = 0
        for last in rounds:
            used(last)
        return last

    async def wait(self, awaitable):
        with self.pause():  # pragma: no cover
            total = await awaitable
        if total:
            total = await self.after(total)
        return total

    async def after(self, total):
        return total + 1


async def sooner(pause, awaitable):
    with pause():  # pragma: no cover
        total = await awaitable
    return total  # pragma: no cover


async def later(pause, awaitable):
    with pause():  # pragma: no cover
        total = await awaitable
    if total:
        total += 1
    else:
        total = 0
    return await at_last(total)


async def at_last(total):
    import asyncio
    await asyncio.sleep(0)
    if total:
        return total
    return 0


async def together(pause, one, two):
    import asyncio
    first, second = await asyncio.gather(sooner(pause, one), later(pause, two))
    if first:
        second += 1
    else:
        second = 0
    return second
"""
LATE = """\
def at_import(number):
    if number:
        return 1
    return 0


class Kind:
    first = at_import(1)
    if first:
        second = 2

    def method(self):
        return 1
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a project whose package is ``shop``."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").write_text("", "utf-8")
    (folder / "work.py").write_text(WORK, "utf-8")
    (folder / "late.py").write_text(LATE, "utf-8")
    for late in ("thread_late.py", "fleeting_late.py", "pool_late.py"):
        (folder / late).write_text("VALUE = [i for i in range(3)]\n", "utf-8")
    slow = "import gate\nbefore = 1\ngate.wait()\nif before:\n    after = 2\nlast = 3\n"
    (folder / "slow_late.py").write_text(slow, "utf-8")
    return tmp_path


def _executed(shop: Path, who: str, mode: str, options: str) -> dict[str, Any]:
    rcfile = shop / ".coveragerc"
    rcfile.write_text(f"[run]\nsource = shop\n{options}\n", "utf-8")
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(DRIVER), who, str(rcfile), mode],
        cwd=shop,
        env=_environment(shop),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


def _environment(*folders: Path) -> dict[str, str]:
    """Return one in which nobody else measures."""
    path = [*map(str, folders), os.environ.get("PYTHONPATH")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, path))}


_CORES = ["core = ctrace", "timid = true", *(["core = sysmon"] if sys.version_info >= (3, 12) else [])]


@pytest.mark.parametrize("length", ["paused", "long"])
@pytest.mark.parametrize("branch", ["false", "true"])
@pytest.mark.parametrize("core", _CORES)
def test_lines_and_branches_are_those_without_the_pauses(
    shop: Path, core: str, branch: str, length: str
) -> None:
    """Nested, in generators, tasks and threads: no line is counted inside, none is lost outside, none misplaced."""
    if core == "core = sysmon" and branch == "true" and sys.version_info < (3, 14):
        pytest.skip("this Python cannot see branches so")
    options = f"{core}\nbranch = {branch}"
    paused, oracle = (_executed(shop, "coverage", mode, options) for mode in (length, "oracle"))
    assert paused == oracle
    assert {12, 13, 14} & {*paused["shop/work.py"][0]} == set()
    assert {24, 28} <= {*paused["shop/work.py"][0]}, "what threads do after the pause"
    assert {1, 2, 3, 7, 8, 9, 10, 12} <= {*paused["shop/late.py"][0]}


@pytest.mark.parametrize("length", ["paused", "long"])
def test_the_probes_own_total_is_that_of_coverage(shop: Path, length: str) -> None:
    """Where we measure, hits and total of every file are coverage.py's own for the same calls without pauses."""
    paused, oracle = (_executed(shop, "probe", mode, "branch = true") for mode in (length, "oracle"))
    assert paused == oracle
    names = ("__init__", "fleeting_late", "late", "pool_late", "slow_late", "thread_late", "work")
    assert list(paused) == [f"shop/{name}.py" for name in names]


def test_a_pause_leaves_nothing_behind() -> None:
    """The tracer, the hook for threads and the loader are afterwards what they were, also after an error."""
    before = _installed()
    pauses = Pauses()
    with pytest.raises(KeyError), pauses.paused(), pauses.paused():
        raise KeyError
    assert _installed() == before


def test_what_ends_in_a_pause_is_not_traced() -> None:
    """Nor slowed down by it; what may live on is, as a thread that begins outside."""
    script = (
        "import coverage, sys, threading\n"
        "from pytest_backend_gates.fleeting import FLEETING\n"
        "from pytest_backend_gates.probes.coverage_pause import Pauses\n"
        "def traced(*marked):\n"
        "    thread = threading.Thread(target=lambda: print(sys.gettrace() is not None))\n"
        "    FLEETING.update([thread][: len(marked)])\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "tool = coverage.Coverage(data_file=None, config_file=False)\n"
        "tool.set_option('run:core', 'ctrace')\n"
        "with tool.collect():\n"
        "    with Pauses().paused():\n"
        "        traced('marked')\n"
        "        traced()\n"
        "    traced('marked')\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (["False", "True", "True"], "")


@pytest.mark.parametrize(
    ("who", "rests"),
    [
        ("nobody", True),
        ("collector", True),
        ("debugger", False),
        ("measured", False),
        ("untraced", False),
        ("user", False),
    ],
)
def test_idle_threads_are_not_traced_in_a_long_pause(who: str, *, rests: bool) -> None:
    """Where Python lets every thread pay for it, and nothing is lost by it."""
    driver = DRIVER.with_name("run_idle_threads.py")
    ran = subprocess.run(
        [sys.executable, str(driver), who], env=_environment(), capture_output=True, text=True, check=False
    )
    inside = str(sys.version_info < (3, 12) or not rests)
    lines = [f"False {inside} {inside}"] * 3
    assert (ran.stdout.splitlines(), ran.stderr) == ([*lines, "False True True", "True"], "")


def test_a_debugger_is_left_alone() -> None:
    """A trace function that is not coverage.py's stays."""
    before = sys.gettrace()

    def debugger(*_: object) -> None:
        """See a call."""

    sys.settrace(debugger)
    try:
        with Pauses().paused():
            inside = sys.gettrace()
        assert inside is sys.gettrace() is debugger
    finally:
        sys.settrace(before)


def test_a_trace_function_of_anothers_is_no_core() -> None:
    """Only coverage.py's own function measures coverage, whatever else traces this thread."""
    before, here = sys.gettrace(), core_at_work()

    def debugger(*_: object) -> None:
        """See a call."""

    sys.settrace(debugger)
    try:
        found = core_at_work()
    finally:
        sys.settrace(before)
    assert found == (here if monitoring_tool() is not None else None)


def _installed() -> list[object]:
    return [
        sys.gettrace(),
        threading.gettrace(),
        vars(importlib.machinery.SourceFileLoader).get("exec_module"),
    ]


def test_a_thread_that_rests_again_and_again_is_traced_after_each() -> None:
    """The frame in which it idles holds what traced it first; when that is deleted, nobody loses what traces it now."""
    script = (
        "import coverage, queue, sys, threading\n"
        "from pytest_backend_gates.probes.coverage_pause import Pauses\n"
        "jobs, done = queue.Queue(), queue.Queue()\n"
        "def serve():\n"
        "    while job := jobs.get():\n"
        "        done.put(job())\n"
        "def traced():\n"
        "    jobs.put(lambda: type(sys.gettrace()).__name__)\n"
        "    print(done.get(timeout=10))\n"
        "tool = coverage.Coverage(data_file=None, config_file=False, include=['nothing'])\n"
        "tool.set_option('run:core', 'ctrace')\n"
        "thread, pauses = threading.Thread(target=serve), Pauses()\n"
        "with tool.collect():\n"
        "    pauses.watch()\n"
        "    thread.start()\n"
        "    traced()\n"
        "    for _ in range(3):\n"
        "        with pauses.paused(long=True):\n"
        "            jobs.put(int)\n"
        "            done.get(timeout=10)\n"
        "        traced()\n"
        "    jobs.put(None)\n"
        "    thread.join()\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.stdout.split(), ran.stderr) == (["CTracer"] * 4, "")
