"""What is measured file by file: one file an analyzer. ``probes/static.py`` runs them in a child process.

    Analyzer   what every analyzer offers
    BUILT_IN   the analyzers of this package, in the order in which they see a file

An analyzer is *prepared* and *analyzes* in the child; it *reduces* and *advises* in the place that judges.
Engines are imported where they are used: importing this package imports none.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Protocol

from pytest_backend_gates.analyzers.complexity import Complexity
from pytest_backend_gates.analyzers.security import Security
from pytest_backend_gates.analyzers.source import SourceFile
from pytest_backend_gates.measurements import Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict


class Analyzer(Protocol):
    """Measures one source file at a time. Whatever it raises becomes an error of that file."""

    #: The key of its results.
    name: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]

    def prepare(self, files: Sequence[str]) -> None:
        """Import the engine and read its configuration, once, with the rootdir as working directory.

        Raises whatever makes it impossible to analyze any file: that is the error of every metric.
        """

    def analyze(self, source: SourceFile) -> Plain:
        """Return what was measured in one file, as JSON-able data."""

    def reduce(self, results: Mapping[str, Plain]) -> Mapping[str, Reading]:
        """Turn the results by path into one reading per metric."""

    def advise(self, verdict: Verdict) -> Advice:
        """Help with a red or unproven verdict of one of this analyzer's metrics."""


BUILT_IN: Final[tuple[type[Analyzer], ...]] = (Complexity, Security)


def analyzers_named(names: Sequence[str]) -> tuple[Analyzer, ...]:
    """Return new analyzers, in the order of *names*. Raises ``KeyError`` for a name nobody has."""
    by_name = {analyzer.name: analyzer for analyzer in BUILT_IN}
    return tuple(by_name[name]() for name in names)
