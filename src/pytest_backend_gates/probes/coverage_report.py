"""coverage.py's own numbers, file by file, and what it could not report."""

import ast
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_backend_gates.measurements import Finding, Ratio
from pytest_backend_gates.probes.coverage_setup import Setup, escaped, words

if TYPE_CHECKING:
    from coverage import Coverage


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: what of it counts, what ran, and what is missing."""

    #: Executed statements and branches of all statements and branches.
    ratio: Ratio
    executed: tuple[int, ...]
    missing: tuple[int, ...]
    #: Branches never taken, as (from line, to line); a negative line is an exit.
    missing_branches: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """All files, by path from the rootdir, and the files that could not be reported."""

    files: Mapping[str, FileReport]
    branch: bool
    setup: Setup
    errors: tuple[Finding, ...] = ()

    @property
    def of(self) -> str:
        """What hits and total count."""
        return "lines and branches" if self.branch else "lines"


class Reporter:
    """Reads the JSON report of one ``Coverage``, and finds out what it left out and why."""

    def __init__(self, rootdir: Path, tool: "Coverage", setup: Setup) -> None:
        self._rootdir = os.path.realpath(rootdir)
        self._tool = tool
        self._folder = os.path.realpath(setup.folder)
        self._setup = setup
        self._is_discovered = not setup.source_options
        self._patterns = self._patterns_for_all_files() if self._is_discovered else {}

    def _patterns_for_all_files(self) -> dict[str, list[str]]:
        """Return the files to leave out and to report, such that they mean the same for files never measured.

        A run applies ``[run] omit`` while it measures, and with ``relative_files`` a report compares its
        patterns with relative paths: we must apply all of them, to the absolute paths of all files.
        """
        anchor = escaped(self._folder) + "/" if self._tool.get_option("run:relative_files") else None
        patterns = {}
        for name in ("omit", "include"):
            found = list(words(self._tool, f"report:{name}"))
            if anchor:
                found += [anchor + one for one in found if not one.startswith(("*", "?", os.sep))]
            patterns[name] = found
        patterns["omit"] += self._setup.omit
        return {name: found for name, found in patterns.items() if found}

    def report(self, files: Sequence[str]) -> CoverageReport:
        """Report on the discovered *files*, or on what the configuration names."""
        candidates = self._candidates(files) if self._is_discovered else None
        plain = self._json_of_readable(candidates)
        found = {self._subject(path): _file_report(one) for path, one in plain.get("files", {}).items()}
        if candidates is None:
            candidates = sorted(self._tool.get_data().measured_files())
        left_out = [path for path in candidates if self._subject(path) not in found]
        errors = tuple(self._faults(left_out))
        branch = self._tool.get_data().has_arcs()
        return CoverageReport(dict(sorted(found.items())), branch, self._setup, errors)

    def _candidates(self, files: Sequence[str]) -> list[str]:
        """Return the discovered files, and the templates that a plugin of coverage.py traced."""
        data = self._tool.get_data()
        traced = [path for path in data.measured_files() if data.file_tracer(path)]
        return sorted({*(os.path.realpath(Path(self._rootdir, path)) for path in files), *traced})

    def _json_of_readable(self, candidates: Sequence[str] | None) -> dict[str, Any]:
        """Return the JSON report on all *candidates* (``None``: on all measured files) that parse."""
        try:
            return self._json(candidates, ignore_errors=True)
        except SyntaxError:  # coverage.py 7.10 to 7.13 do not ignore every one
            everything = self._tool.get_data().measured_files() if candidates is None else candidates
            readable = [path for path in sorted(everything) if self._syntax_error(path) is None]
            return self._json(readable, ignore_errors=True)

    def _json(self, morfs: Sequence[str] | None, *, ignore_errors: bool) -> dict[str, Any]:
        """Return the JSON report, empty when no file is left to report."""
        from coverage.exceptions import NoDataError

        if morfs is not None and not morfs:
            return {}
        with tempfile.TemporaryDirectory(prefix=f"backend-gates-coverage-{os.getpid()}-") as folder:
            outfile = Path(folder, "coverage.json")
            try:
                self._tool.json_report(
                    morfs=None if morfs is None else list(morfs),
                    outfile=str(outfile),
                    ignore_errors=ignore_errors,
                    show_contexts=False,
                    pretty_print=False,
                    **self._patterns,
                )
            except NoDataError:
                return {}
            plain: dict[str, Any] = json.loads(outfile.read_text("utf-8"))
            return plain

    def _faults(self, left_out: Sequence[str]) -> Iterator[Finding]:
        """Yield an error for each file that is missing in the report and was not omitted by the user."""
        if not left_out or self._why_left_out(left_out) is None:
            return
        for path in left_out:
            why = self._why_left_out([path])
            if why is not None:
                yield self._fault(path, why)

    def _why_left_out(self, paths: Sequence[str]) -> str | None:
        from coverage.exceptions import CoverageException, NotPython

        try:
            self._json(paths, ignore_errors=False)
        except (NotPython, SyntaxError) as error:
            return str(error)
        except CoverageException as error:
            # The user may have said that a source which is gone does not matter; not that a broken one does not.
            return None if self._tool.get_option("report:ignore_errors") else str(error)
        return None

    def _fault(self, path: str, why: str) -> Finding:
        subject = self._subject(path)
        error = self._syntax_error(path)
        message, line = (f"does not parse: {error.msg}", error.lineno or None) if error else (why, None)
        hint = "mend it, or omit it in the configuration of coverage.py"
        return Finding(subject, message, path=subject, line=line, hint=hint)

    def _syntax_error(self, path: str) -> SyntaxError | None:
        with contextlib.suppress(OSError, ValueError):
            try:
                compile(Path(self._folder, path).read_bytes(), path, "exec", flags=ast.PyCF_ONLY_AST)
            except SyntaxError as error:
                return error
        return None

    def _subject(self, path: str) -> str:
        """Return *path*, as coverage.py gives it, from the rootdir and with forward slashes."""
        real = os.path.realpath(Path(self._folder, path))
        with contextlib.suppress(ValueError):  # on another drive
            real = os.path.relpath(real, self._rootdir)
        return real.replace(os.sep, "/")


def _file_report(plain: Mapping[str, Any]) -> FileReport:
    summary = plain["summary"]
    hits = summary["covered_lines"] + summary.get("covered_branches", 0)
    total = summary["num_statements"] + summary.get("num_branches", 0)
    excluded = set(plain["excluded_lines"])
    return FileReport(
        Ratio(hits, total),
        tuple(line for line in plain["executed_lines"] if line not in excluded),
        tuple(plain["missing_lines"]),
        tuple((start, end) for start, end in plain.get("missing_branches", ())),
    )
