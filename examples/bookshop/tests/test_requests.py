"""Requests that no operation can make sense of."""

import pytest
from fastapi.testclient import TestClient

BY_ID = [
    ("GET /books/{}", None),
    ("PUT /books/{}", {"isbn": "9780141439518", "title": "Emma", "author": "Austen", "price_cents": 1}),
    ("DELETE /books/{}", None),
    ("POST /books/{}/deliveries", {"quantity": 1}),
    ("GET /orders/{}", None),
    ("POST /orders/{}/cancel", None),
]
WITH_BODY = [
    "POST /customers",
    "POST /tokens",
    "POST /books",
    "PUT /books/1",
    "POST /books/1/deliveries",
    "POST /orders",
]


@pytest.mark.parametrize("row_id", ["0", "-1", "one", "1.5", str(2**31), str(2**64)])
@pytest.mark.parametrize(("operation", "body"), BY_ID)
def test_what_is_no_id_is_refused(
    client: TestClient,
    as_staff: dict[str, str],
    operation: str,
    body: object,
    row_id: str,
) -> None:
    """An id is a positive number that the database can hold; everything else is the client's mistake."""
    response = client.request(*operation.format(row_id).split(), headers=as_staff, json=body)

    assert response.status_code == 422
    assert [fault["loc"][0] for fault in response.json()["detail"]] == ["path"]


@pytest.mark.parametrize("row_id", [1, 42, 2**31 - 1])
@pytest.mark.parametrize(("operation", "body"), BY_ID)
def test_an_id_of_nothing_is_not_found(
    client: TestClient,
    as_staff: dict[str, str],
    operation: str,
    body: object,
    row_id: int,
) -> None:
    """An operation on a row that does not exist says which one is missing."""
    response = client.request(*operation.format(row_id).split(), headers=as_staff, json=body)

    assert response.status_code == 404
    assert response.json()["code"] in {"book-not-found", "order-not-found"}
    assert response.json()["detail"].endswith(f" {row_id}")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b'{"name": "\xff"}', 400, id="not-utf-8"),
        pytest.param(b'{"price_cents": ' + b"9" * 5000 + b"}", 400, id="number-of-5000-digits"),
        pytest.param(b'{"name": ', 422, id="cut-off"),
        pytest.param(b"", 422, id="empty"),
        pytest.param(b"[]", 422, id="a-list"),
        pytest.param(b'{"quantity": Infinity}', 422, id="infinity"),
    ],
)
@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_body_that_cannot_be_read_is_refused(
    client: TestClient,
    as_staff: dict[str, str],
    operation: str,
    content: bytes,
    status: int,
) -> None:
    """Bytes that are no JSON object, or hold a number that JSON cannot spell, never become a server error."""
    headers = as_staff | {"Content-Type": "application/json"}

    assert client.request(*operation.split(), headers=headers, content=content).status_code == status


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [("GET /shelves", 404, "not-found"), ("PATCH /books", 405, "method-not-allowed")],
)
def test_what_the_framework_refuses_looks_like_any_other_problem(
    client: TestClient,
    operation: str,
    status: int,
    code: str,
) -> None:
    """A route or a method that does not exist is answered in the shop's own form."""
    response = client.request(*operation.split())

    assert response.status_code == status
    assert response.json()["code"] == code
