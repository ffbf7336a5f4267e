"""The side that collects: present wherever tests run."""

import inspect
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest

from pytest_backend_gates.evaluation import Payload, Probes
from pytest_backend_gates.garbage import left_alone
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.probes.contract.probe import ContractProbe
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.pyramid import PyramidProbe
from pytest_backend_gates.probes.queries import QueriesProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.suite import Suite
from pytest_backend_gates.unittest_methods import around_its_method, has_fixtures_in_its_call

if TYPE_CHECKING:
    from types import FrameType

    from pytest_backend_gates.probes.contract.observed import ObservedContract

#: The key of our payload in xdist's ``workeroutput``.
WORKER_KEY: Final = "backend_gates"


class Collecting:
    """Measures in a process where tests run. ``probes`` are started with the session."""

    def __init__(self, running: Probes, probes: Sequence[Probe]) -> None:
        self.running = running
        self.probes = probes
        #: Whether a plugin deselected items, as far as can be known.
        self.thinned = False
        #: How many items pytest's own options have deselected, which the project's ``addopts`` may name.
        self._deselected = 0
        self._found = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        for probe in self.probes:
            self.running.start(probe)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        if _asks_for_itself():
            self._deselected += len(items)
        else:
            self.thinned = True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        self._found = len(items)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> Generator[None, object, object]:
        result = yield
        # Some plugins tell nobody what they take out.
        self.thinned |= len(session.items) < self._found - self._deselected
        return result


def _asks_for_itself() -> bool:
    """Whether the hook that is running was called by pytest's own ``-k``, ``-m`` or ``--deselect``."""
    frame: FrameType | None = inspect.currentframe()
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module in ("_pytest.mark", "_pytest.main"):
            return True
        frame = frame.f_back if module.startswith("pluggy") or module == __name__ else None
    return False


class Observing:
    """Says when a test's own requests count: in its call phase, not while fixtures are set up or torn down."""

    def __init__(self, running: Probes, traffic: TrafficProbe, queries: QueriesProbe | None = None) -> None:
        self.running = running
        self.traffic = traffic
        self.queries = queries

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        test = getattr(item, "instance", None)
        method_only = has_fixtures_in_its_call(test)
        with around_its_method(test, self._window) if method_only else self._window():
            return (yield)

    @contextmanager
    def _window(self) -> Iterator[None]:
        self.running.guarded(self.traffic, self.traffic.open_window)
        if self.queries is not None:
            self.running.guarded(self.queries, self.queries.look_again)
        try:
            yield
        finally:
            self.running.guarded(self.traffic, self.traffic.close_window)
            if self.queries is not None:
                self.running.guarded(self.queries, self.queries.look_back)


class Interrupted:
    """Does not trace what pytest does after Ctrl-C: it reads the source of every frame, and somebody waits."""

    def __init__(self, coverage: CoverageProbe) -> None:
        self.coverage = coverage

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_keyboard_interrupt(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> Generator[None, object, object]:
        if excinfo.errisinstance(KeyboardInterrupt):
            left_alone()
        with self.coverage.paused():
            return (yield)


class Holding:
    """Holds what a test was answered against the contract when the test is over: its own time is not ours to take."""

    def __init__(
        self, running: Probes, contract: ContractProbe, observed: "ObservedContract", coverage: CoverageProbe
    ) -> None:
        self.running = running
        self.contract = contract
        self.observed = observed
        self.coverage = coverage

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.observed.test = item.nodeid
        try:
            return (yield)
        finally:
            if self.observed.pending:
                with self.coverage.paused():
                    self.running.guarded(self.contract, self.observed.settle)


class Counting:
    """Tells the probe of the test pyramid which tests ran: those whose own code did, without a skip."""

    def __init__(self, running: Probes, pyramid: PyramidProbe, suite: Suite) -> None:
        self.running = running
        self.pyramid = pyramid
        self.suite = suite

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, object]:
        report = yield
        if report.when == "call" and _is_the_projects(item) and _has_run(report):
            self.running.guarded(self.pyramid, partial(self._ran, item))
        return report

    def _ran(self, item: pytest.Item) -> None:
        markers = (mark.name for mark in item.iter_markers())
        self.pyramid.ran(item.nodeid, self.suite.kind_of(item.nodeid, markers))


def _is_the_projects(item: pytest.Item) -> bool:
    """Whether somebody has written this test: those of the contract are made."""
    return "backend_gates_operation" not in getattr(item, "fixturenames", ())


def _has_run(report: pytest.TestReport) -> bool:
    return report.outcome != "skipped" or hasattr(report, "wasxfail")


class WorkerCollecting(Collecting):
    """Collects in an xdist worker and sends the payload to the controller."""

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            return  # there will be no verdict, and somebody waits for the prompt
        worker = session.config.workerinput["workerid"]  # type: ignore[attr-defined] # xdist puts it there
        payload = self.running.payload(worker, None, lambda _: None, thinned=self.thinned)
        session.config.workeroutput[WORKER_KEY] = payload.to_text()  # type: ignore[attr-defined]


def worker_payload(node: object, error: object | None) -> Payload:
    """Return what is known of the xdist worker *node*: its payload, or that it died."""
    name = str(getattr(getattr(node, "gateway", None), "id", "a worker"))
    text = getattr(node, "workeroutput", {}).get(WORKER_KEY)
    if text is not None:
        return Payload.from_text(text)
    return Payload(name, died=f"died without its measurements ({error or 'no reason given'})")
