"""The document: what leads astray in it, and what one operation needs of it."""

import json
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from pytest_backend_gates.probes.contract import document, references
from pytest_backend_gates.probes.contract.document import ContractError, of_file

ITEM = "#/components/schemas/Item"


def test_remote_references_lead_nowhere() -> None:
    """Those to other hosts are cut and external examples left out; whatever else has such a name is kept."""
    before = {
        "a": [{"$ref": "https://example.com/a~b.json#/x"}, {"$ref": ITEM}, {"$ref": "./parts.yaml#/Item"}],
        "b": {"$ref": "//example.com/b.json", "externalValue": "https://example.com/e"},
        "properties": {"externalValue": {"type": "string"}, "$ref": {"type": "string"}},
    }
    assert references.without_remote(before) == {
        "a": [
            {"$ref": "#/not-fetched/https:~1~1example.com~1a~0b.json#~1x"},
            {"$ref": ITEM},
            {"$ref": "./parts.yaml#/Item"},
        ],
        "b": {"$ref": "#/not-fetched/~1~1example.com~1b.json"},
        "properties": {"externalValue": {"type": "string"}, "$ref": {"type": "string"}},
    }


def test_references_to_files_hold_everywhere(tmp_path: Path) -> None:
    """They are relative to the document, which the engine does not know."""
    before = {"$ref": "parts/item.yaml#/Item", "x": [{"$ref": ITEM}]}
    assert references.absolute(before, tmp_path) == {
        "$ref": f"{(tmp_path / 'parts' / 'item.yaml').as_uri()}#/Item",
        "x": [{"$ref": ITEM}],
    }


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"$ref": ITEM}, None),
        ({"$ref": "parts.yaml#/Item"}, None),
        ({"$ref": "#/components/schemas/Loop"}, None),
        ({"$ref": "#/components/schemas/A~1B%20C"}, None),
        ({"$ref": "#/paths/~1x/get/responses/200"}, None),
        (
            {"allOf": [{"$ref": "#/components/schemas/Far"}]},
            "it refers to https://example.com/far.json, and nothing is fetched from other hosts",
        ),
        (
            {"$ref": "#/components/schemas/Item/0"},
            "it refers to #/components/schemas/Item/0, which the schema does not hold",
        ),
    ],
)
def test_astray(schema: object, fault: str | None) -> None:
    """References are followed to where they end, also those of what they lead to."""
    schemas = {
        "Item": {"type": "object"},
        "Loop": {"properties": {"next": {"$ref": "#/components/schemas/Loop"}}},
        "A/B C": {},
        "Far": {"$ref": "https://example.com/far.json"},
    }
    operation = {"responses": {200: {"content": schema}}}
    whole = {
        "components": {"schemas": schemas},
        "paths": {"/x": {"get": operation, "put": {"$ref": "#/gone"}}},
    }
    assert document.astray(whole, "/x", "GET") == fault


def test_one_operation_alone() -> None:
    """What the operations of a path share stays, and the others go; whether something refers to one is told."""
    shared = [{"$ref": "#/components/parameters/Shop"}]
    paths = {"/x": {"parameters": shared, "get": {}, "post": {}}, "/y": {"get": {}}}
    whole = {"openapi": "3.0.3", "paths": paths}
    assert document.only(whole, "/x", "POST") == {
        "openapi": "3.0.3",
        "paths": {"/x": {"parameters": shared, "post": {}}},
    }
    linked = {**whole, "x": {"$ref": "#/paths/~1y/get"}}
    assert (document.linked(whole), document.linked(linked)) == (False, True)
    assert document.methods_of(whole, "/x") == ["GET", "POST"]


def test_files_that_lead_elsewhere(tmp_path: Path) -> None:
    """A file that the schema refers to, directly or not, may not lead to another host either."""
    (tmp_path / "api.yaml").write_text("openapi: 3.0.3\npaths: {/x: {$ref: one.yaml}}\n")
    (tmp_path / "one.yaml").write_text(
        "get: {$ref: two.yaml#/here}\nput: {$ref: missing.yaml}\npost: {$ref: one.yaml}\n"
    )
    (tmp_path / "two.yaml").write_text("here: {$ref: 'http://example.com/x.yaml'}\n")
    with pytest.raises(ContractError) as raised:
        document.of_file(tmp_path / "api.yaml", yaml.safe_load)
    assert str(raised.value) == (
        f"{tmp_path / 'two.yaml'} refers to http://example.com/x.yaml,"
        " and nothing is fetched from other hosts: keep a copy beside it"
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"one": {"externalValue": "https://elsewhere.example.com/1"}}',
        '{"$id": "https://elsewhere.example.com/o/", "one": {"$ref": "rel.json"}}',
        '{"one": {"$ref": "https://elsewhere.example.com/1"}}',
    ],
)
def test_files_that_lead_to_another_host_are_refused(tmp_path: Path, text: str) -> None:
    """A file that the schema refers to is read as it stands, so nothing in it may lead away."""
    (tmp_path / "other.json").write_text(text)
    schema = {
        "openapi": "3.0.0",
        "paths": {"/a": {"get": {"responses": {"200": {"$ref": "other.json#/one"}}}}},
    }
    (tmp_path / "openapi.json").write_text(json.dumps(schema))
    with pytest.raises(
        ContractError,
        match=r"refers to https://elsewhere\.example\.com/.*nothing is fetched from other hosts",
    ):
        of_file(tmp_path / "openapi.json", json.loads)


@pytest.mark.parametrize(
    ("item", "statuses"),
    [
        ({"get": {"responses": {200: {}, "4XX": {}, "default": {}}}, "post": {}}, ["200", "4XX", "default"]),
        ({"GET": {"responses": {"200": {}}}}, ["200"]),
        ({"get": {"responses": []}}, []),
        ({"get": {}}, []),
        ({"get": "odd"}, []),
        ({"post": {}}, []),
        ("odd", []),
    ],
)
def test_documented_statuses(item: object, statuses: list[str]) -> None:
    """YAML reads a status as a number; what is broken documents none."""
    assert document.statuses_of({"paths": {"/a": item}}, "/a", "GET") == statuses


@pytest.mark.parametrize(
    ("whole", "path"),
    [
        ({}, ""),
        ({"servers": []}, ""),
        ({"servers": [{"url": "/"}]}, ""),
        ({"servers": [{"url": "/api/v1/"}, {"url": "/other"}]}, "/api/v1"),
        ({"servers": [{"url": "https://{host}.test:8443/api"}]}, "/api"),
        ({"servers": ["odd"], "basePath": "/v2"}, "/v2"),
        ({"swagger": "2.0", "basePath": "/v2"}, "/v2"),
    ],
)
def test_the_path_before_all_others(whole: dict[str, object], path: str) -> None:
    """That of the first server, or of Swagger."""
    assert document.base_path_of(whole) == path
