"""Several children at once: who gets which files, what they tell together, how they end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_backend_gates.analyzers import pool as pool_module
from pytest_backend_gates.analyzers.child import ScanProcess
from pytest_backend_gates.analyzers.pool import ScanPool, _shares

SOURCE = "def f(): ...\n"


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write nine files, each of them worth a child; return their names."""
    monkeypatch.setattr(pool_module, "_WORTH_A_CHILD", 1)
    monkeypatch.setattr(pool_module, "_size", lambda path: len(path.name))
    names = [f"{letter}.py" for letter in "ihgfedcba"]
    for number, name in enumerate(names):
        (tmp_path / name).write_text(SOURCE + "#" * number)
    return names


def lives(pid: int) -> bool:
    """Return whether process *pid* runs (one that only waits to be reaped does not)."""
    command = ["/bin/ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


def test_the_biggest_files_come_first_and_the_shares_are_equal() -> None:
    """So that nobody begins the longest work last; equal sizes are dealt by name."""
    sizes = {"a": 100_000, "b": 700_000, "c": 300_000, "d": 300_000, "e": 100_000, "f": 0, "g": 0}
    assert _shares(sizes, 2) == [["b", "e"], ["c", "d", "a", "f", "g"]]
    assert _shares(sizes, 3) == [["b"], ["c", "a", "f"], ["d", "e", "g"]]


@pytest.mark.parametrize(
    ("size", "files", "cores", "children"),
    [
        (0, 3, 8, 1),
        (399_999, 1, 8, 1),
        (400_000, 2, 8, 2),
        (400_000, 9, 4, 4),
        (400_000, 3, 8, 3),
        (1, 5, 0, 1),
    ],
)
def test_a_child_is_started_only_if_it_is_worth_it(size: int, files: int, cores: int, children: int) -> None:
    """A small project is scanned before a second child would have imported its engines."""
    assert len(_shares({str(number): size for number in range(files)}, cores)) == children


def test_messages_do_not_depend_on_who_scanned_what(tmp_path: Path, many: list[str]) -> None:
    """Every file once, by path; the same from one child and from four."""
    told = []
    for cores in (1, 4):
        pool = ScanPool(tmp_path, many, ["complexity", "security"], cores)
        assert len(pool.pids) == cores
        while not pool.wait(1):
            pool.read()
        pool.read()
        assert (pool.exit_status, pool.is_complete, pool.finished_files) == (0, True, 9)
        assert pool.stderr_tail() == ""
        told.append(pool.messages)
        pool.end()
    assert [message["file"] for message in told[0]] == sorted(many)
    assert told[0] == told[1]


def test_what_no_child_can_analyze_is_told_once(tmp_path: Path, many: list[str]) -> None:
    """A broken configuration is one mistake, however many read it."""
    (tmp_path / "pyproject.toml").write_text("[tool.bandit]\nskips = 'B101'\n")
    pool = ScanPool(tmp_path, many, ["complexity", "security"], 3)
    while not pool.wait(1):
        pool.read()
    pool.read()
    anywhere, *files = pool.messages
    pool.end()
    assert (anywhere["analyzer"], anywhere["error"]["message"]) == (
        "security",
        "bandit's 'skips' must be a list of strings, not 'B101'",
    )
    assert [sorted(message["results"]) for message in files] == [["complexity"]] * 9


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_one_that_ends_badly_ends_the_wait(tmp_path: Path, many: list[str]) -> None:
    """The others still work, and nobody waits for them; afterwards none is left."""
    for name in many:
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
    pool = ScanPool(tmp_path, many, ["complexity"], 3)
    assert not pool.wait(0.01)
    os.kill(pool.pids[1], signal.SIGKILL)
    while not pool.wait(0.01):
        time.sleep(0.01)
    assert (pool.exit_status, pool.is_complete) == (-signal.SIGKILL, False)
    pool.end()
    pool.end()
    assert not any(map(lives, pool.pids))


def test_no_child_is_left_when_one_cannot_be_started(
    tmp_path: Path, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ones are ended, and the error is the caller's."""
    started: list[int] = []

    class Second(ScanProcess):
        def __init__(self, rootdir: Path, files: Sequence[str], analyzers: Sequence[str]) -> None:
            if len(started) == 2:
                raise BlockingIOError("no more processes")
            super().__init__(rootdir, files, analyzers)
            started.append(self.pid)

    monkeypatch.setattr(pool_module, "ScanProcess", Second)
    with pytest.raises(BlockingIOError, match="no more processes"):
        ScanPool(tmp_path, many, ["complexity"], 4)
    assert len(started) == 2
    assert not any(map(lives, started))


#: Scans pipes that nobody writes to, in three children.
SESSION = """
import pathlib, sys, time
from pytest_backend_gates.analyzers import pool
pool._WORTH_A_CHILD, pool._size = 1, lambda path: 1
root = pathlib.Path(sys.argv[1])
scan = pool.ScanPool(root, sys.argv[2:], ["complexity", "security"], 3)
print(*scan.pids, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_no_child_survives_a_killed_session(tmp_path: Path) -> None:
    """``kill -9``: all three go, and none is a zombie of ours."""
    names = ["a.py", "b.py", "c.py"]
    for name in names:
        os.mkfifo(tmp_path / name)
    command = [sys.executable, "-c", SESSION, str(tmp_path), *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        pids = [int(word) for word in session.stdout.readline().split()]
        session.kill()
    deadline = time.monotonic() + 120
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (len(pids), [pid for pid in pids if lives(pid)]) == (3, [])
