"""Registering, and reading one's own account."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from bookshop.models import Customer


@pytest.fixture
def new_customer(password: str) -> dict[str, Any]:
    """Return what a person sends to become a customer."""
    return {"email": "grace@example.org", "name": "Grace", "password": password}


def test_a_person_becomes_a_customer(client: TestClient, new_customer: dict[str, Any]) -> None:
    """The answer to a registration is the account, without anything of the password."""
    response = client.post("/customers", json=new_customer)

    assert response.status_code == 201
    assert response.json() == {"id": 1, "email": "grace@example.org", "name": "Grace", "is_staff": False}


def test_the_password_itself_is_not_kept(
    client: TestClient,
    session: Session,
    new_customer: dict[str, Any],
) -> None:
    """The database holds a salted hash: two customers with one password have different ones."""
    for email in ("grace@example.org", "hopper@example.org"):
        client.post("/customers", json=new_customer | {"email": email})

    stored = session.scalars(select(Customer.password_hash)).all()
    assert len(set(stored)) == 2
    assert all(text.startswith("scrypt$") and new_customer["password"] not in text for text in stored)


@pytest.mark.parametrize(
    "email",
    ["a@b.c", "grace.hopper+shop@navy.example.org", "grâce@exämple.org", "x" * 242 + "@example.org"],
)
def test_any_plausible_email_address_will_do(
    client: TestClient,
    new_customer: dict[str, Any],
    email: str,
) -> None:
    """Whether an address exists only a letter to it can show, so the form is judged generously."""
    response = client.post("/customers", json=new_customer | {"email": email})

    assert response.status_code == 201
    assert response.json()["email"] == email


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("email", ["ada@example.org", "Ada@Example.ORG", "ADA@EXAMPLE.ORG"])
def test_an_email_address_belongs_to_one_customer(
    client: TestClient,
    new_customer: dict[str, Any],
    email: str,
) -> None:
    """An address that differs in letter case only is the same address."""
    response = client.post("/customers", json=new_customer | {"email": email})

    assert response.status_code == 409
    assert response.json()["code"] == "email-taken"


@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param({"email": "grace"}, id="email-without-at"),
        pytest.param({"email": "grace@localhost"}, id="email-without-dot"),
        pytest.param({"email": "grace hopper@example.org"}, id="email-with-space"),
        pytest.param({"email": "x" * 243 + "@example.org"}, id="email-of-255"),
        pytest.param({"email": None}, id="email-null"),
        pytest.param({"name": ""}, id="name-empty"),
        pytest.param({"name": "   "}, id="name-blank"),
        pytest.param({"name": "x" * 201}, id="name-of-201"),
        pytest.param({"name": 7}, id="name-number"),
        pytest.param({"password": "x" * 11}, id="password-of-11"),
        pytest.param({"password": "x" * 129}, id="password-of-129"),
        pytest.param({"password": ["x" * 12]}, id="password-list"),
        pytest.param({"is_staff": True}, id="field-not-for-customers"),
    ],
)
def test_a_registration_with_a_mistake_is_refused(
    client: TestClient,
    new_customer: dict[str, Any],
    mistake: dict[str, object],
) -> None:
    """The answer names the field, and nothing else is complained about."""
    response = client.post("/customers", json=new_customer | mistake)

    assert response.status_code == 422
    assert [fault["loc"] for fault in response.json()["detail"]] == [["body", *mistake]]


def test_a_refused_password_is_not_sent_back(client: TestClient, new_customer: dict[str, Any]) -> None:
    """An answer is kept in logs, where not even a password that was too short belongs."""
    response = client.post("/customers", json=new_customer | {"password": "swordfish"})

    assert response.status_code == 422
    assert "swordfish" not in response.text


def test_each_token_names_its_own_customer(
    client: TestClient,
    add_customer: Callable[..., Customer],
    signed_in: Callable[..., dict[str, str]],
) -> None:
    """Of twenty customers who are signed in at once, each reads their own account."""
    emails = [f"reader{number}@example.org" for number in range(20)]
    headers = [signed_in(add_customer(email)) for email in emails]

    accounts = [client.get("/customers/me", headers=own).json() for own in headers]

    assert [account["email"] for account in accounts] == emails
    assert len({account["id"] for account in accounts}) == 20
