"""``--backend-gates-explain``: every setting, where it comes from, what was discovered and why. Runs no test."""

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from pytest_backend_gates.analyzers import security_explained
from pytest_backend_gates.model import Threshold
from pytest_backend_gates.narrowing import why_not_traced
from pytest_backend_gates.probes import coverage_explained
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.reports.layout import columns, padded, printable, wrapped
from pytest_backend_gates.rules import in_force
from pytest_backend_gates.settings import Settings
from pytest_backend_gates.taps import CLIENTS, TAPS
from pytest_backend_gates.taps.django_orm import DjangoORMTap
from pytest_backend_gates.taps.sqlalchemy import SQLAlchemyTap

#: Where the columns begin: what was set, and why it is so.
_VALUE: Final = 11
_REASON: Final = 40
#: So many source files are named; all of them with ``-v``.
_FILES: Final = 10


class Fact(NamedTuple):
    """One setting or discovery: what it is, its value, and where it comes from or why it is so."""

    name: str
    value: str
    reason: str = ""


class Explaining:
    """Prints the settings instead of collecting tests."""

    def __init__(self, config: pytest.Config, settings: Settings, narrowed: str | None) -> None:
        self.config = config
        self.settings = settings
        self.narrowed = narrowed

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.section("backend gates: settings")
            for fact in self._facts():
                for line in lines(Fact(*map(printable, fact)), reporter._tw.fullwidth):  # noqa: SLF001 - the public name is deprecated
                    reporter.write_line(line)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    def _facts(self) -> Iterator[Fact]:
        yield from thresholds(self.settings)
        yield from others(self.settings)
        yield from of_the_project(self.settings)
        yield from source(self.settings, all_files=self.config.get_verbosity() > 0)
        yield from self._engines()
        why = self.narrowed or "everything that a bare pytest runs"
        yield Fact("run", "narrowed" if self.narrowed else "full", why)

    def _engines(self) -> Iterator[Fact]:
        """Yield who measures and under which configuration of its own."""
        rootdir = self.settings.source.rootdir
        if self.settings.wants("coverage"):
            yield from coverage(self._measured(), rootdir)
        if self.settings.wants("security"):
            yield Fact("security", "scanned by bandit", security_explained.configured_by(rootdir))
        if self.settings.wants("contract"):
            yield from contract(self.settings)
        for gate, verb in (("latency", "timed"), ("errors", "counted")):
            if self.settings.wants(gate):
                yield from frameworks(gate, verb)
                yield from clients(gate, verb, self.settings)
        if self.settings.wants("queries"):
            yield from orms()

    def _measured(self) -> str:
        """Say who measures coverage, or why nobody does."""
        options = self.config.option
        if why_not := why_not_traced(options):
            return why_not
        if self.narrowed:
            return "not measured: a narrowed run"
        return coverage_explained.measured_by(adopted=bool(getattr(options, "cov_source", None)))


def thresholds(settings: Settings) -> Iterator[Fact]:
    """Yield each threshold in force, where it was written, and what it replaced."""
    for threshold in settings.thresholds:
        gone = " and ".join(f"{old.text} ({old.origin})" for old in _replaced_by(threshold, settings))
        text, reason = threshold.text, str(threshold.origin)
        if text.startswith("--"):
            text, reason = f"{threshold.metric} off", text
        yield Fact("threshold", text, f"{reason}, in place of {gone}" if gone else reason)


def _replaced_by(threshold: Threshold, settings: Settings) -> Iterator[Threshold]:
    for number, old in enumerate(settings.written):
        if old in settings.thresholds:
            continue
        later = settings.written[number + 1 :]
        if (
            next((new for new in later if old not in in_force([old, new], settings.catalogue)), None)
            == threshold
        ):
            yield old


def coverage(measured: str, rootdir: Path) -> Iterator[Fact]:
    """Yield who measures, under which configuration, and with which core of coverage.py if that is ours to choose."""
    yield Fact("coverage", measured, coverage_explained.configured_by(rootdir))
    core = coverage_explained.core_in(rootdir) if measured == coverage_explained.OURS else None
    if core is not None:
        yield Fact("coverage", f"core {core.name}", core.why)


def frameworks(gate: str, verb: str) -> Iterator[Fact]:
    """Yield each framework whose requests can be observed for *gate*, and whether it is installed."""
    for tap in (make() for make in TAPS):
        is_there = find_spec(tap.module.partition(".")[0]) is not None
        yield Fact(gate, tap.name, f"{verb} once the tests import it" if is_there else "not installed")


