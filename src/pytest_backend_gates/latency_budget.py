"""The fixture ``latency_budget``: a callable, or the body of a loop, timed in rounds of its own.

    latency_budget("checkout", "p95 < 20ms")(client.post, "/checkout", json=cart)
    await latency_budget("checkout", "p95 < 20ms")(client.post, "/checkout", json=cart)

    for _ in latency_budget("checkout", "p95 < 20ms", "max < 1s"):
        client.post("/checkout", json=new_cart())

The first round is part of the test as everything else is: coverage sees it, and it is all that happens
without ``--backend-gates``. One more warms up, and tells how long they will all take; then the clock runs, with the measuring of coverage paused
and garbage collected whenever production would. A round of a loop may await. Rounds are timed alone: two
names that were timed at once would each be charged with the other's work.
"""

from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from inspect import isawaitable
from types import AsyncGeneratorType, GeneratorType
from typing import Any, Final, Protocol

from pytest_backend_gates.clocks import Clock

#: Rounds go on for this long, in nanoseconds, between the fewest that prove anything and the most.
LONG_ENOUGH: Final = 10**9
MOST: Final = 1_000


#: What a call returns when its work is yet to be done by whoever reads it.
_LAZY: Final = (GeneratorType, AsyncGeneratorType)


class LazyError(TypeError):
    """What was to be timed returned before it did anything."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"latency_budget: the call returns a {kind} that nobody reads: time what reads it")


class WrongTypeError(TypeError):
    """An argument of ``latency_budget`` that says nothing, with or without the gates."""

    def __init__(self, what: str, kind: type, value: object) -> None:
        super().__init__(
            f"latency_budget: {what}: expected {kind.__name__}; got {type(value).__name__}:"
            ' write latency_budget("checkout", "p95 < 20ms", rounds=100), where all but the name may be left out'
        )


class Timing(Protocol):
    """The session, as far as rounds need it."""

    def begin(self, rounds: "Rounds", asked: int | None) -> int:
        """Take note of *rounds*, and return how many of them prove something: *asked*, if that is enough.
        A mistake in a budget fails the test.
        """

    def exclusively(self, rounds: "Rounds") -> AbstractContextManager[None]:
        """Run what is inside undisturbed: neither coverage nor the clocks of the traffic count it.

        Fails the test that is timing other rounds at this moment.
        """

    def foretell(self, rounds: "Rounds", count: int, seconds: float) -> None:
        """Say that it will take so many *seconds* to run the *rounds* so often, if that is long to wait for."""

    def judge(self, rounds: "Rounds", times: Sequence[int]) -> None:
        """Report the *times*, in nanoseconds, and judge them. Raises when a budget is refuted."""


class LatencyBudget:
    """What the fixture is."""

    def __init__(self, timing: Timing | None) -> None:
        """Time for the session *timing*; without one, everything runs once."""
        self._timing = timing

    def __call__(self, name: str, *budgets: str, rounds: int | None = None) -> "Rounds":
        """Return rounds to be run: called with a callable, or looped over.

        *name* is their subject in the report, where the times of one name add up, also those of several tests;
        one that an operation or a benchmark has there is refused. Each of the *budgets* is a threshold without its metric:
        ``p95 < 20ms``, ``mean <= 5ms``. *rounds* are as many as fit into a second unless given.
        """
        __tracebackhide__ = True
        given: list[tuple[str, type, object]] = [("the name of what is timed", str, name)]
        given += [("a budget", str, budget) for budget in budgets]
        given += [] if rounds is None else [("rounds", int, rounds)]
        for what, kind, value in given:
            if not isinstance(value, kind):
                raise WrongTypeError(what, kind, value)
        return Rounds(self._timing, name, budgets, rounds)


class Rounds:
    """The rounds of one name, to be run once."""

    def __init__(self, timing: Timing | None, name: str, budgets: Sequence[str], asked: int | None) -> None:
        __tracebackhide__ = True
        self.name = name
        self.budgets = budgets
        #: Whether all rounds were run and judged.
        self.finished = False
        #: Whether the first round has raised, as without the gates, which the test may expect.
        self.raised = False
        #: Whether it was called with what returns an awaitable, and nobody has awaited the whole.
        self.unawaited = False
        self._timing = timing
        self._asked = asked
        self._fewest = timing.begin(self, asked) if timing else 0

    def __call__(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - what it returns
        """Call it with these arguments, as often as needed, and return what the first call returned.

        Where *call* returns an awaitable, so does this.
        """
        __tracebackhide__ = True
        again = partial(call, *args, **kwargs)
        rounds = self.__iter__()
        next(rounds)
        with self._first():
            first = again()
            if isinstance(first, _LAZY):
                raise LazyError(type(first).__name__)
        if isawaitable(first):
            self.unawaited = True
            return self._awaited(first, rounds, again)
        # A traceback would keep the rounds, and coverage paused, for as long as it lives.
        with closing(rounds):
            for _ in rounds:
                again()
        return first

    async def _awaited(
        self,
        first: Awaitable[Any],
        rounds: Generator[None, None, None],
        again: Callable[[], Awaitable[Any]],
    ) -> Any:  # noqa: ANN401 - what the callable returns
        __tracebackhide__ = True
        self.unawaited = False
        with closing(rounds):
            with self._first():
                result = await first
            for _ in rounds:
                await again()
        return result

    @contextmanager
    def _first(self) -> Iterator[None]:
        """End the rounds with what the first one raises."""
        try:
            yield
        except BaseException:
            self.raised = True
            raise

    def __iter__(self) -> Generator[None, None, None]:
        """Run the body of a loop once for each round."""
        __tracebackhide__ = True
        self.finished = self.raised = False
        yield
        if self._timing is None:
            return
        with self._timing.exclusively(self):
            now = Clock.perf_counter_ns
            start = now()
            yield
            least = self._asked or self._fewest
            self._timing.foretell(self, least, (now() - start) * least / 10**9)
            times: list[int] = []
            enough = now() + LONG_ENOUGH
            most = self._asked or max(MOST, self._fewest)
            while len(times) < most and (self._asked or len(times) < self._fewest or now() < enough):
                start = now()
                yield
                times.append(now() - start)
        self.finished = True
        self._timing.judge(self, times)
