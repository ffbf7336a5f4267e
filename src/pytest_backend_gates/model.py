"""What was ruled and how it was judged: the values that the judge hands to the reports. All are frozen.

Threshold      one rule of the project, and where it was written
Verdict        one threshold, judged
Advice         a probe's help with a verdict
GateReport     the verdicts of one gate
SessionReport  everything that the reports tell
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from pytest_backend_gates.measurements import Finding, Measurement, Metric, Number


class Outcome(StrEnum):
    """What became of a threshold or a gate, from the least to the most alarming."""

    OFF = "OFF"
    PASSED = "PASSED"
    WAIVED = "WAIVED"
    SKIPPED = "SKIPPED"
    NO_DATA = "NO_DATA"
    FAILED = "FAILED"
    ERROR = "ERROR"

    @property
    def severity(self) -> int:
        """The place in the order above: a gate is as bad as its worst row."""
        return list(Outcome).index(self)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a threshold was written. ``kind`` is ``default``, ``ini`` or ``command line``."""

    kind: str
    path: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.path is None:
            return self.kind
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Threshold:
    """One rule: ``metric.aggregate[selector] operator limit``, or the same with ``off`` (no operator)."""

    text: str
    origin: Origin
    metric: str
    #: Metric and aggregate as written; ``aggregate`` is the one it means.
    name: str
    aggregate: str | None = None
    #: The selector as written, without the brackets, and the globs it stands for.
    selector: str | None = None
    globs: tuple[str, ...] = ()
    operator: str | None = None
    #: In base units, with the unit in which it was written.
    limit: Fraction = Fraction(0)
    unit: str | None = None
    #: Whether a ``preset:`` line or ``addopts`` stands for it; later lines override it without complaint.
    from_preset: bool = False

    @property
    def is_off(self) -> bool:
        """Whether this is ``metric off``, or such a line for one aggregate or selector."""
        return self.operator is None

    def switches_off(self, other: "Threshold") -> bool:
        """Whether this is an ``off`` for what *other* is: the whole metric, or just that aggregate and selector."""
        if not self.is_off or self.metric != other.metric:
            return False
        same = self.aggregate in (None, other.aggregate) and self.globs == other.globs
        return same or self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether it names nothing but its metric."""
        return self.left_side == self.metric

    @property
    def left_side(self) -> str:
        """``metric.aggregate[selector]``, as one would write it."""
        return f"{self.name}[{self.selector}]" if self.selector else self.name


@dataclass(frozen=True, slots=True)
class Verdict:
    """One threshold, judged: a row of the report."""

    threshold: Threshold
    metric: Metric
    outcome: Outcome
    red: bool
    #: One sentence: the denominator, and why the outcome is what it is.
    reason: str
    #: In base units: the summed ratio, the count, or the value of the worst subject (named in ``worst``).
    value: Number | None = None
    worst: str | None = None
    hits: int | None = None
    total: int | None = None
    #: Subjects judged, over the limit, without enough evidence either way, and waived.
    judged: int = 0
    over: int = 0
    unproven: int = 0
    waived: int = 0
    #: The ini line that would accept what was measured; for red rows.
    relax: str | None = None
    hint: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """A probe's help with a red or unproven row. It changes no verdict."""

    hint: str | None = None
    #: Findings to show instead of the judge's, most useful first; ``None`` keeps those.
    findings: tuple[Finding, ...] | None = None


@dataclass(frozen=True, slots=True)
class GateReport:
    """The verdicts of one gate. Its outcome is the most alarming of its rows'."""

    gate: str
    outcome: Outcome
    red: bool
    reason: str
    rows: tuple[Verdict, ...]
    hint: str | None = None
    #: What this gate added to the session, in seconds of wall time.
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionReport:
    """Everything there is to tell; complete before any renderer sees it."""

    outcome: str  # passed, failed or incomplete
    version: str
    python: str
    platform: str
    rootdir_name: str
    commit: str | None
    args: tuple[str, ...]
    workers: int
    #: When the session started: ISO 8601 with its offset from UTC.
    started: str
    seconds: float = 0.0
    gates_seconds: float = 0.0
    exit_status: int | None = None
    narrowed: str | None = None
    engines: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    gates: tuple[GateReport, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
