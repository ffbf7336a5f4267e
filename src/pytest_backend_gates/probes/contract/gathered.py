"""The exercises of all processes, put together, and what they measure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, Self

from pytest_backend_gates.measurements import Counter, Finding, Plain, Rate, Ratio
from pytest_backend_gates.probes.contract.findings import Exercise, Failure, distinct

#: Why an operation that may write was not asked.
NOT_CONSENTED: Final = "not consented to"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the schema declares, in its order, what was exercised, and what was left out and why."""

    declared: tuple[str, ...]
    exercises: Mapping[str, Exercise]
    left_out: Mapping[str, str]

    @classmethod
    def of(cls, told: Sequence[Plain]) -> Self:
        """Put together what several processes told, which declare the same."""
        exercises: dict[str, Exercise] = {}
        for plain in chain.from_iterable(one["exercises"] for one in told):
            one = Exercise.from_plain(plain)
            known = exercises.get(one.operation)
            exercises[one.operation] = one if known is None else _together(known, one)
        left_out = dict(chain.from_iterable(one["left_out"].items() for one in told))
        return cls(tuple(told[0]["declared"] or ()), dict(sorted(exercises.items())), left_out)

    def reasons(self) -> dict[str, str]:
        """Return why operations prove nothing, for those that do not."""
        reasons = {**{name: one.unproven for name, one in self.exercises.items()}, **self.left_out}
        return {name: reason for name in self.declared if (reason := reasons.get(name))}

    def errors(self) -> tuple[Finding, ...]:
        """Return what keeps the whole from being reliable."""
        missing = [name for name in self.declared if name not in self.exercises.keys() | self.left_out.keys()]
        return (
            *(Finding(name, error) for name, one in self.exercises.items() for error in one.errors),
            *(Finding(name, "this operation was not exercised") for name in missing),
        )

    def counter(self) -> Counter:
        """Return the failures of all operations, in the order of the schema."""
        reasons = self.reasons()
        refused = sum(reason == NOT_CONSENTED for reason in reasons.values())
        aside = [
            f"{len(self._answered()):,} of {len(self.declared):,} answered",
            f"{sum(one.requests for one in self.exercises.values()):,} requests",
            *([f"{refused:,} {NOT_CONSENTED}"] if refused else []),
            *self._unproven(reasons),
        ]
        findings = tuple(failure.finding(name) for name, failure in self._failures())
        return Counter(findings, frozenset(self.declared), "operation", ", ".join(aside), reasons)

    def _unproven(self, reasons: Mapping[str, str]) -> Iterator[str]:
        """Yield how many operations prove nothing beside others that do, and why."""
        silent = [
            reason
            for name, reason in reasons.items()
            if reason != NOT_CONSENTED and name in self.exercises and not self.exercises[name].failures
        ]
        if silent and self._answered():
            yield f"{len(silent):,} unproven: {', '.join(sorted(set(silent)))}"

    def rate(self) -> Rate:
        """Return how many of the operations answered below 400 at least once."""
        answered = self._answered()
        ratios = {name: Ratio(int(name in answered), 1) for name in self.declared}
        return Rate(ratios, "operations", self.reasons())

    def _answered(self) -> set[str]:
        """Return the operations that were asked all there was to ask, and answered below 400 at least once."""
        return {name for name, one in self.exercises.items() if one.answered and not one.exhausted}

    def failures_among(self, findings: Iterable[Finding]) -> list[Failure]:
        """Return the failures that these *findings* tell of."""
        known = {failure.finding(name): failure for name, failure in self._failures()}
        return [known[finding] for finding in findings if finding in known]

    def _failures(self) -> list[tuple[str, Failure]]:
        exercised = [name for name in self.declared if name in self.exercises]
        return [(name, failure) for name in exercised for failure in self.exercises[name].failures]


def _together(one: Exercise, other: Exercise) -> Exercise:
    """Return all that was seen of an operation that was exercised twice."""
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
    )
