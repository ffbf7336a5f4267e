"""Whether a run is a full one: what a bare ``pytest`` would run, or less.

Narrowed is what the command line or PYTEST_ADDOPTS adds. The project's own ``addopts`` define the full run.
"""

import glob
import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

#: Where pytest keeps an option that selects tests -> how the user spells it.
_SELECTING: Final = {
    "keyword": "-k",
    "markexpr": "-m",
    "deselect": "--deselect",
    "ignore": "--ignore",
    "ignore_glob": "--ignore-glob",
    "lf": "--lf",
    "stepwise": "--sw",
    "stepwise_skip": "--sw-skip",
    "stepwise_reset": "--sw-reset",
    "benchmark_only": "--benchmark-only",
}
#: Where pytest keeps an option that runs no test -> how the user spells it.
_IDLE: Final = {
    "collectonly": "--collect-only",
    "setupplan": "--setup-plan",
    "setuponly": "--setup-only",
    "showfixtures": "--fixtures",
    "show_fixtures_per_test": "--fixtures-per-test",
    "cacheshow": "--cache-show",
    "markers": "--markers",
    "help": "--help",
    "version": "--version",
    "backend_gates_explain": "--backend-gates-explain",
}
_SELECTING_INI: Final = ("testpaths", "python_files", "python_classes", "python_functions", "norecursedirs")
#: What marks a virtual environment, of venv and of conda: pytest does not collect there.
_ENVIRONMENT_MARKS: Final = ("pyvenv.cfg", os.path.join("conda-meta", "history"))  # noqa: PTH118 (a hot walk)


@dataclass(frozen=True, slots=True)
class FullRun:
    """What a bare ``pytest`` collects in this project."""

    rootdir: Path
    testpaths: Sequence[str]
    python_files: Sequence[str]
    norecursedirs: Sequence[str]
    #: What the project's own ``addopts`` say.
    addopts: Namespace = field(default_factory=Namespace)

    def targets(self) -> list[Path]:
        """Return the folders and files that a bare ``pytest`` in the rootdir starts from."""
        if named := self.named_by_addopts():
            return [self.rootdir / name for name in named]
        patterns = [os.path.join(self.rootdir, path) for path in self.testpaths]  # noqa: PTH118 (for glob)
        found = [Path(path) for one in patterns for path in sorted(glob.glob(one, recursive=True))]  # noqa: PTH207 (a pattern may be absolute)
        return found or [self.rootdir]

    def anchor(self) -> Path:
        """Return the folder for tests that are in no file: the first that a bare ``pytest`` starts from.

        Of a run that starts from the rootdir it is the folder of tests there, else the rootdir. Of one that starts
        from files alone it is the first of them, which stands for its folder.
        """
        targets = [target for target in self.targets() if target != self.rootdir]
        fitting = sorted((target for target in targets if target.exists()), key=Path.is_file)
        return fitting[0] if fitting else _test_folder(self.rootdir)

    def named_by_addopts(self) -> list[str]:
        """Return the folders and files that the project's own ``addopts`` name."""
        return [name.partition("::")[0] for name in getattr(self.addopts, "file_or_dir", ())]

    def missed_by(self, given: Sequence[Path]) -> Path | None:
        """Return a test file that the full run collects and a run of *given*, without links, does not."""
        for target in self.targets():
            for path in self._test_files(target):
                real = Path(os.path.realpath(path))
                if not any(real == one or one in real.parents for one in given):
                    return path
        return None

    def _test_files(self, target: Path) -> Iterator[Path]:
        if target.is_file():
            yield target
            return
        for folder, subfolders, files in os.walk(target):
            subfolders[:] = sorted(name for name in subfolders if not self._skipped(folder, name))
            for name in sorted(files):
                path = Path(folder, name)
                if any(_matches(path, pattern) for pattern in self.python_files) and not self._ignored(path):
                    yield path

    def _skipped(self, folder: str, name: str) -> bool:
        path = Path(folder, name)
        if name == "__pycache__" or any(_matches(path, pattern) for pattern in self.norecursedirs):
            return True
        marks = (os.path.join(folder, name, mark) for mark in _ENVIRONMENT_MARKS)  # noqa: PTH118 (a hot walk)
        return any(map(os.path.exists, marks)) or self._ignored(path)

    def _ignored(self, path: Path) -> bool:
        """Whether the project's own ``addopts`` ignore *path*."""
        paths = getattr(self.addopts, "ignore", None) or ()
        globs = getattr(self.addopts, "ignore_glob", None) or ()
        return any(self.rootdir / one == path for one in paths) or any(
            fnmatch(str(path), str(self.rootdir / one)) for one in globs
        )


