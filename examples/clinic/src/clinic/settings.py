"""Settings, from the environment where it has a say.

``DATABASE_URL``   where the data is: ``postgres://user:password@host/name``; without it an SQLite file
``CLINIC_SECRET``  what sessions are signed with; without it every start makes up its own
``CLINIC_HOSTS``   the names it is served under, separated by commas
"""

import os
import secrets
from pathlib import Path

import dj_database_url

SECRET_KEY = os.environ.get("CLINIC_SECRET") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = os.environ.get("CLINIC_HOSTS", "localhost,127.0.0.1").split(",")
DEBUG = False

INSTALLED_APPS = ["clinic"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"

DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{Path.cwd() / 'clinic.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TIME_ZONE = "UTC"
USE_TZ = True
