"""What a run cost, and what many runs say together."""

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from statistics import median
from typing import Final, Self

#: What one of the system's units of memory is: a kilobyte, or a byte.
KILOBYTES_IN_A_UNIT: Final = 1024 if sys.platform == "darwin" else 1
#: What is measured of a run, with its unit.
UNITS: Final = {"wall": "s", "cpu": "s", "memory": "MB"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run cost: seconds of wall time, seconds of user and system time, peak memory in megabytes.

    Of several processes the times add up, and the memory is that of the largest.
    """

    wall: float
    cpu: float
    memory: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.memory, other.memory))

    def of(self, what: str) -> float:
        """Return one of the three. Raises ``KeyError`` for any other name."""
        return {"wall": self.wall, "cpu": self.cpu, "memory": self.memory}[what]


@dataclass(frozen=True, slots=True)
class Summary:
    """Many runs of one side, in the order in which they were made; where it has several commands, those of each too."""

    costs: tuple[Cost, ...]
    parts: "tuple[Summary, ...]" = ()

    @classmethod
    def of_runs(cls, runs: Sequence[Sequence[Cost]]) -> Self:
        """Summarize *runs*: of each what its commands cost."""
        parts = tuple(map(Summary, zip(*runs, strict=True)))
        return cls(tuple(reduce(add, run) for run in runs), parts if len(parts) > 1 else ())

    def median(self, what: str) -> float:
        """Return the median of *what*."""
        return median(cost.of(what) for cost in self.costs)

    def spread(self, what: str) -> float | None:
        """Return the distance between the quartiles as a share of the median; None with fewer than four runs."""
        values = [cost.of(what) for cost in self.costs]
        between, middle = quartiles(values), median(values)
        return (between[1] - between[0]) / middle if between and middle else None


def quartiles(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the lower and the upper one; None of fewer than four values."""
    ordered, quarter = sorted(values), len(values) // 4
    return (ordered[quarter], ordered[-quarter - 1]) if quarter else None


def peak_memory() -> float:
    """Return the peak memory of this process so far, in megabytes.

    Not what its parent had when it began this one, which Linux counts in where it tells of a child.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / KILOBYTES_IN_A_UNIT
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def ratio(ours: Summary, theirs: Summary, what: str) -> float:
    """Return the ratio of the medians. Raises ``ZeroDivisionError`` where the other side costs nothing."""
    return ours.median(what) / theirs.median(what)


def differences(ours: Summary, theirs: Summary, what: str) -> list[float]:
    """Return the difference in each pair: what disturbs both runs of a pair cancels."""
    pairs = zip(ours.costs, theirs.costs, strict=True)
    return [one.of(what) - other.of(what) for one, other in pairs]
