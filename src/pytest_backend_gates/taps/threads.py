"""Work that a request hands to other threads: it is a part of that request.

Python starts a thread in an empty context, and a pool's thread keeps the one that it was started in: what runs
there knows no request, unless the framework or ``asyncio.to_thread`` copies the context. So the request goes
along, and nothing else of the context: what else the project would lose is its own matter, and stays lost.
"""

from collections.abc import Callable
from functools import partial, wraps
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from pytest_backend_gates.taps.asking import ASKED
from pytest_backend_gates.taps.patching import Method, Patches
from pytest_backend_gates.taps.recording import Recorder

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    Submit = Callable[..., Future[Any]]
    Start = Callable[..., None]

Result = TypeVar("Result")

#: What a pool hands to another interpreter has to be a thing that can be pickled, and nothing is seen there.
_ELSEWHERE: Final = "InterpreterPoolExecutor"


class ThreadsTap:
    """Sees what a request has threads and pools of threads do, ``loop.run_in_executor`` included."""

    name: ClassVar[str] = "threads"
    module: ClassVar[str] = "threading"

    def __init__(self) -> None:
        self._patches = Patches("what requests had threads do afterwards was not seen")

    def install(self, recorder: Recorder) -> None:
        """Patch what starts a thread, and what hands work to a pool."""
        from concurrent.futures import ThreadPoolExecutor

        self._patches.replace(Thread, "start", partial(_starting, recorder, self.name))
        self._patches.replace(ThreadPoolExecutor, "submit", partial(_submitting, recorder))

    def check(self) -> None:
        """Raise if one of them is not ours any more."""
        self._patches.check()

    def uninstall(self) -> None:
        """Restore both."""
        self._patches.undo()


def _part(recorder: Recorder, work: Callable[..., Result]) -> Callable[..., Result]:
    """Return *work* as a part of the request that is being served here, wherever it will be done."""
    served, is_asked = recorder.current.get(), ASKED.get()

    def part(*arguments: Any, **named: Any) -> Result:  # noqa: ANN401  the project's business
        tokens = recorder.current.set(served), ASKED.set(is_asked)
        try:
            return work(*arguments, **named)
        finally:
            recorder.leave(tokens[0])
            ASKED.reset(tokens[1])

    return part


def _submitting(recorder: Recorder, original: "Submit") -> Method:
    @wraps(original)
    def submit(
        pool: "ThreadPoolExecutor",
        work: Callable[..., object],
        /,
        *arguments: Any,  # noqa: ANN401  the project's business
        **named: Any,  # noqa: ANN401
    ) -> "Future[Any]":
        if recorder.serving() is None or any(one.__name__ == _ELSEWHERE for one in type(pool).__mro__):
            return original(pool, work, *arguments, **named)
        work = _part(recorder, work)
        # The work is a part of the request; a thread that the pool starts for it is not, and outlives it.
        token = recorder.current.set(None)
        try:
            return original(pool, work, *arguments, **named)
        finally:
            recorder.leave(token)

    return submit


def _starting(recorder: Recorder, tap: str, original: "Start") -> Method:
    @wraps(original)
    def start(thread: Thread, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  of a subclass
        if recorder.serving() is None:
            return original(thread, *arguments, **named)
        take_back = recorder.attempt(tap, _hand_over, recorder, thread)
        try:
            return original(thread, *arguments, **named)
        except BaseException:  # it was started before, or there are too many
            if take_back is not None:
                take_back()
            raise

    return start


def _hand_over(recorder: Recorder, thread: Thread) -> Callable[[], None]:
    """Let *thread* run as a part of the request what it would run anyway; return what makes it as it was."""
    attributes, own = vars(thread), vars(thread).get("run")
    part = _part(recorder, thread.run)

    def take_back() -> None:
        attributes.pop("run", None)
        if own is not None:
            attributes["run"] = own

    def run() -> None:
        take_back()
        part()

    attributes["run"] = run
    return take_back
