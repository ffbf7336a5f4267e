"""The side that judges: the single process, or the xdist controller."""

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

import pytest

from pytest_backend_gates import provenance
from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.collecting import Collecting, worker_payload
from pytest_backend_gates.evaluation import Payload, evaluate
from pytest_backend_gates.garbage import left_alone
from pytest_backend_gates.gate_tests import GateTests
from pytest_backend_gates.judge import Judge
from pytest_backend_gates.last_word import LAST_WORD
from pytest_backend_gates.measurements import Conditions
from pytest_backend_gates.narrowing import why_not_run
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.probes.benchmarks import BenchmarksProbe, traced
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.progress import waiting
from pytest_backend_gates.reports import terminal
from pytest_backend_gates.reports.foreign import RenderError
from pytest_backend_gates.reports.writer import Target, write_report
from pytest_backend_gates.settings import Settings

#: What ends a test loop early: Ctrl-C, ``pytest.exit``, ``-x``, errors while collecting.
CUT_SHORT = (KeyboardInterrupt, pytest.exit.Exception, pytest.Session.Failed, pytest.Session.Interrupted)


class Judging:
    """Gathers the payloads of every process and judges them when the last test is over."""

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        narrowed: str | None,
        collecting: Collecting,
        probes: Sequence[Probe],
    ) -> None:
        self.config = config
        self.settings = settings
        self.narrowed = narrowed
        self.collecting = collecting
        #: All that were wanted, also those that only measure in workers.
        self.probes = probes
        self.tests = GateTests(config)
        self.payloads: list[Payload] = []
        # Conftest files may import for seconds before this: only what we spent then is ours to count.
        self.start = Clock.monotonic() - sum(collecting.running.seconds.values())
        self.report = provenance.beginning(
            config.rootpath, config.invocation_params.args, with_commit=bool(settings.reports)
        )
        self.last_word = config.stash[LAST_WORD]
        self.failed_write: str | None = None
        self.collection_errors = 0
        self.idle = why_not_run(config.option)
        # An editor that collects tests must not replace what the last run reported.
        self.targets = [one for one in settings.reports if one.is_asked_for or not self.idle]
        self.no_verdict = (
            f"{self.idle} runs no test" if self.idle else "the session ended before its tests did"
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        self.last_word.watch(self)
        failures = self._write(self.targets, [])
        if failures:
            raise pytest.UsageError(f"--backend-gates-report: cannot write {failures}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object, error: object | None) -> None:
        self.payloads.append(worker_payload(node, error))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.collection_errors += report.failed

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        try:
            result = yield
            if self.collection_errors and not self.config.getoption("continue_on_collection_errors"):
                # xdist runs what the other files hold; pytest by itself would have stopped.
                errors = "1 error" if self.collection_errors == 1 else f"{self.collection_errors} errors"
                self.no_verdict = f"the session was cut short: {errors} during collection"
            elif session.testscollected == 0:
                self.no_verdict = "no tests were collected"
            elif self.idle is None:
                self._judge(session)
        except CUT_SHORT as error:
            self.no_verdict = f"the session was cut short: {str(error) or type(error).__name__}"
            if isinstance(error, KeyboardInterrupt):
                left_alone()
            raise
        return result

    def _judge(self, session: pytest.Session) -> None:
        os.chdir(session.startpath)  # as pytest does soon after: a test may have left a folder that is gone
        with waiting(self.tests) as wait:
            payloads = [*self.payloads, self._own_payload(wait.begin)]
            thinned = any(payload.thinned for payload in payloads)
            narrowed = self.narrowed or ("a plugin deselected tests" if thinned else None)
            judge = Judge(self.settings.thresholds, self.settings.catalogue, narrowed, self.settings.strict)
            judged = evaluate(self.probes, payloads, judge, self._conditions(payloads), wait.begin)
        red = self.tests.report(session, judged, self.probes)
        self.report = replace(
            self.report,
            outcome="failed" if red else "passed",
            narrowed=narrowed,
            workers=len(self.payloads),
            gates=judged.gates,
            notes=(*judged.notes, *self.settings.source.notes),
            metrics=self.settings.catalogue.metrics,
            measurements=judged.measurements,
            gates_seconds=sum(gate.seconds for gate in judged.gates),
        )

    def _conditions(self, payloads: Sequence[Payload]) -> Conditions:
        """Say under what this session measured times."""
        name = BenchmarksProbe.name
        collected = [payload.collected[name] for payload in payloads if name in payload.collected]
        judged = any(isinstance(probe, CoverageProbe) for probe in self.probes)
        conditions = traced(collected, untraced="coverage not traced" if judged else "")
        return replace(conditions, workers=f"{len(self.payloads)} workers" if self.payloads else "")

    def _own_payload(self, tell: Callable[[str], None]) -> Payload:
        process = "the controller" if self.payloads else "this process"
        running = self.collecting.running
        return running.payload(process, self.narrowed, tell, thinned=self.collecting.thinned)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        return self.tests.status(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        if session.exitstatus == 0 and self.last_word.objection:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self.report.outcome == "incomplete":
            self.report = replace(self.report, notes=(self.no_verdict,))
        self.report = replace(self.report, seconds=Clock.monotonic() - self.start)
        self._write_last(session)
        status = int(session.exitstatus)
        result = yield
        self.last_word.insist(session, status)
        if session.exitstatus != status:  # --max-warnings, or another plugin
            self._write_last(session)
        return result

    @property
    def objection(self) -> str | None:
        """Why status 0 would be wrong now."""
        told = {"passed": None, "failed": "a gate failed"}
        return told.get(self.report.outcome, f"no verdict: {self.no_verdict}")

    def _write_last(self, session: pytest.Session) -> None:
        self.report = replace(self.report, exit_status=int(session.exitstatus))
        written: list[Target] = []
        try:
            with waiting(self.tests) as wait:
                failures = self._write(self.targets, written, wait.begin)
        except KeyboardInterrupt:  # nobody catches it after the tests: it would end in a traceback of ours
            left_alone()
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            self.report = replace(self.report, exit_status=int(session.exitstatus))
            failures = self._write(written, [])  # they tell of another end
            left = ", ".join(one.path.name for one in self.targets if one not in written)
            failures = "; ".join(filter(None, (failures, left and f"{left}: KeyboardInterrupt")))
        if failures:
            self.failed_write = f"the report was not written: {failures}"
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def _write(
        self,
        targets: Sequence[Target],
        written: list[Target],
        begin: Callable[[str], None] = lambda _: None,
    ) -> str:
        """Write the report to each target, then one of those *written*; return why it was not to some of them."""
        failures = []
        for number, target in enumerate(targets, 1):
            begin(f"the report {target.path.name}, {number} of {len(targets)}")
            try:
                write_report(target.path, self.settings.renderers[target.format](self.report))
                written.append(target)
            except OSError as error:
                failures.append(f"{error.filename}: {error.strerror}")
            except RenderError as error:
                failures.append(str(error))
        return "; ".join(failures)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        verbosity = self.config.get_verbosity()
        terminalreporter.ensure_newline()
        if verbosity >= 0:
            terminalreporter.section(terminal.TITLE)
        for line in terminal.lines(self.report, self.config.get_terminal_writer().fullwidth, verbosity):
            terminalreporter.write_line(line.text, **line.markup)
        if self.failed_write is not None:
            terminalreporter.write_line(self.failed_write, red=True)
