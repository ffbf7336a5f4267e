"""Who may do what."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from bookshop.models import Customer

NOT_CREDENTIALS = [
    pytest.param({}, id="nothing"),
    pytest.param({"Authorization": ""}, id="empty"),
    pytest.param({"Authorization": "Bearer"}, id="scheme-only"),
    pytest.param({"Authorization": "Bearer unknown"}, id="unknown-token"),
    pytest.param({"Authorization": "Bearer two words"}, id="two-words"),
    pytest.param({"Authorization": "unknown"}, id="no-scheme"),
    pytest.param({"Authorization": "Basic YWRhOmFkYQ=="}, id="another-scheme"),
]
STAFF_OPERATIONS = [
    "POST /books",
    "PUT /books/1",
    "DELETE /books/1",
    "POST /books/1/deliveries",
]
CUSTOMER_OPERATIONS = [
    "GET /customers/me",
    "POST /orders",
    "GET /orders",
    "GET /orders/1",
    "POST /orders/1/cancel",
]
OPEN_OPERATIONS = ["GET /health", "GET /books"]


@pytest.mark.parametrize("headers", NOT_CREDENTIALS)
@pytest.mark.parametrize("operation", STAFF_OPERATIONS + CUSTOMER_OPERATIONS)
def test_without_a_valid_token_nothing_is_done(
    client: TestClient,
    operation: str,
    headers: dict[str, str],
) -> None:
    """A protected operation asks for a bearer token before it looks at anything else of the request."""
    response = client.request(*operation.split(), headers=headers)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["code"] == "bad-token"


@pytest.mark.parametrize("operation", STAFF_OPERATIONS + CUSTOMER_OPERATIONS)
def test_an_expired_token_is_no_token(
    client: TestClient,
    ada: Customer,
    signed_in: Callable[..., dict[str, str]],
    operation: str,
) -> None:
    """A token stops working at the moment it expires."""
    response = client.request(*operation.split(), headers=signed_in(ada, lifetime=timedelta(0)))

    assert response.status_code == 401
    assert response.json()["code"] == "bad-token"


@pytest.mark.parametrize("operation", STAFF_OPERATIONS)
def test_a_customer_may_not_change_the_catalogue(
    client: TestClient,
    as_ada: dict[str, str],
    operation: str,
) -> None:
    """A customer with a valid token is told that only the staff may do this."""
    response = client.request(*operation.split(), headers=as_ada)

    assert response.status_code == 403
    assert response.json() == {"code": "staff-only", "detail": "only the staff may change the catalogue"}


@pytest.mark.parametrize("headers", NOT_CREDENTIALS)
@pytest.mark.parametrize("operation", OPEN_OPERATIONS)
def test_an_open_operation_does_not_mind_bad_credentials(
    client: TestClient,
    operation: str,
    headers: dict[str, str],
) -> None:
    """What everybody may read is also given to a client that sends an old or broken header along."""
    assert client.request(*operation.split(), headers=headers).status_code == 200
