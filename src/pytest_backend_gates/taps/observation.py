"""One request, while it is being served, and until its application has returned.

Who writes what, and when:

    Recorder     how it began; ``operation``, ``native``, ``series`` and ``cold`` when a route claims it; ``done``
    taps         ``status``, ``reply``, ``whole``, ``streams`` and the clock as it is answered; ``raised``, ``cut`` or
                 ``silent`` as it fails; ``source`` by which what is handed on is known again;
                 ``prefix``, ``fallback`` and ``path_info`` as it goes into what is mounted; ``lookup`` where the
                 framework has to be asked for the route; ``lasts`` where an application goes on after its answer
    Sending      ``from_client``; ``done`` where the same request is seen at its application, too
    the queries  ``statements``
"""

import sys
from collections.abc import Callable, Iterable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pytest_backend_gates.taps.replies import Reply
    from pytest_backend_gates.taps.series import Series
    from pytest_backend_gates.taps.statements import Statements

#: Names the operation of a request if the framework knows it by now, and says whether it does.
Lookup = Callable[[], bool | None]

#: In the place of a path: a request that no route answered.
NO_ROUTE: Final = "(no route)"
#: How a request failed whose application returned without an answer.
NO_RESPONSE: Final = "no response"


class Observation:
    """One request, from when the outermost application received it until its last body byte.

    ``elapsed`` is in nanoseconds. ``prefix`` is the template of the mounts that the request has entered,
    ``native_prefix`` the same as the framework spells it.
    ``status`` is known once the response has started, and stays ``None`` if it never does.
    """

    __slots__ = (
        "_since",
        "cold",
        "counted",
        "cut",
        "done",
        "elapsed",
        "fallback",
        "from_client",
        "generated",
        "lasts",
        "lookup",
        "method",
        "native",
        "native_prefix",
        "operation",
        "path_info",
        "prefix",
        "raised",
        "reply",
        "series",
        "silent",
        "source",
        "statements",
        "status",
        "streams",
        "whole",
    )

    #: The clock, where freezegun does not find it: it replaces what modules hold, and then no time would pass.
    _now: Final = staticmethod(perf_counter_ns)

    def __init__(self, method: str, counted: bool, generated: bool) -> None:  # noqa: FBT001  keywords cost time
        self.method = method
        #: Whether it began in the call phase of a test.
        self.counted = counted
        #: Whether the contract gate made it up; then it is counted, and is no sample.
        self.generated = generated
        #: Whether it was seen where it was sent: what its server does is not known.
        self.from_client = False
        #: Whether it is the first of its operation that was not cut short.
        self.cold = False
        #: Whether it is written down: its answer is whole, or will never be.
        self.done = False
        #: Whether its application has not returned: what that still asks of a database belongs to the request.
        self.lasts = False
        self.elapsed = 0
        self.operation: str | None = None
        self.native: str | None = None
        #: The operation if nothing inside a mounted application claims the request.
        self.fallback: str | None = None
        #: For frameworks that have to be asked which route they have chosen.
        self.lookup: Lookup | None = None
        self.prefix = ""
        self.native_prefix = ""
        #: ``PATH_INFO`` as the outermost WSGI application received it.
        self.path_info: str | None = None
        self.source: int | None = None  # which ``wsgi.input`` it has: mounted applications get the same one
        self.status: int | None = None
        #: The class of the exception that left the application, perhaps after its response was whole.
        self.raised: str | None = None
        #: Whether it ended before its response was whole, by nobody's fault: how it would have gone is not known.
        self.cut = False
        #: Whether the application returned without having answered.
        self.silent = False
        #: What it has sent to its database so far.
        self.statements: Statements | None = None
        #: What it was answered, if that is kept.
        self.reply: Reply | None = None
        #: What the body is made of if all of it is there, where its framework can tell.
        self.whole: Callable[[], Iterable[bytes]] | None = None
        #: Whether the pieces of its body are known to be made while it is read.
        self.streams = False
        #: Where it will be written down, once its operation has a name.
        self.series: Series | None = None
        self._since = 0

    @property
    def name(self) -> str:
        """The operation: ``GET /orders/{order_id}``, or ``GET (no route)``."""
        return self.operation or self.fallback or f"{self.method} {NO_ROUTE}"

    @property
    def failure(self) -> str | None:
        """How it failed, if it did: with an exception, its class, with a 5xx, or without an answer."""
        if self.raised is not None:
            return self.raised
        if self.status is not None:
            return str(self.status) if self.status >= 500 else None
        return NO_RESPONSE if self.silent else None

    def note_exception(self, kind: type[BaseException]) -> None:
        """Note that *kind* left the application. A cancelled request is cut short; a body that ends is neither."""
        if cuts_short(kind):
            self.cut = True
        elif not issubclass(kind, StopIteration | StopAsyncIteration):
            self.raised = kind.__name__

    def resume(self) -> None:
        """Start the clock."""
        self._since = self._now()

    def pause(self) -> None:
        """Stop the clock and add what it shows."""
        self.elapsed += self._now() - self._since


def cuts_short(kind: type[BaseException]) -> bool:
    """Whether *kind*, which leaves an application here, says that nobody waits for its answer any more.

    A task that waits for another one, which was cancelled, fails by itself; so does what calls ``sys.exit``.
    """
    if issubclass(kind, (Exception, SystemExit)):
        return False
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is None or not issubclass(kind, asyncio.CancelledError):
        return True
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop runs here, and nobody can cancel a thread
        return False
    return task is not None and task.cancelling() > 0
