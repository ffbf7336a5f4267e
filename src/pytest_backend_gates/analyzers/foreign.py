"""An analyzer of another plugin: what it hands over is looked at, and its faults are its own.

It is named by a reference, ``package.module:Class``: the process of the static scan imports it again.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_backend_gates.analyzers.failures import failure
from pytest_backend_gates.analyzers.source import SourceFile
from pytest_backend_gates.measurements import Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.well_formed import advised, as_json, checked

if TYPE_CHECKING:
    from pytest_backend_gates.analyzers import Analyzer

#: What an analyzer has and can do.
OFFERS: Final = ("name", "metrics", "prepare", "analyze", "reduce", "advise")


class ForeignAnalyzer:
    """Has *analyzer* measure, and raises or tells where it does not keep to what an analyzer returns."""

    def __init__(self, analyzer: "Analyzer") -> None:
        self._analyzer = analyzer
        self.name: str = analyzer.name
        self.metrics: tuple[Metric, ...] = tuple(analyzer.metrics)

    @classmethod
    def named(cls, reference: str) -> "ForeignAnalyzer":
        """Import what *reference* names, and make one. Raises what that raises."""
        module, _, path = reference.partition(":")
        found: object = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        if not callable(found):
            raise TypeError(f"{reference} is no class")
        made = found()
        missing = [name for name in OFFERS if not hasattr(made, name)]
        if missing:
            raise TypeError(f"{reference} is no analyzer: it has no {', '.join(missing)}")
        return cls(made)

    def prepare(self, files: Sequence[str]) -> None:
        """Prepare it."""
        self._analyzer.prepare(files)

    def fingerprint(self, rootdir: Path) -> str:
        """Return its own. Raises ``TypeError`` where it has none: then no results are kept between sessions."""
        told: object = getattr(self._analyzer, "fingerprint", lambda _: None)(rootdir)
        if not isinstance(told, str):
            raise TypeError(f"the {self.name} analyzer does not say what decides its results")
        return told

    def analyze(self, source: SourceFile) -> Plain:
        """Return what it measured in one file, as JSON has it. Raises ``TypeError`` for what JSON cannot write."""
        return as_json(self._analyzer.analyze(source), "analyze()")

    def reduce(self, results: Mapping[str, Plain]) -> Mapping[str, Reading]:
        """Return its readings; the other analyzers' stand also when it raises."""
        try:
            return checked(self.metrics, self._analyzer.reduce(results))
        except Exception as error:  # noqa: BLE001 - the boundary around an engine: told, and the others go on
            told = failure(error, None, f"the {self.name} analyzer")
            return {metric.name: Reading(errors=(told,)) for metric in self.metrics}

    def advise(self, verdict: Verdict) -> Advice:
        """Return its advice. Raises ``TypeError`` for what is none."""
        return advised(self._analyzer.advise(verdict))
