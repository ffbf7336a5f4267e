"""Green means measured: a session that was told to judge ends with status 0 only after a green verdict.

Hooks, conftest files and tests can all end a session, with a status of their own. Whoever ends it with 0
before there is a verdict, or takes a red one back, is overruled here.

    over_status     what pytest returns in the end, whatever hook decided it
    over_exit       ``sys.exit`` in a conftest file or in a hook
    watch           ``os._exit`` in a test, which skips everything else

Out of reach is who replaces or ends the process behind Python's back: ``os.execv``, a signal, an ``atexit``
function that leaves. The report on disk then still says ``incomplete``.
"""

import contextlib
import os
import sys
from collections.abc import Generator, Iterator
from typing import Final, Never, Protocol

import pytest

from pytest_backend_gates.narrowing import why_not_run


class Judging(Protocol):
    """What is known at any moment of how the session will be judged."""

    #: Why status 0 would be wrong now; ``None`` after a green verdict.
    @property
    def objection(self) -> str | None: ...


class LastWord:
    """Keeps the exit status of *config*'s session from being 0 for as long as there is an objection."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._judging: Judging | None = None
        self._process = os.getpid()
        self._leave = os._exit
        config.add_cleanup(self._give_back)

    def watch(self, judging: Judging) -> None:
        """Ask *judging* from now on, also when ``os._exit`` is called."""
        self._judging = judging
        self._leave, os._exit = os._exit, self._exit

    @property
    def objection(self) -> str | None:
        """Why this session may not end with status 0 now."""
        if hasattr(self._config, "workerinput") or why_not_run(self._config.option):
            return None
        return self._judging.objection if self._judging else "no verdict: the session ended before it began"

    def insist(self, session: pytest.Session, status: int) -> None:
        """Keep *status* where a hook has made 0 of it in spite of an objection, and say so."""
        if session.exitstatus == 0 and self.objection:
            session.exitstatus = status or pytest.ExitCode.TESTS_FAILED
            self._tell(int(session.exitstatus))

    def over_status(self, status: object) -> object:
        """Return the *status* that pytest is about to end with, or 1 in place of a 0."""
        if status == 0 and self.objection:
            self._tell(1)
            return pytest.ExitCode.TESTS_FAILED
        return status

    @contextlib.contextmanager
    def over_exit(self) -> Iterator[None]:
        """Let a ``sys.exit(0)`` through only where nothing objects."""
        try:
            yield
        except SystemExit as left:
            if not left.code and self.objection:
                raise SystemExit(self._text(1)) from None
            raise

    def _exit(self, status: int) -> Never:
        if status == 0 and os.getpid() == self._process and self.objection:
            status = 1
            capture = self._config.pluginmanager.get_plugin("capturemanager")
            if capture is not None:
                capture.suspend_global_capture()
            self._tell(status)
        self._leave(status)

    def _give_back(self) -> None:
        if os._exit == self._exit:
            os._exit = self._leave

    def _text(self, status: int) -> str:
        return f"\nbackend gates: {self.objection}; the exit status is {status}, not 0"

    def _tell(self, status: int) -> None:
        sys.stderr.write(f"{self._text(status)}\n")
        sys.stderr.flush()


LAST_WORD: Final = pytest.StashKey[LastWord]()


def over(config: pytest.Config) -> Generator[None, object, object]:
    """Have the last word in a hook that runs all of *config*'s session."""
    word = config.stash.get(LAST_WORD, None)
    if word is None:  # loaded too late, which `session.configure` refuses
        return (yield)
    with word.over_exit():
        return word.over_status((yield))
