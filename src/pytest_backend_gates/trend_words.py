"""What is said of the samples of a trend: the sentence of a row, and that of each subject."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from pytest_backend_gates.answers import (
    Answer,
    Proof,
    Question,
    kept,
    longest_run_over,
    members,
    proving,
    seen,
)
from pytest_backend_gates.evidence import refuting_count
from pytest_backend_gates.measurements import ROUNDS, Conditions, Finding, Number, Samples
from pytest_backend_gates.model import Verdict
from pytest_backend_gates.units import SIDES, counted, quantity_text, shown_beside

#: What was timed on purpose, in rounds of its own: by ``latency_budget``, by pytest-benchmark.
_TIMED: Final = "benchmark"


def ticks(row: Verdict) -> int:
    """Return how many ticks of the samples make one base unit of the limit."""
    return 1 if row.threshold.aggregate == "count" else row.metric.ticks


def in_base_units(row: Verdict, value: Number | None) -> Fraction | None:
    """Convert *value* from ticks."""
    return None if value is None else Fraction(value, ticks(row))


def reason(
    row: Verdict, question: Question, answers: Sequence[Answer], worst: Answer, conditions: Conditions
) -> str:
    """Return the sentence of a row: what was judged, on how many samples, under what conditions."""
    unproven = members(proving(answers, Proof.NOTHING, Proof.TOO_FEW))
    parts = [
        _judged_text(row, question, answers, worst),
        f"{unproven} unproven" if unproven else "",
        _samples_text(kept(answers), seen(answers)),
        _averaged_text(answers),
    ]
    told = ", ".join(part for part in parts if part)
    under = _conditions_text(answers, conditions)
    return f"{told}; {under}" if under else told


def _conditions_text(answers: Sequence[Answer], conditions: Conditions) -> str:
    """Say under what the samples of *answers* were taken, which may be requests, rounds, or some of each."""
    samples = _samples(answers)
    rounds = sum(one.sources.get(ROUNDS, 0) for one in samples)
    traced = conditions.rounds if rounds else conditions.requests
    if 0 < rounds < sum(one.count for one in samples) and conditions.requests != conditions.rounds:
        traced = f"{conditions.requests}, in rounds {conditions.rounds}"
    return ", ".join(filter(None, [traced, conditions.workers]))


def _samples(answers: Iterable[Answer]) -> list[Samples]:
    """Return the samples of each subject, those that were judged together included."""
    return [part.samples for answer in answers for part in answer.parts or (answer,)]


def _judged_text(row: Verdict, question: Question, answers: Sequence[Answer], worst: Answer) -> str:
    over, within = members(proving(answers, Proof.OVER)), members(proving(answers, Proof.WITHIN))
    if not over and not within:
        return f"nothing proven: {worst.subject}: {finding(row, question, worst).message}"
    nouns = nouns_of(row, _samples(answers))
    together = f" ({worst.members} {nouns[1]} with few samples, together)" if worst.members > 1 else ""
    if over:
        told = f"{over} of {counted(members(answers), *nouns)} {_side(question)}"
    else:
        few = sum(len(answer.parts) for answer in proving(answers, Proof.WITHIN))
        alone = f"{counted(within - few, *nouns)} within" if within > few else ""
        told = ", ".join(filter(None, [alone, f"{counted(few, *nouns)} within together" if few else ""]))
    return f"worst {worst.subject}{together}; {told}"


def nouns_of(row: Verdict, every: Iterable[Samples | None]) -> tuple[str, str]:
    """Return what subjects with these samples are, as one and as several.

    What was timed in rounds is a benchmark, and so is what has no samples.
    """
    rounds = [samples is None or bool(samples.sources.get(ROUNDS)) for samples in every]
    noun = row.metric.subject
    if not any(rounds):
        return noun, f"{noun}s"
    if all(rounds):
        return _TIMED, f"{_TIMED}s"
    return f"{noun} or {_TIMED}", f"{noun}s and {_TIMED}s"


def finding(row: Verdict, question: Question, answer: Answer) -> Finding:
    """Return what is to be said of one subject."""
    return Finding(
        subject=answer.subject,
        message=_evidence_text(row, question, answer),
        value=in_base_units(row, answer.value),
        code="over" if answer.proof is Proof.OVER else "unproven",
        identity=row.threshold.left_side,
    )


def untimed_finding(row: Verdict, benchmark: str, why: str) -> Finding:
    """Return what is to be said of one benchmark without samples."""
    return Finding(benchmark, f"not timed: {why}", code="unproven", identity=row.threshold.left_side)


def untimed_text(untimed: Mapping[str, str]) -> str:
    """Say how many benchmarks were not timed, and why not."""
    whys = "; ".join(dict.fromkeys(untimed.values()))
    return f"{counted(len(untimed), f'{_TIMED} was', f'{_TIMED}s were')} not timed: {whys}"


def left_text(count: int) -> str:
    """Say that tests have judged *count* subjects by limits of their own."""
    budgets = "the budget that a test gave it" if count == 1 else "the budgets that tests gave them"
    return f"{counted(count, _TIMED)} within {budgets} instead"


def both_text(count: int) -> str:
    """Say that *count* of the subjects of a row were judged by limits of their own as well."""
    return f"{count:,} of them also within {'a budget of its own' if count == 1 else 'budgets of their own'}"


def _evidence_text(row: Verdict, question: Question, answer: Answer) -> str:
    if answer.proof is Proof.TOO_FEW:
        cold = " besides the cold first one" if answer.samples.cold and not answer.samples.count else ""
        over = f", {answer.over} {_side(question)}" if answer.over else ""
        return f"{counted(answer.samples.count, 'sample')} of {question.needed}{cold}{over}"
    threshold, value = row.threshold, in_base_units(row, answer.value) or 0
    text = f"{question.aggregate} {shown_beside(value, threshold.limit, question.symbol, threshold.unit)}"
    return text if question.aggregate == "count" else text + _samples_over_text(row, question, answer)


def _samples_over_text(row: Verdict, question: Question, answer: Answer) -> str:
    count, limit = answer.samples.count, quantity_text(row.threshold.limit, row.threshold.unit)
    text = f", {answer.over:,} of {count:,} {SIDES[question.symbol]} {limit}"
    if answer.proof is Proof.NOTHING:
        would = refuting_count(count, question.tail or Fraction(1, 2), question.alarm)
        text += f", {would:,} would fail" if would else ""
    longest = longest_run_over(answer.samples, question)
    text += f", longest run {longest:,}" if longest > 1 else ""
    if answer.samples.seen > count:
        text += f", {_samples_text(count, answer.samples.seen)}"
    return text


def _samples_text(kept: int, seen: int) -> str:
    return f"a uniform {kept:,} of {seen:,} samples" if seen > kept else f"{kept:,} samples"


def _averaged_text(answers: Sequence[Answer]) -> str:
    averaged = sum(answer.samples.averaged for answer in answers)
    return f"{averaged:,} of them means of several calls, which hide slow ones" if averaged else ""


def _side(question: Question) -> str:
    return SIDES[question.symbol].removesuffix(" to")
