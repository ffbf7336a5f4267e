"""The contract probe: from what was told in every process to two metrics, never green by omission."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import Counter, Finding, Kind, Metric, Plain, Rate, Ratio, Reading
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.contract.findings import Exercise, Failure, Operation
from pytest_backend_gates.probes.contract.probe import FAILURES, OPERATIONS, ContractProbe

READ, LIST, MAKE = Operation("GET", "/items/{id}"), Operation("GET", "/items"), Operation("POST", "/items")
CRASH = Failure(
    "not_a_server_error", 500, "500 Internal Server Error", curl="curl -X GET /items", code="ST101"
)
GONE = Failure("status_code_conformance", 404, "404 Not Found is not documented", hint="responses={404: ...}")
Tell = Callable[[ContractProbe], None]


def exercised(operation: Operation, *statuses: int, failures: tuple[Failure, ...] = ()) -> Exercise:
    return Exercise(operation.name, dict.fromkeys(statuses, 2), 2 * len(statuses), failures)


def payload(*exercises: Exercise, left_out: tuple[Operation, ...] = ()) -> Plain:
    """Return what a process collects that exercised these and knows of three operations."""
    probe = ContractProbe()
    probe.declare([READ, LIST, MAKE])
    for one in exercises:
        probe.record(one)
    for operation in left_out:
        probe.leave_out(operation.name)
    collected: Plain = json.loads(json.dumps(probe.collect(None, print)))
    return collected


def judged(*payloads: Plain, text: str = "contract.failures == 0", narrowed: str | None = None) -> Verdict:
    """Return the advised verdict on a threshold."""
    probe = ContractProbe()
    readings = probe.reduce(payloads, narrowed)
    name, operator, limit = text.split()
    threshold = Threshold(text, Origin("ini"), name, name, operator=operator, limit=int(limit))  # type: ignore[arg-type]
    (row,) = Judge((threshold,), Catalogue.of(ContractProbe.metrics), narrowed).verdicts(readings)
    return replace(row, hint=probe.advise(row).hint)


def test_its_metrics() -> None:
    """Failures are counted, operations are a rate."""
    probe = ContractProbe()
    assert (probe.name, probe.scope) == ("contract", "process")
    assert probe.metrics == (
        Metric("contract.failures", Kind.COUNTER, None, "contract", "failure"),
        Metric("contract.operations", Kind.RATE, "%", "contract", "operation"),
    )


def test_a_kept_contract() -> None:
    """The row shows its denominator: operations and requests, of all processes."""
    one, other = payload(exercised(READ, 200, 404), exercised(LIST, 200)), payload(exercised(MAKE, 201))
    row = judged(one, other)
    assert (row.outcome, row.reason) == (
        Outcome.PASSED,
        "0 failures in 3 operations; 3 of 3 answered, 8 requests",
    )
    assert (row.unproven, row.hint, row.findings) == (0, None, ())


def test_failures() -> None:
    """Each is a finding of its operation, in the order of the schema, with the request that shows it."""
    told = payload(exercised(READ, 200), exercised(LIST, 500, failures=(CRASH,)), exercised(MAKE, 201))
    row = judged(told)
    assert (row.outcome, row.reason) == (
        Outcome.FAILED,
        "1 failure in 3 operations; 2 of 3 answered, 6 requests",
    )
    assert row.findings == (
        Finding(
            "GET /items",
            "500 Internal Server Error",
            code="not_a_server_error",
            hint="curl -X GET /items",
            identity="not_a_server_error 500",
        ),
    )
    assert judged(
        payload(exercised(READ, 404, failures=(GONE,)), exercised(LIST, 200), exercised(MAKE, 201))
    ).hint == ("mend it, or document it: responses={404: ...}")


def test_the_operations() -> None:
    """The rate counts those that answered; the others are told with their reasons."""
    told = payload(exercised(READ, 404), exercised(LIST, 200), left_out=(MAKE,))
    readings = ContractProbe().reduce([told], None)
    unproven = {"GET /items/{id}": "only 404", "POST /items": "not consented to"}
    assert readings[OPERATIONS.name] == Reading(
        Rate(
            {"GET /items/{id}": Ratio(0, 1), "GET /items": Ratio(1, 1), "POST /items": Ratio(0, 1)},
            "operations",
            unproven,
        )
    )
    assert readings[FAILURES.name].measurement == Counter(
        (),
        frozenset({"GET /items/{id}", "GET /items", "POST /items"}),
        "operation",
        "1 of 3 answered, 4 requests, 1 not consented to, 1 unproven: only 404",
        unproven,
    )
    row = judged(told, text="contract.operations >= 50")
    assert (row.outcome, row.reason) == (Outcome.FAILED, "1 of 3 operations, 3 operations")
    assert row.findings == (
        Finding("GET /items/{id}", "only 404"),
        Finding("POST /items", "not consented to"),
    )
    assert judged(told).unproven == 2


LOG_IN = (
    "let the requests be logged in: override the fixture backend_app,"
    " or name a fixture that does it: backend_gates_usefixtures"
)
FIND = (
    "let the requests find something: create it in a fixture named in backend_gates_usefixtures;"
    " or the schema's servers or basePath put the paths elsewhere than the application does"
)


@pytest.mark.parametrize(
    ("statuses", "reason", "hint"),
    [
        ((401,), "only 401", LOG_IN),
        ((401, 403), "only 401 and 403", LOG_IN),
        ((404,), "only 404", FIND),
        ((429,), "rate limited (429)", None),
    ],
)
def test_nothing_proven(statuses: tuple[int, ...], reason: str, hint: str | None) -> None:
    """No failure means nothing where no operation answered: SKIPPED, and why."""
    row = judged(payload(*(exercised(one, *statuses) for one in (READ, LIST, MAKE))))
    requests = 6 * len(statuses)
    assert (row.outcome, row.red, row.unproven, row.hint) == (Outcome.SKIPPED, False, 3, hint)
    assert row.reason == (
        f"nothing proven ({reason}): 0 failures in 3 operations; 0 of 3 answered, {requests} requests"
    )
    assert row.findings == tuple(Finding(one.name, reason) for one in (LIST, READ, MAKE))


def test_undocumented_refusals() -> None:
    """A 401 that the schema does not know is a failure, and logging in would be the remedy."""
    refused = Failure(
        "status_code_conformance", 401, "401 Unauthorized is not documented", hint="responses={401: ...}"
    )
    row = judged(payload(*(exercised(one, 401, failures=(refused,)) for one in (READ, LIST, MAKE))))
    assert (row.outcome, row.hits, row.hint) == (Outcome.FAILED, 3, LOG_IN)


def test_what_was_not_exercised() -> None:
    """An operation that nobody exercised and nobody left out is an error, in a full run."""
    row = judged(payload(exercised(READ, 200)), payload(exercised(LIST, 200)))
    assert (row.outcome, row.reason) == (Outcome.ERROR, "POST /items: this operation was not exercised")
    narrowed = judged(payload(exercised(READ, 200)), narrowed="-k items")
    assert (narrowed.outcome, narrowed.reason) == (
        Outcome.SKIPPED,
        "a narrowed run (-k items): the contract is judged in full runs",
    )


def test_errors_of_an_exercise() -> None:
    """They make the rows errors; what the others showed stands below."""
    told = payload(
        replace(exercised(READ), errors=("it hangs",)),
        exercised(LIST, 500, failures=(CRASH,)),
        exercised(MAKE, 201),
    )
    row = judged(told)
    assert (row.outcome, row.red, row.reason) == (Outcome.ERROR, True, "GET /items/{id}: it hangs")
    assert [one.subject for one in row.findings] == ["GET /items/{id}", "GET /items"]


def declares_less(probe: ContractProbe) -> None:
    probe.declare([READ])


def fails(probe: ContractProbe) -> None:
    probe.declare([], error="openapi.yaml cannot be read")


def is_unavailable(probe: ContractProbe) -> None:
    probe.unavailable("no API schema configured", "set backend_gates_app")


def says_nothing(probe: ContractProbe) -> None:
    del probe


@pytest.mark.parametrize(
    ("tell", "reading"),
    [
        (fails, Reading(errors=(Finding("contract", "openapi.yaml cannot be read"),))),
        (is_unavailable, Reading(unavailable="no API schema configured", hint="set backend_gates_app")),
        (
            says_nothing,
            Reading(errors=(Finding("contract", "nothing was told of the application's operations"),)),
        ),
    ],
)
def test_no_operations(tell: Tell, reading: Reading) -> None:
    """A contract that cannot be read is an error, none is a reason, and silence is an error."""
    probe = ContractProbe()
    tell(probe)
    collected = probe.collect(None, print)
    assert probe.reduce([collected, collected], None) == {FAILURES.name: reading, OPERATIONS.name: reading}


@pytest.mark.parametrize("tell", [declares_less, fails, is_unavailable])
def test_processes_that_disagree(tell: Tell) -> None:
    """Half of a truth is none."""
    other = ContractProbe()
    tell(other)
    row = judged(payload(exercised(READ, 200)), other.collect(None, print))
    assert row.reason == "contract: the processes do not agree on the operations that the schema declares"
    assert row.outcome is Outcome.ERROR


def test_the_judging_side_knows_why_not() -> None:
    """What it is told itself holds, whatever the workers declare."""
    probe = ContractProbe()
    probe.unavailable("these folders leave the contract's tests out")
    assert probe.reduce([payload(exercised(READ, 200))], None)[FAILURES.name] == Reading(
        unavailable="these folders leave the contract's tests out"
    )


def test_a_process_that_ran_no_tests() -> None:
    """The controller of xdist collects nothing, and says nothing against the workers."""
    idle = ContractProbe().collect(None, print)
    whole = payload(exercised(READ, 200), exercised(LIST, 200), exercised(MAKE, 201))
    assert judged(idle, whole).outcome is Outcome.PASSED


def test_an_operation_exercised_twice() -> None:
    """All that was seen counts, and the same failure once."""
    once = exercised(LIST, 500, failures=(CRASH,))
    again = replace(exercised(LIST, 200, 500, failures=(CRASH, GONE)), errors=("late",))
    probe = ContractProbe()
    reading = probe.reduce([payload(once), payload(again)], None)[FAILURES.name]
    assert isinstance(reading.measurement, Counter)
    assert [one.message for one in reading.measurement.findings] == [CRASH.title, GONE.title]
    assert Finding("GET /items", "late") in reading.errors
