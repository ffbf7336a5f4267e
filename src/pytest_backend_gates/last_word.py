"""Green means measured: a session that was told to judge ends with status 0 only after a green verdict.

Hooks, conftest files and tests can all end a session, with a status of their own. Whoever ends it with 0
before there is a verdict, or takes a red one back, is overruled here.
"""

import os
import sys
from typing import Final, Never, Protocol

import pytest

from pytest_backend_gates.narrowing import why_not_run


class Verdict(Protocol):
    """What is known at any moment of how the session will be judged."""

    #: Why status 0 would be wrong now; ``None`` after a green verdict.
    @property
    def objection(self) -> str | None: ...


class LastWord:
    """Keeps the exit status of *config*'s session from being 0 for as long as there is an objection."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._verdict: Verdict | None = None
        self._process = os.getpid()
        self._leave = os._exit
        config.add_cleanup(self._at_the_end)

    def watch(self, verdict: Verdict) -> None:
        """Ask *verdict* from now on, also when ``os._exit`` is called: that skips everything else."""
        self._verdict = verdict
        self._leave, os._exit = os._exit, self._exit

    @property
    def objection(self) -> str | None:
        """Why this session may not end with status 0 now."""
        if hasattr(self._config, "workerinput") or why_not_run(self._config.option):
            return None
        return self._verdict.objection if self._verdict else "no verdict: the session ended before it began"

    def insist(self, session: pytest.Session, status: int = pytest.ExitCode.TESTS_FAILED) -> None:
        """Make it *status* if *session* is about to end with 0 in spite of an objection, and say so."""
        if session.exitstatus == 0 and self.objection:
            session.exitstatus = status or pytest.ExitCode.TESTS_FAILED
            self._tell(int(session.exitstatus))

    def _at_the_end(self) -> None:
        if os._exit == self._exit:
            os._exit = self._leave
        left = sys.exc_info()[1]
        session = self._config.pluginmanager.get_plugin("session")
        if isinstance(left, SystemExit):  # a conftest file called sys.exit, at once or in a last hook
            if not left.code and self.objection:
                raise SystemExit(self._told(1))
        elif isinstance(session, pytest.Session):
            self.insist(session)

    def _exit(self, status: int) -> Never:
        if status == 0 and os.getpid() == self._process and self.objection:
            status = 1
            capture = self._config.pluginmanager.get_plugin("capturemanager")
            if capture is not None:
                capture.suspend_global_capture()
            self._tell(status)
        self._leave(status)

    def _told(self, status: int) -> str:
        return f"\nbackend gates: {self.objection}; the exit status is {status}, not 0"

    def _tell(self, status: int) -> None:
        sys.stderr.write(f"{self._told(status)}\n")
        sys.stderr.flush()


LAST_WORD: Final = pytest.StashKey[LastWord]()
