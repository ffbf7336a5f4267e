"""python -m bookshop"""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bookshop.__main__ import main
from bookshop.models import Customer


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, app: FastAPI) -> None:
    """Let the command work on the database of the test's client."""
    monkeypatch.setenv("BOOKSHOP_DATABASE_URL", app.state.settings.database_url)


def test_a_customer_is_appointed(client: TestClient, ada: Customer, as_ada: dict[str, str]) -> None:
    """The command makes a customer a member of the staff, who stays signed in."""
    assert main([ada.email.upper()]) is None

    assert client.get("/customers/me", headers=as_ada).json()["is_staff"] is True


def test_an_unknown_person_cannot_be_appointed() -> None:
    """The message names the address."""
    assert main(["nobody@example.org"]) == "no customer has the email address nobody@example.org"


@pytest.mark.parametrize("arguments", [[], ["ada@example.org", "bob@example.org"]])
def test_the_command_says_how_it_is_used(arguments: list[str]) -> None:
    """Anything but one address shows the usage."""
    assert main(arguments) == "usage: python -m bookshop EMAIL"
