"""Doctors and patients."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from clinic.models import Doctor, Patient

Post = Callable[[str, object], HttpResponse]


def test_doctors(client: Client, otto: Doctor, mira: Doctor) -> None:
    assert client.get("/doctors").json() == {
        "doctors": [
            {"id": mira.pk, "name": "Mira Sand", "field": "hearts"},
            {"id": otto.pk, "name": "Otto Berg", "field": "bones"},
        ]
    }


def test_patient(client: Client, lea: Patient) -> None:
    found = client.get(f"/patients/{lea.pk}")
    assert found.json() == {"id": lea.pk, "name": "Lea Holm", "born": "1980-02-29"}


def test_no_patient(client: Client, lea: Patient) -> None:
    assert client.get(f"/patients/{lea.pk + 1}").status_code == 404


@pytest.mark.django_db
def test_taking_in(post: Post) -> None:
    response = post("/patients", {"name": " Bo Lind ", "born": "2001-05-06"})
    made = Patient.objects.get()
    assert (response.status_code, response.json()) == (
        201,
        {"id": made.pk, "name": "Bo Lind", "born": "2001-05-06"},
    )


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        ({"name": "", "born": "2001-05-06"}, "the name is empty"),
        ({"born": "2001-05-06"}, "a patient has a name and a day of birth: 'name'"),
        (
            {"name": "Bo", "born": "yesterday"},
            "a patient has a name and a day of birth: Invalid isoformat string: 'yesterday'",
        ),
        ([], "a patient has a name and a day of birth: 'name'"),
    ],
)
def test_refused(post: Post, sent: object, detail: str) -> None:
    response = post("/patients", sent)
    assert (response.status_code, response.json()) == (400, {"detail": detail})


def test_no_json(client: Client) -> None:
    response = client.generic("POST", "/patients", b"{")
    assert response.status_code == 400


def test_names(mira: Doctor, lea: Patient) -> None:
    """What Django's shell shows of them."""
    assert (str(mira), str(lea)) == ("Mira Sand, hearts", "Lea Holm")
