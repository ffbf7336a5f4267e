"""The tables."""

from typing import ClassVar

from django.db import models


class Doctor(models.Model):
    """Somebody who sees patients, one at a time."""

    name = models.CharField(max_length=100)
    field = models.CharField(max_length=100)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return f"{self.name}, {self.field}"


class Patient(models.Model):
    """Somebody who comes to be seen."""

    name = models.CharField(max_length=100)
    born = models.DateField()

    def __str__(self) -> str:
        return self.name


class Appointment(models.Model):
    """Half an hour of a doctor's, for one patient."""

    doctor = models.ForeignKey(Doctor, models.CASCADE, related_name="appointments")
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="appointments")
    starts_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["doctor", "starts_at"], name="one_patient_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.patient} at {self.starts_at:%Y-%m-%d %H:%M}"
