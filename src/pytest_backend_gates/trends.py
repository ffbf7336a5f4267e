"""How a trend is judged: which subjects fail, pass, or have proven nothing yet. Part of the judge.

Percentiles follow `evidence`: over the limit only when the samples refute the limit, within it only with
enough samples. Subjects with too few samples that do not fail alone are judged together, as ``(rest)``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from pytest_backend_gates.answers import Answer, Proof, Question, kept, members, proving, seen, worst_first
from pytest_backend_gates.evidence import FALSE_ALARM, refuted
from pytest_backend_gates.measurements import Conditions, Number, Samples
from pytest_backend_gates.metrics import percentile_share
from pytest_backend_gates.model import Outcome, Verdict
from pytest_backend_gates.rules import relaxed
from pytest_backend_gates.samples import nearest_rank
from pytest_backend_gates.trend_words import (
    finding,
    in_base_units,
    reason,
    ticks,
    untimed_finding,
    untimed_text,
)

REST = "(rest)"


def judge_samples(row: Verdict, subjects: Mapping[str, Samples], conditions: Conditions) -> Verdict:
    """Judge *row* on the samples of *subjects*."""
    threshold = row.threshold
    limit = threshold.limit * ticks(row)
    exact = limit.numerator if limit.denominator == 1 else limit  # integers compare faster
    counts_things = row.metric.unit is None
    question = Question(
        threshold.aggregate or "", threshold.operator or "", exact, Fraction(1), exact=counts_things
    )
    counts = [samples.count for samples in subjects.values() if samples.count]
    tests = len(counts)
    if sum(count < question.needed for count in counts) > 1:
        tests += 1  # these are judged together too
    question = replace(question, alarm=FALSE_ALARM / max(1, tests))
    answers = _with_rest([_answer(question, name, samples) for name, samples in subjects.items()], question)
    return _summed_up(row, question, answers, conditions)


def with_untimed(row: Verdict, untimed: Mapping[str, str]) -> Verdict:
    """Add to *row* the benchmarks that were not timed, and why not: they prove nothing."""
    if not untimed:
        return row
    return replace(
        row,
        judged=row.judged + len(untimed),
        unproven=row.unproven + len(untimed),
        findings=(*row.findings, *(untimed_finding(row, *one) for one in sorted(untimed.items()))),
        reason="; ".join(filter(None, [untimed_text(untimed), row.reason])),
    )


def _answer(question: Question, subject: str, samples: Samples, parts: Sequence[Answer] = ()) -> Answer:
    ordered = samples.ordered()
    over, value = question.bad(ordered), _aggregate(question.aggregate, ordered)
    return Answer(subject, samples, _proof(question, len(ordered), over, value), value, over, tuple(parts))


def _proof(question: Question, count: int, over: int, value: Number | None) -> Proof:
    """Return what *count* samples prove, *over* of them beyond the limit, with *value* as their aggregate."""
    tail = question.tail
    if value is None:
        return Proof.TOO_FEW
    if tail is not None and refuted(count, over, tail, question.alarm):
        return Proof.OVER
    if question.is_refuted_by_one and not question.good(value):
        return Proof.OVER
    if count < question.needed:
        return Proof.TOO_FEW
    if question.good(value):
        return Proof.WITHIN
    return Proof.OVER if tail is None else Proof.NOTHING


def _aggregate(name: str, ordered: Sequence[int]) -> Number | None:
    if name == "count":
        return len(ordered)
    if not ordered:
        return None
    if name == "mean":
        return Fraction(sum(ordered), len(ordered))
    if name == "med":
        middle = len(ordered) // 2
        return (
            Fraction(ordered[middle] + ordered[-middle - 1], 2) if len(ordered) % 2 == 0 else ordered[middle]
        )
    share = percentile_share(name)
    if share is not None:
        return nearest_rank(ordered, share)
    return ordered[0] if name == "min" else ordered[-1]


def _with_rest(answers: Sequence[Answer], question: Question) -> list[Answer]:
    """Put the subjects with too few samples together, and keep them apart when even that proves nothing."""
    small = [answer for answer in answers if answer.proof is Proof.TOO_FEW and answer.samples.count]
    if len(small) < 2:
        return list(answers)
    rest = _answer(question, REST, _pooled(small), small)
    if rest.proof is Proof.TOO_FEW:
        return list(answers)
    pooled = {answer.subject for answer in small}
    return [*(answer for answer in answers if answer.subject not in pooled), rest]


def _pooled(answers: Sequence[Answer]) -> Samples:
    return Samples(
        runs=tuple(run for answer in answers for run in answer.samples.runs),
        seen=seen(answers),
        averaged=sum(answer.samples.averaged for answer in answers),
    )


def _summed_up(
    row: Verdict, question: Question, answers: Sequence[Answer], conditions: Conditions
) -> Verdict:
    over = worst_first(question, proving(answers, Proof.OVER))
    within = worst_first(question, proving(answers, Proof.WITHIN))
    unproven = proving(answers, Proof.NOTHING, Proof.TOO_FEW)
    worst = (over or within or worst_first(question, unproven))[0]
    return replace(
        row,
        outcome=Outcome.FAILED if over else Outcome.PASSED if within else Outcome.SKIPPED,
        relax=_relaxed(row, question, [*over, *within]) if over else None,
        value=in_base_units(row, worst.value),
        worst=worst.subject,
        hits=sum(answer.over for answer in answers),
        total=kept(answers),
        judged=members(answers),
        over=members(over),
        unproven=members(unproven),
        findings=tuple(finding(row, question, answer) for answer in [*over, *unproven, *_hidden(within)]),
        reason=reason(row, question, answers, worst, conditions),
    )


def _hidden(within: Sequence[Answer]) -> Iterator[Answer]:
    """Yield what passes together with others, and would not alone."""
    return (part for answer in within for part in answer.parts if part.over)


def _relaxed(row: Verdict, question: Question, answers: Sequence[Answer]) -> str:
    """Return the line that would accept all *answers*: those over, and those within an ``==``."""
    upper = not question.symbol.startswith(">")
    values = [answer.value or 0 for answer in answers]
    value = in_base_units(row, max(values) if upper else min(values))
    return relaxed(row.threshold, value or 0, upper=upper)
