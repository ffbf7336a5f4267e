"""The three tables, as the clinic opened with them."""

from typing import ClassVar

from django.db import migrations, models

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    """Makes them."""

    initial = True
    dependencies: ClassVar[list[str]] = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="Doctor",
            fields=[
                ("id", _ID.clone()),
                ("name", models.CharField(max_length=100)),
                ("field", models.CharField(max_length=100)),
            ],
            options={"ordering": ["name"]},
        ),
        migrations.CreateModel(
            name="Patient",
            fields=[
                ("id", _ID.clone()),
                ("name", models.CharField(max_length=100)),
                ("born", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="Appointment",
            fields=[
                ("id", _ID.clone()),
                ("starts_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("doctor", models.ForeignKey("clinic.doctor", models.CASCADE, related_name="appointments")),
                ("patient", models.ForeignKey("clinic.patient", models.CASCADE, related_name="appointments")),
            ],
            options={
                "ordering": ["starts_at", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("doctor", "starts_at"), name="one_patient_at_a_time")
                ],
            },
        ),
    ]
