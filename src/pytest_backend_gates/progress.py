"""The line in pytest's terminal that says what is being waited for: nothing under ``-q``."""

import os
from typing import Final

from pytest_backend_gates.gate_tests import GateTests
from pytest_backend_gates.waiting import Waiting

_REWRITTEN_EVERY: Final = 1.0  # seconds
_WRITTEN_EVERY: Final = 10.0  # seconds: in the log of a CI job each is another line


class ProgressLine:
    """One line that is rewritten in its place; line after line where the terminal cannot do that."""

    def __init__(self, tests: GateTests) -> None:
        self._tests = tests
        reporter = tests.config.pluginmanager.get_plugin("terminalreporter")
        is_terminal = reporter is not None and bool(reporter.isatty)
        can_rewrite = hasattr(reporter, "write_raw")  # from pytest 9 on
        self._rewrites = is_terminal and can_rewrite and os.environ.get("TERM", "dumb") != "dumb"
        self.every = _REWRITTEN_EVERY if self._rewrites else _WRITTEN_EVERY

    def show(self, text: str) -> None:
        """Show *text* in the place of what is shown."""
        if self._rewrites:
            self._rewrite(text)
        else:
            self._tests.tell(text)

    def clear(self) -> None:
        """Leave an empty line to what comes next."""
        if self._rewrites:
            self._rewrite("")

    def _rewrite(self, text: str) -> None:
        width = self._tests.config.get_terminal_writer().fullwidth - 1
        with self._tests.terminal() as reporter:
            if reporter is not None:
                reporter.write_raw(f"\r{text[:width]:{width}}\r")  # raw: to pytest the line stays empty


def waiting(tests: GateTests) -> Waiting:
    """Return what shows a progress line in the terminal of *tests*."""
    return Waiting(ProgressLine(tests))
