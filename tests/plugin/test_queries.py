"""Statements per request, and budgets for them, in real sessions against real databases."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_backend_gates.taps.shapes import brief

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

#: Database -> its URL with a synchronous driver, and with an asynchronous one.
DATABASES = {
    "sqlite": ("sqlite://", "sqlite+aiosqlite://"),
    "postgresql": (
        "postgresql+psycopg://postgres@127.0.0.1/test",
        "postgresql+asyncpg://postgres@127.0.0.1/test",
    ),
}

MODELS = """\
from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(AsyncAttrs, DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = {"prefixes": ["TEMPORARY"]}
    id: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[list["Item"]] = relationship()


class Item(Base):
    __tablename__ = "items"
    __table_args__ = {"prefixes": ["TEMPORARY"]}
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))


def data():
    return [Order(items=[Item(name="hunter2"), Item(name="other")]) for _ in range(8)]
"""

APP = """\
import os

from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.pool import StaticPool

from shop.models import Base, Order, data

engine = create_engine(os.environ["SHOP_DATABASE"], poolclass=StaticPool)
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all(data())
    session.commit()

app = Flask(__name__)


def names(session, *options):
    found = session.scalars(select(Order).options(*options)).all()
    return {order.id: [item.name for item in order.items] for order in found}


@app.get("/orders")
def orders():
    with Session(engine) as session:
        return names(session)


@app.get("/loaded")
def loaded():
    with Session(engine) as session:
        return names(session, selectinload(Order.items))


@app.get("/search/<name>")
def search(name):
    with engine.begin() as connection:
        for limit in range(9):
            connection.execute(text(f"SELECT id FROM items WHERE name = '{name}' LIMIT {limit + 1}"))
    return {}


@app.get("/nothing")
def nothing():
    return {}
"""

TESTS = """\
import pytest

from shop.app import app, engine, loaded, orders
from sqlalchemy import text

client = app.test_client()


@pytest.fixture
def prepared():
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    client.get("/nothing")


@pytest.mark.parametrize("_", range(21))
def test_loaded(prepared, _):
    assert client.get("/loaded").json["1"] == ["hunter2", "other"]


@pytest.mark.parametrize("_", range(21))
def test_nothing(_):
    assert client.get("/nothing").json == {}


@pytest.mark.parametrize("_", range(2))
def test_orders(_):
    assert client.get("/orders").json["1"] == ["hunter2", "other"]


def test_search():
    assert client.get("/search/hunter2").json == {}
"""

ASYNC_APP = """\
import os

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import selectinload
from sqlalchemy.pool import StaticPool

from shop.models import Base, Order, data

app = FastAPI()