def _test_folder(rootdir: Path) -> Path:
    return next((rootdir / name for name in ("tests", "test") if (rootdir / name).is_dir()), rootdir)


def _matches(path: Path, pattern: str) -> bool:
    """Match as pytest does: a pattern with a slash against the whole path, any other against the name."""
    if "/" in pattern:
        return fnmatch(path.as_posix(), pattern if pattern.startswith("/") else f"*/{pattern}")
    return fnmatch(path.name, pattern)


def why_selected(given: Namespace) -> str | None:
    """Return the first of the options *given* on the command line that selects among the tests."""
    for name, spelling in _SELECTING.items():
        value = getattr(given, name, None)
        if value:
            return f"{spelling} {value}" if isinstance(value, str) else spelling
    for override in getattr(given, "override_ini", None) or ():
        if override.partition("=")[0].strip() in _SELECTING_INI:
            return f"-o {override}"
    return None


def why_narrowed(given: Namespace, full: FullRun, invocation_dir: Path) -> str | None:
    """Return what the options *given* on the command line leave out, ``None`` for a full run."""
    return (
        why_selected(given)
        or _picked_out(given)
        or _left_out_by_paths(given.file_or_dir, full, invocation_dir)
    )


def why_without(given: Namespace, full: FullRun, invocation_dir: Path, place: Path) -> str | None:
    """Return the arguments, or the folder the run started in, that leave out what belongs to *place* as a whole."""
    if not given.file_or_dir and invocation_dir == full.rootdir:
        return None
    named = [*full.named_by_addopts(), *given.file_or_dir] or ["."]
    paths = [Path(os.path.normpath(invocation_dir / name)) for name in named]
    if any(path == place or path in place.parents for path in paths):
        return None
    return " ".join(given.file_or_dir) or f"started in {invocation_dir.name}"


def _picked_out(given: Namespace) -> str | None:
    """Return the arguments that are no paths: modules to import, or a node id."""
    arguments: Sequence[str] = given.file_or_dir
    if arguments and getattr(given, "pyargs", False):
        return f"--pyargs {' '.join(arguments)}"
    return next((argument for argument in arguments if "::" in argument), None)


def _left_out_by_paths(arguments: Sequence[str], full: FullRun, invocation_dir: Path) -> str | None:
    """Return the arguments, or the folder the run started in, with a test file that they leave out."""
    if not arguments and invocation_dir == full.rootdir:
        return None
    named = [*full.named_by_addopts(), *arguments] or ["."]
    paths = [Path(os.path.realpath(invocation_dir / name)) for name in named]
    missed = full.missed_by(paths)
    if missed is None:
        return None
    what = " ".join(arguments) or f"started in {invocation_dir.name}"
    return f"{what}, without {os.path.relpath(missed, full.rootdir).replace(os.sep, '/')}"


def why_not_traced(known: Namespace) -> str | None:
    """Return the option that keeps Python's tracing for itself, ``None`` when coverage may be measured."""
    options = {"no_cov": "--no-cov", "usepdb": "--pdb", "trace": "--trace"}
    given = next((spelling for name, spelling in options.items() if getattr(known, name, False)), None)
    if given is None and getattr(known, "cov_append", False) and getattr(known, "cov_source", None):
        return "not measured by this run alone: --cov-append adds what earlier runs measured"
    return f"not traced: {given}" if given else None


def why_not_run(options: Namespace) -> str | None:
    """Return the option that makes pytest run no test at all, ``None`` when tests run."""
    return next((spelling for name, spelling in _IDLE.items() if getattr(options, name, False)), None)
