"""Who comes when."""

from collections.abc import Callable, Sequence

import pytest
from django.http import HttpResponse
from django.test import Client

from clinic.models import Appointment, Doctor, Patient

Post = Callable[[str, object], HttpResponse]

NINE = "2026-11-23T09:00:00+00:00"


def test_day(client: Client, full_monday: Sequence[Appointment]) -> None:
    """The list of a day is in order of time, with the names that a receptionist looks for."""
    listed = client.get("/appointments", {"day": "2026-11-23"}).json()["appointments"]
    assert len(listed) == len(full_monday)
    assert listed[0] == {
        "id": full_monday[0].pk,
        "starts_at": NINE,
        "doctor": "Mira Sand",
        "patient": "Patient 0 of Mira Sand",
        "reason": "",
    }
    assert listed == sorted(listed, key=lambda one: (one["starts_at"], one["id"]))


@pytest.mark.usefixtures("full_monday")
def test_another_day(client: Client) -> None:
    assert client.get("/appointments", {"day": "2026-11-24"}).json() == {"appointments": []}


def test_no_day(client: Client, mira: Doctor) -> None:  # noqa: ARG001 - there is a database then
    response = client.get("/appointments", {"day": "monday"})
    assert (response.status_code, response.json()) == (
        400,
        {"detail": "day: Invalid isoformat string: 'monday'"},
    )


@pytest.mark.usefixtures("full_monday")
def test_of_one_doctor(client: Client, otto: Doctor) -> None:
    listed = client.get(f"/doctors/{otto.pk}/appointments").json()["appointments"]
    assert [one["patient"] for one in listed] == [f"Patient {number} of Otto Berg" for number in range(6)]


def test_of_nobody(client: Client, otto: Doctor) -> None:
    assert client.get(f"/doctors/{otto.pk + 1}/appointments").status_code == 404


def test_booking(post: Post, mira: Doctor, lea: Patient) -> None:
    wanted = {"doctor": mira.pk, "patient": lea.pk, "starts_at": NINE, "reason": "a cough"}
    response = post("/appointments", wanted)
    made = Appointment.objects.get()
    assert (response.status_code, response.json()) == (
        201,
        {
            "id": made.pk,
            "starts_at": NINE,
            "doctor": "Mira Sand",
            "patient": "Lea Holm",
            "reason": "a cough",
        },
    )


def test_booking_twice(post: Post, mira: Doctor, lea: Patient) -> None:
    """A doctor sees one patient at a time."""
    wanted = {"doctor": mira.pk, "patient": lea.pk, "starts_at": NINE}
    post("/appointments", wanted)
    response = post("/appointments", wanted)
    assert (response.status_code, response.json()) == (
        409,
        {"detail": "Mira Sand sees somebody else then"},
    )
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"doctor": 0}, "Doctor matching query does not exist."),
        ({"patient": 0}, "Patient matching query does not exist."),
        ({"starts_at": "2026-11-23T09:00:00"}, "starts_at has no time zone"),
        (
            {"starts_at": "nine"},
            "an appointment has a doctor, a patient and starts_at: Invalid isoformat string: 'nine'",
        ),
    ],
)
def test_booking_refused(
    post: Post, mira: Doctor, lea: Patient, change: dict[str, object], detail: str
) -> None:
    wanted = {"doctor": mira.pk, "patient": lea.pk, "starts_at": NINE, **change}
    response = post("/appointments", wanted)
    assert (response.status_code, response.json()) == (400, {"detail": detail})
    assert not Appointment.objects.exists()
