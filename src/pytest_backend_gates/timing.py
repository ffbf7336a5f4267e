"""The session as the fixture ``latency_budget`` and pytest-benchmark meet it: what is timed on purpose."""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

import pytest

from pytest_backend_gates.budgets import (
    Budget,
    BudgetError,
    fewest_rounds,
    kept_within,
    read_budget,
)
from pytest_backend_gates.latency_budget import Rounds
from pytest_backend_gates.model import Outcome
from pytest_backend_gates.probes.benchmark_rounds import is_benchmark
from pytest_backend_gates.probes.benchmarks import BenchmarksProbe
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.coverage_at_work import core_at_work
from pytest_backend_gates.probes.traffic import LATENCY, TrafficProbe
from pytest_backend_gates.reports.rows import row_text

#: Rounds that take longer than so many seconds are announced.
LONG: Final = 5.0
#: What to do about rounds that were not run to the end.
_AWAIT: Final = "what it was called with is asynchronous: await latency_budget(...)(...)"
_TO_THE_END: Final = (
    "call it with what is to be timed, or loop over it without break, and let no round but the first raise"
)


class Timing:
    """Runs rounds undisturbed, judges their budgets, and hands their times to the report."""

    def __init__(
        self,
        benchmarks: BenchmarksProbe,
        coverage: CoverageProbe,
        traffic: TrafficProbe,
        tell: Callable[[str], None],
        *,
        strict: bool,
    ) -> None:
        self.benchmarks = benchmarks
        self.coverage = coverage
        self.traffic = traffic
        self.tell = tell
        self.strict = strict
        #: What this test has asked for, and the budgets that it gave.
        self._begun: dict[Rounds, list[Budget]] = {}
        #: What is being timed.
        self._timed: Rounds | None = None
        #: Under what it is, for its row.
        self._conditions = ""
        #: The rows of this test that prove nothing, told when all else of it has passed.
        self._unproven: list[str] = []

    def begin(self, rounds: Rounds, asked: int | None) -> int:
        """Read the budgets of *rounds*, and fail the test that gives one with a mistake in it."""
        __tracebackhide__ = True
        mistake = ""
        try:
            budgets = [read_budget(rounds.name, text, LATENCY) for text in rounds.budgets]
            fewest = fewest_rounds(rounds.name, budgets, asked)
        except BudgetError as error:
            mistake = str(error)
        if mistake:  # told outside, or its own traceback would be told first
            pytest.fail(mistake)
        self._begun[rounds] = budgets
        return fewest

    def exclusively(self, rounds: Rounds) -> AbstractContextManager[None]:
        """Time *rounds* and nothing else inside. Fails the test that times other rounds now."""
        __tracebackhide__ = True
        if self._timed is not None:
            pytest.fail(
                f"latency_budget({rounds.name!r}): {self._timed.name!r} is being timed, and its times would hold"
                " both: time one after the other, or both as one call"
            )
        return self._timed_now(rounds)

    @contextmanager
    def _timed_now(self, rounds: Rounds) -> Iterator[None]:
        self._timed, self._conditions = rounds, "coverage paused" if core_at_work() else ""
        try:
            with self._unmeasured():
                yield
        finally:
            self._timed = None

    @contextmanager
    def _unmeasured(self) -> Iterator[None]:
        """Let what runs inside count neither for coverage nor as requests of the tests."""
        with self.traffic.uncounted(), self.coverage.paused():
            yield

    def foretell(self, rounds: Rounds, count: int, seconds: float) -> None:
        """Announce *rounds* that take long: a percentile far out needs very many of them."""
        if seconds > LONG:
            asked = f" for {', '.join(rounds.budgets)}" if rounds.budgets else ""
            self.tell(f"latency_budget({rounds.name!r}): {count:,} rounds{asked} take about {seconds:,.0f} s")

    def judge(self, rounds: Rounds, times: Sequence[int]) -> None:
        """Report the *times*, and fail the test when they refute a budget."""
        __tracebackhide__ = True
        verdicts = [one.judge(times, self._conditions, strict=self.strict) for one in self._begun[rounds]]
        self.benchmarks.record(rounds.name, times, budgets=kept_within(verdicts))
        told = "\n".join(row_text(one, rounds.name) for one in verdicts if one.outcome is not Outcome.PASSED)
        if any(one.red for one in verdicts):
            raise AssertionError(told)
        if told:
            self._unproven.append(told)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._begun.clear()
        self._unproven.clear()
        named = "benchmark" in getattr(item, "fixturenames", ())
        self.benchmarks.begin(item.nodeid, core_at_work(), named=named)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, request: pytest.FixtureRequest) -> Generator[None, object, object]:
        value = yield
        if is_benchmark(value):
            self.benchmarks.meet(request.node.nodeid, self._unmeasured)
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        result = yield
        left = [rounds for rounds in self._begun if not (rounds.finished or rounds.raised)]
        if left:
            pytest.fail(
                f"latency_budget({left[0].name!r}): its rounds were not run to the end, so nothing was judged:"
                f" {_AWAIT if left[0].unawaited else _TO_THE_END}",
                pytrace=False,
            )
        if self._unproven:
            pytest.skip("\n".join(self._unproven))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.skipped and report.when == "call" and self._unproven and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()  # the test, and not the line above that skips it
            report.longrepr = (os.fspath(path), (line or 0) + 1, report.longrepr[2])
        return report
