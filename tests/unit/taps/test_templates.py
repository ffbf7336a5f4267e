"""Which path template a path was made of."""

import pytest

from pytest_backend_gates.taps.templates import Templates

TEMPLATES = Templates(
    [
        ("get", "/orders/{order_id}"),
        ("GET", "/orders/mine"),
        ("POST", "/orders"),
        ("GET", "/orders/{order_id}/items/{item}.json"),
        ("GET", "/{shop}/mine"),
        ("GET", "/shops/caf%C3%A9"),
        ("GET", "/reports/{year}-{month}"),
        ("GET", "/"),
        ("GET", "/a.b/{c}"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("GET", "/orders/7", "/orders/{order_id}"),
        ("get", "/orders/a%2Fb", "/orders/{order_id}"),
        ("GET", "/orders/a%0Ab", "/orders/{order_id}"),
        ("GET", "/orders/mine", "/orders/mine"),
        ("GET", "/books/mine", "/{shop}/mine"),
        ("POST", "/orders", "/orders"),
        ("GET", "/orders/7/items/8.json", "/orders/{order_id}/items/{item}.json"),
        ("GET", "/shops/caf%c3%a9", "/shops/caf%C3%A9"),
        ("GET", "/reports/2024-12", "/reports/{year}-{month}"),
        ("GET", "/", "/"),
        ("GET", "/orders", None),
        ("DELETE", "/orders/7", None),
        ("GET", "/orders/", None),
        ("GET", "/orders/7/", None),
        ("GET", "/orders/7/items/8", None),
        ("GET", "/axb/1", None),
    ],
)
def test_a_path(method: str, path: str, template: str | None) -> None:
    """Words go before variables, a variable is one part of the path and never empty, and the method counts."""
    assert TEMPLATES.find(method, path) == template
