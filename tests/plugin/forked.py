"""Runs sessions of pytest in forks of one process, so that what every session imports first is imported once.

That process is where ``python -m pytest`` is before it has looked at its arguments: pytest and pytest's own plugins
are there, and no other plugin, nothing of ours and no framework. What follows the fork is what follows there.

A session is a line of JSON on its stdin: ``{"args": [...], "cwd": ..., "env": {...}, "folder": ...}``, the last
where the output goes. The exit status, negative for a signal, is a line on its stdout.
"""

import gc
import json
import os
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

#: Seconds; nothing here takes as long.
HANGS = 600


class Forking:
    """The process that is forked, as the one who asks it sees it. It starts with the first session."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, args: list[str], cwd: Path, env: Mapping[str, str]) -> tuple[int, str, str]:
        """Return status, output and errors of ``python -m pytest`` with *args*, started in *cwd*."""
        with TemporaryDirectory() as folder:
            session = {"args": args, "cwd": str(cwd.resolve()), "env": dict(env), "folder": folder}
            status = self._answer(json.dumps(session), env)
            assert status is not None, (
                f"hangs: {args}"
            )  # nothing of the environment, which may be confidential
            out, err = (Path(folder, name).read_text(encoding="utf-8") for name in ("out", "err"))
        return status, out, err

    def _answer(self, line: str, env: Mapping[str, str]) -> int | None:
        """Return the status; ``None`` for a session that was killed because it does not end."""
        if self._process is None:
            # Of the variables that Python itself reads only these count, also for the sessions that follow.
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=env,
                text=True,
                bufsize=1,
                start_new_session=True,
            )
        asked, told = self._process.stdin, self._process.stdout
        assert asked
        assert told
        asked.write(line + "\n")
        if not select.select([told], [], [], HANGS)[0]:
            os.killpg(self._process.pid, signal.SIGKILL)
            self.end()
            return None
        return int(told.readline())

    def end(self) -> None:
        """Let the process end, if there is one."""
        if self._process is not None:
            self._process.communicate(timeout=60)
            self._process = None


def serve() -> None:
    """Fork for each line of stdin, until it ends."""
    import_own_plugins()
    gc.freeze()  # as Python's documentation advises before a fork: pages that nobody writes to are not copied
    for line in sys.stdin:
        child = os.fork()
        if not child:
            become(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - the answer


def import_own_plugins() -> None:
    from _pytest.config import default_plugins

    for name in default_plugins:
        import_module(f"_pytest.{name}")


def become(session: dict[str, Any]) -> None:
    """Be the session from here on; it ends with ``SystemExit``."""
    for number, name in enumerate([os.devnull, "out", "err"]):
        path = os.path.join(session["folder"], name)  # noqa: PTH118 - a rooted name stays as it is
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(session["env"])
    os.chdir(session["cwd"])
    sys.path[0] = session["cwd"]
    sys.argv[1:] = session["args"]
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve()
