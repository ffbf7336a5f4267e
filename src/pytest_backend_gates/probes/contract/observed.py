"""Holds the answers that the project's own tests receive against the contract. Nothing is generated.

An answer is looked at once for each operation, status, content type, set of headers and shape of the body;
the others like it are counted. A request takes a reference to its reply with it and nothing more: what costs
time is done between two tests.
"""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from pytest_backend_gates.measurements import Plain
from pytest_backend_gates.probes.contract.bodies import body_of, headers_of, shape_of
from pytest_backend_gates.probes.contract.conformance import Answer
from pytest_backend_gates.probes.contract.contracts import Contracts, Held
from pytest_backend_gates.probes.contract.findings import Failure
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.contract.seen import Seen
from pytest_backend_gates.taps.observation import Observation
from pytest_backend_gates.taps.replies import Reply

if TYPE_CHECKING:
    from pytest_backend_gates.probes.contract.engine import Api

#: So many replies, or bytes of them, wait for the end of the test with their bodies; those beyond wait without,
#: and so many of them. Bodies are read between two tests alone: meanwhile other requests would be kept waiting.
_MOST_WAITING: Final = 4096
_MOST_BYTES: Final = 1 << 24
_MOST_BEYOND: Final = 256
#: So many shapes of an operation's answers with one status are looked at: the keys of an object may be data.
_MOST_SHAPES: Final = 100
#: What routing itself answers for what it does not have, a slash too much included.
_OF_ROUTING: Final = (301, 307, 308, 404, 405)
#: So many bodies are recognised without being read again.
_MOST_BODIES: Final = 1024


@dataclass(slots=True)
class _Like:
    """The answers that are like each other."""

    status: int
    #: The first of them, until it has been looked at.
    first: tuple[str, Reply, Answer] | None
    #: Whether they stand for all shapes of which there are too many, and only the first is looked at.
    beyond: bool = False
    count: int = 0
    #: How many of them were not looked at as a whole.
    unread: int = 0
    #: The test that received one, the first by name.
    test: str = ""
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class _Unrouted:
    """An answer that no route has given: middleware has, or routing itself."""

    method: str
    status: int
    reply: Reply
    test: str


