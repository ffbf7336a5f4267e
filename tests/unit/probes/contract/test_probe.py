"""The contract probe: from what was told in every process to two metrics, never green by omission."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import Counter, Finding, Kind, Metric, Plain, Rate, Ratio, Reading
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.contract.findings import Exercise, Failure, Operation
from pytest_backend_gates.probes.contract.probe import FAILURES, OPERATIONS, STATUSES, ContractProbe
from pytest_backend_gates.probes.contract.seen import Seen

READ, LIST, MAKE = Operation("GET", "/items/{id}"), Operation("GET", "/items"), Operation("POST", "/items")
CRASH = Failure(
    "not_a_server_error", 500, "500 Internal Server Error", curl="curl -X GET /items", code="ST101"
)
GONE = Failure("status_code_conformance", 404, "404 Not Found is not documented", hint="responses={404: ...}")
NAMES = (FAILURES.name, OPERATIONS.name, STATUSES.name)
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
    advice = probe.advise(row)
    return replace(
        row, hint=advice.hint, findings=row.findings if advice.findings is None else advice.findings
    )


def test_its_metrics() -> None:
    """Failures are counted, operations are a rate."""
    probe = ContractProbe()
    assert (probe.name, probe.scope) == ("contract", "process")
    assert probe.metrics == (
        Metric("contract.failures", Kind.COUNTER, None, "contract", "failure"),
        Metric("contract.operations", Kind.RATE, "%", "contract", "operation"),
        Metric("contract.statuses", Kind.RATE, "%", "contract", "operation"),
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


def test_an_application_beside_a_server() -> None:
    """That the server was not asked is told once, whatever the number of processes."""
    probes = [ContractProbe() for _ in range(3)]
    for probe in probes:
        probe.declare([READ])
    for probe in probes[1:]:
        probe.record(exercised(READ, 200))
        probe.not_at("http://127.0.0.1:8000")
    readings = ContractProbe().reduce([probe.collect(None, print) for probe in probes], None)
    (note,) = [note for reading in readings.values() for note in reading.notes]
    assert note == (
        "contract: its tests asked the application in process, and not http://127.0.0.1:8000:"
        " backend_gates_app, or a fixture backend_app, goes first"
    )


def test_server_errors_come_first() -> None:
    """Whatever else is found, that the application fails is what to look at."""
    exercises = exercised(LIST, 404, failures=(GONE,)), exercised(MAKE, 201, 500, failures=(CRASH,))
    row = judged(payload(*exercises, exercised(READ, 200)))
    assert [(finding.subject, finding.message) for finding in row.findings] == [
        ("POST /items", "500 Internal Server Error"),
        ("GET /items", "404 Not Found is not documented"),
    ]


def test_what_is_switched_off() -> None:
    """The row tells of operations that are left out, by reason, and of checks that are not made."""
    off = "switched off in schemathesis.toml"
    lax = replace(LIST, unchecked=("not_a_server_error", "status_code_conformance"))
    probe = ContractProbe()
    probe.declare([replace(READ, unchecked=("not_a_server_error",)), lax, MAKE, Operation("GET", "/off")])
    probe.record(exercised(READ, 200))
    probe.record(exercised(LIST, 200))
    probe.leave_out(MAKE.name)
    probe.leave_out("GET /off", off)
    row = judged(json.loads(json.dumps(probe.collect(None, print))))
    assert (row.outcome, row.reason, row.unproven) == (
        Outcome.PASSED,
        (
            "0 failures in 4 operations; 2 of 4 answered, 4 requests, 1 not consented to,"
            " 1 switched off in schemathesis.toml,"
            " schemathesis.toml switches off not_a_server_error (2 of 4), status_code_conformance (1 of 4)"
        ),
        2,
    )


def test_what_is_weakened() -> None:
    """A check that lets more pass is named as well."""
    probe = ContractProbe()
    probe.declare([replace(READ, weakened=("not_a_server_error",)), replace(LIST, unchecked=("x",))])
    probe.record(exercised(READ, 200, 500))
    probe.record(exercised(LIST, 200))
    assert judged(json.loads(json.dumps(probe.collect(None, print)))).reason == (
        "0 failures in 2 operations; 2 of 2 answered, 6 requests, schemathesis.toml switches off x (1 of 2),"
        " schemathesis.toml weakens not_a_server_error (1 of 2)"
    )


def test_a_variant_that_refuses_everything() -> None:
    """Another one of the application that answers does not hide it, in whatever order they come."""
    refusing, answering = payload(exercised(READ, 401)), payload(exercised(READ, 200))
    others = payload(exercised(LIST, 200), exercised(MAKE, 201))
    for told in ([refusing, answering], [answering, refusing], [refusing, refusing, answering]):
        row = judged(others, *told)
        assert row.unproven == 1
        assert row.reason.endswith(", 1 unproven: only 401, in one of its exercises")
        assert row.hint is not None
        assert row.hint.startswith("let the requests be logged in")


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
            identity="not_a_server_error 500 ST101",
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
    counted = "0 failures in 3 operations; 2 of 3 answered, 4 requests, 1 unproven: it could not be exercised"
    assert (row.outcome, row.reason, row.hint) == (
        Outcome.ERROR,
        f"POST /items: this operation was not exercised; {counted}",
        None,
    )
    assert row.findings == (Finding(MAKE.name, "this operation was not exercised"),)
    narrowed = judged(payload(exercised(READ, 200)), narrowed="-k items")
    assert (narrowed.outcome, narrowed.reason) == (
        Outcome.SKIPPED,
        "a narrowed run (-k items): the contract is judged in full runs",
    )


def test_what_kept_a_test_from_beginning() -> None:
    """It is told once, and only of an operation that was not exercised after all."""
    probe = ContractProbe()
    probe.declare([READ, LIST])
    for one in (READ, LIST):
        probe.not_ready(one.name, "its set-up raised KeyError")
    probe.record(exercised(READ, 200))
    row = judged(json.loads(json.dumps(probe.collect(None, print))))
    assert (row.outcome, row.unproven) == (Outcome.ERROR, 1)
    told = "this operation was not exercised: its set-up raised KeyError"
    assert row.findings == (Finding(LIST.name, told),)


def test_nothing_is_where_the_schema_says() -> None:
    """What was asked for is named, and nobody is told to document it; one answer, to whomever, and it is another matter."""
    missing = [exercised(one, 404, failures=(GONE,)) for one in (READ, LIST, MAKE)]
    logged = [replace(one, log=(f"{one.operation.replace('/', '/v1/', 1)} abc",)) for one in missing]
    below = (
        "every operation was answered 404 and nothing else: the application may serve the schema's paths below"
        " another path; name the application that serves them where the schema says (for a server, with its path in"
        " backend_gates_base_url), or correct the schema (servers); asked for: GET /v1/items, GET /v1/items/{id}, POST /v1/items"
    )
    document = "mend it, or document it: responses={404: ...}"
    assert judged(payload(*logged)).hint == below
    assert judged(payload(logged[0], left_out=(LIST, MAKE))).hint == document  # perhaps there is no such item
    assert judged(payload(*logged[:2], exercised(MAKE, 201))).hint == document
    seen = {"seen": [Seen(LIST.name, ("200",), {200: 1}).to_plain()], "errors": [], "lost": [], "unheld": 0}
    assert judged(payload(*logged) | {"observed": seen}).hint == document


def test_errors_of_an_exercise() -> None:
    """They make the rows errors; what the others showed stands below."""
    told = payload(
        replace(exercised(READ), errors=("it hangs",)),
        exercised(LIST, 500, failures=(CRASH,)),
        exercised(MAKE, 201),
    )
    row = judged(told)
    assert (row.outcome, row.red, row.reason) == (
        Outcome.ERROR,
        True,
        "GET /items/{id}: it hangs; 1 failure in 3 operations; 1 of 3 answered, 4 requests, 1 unproven: it could not be exercised",
    )
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
    assert probe.reduce([collected, collected], None) == dict.fromkeys(NAMES, reading)


@pytest.mark.parametrize("tell", [declares_less, fails, is_unavailable])
def test_processes_that_disagree(tell: Tell) -> None:
    """Half of a truth is none."""
    other = ContractProbe()
    tell(other)
    row = judged(payload(exercised(READ, 200)), other.collect(None, print))
    assert row.reason == "the processes do not agree on the operations that the schema declares"
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


REFUSED = replace(GONE, curl="curl -X GET /items", count=2)


def seen(*ones: Seen, errors: tuple[str, ...] = (), lost: tuple[str, ...] = (), unheld: int = 0) -> Plain:
    """Return what a process collects whose tests have seen this."""
    collected = payload()
    told = {"errors": list(errors), "lost": list(lost), "unheld": unheld}
    observed = {"seen": [one.to_plain() for one in ones], **told}
    return {**collected, "declared": None, "observed": json.loads(json.dumps(observed))}


def idle(*ones: Seen, error: bool = False, **told: Any) -> Plain:  # noqa: ANN401  as ``seen`` takes it
    """Return the same of a process where nothing is generated."""
    probe = ContractProbe()
    probe.not_generating("no API schema configured", "set backend_gates_app", error=error)
    return {**probe.collect(None, print), "observed": seen(*ones, **told)["observed"]}


def test_what_tests_have_seen() -> None:
    """It is judged with what was generated, each failure once, and an operation that answered them is proven."""
    told = payload(exercised(READ, 404, failures=(REFUSED,)), exercised(LIST, 200), left_out=(MAKE,))
    found = replace(GONE, count=0, observed=3, test="test_gone")
    row = judged(
        told,
        seen(
            Seen(READ.name, ("200",), {200: 2, 404: 3}, (found,)),
            Seen(MAKE.name, ("201",), {201: 1}, unread=1),
        ),
    )
    assert row.reason == (
        "1 failure in 3 operations; 3 of 3 answered, 4 requests, 6 answers to tests,"
        " 1 of them without a look at the body"
    )
    assert row.findings == (replace(REFUSED, observed=3, test="test_gone").finding(READ.name),)
    assert (row.unproven, row.hint) == (0, "mend it, or document it: responses={404: ...}")


def test_what_the_engine_could_not_finish() -> None:
    """An answer to a test does not stand for all that there was to ask."""
    told = payload(replace(exercised(READ, 200), exhausted=True), exercised(LIST, 200), exercised(MAKE, 201))
    row = judged(told, seen(Seen(READ.name, ("200",), {200: 1})))
    assert row.reason == (
        "0 failures in 3 operations; 2 of 3 answered, 6 requests, 1 answer to tests, 1 unproven: the time ran out"
    )


UNASKED = [Seen(f"GET /{number}", ("200",)) for number in range(5)]


@pytest.mark.parametrize("error", [False, True])
def test_nothing_is_generated(*, error: bool) -> None:
    """What the tests have seen is enough for a verdict; what they have not is named."""
    refused = Seen("GET /refused", ("200", "401"), {401: 1})
    row = judged(
        idle(Seen("GET /", ("200", "404"), {200: 4}), refused, error=error),
        idle(*UNASKED, error=error),
    )
    assert (row.outcome, row.unproven) == (Outcome.PASSED, 6)
    assert row.reason == (
        "0 failures in 7 operations; 1 of 7 answered, 5 answers to tests,"
        " 5 never asked (GET /0, GET /1, GET /2, 2 more), 1 unproven: only 401"
    )


def test_nothing_generated_and_nothing_seen() -> None:
    """Then there is no verdict, or the error that there was."""
    assert judged(idle(), idle()).reason == "no API schema configured"
    row = judged(idle(error=True), idle(error=True))
    assert (row.outcome, row.reason) == (Outcome.ERROR, "no API schema configured")
    asked = judged(idle(*UNASKED))
    assert (asked.outcome, asked.hint) == (
        Outcome.SKIPPED,
        "nothing is generated: set backend_gates_app = package.module:attribute",
    )


def test_schemas_that_cannot_be_read() -> None:
    """They are errors, once for all processes, whatever else was seen."""
    told = [
        idle(Seen("GET /", ("200",), {200: 1}, errors=("odd",)), errors=("FastAPI.openapi() raised",))
    ] * 2
    row = judged(*told)
    assert (row.outcome, row.reason) == (
        Outcome.ERROR,
        "FastAPI.openapi() raised (and 1 more); 0 failures in 1 operation; 1 of 1 answered, 2 answers to tests",
    )
    assert [(one.subject, one.message) for one in row.findings] == [
        ("contract", "FastAPI.openapi() raised"),
        ("GET /", "odd"),
    ]


def test_answers_that_nobody_heard_of() -> None:
    """A tap that failed has lost some: no failure among the others is no pass, unless nothing was to be held."""
    told = idle(Seen("GET /", ("200",), {200: 1}), lost=("the WSGI tap failed once",))
    row = judged(told, told)
    assert (row.outcome, row.reason) == (
        Outcome.ERROR,
        "the WSGI tap failed once; 0 failures in 1 operation; 1 of 1 answered, 2 answers to tests",
    )
    assert judged(idle(lost=("the WSGI tap failed once",))).reason == "no API schema configured"


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ((0, 0), ()),
        ((0, 1), ("contract: 1 answer to tests matched no route, and was held against no operation",)),
        (
            (28, 1000),
            ("contract: 1,028 answers to tests matched no route, and were held against no operation",),
        ),
    ],
)
def test_answers_of_no_operation(counts: Sequence[int], told: tuple[str, ...]) -> None:
    """A note says how many, of all processes."""
    processes = [{**payload(), "observed": seen(unheld=count)["observed"]} for count in counts]
    assert ContractProbe().reduce(processes, None)["contract.failures"].notes == told


def test_the_statuses() -> None:
    """The rate counts the documented statuses that tests have seen; generated requests have no part in it."""
    told = seen(Seen(READ.name, ("200", "404", "default"), {200: 2, 404: 3}), Seen(LIST.name, ("200",)))
    row = judged(payload(exercised(LIST, 200), left_out=(READ, MAKE)), told, text="contract.statuses >= 60")
    assert (row.outcome, row.reason) == (Outcome.FAILED, "2 of 4 documented statuses, 2 operations")
    assert row.findings == (
        Finding(LIST.name, "never seen: 200"),
        Finding(READ.name, "never seen: default"),
    )
    assert row.hint == "let the project's own tests ask for them: generated requests do not count here"
    whole = payload(exercised(READ, 200), exercised(LIST, 200), exercised(MAKE, 201))
    assert judged(whole, text="contract.statuses >= 60").reason == (
        "no test received an answer from an application with an API schema in this process"
    )


def test_an_operation_exercised_twice() -> None:
    """All that was seen counts, and the same failure once."""
    once = exercised(LIST, 500, failures=(CRASH,))
    again = replace(exercised(LIST, 200, 500, failures=(CRASH, GONE)), errors=("late",))
    probe = ContractProbe()
    reading = probe.reduce([payload(once), payload(again)], None)[FAILURES.name]
    assert isinstance(reading.measurement, Counter)
    assert [one.message for one in reading.measurement.findings] == [CRASH.title, GONE.title]
    assert Finding("GET /items", "late") in reading.errors
