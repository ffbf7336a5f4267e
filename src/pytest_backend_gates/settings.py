"""What every option and ini key means together: one frozen Settings, or every problem at once."""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from pytest_backend_gates.contract_plan import read_plan
from pytest_backend_gates.discovery import Source, find_source
from pytest_backend_gates.errors import ConfigurationError, did_you_mean
from pytest_backend_gates.metrics import PRESETS, Catalogue
from pytest_backend_gates.model import Origin, Threshold
from pytest_backend_gates.own_metrics import OwnMetric, read_metrics
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.reports import RENDERERS, Rendering
from pytest_backend_gates.reports.writer import Target, parse_target
from pytest_backend_gates.rules import idle, in_force, shadowed
from pytest_backend_gates.suite import Suite, read_suite
from pytest_backend_gates.threshold import Preset, ThresholdSyntaxError, parse, read_globs, strip_comment
from pytest_backend_gates.written import Line, Written


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was set, resolved and without mistakes."""

    catalogue: Catalogue
    #: In force, in the order in which they were written; ``metric off`` included.
    thresholds: tuple[Threshold, ...]
    #: All of them as they were written, those that later ones replaced included.
    written: tuple[Threshold, ...]
    sets: dict[str, tuple[str, ...]]
    source: Source
    reports: tuple[Target, ...]
    #: Format of a report -> what renders it.
    renderers: Mapping[str, Rendering]
    strict: bool
    contract: Plan
    #: The metrics that the project declares and its tests record.
    own: tuple[OwnMetric, ...]
    suite: Suite
    #: Ini key, option, ``@set`` or path of a report -> where it was set, for ``--backend-gates-explain``.
    origins: dict[str, str]

    def wants(self, gate: str) -> bool:
        """Whether any threshold of *gate* is to be judged."""
        metrics = self.catalogue.metrics
        return any(metrics[one.metric].gate == gate and not one.is_off for one in self.thresholds)


def read(
    config: pytest.Config, catalogue: Catalogue, renderers: Mapping[str, Rendering] = RENDERERS
) -> Settings:
    """Read every setting. Raises :class:`ConfigurationError` with all the problems found."""
    return _Reader(config, catalogue, renderers).settings()


class _Reader:
    """Makes sense of what the user wrote, and gathers what makes none."""

    def __init__(
        self, config: pytest.Config, catalogue: Catalogue, renderers: Mapping[str, Rendering]
    ) -> None:
        self.config = config
        self.catalogue = catalogue
        self.renderers = renderers
        self.written = Written(config)

    def settings(self) -> Settings:
        self.written.check_keys()
        own = tuple(read_metrics(self.written, self.catalogue).values())
        self.catalogue = self.catalogue.also(one.metric for one in own)
        sets = self._sets()
        thresholds = [*self._defaults(), *self._thresholds(sets)]
        thresholds += self._left_out(thresholds)
        effective = in_force(thresholds, self.catalogue)
        self.written.problems += [*idle(thresholds), *shadowed(effective, self.catalogue)]
        source, reports = self._source(), self._reports()
        strict = self.written.flag("backend_gates_strict")
        plan, suite = read_plan(self.written, self.config.rootpath), read_suite(self.written)
        if source is None or self.written.problems:
            raise ConfigurationError(self.written.problems)
        return Settings(
            catalogue=self.catalogue,
            thresholds=effective,
            written=tuple(thresholds),
            sets=sets,
            source=source,
            reports=reports,
            renderers=self.renderers,
            strict=strict,
            contract=plan,
            own=own,
            suite=suite,
            origins=self.written.origins,
        )

    def _defaults(self) -> Iterator[Threshold]:
        for text in PRESETS["default"]:
            yield from self._parsed(Line(text, Origin("default"), "default"), {})

    def _thresholds(self, sets: dict[str, tuple[str, ...]]) -> Iterator[Threshold]:
        for line in self.written.lines("backend_gates_thresholds"):
            yield from self._parsed(line, sets)
        for line in self.written.given("--backend-gates-threshold"):
            yield from self._parsed(line, sets)

    def _parsed(self, line: Line, sets: dict[str, tuple[str, ...]]) -> Iterator[Threshold]:
        try:
            statement = parse(line.text, self.catalogue, sets, line.origin)
        except ThresholdSyntaxError as error:
            self.written.mistake(error, line)
            return
        if isinstance(statement, Preset):
            for text in PRESETS[statement.name]:
                threshold = parse(text, self.catalogue, sets, line.origin)
                assert isinstance(threshold, Threshold)  # noqa: S101 (presets do not nest; a test reads them all)
                yield replace(threshold, from_preset=True)
        else:
            yield replace(statement, from_preset=line.is_added)

    def _left_out(self, thresholds: Sequence[Threshold]) -> Iterator[Threshold]:
        """Yield an ``off`` for every metric, of those asked about, whose gate this run leaves out."""
        off = self._gates_left_out()
        asked = {name: self.catalogue.metrics[name].gate for name in (one.metric for one in thresholds)}
        if off and off.keys() >= {*asked.values()}:
            self._nothing_left(off)
        for name, gate in asked.items():
            if gate in off:
                yield Threshold(off[gate], Origin("command line"), name, name)

    def _nothing_left(self, off: Mapping[str, str]) -> None:
        given = " ".join(dict.fromkeys(off.values()))
        silent = " and ".join(gate for gate in self.catalogue.gates if gate not in off)
        allowed = f"no threshold of {silent} is written" if silent else "--no-backend-gates judges none"
        self.written.problem("no gate is left to judge", "command line", given, given, allowed)

    def _gates_left_out(self) -> dict[str, str]:
        """Return each gate that this run leaves out, with the option that says so."""
        only, skip = self._gates("--backend-gates-only"), self._gates("--backend-gates-skip")
        off: dict[str, str] = {}
        for gate in self.catalogue.gates:
            if skip and gate in skip[1]:
                off[gate] = skip[0]
            elif only and gate not in only[1]:
                off[gate] = only[0]
        return off

    def _gates(self, option: str) -> tuple[str, frozenset[str]] | None:
        text = self.written.option(option)
        if text is None:
            return None
        known = self.catalogue.gates
        names = _split(text)
        for name in names:
            if not name:
                allowed = f"allowed: {', '.join(known)}"
                self.written.problem("a gate's name is missing", option, f"{option}={text}", text, allowed)
            elif name not in known:
                self.written.problem(f"unknown gate '{name}'", option, text, name, did_you_mean(name, known))
        return (f"{option}={text}", frozenset(names)) if set(names) <= set(known) else None

    def _sets(self) -> dict[str, tuple[str, ...]]:
        sets: dict[str, tuple[str, ...]] = {}
        allowed = "a set is written: name = glob, glob"
        for line in self.written.lines("backend_gates_sets"):
            text = strip_comment(line.text)
            name, equals, globs = (part.strip() for part in text.partition("="))
            if not equals or not name.isidentifier():
                self.written.problem("this is not a set", line.where, text, text, allowed)
            elif name in self.catalogue.sets:
                told = f"the set '{name}' is filled by a probe"
                self.written.problem(told, line.where, text, name, "give it another name")
            elif name in sets:
                self.written.problem(f"the set '{name}' is defined twice", line.where, text, name)
            else:
                self.written.origins[f"@{name}"] = str(line.origin)
                try:
                    sets[name] = read_globs(globs)
                except ValueError as error:
                    self.written.problem(str(error), line.where, text, globs or text, allowed)
        return sets

    def _source(self) -> Source | None:
        lines = {strip_comment(line.text): line for line in self.written.lines("backend_gates_source")}
        try:
            return _find_source(self.config, list(lines))
        except ConfigurationError as error:
            allowed = "allowed: folders and .py files, relative to the rootdir"
            for one in error.problems:
                where = lines[one.text].where if one.text in lines else one.where
                self.written.problems.append(replace(one, where=where, allowed=allowed))
            return None

    def _reports(self) -> tuple[Target, ...]:
        """Return where to write reports: paths of the ini file from the rootdir, given ones from here."""
        lines = [(line, self.config.rootpath) for line in self.written.lines("backend_gates_reports")]
        here, asked_for = self.config.invocation_params.dir, self.written.given("--backend-gates-report")
        lines += [(line, here) for line in asked_for]
        targets: list[Target] = []
        for line, folder in lines:
            text = strip_comment(line.text) if line.origin.kind == "ini" else line.text
            try:
                target = parse_target(text, self.renderers)
            except ValueError as error:
                message, _, allowed = str(error).partition("; ")
                self.written.problem(message, line.where, text, text, allowed)
            else:
                is_asked_for = line.option == "--backend-gates-report"
                targets.append(Target(target.format, folder / target.path, is_asked_for))
                self.written.origins[str(targets[-1].path)] = str(line.origin)
        return tuple(targets)


def _split(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def is_left_out(gate: str, known: Namespace) -> bool:
    """Whether this run leaves *gate* out, as far as is *known* before conftest files are read. Mistakes `read` tells."""
    only, skip = known.backend_gates_only, known.backend_gates_skip
    return (only is not None and gate not in _split(only)) or (skip is not None and gate in _split(skip))


def _find_source(config: pytest.Config, configured: Sequence[str]) -> Source:
    return find_source(config.rootpath, configured, config.getini("python_files"), config.getini("testpaths"))


def source_of(config: pytest.Config) -> Source | None:
    """Return the source before conftest files are read; ``None`` when its setting is wrong, which `read` tells."""
    try:
        configured = [strip_comment(line) for line in config.getini("backend_gates_source") or ()]
        return _find_source(config, [line for line in configured if line])
    except (ConfigurationError, pytest.UsageError, TypeError, ValueError, AttributeError):
        return None
