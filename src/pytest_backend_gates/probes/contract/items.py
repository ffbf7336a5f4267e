"""The contract as tests: one pytest item per operation of the API, below one folder of tests, the last to run.

The items are collected while their folder is, so that its conftest files apply to them, and only then is
the application imported: a run of other folders or of files knows nothing of them.
"""

import os
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Final, TypeVar

import pytest

from pytest_backend_gates.masking import masked
from pytest_backend_gates.probes.contract import engine
from pytest_backend_gates.probes.contract.app import AppError
from pytest_backend_gates.probes.contract.ending import (
    OPERATION,
    Endings,
    OperationsModule,
    Surroundings,
    is_ours,
    operation_of,
)
from pytest_backend_gates.probes.contract.engine import Api, ContractError, NoSchemaError, SettingError
from pytest_backend_gates.probes.contract.findings import Operation
from pytest_backend_gates.probes.contract.overridden import APP, fixtures, is_overridden
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.contract.probe import NOT_CONSENTED, ContractProbe
from pytest_backend_gates.probes.contract.tracebacks import raised_at

T = TypeVar("T")

#: The name of the items' function, and of the module that holds it unless something else has that name.
NAME: Final = "contract"
_MODULES: Final = (NAME, f"{NAME}-items")
_NAME_THE_FILE: Final = "name the schema's file: backend_gates_schema = openapi.yaml"
#: What an attempt to make the items does not answer for.
_NOT_OURS: Final = (KeyboardInterrupt, pytest.exit.Exception, NoSchemaError)


class Anchor:
    """Hangs the module on a folder; where it is a file that a full run collects, on that file's folder."""

    def __init__(self, anchor: Path) -> None:
        self.folder = anchor if anchor.is_dir() else anchor.parent
        conftest = self.folder / "conftest.py"
        #: The items' path: something that is there. Of a file that it was given pytest takes what has its path.
        self.path = anchor if anchor.is_file() else conftest if conftest.is_file() else self.folder

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, pytest.Directory) and collector.path == self.folder and report.passed:
            name = next((one for one in _MODULES if not (self.folder / one).exists()), _MODULES[-1])
            module = OperationsModule.from_parent(collector, path=self.folder / name)
            module.path = self.path  # only now: its id is of the name that was made up
            report.result.append(module)
        return report


