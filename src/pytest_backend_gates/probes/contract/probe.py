"""The contract gate's metrics: how many ways the application breaks its contract, and how much of it was asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from pytest_backend_gates.measurements import Finding, Kind, Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes.contract.findings import UNEXERCISED, Exercise, Failure, Operation
from pytest_backend_gates.probes.contract.gathered import NOT_CONSENTED, UNASKED, Gathered
from pytest_backend_gates.probes.contract.seen import together
from pytest_backend_gates.units import counted

if TYPE_CHECKING:
    from pytest_backend_gates.probes.contract.engine import Api
    from pytest_backend_gates.probes.contract.observed import ObservedContract

__all__ = ["FAILURES", "NOT_CONSENTED", "OPERATIONS", "STATUSES", "ContractProbe"]

FAILURES: Final = Metric("contract.failures", Kind.COUNTER, None, "contract", "failure")
OPERATIONS: Final = Metric("contract.operations", Kind.RATE, "%", "contract", "operation")
STATUSES: Final = Metric("contract.statuses", Kind.RATE, "%", "contract", "operation")

#: What an application answers to those whom it does not know.
_REFUSED: Final = (401, 403)
_SUBJECT: Final = "contract"
_LOG_IN: Final = (
    "let the requests be logged in: override the fixture backend_app,"
    " or name a fixture that does it: backend_gates_usefixtures"
)
_CONSENT: Final = (
    "operations that may write are asked with backend_gates_writes = true,"
    " or in process with a fixture backend_app of the project's own"
)
_FIND: Final = (
    "let the requests find something: create it in a fixture named in backend_gates_usefixtures;"
    " or the schema's servers or basePath put the paths elsewhere than the application does"
)
_BELOW: Final = (
    "the application may serve the schema's paths below another path; name the application that serves them"
    " where the schema says (for a server, with its path in backend_gates_base_url), or correct the schema (servers)"
)
#: So many of what was asked for are named.
_NAMED: Final = 3
_GENERATE: Final = "nothing is generated: set backend_gates_app = package.module:attribute"
_ASK: Final = "let the project's own tests ask for them: generated requests do not count here"
_NO_ANSWERS: Final = "no test received an answer from an application with an API schema in this process"
#: What a process tells that observes nothing.
_UNOBSERVED: Final[Plain] = {"seen": [], "errors": [], "lost": [], "unheld": 0}
#: What helps operations that never answered, by a word of the reason; the first that fits.
_REMEDIES: Final = {
    "only 401": _LOG_IN,
    "only 403": _LOG_IN,
    "only 404": _FIND,
    NOT_CONSENTED: _CONSENT,
    UNASKED: _GENERATE,
}


class ContractProbe:
    """Gathers the exercises of the operations and what the tests have seen of them.

    Driving the engine is the contract items' work.
    """

    name: ClassVar[str] = "contract"
    metrics: ClassVar[tuple[Metric, ...]] = (FAILURES, OPERATIONS, STATUSES)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self) -> None:
        #: ``idle``: nothing is generated, and what the tests have seen is all that there is to judge.
        #: ``server``: where nothing was asked, because there is an application.
        self._told: Plain = {
            "declared": None,
            "error": None,
            "unavailable": None,
            "hint": None,
            "unchecked": {},
            "weakened": {},
            "idle": False,
            "server": None,
        }
        self._observed: ObservedContract | None = None
        self._exercises: list[Exercise] = []
        self._left_out: dict[str, str] = {}
        self._unready: dict[str, str] = {}
        self._whole = Gathered((), {}, {}, {})
        #: The operations of which an error is told.
        self._failed: frozenset[str] = frozenset()

    def declare(self, operations: Iterable[Operation], error: str | None = None) -> None:
        """Tell what the schema declares; *error* says why it could not be read."""
        known = list(operations)
        unchecked = {one.name: one.unchecked for one in known if one.unchecked}
        weakened = {one.name: one.weakened for one in known if one.weakened}
        self._told |= {"declared": [operation.name for operation in known], "error": error}
        self._told |= {"unchecked": unchecked, "weakened": weakened}

    def record(self, exercise: Exercise) -> None:
        """Keep what became of one operation."""
        self._exercises.append(exercise)

    def leave_out(self, operation: str, reason: str = NOT_CONSENTED) -> None:
        """Tell that the operation so named is not exercised on purpose, and why."""
        self._left_out[operation] = reason

    def not_ready(self, operation: str, why: str) -> None:
        """Tell why the test of the operation so named did not begin; it may be tried again, and begin then."""
        self._unready[operation] = why

    def unavailable(self, reason: str, hint: str | None = None) -> None:
        """Tell that there is no contract to hold the application to."""
        self._told |= {"unavailable": reason, "hint": hint}

    def not_generating(self, reason: str, hint: str | None = None, *, error: bool = False) -> None:
        """Tell why nothing is generated; it is an *error* unless the tests have seen something."""
        self._told |= {"error" if error else "unavailable": reason, "hint": hint, "idle": True}

    def not_at(self, server: str) -> None:
        """Tell that operations were asked in process, and not at the address of the *server* that there is too."""
        self._told["server"] = server

    def observe(self, observed: "ObservedContract") -> None:
        """Take in what the project's own tests are answered."""
        self._observed = observed

    def share(self, app: object, api: "Api") -> None:
        """Let what the tests are answered be held against the *api* of *app* that was read to generate requests."""
        if self._observed is not None:
            self._observed.share(app, api)

    def start(self) -> None:
        """Nothing: the items do the work, and those who observe the tests."""

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002  never long
        """Return what was told and recorded in this process."""
        exercises = [exercise.to_plain() for exercise in self._exercises]
        observed = self._observed.to_plain() if self._observed else dict(_UNOBSERVED)
        kept_from = {"left_out": self._left_out, "unready": self._unready}
        return {**self._told, "exercises": exercises, **kept_from, "observed": observed}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        """Put the exercises of all processes together. They must have declared the same operations."""
        if narrowed is not None:
            reason = f"a narrowed run ({narrowed}): the contract is judged in full runs"
            return _every(Reading(unavailable=reason))
        if self._told["unavailable"] and not self._told["idle"]:  # the place that judges knows best
            return _every(Reading(unavailable=self._told["unavailable"], hint=self._told["hint"]))
        observed = [one["observed"] for one in payloads]
        seen, errors = together(observed), _findings(observed, "errors")
        told = list(filter(_says_something, payloads))
        why_not = None if _only_seen(told) and (seen or errors) else _why_not(told)
        if why_not is not None:
            return _every(why_not)
        self._whole = Gathered.of(told, seen)
        notes = (*_in_process(told), *_unheld(observed))
        return self._readings([*errors, *_findings(observed, "lost")], notes)

    def _readings(self, errors: Iterable[Finding], notes: tuple[str, ...]) -> dict[str, Reading]:
        whole = self._whole
        faults = tuple(dict.fromkeys([*errors, *whole.errors()]))
        self._failed = frozenset(one.subject for one in faults)
        statuses = Reading(whole.statuses(), faults) if whole.seen else Reading(unavailable=_NO_ANSWERS)
        return {
            FAILURES.name: Reading(whole.counter(), faults, notes=notes),
            OPERATIONS.name: Reading(whole.rate(), faults),
            STATUSES.name: statuses,
        }

    def advise(self, verdict: Verdict) -> Advice:
        """Say how to document what was found, or why the operations do not answer. Server errors come first."""
        if verdict.metric == STATUSES:
            return Advice(_ASK if verdict.over else None)
        failures = self._whole.failures_among(verdict.findings)
        strangers = [failure for failure in failures if failure.status not in _REFUSED]
        hint = _documenting(strangers) if strangers else _LOG_IN if failures else self._remedy()
        findings = filter(self._says_more, verdict.findings)
        return Advice(self._elsewhere() or hint, tuple(sorted(findings, key=_is_of_the_answer)))

    def _says_more(self, finding: Finding) -> bool:
        """Whether *finding* says more than that something is not known which an error kept from being known."""
        return finding.message != UNEXERCISED or finding.subject not in self._failed

    def _elsewhere(self) -> str | None:
        """Say what was asked for, if nothing of it is there: to document that would help nobody."""
        misplaced = self._whole.misplaced()
        if not misplaced:
            return None
        more = f" and {len(misplaced) - _NAMED:,} more" if len(misplaced) > _NAMED else ""
        return f"every operation was answered 404 and nothing else: {_BELOW}; asked for: {', '.join(misplaced[:_NAMED])}{more}"

    def _remedy(self) -> str | None:
        reasons = " ".join(self._whole.reasons().values())
        return next((hint for word, hint in _REMEDIES.items() if word in reasons), None)

    def stop(self) -> None:
        """Nothing to release."""


