"""The one file that touches bandit, whose Python API is semi-public.

What ``bandit -c pyproject.toml -r .`` does in the rootdir, one file at a time: ``[tool.bandit]`` of
pyproject.toml (read without being asked), the ``.bandit`` ini file, ``# nosec``, bandit's own exclusions.
What bandit only logs, or does not say at all, is raised here: a configuration that it would ignore,
a file that it skips, a test of its own that crashed.
"""

import io
import logging
import os
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bandit.core import constants, extension_loader, utils
from bandit.core import manager as bandit_manager
from bandit.core.config import BanditConfig

from pytest_backend_gates.analyzers.configuration import PYPROJECT, tool_table
from pytest_backend_gates.analyzers.failures import CannotAnalyzeError
from pytest_backend_gates.analyzers.source import SourceFile

_INI: Final = ".bandit"
_COMMENT_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Issue:
    """One of bandit's issues. ``comment`` is the ``# nosec`` that hid it, if that names no test by mistake."""

    code: str
    severity: str
    confidence: str
    text: str
    line: int
    end_line: int
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What bandit found in one file, in bandit's order, and what ``# nosec`` comments hid."""

    issues: tuple[Issue, ...]
    suppressed: tuple[Issue, ...]


class BanditEngine:
    """Bandit under the configuration of the working directory.

    Raises :class:`CannotAnalyzeError` when that configuration is broken.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self._log = _Log()
        ini = _ini_options()
        self._config = _config(ini)
        self._profile = _profile(self._config, ini)
        # bandit takes any text for yes, "false" included: so is "bandit -r", so are we.
        self._ignore_nosec = bool(ini.get("ignore-nosec"))
        manager = self._manager(bandit_manager.BanditManager, self._ignore_nosec)
        if not manager.b_ts.tests:
            raise CannotAnalyzeError("bandit's configuration leaves no test to run", self._config.config_file)
        #: The files that the project's own bandit configuration excludes.
        self.excluded = _excluded(manager, files, ini.get("exclude") or ",".join(constants.EXCLUDE))

    def scan(self, source: SourceFile) -> Scan:
        """Run bandit over one file. Raises for a file that it skips and for a test of its own that crashed."""
        manager = self._run(source, ignore_nosec=self._ignore_nosec)
        issues = list(manager.results)
        metrics = manager.metrics.data[_native(source.path)]
        suppressed = []
        if metrics["nosec"] or metrics["skipped_tests"]:
            everything = self._run(source, ignore_nosec=True, once_more=True).results
            suppressed = _difference(everything, issues)
        comments = _nosec_comments(source.data) if suppressed else {}
        return Scan(
            tuple(_issue(issue) for issue in issues),
            tuple(_issue(issue, _meaningless(issue, comments)) for issue in suppressed),
        )

    def _run(self, source: SourceFile, *, ignore_nosec: bool, once_more: bool = False) -> Any:  # noqa: ANN401
        from pytest_backend_gates.analyzers.bandit_visitor import QuickManager, is_compared

        ignore_nosec = ignore_nosec or not _may_hold_nosec(source)
        self._log.records.clear()
        manager = self._manager(QuickManager if is_compared() else bandit_manager.BanditManager, ignore_nosec)
        if isinstance(manager, QuickManager):
            manager.run(source, _native(source.path), once_more=once_more)
        else:
            # Not its run_tests(), which would read the file again: it may have changed since it was hashed.
            manager.files_list = [_native(source.path)]
            manager._parse_file(_native(source.path), io.BytesIO(source.data), manager.files_list)  # noqa: SLF001
        if manager.skipped:
            raise self._log.cause() or _parse_error(source) or _skipped(manager)
        if crashes := self._log.crashes():
            raise CannotAnalyzeError(crashes[0])
        return manager

    def _manager(self, kind: Any, ignore_nosec: bool) -> Any:  # noqa: ANN401, FBT001 - bandit is untyped
        # A new one for each file: its metrics and results only ever grow, and making one takes 50 us.
        return kind(self._config, "file", profile=self._profile, ignore_nosec=ignore_nosec)


def _may_hold_nosec(source: SourceFile) -> bool:
    """Whether bandit has to look for comments: in UTF-8 a word without the letters of ``nosec`` is not one."""
    try:
        return b"nosec" in source.data or source.encoding != "utf-8"
    except SyntaxError:
        return True  # bandit says what is wrong with it


class _Log(logging.Handler):
    """Keeps what bandit only logs: the exception behind a skipped file, a test of its own that crashed."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []
        logger = logging.getLogger("bandit")
        logger.propagate = False
        logger.setLevel(logging.ERROR)
        logger.addHandler(self)
        # It tells the exception at this level only. The visitor, which tells every node, stays at ERROR.
        logging.getLogger("bandit.core.manager").setLevel(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def cause(self) -> BaseException | None:
        """Return the exception for which a file was skipped."""
        arguments = (argument for record in self.records for argument in record.args or ())
        return next((argument for argument in arguments if isinstance(argument, BaseException)), None)

    def crashes(self) -> list[str]:
        """Return a line for each of bandit's own tests that raised; bandit goes on as if it had passed."""
        messages = (record.getMessage() for record in self.records if record.name == "bandit.core.tester")
        return [message.partition("Traceback")[0].strip() for message in messages]


def _native(path: str) -> str:
    # Spelt as "bandit -r ." spells it: its exclusions match this text.
    return os.path.join(".", *path.split("/"))  # noqa: PTH118 - pathlib drops the leading "."


def _ini_options() -> Mapping[str, str]:
    if not Path(_INI).is_file():
        return {}
    options = utils.parse_ini_file(_INI)
    if options is None:
        raise CannotAnalyzeError(
            ".bandit is no ini file with a [bandit] section: bandit would ignore it",
            _INI,
            "settings in YAML belong into another file, named in .bandit by 'configfile ='",
        )
    return dict(options)


def _config(ini: Mapping[str, str]) -> Any:  # noqa: ANN401 - bandit is untyped
    path = ini.get("configfile") if tool_table("bandit") is None else PYPROJECT
    try:
        config = BanditConfig(path)
    except utils.ConfigError as error:
        raise CannotAnalyzeError(f"bandit's configuration cannot be read: {error}", path) from error
    for key in ("exclude_dirs", "tests", "skips"):
        value = config.get_option(key)
        if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise CannotAnalyzeError(f"bandit's '{key}' must be a list of strings, not {value!r}", path)
    return config


def _profile(config: Any, ini: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401 - bandit is untyped
    """Return bandit's tests to include and to exclude: those of the configuration and those of .bandit."""
    base = _base_profile(config, ini.get("profile"))
    include = {*base["include"], *_listed(ini.get("tests"))}
    exclude = {*base["exclude"], *_listed(ini.get("skips"))}
    _refuse_contradictions(include, exclude, config.config_file or _INI)
    return {**base, "include": include, "exclude": exclude}


def _base_profile(config: Any, name: str | None) -> Mapping[str, Any]:  # noqa: ANN401 - bandit is untyped
    if not name:
        return {"include": config.get_option("tests") or (), "exclude": config.get_option("skips") or ()}
    named: Mapping[str, Any] | None = (config.get_option("profiles") or {}).get(name)
    if named is None:
        raise CannotAnalyzeError(f"bandit's profile '{name}' is not in its configuration", _INI)
    return named


def _listed(text: str | None) -> list[str]:
    return text.split(",") if text else []


def _refuse_contradictions(include: set[str], exclude: set[str], where: str) -> None:
    # Unknown ids in "skips" hide nothing (bandit drops tests over the years); here they mean a test that never runs.
    unknown = sorted(code for code in include if not extension_loader.MANAGER.check_id(code))
    if unknown:
        raise CannotAnalyzeError(f"bandit's 'tests' names unknown tests: {', '.join(unknown)}", where)
    both = sorted(include & exclude)
    if both:
        raise CannotAnalyzeError(f"bandit's 'tests' and 'skips' both name {', '.join(both)}", where)


def _excluded(manager: Any, files: Iterable[str], excluded_paths: str) -> frozenset[str]:  # noqa: ANN401
    by_native = {_native(path): path for path in files}
    manager.discover_files(list(by_native), excluded_paths=excluded_paths)
    return frozenset(by_native[native] for native in manager.excluded_files)


def _issue(issue: Any, comment: str | None = None) -> Issue:  # noqa: ANN401 - bandit is untyped
    severity = "low" if issue.severity == "UNDEFINED" else issue.severity.lower()
    end_line = max([issue.lineno, *issue.linerange])
    return Issue(
        issue.test_id, severity, issue.confidence.lower(), issue.text, issue.lineno, end_line, comment
    )


def _difference(everything: Iterable[Any], reported: Iterable[Any]) -> list[Any]:
    left = Counter(map(_key, reported))
    missing = []
    for issue in everything:
        if left[_key(issue)]:
            left[_key(issue)] -= 1
        else:
            missing.append(issue)
    return missing


def _key(issue: Any) -> tuple[Any, ...]:  # noqa: ANN401 - bandit is untyped
    return issue.test_id, issue.severity, issue.confidence, issue.text, issue.lineno, issue.col_offset


def _nosec_comments(data: bytes) -> dict[int, tuple[bool, str]]:
    """Return, by line, whether the ``# nosec`` comment there names a test, and its text if it tries to."""
    comments = {}
    for line, text in _comments(data):
        match = bandit_manager.NOSEC_COMMENT.search(text)
        if match:
            # bandit's own reading, which takes only the last of "B1,B2" written without a space.
            names_one = bool(bandit_manager._parse_nosec_comment(text))  # noqa: SLF001
            comments[line] = (names_one, match[0].strip() if (match["tests"] or "").strip() else "")
    return comments


def _comments(data: bytes) -> Iterator[tuple[int, str]]:
    try:
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except tokenize.TokenError:
        return  # bandit stops here too


def _meaningless(issue: Any, comments: Mapping[int, tuple[bool, str]]) -> str | None:  # noqa: ANN401
    """Return the comment that hid *issue* if it was meant to name tests and names none."""
    found = _hiding(issue, comments)
    text = next((text for _, text in found if text), None)
    if text is None or any(names_one for names_one, _ in found):
        return None
    return text if len(text) <= _COMMENT_SHOWN else text[: _COMMENT_SHOWN - 3] + "..."


def _hiding(issue: Any, comments: Mapping[int, tuple[bool, str]]) -> list[tuple[bool, str]]:  # noqa: ANN401
    """Return the comments that bandit unites: on the issue's own line, and the first within its statement."""
    first = next((line for line in issue.linerange if line in comments), issue.lineno)
    return [comments[line] for line in sorted({issue.lineno, first}) if line in comments]


def _parse_error(source: SourceFile) -> Exception | None:
    try:
        _ = source.tree
    except (SyntaxError, ValueError) as error:
        return error
    return None


def _skipped(manager: Any) -> CannotAnalyzeError:  # noqa: ANN401 - bandit is untyped
    return CannotAnalyzeError(f"bandit skipped it: {manager.skipped[0][1]}")
