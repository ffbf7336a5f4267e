"""What is known of pytest-benchmark: its fixture, the session object that it keeps, and what it times where.

None of it is documented further than that it is there. Version 5 is known, and all that is asked of it is asked here.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple

from pytest_backend_gates.taps.patching import Method, Patches

#: It says so itself, but on the standard error stream.
UNDER_XDIST: Final = "pytest-benchmark times nothing under xdist, only with -n0"

_KNOWN: Final = "5"


class UnreadableError(Exception):
    """This pytest-benchmark is not one that can be read."""


class Benchmark(NamedTuple):
    """One benchmark: its node id, its rounds in nanoseconds, and whether each is the mean of several calls."""

    name: str
    times: list[int]
    averaged: bool


def is_benchmark(value: object) -> bool:
    """Whether *value* is what the fixture ``benchmark`` of pytest-benchmark returns."""
    return type(value).__module__ == "pytest_benchmark.fixture"


def run_rounds_inside(context: Callable[[], AbstractContextManager[object]]) -> Patches:
    """Have everything that is timed run inside a *context*; return what gives pytest-benchmark its own methods back.

    It takes the tracer of the thread away around what it times, and gives it back after: at these two places.
    Raises `UnreadableError`.
    """
    _check_version()
    inside: dict[int, AbstractContextManager[object]] = {}

    def entering(enter: Method) -> Method:
        def enter_inside(pause: object) -> object:
            inside[id(pause)] = entered = context()
            entered.__enter__()
            return enter(pause)

        return enter_inside

    def leaving(leave: Method) -> Method:
        def leave_both(pause: object, *error: Any) -> object:  # noqa: ANN401 - as `__exit__` takes it
            try:
                return leave(pause, *error)
            finally:
                inside.pop(id(pause)).__exit__(*error)

        return leave_both

    patches = Patches()
    try:
        from pytest_benchmark.fixture import PauseInstrumentation

        patches.replace(PauseInstrumentation, "__enter__", entering)
        patches.replace(PauseInstrumentation, "__exit__", leaving)
    except (ImportError, KeyError) as error:
        patches.undo()
        raise UnreadableError(f"what it times cannot be told from what it does not: {error}") from None
    return patches


def is_skipping(session: Any) -> bool:  # noqa: ANN401 - another tool's
    """Whether *session* skips every test that has a fixture named ``benchmark``, whosever it is."""
    return bool(getattr(session, "skip", False))


def why_untimed(session: Any) -> str | None:  # noqa: ANN401 - another tool's
    """Return why the benchmarks of *session* are not timed; ``None`` if they are. Raises `UnreadableError`."""
    _check_version()
    try:
        if session.skip:
            return "--benchmark-skip"
        if session.disabled:
            return UNDER_XDIST if session.xdist_warning else "--benchmark-disable"
    except AttributeError as error:
        raise _unknown(error) from None
    return None


def rounds_of(session: Any) -> Iterator[Benchmark]:  # noqa: ANN401 - as above
    """Yield every benchmark of *session* that ran without an error. Raises `UnreadableError`."""
    _check_version()
    try:
        for one in session.benchmarks:
            if one.stats.data and not one.has_error:
                times = [round(seconds * 10**9) for seconds in one.stats.data]
                yield Benchmark(one.fullname, times, one.iterations > 1)
    except AttributeError as error:
        raise _unknown(error) from None


def _check_version() -> None:
    try:
        found = version("pytest-benchmark")
    except PackageNotFoundError:
        return  # put on the path by hand: its attributes will tell
    if found.partition(".")[0] != _KNOWN:
        raise UnreadableError(f"version {found} is not known, only {_KNOWN}: its rounds cannot be read")


def _unknown(error: AttributeError) -> UnreadableError:
    return UnreadableError(f"its session cannot be read: {error}")
