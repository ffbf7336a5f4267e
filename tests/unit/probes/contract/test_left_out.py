"""What schemathesis.toml switches off is told: operations that are not asked, checks that are not made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_backend_gates.probes.contract.engine import Api, ContractError, Operation

Written = Callable[..., Path]
Load = Callable[..., Api]
DOCUMENT = {
    f"/{name}": {"get": {"responses": {"200": {"description": "fine"}}}} for name in ("asked", "lax", "off")
}
OFF = '[[operations]]\ninclude-path = "/off"\nenabled = false\n'
LAX = '[[operations]]\ninclude-path = "/lax"\n[operations.checks.not_a_server_error]\nenabled = false\n'
NOTHING = '[[operations]]\ninclude-path = "/lax"\n[operations.checks]\nenabled = false\n'
PHASE = "[phases.coverage.checks.content_type_conformance]\nenabled = false\n"
NAMED = '[[project]]\ntitle = "Shop"\n[project.checks.status_code_conformance]\nenabled = false\n'
ALL = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
SWITCHED_OFF = "switched off in schemathesis.toml"


ALLOWED = "[checks]\nnot_a_server_error.expected-statuses = [{}]\n"


@pytest.mark.parametrize(
    ("toml", "weakened"),
    [
        (ALLOWED.format('"2XX", "5xx"'), ("not_a_server_error",)),
        (ALLOWED.format('"2xx", "503"'), ("not_a_server_error",)),
        (ALLOWED.format('"200", "4XX"'), ()),
        (
            "[checks]\nresponse_schema_conformance.validate-formats = false\n",
            ("response_schema_conformance",),
        ),
        (ALLOWED.replace("checks", "phases.fuzzing.checks").format('"5xx"'), ("not_a_server_error",)),
        ("[checks.not_a_server_error]\nenabled = false\nexpected-statuses = ['5xx']\n", ()),
    ],
)
def test_what_is_weakened(
    load: Load, written: Written, tmp_path: Path, toml: str, weakened: tuple[str, ...]
) -> None:
    """A check that lets more pass than it does by default, in one phase or in all; one that is off is only that."""
    (tmp_path / "schemathesis.toml").write_text(toml)
    assert {one.weakened for one in load(None, written(DOCUMENT)).operations} == {weakened}


def test_additional_operations(load: Load, written: Written) -> None:
    """OpenAPI 3.2 has them, and schemathesis does not ask them: they are declared, and left out."""
    items = {"/asked": {**DOCUMENT["/asked"], "additionalOperations": {"COPY": {"responses": {}}}}}
    assert load(None, written(items, openapi="3.2.0")).operations == (
        Operation("GET", "/asked"),
        Operation("COPY", "/asked", left_out="an additional operation, which schemathesis does not know"),
    )


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        ("[operations]\nenabled = false\n", "'operations' -> Must be an array, but got object: "),
        ("[project]\ntitle = 'Shop'\n", "'project' -> Must be an array, but got object: "),
        ("project = ['Shop']\n", " -> Must be an object, but got string: 'Shop'"),
        ("output = 1\n", "'output' -> Must be an object, but got integer: 1"),
        ("[output]\nsanitization = 1\n", "'sanitization' -> Must be an object, but got integer: 1"),
    ],
)
def test_a_table_in_the_wrong_shape(
    load: Load, written: Written, tmp_path: Path, toml: str, fault: str
) -> None:
    """The message names the file and says what is allowed there."""
    path = tmp_path / "schemathesis.toml"
    path.write_text(toml)
    with pytest.raises(ContractError) as raised:
        load(None, written(DOCUMENT))
    assert str(raised.value).startswith(f"{path}: Error in ")
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("", [(None, ()), (None, ()), (None, ())]),
        (OFF, [(None, ()), (None, ()), (SWITCHED_OFF, ())]),
        (OFF + LAX, [(None, ()), (None, ("not_a_server_error",)), (SWITCHED_OFF, ())]),
        (NOTHING, [(None, ()), ("every check switched off in schemathesis.toml", ALL), (None, ())]),
        (PHASE, [(None, ("content_type_conformance",))] * 3),
        (NAMED, [(None, ("status_code_conformance",))] * 3),
    ],
)
def test_what_is_switched_off(
    load: Load,
    written: Written,
    tmp_path: Path,
    toml: str,
    expected: list[tuple[str | None, tuple[str, ...]]],
) -> None:
    """By operation, by phase, by project: each operation stays declared."""
    (tmp_path / "schemathesis.toml").write_text(toml)
    api = load(None, written(DOCUMENT))
    assert api.operations == tuple(
        Operation("GET", path, None, why, off) for path, (why, off) in zip(DOCUMENT, expected, strict=True)
    )
