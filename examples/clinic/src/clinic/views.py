"""What the clinic answers: JSON, and a reason beside every refusal."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic.models import Appointment, Doctor, Patient


@require_GET
def doctors(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - every view is given one
    """List the doctors by name."""
    found = [{"id": one.pk, "name": one.name, "field": one.field} for one in Doctor.objects.all()]
    return JsonResponse({"doctors": found})


@require_POST
def patients(request: HttpRequest) -> HttpResponse:
    """Take in a new patient: ``{"name": ..., "born": "1980-02-29"}``."""
    body = _body(request)
    try:
        name, born = str(body["name"]).strip(), date.fromisoformat(body["born"])
    except (KeyError, TypeError, ValueError) as error:
        return _refused(f"a patient has a name and a day of birth: {error}")
    if not name:
        return _refused("the name is empty")
    made = Patient.objects.create(name=name, born=born)
    return JsonResponse(_patient(made), status=201)


@require_GET
def patient(request: HttpRequest, patient_id: int) -> HttpResponse:  # noqa: ARG001 - as above
    """Show one patient."""
    return JsonResponse(_patient(get_object_or_404(Patient, pk=patient_id)))


@require_http_methods(["GET", "POST"])
def appointments(request: HttpRequest) -> HttpResponse:
    """List the appointments of a day, ``?day=2026-11-23``, or make one."""
    if request.method == "POST":
        return _book(_body(request))
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError as error:
        return _refused(f"day: {error}")
    # Looks like one query. Each line of the list then asks for its doctor, and for its patient.
    return _list(Appointment.objects.filter(starts_at__date=day))


@require_GET
def appointments_of_doctor(request: HttpRequest, doctor_id: int) -> HttpResponse:  # noqa: ARG001 - as above
    """List all appointments of one doctor."""
    doctor = get_object_or_404(Doctor, pk=doctor_id)
    # The same list, and one query for all of it: the database joins what each line shows.
    return _list(doctor.appointments.select_related("doctor", "patient"))


def _book(body: dict[str, Any]) -> HttpResponse:
    try:
        starts_at = datetime.fromisoformat(body["starts_at"])
        doctor = Doctor.objects.get(pk=body["doctor"])
        patient = Patient.objects.get(pk=body["patient"])
    except (KeyError, TypeError, ValueError) as error:
        return _refused(f"an appointment has a doctor, a patient and starts_at: {error}")
    except (Doctor.DoesNotExist, Patient.DoesNotExist) as error:
        return _refused(str(error))
    if starts_at.tzinfo is None:
        return _refused("starts_at has no time zone")
    try:
        with transaction.atomic():
            made = Appointment.objects.create(
                doctor=doctor, patient=patient, starts_at=starts_at, reason=str(body.get("reason", ""))[:200]
            )
    except IntegrityError:
        return _refused(f"{doctor.name} sees somebody else then", status=409)
    return JsonResponse(_appointment(made), status=201)


def _list(found: Iterable[Appointment]) -> HttpResponse:
    return JsonResponse({"appointments": [_appointment(one) for one in found]})


def _appointment(one: Appointment) -> dict[str, object]:
    return {
        "id": one.pk,
        "starts_at": one.starts_at.isoformat(),
        "doctor": one.doctor.name,
        "patient": one.patient.name,
        "reason": one.reason,
    }


def _patient(one: Patient) -> dict[str, object]:
    return {"id": one.pk, "name": one.name, "born": one.born.isoformat()}


def _body(request: HttpRequest) -> dict[str, Any]:
    """Return the object that was sent; what is none is as good as an empty one."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refused(reason: str, status: int = 400) -> HttpResponse:
    return JsonResponse({"detail": reason}, status=status)
