"""The session as the contract's tests meet it: generated requests are measured apart from coverage and latency."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from pytest_backend_gates.evaluation import Probes
from pytest_backend_gates.fixtures import application
from pytest_backend_gates.invocation import rerun_command
from pytest_backend_gates.probes.contract.findings import Exercise
from pytest_backend_gates.probes.contract.probe import FAILURES, ContractProbe
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.reports.layout import legible
from pytest_backend_gates.settings import Settings
from pytest_backend_gates.tolerance import why_tolerated


class Apart:
    """What the contract items need of the session."""

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        running: Probes,
        contract: ContractProbe,
        others: tuple[CoverageProbe, TrafficProbe],
    ) -> None:
        self.config = config
        self.settings = settings
        self.running = running
        self.contract = contract
        self.coverage, self.traffic = others

    @property
    def dealt_out(self) -> bool:
        """Whether this process is one of several that the items are dealt out to, and no order is kept."""
        return hasattr(self.config, "workerinput")

    def application(self) -> object:
        """Return what ``backend_gates_app`` names."""
        return application(self.config)

    def measured(self, exercise: Callable[[], Exercise]) -> Exercise | None:
        """Run *exercise*, timed, apart from coverage and latency; ``None`` when it raised."""
        with ExitStack() as apart:
            apart.enter_context(self.coverage.paused(long=True))
            apart.enter_context(self.traffic.generated())
            return self.running.guarded(self.contract, exercise)

    def tolerated(self, operation: str) -> str | None:
        """Say why the judge tolerates findings of *operation*; ``None`` when each is one too many."""
        return why_tolerated(FAILURES.name, operation, self.settings.thresholds)

    def command(self, selection: str) -> str:
        """Return the command that runs what *selection* selects, of this project and from this folder."""
        return rerun_command(self.config, selection)

    def legible(self, text: str) -> str:
        """Return *text* with what a terminal would act on as escapes; its lines stay lines."""
        return legible(text)
