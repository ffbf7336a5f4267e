"""The contract gate's metrics: how many ways the application breaks its contract, and how much of it was asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Final, Literal

from pytest_backend_gates.measurements import Finding, Kind, Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.contract.findings import Exercise, Operation
from pytest_backend_gates.probes.contract.gathered import NOT_CONSENTED, Gathered

__all__ = ["FAILURES", "NOT_CONSENTED", "OPERATIONS", "ContractProbe"]

FAILURES: Final = Metric("contract.failures", Kind.COUNTER, None, "contract", "failure")
OPERATIONS: Final = Metric("contract.operations", Kind.RATE, "%", "contract", "operation")

#: What an application answers to those whom it does not know.
_REFUSED: Final = (401, 403)
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
#: What helps operations that never answered, by a word of the reason; the first that fits.
_REMEDIES: Final = {"only 401": _LOG_IN, "only 403": _LOG_IN, "only 404": _FIND, NOT_CONSENTED: _CONSENT}


class ContractProbe:
    """Gathers the exercises of the operations. Driving the engine is the contract items' work."""

    name: ClassVar[str] = "contract"
    metrics: ClassVar[tuple[Metric, ...]] = (FAILURES, OPERATIONS)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self) -> None:
        self._told: Plain = {"declared": None, "error": None, "unavailable": None, "hint": None}
        self._exercises: list[Exercise] = []
        self._left_out: dict[str, str] = {}
        self._whole = Gathered((), {}, {})

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
        self._whole = gathered = Gathered.of(told)
        errors = gathered.errors()
        return {
            FAILURES.name: Reading(gathered.counter(), errors),
            OPERATIONS.name: Reading(gathered.rate(), errors),
        }

    def advise(self, verdict: Verdict) -> Advice:
        """Say how to document what was found, or why the operations do not answer."""
        failures = self._whole.failures_among(verdict.findings)
        strangers = [failure for failure in failures if failure.status not in _REFUSED]
        if strangers:
            hint = next((failure.hint for failure in strangers if failure.hint), None)
            return Advice(f"mend it, or document it: {hint}" if hint else None)
        return Advice(_LOG_IN if failures else self._remedy())

    def _remedy(self) -> str | None:
        reasons = " ".join(self._whole.reasons().values())
        return next((hint for word, hint in _REMEDIES.items() if word in reasons), None)

    def stop(self) -> None:
        """Nothing to release."""


def _agreement(told: Plain) -> tuple[object, ...]:
    return told["declared"], told["error"], told["unavailable"]


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
