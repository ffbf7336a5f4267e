"""The session as the fixture ``latency_budget`` and pytest-benchmark meet it: what is timed on purpose."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import pytest

from pytest_backend_gates.budgets import Budget, BudgetError, fewest_rounds, read_budget, row_text
from pytest_backend_gates.latency_budget import Rounds
from pytest_backend_gates.model import Outcome
from pytest_backend_gates.probes.benchmarks import BenchmarksProbe
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.traffic import LATENCY, TrafficProbe

#: Under what the rounds of a budget are timed, for its row.
_CONDITIONS: Final = "coverage paused"


class Timing:
    """Runs rounds undisturbed, judges their budgets, and hands their times to the report."""

    def __init__(
        self, benchmarks: BenchmarksProbe, coverage: CoverageProbe, traffic: TrafficProbe, *, strict: bool
    ) -> None:
        self.benchmarks = benchmarks
        self.coverage = coverage
        self.traffic = traffic
        self.strict = strict
        #: What this test has asked for.
        self._begun: list[Rounds] = []
        #: The rows of this test that prove nothing, told when all else of it has passed.
        self._unproven: list[str] = []

    def begin(self, rounds: Rounds, asked: int | None) -> int:
        """Read the budgets of *rounds*, and fail the test that gives one with a mistake in it."""
        __tracebackhide__ = True
        try:
            fewest = fewest_rounds(rounds.name, self._budgets(rounds), asked)
        except BudgetError as error:
            pytest.fail(str(error))
        self._begun.append(rounds)
        return fewest

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Pause coverage, and count no requests as those of tests."""
        with self.traffic.aside(), self.coverage.paused():
            yield

    def judge(self, rounds: Rounds, times: Sequence[int]) -> None:
        """Report the *times*, and fail the test when they refute a budget."""
        __tracebackhide__ = True
        budgets = self._budgets(rounds)
        judged = frozenset(one.threshold.aggregate or "" for one in budgets)
        self.benchmarks.record(rounds.name, times, budgets=judged)
        verdicts = [one.judge(times, _CONDITIONS, strict=self.strict) for one in budgets]
        told = "\n".join(row_text(one, rounds.name) for one in verdicts if one.outcome is not Outcome.PASSED)
        if any(one.red for one in verdicts):
            raise AssertionError(told)
        if told:
            self._unproven.append(told)

    @staticmethod
    def _budgets(rounds: Rounds) -> list[Budget]:
        return [read_budget(rounds.name, text, LATENCY) for text in rounds.budgets]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._begun.clear()
        self._unproven.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        result = yield
        left = [rounds.name for rounds in self._begun if not (rounds.finished or rounds.raised)]
        if left:
            pytest.fail(
                f"latency_budget({left[0]!r}): its rounds were not run to the end, so nothing was judged:"
                " call it with what is to be timed, or loop over it without break",
                pytrace=False,
            )
        if self._unproven:
            pytest.skip("\n".join(self._unproven))
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.benchmarks.expect(
            sum("benchmark" in getattr(item, "fixturenames", ()) for item in session.items)
        )
