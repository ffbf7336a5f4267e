"""Path items that a document keeps elsewhere: their operations are declared, asked and held like any other."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis.openapi

from pytest_backend_gates.probes.contract import declared
from pytest_backend_gates.probes.contract.contracts import Contract
from pytest_backend_gates.probes.contract.engine import Api, Operation
from pytest_backend_gates.probes.contract.findings import Exercise

Load = Callable[..., Api]
Written = Callable[..., Path]
Exercised = Callable[..., dict[str, Exercise]]
ANYTHING = {"responses": {"200": {"description": "it"}}}
BOTH = {"get": ANYTHING, "delete": ANYTHING}
GONE = "it refers to {}, which is no path item"


def app(_: object, start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("content-type", "application/json")])
    return [b"{}"]


@pytest.mark.parametrize(
    ("paths", "components"),
    [
        ({"/o": {"$ref": "#/components/pathItems/o"}}, {"o": BOTH}),
        ({"/o": {"$ref": "#/paths/~1p"}, "/p": BOTH}, {}),
        (
            {"/o": {"$ref": "#/components/pathItems/a"}},
            {"a": {"$ref": "#/components/pathItems/b"}, "b": BOTH},
        ),
        ({"/o": {"$ref": "#/components/pathItems/o", "delete": ANYTHING}}, {"o": {"get": ANYTHING}}),
    ],
)
def test_elsewhere_in_the_document(
    exercise: Exercised, load: Load, written: Written, paths: object, components: object
) -> None:
    """Directly or not, and with what stands beside the reference; answers to tests find them as well."""
    path = written(paths, openapi="3.1.0", components={"pathItems": components})
    results = exercise(app, path)
    assert list(results)[:2] == ["GET /o", "DELETE /o"]
    assert {(one.errors, one.failures, one.unproven) for one in results.values()} == {((), (), None)}
    contract = Contract(load(app, path))
    operation = contract.operation("DELETE", "/o")
    assert operation == Operation("DELETE", "/o")
    assert contract.documented[operation] == ("200",)


def test_in_a_file(exercise: Exercised, written: Written, tmp_path: Path) -> None:
    """What it refers to in turn is found from there: in itself, beside it, and back in the document."""
    (tmp_path / "paths").mkdir()
    (tmp_path / "paths" / "orders.yaml").write_text(
        "get: {responses: {200: {$ref: '#/answers/broken'}}}\n"
        "post: {responses: {200: {$ref: answers.json}}}\n"
        "put: {responses: {200: {$ref: '../openapi.json#/components/responses/Fine'}}}\n"
        "answers: {broken: {description: it, content: {application/json: {schema: {type: array}}}}}\n"
    )
    (tmp_path / "paths" / "answers.json").write_text(json.dumps({"description": "it"}))
    fine = {"responses": {"Fine": {"description": "it"}}}
    results = exercise(app, written({"/o": {"$ref": "paths/orders.yaml"}}, components=fine))
    assert {
        name: ([one.check for one in result.failures], result.errors) for name, result in results.items()
    } == {
        "GET /o": (["response_schema_conformance"], ()),
        "POST /o": ([], ()),
        "PUT /o": ([], ()),
    }


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("#/components/pathItems/gone", None),
        ("gone.yaml", None),
        ("https://elsewhere.example.com/o.yaml", None),
        ("#/paths/~1o", GONE.format("#/paths/~1o")),
    ],
)
def test_what_leads_to_no_path_item(load: Load, written: Written, reference: str, fault: str | None) -> None:
    """The operations behind it cannot be told, and that is an error; the others are exercised."""
    broken, fine = load(app, written({"/o": {"$ref": reference}, "/p": {"get": ANYTHING}})).operations
    assert (broken.name, fine) == ("ANY /o", Operation("GET", "/p"))
    assert broken.broken
    assert fault in (None, broken.broken)


def test_what_only_schemathesis_knows() -> None:
    """An operation that a hook adds is declared, and an error: nothing that could be asked goes missing."""
    info = {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}}
    schema = schemathesis.openapi.from_dict({**info, "paths": {"/p": BOTH}})
    assert list(declared.operations({**info, "paths": {"/p": {"get": ANYTHING}}}, schema, "off")) == [
        Operation("GET", "/p"),
        Operation(
            "DELETE", "/p", "schemathesis finds it, and the schema does not hold it: a hook may have added it"
        ),
    ]