def _findings(observed: Iterable[Plain], what: Literal["errors", "lost"]) -> list[Finding]:
    """Return why schemas of the tests' applications could not be read, or answers may have been lost."""
    return [Finding(_SUBJECT, reason) for one in observed for reason in one[what]]


def _in_process(told: Iterable[Plain]) -> Iterator[str]:
    """Yield a note if there is a server, and the contract's tests have asked an application instead."""
    for server in dict.fromkeys(one["server"] for one in told if one["server"]):
        yield (
            f"contract: its tests asked the application in process, and not {server}:"
            " backend_gates_app, or a fixture backend_app, goes first"
        )


def _unheld(observed: Iterable[Plain]) -> Iterator[str]:
    """Yield a note if answers to tests belong to no operation, as far as anybody can tell."""
    count = sum(one["unheld"] for one in observed)
    if count:
        were = "was" if count == 1 else "were"
        yield f"contract: {counted(count, 'answer')} to tests matched no route, and {were} held against no operation"


def _is_of_the_answer(finding: Finding) -> bool:
    """Whether *finding* tells of an answer: neither of what could not be measured, nor of a crash."""
    return finding.code not in (None, "", "not_a_server_error")


def _documenting(failures: Iterable[Failure]) -> str | None:
    hint = next((failure.hint for failure in failures if failure.hint), None)
    return f"mend it, or document it: {hint}" if hint else None


def _only_seen(told: Sequence[Plain]) -> bool:
    """Whether nothing is generated, in any process: then what the tests have seen is what there is to judge."""
    return bool(told) and all(one["idle"] for one in told)


def _says_something(told: Plain) -> bool:
    return any(told[key] for key in ("error", "unavailable")) or told["declared"] is not None


def _why_not(told: Sequence[Plain]) -> Reading | None:
    """Return why there is nothing to read out of what the processes told."""
    fault = _fault(told)
    if fault is not None:
        return Reading(errors=(Finding(_SUBJECT, fault),))
    if told[0]["unavailable"]:
        return Reading(unavailable=told[0]["unavailable"], hint=told[0]["hint"])
    return None


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


def _every(reading: Reading) -> dict[str, Reading]:
    return {metric.name: reading for metric in ContractProbe.metrics}
