"""No credential of a project is in anything that is printed or written, wherever it was sent, returned or raised.

Nor is any value that stood in an answer which breaks the schema.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

PLANTING = """\
import os
import secrets


def plant(kind):
    value = f"{kind}-{secrets.token_hex(12)}"
    with open(os.environ["PLANTED"], "a") as known:
        known.write(value + "\\n")
    return value
"""
#: Gives credentials out, and tells of those that it was given, in every way that an application can.
APP = """\
import base64
import logging
import os
import threading
import warnings
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response, Security
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import APIKeyHeader, APIKeyQuery
from pydantic import BaseModel
from sqlalchemy import create_engine, text as statement
from sqlalchemy.pool import StaticPool

from shop.planting import plant

app = FastAPI()
GIVEN = []


class Login(BaseModel):
    username: str
    password: str
    client: dict[str, str]


class Account(BaseModel):
    token: int
    visible: int


@app.post("/login")
def login(login: Login):
    pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    raise RuntimeError(f"{login.password!r} {quote(login.password, safe='')} {pair} {login.client}")


@app.get("/raises")
def raises(request: Request):
    print("asked with", dict(request.headers), dict(request.query_params), dict(request.cookies))
    logging.getLogger("shop").warning("cookies %s", list(request.cookies.values()))
    told = [*request.headers.values(), *request.query_params.values(), *request.cookies.values()]
    raise RuntimeError(f"{told} postgres://shop:{plant('dsn')}@db/shop password={plant('setting')}")


@app.get("/account", response_model=Account)
def account():
    return JSONResponse({"token": plant("returned"), "visible": plant("under a plain name")})


@app.get("/accounts", response_model=list[Account])
def accounts():
    secret = plant("nested")
    return JSONResponse([{"client_secret": secret, "note": secret, "token": 1, "visible": 1}, secret * 40])


@app.get("/session", responses={200: {"model": Account}})
def session(response: Response):
    cookie, key = plant("cookie"), plant("key")
    headers = {"set-cookie": f"sid={cookie}; Path=/", "x-auth-token": key}
    return JSONResponse({"token": 1, "visible": f"{cookie} {key}"}, headers=headers)


@app.get("/text", responses={200: {"model": Account}})
def text():
    return PlainTextResponse(f"access_token={plant('form')}", 418)


@app.get("/given")
def given():
    GIVEN.append(plant("given"))
    return {"refresh_token": GIVEN[-1]}


@app.get("/last")
def last():
    raise RuntimeError(f"given out: {GIVEN}")


@app.get("/account/of")
def of(account: str = Security(APIKeyHeader(name="X-Account")), q: str = Security(APIKeyQuery(name="acct"))):
    warnings.warn(f"old account {account}")
    raise RuntimeError(f"no account {account} of {q}")


@app.get("/threads")
def threads(account: str = Security(APIKeyHeader(name="X-Account"))):
    thread = threading.Thread(target=lambda: {}[account])
    thread.start()
    thread.join()
    return {}


@app.get("/tokens")
def tokens(token: Annotated[list[str], Query()]):
    raise RuntimeError(f"tokens {token}")


@app.get("/told")
def told():
    os.environ["DATABASE_URL"] = f"postgresql://shop:p@ss{plant('database-url')}@db:5432/shop"
    ways = [
        f"DATABASE_URL={os.environ['DATABASE_URL']}",
        f"redis://:{plant('redis')}@cache:6379/0",
        f"AWS_SECRET_ACCESS_KEY={plant('aws')}",
        f"password = {plant('spaced')}",
        f"password: {plant('colon')}",
        f"Server=db;Uid=sa;Pwd={plant('odbc')};",
        f"password=ab,cd{plant('comma')}",
        f"token=ab){plant('bracket')}",
        f'{{"client_secret": "a\\\\"b{plant("escaped")}"}}',
        f"<db:password>{plant('element')}</db:password>",
        f"Authorization: ApiKey {plant('api-key')}",
        f"Bearer {plant('in-words')}",
        f"{{'passphrase': '{plant('passphrase')}'}}",
        f"eyJhbGciOiJI.eyJzdWIi.{plant('jwt')}",
        f"signing_key={plant('signing')}&x=1",
    ]
    raise RuntimeError(" ".join(ways))


@app.get("/xml", responses={200: {"model": Account}})
def xml():
    secret = plant("xml")
    body = f"<a><refreshToken>{secret}</refreshToken><note>{secret}</note></a>"
    return Response(body, 409, media_type="application/xml", headers={"X-Access-Token": plant("access")})


engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


@app.get("/orders")
def orders(request: Request):
    with engine.connect() as connection:
        for _ in range(4):
            connection.execute(statement(f"SELECT 1 WHERE 'a' = '{plant('literal')}'"))
        key = request.headers.get("x-api-key", "")
        connection.execute(statement("SELECT * FROM nowhere WHERE key = :key"), {"key": key})


class BrokenBase(BaseModel):
    id: int


@app.get("/answers", response_model=None, responses={200: {"model": BrokenBase}})
def answers(response: Response):
    response.set_cookie("remember", plant("remember"), path="/", samesite="strict")
    names = "accessToken id_token apiKey private_key sessionId csrfToken userPassword secret credentials".split()
    return {"id": "no number", **{name: f"{plant(name)}" for name in names}}


def tangled(a):
    SECRET_KEY = "hard-coded-0123456789ab0123456789ab"
    for b in range(a):
        if a and b or a > 3 and b > 3 or a > 5:
            while b and a > 7 or b > 9:
                if a == 8 or b == 10:
                    return eval("a") and SECRET_KEY
    return None


