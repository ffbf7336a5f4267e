"""Which path leads to which view."""

from django.urls import path

from clinic import views

urlpatterns = [
    path("doctors", views.doctors),
    path("doctors/<int:doctor_id>/appointments", views.appointments_of_doctor),
    path("patients", views.patients),
    path("patients/<int:patient_id>", views.patient),
    path("appointments", views.appointments),
]
