"""The contract as tests: one pytest item per operation of the API, below one folder of tests, the last to run.

The items are collected while their folder is, so that its conftest files apply to them, and only then is
the application imported: a run of other folders or of files knows nothing of them.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol, TypeVar

import pytest

from pytest_backend_gates.probes.contract import engine
from pytest_backend_gates.probes.contract.app import AppError, interface
from pytest_backend_gates.probes.contract.engine import Api, ContractError, NoSchemaError
from pytest_backend_gates.probes.contract.findings import Exercise, Operation
from pytest_backend_gates.probes.contract.keywords import expression
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.contract.probe import NOT_CONSENTED, ContractProbe
from pytest_backend_gates.probes.contract.tracebacks import place, raised

T = TypeVar("T")

#: The name of the items' function, and of the module that holds it unless something else has that name.
NAME: Final = "contract"
_MODULES: Final = (NAME, f"{NAME}-items")
#: The items' parameter: longer than a name that a project would give to something of its own.
_OPERATION: Final = "backend_gates_operation"
_APP: Final = "backend_app"
_OURS: Final = "pytest_backend_gates.fixtures"
_NAME_THE_FILE: Final = "name the schema's file: backend_gates_schema = openapi.yaml"
#: What an attempt to make the items does not answer for.
_NOT_OURS: Final = (KeyboardInterrupt, pytest.exit.Exception, NoSchemaError)


class Surroundings(Protocol):
    """What the items need of the session."""

    def application(self) -> object:
        """Return what ``backend_gates_app`` names. Raises what importing or calling it raises."""

    def measured(self, exercise: Callable[[], Exercise]) -> Exercise | None:
        """Run *exercise*, timed, apart from coverage and latency; ``None`` when it raised."""

    def tolerated(self, operation: str) -> str | None:
        """Say why the judge tolerates findings of *operation*; ``None`` when each is one too many."""

    def legible(self, text: str) -> str:
        """Return *text* with what a terminal would act on as escapes; its lines stay lines."""


class OperationsModule(pytest.Module):
    """The made-up module that the items are in. No file has its name."""


class Anchor:
    """Hangs the module on its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, pytest.Directory) and collector.path == self.folder and report.passed:
            name = next((one for one in _MODULES if not (self.folder / one).exists()), _MODULES[-1])
            report.result.append(OperationsModule.from_parent(collector, path=self.folder / name))
        return report


