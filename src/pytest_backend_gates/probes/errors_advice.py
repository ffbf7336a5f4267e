"""Which operations failed, how often and in which way: help with the rows of ``errors``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_backend_gates.measurements import Finding, Ratio
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.selector import matches


@dataclass(slots=True)
class Failures:
    """How many requests of one operation there were, and how many failed in which way: a status, or an exception."""

    asked: int = 0
    ways: dict[str, int] = field(default_factory=dict)

    @property
    def ratio(self) -> Ratio:
        """Those that failed, of all."""
        return Ratio(sum(self.ways.values()), self.asked)

    def add(self, asked: int, ways: Mapping[str, int]) -> None:
        """Add what another process saw."""
        self.asked += asked
        for way, count in ways.items():
            self.ways[way] = self.ways.get(way, 0) + count

    def __str__(self) -> str:
        ordered = sorted(self.ways.items(), key=lambda one: (-one[1], one[0]))
        told = (f"{way} {'once' if count == 1 else f'{count:,} times'}" for way, count in ordered)
        return f"{self.ratio.hits:,} of {self.asked:,} requests failed: {', '.join(told)}"


def advise(verdict: Verdict, operations: Mapping[str, Failures]) -> Advice:
    """Name the operations of *verdict* that failed, most often first."""
    globs = verdict.threshold.globs
    failed = [(name, one) for name, one in operations.items() if one.ways and matches(globs, name)]
    failed.sort(key=lambda named: (-named[1].ratio.hits, named[0]))
    findings = tuple(Finding(name, str(one), identity="failed") for name, one in failed)
    return Advice(findings=findings or None)
