"""The static scan in several child processes, each with its share of the files."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_backend_gates.analyzers.child import ScanProcess

if TYPE_CHECKING:
    from pytest_backend_gates.measurements import Plain

#: Bytes of source that are worth another child: what it scans while it would have imported its engines.
_WORTH_A_CHILD: Final = 400_000


class ScanPool:
    """Up to *cores* children. Raises ``OSError`` when one cannot be started; then none is left."""

    def __init__(self, rootdir: Path, files: Sequence[str], analyzers: Sequence[str], cores: int) -> None:
        self._children: list[ScanProcess] = []
        with ExitStack() as undo:
            undo.callback(self.end)
            for share in _shares({path: _size(rootdir / path) for path in files}, cores):
                self._children.append(ScanProcess(rootdir, share, analyzers))
            undo.pop_all()

    @property
    def pids(self) -> list[int]:
        """The children's process ids."""
        return [child.pid for child in self._children]

    @property
    def messages(self) -> "list[Plain]":
        """What the children have told of files, by path, after what kept an analyzer from analyzing any."""
        told = [message for child in self._children for message in child.messages]
        anywhere = {message["analyzer"]: message for message in told if "analyzer" in message}
        files = [message for message in told if "file" in message]
        return [*anywhere.values(), *sorted(files, key=lambda message: str(message["file"]))]

    @property
    def finished_files(self) -> int:
        """How many files the children have told of."""
        return sum(child.finished_files for child in self._children)

    @property
    def is_complete(self) -> bool:
        """Whether every child has told everything."""
        return all(child.is_complete for child in self._children)

    @property
    def exit_status(self) -> int | None:
        """That of a child that ended badly; ``None`` while all is well and one lives."""
        statuses = [child.exit_status for child in self._children]
        return next((status for status in statuses if status), None if None in statuses else 0)

    def read(self) -> bool:
        """Take in what the children have told since; return whether there was anything."""
        return sum(child.read() for child in self._children) > 0

    def wait(self, seconds: float) -> bool:
        """Wait at most *seconds* for all to end, or for one to end badly; return whether that was so."""
        end = time.monotonic() + seconds
        for child in self._children:
            child.wait(max(0.0, end - time.monotonic()))
        return self.exit_status is not None

    def stderr_tail(self) -> str:
        """Return the last of what the child that ended badly wrote to its stderr, or else any other."""
        children = sorted(self._children, key=lambda child: not child.exit_status)
        return next(filter(None, (child.stderr_tail() for child in children)), "")

    def end(self) -> None:
        """Kill all that still live, then reap them, and close everything. May be called again."""
        for child in self._children:
            child.kill()
        for child in self._children:
            child.end()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _shares(sizes: dict[str, int], cores: int) -> list[list[str]]:
    """Deal the files out, the biggest first, each to whom has least: equal work, and no big file at the end."""
    count = max(1, min(cores, len(sizes), -(-sum(sizes.values()) // _WORTH_A_CHILD)))
    shares: list[list[str]] = [[] for _ in range(count)]
    loads = [0] * count
    for path in sorted(sizes, key=lambda path: (-sizes[path], path)):
        least = loads.index(min(loads))
        shares[least].append(path)
        loads[least] += sizes[path] + 1
    return shares
