"""How the tests' own process is traced, and what a trace is when it crosses processes.

    OwnTrace    a tracer of ours, with the user's configuration and a data folder of its own
    OuterTrace  the data of a ``coverage run`` that started this process

The user's ``.coverage`` file is never touched.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from pytest_backend_gates.measurements import Plain
from pytest_backend_gates.probes.coverage_at_work import core_at_work
from pytest_backend_gates.probes.coverage_core import GREENLETS, core_for
from pytest_backend_gates.probes.coverage_elsewhere import imported_elsewhere
from pytest_backend_gates.probes.coverage_setup import Setup, escaped, packed, quietly, words

if TYPE_CHECKING:
    from coverage import Coverage

#: What coverage.py tells its children through the environment, and what it changes of it.
_VARIABLES: Final = ("COVERAGE_FILE", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START", "COVERAGE_RCFILE")


class Trace(Protocol):
    """What both ways of tracing offer."""

    #: Which of coverage.py's cores measures: ``ctrace``, ``sysmon`` or ``pytrace``.
    core: str | None

    def collect(self) -> Plain:
        """Return what was measured. May stop measuring."""

    def stop(self) -> None:
        """Release everything."""


class OwnTrace:
    """Measures this process with a tracer of ours, from construction on.

    Raises ``coverage.CoverageException`` when the user's configuration of coverage.py is broken.
    """

    def __init__(self, rootdir: Path, roots: Sequence[str]) -> None:
        self.core: str | None = None
        self._rootdir = rootdir
        self._roots = roots
        self._process = os.getpid()
        self._undo = contextlib.ExitStack()
        self._tool: Coverage | None = None
        self._warnings: list[str] = []
        self._folder: str | None = None
        self._restore_variables()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        from coverage import Coverage

        with quietly(self._warnings), contextlib.chdir(self._rootdir):
            # In memory nothing can be left behind, however the process ends. Children need a file to share.
            tool = Coverage(data_file=None, check_preimported=True)
            if _measures_children(tool):
                self._folder = self._shared_folder()
                tool = Coverage(data_file=str(Path(self._folder, ".coverage")), check_preimported=True)
            tool.get_exclude_list()  # the plugins of coverage.py may change the configuration: have them do so now
            self._setup = Setup.of(tool, str(self._rootdir), config_file=True)
            if not self._setup.source_options:
                tool.set_option("run:include", [_pattern(self._rootdir / root) for root in self._roots])
            core = core_for(tool)
            if core.told:
                tool.set_option("run:core", core.name)
            with self._patches_undone(words(tool, "run:patch")):
                if tool.get_option("run:sigterm"):
                    self._undo.callback(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM))
                tool.start()
        self._tool = tool
        self.core = core_at_work()

    def collect(self) -> Plain:
        """Stop measuring and return the data, that of measured child processes included.

        The data folder goes at once: an xdist worker that has delivered may be ended before :meth:`stop`.
        """
        tool, self._tool = self._tool, None
        assert tool is not None, "collected twice"  # noqa: S101 - a mistake of ours, not of the user
        with self._undo, quietly(self._warnings), contextlib.chdir(self._rootdir):
            tool.stop()
            if self._folder:
                tool.combine()
            content = packed(tool.get_data())
        self._warnings += _about_greenlets(tool, self.core)
        if any(warning.endswith("(no-data-collected)") for warning in self._warnings):
            self._warnings += imported_elsewhere(self._rootdir, self._roots)
        return _plain(content, self._setup, self.core, self._warnings)

    def stop(self) -> None:
        """Stop measuring, remove the data folder, and give the process back what was changed of it."""
        tool, self._tool = self._tool, None
        if os.getpid() != self._process:
            return  # a child that was forked: the folder is its parent's
        with self._undo:
            if tool is not None:
                with quietly(self._warnings):
                    tool.stop()

    def _shared_folder(self) -> str:
        """Make the folder for the data of this process and its children."""
        folder = tempfile.mkdtemp(prefix=f"backend-gates-coverage-{os.getpid()}-")
        self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ["COVERAGE_FILE"] = str(Path(folder, ".coverage"))
        return folder

    def _restore_variables(self) -> None:
        for name in _VARIABLES:
            value = os.environ.get(name)
            if value is None:
                self._undo.callback(os.environ.pop, name, None)
            else:
                self._undo.callback(os.environ.__setitem__, name, value)

    @contextlib.contextmanager
    def _patches_undone(self, patches: Sequence[str]) -> Iterator[None]:
        """Have what ``[run] patch`` replaces inside put back when measuring ends, unless somebody else has by then."""
        names = {"_exit": ("_exit",), "execv": ("execv", "execve")}
        originals = {name: getattr(os, name) for patch in patches for name in names.get(patch, ())}
        yield
        for name, original in originals.items():
            self._undo.callback(_put_back, name, getattr(os, name), original)


def _put_back(name: str, replaced: object, original: object) -> None:
    if getattr(os, name) is replaced:
        setattr(os, name, original)


class OuterTrace:
    """Copies the data of the ``coverage run`` that is active in this process, and leaves it as it was."""

    def __init__(self, tool: "Coverage") -> None:
        self.core: str | None = core_at_work()
        self._tool = tool
        self._setup = Setup.of(tool, str(Path.cwd()), config_file=tool.config.config_file or False)

    def collect(self) -> Plain:
        """Return the data so far; the outer run goes on."""
        notes: list[str] = []
        with quietly(notes):
            content = packed(self._tool.get_data())
        notes += _about_greenlets(self._tool, self.core)
        return _plain(content, self._setup, self.core, notes)

    def stop(self) -> None:
        """Leave the outer run alone."""


def _plain(content: str, setup: Setup, core: str | None, notes: Sequence[str]) -> Plain:
    return {"data": content, "setup": asdict(setup), "core": core, "warnings": list(notes)}


def _measures_children(tool: "Coverage") -> bool:
    """Whether the configuration measures processes that the tests start, too."""
    measured = {*words(tool, "run:concurrency"), *words(tool, "run:patch")}
    return not measured.isdisjoint({"multiprocessing", "subprocess"})


def _pattern(path: Path) -> str:
    """Return the file pattern of coverage.py that means *path*, or everything in it."""
    real = os.path.realpath(path)
    return f"{escaped(real)}/*" if Path(real).is_dir() else escaped(real)


def _about_greenlets(tool: "Coverage", core: str | None) -> list[str]:
    if core in (None, "sysmon") or "sqlalchemy.ext.asyncio" not in sys.modules:
        return []
    if not GREENLETS.isdisjoint(words(tool, "run:concurrency")):
        return []
    return [
        "sqlalchemy.ext.asyncio runs in greenlets: without [run] concurrency = greenlet lines after an await are lost"
    ]
