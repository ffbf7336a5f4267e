"""The contract gate's metrics: how many ways the application breaks its contract, and how much of it was asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final, Literal

from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Kind,
    Measurement,
    Metric,
    Plain,
    Rate,
    Ratio,
    Reading,
)
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.contract.findings import Exercise, Failure, Operation, distinct

FAILURES: Final = Metric("contract.failures", Kind.COUNTER, None, "contract", "failure")
OPERATIONS: Final = Metric("contract.operations", Kind.RATE, "%", "contract", "operation")

#: What an application answers to those whom it does not know.
_REFUSED: Final = (401, 403)
#: Why an operation that may write was not asked.
NOT_CONSENTED: Final = "not consented to"
_SUBJECT: Final = "contract"
_LOG_IN: Final = (
    "let the requests be logged in: override the fixture backend_app,"
    " or name a fixture that does it: backend_gates_usefixtures"
)
_CONSENT: Final = (
    "operations that may write are asked with a fixture backend_app of the project's own,"
    " or with backend_gates_writes = true"
)
_FIND: Final = (
    "let the requests find something: create it in a fixture named in backend_gates_usefixtures;"
    " or the schema's servers or basePath put the paths elsewhere than the application does"
)


class ContractProbe:
    """Gathers the exercises of the operations. Driving the engine is the contract items' work."""

    name: ClassVar[str] = "contract"
    metrics: ClassVar[tuple[Metric, ...]] = (FAILURES, OPERATIONS)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self) -> None:
        self._told: Plain = {"declared": None, "error": None, "unavailable": None, "hint": None}
        self._exercises: list[Exercise] = []
        self._left_out: dict[str, str] = {}
        self._failures: dict[tuple[str, str], Failure] = {}
        self._reasons: dict[str, str] = {}

    def declare(self, operations: Iterable[Operation], error: str | None = None) -> None:
        """Tell what the schema declares; *error* says why it could not be read."""
        self._told |= {"declared": [operation.name for operation in operations], "error": error}

    def record(self, exercise: Exercise) -> None:
        """Keep what became of one operation."""
        self._exercises.append(exercise)

    def leave_out(self, operation: str, reason: str = NOT_CONSENTED) -> None:
        """Tell that the operation so named is not exercised on purpose, and why."""
        self._left_out[operation] = reason

    def unavailable(self, reason: str, hint: str | None = None) -> None:
        """Tell that there is no contract to hold the application to."""
        self._told |= {"unavailable": reason, "hint": hint}

    def start(self) -> None:
        """Nothing: the items do the work."""

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002  never long
        """Return what was told and recorded in this process."""
        exercises = [exercise.to_plain() for exercise in self._exercises]
        return {**self._told, "exercises": exercises, "left_out": self._left_out}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        """Put the exercises of all processes together. They must have declared the same operations."""
        if narrowed is not None:
            return _both(
                Reading(unavailable=f"a narrowed run ({narrowed}): the contract is judged in full runs")
            )
        if self._told["unavailable"]:  # the place that judges knows best
            return _both(Reading(unavailable=self._told["unavailable"], hint=self._told["hint"]))
        told = [one for one in payloads if any(one[key] for key in self._told) or one["declared"] is not None]
        fault = _fault(told)
        if fault is not None:
            return _both(Reading(errors=(Finding(_SUBJECT, fault),)))
        if told[0]["unavailable"]:
            return _both(Reading(unavailable=told[0]["unavailable"], hint=told[0]["hint"]))
        return self._read(told)

    def advise(self, verdict: Verdict) -> Advice:
        """Say how to document what was found, or why the operations do not answer."""
        found = (self._failures.get((one.subject, one.fingerprint)) for one in verdict.findings)
        failures = [failure for failure in found if failure is not None]
        if any(failure.status not in _REFUSED for failure in failures):
            hints = [failure.hint for failure in failures if failure.hint and failure.status not in _REFUSED]
            return Advice(f"mend it, or document it: {hints[0]}" if hints else None)
        reasons = set(self._reasons.values())
        if failures or any(reason.startswith(("only 401", "only 403")) for reason in reasons):
            return Advice(_LOG_IN)
        return Advice(_FIND if "only 404" in reasons else _CONSENT if NOT_CONSENTED in reasons else None)

    def stop(self) -> None:
        """Nothing to release."""

    def _read(self, told: Sequence[Plain]) -> Mapping[str, Reading]:
        declared: list[str] = told[0]["declared"] or []
        left_out = {name: reason for one in told for name, reason in one["left_out"].items()}
        exercises = _by_operation(Exercise.from_plain(plain) for one in told for plain in one["exercises"])
        missing = [name for name in declared if name not in exercises and name not in left_out]
        unproven = {
            name: left_out.get(name) or exercises[name].unproven for name in declared if name not in missing
        }
        self._reasons = {name: reason for name, reason in unproven.items() if reason}
        errors = [Finding(name, error) for name, one in exercises.items() for error in one.errors]
        errors += [Finding(name, "this operation was not exercised") for name in missing]
        counted = self._counted(declared, exercises)
        answered = sum(one.answered for one in exercises.values())
        requests = sum(one.requests for one in exercises.values())
        aside = [f"{answered:,} of {len(declared):,} answered", f"{requests:,} requests", *self._besides()]
        failures = Counter(counted, frozenset(declared), "operation", ", ".join(aside), self._reasons)
        hits = {name: Ratio(int(name in exercises and exercises[name].answered), 1) for name in declared}
        rate = Rate(hits, "operations", self._reasons)
        measured: dict[str, Measurement] = {FAILURES.name: failures, OPERATIONS.name: rate}
        return {name: Reading(one, errors=tuple(errors)) for name, one in measured.items()}

    def _counted(self, declared: Sequence[str], exercises: Mapping[str, Exercise]) -> tuple[Finding, ...]:
        """Return a finding for each failure, in the order of the schema."""
        found = []
        for name in declared:
            for failure in exercises[name].failures if name in exercises else ():
                finding = failure.finding(name)
                self._failures[name, finding.fingerprint] = failure
                found.append(finding)
        return tuple(found)

    def _besides(self) -> Iterator[str]:
        """Yield how many operations were not asked for want of consent."""
        count = sum(reason == NOT_CONSENTED for reason in self._reasons.values())
        if count:
            yield f"{count:,} {NOT_CONSENTED}"


def _agreement(told: Plain) -> tuple[object, ...]:
    return told["declared"], told["error"], told["unavailable"]


def _by_operation(exercises: Iterable[Exercise]) -> dict[str, Exercise]:
    """Return the exercises by name; of an operation that was exercised several times all that was seen."""
    found: dict[str, Exercise] = {}
    for one in exercises:
        known = found.get(one.operation)
        found[one.operation] = one if known is None else _together(known, one)
    return dict(sorted(found.items()))


def _together(one: Exercise, other: Exercise) -> Exercise:
    statuses = {**one.statuses}
    for status, count in other.statuses.items():
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


def _fault(told: Sequence[Plain]) -> str | None:
    """Say why nothing can be read out of what the processes told."""
    if not told:
        return "nothing was told of the application's operations"
    if any(_agreement(one) != _agreement(told[0]) for one in told):
        return "the processes do not agree on the operations that the schema declares"
    error: str | None = told[0]["error"]
    return error


def _both(reading: Reading) -> dict[str, Reading]:
    return {FAILURES.name: reading, OPERATIONS.name: reading}
