"""The exercises of all processes and what the tests have seen, put together, and what they measure."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final, Self

from pytest_backend_gates.measurements import Counter, Finding, Plain, Rate, Ratio
from pytest_backend_gates.probes.contract.findings import UNEXERCISED, Exercise, Failure, distinct, never
from pytest_backend_gates.probes.contract.seen import Seen
from pytest_backend_gates.probes.contract.setting import FILE
from pytest_backend_gates.units import counted

#: Why an operation that may write was not asked.
NOT_CONSENTED: Final = "not consented to"
#: Why an operation that nothing is generated for proves nothing.
UNASKED: Final = "no test asks it"
_IN_ONE: Final = ", in one of its exercises"
#: So many of those are named on the row.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the schema declares, in its order, what was exercised, and what was left out and why."""

    declared: tuple[str, ...]
    exercises: Mapping[str, Exercise]
    left_out: Mapping[str, str]
    #: By operation: the default checks that are not held against each of its answers.
    unchecked: Mapping[str, Sequence[str]]
    #: What the project's own tests have seen, of every operation of their applications.
    seen: Mapping[str, Seen] = field(default_factory=dict)
    #: By operation: the default checks that let more pass than they do by default.
    weakened: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: By operation: why its test never began.
    unready: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Sequence[Plain], seen: Mapping[str, Seen]) -> Self:
        """Put together what several processes told, which declare the same, and what their tests have seen."""
        exercises: dict[str, Exercise] = {}
        for plain in chain.from_iterable(one["exercises"] for one in told):
            one = Exercise.from_plain(plain)
            known = exercises.get(one.operation)
            exercises[one.operation] = one if known is None else _together(known, one)
        left_out, unready = (
            dict(chain.from_iterable(one[key].items() for one in told)) for key in ("left_out", "unready")
        )
        declared = tuple(told[0]["declared"] or ())
        checks = {key: told[0][key] for key in ("unchecked", "weakened")}
        return cls(declared, dict(sorted(exercises.items())), left_out, seen=seen, unready=unready, **checks)

    @property
    def names(self) -> tuple[str, ...]:
        """The operations of all schemas, in their order."""
        return tuple(dict.fromkeys([*self.declared, *self.seen]))

    def reasons(self) -> dict[str, str]:
        """Return why operations prove nothing, for those that do not."""
        return {name: reason for name in self.names if (reason := self._reason(name))}

    def _reason(self, name: str) -> str | None:
        exercise, seen = self.exercises.get(name), self.seen.get(name)
        cut_short = exercise is not None and (exercise.errors or exercise.exhausted)
        if seen is not None and seen.answered and not cut_short:
            return None
        if exercise is not None:
            return exercise.unproven
        statuses = set(seen.statuses) if seen is not None else set()
        return self.left_out.get(name, never(statuses) if statuses else self._unasked(name))

    def _unasked(self, name: str) -> str:
        return UNEXERCISED if name in self.declared else UNASKED

    def errors(self) -> tuple[Finding, ...]:
        """Return what keeps the whole from being reliable."""
        missing = [name for name in self.declared if name not in self.exercises.keys() | self.left_out.keys()]
        return (
            *(Finding(name, error) for name, one in self.exercises.items() for error in one.errors),
            *(Finding(name, error) for name, one in self.seen.items() for error in one.errors),
            *(Finding(name, self._why_missing(name)) for name in missing),
        )

    def _why_missing(self, name: str) -> str:
        why = self.unready.get(name)
        return f"this operation was not exercised: {why}" if why else "this operation was not exercised"

    def misplaced(self) -> tuple[str, ...]:
        """Return what was requested, if nothing that was asked is there, and nobody has seen anything there."""
        asked = self.exercises.values()
        statuses = [one.statuses for told in (asked, self.seen.values()) for one in told]
        if {*chain.from_iterable(statuses)} != {404} or not any(one.misplaced for one in asked):
            return ()
        return tuple(one.log[0].rpartition(" ")[0] for one in asked if one.log)

    def counter(self) -> Counter:
        """Return the failures of all operations, in the order of the schema."""
        reasons = self.reasons()
        aside = [
            f"{len(self._answered(reasons)):,} of {len(self.names):,} answered",
            *self._asked(),
            *self._left_out(reasons),
            *self._unproven(reasons),
            *self._weakened(),
        ]
        findings = tuple(failure.finding(name) for name, failure in self._failures())
        return Counter(findings, frozenset(self.names), "operation", ", ".join(aside), reasons)

    def _asked(self) -> Iterator[str]:
        """Yield how many requests were generated, and how many answers the tests have received."""
        if self.declared:
            yield f"{sum(one.requests for one in self.exercises.values()):,} requests"
        answers = sum(one.answers for one in self.seen.values())
        if answers:
            yield f"{counted(answers, 'answer')} to tests"
        unread = sum(one.unread for one in self.seen.values())
        if unread:
            yield f"{unread:,} of them without a look at the body"

    def _left_out(self, reasons: Mapping[str, str]) -> Iterator[str]:
        """Yield how many operations nobody asked, and some of their names."""
        on_purpose = Tally(reason for name, reason in reasons.items() if name in self.left_out)
        yield from (f"{count:,} {reason}" for reason, count in on_purpose.items())
        unasked = [name for name, reason in reasons.items() if reason == UNASKED]
        if unasked:
            more = [f"{len(unasked) - _NAMED:,} more"] if len(unasked) > _NAMED else []
            yield f"{len(unasked):,} never asked ({', '.join([*unasked[:_NAMED], *more])})"

    def _unproven(self, reasons: Mapping[str, str]) -> Iterator[str]:
        """Yield how many operations prove nothing beside others that do, and why."""
        silent = [
            reason
            for name, reason in reasons.items()
            if reason != UNASKED and name not in self.left_out and not self._told(name)
        ]
        if silent and self._answered(reasons):
            yield f"{len(silent):,} unproven: {', '.join(sorted(set(silent)))}"

    def _weakened(self) -> Iterator[str]:
        """Yield the default checks that are off, or let more pass, and for how many operations."""
        for how, checks in (("switches off", self.unchecked), ("weakens", self.weakened)):
            named = Tally(check for name in self.declared for check in checks.get(name, ()))
            told = (f"{check} ({count:,} of {len(self.declared):,})" for check, count in named.items())
            if named:
                yield f"{FILE} {how} {', '.join(told)}"

    def rate(self) -> Rate:
        """Return how many of the operations answered below 400 at least once."""
        reasons = self.reasons()
        answered = self._answered(reasons)
        ratios = {name: Ratio(int(name in answered), 1) for name in self.names}
        return Rate(ratios, "operations", reasons)

    def statuses(self) -> Rate:
        """Return how many of the documented statuses the project's own tests have seen."""
        missing = {name: one.missing for name, one in self.seen.items()}
        why = {name: f"never seen: {', '.join(statuses)}" for name, statuses in missing.items() if statuses}
        ratios = {name: one.ratio for name, one in self.seen.items()}
        return Rate(ratios, "documented statuses", why)

    def _answered(self, reasons: Mapping[str, str]) -> set[str]:
        """Return the operations that were asked all there was to ask, and answered below 400 at least once."""
        return {name for name in self.names if name not in reasons}

    def failures_among(self, findings: Iterable[Finding]) -> list[Failure]:
        """Return the failures that these *findings* tell of."""
        known = {failure.finding(name): failure for name, failure in self._failures()}
        return [known[finding] for finding in findings if finding in known]

    def _failures(self) -> list[tuple[str, Failure]]:
        return [(name, failure) for name in self.names for failure in self._told(name)]

    def _told(self, name: str) -> tuple[Failure, ...]:
        """Return the failures of one operation; what was both generated and seen is one."""
        both = self.exercises.get(name), self.seen.get(name)
        return distinct(chain.from_iterable(one.failures for one in both if one is not None))


def _together(one: Exercise, other: Exercise) -> Exercise:
    """Return all that was seen of an operation that was exercised twice. It is proven when it was both times."""
    counts = chain(one.statuses.items(), other.statuses.items())
    statuses: dict[int, int] = {}
    for status, count in counts:
        statuses[status] = statuses.get(status, 0) + count
    return replace(
        one,
        statuses=statuses,
        requests=one.requests + other.requests,
        failures=distinct([*one.failures, *other.failures]),
        errors=tuple(dict.fromkeys([*one.errors, *other.errors])),
        exhausted=one.exhausted or other.exhausted,
        log=one.log + other.log,
        variant=next((_of_one(why) for why in (one.unproven, other.unproven) if why), None),
    )


def _of_one(why: str) -> str:
    """Return *why* an exercise proves nothing, as one of several."""
    return f"{why.removesuffix(_IN_ONE)}{_IN_ONE}"
