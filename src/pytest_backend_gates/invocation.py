"""What this run was asked for, as the command line says it: pytest's own options, read before and after conftest."""

import os
import shlex
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_backend_gates.narrowing import FullRun, why_narrowed, why_selected, why_without


def narrowed_early(config: pytest.Config, parser: pytest.Parser) -> str | None:
    """Say why the run is narrowed, as far as that is sure before conftest files have added their options."""
    given, unknown = _parsed(config, parser, _words(config, parser))
    if unknown:
        # What looks like a path may be the value of an option that is not known yet.
        return why_selected(given)
    return why_narrowed(given, _full_run(config, parser), config.invocation_params.dir)


def narrowed_finally(config: pytest.Config, parser: pytest.Parser) -> str | None:
    """Say why the run is narrowed, when every option is known."""
    given, _ = _parsed(config, parser, _words(config, parser))
    return why_narrowed(given, _full_run(config, parser), config.invocation_params.dir)


def _words(config: pytest.Config, parser: pytest.Parser) -> list[str]:
    """Return what the command line and PYTEST_ADDOPTS say, without the ini file's ``addopts``.

    Other ``addopts`` given with ``-o`` belong to the command line.
    """
    words = [
        *shlex.split(os.environ.get("PYTEST_ADDOPTS", "")),
        *map(os.fspath, config.invocation_params.args),
    ]
    overrides = _parsed(config, parser, words)[0].override_ini or ()
    addopts = [
        value for key, _, value in (one.partition("=") for one in overrides) if key.strip() == "addopts"
    ]
    return [*shlex.split(addopts[-1]), *words] if addopts else words


def anchor(config: pytest.Config, parser: pytest.Parser) -> Path:
    """Return the folder that the contract's tests hang on, or a file in it, whatever this run selects."""
    return Path(os.path.normpath(_full_run(config, parser).anchor()))


def without_anchor(config: pytest.Config, parser: pytest.Parser, place: Path) -> str | None:
    """Say what on the command line leaves out the tests that hang on *place*."""
    given, _ = _parsed(config, parser, _words(config, parser))
    return why_without(given, _full_run(config, parser), config.invocation_params.dir, place)


def _full_run(config: pytest.Config, parser: pytest.Parser) -> FullRun:
    return FullRun(
        config.rootpath,
        config.getini("testpaths"),
        config.getini("python_files"),
        config.getini("norecursedirs"),
        _parsed(config, parser, config.getini("addopts"))[0],
    )


def _parsed(
    config: pytest.Config, parser: pytest.Parser, words: Sequence[str]
) -> tuple[Namespace, list[str]]:
    """Parse some of the options: those known, and the words of others.

    When an option that is required is not among them, all that were given have to stand in.
    """
    try:
        return parser.parse_known_and_unknown_args(words)
    except pytest.UsageError:
        return config.known_args_namespace, []


def rerun_command(config: pytest.Config, selection: str) -> str:
    """Return the command that runs what the expression *selection* selects, of this project and from this folder."""
    addopts = config.getini("addopts")
    paths = [path for path in config.option.file_or_dir if path not in addopts]
    words = [*paths, *_words_of_the_project(config.option)]
    return " ".join(["pytest --backend-gates -k", f'"{selection}"', *map(shlex.quote, words)])


def _words_of_the_project(options: Namespace) -> Iterator[str]:
    """Yield the options by which pytest finds the project and its settings."""
    if options.pyargs:
        yield "--pyargs"
    if options.inifilename:
        yield from ("-c", str(options.inifilename))
    if options.rootdir:
        yield f"--rootdir={options.rootdir}"
    for value in options.override_ini or ():
        yield from ("-o", value)
