"""What other plugins and conftest files add through the hooks, looked at before the first test."""

import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_backend_gates.analyzers import BUILT_IN
from pytest_backend_gates.analyzers.foreign import ForeignAnalyzer
from pytest_backend_gates.errors import ConfigurationError, Problem
from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.probes.foreign import OFFERS, ForeignProbe
from pytest_backend_gates.reports import RENDERERS, Rendering
from pytest_backend_gates.reports.foreign import ForeignRenderer
from pytest_backend_gates.well_formed import kind_of, metric_fault

_REFERENCE: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Extensions:
    """What was added: instances of probes, references of analyzers, and all formats of reports by name."""

    #: With the metrics and sets of what was added.
    catalogue: Catalogue
    probes: tuple[ForeignProbe, ...]
    analyzers: tuple[str, ...]
    renderers: Mapping[str, Rendering]


class _FaultError(Exception):
    """What a plugin added cannot be used."""


def added(config: pytest.Config, catalogue: Catalogue, probes: Sequence[str]) -> Extensions:
    """Call the hooks; the *catalogue* and the names of *probes* are taken.

    Raises :class:`ConfigurationError` with every fault, each naming the plugin.
    """
    adding = _Adding(config, catalogue, probes)
    adding.ask("probes", "a list of probes", (list, tuple), adding.probe)
    adding.ask("analyzers", "a list of references: 'package.module:Class'", (list, tuple), adding.analyzer)
    adding.ask("renderers", "renderers by the name of their format", Mapping, adding.renderer)
    if adding.problems:
        raise ConfigurationError(adding.problems)
    return Extensions(adding.catalogue, tuple(adding.probes), tuple(adding.analyzers), adding.renderers)


class _Adding:
    def __init__(self, config: pytest.Config, catalogue: Catalogue, probes: Sequence[str]) -> None:
        self.config = config
        self.catalogue = catalogue
        self.problems: list[Problem] = []
        self.probes: list[ForeignProbe] = []
        self.analyzers: list[str] = []
        self.renderers = dict(RENDERERS)
        #: Whose additions these are.
        self._plugin = ""
        self._probe_names = {*probes}
        self._analyzer_names = {analyzer.name for analyzer in BUILT_IN}

    def ask(self, what: str, expected: str, kind: Any, add: Callable[[Any], None]) -> None:  # noqa: ANN401 - as isinstance
        """Call one hook of each plugin that has it, and *add* each thing that it returns."""
        hook = f"pytest_backend_gates_{what}"
        for plugin, call in self._implementations(hook):
            self._plugin, where = plugin, f"{hook} of {plugin}"
            for returned in self._attempt(where, call) or ():
                if isinstance(returned, kind):
                    for one in returned.items() if isinstance(returned, Mapping) else returned:
                        self._attempt(where, partial(add, one))
                else:
                    told = f"returned {kind_of(returned)}"
                    self.problems.append(Problem(told, where, allowed=f"return {expected}"))

    def _implementations(self, hook: str) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Yield the name of each plugin that implements *hook*, and how to call it alone."""
        manager = self.config.pluginmanager
        known = getattr(self.config.hook, hook).get_hookimpls()
        for one in known:
            others = [other.plugin for other in known if other.plugin is not one.plugin]
            caller = manager.subset_hook_caller(hook, remove_plugins=others)
            yield self._named(one.plugin_name), partial(caller, config=self.config)

    def _named(self, plugin: str) -> str:
        path = Path(plugin)
        root = self.config.rootpath
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else plugin

    def _attempt(self, where: str, step: Callable[[], Any]) -> Any:  # noqa: ANN401 - what it returns
        try:
            return step()
        except _FaultError as error:
            self.problems.append(Problem(str(error), where))
        except Exception as error:  # noqa: BLE001 - the boundary around another plugin: told with its name
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name}:{last.lineno}"
            self.problems.append(Problem(f"raised {type(error).__name__}: {error} ({place})", where))
        return None

    def probe(self, probe: Any) -> None:  # noqa: ANN401 - what a plugin returned
        """Add a probe. Raises :class:`_FaultError`."""
        if isinstance(probe, type):
            raise _FaultError(f"{probe.__name__} is a class: return an instance of it")
        missing = [name for name in OFFERS if not hasattr(probe, name)]
        if missing:
            raise _FaultError(f"{kind_of(probe)} is no probe: it has no {', '.join(missing)}")
        self._unique(probe.name, self._probe_names, "probe")
        if probe.scope not in ("process", "session"):
            raise _FaultError(
                f"the probe '{probe.name}': its scope is 'process' or 'session'; got {probe.scope!r}"
            )
        self._join(f"the probe '{probe.name}'", probe.metrics, dict(getattr(probe, "sets", {})))
        self.probes.append(ForeignProbe(probe))

    def analyzer(self, reference: Any) -> None:  # noqa: ANN401 - what a plugin returned
        """Add an analyzer. Raises :class:`_FaultError`."""
        if not (isinstance(reference, str) and _REFERENCE.fullmatch(reference)):
            told = repr(reference) if isinstance(reference, str) else kind_of(reference)
            raise _FaultError(f"{told} is no reference: write 'package.module:Class'")
        try:
            analyzer = ForeignAnalyzer.named(reference)
        except Exception as error:
            raise _FaultError(f"{reference} cannot be used: {type(error).__name__}: {error}") from error
        self._unique(analyzer.name, self._analyzer_names, "analyzer")
        self._join(f"the analyzer '{analyzer.name}'", analyzer.metrics, {})
        self.analyzers.append(reference)

    def renderer(self, item: tuple[Any, Any]) -> None:
        """Add a renderer. Raises :class:`_FaultError`."""
        name, renderer = item
        self._unique(name, self.renderers.keys(), "format")
        if not callable(renderer):
            raise _FaultError(f"the format '{name}': {kind_of(renderer)} cannot be called")
        self.renderers[name] = ForeignRenderer(name, renderer, self._plugin)

    def _unique(self, name: Any, taken: Any, what: str) -> None:  # noqa: ANN401 - what a plugin returned
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise _FaultError(f"{name!r} is not a name of a {what}: letters, digits, _ and -")
        if name in taken:
            raise _FaultError(f"there is another {what} named '{name}'")
        if isinstance(taken, set):
            taken.add(name)

    def _join(self, who: str, metrics: Sequence[Metric], sets: Mapping[str, str]) -> None:
        """Let *metrics* and *sets* join the catalogue."""
        if not metrics:
            raise _FaultError(f"{who} declares no metrics")
        for fault in filter(None, map(self._metric_fault, metrics)):
            raise _FaultError(f"{who}{fault}")
        for name, subject in sets.items():
            if name in self.catalogue.sets or not (subject and str(name).isidentifier()):
                raise _FaultError(f"{who}: the set {name!r} has another's name, or no name, or no subject")
        try:
            self.catalogue = self.catalogue.also(metrics, sets)
        except ValueError as error:
            raise _FaultError(f"{who}: {error}") from None

    def _metric_fault(self, metric: Metric) -> str | None:
        """Return what is wrong with *metric*. The samples of a trend may come from several probes."""
        fault = metric_fault(metric)
        if fault:
            return f": {fault}"
        known = self.catalogue.metrics.get(metric.name, metric)
        is_taken = metric.name in self.catalogue.metrics and metric.kind is not Kind.TREND
        if is_taken or known != metric:
            return f" declares the metric '{metric.name}', which another measures"
        return None
