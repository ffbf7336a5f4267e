"""The values of the contract gate: what makes them one, what they say, and that they cross processes."""

import json
from dataclasses import replace

import pytest

from pytest_backend_gates.measurements import Finding
from pytest_backend_gates.probes.contract.findings import (
    Exercise,
    Failure,
    Operation,
    distinct,
    documenting,
    status_text,
)

WHOLE = Failure(
    "not_a_server_error",
    500,
    "500 Internal Server Error (KeyError)",
    "KeyError: 'price'",
    "curl -X GET http://testserver/items",
    None,
    "src/shop/items.py",
    12,
    "ST101",
    "KeyError src/shop/items.py",
    3,
)


def test_an_operation() -> None:
    """It is named as the schema spells it; only methods that promise not to write are readings."""
    assert Operation("GET", "/orders/{id}").name == "GET /orders/{id}"
    reading = [
        method
        for method in ("GET", "PUT", "HEAD", "POST", "OPTIONS", "TRACE")
        if Operation(method, "/").reads
    ]
    assert reading == ["GET", "HEAD", "OPTIONS"]


def test_an_exercise_survives_json() -> None:
    """Integers as keys, tuples and all."""
    whole = Exercise(
        "GET /items",
        {200: 3, 500: 1},
        4,
        (WHOLE,),
        ("an error",),
        exhausted=True,
        log=("GET / 0",),
        variant="only 401",
    )
    assert Exercise.from_plain(json.loads(json.dumps(whole.to_plain()))) == whole


def test_a_failure_is_a_finding() -> None:
    """Its place is the line that raised, its help the request; a line number makes no other finding of it."""
    assert WHOLE.finding("GET /items") == Finding(
        subject="GET /items",
        message="500 Internal Server Error (KeyError)",
        path="src/shop/items.py",
        line=12,
        code="not_a_server_error",
        hint="curl -X GET http://testserver/items",
        identity="not_a_server_error 500 ST101 KeyError src/shop/items.py",
    )


SEEN = Failure(
    "not_a_server_error",
    500,
    "500 Internal Server Error",
    hint="responses=",
    count=0,
    observed=2,
    test="test_b",
)


def test_failures_that_tests_have_seen() -> None:
    """They are told with how often, and in which test; a request that can be repeated comes first."""
    assert SEEN.finding("GET /items") == Finding(
        subject="GET /items",
        message="500 Internal Server Error, in 2 answers to tests",
        code="not_a_server_error",
        hint="test_b",
        identity="not_a_server_error 500",
    )
    again = replace(SEEN, observed=1, test="test_a")
    assert distinct([SEEN, again]) == (replace(SEEN, observed=3, test="test_a"),)
    assert distinct([SEEN, WHOLE, again]) == (replace(WHOLE, observed=3, test="test_a"),)
    assert replace(WHOLE, observed=3, test="test_a").finding("GET /items") == replace(
        WHOLE.finding("GET /items"), message=f"{WHOLE.title}, in 3 answers to tests"
    )


def test_server_errors_of_other_statuses() -> None:
    """503 is not the 500 that was generated; and two exceptions are two failures, of which the first takes it."""
    other = replace(WHOLE, identity="ValueError src/shop/items.py")
    unavailable = replace(SEEN, status=503)
    assert distinct([SEEN, unavailable, other, WHOLE]) == (
        replace(WHOLE),
        replace(other, observed=2, test="test_b"),
        unavailable,
    )


def test_a_failure_in_words() -> None:
    """All that is known, one thing a line."""
    assert WHOLE.text() == (
        "500 Internal Server Error (KeyError)  [not_a_server_error]\n"
        "raised at src/shop/items.py:12\n"
        "KeyError: 'price'\n"
        "curl -X GET http://testserver/items"
    )


def test_distinct_failures() -> None:
    """One a check, status, code and identity: how often, and the shortest request."""
    failures = [
        Failure("a", 500, "t", curl="curl long"),
        Failure("a", 500, "t", curl="curl"),
        Failure("a", 404, "t"),
        Failure("a", 500, "t", identity="other"),
        Failure("b", 500, "t"),
    ]
    assert [(one.check, one.status, one.identity, one.curl, one.count) for one in distinct(failures)] == [
        ("a", 404, "", "", 1),
        ("a", 500, "", "curl", 2),
        ("a", 500, "other", "", 1),
        ("b", 500, "", "", 1),
    ]


def test_masking_a_failure() -> None:
    """Every text that may quote a request or an answer; what tells it apart is the same in every run."""
    masked = replace(WHOLE, title="t", message="m", curl="c").masked(str.upper)
    assert masked == replace(WHOLE, title="T", message="M", curl="C")
    assert masked.key == WHOLE.key


def test_failures_of_one_check_and_status() -> None:
    """What the check calls them tells them apart, in a report as well."""
    missing, malformed = (Failure("content_type_conformance", 200, "t", code=code) for code in "ab")
    assert len(distinct([missing, malformed])) == 2
    assert missing.finding("GET /").identity == "content_type_conformance 200 a"
    assert malformed.finding("GET /").identity == "content_type_conformance 200 b"


@pytest.mark.parametrize(("status", "text"), [(404, "404 Not Found"), (299, "299"), (0, "0")])
def test_status_text(status: int, text: str) -> None:
    """A number that HTTP does not know stays one."""
    assert status_text(status) == text


def test_documenting() -> None:
    """The line to add, for a framework and for a file, also for a status without a name."""
    assert documenting(409, by_framework=True) == (
        'responses={409: {"description": "Conflict"}} in the route\'s decorator'
    )
    assert documenting(299, by_framework=False) == (
        '"299": {"description": "What it means"} under the operation\'s responses'
    )


@pytest.mark.parametrize(
    ("exercise", "unproven"),
    [
        (Exercise("x", {200: 1, 404: 2}), None),
        (Exercise("x", {200: 1}, exhausted=True), "the time ran out"),
        (Exercise("x", {200: 1}, errors=("an error",)), "it could not be exercised"),
        (Exercise("x", {200: 1}, variant="only 401"), "only 401"),
        (Exercise("x"), "no request could be generated"),
        (Exercise("x", {403: 1}), "only 403"),
        (Exercise("x", {401: 1, 404: 1}), "never below 400: only 401, 404"),
        (Exercise("x", {404: 1, 429: 1}), "rate limited (429)"),
    ],
)
def test_unproven(exercise: Exercise, unproven: str | None) -> None:
    """An operation that never answered below 400 has a reason."""
    assert exercise.unproven == unproven
