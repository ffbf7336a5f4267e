"""What pytest itself prints about contract items, without what is confidential.

The application that they ask prints, logs, warns and raises, in its threads too, and pytest shows all of that
beside the items and writes it to files.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING
from warnings import WarningMessage

import pytest

from pytest_backend_gates.masking import masked

if TYPE_CHECKING:
    from pytest_backend_gates.probes.contract.engine import Api


class Printed:
    """Masks reports and warnings before anybody else hears of them."""

    def __init__(self, is_ours: Callable[[pytest.Item], bool], loaded: Callable[[], "Api | None"]) -> None:
        """Look after the items that *is_ours* knows; *loaded* gives what knows the credentials, once it is read."""
        self._is_ours = is_ours
        self._loaded = loaded
        #: The items' ids; of what is warned of before the first test and after the last one it is "".
        self._ids = {""}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._ids |= {item.nodeid for item in session.items if self._is_ours(item)}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._mask(report)
        return report

    # Schemathesis writes the reports of groups of exceptions anew.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_exception_interact(
        self, report: pytest.TestReport | pytest.CollectReport
    ) -> Generator[None, object, object]:
        result = yield
        self._mask(report)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: WarningMessage, nodeid: str) -> None:
        if nodeid in self._ids:
            shown = self._masked(str(warning_message.message))
            if shown != str(warning_message.message):
                warning_message.message = Warning(shown)  # its category stays beside it

    def _mask(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Mask what was printed and logged, and the traceback of what failed beside the exercise: a fixture, a thread."""
        if report.nodeid not in self._ids:
            return
        report.sections = [(name, self._masked(text)) for name, text in report.sections]
        told = report.longrepr
        if told is not None and not isinstance(told, tuple):  # why something was skipped is ours
            shown = self._masked(str(told))
            if shown != str(told):
                report.longrepr = shown

    def _masked(self, text: str) -> str:
        api = self._loaded()
        return masked(text) if api is None else api.masked(text)