def hashed(text):
    import hashlib

    return hashlib.md5(text)
"""
OWN = """\
import pytest
from fastapi.testclient import TestClient

from shop.app import app
from shop.planting import plant

#: Neither what prints nor what warns: what pytest shows of a test of its own is the project's. Nor what keeps
#: what it gives out: nobody knows that later, without its name, for a credential that a test was given.
PATHS = ["account", "accounts", "session", "text", "last", "told", "xml", "orders", "answers", "tokens"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("time", range(2))
def test_asked(path, time):
    client = TestClient(app, raise_server_exceptions=False, cookies={"sessionid": plant("own session")})
    params = {"token": plant("own token"), "access_token": plant("own query")}
    headers = {
        "Authorization": f"Basic {plant('own-basic')}",
        "X-Api-Key": plant("own key"),
        "X-Account": plant("own account"),
    }
    assert client.get(f"/{path}", params=params, headers=headers).status_code


def test_often():
    client = TestClient(app)
    assert {client.get("/account").status_code for _ in range(25)} == {200}


def test_login():
    client = TestClient(app, raise_server_exceptions=False)
    body = {"username": "shopper", "password": plant("own password"), "client": {"secret": plant("own secret")}}
    assert client.post("/login", json=body).status_code == 500
"""
#: What a project adds to each request: minted while the tests run, known to no configuration.
HOOKS = """\
import schemathesis

from shop.planting import plant


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers.update({
        "Authorization": f"Bearer {plant('bearer')}",
        "X-Api-Key": plant("header key"),
        "X-CSRF-Token": plant("csrf"),
        "X-Shop-Pass": plant("named by the project"),
        "X-Account": plant("account"),
        "Proxy-Authorization": f"Token {plant('proxy')}",
        "X-Accesstoken": plant("one word"),
        "X-AuthToken": plant("capitals"),
    })
    case.cookies = {"sessionid": plant("session"), "sid": plant("sid")}
    case.query = {"api_key": plant("query key"), "access_token": plant("query token/+ "),
        "acct": plant("acct"), "token": [plant("first token"), plant("second token")]}
    if case.method == "POST":
        case.body = {
            "username": "shopper",
            "password": plant("it's \\"quoted\\" & more"),
            "client": {"client_secret": plant("body"), "pwd": plant("pwd"), "passphrase": plant("phrase")},
        }
"""
TOML = """\
hooks = "shop.hooks"
headers = { X-Shop-Key = "configured-1f2e3d", X-Shop-Note = "${SHOP_NOTE}" }

[output.sanitization]
enabled = false
keys-to-sanitize = ["x-shop-pass"]
sensitive-markers = ["nothing-else"]
"""
INI = """\
[pytest]
testpaths = tests
pythonpath = .
backend_gates_app = shop.app:app
backend_gates_writes = true
filterwarnings = error::pytest.PytestUnhandledThreadExceptionWarning
backend_gates_thresholds =
    coverage > 99.9%
    security.low == 0
    latency.p95 < 1us
    errors < 0.1%
    queries.repeated.max < 2
    contract.failures == 0
"""
#: What tells that a place was reached, and that what it printed or raised besides is still shown.
SHOWN = (
    "500 Internal Server Error (RuntimeError)",
    "[response_schema_conformance]",
    "[status_code_conformance]",
    "-H 'X-Api-Key: [Filtered]'",
    "postgres://[Filtered]@db/shop password=[Filtered]",
    'a string at /visible breaks type: "integer"',
    "Captured stdout call",
    "asked with",
    "cookies ['[Filtered]', '[Filtered]']",
    "UserWarning: old account [Filtered]",
    "ExceptionGroup: multiple thread exception warnings",
    "| KeyError: '[Filtered]'",
    "no account [Filtered] of [Filtered]",
    "B105 Possible hardcoded password  medium confidence",
    "SELECT ? WHERE ? = ?",
)


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], indirect=True, ids=["no xdist", "-n2"])
def test_no_credential_is_shown(empty: "Project") -> None:
    """Of headers, cookies, queries, bodies, answers, exceptions, prints and logs; in no report."""
    planted = empty.root / "planted.txt"
    files = {"app": APP, "planting": PLANTING, "hooks": HOOKS, "__init__": ""}
    for name, text in files.items():
        empty.file(f"shop/{name}.py", text)
    empty.file("schemathesis.toml", TOML).file("pytest.ini", INI).file("tests/test_own.py", OWN)
    project = replace(empty, env={"PLANTED": str(planted), "SHOP_NOTE": "from-the-environment-4c5b"})
    result, _ = project.report("--junitxml=junit.xml", "-v", "-rA")
    written = [(project.root / name).read_text(encoding="utf-8") for name in ("gates.json", "junit.xml")]
    secrets = {
        *planted.read_text(encoding="utf-8").splitlines(),
        "configured-1f2e3d",
        "from-the-environment-4c5b",
        "hard-coded-0123456789ab0123456789ab",
    }
    kinds = {secret.rpartition("-")[0] for secret in secrets}
    assert len(kinds) >= 50, kinds
    whole = "\n".join([result.out, result.err, *written])
    for text in SHOWN:
        assert text in whole, result.out
    parts = {secret[-24:] for secret in secrets}
    assert [line for line in whole.splitlines() if any(part in line for part in parts)] == []
    assert set(result.rows().values()) == {"FAILED"}, result.block
