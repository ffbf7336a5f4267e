"""Signing in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from bookshop.models import AccessToken, Customer


def test_whoever_registered_can_sign_in(client: TestClient, password: str) -> None:
    """A new customer exchanges address and password for a token, and the token opens their account."""
    person = {"email": "Grace@Example.org", "name": "Grace", "password": password}
    client.post("/customers", json=person)

    token = client.post("/tokens", json={"email": "grace@example.ORG", "password": password})
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}

    assert token.status_code == 201
    assert token.json()["token_type"] == "bearer"  # noqa: S105 - the name of a scheme
    assert client.get("/customers/me", headers=headers).json()["name"] == "Grace"


def test_a_token_is_valid_for_as_long_as_the_settings_say(
    client: TestClient,
    ada: Customer,
    password: str,
) -> None:
    """The answer says when the token expires: eight hours from now, as nothing else was configured."""
    before = datetime.now(UTC)
    response = client.post("/tokens", json={"email": ada.email, "password": password})
    after = datetime.now(UTC)

    expires_at = datetime.fromisoformat(response.json()["expires_at"])
    assert before <= expires_at - timedelta(hours=8) <= after


def test_each_device_has_a_token_of_its_own(
    client: TestClient,
    session: Session,
    ada: Customer,
    password: str,
) -> None:
    """Signing in again makes another token and leaves the earlier ones valid; only digests are stored."""
    signing_in = {"email": ada.email, "password": password}
    tokens = [client.post("/tokens", json=signing_in).json()["access_token"] for _ in range(8)]

    for token in tokens:
        assert client.get("/customers/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    stored = session.scalars(select(AccessToken.digest)).all()
    assert len(set(tokens)) == len(stored) == 8
    assert not set(tokens) & set(stored)


def test_signing_in_clears_away_what_expired(
    client: TestClient,
    session: Session,
    ada: Customer,
    password: str,
    signed_in: Callable[..., dict[str, str]],
) -> None:
    """Expired tokens of the customer are deleted, valid ones stay."""
    for minutes in (-10, 0, 10):
        signed_in(ada, lifetime=timedelta(minutes=minutes))

    client.post("/tokens", json={"email": ada.email, "password": password})

    moments = session.scalars(select(AccessToken.expires_at)).all()
    assert len(moments) == 2
    assert all(moment > datetime.now(UTC) for moment in moments)


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org", "adaa@example.org"])
@pytest.mark.parametrize("change", ["{}x", "x{}", " {}"])
def test_wrong_credentials_give_one_answer(
    client: TestClient,
    password: str,
    email: str,
    change: str,
) -> None:
    """Nobody can tell from the answer whether the address or the password was wrong."""
    response = client.post("/tokens", json={"email": email, "password": change.format(password)})

    assert response.status_code == 401
    assert response.json() == {
        "code": "wrong-credentials",
        "detail": "no customer has this email address and this password",
    }


def test_a_password_belongs_to_its_address(client: TestClient, ada: Customer, password: str) -> None:
    """The right password of one customer opens nothing together with an address that nobody has."""
    nobody = client.post("/tokens", json={"email": "nobody@example.org", "password": password})
    known = client.post("/tokens", json={"email": ada.email, "password": password})

    assert (nobody.status_code, known.status_code) == (401, 201)


@pytest.mark.parametrize(
    "mistake",
    [
        {"email": "ada"},
        {"email": None},
        {"email": 7},
        {"password": ""},
        {"password": "x" * 129},
        {"password": None},
        {"remember_me": True},
    ],
)
def test_a_sign_in_with_a_mistake_is_refused(
    client: TestClient,
    ada: Customer,
    password: str,
    mistake: dict[str, object],
) -> None:
    """What cannot be an address or a password is not compared with anything."""
    response = client.post("/tokens", json={"email": ada.email, "password": password} | mistake)

    assert response.status_code == 422
    assert [fault["loc"] for fault in response.json()["detail"]] == [["body", *mistake]]