class Items:
    """Collects the items, and tells the probe what the schema declares."""

    def __init__(self, plan: Plan, folder: Path, probe: ContractProbe, around: Surroundings) -> None:
        self.plan = plan
        self.folder = folder
        self.probe = probe
        self.around = around
        #: What is wrong with the settings, if it is they that keep the items from being made.
        self._mistake: str | None = None
        #: What runs them: a plugin of its own.
        self.endings = Endings(plan, probe, around)
        self._asked = False

    # First: to --lf a file that does not exist cannot hold a failure, and it would leave the module out.
    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> pytest.CollectReport | None:
        if not isinstance(collector, OperationsModule):
            return None
        self._asked = True
        items = self._collected(collector)
        if (
            self._mistake is not None
        ):  # as with a module of tests that cannot be imported: no test runs in vain
            return pytest.CollectReport(collector.nodeid, "failed", self._mistake, [])
        self.endings.names = [item.name for item in items]
        return pytest.CollectReport(collector.nodeid, "passed", None, list(items))

    def _collected(self, collector: OperationsModule) -> Sequence[pytest.Item]:
        """Return the items. What keeps them from being made is the probe's to tell: other tests still run.

        Unless it is a mistake in the settings.
        """
        app, error = self._attempt(self._application, self._named)
        if error is None:
            try:
                api, error = self._attempt(partial(self._api, app), self._reading)
            except NoSchemaError as missing:
                self.probe.not_generating(str(missing), _NAME_THE_FILE)
                return ()
        if error is not None or api is None:
            self.probe.declare((), error)
            return ()
        self.endings.api = api
        items = self._made(collector, api)
        without = self._without_app(items)
        if without is not None:
            self.probe.not_generating(without, error=True)
            return ()
        self._mistake = error = self._missing_fixture(items)
        self.probe.declare(() if error else api.operations, error)
        return () if error else items

    def _application(self) -> object:
        return self.plan.server if self.plan.app is None else self.around.application()

    def _api(self, app: object) -> Api:
        api = engine.load(app, self.plan.schema, checks=self.plan.checks, rootdir=self.plan.rootdir)
        self.probe.share(app, api)
        return api

    def _attempt(self, step: Callable[[], T], named: str) -> tuple[T | None, str | None]:
        """Return what *step* returns, or what to tell of what it raised, of what is *named* so."""
        call = pytest.CallInfo.from_call(step, "collect", reraise=_NOT_OURS)
        if call.excinfo is None:
            return call.result, None
        error = call.excinfo.value
        self._mistake = self._mistake_behind(error)
        if self._mistake is not None:
            return None, self._mistake
        told = str(error) if isinstance(error, ContractError) else None
        return None, masked(told or f"{named} raised {raised_at(error, self.plan.rootdir)}", ())

    def _mistake_behind(self, error: BaseException) -> str | None:
        """Return what is wrong with the settings, if that is why *error* was raised."""
        if isinstance(error, SettingError):
            where = f"{self.plan.place(error.check)}: " if error.check else ""
            return masked(f"{where}{error.message}", ())
        if isinstance(error, AppError):
            return f"{self.plan.place(self.plan.app or '')}: {error}; {error.allowed}"
        return None

    @property
    def _named(self) -> str:
        """The application, as the project names it."""
        return f"{self.plan.place(self.plan.app or '')}: {self.plan.app}"

    @property
    def _reading(self) -> str:
        """What is done with the schema: no fault of the application's code."""
        return (
            f"backend_gates_schema: reading {self.plan.schema}" if self.plan.schema else "reading the schema"
        )

    def _made(self, collector: OperationsModule, api: Api) -> list[pytest.Item]:
        """Let pytest make the items of one function with a parameter, as it does of a real module."""

        def contract(
            backend_gates_operation: Operation,  # noqa: ARG001 - pytest gives it to the item
            backend_app: object,
            request: pytest.FixtureRequest,
        ) -> None:
            self.endings.run(request.node, backend_app)

        items = self._items_of(contract, collector, api)
        if not self._drives_server or all(map(is_overridden, items)):
            return items

        def contract_of_server(
            backend_gates_operation: Operation,  # noqa: ARG001 - as above
            request: pytest.FixtureRequest,
        ) -> None:
            self.endings.run(request.node, self.plan.server)

        return self._items_of(contract_of_server, collector, api)

    @property
    def _drives_server(self) -> bool:
        """Whether the server is asked: where there is an application, that is."""
        return self.plan.server is not None and self.plan.app is None

    def _items_of(
        self, contract: Callable[..., None], collector: OperationsModule, api: Api
    ) -> list[pytest.Item]:
        names = [operation.name for operation in api.operations]
        pytest.mark.parametrize(OPERATION, api.operations, ids=names)(contract)
        if self.plan.usefixtures:
            pytest.mark.usefixtures(*self.plan.usefixtures)(contract)
        contract.__test__ = True  # type: ignore[attr-defined]  # what pytest asks of names that do not begin with test
        module = ModuleType(NAME)
        module.__file__ = str(collector.path)  # fixtures ask for it
        module.contract = contract  # type: ignore[attr-defined] # any module can
        collector.obj = module
        items = collector.ihook.pytest_pycollect_makeitem(collector=collector, name=NAME, obj=contract)
        for item in items:
            self._settle(item, collector.name)
        return list(items)

    def _settle(self, item: pytest.Item, module: str) -> None:
        """Say where *item* is, in a *module* that has no file, and skip it when what it would generate was not consented to."""
        stands = self.folder / module, 0, item.name
        item.reportinfo = lambda: stands  # type: ignore[method-assign] # the function stands in this file
        why = self.endings.why_left_out(item)
        if why:
            self.probe.leave_out(operation_of(item).name, why)
            instead = f"override the fixture {APP} in {self._where}/conftest.py, or "
            how = f"{'' if self._drives_server else instead}set backend_gates_writes = true"
            item.add_marker(pytest.mark.skip(reason=f"{why}: {how}" if why == NOT_CONSENTED else why))

    def _without_app(self, items: Sequence[pytest.Item]) -> str | None:
        """Return what to tell when there is a schema and nothing that it describes."""
        if self.plan.app is not None or self.plan.server is not None or all(map(is_overridden, items)):
            return None
        return f"there is a schema and no application: set backend_gates_app, or override the fixture {APP}"

    def _missing_fixture(self, items: Sequence[pytest.Item]) -> str | None:
        """Return what to tell of a name in ``backend_gates_usefixtures`` that no fixture has."""
        known = fixtures(items[0]) if items else None
        missing = [name for name in self.plan.usefixtures if known is not None and name not in known]
        if not missing:
            return None
        name = missing[0]
        return f"{self.plan.place(name)}: there is no fixture '{name}' for the tests in '{self._where}'"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, object, object]:
        # Before the others, who may count on the order, and after them, who may have changed it: what pytest puts
        # together for the sake of a fixture's parameters stays together.
        items.sort(key=self._turn)
        result = yield
        items.sort(key=is_ours)
        return result

    def _turn(self, item: pytest.Item) -> tuple[bool, int]:
        """Return when it is the turn of *item*: ours are last, and in a worker the cheapest of them.

        xdist deals out less and less at a time, so that a worker is then not left alone with a long one. All
        workers have to agree: what they know is the schema.
        """
        if not is_ours(item) or not self.around.dealt_out:
            return is_ours(item), 0
        operation = operation_of(item)
        at_once = operation.broken is not None or self.endings.why_left_out(item) is not None
        return True, 0 if at_once else -operation.weight

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
