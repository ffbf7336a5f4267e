"""The test client that belongs to an application: its framework's own."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

Opening = AbstractContextManager[object]


class NoClientError(Exception):
    """The application is made with a framework whose test client is not known here."""


def client_of(app: object) -> Opening:
    """Return what opens a client of *app*, and closes it; its lifespan is that of the application, where it has one.

    Raises :class:`NoClientError`.
    """
    for module, name, opening in _FRAMEWORKS:
        kind = getattr(sys.modules.get(module), name, None)  # an application's framework is imported
        if isinstance(kind, type) and isinstance(app, kind):
            return opening(app)
    raise NoClientError(
        f"there is no test client for a {type(app).__name__}; allowed: an application of"
        " Starlette, FastAPI, Flask, Django or Litestar, or a fixture backend_client of your own"
    )


def _of_starlette(app: Any) -> Opening:  # noqa: ANN401  of a module that is imported late
    from starlette.testclient import TestClient

    return TestClient(app)


def _of_flask(app: Any) -> Opening:  # noqa: ANN401  as above
    return nullcontext(app.test_client())


def _of_django(_: object) -> Opening:
    """Return a client of the project that is set up: Django has one application a process."""
    from django.test import Client

    return nullcontext(Client())


def _of_litestar(app: Any) -> Opening:  # noqa: ANN401  as above
    from litestar.testing import TestClient

    client: Opening = TestClient(app)
    return client


#: Where a framework keeps the class of its applications, and what opens a client of one.
_FRAMEWORKS: Final[tuple[tuple[str, str, Callable[[Any], Opening]], ...]] = (
    ("starlette.applications", "Starlette", _of_starlette),
    ("flask.app", "Flask", _of_flask),
    ("django.core.handlers.base", "BaseHandler", _of_django),
    ("litestar.app", "Litestar", _of_litestar),
)
