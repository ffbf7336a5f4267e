"""Budgets that a test gives: read with the grammar of thresholds, judged by the judge, told as its rows."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Final

from pytest_backend_gates.answers import Question
from pytest_backend_gates.errors import Problem
from pytest_backend_gates.evidence import FEW
from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import ROUNDS, Conditions, Kind, Metric, Reading, Samples, Trend
from pytest_backend_gates.metrics import AGGREGATES, Catalogue, aggregate_of, percentile_share
from pytest_backend_gates.model import Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.threshold import Preset, ThresholdSyntaxError, parse

#: How the report names what no test names: an operation, a benchmark, what is judged together.
_TAKEN: Final = re.compile(r"[A-Z]+ /.*|[A-Z]+ \(no route\)|[^ ]+\.py::.*|\(rest\)", re.DOTALL)


#: The aggregates of times, for messages. Of other percentiles there are some examples.
_AGGREGATES: Final = tuple(name for name in AGGREGATES[Kind.TREND] if name != "count")
_PERCENTILES: Final = ("p50", "p95", "p99.9")
_ALLOWED: Final = f"aggregates: {', '.join([*_AGGREGATES, *_PERCENTILES])} ..."
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")


class BudgetError(ValueError):
    """A budget that cannot be judged: what is wrong, and where."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the times of one name must satisfy."""

    name: str
    threshold: Threshold
    metric: Metric

    @property
    def needed(self) -> int:
        """How many rounds it takes to prove that it is kept."""
        threshold = self.threshold
        return Question(threshold.aggregate or "", threshold.operator or "", 0, Fraction(1)).needed

    def judge(self, times: Sequence[int], conditions: str, *, strict: bool) -> Verdict:
        """Judge *times*, in ticks of the metric, taken under *conditions*."""
        subjects = {self.name: Samples((array("q", times),), sources={ROUNDS: len(times)})}
        judge = Judge((self.threshold,), Catalogue.of([self.metric]), strict=strict)
        return judge.verdicts({self.metric.name: Reading(Trend(subjects, Conditions(rounds=conditions)))})[0]


def read_budget(name: str, text: str, metric: Metric) -> Budget:
    """Read ``p95 < 20ms``: a threshold of *metric* for the subject *name*, without either. Raises `BudgetError`."""
    lead = "" if text.lstrip().startswith(f"{metric.name}.") else f"{metric.name}."
    written = text.strip()
    _check_aggregate(name, written, metric)
    try:
        threshold = parse(lead + written, Catalogue.of([metric]), {}, Origin("test"))
    except ThresholdSyntaxError as error:
        allowed = (error.allowed or "").removesuffix(f", or '{metric.name} off'")
        start, end = (max(0, place - len(lead)) for place in error.span)
        raise _mistake(name, error.message, error.source.removeprefix(lead), (start, end), allowed) from None
    if isinstance(threshold, Preset) or threshold.is_off or threshold.selector:
        allowed = f"an aggregate and a limit: p95 < 20ms; {_ALLOWED}"
        raise _mistake(name, "this is no budget for times", written, (0, len(written)), allowed)
    return Budget(name, threshold, metric)


def _check_aggregate(name: str, written: str, metric: Metric) -> None:
    """See to it that *written* begins with an aggregate of times: how many rounds there are is no limit to keep."""
    start = len(metric.name) + 1 if written.startswith(f"{metric.name}.") else 0
    word = _WORD.match(written, start)
    if word is None:
        raise _mistake(name, "a budget begins with an aggregate", written, (start, start + 1), _ALLOWED)
    try:
        known = aggregate_of(metric, word[0])
    except ValueError:
        known = None
    if known not in _AGGREGATES and not percentile_share(known):
        close = get_close_matches(word[0], [*_AGGREGATES, *_PERCENTILES], n=1)
        meant = f"did you mean '{close[0]}'? " if close else ""
        raise _mistake(name, f"times have no aggregate '{word[0]}'", written, word.span(), meant + _ALLOWED)


def fewest_rounds(name: str, budgets: Sequence[Budget], asked: int | None) -> int:
    """Return how many rounds it takes to judge all *budgets*. Raises `BudgetError` if they cannot be."""
    if not name.strip():
        raise BudgetError("latency_budget: the name of what is timed is empty")
    if _TAKEN.fullmatch(name):
        raise BudgetError(
            f"latency_budget({name!r}): the report names operations and benchmarks so, and judges their samples apart:"
            f" give it a name of its own, such as {f'timed {name}'!r}"
        )
    needed = max([FEW, *(budget.needed for budget in budgets)])
    if asked is not None and (asked < 1 or (budgets and asked < needed)):
        why = f"its budgets need {needed:,}" if budgets else "at least 1"
        raise BudgetError(f"latency_budget({name!r}): rounds={asked} are too few: {why}")
    return needed


def kept_within(verdicts: Sequence[Verdict]) -> frozenset[str]:
    """Return the aggregates for which *verdicts* on one series of times have found it within an upper limit."""
    passed = [one.threshold for one in verdicts if one.outcome is Outcome.PASSED]
    return frozenset(one.aggregate or "" for one in passed if one.operator in ("<", "<="))


def _mistake(name: str, message: str, text: str, span: tuple[int, int], allowed: str | None) -> BudgetError:
    return BudgetError(str(Problem(message, f"latency_budget({name!r})", text, span, allowed)))
