"""One contract item: the exercise of its operation, how the test ends, and what the probe hears of it."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from pytest_backend_gates.masking import masked
from pytest_backend_gates.probes.contract.app import described, interface
from pytest_backend_gates.probes.contract.findings import Exercise, Operation
from pytest_backend_gates.probes.contract.keywords import expression
from pytest_backend_gates.probes.contract.overridden import APP, asynchronous, is_overridden
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.contract.probe import NOT_CONSENTED, ContractProbe
from pytest_backend_gates.probes.contract.server import Server
from pytest_backend_gates.probes.contract.tracebacks import raised_at

if TYPE_CHECKING:
    from pytest_backend_gates.probes.contract.engine import Api

#: The items' parameter: longer than a name that a project would give to something of its own.
OPERATION: Final = "backend_gates_operation"


class Surroundings(Protocol):
    """What the items need of the session."""

    @property
    def dealt_out(self) -> bool:
        """Whether this process is one of several that the items are dealt out to, and no order is kept."""

    def application(self) -> object:
        """Return what ``backend_gates_app`` names. Raises what importing or calling it raises."""

    def measured(self, exercise: Callable[[], Exercise]) -> Exercise | None:
        """Run *exercise*, timed, apart from coverage and latency; ``None`` when it raised."""

    def tolerated(self, operation: str) -> str | None:
        """Say why the judge tolerates findings of *operation*; ``None`` when each is one too many."""

    def command(self, selection: str) -> str:
        """Return the command that runs what *selection* selects, of this project and from this folder."""

    def legible(self, text: str) -> str:
        """Return *text* with what a terminal would act on as escapes; its lines stay lines."""


class OperationsModule(pytest.Module):
    """The made-up module that the items are in. No file has its name."""


def is_ours(item: pytest.Item) -> bool:
    """Whether *item* is a contract item."""
    return isinstance(item.parent, OperationsModule)


def operation_of(item: pytest.Item) -> Operation:
    """Return the operation that the contract item *item* exercises."""
    assert isinstance(item, pytest.Function)  # noqa: S101 (pytest makes nothing else of a function)
    operation = item.callspec.params[OPERATION]
    assert isinstance(operation, Operation)  # noqa: S101 (we put it there)
    return operation


class Endings:
    """Runs the items, and says of each how it ended."""

    def __init__(self, plan: Plan, probe: ContractProbe, around: Surroundings) -> None:
        #: What asks the operations of the items that were collected, and all their names.
        self.api: Api | None = None
        self.names: Sequence[str] = ()
        self._plan = plan
        self._probe = probe
        self._around = around

    def run(self, item: pytest.Item, app: object) -> None:
        """Exercise the operation of *item* with *app*, and end the test as it deserves."""
        operation = operation_of(item)
        why = self.why_left_out(item)
        if why:
            pytest.skip(why)  # whatever became of the mark
        if self.api is None or not (isinstance(app, Server) or interface(app)):
            pytest.fail(self._no_app(app, operation), pytrace=False)
        if self._plan.server is not None and not isinstance(app, Server):
            self._probe.not_at(str(self._plan.server.address))
        self._conclude(
            self._around.measured(partial(self.api.exercise, operation, app)), operation, item.name
        )

    def why_left_out(self, item: pytest.Item) -> str | None:
        """Say why the operation of *item* is not asked on purpose, if it is not."""
        operation = operation_of(item)
        consented = operation.reads or self._plan.writes or is_overridden(item)
        return operation.left_out or (None if consented else NOT_CONSENTED)

    def _no_app(self, found: object, operation: Operation) -> str:
        """Record that the fixture gave no application, and return what to tell."""
        told = f"the fixture {APP} returned {described(found)}"
        self._probe.record(Exercise(operation.name, errors=(told,)))
        return told

    def _conclude(self, exercise: Exercise | None, operation: Operation, name: str) -> None:
        """Record *exercise* and end the test as it deserves."""
        if exercise is None:
            pytest.fail("the contract gate failed itself: its row tells how", pytrace=False)
        self._probe.record(exercise)
        why = self._around.tolerated(operation.name)
        if exercise.failures and why and not exercise.errors:
            titles = ", ".join(failure.title for failure in exercise.failures)
            pytest.xfail(self._around.legible(f"{why}: {titles}"))
        texts = [*exercise.errors, *_texts(exercise)]
        if texts:  # with --runxfail also here
            alone = self._around.command(expression(name, self.names))
            told = "\n\n".join([*texts, f"to run it alone: {alone}"])
            pytest.fail(self._around.legible(told), pytrace=False)
        if exercise.unproven:
            pytest.skip(f"nothing is proven: {exercise.unproven}")

    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
    ) -> None:
        """Say what is allowed, before pytest says what is wrong. A plugin that waits has replaced the function."""
        told = asynchronous(fixturedef) if fixturedef.argname == APP else None
        if told:
            error = pytest.fail.Exception(told, pytrace=False)
            key = fixturedef.cache_key(request)  # type: ignore[arg-type] # pytest hides the class
            fixturedef.cached_result = (None, key, (error, None))  # or it fails by itself in the next test
            raise error

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if not is_ours(item):
            return report
        if report.failed and report.when == "setup" and call.excinfo is not None:
            self._probe.not_ready(operation_of(item).name, self._told(call.excinfo.value))
        elif report.skipped and isinstance(report.longrepr, tuple):
            self._skipped(item, report)
        return report

    def _told(self, error: BaseException) -> str:
        """Say what kept a test from beginning."""
        if isinstance(error, pytest.fail.Exception):
            return masked(str(error), ())
        if isinstance(error, pytest.FixtureLookupError):
            return f"there is no fixture '{error.argname}'"
        return masked(f"its set-up raised {raised_at(error, self._plan.rootdir)}", ())

    def _skipped(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Say where, and tell the probe what the project left out."""
        reason = report.longrepr[2]  # type: ignore[index] # a skipped one's is a tuple
        if report.when == "call":
            report.longrepr = (str(item.reportinfo()[0]), 1, reason)
        elif not self.why_left_out(item):
            self._probe.leave_out(operation_of(item).name, f"skipped: {reason.removeprefix('Skipped: ')}")


def _texts(exercise: Exercise) -> Iterator[str]:
    """Yield what to tell of the failures; an answer that says that nothing is there is not to be documented."""
    for failure in exercise.failures:
        yield replace(failure, hint=None).text() if exercise.misplaced else failure.text()
    if exercise.failures and exercise.misplaced:
        yield "nothing but 404 was answered: the application may serve the schema's paths below another path"
