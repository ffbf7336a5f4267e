"""A clinic with two doctors and a full day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client

from clinic.models import Appointment, Doctor, Patient


@pytest.fixture
def post(client: Client) -> Callable[[str, object], HttpResponse]:
    """Send JSON."""

    def send(path: str, content: object) -> HttpResponse:
        return client.post(path, content, content_type="application/json")

    return send


@pytest.fixture
def mira(db: None) -> Doctor:  # noqa: ARG001 - the tables are there then
    """Employ a doctor."""
    made: Doctor = Doctor.objects.create(name="Mira Sand", field="hearts")
    return made


@pytest.fixture
def otto(db: None) -> Doctor:  # noqa: ARG001 - as above
    """Employ another one."""
    made: Doctor = Doctor.objects.create(name="Otto Berg", field="bones")
    return made


@pytest.fixture
def lea(db: None) -> Patient:  # noqa: ARG001 - as above
    """Take in a patient."""
    made: Patient = Patient.objects.create(name="Lea Holm", born=date(1980, 2, 29))
    return made


@pytest.fixture
def full_monday(mira: Doctor, otto: Doctor) -> list[Appointment]:
    """Fill a day: each doctor sees a patient of their own every half hour, from nine to noon."""
    nine = datetime(2026, 11, 23, 9, tzinfo=UTC)
    made = []
    for number in range(6):
        for doctor in (mira, otto):
            patient = Patient.objects.create(name=f"Patient {number} of {doctor.name}", born=date(1990, 1, 1))
            starts_at = nine + timedelta(minutes=30 * number)
            made.append(Appointment.objects.create(doctor=doctor, patient=patient, starts_at=starts_at))
    return made
