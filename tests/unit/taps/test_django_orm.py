"""Statements of Django: every connection of the process is heard, and none of them is changed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from django.db.utils import OperationalError

from pytest_backend_gates.query_budget import Block, QueryBudget, UncountedError
from pytest_backend_gates.taps import django_orm

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.utils import ConnectionHandler

ROOT = Path(__file__).parents[3]


@pytest.fixture
def connections(_django: None) -> "Iterator[ConnectionHandler]":
    """Return a database of one's own for each thread, which is not connected yet."""
    from django.db.utils import ConnectionHandler

    handler = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
    yield handler
    handler.close_all()


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def block() -> Block:
    return QueryBudget(ROOT)(max=99)


def ask(connections: "ConnectionHandler", times: int = 1) -> None:
    for _ in range(times):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")


def test_a_connection_that_another_thread_has_open(
    connections: "ConnectionHandler", thread: ThreadPoolExecutor
) -> None:
    """It is heard though nobody else can ask for it; so is one that is opened inside."""
    thread.submit(ask, connections).result()
    with block() as seen:
        thread.submit(ask, connections, 5).result()
        ask(connections, 2)
    thread.submit(ask, connections, 7).result()
    thread.submit(connections.close_all).result()
    assert (seen.count, len(seen._statements.times)) == (7, 7)


@pytest.mark.parametrize("is_open", [False, True])
def test_the_wrappers_of_a_connection_are_its_users(
    connections: "ConnectionHandler", *, is_open: bool
) -> None:
    """One that is put on inside is taken off, also where the connection is opened under it, or all are cleared."""
    heard: list[str] = []

    def log(execute: Callable[..., object], text: str, *rest: object) -> object:
        heard.append(text)
        return execute(text, *rest)

    connection = connections["default"]
    if is_open:
        ask(connections)
    with block() as seen:
        with connection.execute_wrapper(log):
            ask(connections)
            assert connection.execute_wrappers == [log]
        assert connection.execute_wrappers == []
        ask(connections)
        connection.execute_wrappers.clear()
    assert (heard, seen.count, connection.execute_wrappers) == (["SELECT 1"], 2, [])


def test_cursors_that_log(connections: "ConnectionHandler") -> None:
    """Django's own count is the same, and ours is; many rows are one statement, also by keyword."""
    from django.test.utils import CaptureQueriesContext

    connection = connections["default"]
    with block() as seen, CaptureQueriesContext(connection) as captured, connection.cursor() as cursor:
        cursor.execute(sql="CREATE TABLE t (a INTEGER)", params=None)
        cursor.executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])
        cursor.execute("SELECT a FROM t WHERE a > %s", (0,))
        assert cursor.fetchall() == [(1,), (2,)]
    assert (len(captured), seen.count) == (3, 3)


def test_opening_a_connection_is_no_statement(connections: "ConnectionHandler") -> None:
    """What sets the session up is sent by whoever comes first, which differs from run to run."""
    from django.db.backends.signals import connection_created

    def set_up(connection: "BaseDatabaseWrapper", **_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = 100")

    connection_created.connect(set_up)
    try:
        with block() as seen:
            ask(connections)
    finally:
        connection_created.disconnect(set_up)
    assert seen._statements.shapes == ["SELECT ?"]


def test_stopping_in_any_order_leaves_django_as_it_was(connections: "ConnectionHandler") -> None:
    """Two that overlap, as in two threads, hear each what was sent while they listened, and take the patch along."""
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

    def methods() -> list[object]:
        return [CursorWrapper.execute, CursorWrapper.executemany, BaseDatabaseWrapper.connect]

    before = methods()
    first, second = block(), block()
    first.__enter__()
    ask(connections)
    second.__enter__()
    ask(connections)
    first.__exit__(None, None, None)
    ask(connections)
    second.__exit__(None, None, None)
    ask(connections)
    assert (first.count, second.count) == (2, 2)
    assert methods() == before


def test_a_method_that_somebody_has_patched_since(
    connections: "ConnectionHandler", monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays, and what it keeps of ours counts nothing twice."""
    from django.db.backends.utils import CursorWrapper

    with monkeypatch.context() as patched:
        with block() as first:
            ask(connections)
            ours = CursorWrapper.execute

            def theirs(*arguments: object) -> object:
                return ours(*arguments)

            patched.setattr(CursorWrapper, "execute", theirs)
        with block() as second:
            ask(connections)
    assert (first.count, second.count) == (1, 1)


@pytest.mark.usefixtures("_django")
def test_a_django_without_these_methods_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was replaced before the fault is given back."""
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

    before = CursorWrapper.execute
    monkeypatch.delattr(BaseDatabaseWrapper, "connect")
    listening = block()._listening
    listening.install_imported()
    listening.uninstall()
    assert listening.faults.told() == [
        "the Django ORM tap failed once: KeyError: 'connect'; statements were not affected"
    ]
    assert CursorWrapper.execute is before
    assert not django_orm._CURSORS._patch.listeners


def test_a_method_that_was_taken_out_is_told(connections: "ConnectionHandler") -> None:
    """What somebody has patched before us and gives back takes ours along."""
    from django.db.backends.utils import CursorWrapper

    spy = patch.object(CursorWrapper, "execute", CursorWrapper.execute)
    spy.start()
    seen = block()
    seen.__enter__()
    spy.stop()
    ask(connections)
    seen._listening.check()
    seen._listening.uninstall()
    assert seen.count == 0
    (fault,) = seen._listening.faults.told()
    assert fault == (
        "the Django ORM tap failed once: TakenOutError: something has put another django.db.backends.utils."
        "CursorWrapper.execute in the place of the observed one: statements that were sent afterwards were not seen;"
        " statements were not affected"
    )


def test_a_planted_fault_reaches_nobody(
    connections: "ConnectionHandler", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement runs as it would, and a broken one raises what it would; there is one note."""

    def planted(*_: object) -> str:
        raise RuntimeError("planted")

    def rows(sql: str) -> object:
        with connections["default"].cursor() as cursor:
            return cursor.execute(sql).fetchall()

    def ask_both() -> None:
        assert rows("SELECT 1") == [(1,)]
        with pytest.raises(OperationalError, match="no such table: nowhere"):
            rows("SELECT * FROM nowhere")

    monkeypatch.setattr(django_orm, "shape_of", planted)
    note = "the Django ORM tap failed 2 times, first with RuntimeError: planted; statements were not affected"
    with pytest.raises(UncountedError, match=f"^query_budget: {note}$"), block():
        ask_both()


def test_a_broken_statement(connections: "ConnectionHandler") -> None:
    """It counts, and has no time."""
    with block() as seen, suppress(OperationalError), connections["default"].cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    assert (seen._statements.shapes, seen._statements.times) == (["SELECT * FROM nowhere"], [])
