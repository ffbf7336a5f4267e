"""The child's watch over its parent: each of the three ways alone, with real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and adoption are POSIX")

CHILD = """
import os, re, sys, time
from pytest_backend_gates.analyzers import orphan
parent, ways, stuck = int(sys.argv[1]), sys.argv[2], sys.argv[3]
if "kernel" not in ways: orphan._ask_the_kernel = lambda: None
if "stdin" not in ways: orphan._until_stdin_ends = lambda: None
if "adopted" not in ways: orphan._until_adopted = lambda parent: None
orphan.end_with(parent)
os.write(1, f"child={os.getpid()} ".encode())
if stuck == "stuck": re.match(r"(a+)+b", "a" * 60)  # for hours, without ever letting a thread run
time.sleep(600)
"""

#: Starts the child; a fork keeps the other end of its stdin open; waits to be killed.
PARENT = """
import os, subprocess, sys, time
command = [sys.executable, "-c", sys.argv[1], str(os.getpid()), *sys.argv[2:]]
child = subprocess.Popen(command, stdin=subprocess.PIPE)
fork = os.fork()
if fork:
    os.write(1, f"fork={fork} ".encode())
time.sleep(600)
"""


def lives(pid: int) -> bool:
    """Return whether process *pid* runs (one that only waits to be reaped does not)."""
    command = ["/bin/ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def ends(pid: int) -> bool:
    """Return whether process *pid* ends within two minutes: by itself it would not."""
    deadline = time.monotonic() + 120
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not lives(pid)


@pytest.fixture
def cleared() -> Iterator[list[int]]:
    """Yield a list of pids to kill in the end, whatever happened."""
    pids: list[int] = []
    yield pids
    for pid in filter(lives, pids):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("ways", "stuck"),
    [
        ("adopted", ""),
        pytest.param("kernel", "", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux")),
        pytest.param("kernel", "stuck", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux")),
    ],
)
def test_a_child_whose_parent_was_killed_ends_though_a_fork_holds_its_stdin(
    cleared: list[int], ways: str, stuck: str
) -> None:
    """``kill -9`` of the parent; even a child that is stuck in C ends where the kernel can be asked."""
    command = [sys.executable, "-c", PARENT, CHILD, ways, stuck]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        said: dict[str, int] = {}
        while len(said) < 2:
            for word in os.read(parent.stdout.fileno(), 100).decode().split():
                who, pid = word.split("=")
                said[who] = int(pid)
        cleared += said.values()
        time.sleep(0.2)  # let it get stuck
        assert lives(said["child"])
        parent.kill()
        parent.wait()
        assert ends(said["child"])
        assert lives(said["fork"])


def test_a_child_ends_when_its_stdin_ends(cleared: list[int]) -> None:
    """The parent is alive and has closed the pipe."""
    command = [sys.executable, "-c", CHILD, str(os.getpid()), "stdin", ""]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        cleared.append(child.pid)
        assert os.read(child.stdout.fileno(), 100) == f"child={child.pid} ".encode()
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(120) == 3
