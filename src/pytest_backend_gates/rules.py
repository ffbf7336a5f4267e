"""Which thresholds are in force, which subjects each of them owns, what satisfies one and what would relax it.

The defaults stand first, then the ini file, then the command line. As in CODEOWNERS, the last threshold
of a metric and aggregate that matches a subject owns it. A rate is the exception: each of its thresholds
judges its own selection.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from math import ceil, floor

from pytest_backend_gates.errors import Problem
from pytest_backend_gates.measurements import Kind, Number
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.selector import covers, selection
from pytest_backend_gates.units import OPERATORS, decimal_text, in_unit


def in_force(thresholds: Iterable[Threshold], catalogue: Catalogue) -> tuple[Threshold, ...]:
    """Return what is left of *thresholds* when each one's successors have had their say.

    ``metric off`` cancels every threshold of the metric before it, and stays (as the row that says so)
    unless another threshold of the metric follows; ``metric.aggregate[selector] off`` cancels those that say the
    same. A default is replaced by the project's threshold for everything; what the command line covers, it replaces;
    and so does what follows a preset's line.
    """
    kept: list[Threshold] = []
    for new in thresholds:
        kept = [old for old in kept if not _replaces(new, old, catalogue)]
        kept.append(new)
    return tuple(kept)


def with_members(
    thresholds: Iterable[Threshold], measured: Iterable[Mapping[str, frozenset[str]]]
) -> tuple[Threshold, ...]:
    """Let each threshold on a *measured* set select its members; with none, it goes on to match nothing."""
    members: dict[str, set[str]] = {}
    for name, found in chain.from_iterable(sets.items() for sets in measured):
        members.setdefault(f"@{name}", set()).update(found)
    globs = {selector: tuple(sorted(found)) for selector, found in members.items() if found}
    return tuple(replace(one, globs=globs.get(one.selector or "", one.globs)) for one in thresholds)


def _replaces(new: Threshold, old: Threshold, catalogue: Catalogue) -> bool:
    if new.metric != old.metric:
        return False
    if new.is_off:
        return new.switches_off(old)
    if old.is_off or new == old:
        return True
    return new.aggregate == old.aggregate and _overrides(new, old, catalogue.metrics[new.metric].kind)


def _overrides(new: Threshold, old: Threshold, kind: Kind) -> bool:
    if old.origin.kind == "default":
        return not new.globs
    # The project's own thresholds that shadow each other are a mistake to report, not to resolve.
    if not old.from_preset and new.origin.kind == old.origin.kind:
        return False
    return new.globs == old.globs if kind is Kind.RATE else covers(new.globs, old.globs)


def idle(thresholds: Sequence[Threshold]) -> Iterator[Problem]:
    """Yield a problem for each ``off`` for an aggregate or selector of which nothing before it speaks."""
    for number, one in enumerate(thresholds):
        if one.is_off and not one.is_whole and not any(map(one.switches_off, thresholds[:number])):
            yield Problem(
                f"there is no '{one.left_side}' before it to be switched off",
                _option(one.origin),
                one.text,
                (0, len(one.left_side)),
                f"'{one.metric} off' switches all of the metric off; what a selector matches is left alone by a"
                " threshold of its own with another limit",
            )


def shadowed(thresholds: Sequence[Threshold], catalogue: Catalogue) -> Iterator[Problem]:
    """Yield a problem for each threshold in force that can own nothing, because later ones match all it does.

    What a default or a preset says, and what the command line overrides for one run, is no mistake.
    """
    for threshold in thresholds:
        if not _is_the_projects(threshold) or catalogue.metrics[threshold.metric].kind is Kind.RATE:
            continue
        owners = _owners(threshold, rivals(threshold, alike(threshold, thresholds)))
        if owners:
            yield _shadow(threshold, owners)


def _is_the_projects(threshold: Threshold) -> bool:
    return not (threshold.is_off or threshold.from_preset or threshold.origin.kind == "default")


def _shadow(threshold: Threshold, owners: Sequence[Threshold]) -> Problem:
    names = " and ".join(f"'{later.text}' ({later.origin})" for later in owners)
    come, match = ("come", "match") if len(owners) > 1 else ("comes", "matches")
    return Problem(
        f"this threshold can own nothing: {names} {come} later and {match} everything that it matches",
        _option(threshold.origin),
        threshold.text,
        (0, len(threshold.text)),
        "the last threshold that matches a subject owns it: write the general one first",
    )


def _owners(threshold: Threshold, later: Sequence[Threshold]) -> tuple[Threshold, ...]:
    """Return those of *later* that own every glob of *threshold*; none when they leave something to it."""
    owners = []
    for glob in threshold.globs or ("**",):
        covering = [other for other in later if covers(other.globs, (glob,))]
        if not covering:
            return ()
        owners.append(covering[-1])
    return tuple(other for other in later if other in owners)


def _option(origin: Origin) -> str:
    if origin.kind == "command line":
        return "--backend-gates-threshold"
    return f"backend_gates_thresholds ({origin})"


def alike(threshold: Threshold, thresholds: Iterable[Threshold]) -> tuple[Threshold, ...]:
    """Return the thresholds that were written where *threshold* was: the ini file, or the command line."""
    return tuple(other for other in thresholds if other.origin.kind == threshold.origin.kind)


def rivals(threshold: Threshold, thresholds: Sequence[Threshold]) -> tuple[Threshold, ...]:
    """Return the thresholds after *threshold* that ask the same of their subjects, and so take them from it."""
    later = thresholds[thresholds.index(threshold) + 1 :]
    question = (threshold.metric, threshold.aggregate)
    return tuple(other for other in later if (other.metric, other.aggregate) == question and not other.is_off)


def owned(threshold: Threshold, subjects: Iterable[str], thresholds: Sequence[Threshold]) -> frozenset[str]:
    """Return the *subjects* whose last matching threshold of this metric and aggregate is *threshold*."""
    later = rivals(threshold, thresholds)
    if not all(other.globs for other in later):
        return frozenset()
    taken = tuple(glob for other in later for glob in other.globs)
    mine = selection(threshold.globs, subjects)
    return mine - selection(taken, mine) if taken else mine


def owns(threshold: Threshold, subject: str, thresholds: Sequence[Threshold]) -> bool:
    """Whether *threshold* is the last of its metric and aggregate in *thresholds* that matches *subject*."""
    return subject in owned(threshold, (subject,), thresholds)


def decided(row: Verdict, value: Number) -> Verdict:
    """Compare the one number of *row* with its limit."""
    threshold = row.threshold
    if satisfies(threshold, value):
        return replace(row, outcome=Outcome.PASSED, value=value)
    upper = value > threshold.limit or threshold.operator == "<"  # the value may equal a strict limit
    relax = relaxed(threshold, value, upper=upper)
    return replace(row, outcome=Outcome.FAILED, value=value, relax=relax)


def satisfies(threshold: Threshold, value: Number) -> bool:
    """Whether *value* is within the limit."""
    return OPERATORS[threshold.operator or ""](value, threshold.limit)


def relaxed(threshold: Threshold, value: Number, *, upper: bool) -> str:
    """Return the line that would accept *value* in place of *threshold*: rounded away from it, never across it.

    *upper* asks for an upper limit. A limit below zero cannot be written: then the metric has to be off.
    """
    scaled = in_unit(value, threshold.unit)
    step = 1 if scaled.denominator == 1 else 100
    limit = Fraction(ceil(scaled * step) if upper else floor(scaled * step), step)
    if limit < 0:
        return f"{threshold.metric} off"
    number = decimal_text(limit).replace(",", "")
    return f"{threshold.left_side} {'<=' if upper else '>='} {number}{threshold.unit or ''}"
