"""What was measured: the values that probes hand to the judge. All are frozen.

    Metric       what can be measured: a name, its kind, its unit, the gate it belongs to
    Measurement  what was measured: Rate, Counter, Gauge or Trend, by subject
    Finding      one thing to look at
    Reading      a measurement with what went wrong while taking it, or why there is none

A *subject* is what a value belongs to: a file, ``src/shop/cart.py::Cart.total``, ``GET /orders/{order_id}``.
Paths are relative to the rootdir and use forward slashes everywhere.
"""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Any, Self

Number = int | Fraction
#: What crosses a process boundary: anything that ``json`` can write and read back unchanged.
Plain = dict[str, Any]


class Kind(StrEnum):
    """How a metric's values merge and are judged (k6's four kinds)."""

    RATE = "rate"
    COUNTER = "counter"
    GAUGE = "gauge"
    TREND = "trend"


@dataclass(frozen=True, slots=True)
class Metric:
    """What can be measured. A probe declares its metrics; the catalogue collects them."""

    name: str
    kind: Kind
    #: The base unit (``%`` from 0 to 100, ``s``, ``B``, ``/s``) or ``None``.
    unit: str | None
    gate: str
    #: What one subject is, in the singular: ``file``, ``block``, ``finding``, ``operation``.
    subject: str
    #: Trends hold integers: this many make one base unit (nanoseconds for ``latency``).
    ticks: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: where it is, what it is, and what would help."""

    subject: str
    message: str
    value: Number | None = None
    path: str | None = None
    line: int | None = None
    end_line: int | None = None
    code: str | None = None
    hint: str | None = None
    #: What makes two findings with the same subject, code and message different (never a line number).
    identity: str = ""

    @property
    def fingerprint(self) -> str:
        """A name for this finding that survives edits elsewhere in the file."""
        parts = (self.code or "", self.subject, self.identity or self.message)
        return hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:16]

    @property
    def place(self) -> str:
        """``path:line`` where it is known, else the subject."""
        if self.path is None:
            return self.subject
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Ratio:
    """Integer hits of an integer total."""

    hits: int
    total: int

    def __add__(self, other: "Ratio") -> "Ratio":
        return Ratio(self.hits + other.hits, self.total + other.total)

    @property
    def percent(self) -> Fraction:
        """The exact percentage. Raises ``ZeroDivisionError`` when nothing was counted."""
        return Fraction(100 * self.hits, self.total)


@dataclass(frozen=True, slots=True)
class Rate:
    """Hits of a total per subject; judged as the summed ratio of the subjects selected."""

    subjects: Mapping[str, Ratio]
    #: What hits and total count, in the plural: ``lines and branches``.
    of: str = "hits"
    #: Subject -> why it is no hit though nothing is known to be wrong with it; told, and counted all the same.
    unproven: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """What a threshold can own: the subjects."""
        return frozenset(self.subjects)


@dataclass(frozen=True, slots=True)
class Counter:
    """Findings among the things examined; judged by how many a threshold owns."""

    findings: tuple[Finding, ...]
    #: Everything that could have had a finding: a count of zero means something only beside it.
    examined: frozenset[str]
    #: What one examined thing is, in the singular: ``file``.
    of: str = "file"
    #: What was found besides and counts elsewhere, for the row: ``2 medium, 1 suppressed``.
    aside: str = ""
    #: What was examined without proving anything -> why: no finding there means nothing.
    unproven: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def names(self) -> frozenset[str]:
        """What a threshold can own: the things examined, and those with findings."""
        return self.examined | {finding.subject for finding in self.findings}


@dataclass(frozen=True, slots=True)
class Point:
    """One gauge value and the lines it was read from."""

    value: Number
    path: str | None = None
    line: int | None = None
    end_line: int | None = None


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number per subject; every subject is judged by itself."""

    subjects: Mapping[str, Point]

    @property
    def names(self) -> frozenset[str]:
        """What a threshold can own: the subjects."""
        return frozenset(self.subjects)


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one subject, in ticks, in the order they were taken, one array a process.

    The first sample of each process is cold: counted in ``cold``, not kept. ``seen`` is larger than
    ``count`` when a reservoir kept a uniform part of them.
    """

    runs: tuple["array[int]", ...]
    cold: int = 0
    seen: int = 0
    #: The operation as its framework spells it.
    native: str | None = None
    #: How many samples came from where: ``test``, ``generated``, ``benchmark``.
    sources: Mapping[str, int] = field(default_factory=dict)
    #: How many of the samples are each the mean of several calls.
    averaged: int = 0
    #: The aggregates for which a test has given it a budget of its own, and judged that.
    budgets: frozenset[str] = frozenset()

    def __add__(self, other: "Samples") -> "Samples":
        names = {*self.sources, *other.sources}
        sources = {name: self.sources.get(name, 0) + other.sources.get(name, 0) for name in sorted(names)}
        return Samples(
            self.runs + other.runs,
            self.cold + other.cold,
            max(self.seen, self.count) + max(other.seen, other.count),
            self.native or other.native,
            sources,
            self.averaged + other.averaged,
            self.budgets | other.budgets,
        )

    @property
    def count(self) -> int:
        """How many samples are kept."""
        return sum(len(run) for run in self.runs)

    def ordered(self) -> "array[int]":
        """All samples, smallest first."""
        return array("q", sorted(sample for run in self.runs for sample in run))

    def to_plain(self) -> Plain:
        """Return JSON-able data for :meth:`from_plain`."""
        return {
            "runs": [list(run) for run in self.runs],
            "cold": self.cold,
            "seen": self.seen,
            "native": self.native,
            "sources": dict(self.sources),
            "averaged": self.averaged,
            "budgets": sorted(self.budgets),
        }

    @classmethod
    def from_plain(cls, data: Plain) -> Self:
        """Read what :meth:`to_plain` wrote."""
        runs = tuple(array("q", run) for run in data["runs"])
        kept = {name: data[name] for name in ("cold", "seen", "native", "sources", "averaged")}
        return cls(runs, **kept, budgets=frozenset(data["budgets"]))


def nearest_rank(ordered: Sequence[int], share: Fraction) -> int:
    """Return the smallest of the *ordered* samples such that at least *share* of them are at most as large.

    Raises ``IndexError`` without samples.
    """
    return ordered[max(1, ceil(share * len(ordered))) - 1]


@dataclass(frozen=True, slots=True)
class Trend:
    """Samples per subject; every subject is judged by an aggregate of its own samples."""

    subjects: Mapping[str, Samples]
    #: Under what it was measured, for the row: ``coverage core ctrace, 2 workers``.
    conditions: str = ""

    @property
    def names(self) -> frozenset[str]:
        """What a threshold can own: the subjects."""
        return frozenset(self.subjects)

    def __add__(self, other: "Trend") -> "Trend":
        subjects = dict(self.subjects)
        for name, samples in other.subjects.items():
            subjects[name] = subjects[name] + samples if name in subjects else samples
        return Trend(dict(sorted(subjects.items())), self.conditions or other.conditions)


Measurement = Rate | Counter | Gauge | Trend


@dataclass(frozen=True, slots=True)
class Reading:
    """What a probe says of one metric at the end of the session.

    ``errors`` make the verdict ERROR whatever was measured. Without a measurement and without errors,
    ``unavailable`` says why there is none and the verdict is SKIPPED.
    """

    measurement: Measurement | None = None
    errors: tuple[Finding, ...] = ()
    unavailable: str | None = None
    hint: str | None = None
    #: What a reader of the report should know whatever the verdict.
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Reading") -> "Reading":
        """Put together what two probes say of one metric: of a trend, whose samples add up.

        What one of them measured stands, and why the other has nothing is still told.
        """
        reasons = filter(None, [self.unavailable, other.unavailable])
        return Reading(
            _together(self.measurement, other.measurement),
            tuple(dict.fromkeys(self.errors + other.errors)),
            "; ".join(reasons) or None,
            self.hint or other.hint,
            tuple(dict.fromkeys(self.notes + other.notes)),
        )


def _together(one: Measurement | None, other: Measurement | None) -> Measurement | None:
    if one is None or other is None:
        return other if one is None else one
    if not (isinstance(one, Trend) and isinstance(other, Trend)):
        raise TypeError("two probes measured one metric that is no trend")
    return one + other
