"""A ``-k`` expression that pytest accepts and that selects one contract item."""

import pytest

from pytest_backend_gates.probes.contract.keywords import expression

NAMES = [
    f"contract[{name}]"
    for name in (
        "GET /orders",
        "POST /orders",
        "GET /orders/{order_id}",
        "GET /orders/{order_id}/lines",
        "GET /orders/{order_id}/lines/{line_id}",
        "DELETE /orders/{order_id}",
        "GET /or/{not}",
        "GET /caf\\xe9/{id}",
        "GET /files/{path}.json",
        "GET /",
        "GET /a~b*c",
        "GET /Orders",
    )
]
#: As the schema spells them; pytest escapes what is not ASCII.
IDS = [name[9:-1].encode().decode("unicode_escape") for name in NAMES]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("contract[GET /orders]", "contract[GET and /orders]"),
        ("contract[POST /orders]", "contract[POST and /orders]"),
        ("contract[GET /orders/{order_id}]", "contract[GET and /orders/ and order_id and not /lines"),
        ("contract[DELETE /orders/{order_id}]", "contract[DELETE and /orders/ and order_id"),
        ("contract[GET /or/{not}]", "contract[GET and /or/"),
        ("contract[GET /caf\\xe9/{id}]", "contract[GET and /caf\\xe9/ and id"),
        ("contract[GET /files/{path}.json]", "contract[GET and /files/ and path and .json]"),
        ("contract[GET /a~b*c]", "contract[GET and /a and b and c]"),
    ],
)
def test_expression(name: str, expected: str) -> None:
    """Only what an expression may hold, and what tells the item apart from the others."""
    assert expression(name, NAMES) == expected


@pytest.mark.parametrize("name", NAMES)
def test_pytest_selects_it_and_little_else(name: str, pytester: pytest.Pytester) -> None:
    """Every expression is accepted; besides the item it selects only what differs in case or braces."""
    pytester.makepyfile(
        f"""
        import pytest
        @pytest.mark.parametrize("operation", range({len(NAMES)}), ids={IDS!r})
        def contract(operation): ...
        contract.__test__ = True
        """
    )
    lines = pytester.runpytest_inprocess("--co", "-q", "-k", expression(name, NAMES)).outlines
    found = [line.partition("::")[2] for line in lines if "::" in line]
    assert name in found
    assert {one.lower() for one in found} <= {name.lower()}
