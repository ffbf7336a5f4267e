"""Whose requests count: those of test methods, in Django projects and with unittest, however they are distributed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

UNITTEST = """\
import unittest

from shop.app import app


class Grades(unittest.TestCase):
    def setUp(self):
        self.client = app.test_client()
        self.addCleanup(self.client.delete, "/grades/1")
        assert self.client.get("/grades/1").status_code == 200

    def tearDown(self):
        self.client.put("/grades/1")

    def test_one(self):
        assert self.client.get("/grades/2").status_code == 200
        assert self.client.get("/grades/3").status_code == 200


class Later(Grades, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client.get("/grades/1")

    async def test_one(self):
        assert self.client.get("/grades/2").status_code == 200
        assert self.client.get("/grades/3").status_code == 200


class OfItsOwn(Grades):
    def run(self, result=None):
        return super().run(result)
"""
SETTINGS = """\
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "not one"
ROOT_URLCONF = "clinic.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
STATIC_URL = "/static/"
"""
URLS = """\
from django.contrib.auth.models import User
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path, re_path


def count(request, patient=0):
    return HttpResponse(str(User.objects.count()))


def stream(request, year):
    return StreamingHttpResponse(iter([b"a", b"b"]))


urlpatterns = [
    path("patients/<int:patient>/", count),
    path("patients/", count),
    re_path(r"^visits/(?P<year>[0-9]{4})/$", stream),
]
"""
DJANGO_TESTS = """\
from urllib.request import urlopen

import pytest
from django.test import TestCase


@pytest.fixture
def signed_in(client, db):
    client.get("/patients/")
    yield client
    client.get("/patients/")


@pytest.mark.parametrize("number", range(4))
def test_client(signed_in, number):
    assert signed_in.get(f"/patients/{number}/").content == b"0"
    assert signed_in.get("/visits/2024/").getvalue() == b"ab"
    assert signed_in.get("/nowhere/").status_code == 404


def test_live_server(live_server):
    assert urlopen(f"{live_server.url}/patients/5/").read() == b"0"


class Patients(TestCase):
    def setUp(self):
        self.client.get("/patients/")

    def test_one(self):
        self.assertEqual(self.client.head("/patients/5/").status_code, 200)

    async def test_two(self):
        self.assertEqual((await self.async_client.head("/patients/5/")).status_code, 200)
"""


IN_THE_BODY = """\
def test_flask():
    from flask import Flask

    app = Flask("shop")
    app.get("/flask")(lambda: "")
    for _ in range(3):
        app.test_client().get("/flask")


def test_fastapi():
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    app = FastAPI()
    app.get("/fastapi")(lambda: "")
    for _ in range(3):
        TestClient(app).get("/fastapi")


def test_litestar():
    from litestar import get
    from litestar.testing import create_test_client

    @get("/litestar", sync_to_thread=False)
    def route() -> str:
        return ""

    with create_test_client([route]) as client:
        for _ in range(3):
            client.get("/litestar")
"""


def samples(project: "Project") -> dict[str, tuple[str, int]]:
    """Run the tests and return the native spelling and the requests of each operation: the samples and the cold."""
    result, report = project.report("--backend-gates-only=latency", "-W", "error")
    assert result.status == 0, result.out
    latency = report["measurements"]["latency"]["subjects"]
    processes = 2 if project.mode_name == "-n2" else 1
    assert all(1 <= one["cold"] <= processes for one in latency.values())
    return {name: (one["native"], one["count"] + one["cold"]) for name, one in latency.items()}


def test_fixtures_of_unittest_are_no_samples(shop: "Project") -> None:
    """Requests of ``setUp``, ``tearDown`` and clean-ups do not count, unless a class runs its tests its own way."""
    shop.file("tests/test_app.py", "").file("tests/test_unittest.py", UNITTEST)
    found = samples(shop)
    # Two of each of the first two classes, and of the last one its set-up too; the first set-up of all is cold.
    cold = 2 if shop.mode_name == "-n2" else 1
    assert found == {"GET /grades/{points}": ("/grades/<int:points>", 2 + 2 + 3 + cold)}


def test_a_django_project(empty: "Project") -> None:
    """With pytest-django: its clients, its live server, and test cases of Django's own."""
    empty.file("clinic/__init__.py", "").file("clinic/settings.py", SETTINGS).file("clinic/urls.py", URLS)
    loaded = "addopts = -p pytest_django.plugin"
    empty.file(
        "pytest.ini", f"[pytest]\npythonpath = .\n{loaded}\nDJANGO_SETTINGS_MODULE = clinic.settings\n"
    )
    found = samples(empty.file("tests/test_clinic.py", DJANGO_TESTS))
    assert found == {
        "GET /patients/": ("patients/", found["GET /patients/"][1]),
        "GET /patients/{patient}/": ("patients/<int:patient>/", 5),
        "GET /visits/{year}/": (r"^visits/(?P<year>[0-9]{4})/$", 4),
        "HEAD /patients/{patient}/": ("patients/<int:patient>/", 2),
    }


def test_frameworks_that_are_imported_inside_tests(empty: "Project") -> None:
    """Each is tapped when it comes in: no request of the test that imports it is lost."""
    found = samples(empty.file("tests/test_app.py", IN_THE_BODY))
    assert found == {f"GET /{name}": (f"/{name}", 3) for name in ("fastapi", "flask", "litestar")}