class Items:
    """Collects the items, says of each how it ended, and tells the probe."""

    def __init__(self, plan: Plan, folder: Path, probe: ContractProbe, around: Surroundings) -> None:
        self.plan = plan
        self.folder = folder
        self.probe = probe
        self.around = around
        self._names: list[str] = []
        self._asked = False

    # First: to --lf a file that does not exist cannot hold a failure, and it would leave the module out.
    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> pytest.CollectReport | None:
        if not isinstance(collector, OperationsModule):
            return None
        self._asked = True
        items = self._collected(collector)
        self._names = [item.name for item in items]
        return pytest.CollectReport(collector.nodeid, "passed", None, list(items))

    def _collected(self, collector: OperationsModule) -> Sequence[pytest.Item]:
        """Return the items. What keeps them from being made is the probe's to tell: other tests still run."""
        app, error = self._attempt(self._application)
        if error is None:
            try:
                api, error = self._attempt(partial(self._api, app))
            except NoSchemaError as missing:
                self.probe.unavailable(str(missing), _NAME_THE_FILE)
                return ()
        if error is not None or api is None:
            self.probe.declare((), error)
            return ()
        items = self._made(collector, api)
        error = self._without_app(items) or self._missing_fixture(items)
        self.probe.declare(() if error else api.operations, error)
        return () if error else items

    def _application(self) -> object:
        return None if self.plan.app is None else self.around.application()

    def _api(self, app: object) -> Api:
        return engine.load(app, self.plan.schema, checks=self.plan.checks, rootdir=self.plan.rootdir)

    def _attempt(self, step: Callable[[], T]) -> tuple[T | None, str | None]:
        """Return what *step* returns, or what to tell of what it raised."""
        call = pytest.CallInfo.from_call(step, "collect", reraise=_NOT_OURS)
        if call.excinfo is None:
            return call.result, None
        error = call.excinfo.value
        if isinstance(error, ContractError):
            return None, str(error)
        named = self.plan.app or "the schema"
        setting = self.plan.place(named)
        if isinstance(error, AppError):
            return None, f"{setting}: {error}; {error.allowed}"
        found = place(error, self.plan.rootdir)
        where = f", at {found[0]}:{found[1]}" if found else ""
        return None, f"{setting}: {named} raised {raised(error)}{where}"

    def _made(self, collector: OperationsModule, api: Api) -> list[pytest.Item]:
        """Let pytest make the items of one function with a parameter, as it does of a real module."""

        def contract(
            backend_gates_operation: Operation, backend_app: object, request: pytest.FixtureRequest
        ) -> None:
            if not self._is_consented(request.node, backend_gates_operation):
                pytest.skip(NOT_CONSENTED)  # whatever became of the mark
            if interface(backend_app) is None:
                pytest.fail(self._no_app(backend_app, backend_gates_operation), pytrace=False)
            exercise = self.around.measured(partial(api.exercise, backend_gates_operation, backend_app))
            self._conclude(exercise, backend_gates_operation, request.node.name)

        names = [operation.name for operation in api.operations]
        pytest.mark.parametrize(_OPERATION, api.operations, ids=names)(contract)
        if self.plan.usefixtures:
            pytest.mark.usefixtures(*self.plan.usefixtures)(contract)
        contract.__test__ = True  # type: ignore[attr-defined] # what pytest asks of names that do not begin with test
        module = ModuleType(NAME)
        module.__file__ = str(collector.path)  # fixtures ask for it
        module.contract = contract  # type: ignore[attr-defined] # any module can
        collector.obj = module
        items = collector.ihook.pytest_pycollect_makeitem(collector=collector, name=NAME, obj=contract)
        for item in items:
            self._settle(item, operation_of(item))
        return list(items)

    def _settle(self, item: pytest.Item, operation: Operation) -> None:
        """Say where *item* is, and skip it when what it would generate was not consented to."""
        stands = item.path, 0, item.name
        item.reportinfo = lambda: stands  # type: ignore[method-assign] # the function stands in this file
        if not self._is_consented(item, operation):
            self.probe.leave_out(operation.name)
            how = f"override the fixture {_APP} in {self._where}/conftest.py, or set backend_gates_writes = true"
            item.add_marker(pytest.mark.skip(reason=f"{NOT_CONSENTED}: {how}"))

    def _is_consented(self, item: pytest.Item, operation: Operation) -> bool:
        return operation.reads or self.plan.writes or _is_overridden(item)

    def _no_app(self, found: object, operation: Operation) -> str:
        """Record that the fixture gave no application, and return what to tell."""
        told = f"the fixture {_APP} returned a {type(found).__name__}, no ASGI or WSGI application"
        self.probe.record(Exercise(operation.name, errors=(told,)))
        return told

    def _without_app(self, items: Sequence[pytest.Item]) -> str | None:
        """Return what to tell when there is a schema and nothing that it describes."""
        if self.plan.app is not None or all(map(_is_overridden, items)):
            return None
        return f"there is a schema and no application: set backend_gates_app, or override the fixture {_APP}"

    def _missing_fixture(self, items: Sequence[pytest.Item]) -> str | None:
        """Return what to tell of a name in ``backend_gates_usefixtures`` that no fixture has."""
        known = _fixtures(items[0]) if items else None
        missing = [name for name in self.plan.usefixtures if known is not None and name not in known]
        if not missing:
            return None
        name = missing[0]
        return f"{self.plan.place(name)}: there is no fixture '{name}' for the tests in '{self._where}'"

    def _conclude(self, exercise: Exercise | None, operation: Operation, name: str) -> None:
        """Record *exercise* and end the test as it deserves."""
        if exercise is None:
            pytest.fail("the contract gate failed itself: its row tells how", pytrace=False)
        self.probe.record(exercise)
        why = self.around.tolerated(operation.name)
        if exercise.failures and why and not exercise.errors:
            titles = ", ".join(failure.title for failure in exercise.failures)
            pytest.xfail(self.around.legible(f"{why}: {titles}"))
        texts = [*exercise.errors, *(failure.text() for failure in exercise.failures)]
        if texts:  # with --runxfail also here
            alone = f'to run it alone: pytest --backend-gates -k "{expression(name, self._names)}"'
            pytest.fail(self.around.legible("\n\n".join([*texts, alone])), pytrace=False)
        if exercise.unproven:
            pytest.skip(f"nothing is proven: {exercise.unproven}")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        # Before the others, who may count on the order, and after them, who may have changed it.
        items.sort(key=is_ours)
        result = yield
        items.sort(key=is_ours)
        return result

    def pytest_collection_finish(self) -> None:
        if not self._asked:
            self.probe.declare(
                (),
                f"the contract's tests belong to '{self._where}', and it was not collected:"
                " name a folder of tests that is, with backend_gates_contract_dir",
            )

    @property
    def _where(self) -> str:
        return Path(os.path.relpath(self.folder, self.plan.rootdir)).as_posix()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if is_ours(item) and report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if report.when == "call":
                report.longrepr = (str(item.path), 1, report.longrepr[2])
            elif not reason.startswith(NOT_CONSENTED):
                self.probe.leave_out(operation_of(item).name, f"skipped: {reason}")
        return report


def is_ours(item: pytest.Item) -> bool:
    """Whether *item* is a contract item."""
    return isinstance(item.parent, OperationsModule)


def operation_of(item: pytest.Item) -> Operation:
    """Return the operation that the contract item *item* exercises."""
    assert isinstance(item, pytest.Function)  # noqa: S101 (pytest makes nothing else of a function)
    operation = item.callspec.params[_OPERATION]
    assert isinstance(operation, Operation)  # noqa: S101 (we put it there)
    return operation


def _fixtures(item: pytest.Item) -> Mapping[str, Sequence[pytest.FixtureDef[object]]] | None:
    """Return the fixtures that *item* will get by name, the one in force last; ``None`` where pytest hides it.

    pytest has no public way to ask before the first of them is set up.
    """
    return getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", None)


def _is_overridden(item: pytest.Item) -> bool:
    """Whether the project gives *item* an application of its own: that is consent to writing to it."""
    found = (_fixtures(item) or {}).get(_APP, ())
    return bool(found) and found[-1].func.__module__ != _OURS
