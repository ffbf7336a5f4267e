"""What is measured file by file: one file an analyzer. ``probes/static.py`` runs them in a child process.

    Analyzer   what every analyzer offers
    BUILT_IN   the analyzers of this package, in the order in which they see a file

An analyzer is *prepared* and *analyzes* in the child; it *reduces* and *advises* in the place that judges.
Engines are imported where they are used: importing this package imports none.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from pytest_backend_gates.analyzers.complexity import Complexity
from pytest_backend_gates.analyzers.foreign import ForeignAnalyzer
from pytest_backend_gates.analyzers.security import Security
from pytest_backend_gates.analyzers.source import SourceFile
from pytest_backend_gates.measurements import Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict


class Analyzer(Protocol):
    """Measures one source file at a time. Whatever it raises becomes an error of that file."""

    @property
    def name(self) -> str:
        """The key of its results."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What it measures."""

    def prepare(self, files: Sequence[str]) -> None:
        """Import the engine and read its configuration, once, with the rootdir as working directory.

        Raises whatever makes it impossible to analyze any file: that is the error of every metric.
        """

    def fingerprint(self, rootdir: Path) -> str:
        """Return everything besides a file that decides its result, without importing the engine.

        Raises whatever keeps it from knowing: then results are not kept between sessions.
        """

    def analyze(self, source: SourceFile) -> Plain:
        """Return what was measured in one file, as JSON-able data."""

    def reduce(self, results: Mapping[str, Plain]) -> Mapping[str, Reading]:
        """Turn the results by path into one reading per metric."""

    def advise(self, verdict: Verdict) -> Advice:  # noqa: ARG002 - for those who inherit it
        """Help with a red or unproven verdict of one of this analyzer's metrics."""
        return Advice()


BUILT_IN: Final = (Complexity, Security)


def analyzer_named(name: str) -> Analyzer:
    """Return a new analyzer: one of these, or what a reference names, ``package.module:Class``.

    Raises ``KeyError`` for a name nobody has, and for a reference what importing it raises.
    """
    if ":" in name:
        return ForeignAnalyzer.named(name)
    by_name: dict[str, type[Analyzer]] = {analyzer.name: analyzer for analyzer in BUILT_IN}
    return by_name[name]()
