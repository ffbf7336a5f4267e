"""What the project's own source is, and why: the files that are measured and scanned.

The folders named in ``backend_gates_source`` win; else ``src/``; else the packages, folders and single
modules at the top of the project. Tests are never source, nor is what tools and package managers leave in
a project. Linked folders are not followed, as coverage.py, radon and bandit do not follow them either.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_backend_gates.errors import ConfigurationError, Problem
from pytest_backend_gates.source_rules import DEFAULT_TEST_FILES, SourceRules

#: Folders at the top of a project that hold Python which is not the backend itself.
_NOT_AT_TOP: Final = frozenset({"docs", "doc", "examples", "benchmarks"})
_OPTION: Final = "backend_gates_source"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a project.

    ``roots`` are the chosen folders and single modules, ``files`` every source file, sorted; both relative
    to ``rootdir``, with forward slashes. ``why`` says in one sentence how they were chosen, ``notes`` what
    looks like source and was left out.
    """

    rootdir: Path
    roots: tuple[str, ...]
    files: tuple[str, ...]
    why: str
    notes: tuple[str, ...] = ()


def find_source(
    rootdir: Path, configured: Sequence[str], python_files: Sequence[str], testpaths: Sequence[str]
) -> Source:
    """Return the source of the project at *rootdir*.

    *configured* are the paths of ``backend_gates_source``, *python_files* and *testpaths* pytest's own
    options. Raises :class:`ConfigurationError` with one problem for each configured path that does not
    exist or holds no source file.
    """
    first, *others = _rules(python_files, testpaths)
    if configured:
        return _configured(rootdir, configured, first)
    for rules in (first, *others):
        source = _in_src(rootdir, rules) or _at_top(rootdir, rules)
        if source:
            return source
    return Source(rootdir, (), (), "no Python source was found beside the tests")


def _rules(python_files: Sequence[str], testpaths: Sequence[str]) -> Iterator[SourceRules]:
    """Yield the rules to try, the strictest first: what is set aside must not be the whole project."""
    yield SourceRules(tuple(python_files), tuple(os.path.normpath(path) for path in testpaths))
    yield SourceRules(tuple(python_files))
    yield SourceRules(DEFAULT_TEST_FILES)


def _configured(rootdir: Path, configured: Sequence[str], rules: SourceRules) -> Source:
    roots: list[str] = []
    files: set[str] = set()
    problems: list[Problem] = []
    for text in configured:
        root = _relative(rootdir, text)
        found = _files_of(rootdir, root, rules)
        problem = None if found else _why_empty(rootdir, text)
        if problem:
            problems.append(Problem(problem, _OPTION, text, (0, len(text))))
        roots.append(root)
        files.update(found)
    if problems:
        raise ConfigurationError(problems)
    unique = tuple(dict.fromkeys(roots))
    return Source(rootdir, unique, tuple(sorted(files)), f"{_OPTION} names {_listed(unique)}")


def _relative(rootdir: Path, text: str) -> str:
    return os.path.relpath(rootdir / text, rootdir).replace(os.sep, "/")


def _files_of(rootdir: Path, root: str, rules: SourceRules) -> list[str]:
    path = rootdir / root
    if path.is_dir():
        not_at_top = _NOT_AT_TOP if root == "." else frozenset()
        return list(_walk(path, "" if root == "." else root + "/", rules, not_at_top))
    return [root] if path.is_file() and path.suffix == ".py" else []


def _why_empty(rootdir: Path, text: str) -> str:
    path = rootdir / text
    if not path.exists():
        return f"{text!r} does not exist in {rootdir}"
    if path.is_dir():
        return f"{text!r} holds no Python source file (tests are not source)"
    return f"{text!r} is not a Python file"


def _in_src(rootdir: Path, rules: SourceRules) -> Source | None:
    files = _files_of(rootdir, "src", rules) if (rootdir / "src").is_dir() else []
    if not files:
        return None
    why = "src/ holds " + _described(rootdir / "src", {path.split("/")[1] for path in files})
    return Source(rootdir, ("src",), tuple(sorted(files)), why, tuple(_beside_src(rootdir, rules)))


def _beside_src(rootdir: Path, rules: SourceRules) -> Iterator[str]:
    """Yield a note if packages stand beside ``src/``: it would be a pity to measure a tool and not the backend."""
    names = sorted({path.split("/")[0] for path in _walk(rootdir, "", rules, _NOT_AT_TOP | {"src"})})
    packages = [name for name in names if (rootdir / name / "__init__.py").is_file()]
    if packages:
        what = _described(rootdir, packages)
        yield f"source: src/ is measured, not {what} beside it; {_OPTION} can name both"


def _at_top(rootdir: Path, rules: SourceRules) -> Source | None:
    files = sorted(_walk(rootdir, "", rules, _NOT_AT_TOP))
    if not files:
        return None
    roots = tuple(sorted({path.split("/")[0] for path in files}))
    return Source(rootdir, roots, tuple(files), "the top of the project holds " + _described(rootdir, roots))


def _walk(folder: Path, prefix: str, rules: SourceRules, not_here: frozenset[str]) -> Iterator[str]:
    """Yield the source files below *folder*, each with *prefix* before its path."""
    found = _entries(folder)
    names = {entry.name for entry in found}
    for entry in found:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in not_here and rules.admits_folder(Path(entry), path):
                yield from _walk(Path(entry), path + "/", rules, frozenset())
        elif rules.admits_file(path, names) and entry.is_file():
            yield path


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """Return what is in *folder*: nothing if it may not be read, such as the data of a database server."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except PermissionError:
        return []


def _described(folder: Path, names: Iterable[str]) -> str:
    """Say what *names* are in *folder*: packages, folders and modules."""
    kinds: dict[str, list[str]] = {"package": [], "folder": [], "module": []}
    for name in sorted(names):
        is_package = (folder / name / "__init__.py").is_file()
        kind = "module" if name.endswith(".py") else "package" if is_package else "folder"
        kinds[kind].append(name)
    parts = [
        f"the {kind}{'s' if len(found) > 1 else ''} {_listed(found)}"
        for kind, found in kinds.items()
        if found
    ]
    return _listed(parts, last=" and ")


def _listed(words: Sequence[str], last: str = ", ") -> str:
    return last.join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
