"""What the taps write down.

Observation  one request, while it is being served
Series       the samples of one operation in this process
Recorder     all of them, and where the taps meet: which request is being served here and now
"""

import random
from array import array
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token
from threading import Lock
from time import perf_counter_ns
from typing import Final, TypeVar, TypeVarTuple

from pytest_backend_gates.measurements import Samples

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

#: How many samples an operation keeps in a process; of more, a uniform part is kept.
RESERVOIR: Final = 50_000
#: In the place of a path: a request that no route answered.
NO_ROUTE: Final = "(no route)"


class Observation:
    """One request, from when the outermost application received it until its last body byte.

    ``elapsed`` is in nanoseconds. ``prefix`` is the template of the mounts that the request has entered,
    ``native_prefix`` the same as the framework spells it.
    """

    __slots__ = (
        "_since",
        "cold",
        "counted",
        "done",
        "elapsed",
        "fallback",
        "generated",
        "method",
        "native",
        "native_prefix",
        "operation",
        "path_info",
        "prefix",
    )

    #: The clock, where freezegun does not find it: it replaces what modules hold, and then no time would pass.
    _now: Final = staticmethod(perf_counter_ns)

    def __init__(self, method: str, *, counted: bool, generated: bool = False) -> None:
        self.method = method
        #: Whether it began in the call phase of a test.
        self.counted = counted
        #: Whether the contract gate made it up; then it is counted, and is no sample.
        self.generated = generated
        #: Whether it is the first of its operation.
        self.cold = False
        self.done = False
        self.elapsed = 0
        self.operation: str | None = None
        self.native: str | None = None
        #: The operation if nothing inside a mounted application claims the request.
        self.fallback: str | None = None
        self.prefix = ""
        self.native_prefix = ""
        #: ``PATH_INFO`` as the outermost WSGI application received it.
        self.path_info: str | None = None
        self._since = 0

    @property
    def name(self) -> str:
        """The operation: ``GET /orders/{order_id}``, or ``GET (no route)``."""
        return self.operation or self.fallback or f"{self.method} {NO_ROUTE}"

    def resume(self) -> None:
        """Start the clock."""
        self._since = self._now()

    def pause(self) -> None:
        """Stop the clock and add what it shows."""
        self.elapsed += self._now() - self._since


class Series:
    """The samples of one operation in this process, in the order in which they were taken."""

    __slots__ = ("_dice", "generated", "kept", "native", "seen", "tested")

    def __init__(self, native: str | None) -> None:
        self.native = native
        self.kept = array("q")
        self.seen = 0
        #: How many requests were generated, and whether any was not.
        self.generated = 0
        self.tested = False
        # Seeded: the same requests keep the same samples.
        self._dice = random.Random(0)  # noqa: S311  chooses samples, guards nothing

    def add(self, sample: int) -> None:
        """Keep *sample*, or, above the limit, decide by Vitter's algorithm R whether to keep it.

        The newest goes to the end and not to the place it takes, so that the order stays that of time.
        """
        self.seen += 1
        if len(self.kept) >= RESERVOIR:
            place = self._dice.randrange(self.seen)
            if place >= RESERVOIR:
                return
            del self.kept[place]
        self.kept.append(sample)

    def samples(self) -> Samples:
        """Return what was kept; the first request that was not generated was the cold one."""
        runs = (self.kept,) if self.kept else ()
        sources = {"test": len(self.kept), "generated": self.generated}
        sources = {name: count for name, count in sources.items() if count}
        return Samples(runs, cold=int(self.tested), seen=self.seen, native=self.native, sources=sources)


class Recorder:
    """The samples of all operations in this process, and what went wrong while taking them."""

    def __init__(self) -> None:
        #: Taps do nothing while this is false.
        self.live = False
        #: Whether requests that begin now are samples.
        self.counting = False
        #: Whether requests that begin now are generated ones.
        self.generating = False
        #: The request that is being served in this context. Each recorder has a variable of its own: a
        #: session that runs inside another one's test must not take its requests for nested ones.
        self.current: ContextVar[Observation | None] = ContextVar("served", default=None)
        self._series: dict[str, Series] = {}
        #: Requests answered whose bodies nobody has read to the end yet, oldest first.
        self._unread: dict[Observation, None] = {}
        #: The first failure of each tap, and how many there were.
        self._faults: dict[str, tuple[str, int]] = {}
        self._lock = Lock()

    def begin(self, method: str) -> Observation | None:
        """Return a new observation, or ``None`` when this request is part of one that is being served."""
        if not self.live:
            return None
        outer = self.current.get()
        if outer is None or outer.done:
            return Observation(method, counted=self.counting, generated=self.generating)
        outer.fallback = None
        return None

    def serving(self) -> Observation | None:
        """Return the observation of the request that is being served in this context."""
        observation = self.current.get()
        return None if observation is None or observation.done else observation

    def claim(self, observation: Observation, method: str, template: str, native: str) -> None:
        """Name the operation of a request, for the route that handles it.

        The first route wins: a request made inside a request is part of it. The first request of an
        operation is cold, whichever of those that overlap is answered first.
        """
        if observation.operation is None:
            observation.operation = f"{method} {observation.prefix}{template}"
            observation.native = f"{observation.native_prefix}{native}"
            with self._lock:
                self._series_of(observation)

    def finish(self, observation: Observation) -> None:
        """Write down an observation. Doing it again does nothing."""
        with self._lock:
            self._unread.pop(observation, None)
            if observation.done:
                return
            observation.done = True
            series = self._series_of(observation)
            if observation.generated:
                series.generated += 1
            elif observation.counted and not observation.cold:
                series.add(observation.elapsed)

    def _series_of(self, observation: Observation) -> Series:
        series = self._series.get(observation.name)
        if series is None:
            series = self._series[observation.name] = Series(observation.native)
        if not (series.tested or observation.generated):
            series.tested = observation.cold = True
        return series

    def leave(self, token: "Token[Observation | None]") -> None:
        """Forget the request that *token* stands for in this context.

        A request that is abandoned may be closed in another context, which has never known it.
        """
        with suppress(ValueError):
            self.current.reset(token)

    def await_reader(self, observation: Observation) -> None:
        """Remember an observation whose body may never be read to its end."""
        with self._lock:
            self._unread[observation] = None

    def finish_unread(self) -> None:
        """Write down the observations of all bodies that nobody has read to the end."""
        with self._lock:
            unread = list(self._unread)
        for observation in unread:
            self.finish(observation)

    def samples(self) -> dict[str, Samples]:
        """Return the samples of every operation seen, by name."""
        with self._lock:
            return {name: self._series[name].samples() for name in sorted(self._series)}

    def attempt(
        self, tap: str, step: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result | None:
        """Take a step of a tap's own bookkeeping: return its result, or note why there is none."""
        try:
            return step(*arguments)
        # The request belongs to somebody's test: whatever a framework of another version or a strange
        # application makes our bookkeeping raise must not reach it. It is reported, once a tap.
        except Exception as fault:  # noqa: BLE001  see above
            with self._lock:
                first, count = self._faults.get(tap, (f"{type(fault).__name__}: {fault}", 0))
                self._faults[tap] = first, count + 1
            return None

    def faults(self) -> list[str]:
        """Return one sentence for every tap that failed."""
        return [_failure(tap, first, count) for tap, (first, count) in sorted(self._faults.items())]


def _failure(tap: str, first: str, count: int) -> str:
    how = f"once: {first}" if count == 1 else f"{count} times, first with {first}"
    return f"the {tap} tap failed {how}; requests were not affected"
