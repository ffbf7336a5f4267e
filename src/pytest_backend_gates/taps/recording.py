"""What the taps write down: all requests of a process, and which is being served here and now.

observation  one request, while it is being served
replies      what it was answered
series       the samples of one operation
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from threading import RLock
from typing import TYPE_CHECKING

from pytest_backend_gates.measurements import Plain, Samples
from pytest_backend_gates.taps.asking import ASKED
from pytest_backend_gates.taps.faults import Faults
from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.replies import Reply
from pytest_backend_gates.taps.series import Series

if TYPE_CHECKING:
    from pytest_backend_gates.taps.sending import Sending


class Recorder:
    """The samples of all operations in this process, and what went wrong while taking them."""

    def __init__(self) -> None:
        #: Taps do nothing while this is false.
        self.live = False
        #: Whether requests that begin now are samples.
        self.counting = False
        #: Whether requests that begin now are generated ones.
        self.generating = False
        #: Whether what the tests are answered is kept, for a listener.
        self.keeping = False
        #: The request that is being served in this context. Each recorder has a variable of its own: a
        #: session that runs inside another one's test must not take its requests for nested ones.
        self.current: ContextVar[Observation | None] = ContextVar("served", default=None)
        #: Those that are being served anywhere in this process, until their applications have returned.
        self.under_way: set[Observation] = set()
        #: What the tests send to a server, where one was set.
        self.sending: Sending | None = None
        self._series: dict[str, Series] = {}
        #: Requests answered that end with the test at the latest, oldest first: their bodies were not read to the end
        #: yet, or their operations have no names yet. And whether more of the answer was to be made.
        self._unread: dict[Observation, bool] = {}
        #: Who wants to know of every request that is answered, and who of those whose application has returned.
        self.listeners: list[Callable[[Observation], None]] = []
        self.followers: list[Callable[[Observation], None]] = []
        self._lock = RLock()  # what is collected meanwhile may end a request of its own, in this thread
        faults = Faults()
        self.attempt = faults.attempt
        self.note_fault = faults.note
        self.faults = faults.told

    def begin(self, method: str) -> Observation | None:
        """Return a new observation, or ``None`` when this request is part of one that is being served."""
        if not self.live:
            return None
        outer = self.current.get()
        if outer is not None and not outer.done:
            return None
        observation = Observation(method, self.counting, self.generating)
        self.under_way.add(observation)
        if self.keeping and not self.generating:
            observation.reply = Reply()
        return observation

    def hand_on(self) -> None:
        """Note that what is being served here was handed on to another application, whose route counts."""
        outer = self.serving()
        if outer is not None:
            self.look_up(outer)
            outer.fallback = None

    def enter(self, app: object, observation: Observation | None) -> None:
        """Note that *app* has received the request of *observation*, if it is any that is observed."""
        if observation is not None and observation.reply is not None:
            observation.reply.passed.append((app, observation.prefix))

    def handed_on(self, by: object) -> Observation | None:
        """Return what is being served here if it went into *by*, which hands it on; a client inside that asks anew."""
        served = self.serving()
        return served if served and served.reply and served.reply.has_passed(by) else None

    def serving(self) -> Observation | None:
        """Return the observation of the request that is being served in this context."""
        observation = self.current.get()
        return None if observation is None or observation.done else observation

    def unnamed(self) -> Observation | None:
        """Return the observation that is being served if no route has named it, and none is about to."""
        observation = self.serving()
        if observation is None or observation.operation or observation.lookup or ASKED.get():
            return None
        return observation

    def claim(self, observation: Observation, method: str, template: str, native: str) -> None:
        """Name the operation of a request, for the route that handles it.

        The first route wins: a request made inside a request is part of it. The first request of an
        operation is cold, whichever of those that overlap is answered first; when it is cut short, the next one.
        """
        if observation.operation is None:
            observation.operation = name = f"{method} {observation.prefix}{template}"
            observation.native = observation.native_prefix + native
            observation.series = series = self._series.get(name)
            if series is None or not series.warm:
                with self._lock:
                    self._series_of(observation)

    def look_up(self, observation: Observation) -> None:
        """Name the operation of a request whose route has to be asked for.

        Of such requests that overlap, the first one that is answered is the cold one.
        """
        if observation.lookup is not None and observation.lookup():
            observation.lookup = None

    def finish(self, observation: Observation) -> None:
        """Write down an observation. Doing it again does nothing."""
        if observation.lookup is not None and not observation.done:
            self.look_up(observation)
        with self._lock:
            if self._unread:
                self._unread.pop(observation, None)
            if observation.done:
                return
            observation.done = True
            series = observation.series or self._series_of(observation)
            series.end(observation)
        self._tell(self.listeners, observation)
        if not observation.lasts:
            self.end(observation)

    def end(self, observation: Observation) -> None:
        """Note that the application of a request that is done has returned."""
        observation.lasts = False
        self.under_way.discard(observation)
        self._tell(self.followers, observation)

    def end_unanswered(self) -> None:
        """Write down as cut short what is still being served at the end of the session, by a thread for example."""
        for observation in list(self.under_way):
            observation.cut |= not observation.done
            self.finish(observation)
            if observation.lasts:
                self.end(observation)

    def fail_late(self, observation: Observation, kind: type[BaseException]) -> None:
        """Note that *kind* left the application once its response was whole: it has failed, and took as long."""
        before = observation.failure
        observation.note_exception(kind)
        if observation.series is not None and observation.counted and not observation.generated:
            with self._lock:
                observation.series.fail(None if before else observation.failure)

    def _tell(self, listeners: list[Callable[[Observation], None]], observation: Observation) -> None:
        for listener in listeners:
            self.attempt("request", listener, observation)

    def _series_of(self, observation: Observation) -> Series:
        name = observation.name
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = Series(observation.native)
        series.begin(observation)
        observation.series = series
        return series

    def leave(self, token: "Token[Observation | None]") -> None:
        """Forget the request of *token*. One that is abandoned may be closed in a context that never knew it."""
        try:  # noqa: SIM105  ``suppress`` costs more than all else here
            self.current.reset(token)
        except ValueError:
            pass

    def await_reader(self, observation: Observation, *, streams: bool) -> None:
        """Remember an observation whose body may never be read to its end; more of one that *streams* is to be made."""
        with self._lock:
            self._unread[observation] = streams

    def finish_unread(self) -> None:
        """Write down what waits. A stream that nobody has read to its end is cut short: the rest takes longer."""
        with self._lock:
            unread = list(self._unread.items())
        for observation, streams in unread:
            observation.cut |= streams
            self.finish(observation)

    def samples(self) -> dict[str, Samples]:
        """Return the samples of every operation seen, by name."""
        with self._lock:
            return {name: self._series[name].samples() for name in sorted(self._series)}

    def answers(self) -> dict[str, Plain]:
        """Return how many requests each operation got from the tests, how many failed in which way or were cut short."""
        with self._lock:
            operations = sorted(self._series.items())
            return {name: series.answers() for name, series in operations if series.asked or series.cut}
