"""The only reader of options and ini keys: returns one frozen Settings, or raises every problem at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_backend_gates.discovery import Source, find_source
from pytest_backend_gates.errors import ConfigurationError, Problem, did_you_mean
from pytest_backend_gates.inifile import IniFile, is_ours
from pytest_backend_gates.metrics import GATES, PRESETS, Catalogue
from pytest_backend_gates.model import Origin, Threshold
from pytest_backend_gates.options import INI_KEYS
from pytest_backend_gates.reports.writer import Target, parse_target
from pytest_backend_gates.rules import in_force, shadowed
from pytest_backend_gates.threshold import Preset, ThresholdSyntaxError, parse, read_globs, strip_comment


@dataclass(frozen=True, slots=True)
class Line:
    """One line that the user wrote, and where."""

    text: str
    origin: Origin
    #: The option or ini key, for messages.
    option: str
    #: Whether it stands in ``addopts`` or PYTEST_ADDOPTS: what is typed overrides it without complaint.
    is_added: bool = False

    @property
    def where(self) -> str:
        """``key (file:line)``, or the option of the command line."""
        return self.option if self.origin.path is None else f"{self.option} ({self.origin})"


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
    strict: bool
    #: Ini key, option, ``@set`` or path of a report -> where it was set, for ``--backend-gates-explain``.
    origins: dict[str, str]

    def wants(self, gate: str) -> bool:
        """Whether any threshold of *gate* is to be judged."""
        metrics = self.catalogue.metrics
        return any(metrics[one.metric].gate == gate and not one.is_off for one in self.thresholds)


def read(config: pytest.Config, catalogue: Catalogue) -> Settings:
    """Read every setting. Raises :class:`ConfigurationError` with all the problems found."""
    return _Reader(config, catalogue).settings()


class _Reader:
    """Reads one configuration and gathers its problems."""

    def __init__(self, config: pytest.Config, catalogue: Catalogue) -> None:
        self.config = config
        self.catalogue = catalogue
        self.ini = IniFile.read(config.inipath, config.rootpath, list(INI_KEYS))
        #: Key -> the text of the ``-o`` that overrides the ini file.
        self.overrides = {
            one.partition("=")[0].strip(): one for one in config.getoption("override_ini", None) or ()
        }
        self.problems: list[Problem] = []
        #: Ini key, option, ``@set`` or path of a report -> where it was set.
        self.origins = {key: str(Origin("ini", self.ini.name, line)) for key, line in self.ini.keys.items()}
        self.origins |= dict.fromkeys(self.overrides, "-o")

    def settings(self) -> Settings:
        self._check_keys()
        sets = self._sets()
        written = [*self._defaults(), *self._written(sets)]
        written += self._left_out(written)
        thresholds = in_force(written, self.catalogue)
        self.problems += shadowed(thresholds, self.catalogue)
        source = self._source()
        reports, strict = self._reports(), self._strict()
        if source is None or self.problems:
            raise ConfigurationError(self.problems)
        return Settings(
            self.catalogue, thresholds, tuple(written), sets, source, reports, strict, self.origins
        )

    def _check_keys(self) -> None:
        self._check_sections()
        written = {key: (self._where(key), self.ini.text_of(line)) for key, line in self.ini.keys.items()}
        written |= {key: ("-o", text) for key, text in self.overrides.items() if is_ours(key, list(INI_KEYS))}
        for key, (where, text) in written.items():
            if key not in INI_KEYS and key != "addopts":
                allowed = did_you_mean(key, list(INI_KEYS))
                self._problem(f"unknown key '{key}'", where, text, key, allowed)

    def _check_sections(self) -> None:
        allowed = (
            "allowed: [tool.pytest.ini_options] in pyproject.toml, [tool:pytest] in setup.cfg, else [pytest]"
        )
        for line in self.ini.misplaced:
            where, text = str(Origin("ini", self.ini.name, line)), self.ini.text_of(line) or ""
            self._problem("pytest does not read this section's backend gates", where, text, text, allowed)

    def _problem(
        self, message: str, where: str, text: str | None, fault: str, allowed: str | None = None
    ) -> None:
        """Keep a problem, with a caret under *fault*, or under all of *text* that does not show it."""
        start = text.find(fault) if text else 0
        span = (start, start + len(fault)) if start >= 0 else (0, len(text or ""))
        self.problems.append(Problem(message, where, text, span, allowed))

    def _where(self, key: str) -> str:
        if key in self.overrides:
            return f"-o {key}"
        line = self.ini.keys.get(key)
        return f"{key} ({Origin('ini', self.ini.name, line)})" if self.ini.name else key

    def _ini(self, key: str) -> Any:  # noqa: ANN401 (what pytest returns)
        """Return what pytest makes of *key*; a value of the wrong type becomes a problem and ``None``."""
        try:
            value = self.config.getini(key)
        except (pytest.UsageError, TypeError, ValueError) as error:
            self._wrong_type(key, str(error).removeprefix(f"{self.config.inipath}: "))
            return None
        if INI_KEYS[key][0] == "linelist" and not all(isinstance(line, str) for line in value or ()):
            self._wrong_type(key, f"expected lines of text; got {value!r}")
            return None
        return value

    def _wrong_type(self, key: str, message: str) -> None:
        kind = {"linelist": "a list of lines of text", "bool": "true or false"}[INI_KEYS[key][0]]
        text = self.overrides.get(key) or self.ini.text_of(self.ini.keys.get(key))
        value = text.partition("=")[2].strip() if text else ""
        self._problem(message, self._where(key), text, value, f"allowed: {kind}")

    def _ini_lines(self, key: str) -> Iterator[Line]:
        """Yield the lines of *key* that are not blank or comments, with the place of each."""
        texts = [text.strip() for text in self._ini(key) or () if strip_comment(text)]
        if key in self.overrides:
            yield from (Line(text, Origin("command line"), f"-o {key}") for text in texts)
            return
        for text, number in zip(texts, self.ini.lines_of(key, texts), strict=True):
            yield Line(text, Origin("ini", self.ini.name, number), key)

    def _given(self, option: str) -> Iterator[Line]:
        for text in self.config.getoption(_dest(option)) or ():
            typed = {text, f"{option}={text}"} & {*map(str, self.config.invocation_params.args)}
            yield Line(text, self._origin_of(option, text), option, is_added=not typed)

    def _origin_of(self, option: str, text: str | None = None) -> Origin:
        """Say whether *option* stands in the project's ``addopts``."""
        words = () if "addopts" in self.overrides else self.config.getini("addopts")
        if (option if text is None else f"{option}={text}") in words or text in words:
            return Origin("command line", self.ini.name, self.ini.keys.get("addopts"))
        return Origin("command line")

    def _defaults(self) -> Iterator[Threshold]:
        for text in PRESETS["default"]:
            yield from self._parsed(Line(text, Origin("default"), "default"), {})

    def _written(self, sets: dict[str, tuple[str, ...]]) -> Iterator[Threshold]:
        for line in self._ini_lines("backend_gates_thresholds"):
            yield from self._parsed(line, sets)
        for line in self._given("--backend-gates-threshold"):
            yield from self._parsed(line, sets)

    def _parsed(self, line: Line, sets: dict[str, tuple[str, ...]]) -> Iterator[Threshold]:
        try:
            statement = parse(line.text, self.catalogue, sets, line.origin)
        except ThresholdSyntaxError as error:
            self.problems.append(Problem(error.message, line.where, error.source, error.span, error.allowed))
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
        if len(off) == len(GATES):
            given = " ".join(dict.fromkeys(off.values()))
            self._problem(
                "no gate is left to judge", "command line", given, given, "--no-backend-gates judges none"
            )
        for name in dict.fromkeys(threshold.metric for threshold in thresholds):
            option = off.get(self.catalogue.metrics[name].gate)
            if option is not None:
                yield Threshold(option, Origin("command line"), name, name)

    def _gates_left_out(self) -> dict[str, str]:
        """Return each gate that this run leaves out, with the option that says so."""
        only, skip = self._gates("--backend-gates-only"), self._gates("--backend-gates-skip")
        off: dict[str, str] = {}
        for gate in GATES:
            if skip and gate in skip[1]:
                off[gate] = skip[0]
            elif only and gate not in only[1]:
                off[gate] = only[0]
        return off

    def _gates(self, option: str) -> tuple[str, frozenset[str]] | None:
        text = self.config.getoption(_dest(option))
        if text is None:
            return None
        names = [name.strip() for name in text.split(",")]
        for name in names:
            if not name:
                self._problem(
                    "a gate's name is missing",
                    option,
                    f"{option}={text}",
                    text,
                    f"allowed: {', '.join(GATES)}",
                )
            elif name not in GATES:
                self._problem(f"unknown gate '{name}'", option, text, name, did_you_mean(name, GATES))
        return (f"{option}={text}", frozenset(names)) if set(names) <= set(GATES) else None

    def _sets(self) -> dict[str, tuple[str, ...]]:
        sets: dict[str, tuple[str, ...]] = {}
        allowed = "a set is written: name = glob, glob"
        for line in self._ini_lines("backend_gates_sets"):
            text = strip_comment(line.text)
            name, equals, globs = (part.strip() for part in text.partition("="))
            if not equals or not name.isidentifier():
                self._problem("this is not a set", line.where, text, text, allowed)
            elif name in sets:
                self._problem(f"the set '{name}' is defined twice", line.where, text, name)
            else:
                self.origins[f"@{name}"] = str(line.origin)
                try:
                    sets[name] = read_globs(globs)
                except ValueError as error:
                    self._problem(str(error), line.where, text, globs or text, allowed)
        return sets

    def _source(self) -> Source | None:
        lines = {strip_comment(line.text): line for line in self._ini_lines("backend_gates_source")}
        try:
            return _find_source(self.config, list(lines))
        except ConfigurationError as error:
            allowed = "allowed: folders and .py files, relative to the rootdir"
            for one in error.problems:
                where = lines[one.text].where if one.text in lines else one.where
                self.problems.append(replace(one, where=where, allowed=allowed))
            return None

    def _reports(self) -> tuple[Target, ...]:
        """Return where to write reports: paths of the ini file from the rootdir, given ones from here."""
        lines = [(line, self.config.rootpath) for line in self._ini_lines("backend_gates_reports")]
        here = self.config.invocation_params.dir
        lines += [(line, here) for line in self._given("--backend-gates-report")]
        targets: list[Target] = []
        for line, folder in lines:
            text = strip_comment(line.text) if line.origin.kind == "ini" else line.text
            try:
                target = parse_target(text)
            except ValueError as error:
                message, _, allowed = str(error).partition("; ")
                self._problem(message, line.where, text, text, allowed)
            else:
                targets.append(Target(target.format, folder / target.path))
                self.origins[str(targets[-1].path)] = str(line.origin)
        return tuple(targets)

    def _strict(self) -> bool:
        option, given = "--backend-gates-strict", self.config.getoption("backend_gates_strict")
        if given is not None:
            self.origins[option] = str(self._origin_of(option))
            return bool(given)
        return bool(self._ini("backend_gates_strict"))


def _dest(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _find_source(config: pytest.Config, configured: Sequence[str]) -> Source:
    return find_source(config.rootpath, configured, config.getini("python_files"), config.getini("testpaths"))


def source_of(config: pytest.Config) -> Source | None:
    """Return the source before conftest files are read; ``None`` when its setting is wrong, which `read` tells."""
    try:
        configured = [strip_comment(line) for line in config.getini("backend_gates_source") or ()]
        return _find_source(config, [line for line in configured if line])
    except (ConfigurationError, pytest.UsageError, TypeError, ValueError, AttributeError):
        return None
