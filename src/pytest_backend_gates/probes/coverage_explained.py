"""Who will measure coverage, and under which configuration of coverage.py: told before anything is measured."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_backend_gates.probes.coverage_core import Core, core_for
from pytest_backend_gates.probes.coverage_setup import SOURCE_OPTIONS, faults, quietly, words

if TYPE_CHECKING:
    from coverage import Coverage

#: Who measures when nobody else does.
OURS: Final = "measured by this plugin"


def measured_by(*, adopted: bool) -> str:
    """Say who measures: pytest-cov when that was *adopted*, an outer ``coverage run``, or this plugin."""
    from coverage import Coverage

    if adopted:
        return "measured by pytest-cov"
    return OURS if Coverage.current() is None else "measured by the outer coverage run"


def configured_by(rootdir: Path) -> str:
    """Name the configuration file of coverage.py that counts in *rootdir*, and what it says of source."""
    try:
        tool = _configured(rootdir)
    except faults() as error:
        return f"its configuration is broken: {error}"
    file = tool.config.config_file
    if file is None:
        return "no configuration: lines of the source"
    named = [f"{option.removeprefix('run:')} = {', '.join(words(tool, option))}" for option in SOURCE_OPTIONS]
    named = [text for text in named if not text.endswith("= ")] or ["the source"]
    lines = "lines and branches" if tool.get_option("run:branch") else "lines"
    return f"{Path(file).name}: {lines} of {', '.join(named)}"


def core_in(rootdir: Path) -> Core | None:
    """Return the core that will measure where this plugin does; ``None`` if coverage.py's configuration is broken."""
    try:
        return core_for(_configured(rootdir))
    except faults():
        return None


def _configured(rootdir: Path) -> "Coverage":
    from coverage import Coverage

    with quietly([]), contextlib.chdir(rootdir):
        return Coverage(data_file=None)