async def prepare():
    engine = create_async_engine(os.environ["SHOP_DATABASE"], poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with AsyncSession(engine) as session:
        session.add_all(data())
        await session.commit()
    return engine


@app.get("/orders")
async def orders():
    async with AsyncSession(app.state.engine) as session:
        found = (await session.scalars(select(Order))).all()
        return {order.id: [item.name for item in await order.awaitable_attrs.items] for order in found}


@app.get("/loaded")
async def loaded():
    async with AsyncSession(app.state.engine) as session:
        found = (await session.scalars(select(Order).options(selectinload(Order.items)))).all()
        return {order.id: [item.name for item in order.items] for order in found}
"""

ASYNC_TESTS = """\
import asyncio

import httpx
import pytest

from shop.async_app import app, prepare


def ask(path, times, at_once=1):
    async def main():
        app.state.engine = await prepare()
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for _ in range(times):
                for answer in await asyncio.gather(*(client.get(path) for _ in range(at_once))):
                    assert answer.json()["1"] == ["hunter2", "other"]
        await app.state.engine.dispose()

    asyncio.run(main())


def test_loaded():
    ask("/loaded", 21)


def test_orders():
    ask("/orders", 2)
"""

INI = """\
[pytest]
testpaths = tests
pythonpath = .
backend_gates_thresholds =
    queries.repeated.max < 5
    queries.count.mean <= 2
    queries.time.mean < 10s
"""
ONLY = "--backend-gates-only=queries"


def prepared(project: "Project", url: str) -> "Project":
    project.file("shop/__init__.py", "").file("shop/models.py", MODELS).file("pytest.ini", INI)
    return replace(project, env={**project.env, "SHOP_DATABASE": url})


def rows(report: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    """Metric -> its outcome, how many subjects were over the limit, and how many proved nothing."""
    (gate,) = (gate for gate in report["gates"] if gate["gate"] == "queries")
    return {row["metric"]: (row["outcome"], row["over"], row["unproven"]) for row in gate["rows"]}


def findings(report: dict[str, Any], metric: str) -> list[tuple[object, ...]]:
    """Return subject, place and message of what is to be said of *metric*."""
    found = [row for gate in report["gates"] for row in gate["rows"] if row["metric"] == metric]
    return [
        (one["subject"], one["path"], one["line"], re.sub(r"\?::\w+", "?", one["message"]))
        for row in found
        for one in row["findings"]
    ]


def line_of(source: str, text: str) -> int:
    """Return the number of the line of *source* with *text*."""
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)


SELECT_ITEMS = "8 times in one request: SELECT ... FROM items WHERE ? = items.order_id"


def test_repeated_statements_of_sqlalchemy(empty: "Project", database: str) -> None:
    """The line of the loop, the statement without what it was run with, and what to write instead, in any mode."""
    shop = prepared(empty, DATABASES[database][0]).file("shop/app.py", APP).file("tests/test_app.py", TESTS)
    result, report = shop.report(ONLY, "-v", "-p", "no:pytest_cov")
    assert result.status == 1, result.out + result.err
    assert "hunter2" not in result.out + result.err + (shop.root / "gates.json").read_text()
    assert rows(report) == {
        "queries.repeated": ("FAILED", 2, 0),
        "queries.count": ("PASSED", 0, 2),
        "queries.time": ("PASSED", 0, 2),
    }
    search = "9 times in one request: SELECT id FROM items WHERE name = ? LIMIT ?"
    assert findings(report, "queries.repeated") == [
        ("GET /search/{name}", "shop/app.py", line_of(APP, "connection.execute(text("), search),
        ("GET /orders", "shop/app.py", line_of(APP, "for item in order.items"), SELECT_ITEMS),
    ]
    hint = "load them with their owners: .options(selectinload(...)), or joinedload(...) for single objects"
    assert hint in " ".join(result.out.split())
    measured = report["measurements"]
    assert measured["queries.count"]["unit"] is None
    told = {
        name: [one[key] for key in ("count", "min", "mean", "max")]
        for name, one in measured["queries.count"]["subjects"].items()
    }
    assert told == {
        "GET /loaded": [21, 2, 2, 2],
        "GET /nothing": [21, 0, 0, 0],
        "GET /orders": [2, 9, 9, 9],
        "GET /search/{name}": [1, 9, 9, 9],
    }
    times = measured["queries.time"]["subjects"]
    cold = 2 if empty.mode_name == "-n2" else 1
    assert times["GET /loaded"]["cold"] == cold
    assert times["GET /loaded"]["count"] == 2 * (21 - cold)
    assert "GET /nothing" not in times


def test_repeated_statements_of_sqlalchemys_asyncio(single: "Project", database: str) -> None:
    """The line is that of the coroutine, across the switch to the driver, and requests at once keep their own."""
    shop = prepared(single, DATABASES[database][1]).file("shop/async_app.py", ASYNC_APP)
    shop.file("tests/test_app.py", ASYNC_TESTS)
    result, report = shop.report(ONLY, "-p", "no:pytest_cov")
    assert result.status == 1, result.out + result.err
    assert rows(report)["queries.repeated"] == ("FAILED", 1, 0)
    assert findings(report, "queries.repeated") == [
        ("GET /orders", "shop/async_app.py", line_of(ASYNC_APP, "await order.awaitable_attrs"), SELECT_ITEMS)
    ]
    told = report["measurements"]["queries.count"]["subjects"]
    assert {name: (one["count"], one["min"], one["max"]) for name, one in told.items()} == {
        "GET /loaded": (21, 2, 2),
        "GET /orders": (2, 9, 9),
    }


THREADED_APP = """\
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
pool = ThreadPoolExecutor(1)
app = FastAPI()


def ask(times=9):
    with engine.connect() as connection:
        for _ in range(times):
            connection.execute(text("SELECT 1"))


@app.get("/executor")
async def executor():
    for _ in range(3):
        await asyncio.get_running_loop().run_in_executor(None, ask, 3)


@app.get("/pool")
def pooled():
    pool.submit(ask).result()


@app.get("/thread")
def threaded():
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
"""

THREADED_TESTS = """\
import pytest
from fastapi.testclient import TestClient
from shop.app import app, ask, pool


@pytest.mark.parametrize("path", ["/executor", "/pool", "/thread"])
def test_it(path):
    assert TestClient(app).get(path).status_code == 200
    ask(100)
    pool.submit(ask, 100).result()
"""


def test_statements_that_run_in_threads_of_a_request(single: "Project") -> None:
    """They are the request's, also where Python loses its context; those of the test itself are nobody's."""
    shop = prepared(single, "").file("shop/app.py", THREADED_APP).file("tests/test_app.py", THREADED_TESTS)
    result, report = shop.report(ONLY, "-p", "no:pytest_cov")
    assert result.status == 1, result.out + result.err
    assert rows(report)["queries.repeated"] == ("FAILED", 3, 0)
    line = line_of(THREADED_APP, "connection.execute(")
    assert findings(report, "queries.repeated") == [
        (name, "shop/app.py", line, "9 times in one request: SELECT ?")
        for name in ("GET /executor", "GET /pool", "GET /thread")
    ]


def test_no_statement_is_no_pass(shop: "Project") -> None:
    """Where nobody listened nothing was measured: requests without any statement prove nothing about a database."""
    shop.file("pytest.ini", INI)
    result = shop.gates(ONLY, "-p", "no:pytest_cov")
    assert result.status == 1
    lines = [" ".join(line.split()) for line in result.block.splitlines() if not line.startswith("OFF ")]
    why = "no request of the tests ran a statement through SQLAlchemy or Django's ORM"
    assert " ".join(lines).count(why) == 3
    assert result.rows()["queries.repeated"] == "NO_DATA"


DJANGO_CONFTEST = """\
import os

import django
import pytest
from django.conf import settings

POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": "test", "USER": "postgres", "HOST": "127.0.0.1"}
SQLITE = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
database = POSTGRESQL if os.environ["SHOP_DATABASE"] == "postgresql" else SQLITE
settings.configure(DATABASES={"default": database}, INSTALLED_APPS=["clinic"])
django.setup()


@pytest.fixture(scope="session", autouse=True)
def tables():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE clinic_owner (id INTEGER PRIMARY KEY, name TEXT)")
        cursor.execute("CREATE TEMPORARY TABLE clinic_pet (id INTEGER PRIMARY KEY, name TEXT, owner_id INTEGER)")
    from clinic.models import Owner, Pet

    for number in range(8):
        owner = Owner.objects.create(id=number, name="hunter2")
        Pet.objects.create(id=number, name="Rex", owner=owner)
"""

CLINIC_MODELS = """\
from django.db import models


class Owner(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()


class Pet(models.Model):
    id = models.IntegerField(primary_key=True)
    name = models.TextField()
    owner = models.ForeignKey(Owner, models.DO_NOTHING)
"""

CLINIC_APP = """\
from django.db import transaction
from flask import Flask

from clinic.models import Pet

app = Flask(__name__)


def owners(pets):
    return [pet.owner.name for pet in pets]


@app.get("/pets")
def pets():
    with transaction.atomic():
        return owners(Pet.objects.all())


@app.get("/joined")
def joined():
    return owners(Pet.objects.select_related("owner"))


@app.get("/renamed")
def renamed():
    for pet in Pet.objects.filter(name="hunter2")[:8]:
        pet.save()
    for pet in Pet.objects.all():
        pet.save()
    return []
"""

CLINIC_TESTS = """\
import pytest

from clinic.app import app, owners
from clinic.models import Pet

client = app.test_client()


@pytest.mark.parametrize("_", range(21))
def test_joined(_):
    assert client.get("/joined").json == ["hunter2"] * 8


def test_pets():
    assert client.get("/pets").json == ["hunter2"] * 8


def test_renamed():
    client.get("/renamed").close()


def test_within_its_budget(query_budget):
    with query_budget(max=1) as seen:
        owners(Pet.objects.select_related("owner"))
    assert seen.count == 1


def test_over_its_budget(query_budget):
    with query_budget(max=5):
        owners(Pet.objects.all())


def test_without_its_block(query_budget):
    query_budget(max=5)
    owners(Pet.objects.all())
"""


def test_djangos_orm(empty: "Project", database: str) -> None:
    """Its statements are counted and explained in its own words; a budget fails its test at the test's own line."""
    clinic = prepared(empty, database).file("conftest.py", DJANGO_CONFTEST).file("clinic/__init__.py", "")
    clinic.file("clinic/models.py", CLINIC_MODELS).file("clinic/app.py", CLINIC_APP)
    clinic.file("tests/test_clinic.py", CLINIC_TESTS)
    result, report = clinic.report(ONLY, "-v", "-p", "no:pytest_cov")
    assert result.status == 1, result.out + result.err
    owner = '"clinic_owner"."id", "clinic_owner"."name" FROM "clinic_owner" WHERE "clinic_owner"."id" = ?'
    select = f"8 times in one request: {brief(f'SELECT {owner} LIMIT ?')}"
    update = '8 times in one request: UPDATE "clinic_pet" SET "name" = ?, "owner_id" = ? WHERE "clinic_pet"."id" = ?'
    assert sorted(findings(report, "queries.repeated")) == [
        ("GET /pets", "clinic/app.py", line_of(CLINIC_APP, "pet.owner.name"), select),
        ("GET /renamed", "clinic/app.py", len(CLINIC_APP.splitlines()) - 1, update),
    ]
    said = " ".join(result.out.split())
    assert (
        "load them with their owners: .prefetch_related(...), or .select_related(...) for single objects"
        in said
    )
    assert "send them together: bulk_create(...), bulk_update(...), or one update(...) of a queryset" in said
    counts = report["measurements"]["queries.count"]["subjects"]
    assert {name: (one["count"], one["max"]) for name, one in counts.items()} == {
        "GET /joined": (21, 1),
        "GET /pets": (1, 9),
        "GET /renamed": (1, 10),
    }
    over = "E pytest_backend_gates.query_budget.QueryBudgetError: query_budget: 9 statements, and 5 at most were allowed"
    assert over in said
    off = clinic.run("-p", "no:pytest_cov")
    assert over in " ".join(off.out.split())
    assert "1 failed, 25 passed, 1 error" in off.out
    nothing = "query_budget: nothing was counted: write 'with query_budget(max=5):'"
    assert nothing in off.out
    for run in (result, off):
        budget = run.out[run.out.index("def test_over_its_budget") :].partition("____")[0]
        assert ">       with query_budget(max=5):\n" in budget
        assert "hunter2" not in budget
        assert "(clinic/app.py:" in budget
