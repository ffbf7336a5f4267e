"""Answers are held against a schema by schemathesis's checks, and what failed is told without its values."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_backend_gates.probes.contract.conformance import Answer
from pytest_backend_gates.probes.contract.document import ContractError
from pytest_backend_gates.probes.contract.engine import Api
from pytest_backend_gates.probes.contract.findings import Failure

PLANTED = "hunter2-hunter2"
JSON = {"content-type": ["application/json"]}
USER = {
    "type": "object",
    "required": ["id", "name"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "integer", "maximum": 9},
        "name": {"type": "string", "maxLength": 3},
        "born": {"type": "string", "format": "date"},
        "kind": {"enum": ["a", "b"]},
        "either": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]},
    },
}


def described(schema: object, **headers: object) -> dict[str, object]:
    return {"description": "-", "content": {"application/json": {"schema": schema}}, "headers": headers}


PATHS = {
    "/users/{user_id}": {
        "parameters": [{"name": "user_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {
            "responses": {
                "200": described(USER, **{"X-Total": {"required": True, "schema": {"type": "integer"}}}),
                "4XX": {"description": "-"},
                "503": {"description": "-"},
            }
        },
        "head": {"responses": {"200": described(USER)}},
        "post": {"responses": {"200": {"description": "-"}, "default": {"description": "-"}}},
        "put": {"responses": {"200": described({"$ref": "#/components/schemas/Gone"})}},
        "delete": {"responses": {"200": described({"type": "nonsense"})}},
    }
}
NO_JSON = "Response must be valid JSON with 'Content-Type: application/json' header:"
Held = Callable[..., tuple[Failure, ...]]


@pytest.fixture
def held(load: Callable[..., Api], written: Callable[..., Path]) -> Held:
    """Return a function that holds an answer to one of the operations against the schema."""
    api = load(object(), written(PATHS))
    conformance = api.conformance()
    operations = {one.method: one for one in api.operations}

    def hold(
        status: int, body: str | None = "", method: str = "GET", **headers: list[str]
    ) -> tuple[Failure, ...]:
        operation = operations[method]
        named = {name.replace("_", "-"): values for name, values in headers.items()}
        read = None if body is None else body.encode()
        answer = Answer(status, {**JSON, "x-total": ["1"], **named}, read)
        return conformance.failures(operation, answer, api.documented(operation))

    return hold


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [
        ("GET", 200, '{"id": 1, "name": "a"}'),
        ("GET", 200, None),
        ("GET", 404, "[]"),
        ("GET", 422, None),
        ("GET", 503, "down"),
        ("HEAD", 200, ""),
        ("POST", 418, ""),
        ("POST", 500, ""),
    ],
)
def test_a_kept_contract(held: Held, method: str, status: int, body: str | None) -> None:
    """Also by a range, by ``default``, and by a server error that is documented; HEAD has no body."""
    assert held(status, body, method) == ()


def without_codes(failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """Leave out schemathesis's own names for the failures, which 4.30 does not have."""
    assert {failure.code for failure in failures} <= {"", "ST101", "ST103"}
    return tuple(replace(failure, code="") for failure in failures)


def test_undocumented_statuses(held: Held) -> None:
    """Of a server error nothing else is told, which would only follow from it."""
    assert without_codes(held(302)) == (
        Failure(
            "status_code_conformance",
            302,
            "302 Found is not documented",
            hint='"302": {"description": "Found"} under the operation\'s responses',
        ),
    )
    assert without_codes(held(500)) == (
        Failure(
            "not_a_server_error",
            500,
            "500 Internal Server Error",
            hint='"500": {"description": "Internal Server Error"} under the operation\'s responses',
        ),
    )


@pytest.mark.parametrize(
    ("body", "title", "identity"),
    [
        (f'"{PLANTED}"', 'a string breaks type: "object"', "type"),
        ('{"id": 1}', '"name" is a required property', "required"),
        (f'{{"id": "{PLANTED}", "name": "a"}}', 'a string at /id breaks type: "integer"', "properties/id/type"),
        ('{"id": 4711, "name": "a"}', "an integer at /id breaks maximum: 9", "properties/id/maximum"),
        ('{"id": null, "name": "a"}', 'null at /id breaks type: "integer"', "properties/id/type"),
        (f'{{"id": 1, "name": "{PLANTED}"}}', "a string at /name breaks maxLength: 3", "properties/name/maxLength"),
        (
            f'{{"id": 1, "name": "a", "born": "{PLANTED}"}}',
            'a string at /born breaks format: "date"',
            "properties/born/format",
        ),
        (
            f'{{"id": 1, "name": "a", "kind": "{PLANTED}"}}',
            'a string at /kind breaks enum: ["a", "b"]',
            "properties/kind/enum",
        ),
        (
            f'{{"id": 1, "name": "a", "either": ["{PLANTED}"]}}',
            'an array at /either breaks anyOf: [{"type": "integer"}, {"type": "boolean"}]',
            "properties/either/anyOf",
        ),
        (
            f'{{"id": 1, "name": "a", "more": "{PLANTED}"}}',
            "Additional properties are not allowed ('more' was unexpected)",
            "additionalProperties",
        ),
    ],
)  # fmt: skip
def test_values_are_not_told(held: Held, body: str, title: str, identity: str) -> None:
    """Where it stood, of what kind it is, and what the schema asks for instead."""
    (failure,) = held(200, body)
    assert (failure.check, failure.status) == ("response_schema_conformance", 200)
    assert failure.title == f"200 Response violates schema: {title}"
    assert failure.identity == identity
    assert (failure.message, failure.curl, failure.hint) == ("", "", None)


def test_other_checks(held: Held) -> None:
    """The body that is no JSON, the content type, the headers."""
    body = '{"id": 1, "name": "a"}'
    (broken,) = held(200, f"{PLANTED}{{")
    assert (broken.check, broken.title) == (
        "response_schema_conformance",
        f"200 JSON deserialization error: {NO_JSON} Expecting value: line 1 column 1 (char 0)",
    )
    (media,) = held(200, body, content_type=["text/html"])
    assert (media.check, media.title) == (
        "content_type_conformance",
        "200 Undocumented Content-Type: Received: text/html",
    )
    (header,) = held(200, body, x_total=[PLANTED])
    assert (header.check, header.title) == (
        "response_headers_conformance",
        '200 Response header does not conform to the schema: a string breaks type: "integer"',
    )


def test_definitions_that_cannot_be_used(held: Held) -> None:
    """They are errors of the operation, never a pass."""
    with pytest.raises(ContractError, match="nonsense"):
        held(200, '"a"', "DELETE")


def test_the_projects_own_configuration(
    load: Callable[..., Api], written: Callable[..., Path], tmp_path: Path
) -> None:
    """A check that schemathesis.toml switches off is not made."""
    (tmp_path / "schemathesis.toml").write_text(
        "[checks.status_code_conformance]\nenabled = false\n", "utf-8"
    )
    api = load(object(), written(PATHS))
    operation = next(one for one in api.operations if one.method == "GET")
    answer = Answer(302, {**JSON, "x-total": ["1"]}, b"")
    assert api.conformance().failures(operation, answer, api.documented(operation)) == ()