def clients(gate: str, verb: str, settings: Settings) -> Iterator[Fact]:
    """Yield each client whose requests to the base URL can be observed for *gate*, where there is one."""
    server = settings.contract.server
    for tap in (make() for make in (CLIENTS if server else ())):
        is_there = find_spec(tap.module.partition(".")[0]) is not None
        why = f"{verb} when it sends to {server and server.address}" if is_there else "not installed"
        yield Fact(gate, tap.name, why)


def orms() -> Iterator[Fact]:
    """Yield each ORM whose statements can be counted, and whether it is installed."""
    for tap in (SQLAlchemyTap, DjangoORMTap):
        is_there = find_spec(tap.module.partition(".")[0]) is not None
        yield Fact("queries", tap.name, "counted once the tests import it" if is_there else "not installed")


def contract(settings: Settings) -> Iterator[Fact]:
    """Yield what the contract gate exercises, and what it was told about how."""
    plan, origins = settings.contract, settings.origins
    if plan.app is None and plan.schema is None and plan.server is None:
        yield Fact("contract", "observed", "nothing is generated: set backend_gates_app")
    yield from server(plan, origins)
    told = {
        "app": plan.app,
        "schema": plan.schema and _short(plan.schema, plan.rootdir),
        "writes": "true" if plan.writes else None,
        "checks": ", ".join(plan.checks),
        "contract_dir": plan.folder and _short(plan.folder, plan.rootdir),
        "usefixtures": ", ".join(plan.usefixtures),
    }
    for name, value in told.items():
        if value:
            yield Fact("contract", f"{name} {value}", origins.get(f"backend_gates_{name}", ""))


def server(plan: Plan, origins: Mapping[str, str]) -> Iterator[Fact]:
    """Yield where the server is that tests send requests to, if there is one, and whether any are generated for it."""
    if plan.server is not None:
        whom = "there" if plan.app is None else "to the application"
        where = origins["backend_gates_base_url"]
        yield Fact("contract", f"base_url {plan.server.address}", f"{where}; generated requests go {whom}")


def _short(path: Path, rootdir: Path) -> str:
    return Path(os.path.relpath(path, rootdir)).as_posix()


def others(settings: Settings) -> Iterator[Fact]:
    """Yield the sets, the reports and strict."""
    origins = settings.origins
    for name, globs in settings.sets.items():
        yield Fact("set", f"@{name} = {', '.join(globs)}", origins[f"@{name}"])
    for target in settings.reports:
        yield Fact("report", f"{target.format}:{target.path.as_posix()}", origins[str(target.path)])
    remote = origins.get("--backend-gates-allow-remote")
    if remote is not None:
        yield Fact("remote", "allowed", f"--backend-gates-allow-remote ({remote})")
    keys = ("--backend-gates-strict", "backend_gates_strict")
    where = next((origins[key] for key in keys if key in origins), "default")
    yield Fact("strict", str(settings.strict).lower(), where)


def of_the_project(settings: Settings) -> Iterator[Fact]:
    """Yield the metrics that the project declares, and how its kinds of tests are known, if that is judged."""
    for own in settings.own:
        yield Fact("metric", str(own), settings.origins[f"metric {own.metric.name}"])
    for kind in settings.suite.kinds if settings.wants("tests") else ():
        yield Fact("tests", str(kind), settings.origins.get(f"tests {kind.name}", "default"))


def source(settings: Settings, *, all_files: bool) -> Iterator[Fact]:
    """Yield what is source and why, and the first or all of its files."""
    files = settings.source.files
    count = f"{len(files)} file{'' if len(files) == 1 else 's'}"
    where = settings.origins.get("backend_gates_source")
    why = f"{settings.source.why} ({where})" if where else settings.source.why
    yield Fact("source", f"{', '.join(settings.source.roots) or 'none'} ({count})", why)
    shown = files if all_files or len(files) <= _FILES else files[: _FILES - 1]
    yield from (Fact("", path) for path in shown)
    if len(shown) < len(files):
        yield Fact("", f"... and {len(files) - len(shown)} more: -v names them")
    yield from (Fact("", note) for note in settings.source.notes)


def lines(fact: Fact, width: int) -> Iterator[str]:
    """Lay *fact* out in three columns; a value that is too wide for its own has its reason below."""
    reasons = wrapped(fact.reason, max(width - _REASON, 20)) if fact.reason else []
    head = padded(fact.name, _VALUE)
    if columns(fact.value) > _REASON - _VALUE - 2:
        first, *rest = wrapped(fact.value, width - _VALUE)
        yield head + first
        yield from (" " * _VALUE + "  " + line for line in rest)
        head = ""
    else:
        head += fact.value
    for line in reasons or ([""] if head else []):
        yield f"{padded(head, _REASON)}{line}".rstrip()
        head = ""
