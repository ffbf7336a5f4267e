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
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, Self

from pytest_backend_gates.samples import packed, unpacked

Number = int | Fraction
#: What crosses a process boundary: anything that ``json`` can write and read back unchanged.
Plain = dict[str, Any]
#: Where samples come from that were timed in rounds, and not as requests of the tests.
ROUNDS: Final = "benchmark"
#: The fields of samples that cross a process boundary as they are.
_AS_THEY_ARE: Final = ("cold", "seen", "native", "sources", "averaged")


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
        parts = f"{self.code or ''}\0{self.subject}\0{self.identity or self.message}"
        return hashlib.sha256(parts.encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def with_hint(self, hint: str) -> "Finding":
        """Return this finding with another *hint*; much faster than ``dataclasses.replace``."""
        place = (self.path, self.line, self.end_line)
        return Finding(self.subject, self.message, self.value, *place, self.code, hint, self.identity)

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
    #: Whether the total is a sample of what is to come, as requests are: too few of it prove nothing.
    sampled: bool = False

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
    #: Thing examined -> how many more were counted there, of which there is nothing to say but their number.
    tallies: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def names(self) -> frozenset[str]:
        """What a threshold can own: the things examined, and those with findings."""
        return self.examined | {finding.subject for finding in self.findings}

    def count(self, among: frozenset[str]) -> int:
        """Return how many there are in the things *among*."""
        found = sum(finding.subject in among for finding in self.findings)
        return found + sum(number for name, number in self.tallies.items() if name in among)

    def shown(self, among: frozenset[str]) -> tuple[Finding, ...]:
        """Return what there is to look at in the things *among*: the findings, and a line for each tally."""
        told = [*self.findings, *(Finding(name, f"{n:,}", n) for name, n in self.tallies.items() if n)]
        return tuple(finding for finding in told if finding.subject in among)


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
    #: The aggregates for which tests have given all of it upper limits of their own, and found it within.
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
            self.budgets & other.budgets,
        )

    @property
    def count(self) -> int:
        """How many samples are kept."""
        return sum(len(run) for run in self.runs)

    def ordered(self) -> "array[int]":
        """All samples, smallest first."""
        return array("q", sorted([sample for run in self.runs for sample in run]))

    def to_plain(self) -> Plain:
        """Return JSON-able data for :meth:`from_plain`."""
        runs, budgets = [packed(run) for run in self.runs], sorted(self.budgets)
        return {"runs": runs, "budgets": budgets, **{name: getattr(self, name) for name in _AS_THEY_ARE}}

    @classmethod
    def from_plain(cls, data: Plain) -> Self:
        """Read what :meth:`to_plain` wrote."""
        runs = tuple(unpacked(run) for run in data["runs"])
        return cls(runs, **{name: data[name] for name in _AS_THEY_ARE}, budgets=frozenset(data["budgets"]))


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what times were measured, for the rows that judge them."""

    #: The requests of the tests, or whatever else they do: ``coverage core ctrace``.
    requests: str = ""
    #: Rounds of their own: ``coverage paused``.
    rounds: str = ""
    #: All of them: ``2 workers``.
    workers: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """Samples per subject; every subject is judged by an aggregate of its own samples."""

    subjects: Mapping[str, Samples]
    conditions: Conditions = Conditions()
    #: Benchmarks without samples -> why they were not timed.
    untimed: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """What a threshold can own: the subjects, and those without samples."""
        return frozenset({*self.subjects, *self.untimed})

    def __add__(self, other: "Trend") -> "Trend":
        subjects = dict(self.subjects)
        for name, samples in other.subjects.items():
            subjects[name] = subjects[name] + samples if name in subjects else samples
        conditions = self.conditions if self.conditions != Conditions() else other.conditions
        missed = {**self.untimed, **other.untimed}
        untimed = {name: why for name, why in missed.items() if name not in subjects}
        return Trend(dict(sorted(subjects.items())), conditions, untimed)


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
    #: Sets that thresholds may name -> the subjects found to be in them: ``crud``.
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)

    def __add__(self, other: "Reading") -> "Reading":
        """Put together what two probes say of one metric, a trend: also why one of them has nothing."""
        reasons = filter(None, [self.unavailable, other.unavailable])
        return Reading(
            _together(self.measurement, other.measurement),
            tuple(dict.fromkeys(self.errors + other.errors)),
            "; ".join(reasons) or None,
            self.hint or other.hint,
            tuple(dict.fromkeys(self.notes + other.notes)),
            {**self.sets, **other.sets},
        )


def _together(one: Measurement | None, other: Measurement | None) -> Measurement | None:
    if one is None or other is None:
        return other if one is None else one
    if not (isinstance(one, Trend) and isinstance(other, Trend)):
        raise TypeError("two probes measured one metric that is no trend")
    return one + other
