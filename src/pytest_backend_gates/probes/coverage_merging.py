"""One ``coverage.Coverage`` out of the traces of all processes, to report on."""

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_backend_gates.probes.coverage_report import CoverageReport, Reporter
from pytest_backend_gates.probes.coverage_setup import Setup, quietly, unpack

if TYPE_CHECKING:
    from coverage import Coverage


def report_traces(
    rootdir: Path, files: Sequence[str], setup: Setup, contents: Iterable[str], notes: list[str]
) -> CoverageReport:
    """Merge the *contents* of the traces (line by line: nothing counts twice) and report on them.

    Raises ``coverage.CoverageException`` when the configuration is broken or the traces do not go together.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_relative_paths_kept())
        stack.enter_context(contextlib.chdir(setup.folder))
        stack.enter_context(quietly(notes))
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix=f"backend-gates-coverage-{os.getpid()}-")
        )
        merged = _merge(folder, setup, contents)
        return Reporter(rootdir, _opened(merged, setup), setup).report(files)


def report_adopted(
    rootdir: Path, files: Sequence[str], tool: "Coverage", folder: str, notes: list[str]
) -> CoverageReport:
    """Report on what somebody else's *tool* measured; *folder* is where it was started."""
    setup = Setup.of(tool, folder, config_file=True)
    with contextlib.chdir(folder), quietly(notes):
        return Reporter(rootdir, tool, setup).report(files)


def _opened(data_file: str, setup: Setup) -> "Coverage":
    """Return a ``Coverage`` with the data of *data_file*, its paths mapped as ``[paths]`` says."""
    from coverage import Coverage

    tool = Coverage(data_file=data_file, config_file=setup.config_file)
    if not tool.get_option("paths"):
        tool.load()
        return tool
    # Every report would map the paths again, into a database in memory that coverage.py leaves open.
    tool = Coverage(data_file=f"{data_file}-mapped", config_file=setup.config_file)
    tool.combine([data_file])
    tool.set_option("paths", {})
    return tool


def _merge(folder: str, setup: Setup, contents: Iterable[str]) -> str:
    """Write the union of *contents* to a data file in *folder*, and return its path."""
    from coverage import CoverageData

    merged = CoverageData(str(Path(folder, ".coverage")))
    # An empty trace, too, must say what it would have counted.
    if setup.branch:
        merged.add_arcs({})
    else:
        merged.add_lines({})
    for number, content in enumerate(contents):
        # In a file, not in memory: coverage.py closes files by itself.
        path = str(Path(folder, f"trace-{number}"))
        unpack(content, path)
        data = CoverageData(path)
        data.read()
        merged.update(data)
    return merged.data_filename()


@contextlib.contextmanager
def _relative_paths_kept() -> Iterator[None]:
    """Keep the folder that coverage.py takes relative paths from: it is one for the whole process.

    Every new ``Coverage`` sets it to the current folder; an outer ``coverage run`` still needs its own.
    """
    from coverage import Coverage

    here = Path.cwd()
    try:
        yield
    finally:
        with contextlib.chdir(here):
            Coverage(data_file=None, config_file=False).get_exclude_list()
