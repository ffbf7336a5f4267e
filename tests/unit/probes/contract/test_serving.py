"""How an application is served: which kind it is, and that ``os._exit`` means what it says elsewhere."""

import functools
import os
import subprocess
import sys

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.middleware.cors import CORSMiddleware

from pytest_backend_gates.probes.contract.serving import INSIDE, LeftError, Traffic, is_asgi, nobody_leaves


class Plain:
    """An ASGI application whose ``__call__`` only returns something to await."""

    def __call__(self, scope: object, receive: object, send: object) -> object:
        return scope, receive, send


async def function(scope: object, receive: object, send: object) -> None:
    """Answer nothing."""


@pytest.mark.parametrize(
    ("app", "asgi"),
    [
        (FastAPI(), True),
        (CORSMiddleware(FastAPI()), True),
        (function, True),
        (functools.partial(function), True),
        (Plain(), True),
        (Flask(__name__), False),
        (Flask(__name__).wsgi_app, False),
        (lambda environ, start_response: [environ, start_response], False),
        (object(), False),
    ],
)
def test_is_asgi(app: object, *, asgi: bool) -> None:
    """Coroutine functions are, and whatever takes three arguments."""
    assert is_asgi(app) is asgi


def test_leaving_inside() -> None:
    """``os._exit`` raises in the application's code only, and is given back."""
    before = os._exit
    raised = []

    def leave() -> None:
        try:
            os._exit(3)
        except LeftError as error:
            raised.append(str(error))

    with nobody_leaves():
        token = INSIDE.set(True)
        leave()
        INSIDE.reset(token)
    assert (raised, os._exit is before) == (["os._exit(3)"], True)


@pytest.mark.parametrize("where", ["threading.Thread(target=os._exit, args=(3,)).start()", "os._exit(3)"])
def test_leaving_outside(where: str) -> None:
    """Another thread, such as a timeout's, leaves as it wants to."""
    script = (
        "import os, threading\n"
        "from pytest_backend_gates.probes.contract.serving import nobody_leaves\n"
        f"with nobody_leaves():\n    {where}\n    threading.Event().wait(10)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 3


def test_the_log() -> None:
    """It tells requests apart by method, target and body, and not by a random boundary."""
    traffic = Traffic()

    def note(kind: str, body: bytes) -> str:
        return traffic.note("POST", "/x?y=1", body, kind)

    assert note("application/json", b"{}") == "POST /x?y=1"
    note("application/json", b"[]")
    note('multipart/form-data; boundary="abc"', b"--abc--")
    note("multipart/form-data; boundary=xyz", b"--xyz--")
    assert len(set(traffic.log)) == 3
    assert traffic.log[2] == traffic.log[3]
    assert all(line.startswith("POST /x?y=1 ") for line in traffic.log)
