"""Rounds: what is run, what is timed, and what is handed on."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.latency_budget import LONG_ENOUGH, MOST, LatencyBudget, Rounds


@dataclass
class Session:
    """Writes down what happens in which order; its clock advances by *tick* at every look."""

    tick: int = 10
    fewest: int = 20
    told: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    #: How often the rounds will be run, and in how many seconds.
    foretold: tuple[int, float] = (0, 0.0)

    def begin(self, rounds: Rounds, asked: int | None) -> int:
        """Say what was begun."""
        self.told.append(f"begin {rounds.name} {list(rounds.budgets)} {asked}")
        return self.fewest

    @contextmanager
    def exclusively(self, rounds: Rounds) -> Iterator[None]:
        """Say what is inside."""
        self.told.append(f"exclusively {rounds.name}")
        try:
            yield
        finally:
            self.told.append("together")

    def foretell(self, rounds: Rounds, count: int, seconds: float) -> None:
        """Say so, and keep how often and how long."""
        self.told.append(f"foretell {rounds.name}")
        self.foretold = count, seconds

    def judge(self, rounds: Rounds, times: Sequence[int]) -> None:
        """Keep the times."""
        self.told.append(f"judge {rounds.name}")
        self.times = list(times)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a session whose clock is the rounds'."""
    session, now = Session(), [0]

    def look() -> int:
        now[0] += session.tick
        return now[0]

    monkeypatch.setattr(Clock, "perf_counter_ns", staticmethod(look))
    return session


def test_off_it_runs_once() -> None:
    """Without a session a callable is called once and a loop has one round; nothing is judged."""
    budget, calls = LatencyBudget(None), list[str]()
    assert budget("checkout", "p95 < nonsense")([*"abc"].pop) == "c"
    for _ in budget("checkout", rounds=50):
        calls.append("loop")
    assert calls == ["loop"]


def test_off_an_awaitable_is_awaited_once() -> None:
    """A callable that returns an awaitable makes the whole an awaitable."""
    calls = list[int]()

    async def call(number: int, *, by: int) -> int:
        calls.append(number)
        return number * by

    async def main() -> int:
        result: int = await LatencyBudget(None)("checkout")(call, 3, by=2)
        return result

    assert (asyncio.run(main()), calls) == (6, [3])


def test_the_first_round_belongs_to_the_test_and_the_second_is_not_timed(session: Session) -> None:
    """One round as any test, one to warm up, then those that are timed; the first result is returned."""
    calls = iter(range(100))

    def call() -> int:
        number = next(calls)
        session.told.append(f"call {number}")
        return number

    assert LatencyBudget(session)("checkout", "p95 < 1ms", rounds=3)(call) == 0
    assert session.told == [
        "begin checkout ['p95 < 1ms'] 3",
        "call 0",
        "exclusively checkout",
        "call 1",
        "foretell checkout",
        *(f"call {number}" for number in range(2, 5)),
        "together",
        "judge checkout",
    ]
    assert session.times == [10, 10, 10]


