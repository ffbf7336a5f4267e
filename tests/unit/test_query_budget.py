"""A budget of statements: what is counted, what is told, and what is no pass."""

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from pytest_backend_gates.query_budget import QueryBudget, QueryBudgetError, UncountedError
from pytest_backend_gates.taps import sqlalchemy as tap
from pytest_backend_gates.taps.statements import Statements

ROOT = Path(__file__).parents[2]
HERE = "tests/unit/test_query_budget.py"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    yield engine
    engine.dispose()


@pytest.fixture
def budget() -> QueryBudget:
    return QueryBudget(ROOT)


def ask(engine: Engine, times: int) -> None:
    with engine.connect() as connection:
        for number in range(times):
            connection.execute(text(f"SELECT :secret AS a{number % 2}, 'hunter2'"), {"secret": "hunter2"})


def test_within(budget: QueryBudget, engine: Engine) -> None:
    """As many as allowed are allowed; the number can be asked for."""
    with budget(max=3) as seen:
        ask(engine, 3)
        assert seen.count == 3
    with budget(0) as seen:
        pass
    ask(engine, 1)
    assert seen.count == 0


def test_over(budget: QueryBudget, engine: Engine) -> None:
    """The statements are told without what they were run with, most often first, with the line that ran them."""
    with pytest.raises(QueryBudgetError) as caught, budget(max=2):
        ask(engine, 3)
    line = ask.__code__.co_firstlineno + 3
    assert str(caught.value) == (
        "query_budget: 3 statements, and 2 at most were allowed\n"
        f"  2 x SELECT ? AS a0, ?  ({HERE}:{line})\n"
        f"  1 x SELECT ? AS a1, ?  ({HERE}:{line})"
    )
    assert isinstance(caught.value, AssertionError)


def test_many_different_statements(budget: QueryBudget, engine: Engine) -> None:
    """Ten are shown, and how many more there were."""
    texts = [text(f"SELECT 1 AS a{number}") for number in range(12)]
    with pytest.raises(QueryBudgetError) as caught, budget(max=0), engine.connect() as connection:
        list(map(connection.execute, texts))
    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (12, "  ... and 2 other statements")


def test_blocks_within_blocks(budget: QueryBudget, engine: Engine) -> None:
    """Each counts what ran inside it."""
    with budget(max=6) as outer:
        ask(engine, 1)
        with budget(max=2) as inner:
            ask(engine, 2)
        ask(engine, 3)
    assert (outer.count, inner.count) == (6, 2)


def test_a_block_counts_once(budget: QueryBudget, engine: Engine) -> None:
    """Entered again it is refused, inside itself too, and goes on counting where it was entered."""
    block = budget(max=2)
    told = (
        "query_budget: this block was entered before, and counts once: "
        "write 'with query_budget(max=2):' for each"
    )
    with block:
        with pytest.raises(UncountedError) as caught, block:
            pass
        assert str(caught.value) == told
        ask(engine, 2)
    assert block.count == 2
    with pytest.raises(UncountedError) as caught, block:
        pass
    assert str(caught.value) == told


def test_every_thread_and_task_counts(budget: QueryBudget, engine: Engine) -> None:
    """A server in a thread of its own is what a test may want to count, and so is a coroutine."""

    async def main() -> None:
        asynchronous = create_async_engine("sqlite+aiosqlite://")
        async with asynchronous.connect() as connection:
            await connection.execute(text("SELECT 1"))
        await asynchronous.dispose()

    with budget(max=3) as seen:
        thread = threading.Thread(target=ask, args=(engine, 2))
        thread.start()
        thread.join()
        asyncio.run(main())
    assert seen.count == 3


def test_transactions_do_not_count(budget: QueryBudget, engine: Engine) -> None:
    """A savepoint is part of how a test is isolated; a statement that fails, and one for many rows, are one each."""
    with engine.begin() as connection, budget(max=5) as seen:
        with connection.begin_nested():
            connection.execute(text("CREATE TABLE t (a INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (:a)"), [{"a": 1}, {"a": 2}])
        connection.execution_options(no_parameters=True).exec_driver_sql("SELECT a FROM t")
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT nonsense"))
    assert seen.count == 4


def test_other_listeners_are_asked(budget: QueryBudget, engine: Engine) -> None:
    """Whoever executes statements in the place of the dialect still does, whether he came first or last."""
    asked: list[str] = []

    def early(*_: object) -> None:
        asked.append("early")

    def late(cursor: object, _text: str, parameters: object, _context: object) -> bool:
        asked.append("late")
        cursor.execute("SELECT 'in its place'", parameters)  # type: ignore[attr-defined]
        return True

    event.listen(engine, "do_execute", lambda *_: early())
    with budget(max=9) as seen, engine.connect() as connection:
        event.listen(engine, "do_execute", late)
        row = connection.execute(text("SELECT 'by the dialect'")).scalar()
    assert (row, asked, seen.count) == ("in its place", ["early", "late"], 1)


def test_an_exception_is_the_tests_own(budget: QueryBudget, engine: Engine) -> None:
    """What the block raises is not hidden by the budget, and nobody listens afterwards."""

    def fail() -> None:
        ask(engine, 1)
        raise LookupError("mine")

    with pytest.raises(LookupError, match=r"^mine$"), budget(max=0) as seen:
        fail()
    ask(engine, 1)
    assert seen.count == 1


@pytest.mark.parametrize("number", [-1, 1.5, True, "3", None])
def test_what_is_no_budget(budget: QueryBudget, number: object) -> None:
    """A mistake is told where it was made."""
    with pytest.raises(
        ValueError, match=rf"^query_budget: max={re.escape(repr(number))} is no number of statements$"
    ):
        budget(max=number)  # type: ignore[arg-type]


def test_a_block_that_nobody_enters(budget: QueryBudget, engine: Engine) -> None:
    """A budget without its ``with`` would hold whatever the test sends."""
    with budget(max=1):
        ask(engine, 1)
    budget.check()
    budget(max=3)
    message = "query_budget: nothing was counted: write 'with query_budget(max=3):'"
    with pytest.raises(UncountedError, match=f"^{re.escape(message)}$"):
        budget.check()


def test_what_could_not_be_counted_is_no_pass(
    budget: QueryBudget, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours leaves the statement as it was, and the budget unproven."""

    def fault(*_: object) -> str:
        raise KeyError("x")

    monkeypatch.setattr(tap, "shape_of", fault)
    with pytest.raises(UncountedError) as caught, budget(max=9), engine.connect() as connection:
        assert connection.execute(text("SELECT 7")).scalar() == 7
    assert str(caught.value) == (
        "query_budget: the SQLAlchemy tap failed once: KeyError: 'x'; statements were not affected"
    )


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("", "nothing was counted: neither SQLAlchemy nor Django's ORM is imported"),
        ("import sqlalchemy", "the ORM was imported inside the block: import it before"),
    ],
)
def test_nobody_to_listen_to(inside: str, message: str) -> None:
    """A block that could not be listened to from its first statement is not within any budget."""
    code = f"""
from pathlib import Path
from pytest_backend_gates.query_budget import QueryBudget, UncountedError
try:
    with QueryBudget(Path.cwd())(max=3):
        {inside or "pass"}
except UncountedError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"query_budget: {message}\n"


def test_frozen_time_still_passes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Freezegun replaces the clocks that modules hold; the one that measures is not among them."""
    monkeypatch.setattr(tap, "perf_counter_ns", lambda: 0)
    block = QueryBudget(ROOT)(max=1)
    with block:
        ask(engine, 1)
    assert isinstance(block._statements, Statements)
    assert block._statements.times[0] > 0
