"""What a threshold asks of the samples of a trend, and what became of each subject.

Question  the aggregate, the limit, how sure to be
Answer    what the samples of one subject prove
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from itertools import groupby

from pytest_backend_gates.evidence import FEW, samples_needed
from pytest_backend_gates.measurements import Number, Samples
from pytest_backend_gates.metrics import percentile_share
from pytest_backend_gates.units import OPERATORS, badness


class Proof(Enum):
    """What the samples of one subject prove."""

    WITHIN = "within"
    OVER = "over"
    NOTHING = "unproven"
    TOO_FEW = "too few"


@dataclass(frozen=True)
class Question:
    """What a threshold asks of each subject: its aggregate, its limit in ticks, and how sure to be."""

    aggregate: str
    symbol: str
    limit: Number
    #: The chance of a false alarm that one subject may have.
    alarm: Fraction
    #: Whether the samples are counts, which are what they are on any machine.
    exact: bool = False

    @cached_property
    def tail(self) -> Fraction | None:
        """The share of samples that may lie beyond the limit; ``None`` unless a percentile is asked."""
        share = percentile_share(self.aggregate)
        if share is None:
            return None
        return share if self.symbol.startswith(">") else 1 - share

    @cached_property
    def needed(self) -> int:
        """How many samples it takes to prove that a subject is within: 20 for p95, and also for p5."""
        if self.aggregate == "count":
            return 0
        return FEW if self.tail is None else samples_needed(min(self.tail, 1 - self.tail))

    @property
    def is_refuted_by_one(self) -> bool:
        """Whether one sample beyond the limit says it all: no other one could bring the extreme back."""
        extremes = {"max": ("<", "<="), "min": (">", ">=")}
        return self.exact and self.symbol in extremes.get(self.aggregate, ())

    def good(self, value: Number) -> bool:
        """Whether *value*, in ticks, is within the limit."""
        return OPERATORS[self.symbol](value, self.limit)

    def bad(self, ordered: Sequence[int]) -> int:
        """Return how many of the *ordered* samples are not within the limit."""
        if self.aggregate == "count":
            return 0
        below, up_to = bisect_left(ordered, self.limit), bisect_right(ordered, self.limit)
        good = {"<": below, "<=": up_to, ">=": len(ordered) - below, ">": len(ordered) - up_to}
        return len(ordered) - good.get(self.symbol, up_to - below)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one subject (or of several, together)."""

    subject: str
    samples: Samples
    proof: Proof
    #: In ticks; ``None`` without samples.
    value: Number | None
    #: How many samples lie over the limit.
    over: int
    #: The answers of those that are judged here together, each with too few samples alone.
    parts: "tuple[Answer, ...]" = ()

    @property
    def members(self) -> int:
        """How many subjects this is about."""
        return len(self.parts) or 1

    def badness(self, question: Question) -> Number:
        """Return a number that is the larger the farther the value is beyond the limit."""
        return badness(self.value or 0, question.limit, question.symbol)


def proving(answers: Iterable[Answer], *proofs: Proof) -> list[Answer]:
    """Return the answers that prove one of *proofs*."""
    return [answer for answer in answers if answer.proof in proofs]


def worst_first(question: Question, answers: Iterable[Answer]) -> list[Answer]:
    """Return *answers*, the farthest beyond the limit first."""
    return sorted(answers, key=lambda answer: answer.badness(question), reverse=True)


def members(answers: Iterable[Answer]) -> int:
    """Return how many subjects *answers* are about."""
    return sum(answer.members for answer in answers)


def kept(answers: Iterable[Answer]) -> int:
    """Return how many samples were kept."""
    return sum(answer.samples.count for answer in answers)


def seen(answers: Iterable[Answer]) -> int:
    """Return how many samples there were, kept or not."""
    return sum(max(answer.samples.seen, answer.samples.count) for answer in answers)


def longest_run_over(samples: Samples, question: Question) -> int:
    """Return the longest run of consecutive samples over the limit, within one process."""
    runs = (groupby(run, key=question.good) for run in samples.runs)
    return max((sum(1 for _ in group) for run in runs for good, group in run if not good), default=0)