def test_rounds_go_on_for_a_second(session: Session) -> None:
    """Slow calls are timed as often as proves something, quick ones until a second is over or there are enough."""
    for tick, expected in ((LONG_ENOUGH, 20), (LONG_ENOUGH // 300, 107), (1, MOST)):
        session.tick = tick
        LatencyBudget(session)("checkout")(int)
        assert len(session.times) == expected


def test_as_many_as_prove_something(session: Session) -> None:
    """A percentile far out takes more rounds than there are else."""
    session.fewest = 10_000
    LatencyBudget(session)("checkout", "p99.99 < 1s")(int)
    assert len(session.times) == 10_000


def test_how_long_it_takes_is_told_by_the_round_that_warms_up(session: Session) -> None:
    """Of the rounds that are asked for, or the fewest that prove something."""
    session.tick = 5_000_000
    LatencyBudget(session)("checkout", rounds=30)(int)
    assert session.foretold == (30, 0.15)
    session.fewest = 10_000
    LatencyBudget(session)("checkout", "p99.99 < 1s")(int)
    assert session.foretold == (10_000, 50.0)


@pytest.mark.parametrize(
    ("args", "rounds", "told"),
    [
        ((None,), None, "the name of what is timed: expected str; got NoneType"),
        (
            (time.sleep, "p95 < 1s"),
            None,
            "the name of what is timed: expected str; got builtin_function_or_method",
        ),
        (("checkout", 20), None, "a budget: expected str; got int"),
        (("checkout",), "30", "rounds: expected int; got str"),
    ],
)
@pytest.mark.parametrize("on", [True, False])
def test_what_is_no_text_or_number_is_refused(
    session: Session,
    args: tuple[Any, ...],
    rounds: Any,  # noqa: ANN401 - what is refused
    told: str,
    *,
    on: bool,
) -> None:
    """With and without the gates: the message says which argument it is, and what is written there."""
    with pytest.raises(TypeError) as error:
        LatencyBudget(session if on else None)(*args, rounds=rounds)
    assert str(error.value) == (
        f"latency_budget: {told}:"
        ' write latency_budget("checkout", "p95 < 20ms", rounds=100), where all but the name may be left out'
    )


def test_a_loop_is_timed_and_may_await(session: Session) -> None:
    """The body of a loop is a round, also when it awaits."""
    rounds = LatencyBudget(session)("checkout", rounds=5)

    async def main() -> int:
        count = 0
        for _ in rounds:
            await asyncio.sleep(0)
            count += 1
        return count

    assert (asyncio.run(main()), len(session.times), rounds.finished) == (7, 5, True)


def test_an_awaitable_is_awaited_in_every_round(session: Session) -> None:
    """Rounds of a coroutine function include its awaiting."""
    calls = list[int]()

    async def call() -> int:
        await asyncio.sleep(0)
        calls.append(len(calls))
        return calls[-1]

    async def main() -> int:
        result: int = await LatencyBudget(session)("checkout", rounds=5)(call)
        return result

    assert (asyncio.run(main()), len(calls), len(session.times)) == (0, 7, 5)


def test_what_nobody_awaits_is_known(session: Session) -> None:
    """Until it is awaited: the message of a session can then say what is missing."""
    rounds = LatencyBudget(session)("checkout", rounds=5)
    whole = rounds(asyncio.sleep, 0)
    assert (rounds.unawaited, rounds.finished) == (True, False)
    asyncio.run(whole)
    assert (rounds.unawaited, rounds.finished) == (False, True)


def test_a_loop_that_is_left_hands_nothing_on(session: Session) -> None:
    """With ``break`` or an error the pause ends at once, and the rounds are not finished."""
    left = LatencyBudget(session)("left", rounds=5)
    for count, _ in enumerate(left):
        if count == 3:
            break
    assert session.told[-1] == "together"
    raising = LatencyBudget(session)("raising", rounds=5)
    with pytest.raises(KeyError):
        raising({}.__getitem__, "nothing")
    assert (left.finished, raising.finished, session.times) == (False, False, [])


def test_only_what_the_first_round_raises_is_the_tests_own(session: Session) -> None:
    """That it raises too without the gates; what a later round raises, or a second use leaves, ends no rounds."""
    rounds = LatencyBudget(session)("checkout", "p95 < 1ms", rounds=5)
    with pytest.raises(StopIteration):
        rounds(iter(()).__next__)
    assert rounds.raised
    with pytest.raises(StopIteration):
        rounds(iter(range(4)).__next__)
    assert (rounds.raised, rounds.finished) == (False, False)

    async def late() -> None:
        turns = iter(range(4))

        async def turn() -> int:
            try:
                return next(turns)
            except StopIteration:
                raise KeyError from None

        await rounds(turn)

    with pytest.raises(KeyError):
        asyncio.run(late())
    assert (rounds.raised, rounds.finished, session.times) == (False, False, [])
