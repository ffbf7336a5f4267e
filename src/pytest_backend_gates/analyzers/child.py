"""The parent's end of the static scan: starts the child, reads what it has told so far, ends it.

No thread and no pipe to drain: the child writes into two files, and the parent reads them when it wants to
know. With a second thread in the process, ``os.fork`` in a user's test would warn (Python 3.12 and later).
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pytest_backend_gates.measurements import Plain

_COMMAND: Final = ("-P", "-m", "pytest_backend_gates.analyzers")
_NOT_FOR_THE_CHILD: Final = ("COVERAGE_", "COV_CORE_", "PYTEST_")
_TAIL: Final = 4096  # bytes of the child's stderr


class Spool:
    """A file that one process appends to while another reads it. It has no name while it can be helped."""

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="backend-gates-")
        self._path = Path(name)
        self.writer = os.fdopen(handle, "wb", buffering=0)
        self._reader = self._path.open("rb", buffering=0)
        self._unlink()

    def read(self) -> bytes:
        """Return what came since the last time."""
        return self._reader.read() or b""

    def tail(self) -> str:
        """Return the end of everything written."""
        self._reader.seek(max(0, self._reader.seek(0, os.SEEK_END) - _TAIL))
        return self.read().decode("utf-8", "replace").strip()

    def close(self) -> None:
        """Close both ends and delete the file."""
        self.writer.close()
        self._reader.close()
        self._unlink()

    def _unlink(self) -> None:
        # POSIX deletes an open file at once; Windows refuses until it is closed.
        with contextlib.suppress(PermissionError, FileNotFoundError):
            self._path.unlink()


class ScanProcess:
    """The child process. Raises ``OSError`` when it cannot be started."""

    def __init__(self, rootdir: Path, files: Sequence[str], analyzers: Sequence[str]) -> None:
        self._rest = b""
        #: What the child has told, a message a line.
        self.messages: list[Plain] = []
        with contextlib.ExitStack() as undo:
            self._results = undo.enter_context(contextlib.closing(Spool()))
            self._stderr = undo.enter_context(contextlib.closing(Spool()))
            self._request = _request(files, analyzers)
            undo.callback(self._request.unlink, missing_ok=True)
            self._process = subprocess.Popen(
                [sys.executable, *_COMMAND, str(os.getpid()), str(self._request)],
                stdin=subprocess.PIPE,  # never written to: its end tells the child that nobody listens
                stdout=self._results.writer,
                stderr=self._stderr.writer,
                cwd=rootdir,
                env=_environment(),
            )
            undo.pop_all()
        self._results.writer.close()
        self._stderr.writer.close()

    @property
    def finished_files(self) -> int:
        """How many files the child has told of."""
        return sum("file" in message for message in self.messages)

    @property
    def is_complete(self) -> bool:
        """Whether the child has told everything."""
        return bool(self.messages) and "done" in self.messages[-1]

    @property
    def exit_status(self) -> int | None:
        """The exit status, negative for a signal, ``None`` while the child lives."""
        return self._process.poll()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def read(self) -> bool:
        """Take in what the child has told since; return whether there was anything."""
        *lines, self._rest = (self._rest + self._results.read()).split(b"\n")
        self.messages += [json.loads(line) for line in lines]
        return bool(lines)

    def wait(self, seconds: float) -> bool:
        """Wait at most *seconds* for the child to end; return whether it has."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.returncode is not None

    def stderr_tail(self) -> str:
        """Return the last of what the child wrote to its stderr."""
        return self._stderr.tail()

    def kill(self) -> None:
        """Kill the child if it still lives, without waiting for its end."""
        self._process.kill()

    def end(self) -> None:
        """Kill what still lives, reap it, and close everything. May be called again."""
        self.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._results.close()
        self._stderr.close()
        self._request.unlink(missing_ok=True)


def _request(files: Sequence[str], analyzers: Sequence[str]) -> Path:
    """Write down what the child is to do. It deletes the file; a pipe would make us wait until it reads."""
    handle, name = tempfile.mkstemp(prefix="backend-gates-", suffix=".json")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        path = sys.path if any(":" in name for name in analyzers) else []
        json.dump({"files": list(files), "analyzers": list(analyzers), "path": path}, file)
    return Path(name)


def _environment() -> dict[str, str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_THE_CHILD)
    }
    if "PYTHONPATH" in environment:
        # The child's working directory is another one.
        entries = map(os.path.abspath, environment["PYTHONPATH"].split(os.pathsep))
        environment["PYTHONPATH"] = os.pathsep.join(entries)
    return environment
