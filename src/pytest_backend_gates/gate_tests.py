"""Gates as test reports: ``backend-gates::coverage`` in ``-v``, the summary, JUnit and every tool that reads reports."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, Self

import pytest

from pytest_backend_gates.evaluation import Judged
from pytest_backend_gates.model import GateReport, Outcome
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.reports.layout import printable
from pytest_backend_gates.reports.terminal import gate_text


class Writer(Protocol):
    """What is needed of pytest's terminal writer."""

    def line(self, text: str) -> None:
        """Write one line."""


class Crash(NamedTuple):
    """Where a red gate's first finding is, and its first line, under the names that pytest has for them."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        """Return the line that ``--tb=line`` shows."""
        return f"{self.path}:{self.lineno}: {self.message}"


#: The file part of a gate's node id.
PREFIX: Final = "backend-gates"
#: Plugins that would take a gate for a test to run again, or end the session for it.
_NOT_FOR: Final = ("session", "lfplugin", "stepwiseplugin")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a gate is red, with the parts of pytest's own explanations that it and other plugins look at.

    Of a plain text pytest would put all lines into the short summary of a CI job.
    """

    text: str
    reprcrash: Crash

    @classmethod
    def of(cls, gate: GateReport) -> Self:
        """Explain *gate*, as wide as most places show it."""
        text = gate_text(gate, width=100)
        finding = next((finding for row in gate.rows if row.red for finding in row.findings), None)
        path, line = (finding.path or PREFIX, finding.line or 0) if finding else (PREFIX, 0)
        return cls(text, Crash(printable(path), line, text.partition("\n")[0]))

    def __str__(self) -> str:
        return self.text

    def toterminal(self, writer: Writer) -> None:
        """Write it where pytest writes tracebacks."""
        writer.line(self.text)


class GateTests:
    """Sends one test report a gate, and writes single lines, through pytest's own hooks."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.sending = False

    def report(self, session: pytest.Session, judged: Judged, probes: Sequence[Probe]) -> bool:
        """Report every gate that is not off; returns whether one is red, which fails *session*.

        A red gate has the traceback of each of its *probes* that raised.
        """
        manager = self.config.pluginmanager
        others = [plugin for name in _NOT_FOR if (plugin := manager.get_plugin(name)) is not None]
        send = manager.subset_hook_caller("pytest_runtest_logreport", remove_plugins=others)
        self.sending = True
        for gate in judged.gates:
            if gate.outcome is not Outcome.OFF:
                send(report=_test_report(gate, _failures_of(gate, judged, probes)))
                self._verbose_line(gate)
            session.testsfailed += gate.red
        self.sending = False
        return any(gate.red for gate in judged.gates)

    def status(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Count a gate like a test, but print nothing among the tests' progress: they are all at 100 %."""
        ours = self.sending and report.nodeid.startswith(f"{PREFIX}::")
        return (report.outcome, "", "") if ours else None

    def tell(self, text: str) -> None:
        """Write one line to the terminal, if there is one and it is not ``-q``."""
        with self.terminal() as reporter:
            if reporter is not None:
                reporter.write_line(text)

    @contextmanager
    def terminal(self) -> Iterator[pytest.TerminalReporter | None]:
        """Lend the terminal, at the beginning of a line, if there is one and it is not ``-q``."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or self.config.get_verbosity() < 0:
            yield None
            return
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            reporter.ensure_newline()
            if self.config.get_terminal_writer().width_of_current_line:
                reporter.write_line("")  # xdist's progress leaves its line open
            yield reporter
            reporter.flush()  # somebody waits, perhaps before the log of a CI job

    def _verbose_line(self, gate: GateReport) -> None:
        if self.config.get_verbosity() > 0:
            self.tell(f"{PREFIX}::{gate.gate} {gate.outcome}")


def _failures_of(gate: GateReport, judged: Judged, probes: Sequence[Probe]) -> dict[str, str]:
    """Return the tracebacks of the probes of *gate* that raised, by the probe's name."""
    owners = [probe.name for probe in probes if any(metric.gate == gate.gate for metric in probe.metrics)]
    return {name: judged.failures[name] for name in owners if name in judged.failures}


def _test_report(gate: GateReport, failures: Mapping[str, str]) -> pytest.TestReport:
    outcome, longrepr = _outcome(gate)
    skipped = outcome == "skipped"
    sections = [(f"traceback of the {name} probe", trace) for name, trace in failures.items()]
    return pytest.TestReport(
        nodeid=f"{PREFIX}::{gate.gate}",
        location=(PREFIX, None, f"{PREFIX}::{gate.gate}"),
        # As by a marker: pytest then prints no line number beside the reason.
        keywords={"skip": 1} if skipped else {},
        outcome=outcome,
        longrepr=longrepr,  # type: ignore[arg-type] # what is used of pytest's own class, which is private
        when="setup" if skipped else "call",
        duration=gate.seconds,
        sections=sections if gate.red else (),
    )


def _outcome(
    gate: GateReport,
) -> tuple[Literal["failed", "skipped", "passed"], Failure | tuple[str, int, str] | None]:
    if gate.red:
        return "failed", Failure.of(gate)
    if gate.outcome is Outcome.SKIPPED:
        return "skipped", (PREFIX, 0, f"Skipped: {gate.gate}: {gate.reason}")
    return "passed", None