class ObservedContract:
    """The answers to the tests of one process, sorted and held against their contracts."""

    def __init__(self, contracts: Contracts, lost: Callable[[], Sequence[str]] = tuple) -> None:
        """Hold answers against *contracts*; *lost* tells why answers may not have been heard of."""
        #: The test that is running, by its node id.
        self.test = ""
        self._contracts = contracts
        self._lost = lost
        self._lock = RLock()
        self._waiting: list[tuple[Observation, str]] = []
        self._beyond: deque[tuple[Observation, str]] = deque()
        self._bytes = 0
        self._known: dict[Hashable, _Like] = {}
        self._bodies: dict[Hashable, _Like] = {}
        self._shapes: Counter[Hashable] = Counter()
        self._new: list[_Like] = []
        self._unrouted: list[_Unrouted] = []
        #: How many of them were held against no operation.
        self._unheld = 0

    def share(self, app: object, api: "Api") -> None:
        """Hold the answers of *app* against *api*, which was read for its own tests."""
        self._contracts.share(app, api)

    def hear(self, observation: Observation) -> None:
        """Keep what a request was answered, for :meth:`settle`."""
        if observation.reply is None:
            return  # it was generated
        with self._lock:
            if len(self._waiting) < _MOST_WAITING and self._bytes < _MOST_BYTES:
                self._waiting.append((observation, self.test))
                self._bytes += observation.reply.size
                return
            observation.reply.forget()
            self._beyond.append((observation, self.test))
            # The oldest is over for certain: of this one's application an exception may still come.
            if len(self._beyond) > _MOST_BEYOND:
                self._sort(*self._beyond.popleft())

    @property
    def pending(self) -> bool:
        """Whether there is anything to settle."""
        return bool(self._waiting or self._new)

    def settle(self) -> None:
        """Hold the answers against their contracts that are like none before them."""
        with self._lock:
            waiting, self._waiting, self._bytes = self._waiting, [], 0
            beyond, self._beyond = self._beyond, deque()
            for observation, test in chain(waiting, beyond):
                self._sort(observation, test)
            unrouted, self._unrouted = self._unrouted, []
        self._route(unrouted)
        with self._lock:
            new, self._new = self._new, []
        for like in new:
            if like.first is not None:
                route, reply, answer = like.first
                like.held, like.first = self._contracts.hold(route, reply, answer), None

    def to_plain(self) -> Plain:
        """Settle, and return what was seen of all operations, as JSON-able data."""
        self.settle()
        found = {name: Seen(name, documented) for name, documented in self._contracts.documented.items()}
        for like in self._known.values():
            if like.held is not None:
                name = like.held.subject
                found[name] += _seen(like, like.held)
        return {
            "seen": [one.to_plain() for one in found.values()],
            "errors": list(self._contracts.errors),
            "lost": list(self._lost()),
            "unheld": self._unheld,
        }

    def _sort(self, observation: Observation, test: str) -> None:
        status, reply = observation.status, observation.reply
        if not (status and reply and _is_answer(observation, reply) and self._contracts.may_hold(reply)):
            return
        if observation.operation is not None:
            self._count(observation.operation, status, reply, test)
        elif observation.fallback is None and len(self._unrouted) < _MOST_WAITING:
            self._unrouted.append(_Unrouted(observation.method, status, reply, test))
        elif observation.fallback is None:
            self._unheld += 1

    def _route(self, unrouted: Iterable[_Unrouted]) -> None:
        """Count what middleware has answered before a route was chosen, by the path that was asked for."""
        routes: dict[Hashable, str | None] = {}
        for one in unrouted:
            key = (self._contracts.family(one.reply), one.method, one.reply.path)
            if key not in routes:
                routes[key] = self._contracts.route(one.method, one.reply)
            route = routes[key]
            if route is not None:
                with self._lock:
                    self._place(route, one)

    def _place(self, route: str, one: _Unrouted) -> None:
        """Count what was answered instead of *route*, or in the place of none that the schema has.

        What routing may have answered is held against no operation: a path may look like one and be none, such as
        ``/orders/x`` where orders have numbers. That it refuses what is not in the schema either goes without saying.
        """
        by_routing = one.status in _OF_ROUTING
        if route and not by_routing:
            self._count(route, one.status, one.reply, one.test)
        elif route or not (by_routing or one.method == "OPTIONS"):
            self._unheld += 1

    def _count(self, route: str, status: int, reply: Reply, test: str) -> None:
        headers = headers_of(reply)
        answer = Answer(status, headers, body_of(reply, headers))
        like = self._like(route, reply, answer)
        like.count += 1
        like.unread += answer.body is None or (like.beyond and like.count > 1)
        like.test = min(like.test or test, test)

    def _like(self, route: str, reply: Reply, answer: Answer) -> _Like:
        """Return the answers that *answer* is like: by every byte of its body, or else by its shape."""
        media = answer.headers.get("content-type", [""])[0]
        about = (self._contracts.family(reply), route, answer.status)
        kind = (*about, media, frozenset(answer.headers))
        same = (*kind, hash(answer.body))
        like = self._bodies.get(same)
        if like is None:
            like = self._shaped(about, (*kind, shape_of(answer.body, media)), (route, reply, answer))
            if len(self._bodies) < _MOST_BODIES:
                self._bodies[same] = like
        return like

    def _shaped(self, about: Hashable, key: Hashable, first: tuple[str, Reply, Answer]) -> _Like:
        if key not in self._known:
            self._shapes[about] += 1
            if self._shapes[about] > _MOST_SHAPES:
                key = about
        if key not in self._known:
            self._known[key] = like = _Like(first[2].status, first, beyond=key == about)
            self._new.append(like)
        return self._known[key]


def observed_contract(plan: Plan, lost: Callable[[], Sequence[str]]) -> ObservedContract:
    """Return what holds the answers of the applications that *plan* is about, or of all where it names none."""

    def load(app: object, schema: Path | dict[str, Any]) -> "Api":
        from pytest_backend_gates.probes.contract import engine

        return engine.load(app, schema, checks=(), rootdir=plan.rootdir)

    return ObservedContract(Contracts(load, plan.schema, named=plan.app is not None), lost)


def _is_answer(observation: Observation, reply: Reply) -> bool:
    """Whether the test received *reply*. What leaves the application as an exception is no answer.

    An exception of a Starlette application leaves it beside its 500: that is the answer, unless the test's client
    raises the exception again, as its test client does by default, and Django's. So it is with the others: Litestar
    and Flask answer 500 and raise nothing, and Flask raises with ``testing`` and answers nothing.
    """
    return not reply.withheld and (observation.raised is None or reply.late is not None)


def _seen(like: _Like, held: Held) -> Seen:
    failures = tuple(_observed(failure, like) for failure in held.failures)
    errors = (held.error,) if held.error else ()
    return Seen(held.subject, (), {like.status: like.count}, failures, errors, like.unread)


def _observed(failure: Failure, like: _Like) -> Failure:
    return replace(failure, count=0, observed=1 if like.beyond else like.count, test=like.test)
