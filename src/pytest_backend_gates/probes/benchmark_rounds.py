"""What is read of pytest-benchmark: its session object, which is documented no further than that it is there.

Version 5 is known. Everything that its parts may be asked for is asked for here.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple

#: It says so itself, but on the standard error stream.
UNDER_XDIST: Final = "pytest-benchmark times nothing under xdist"

_KNOWN: Final = "5"


class UnreadableError(Exception):
    """This pytest-benchmark is not one that can be read."""


class Benchmark(NamedTuple):
    """One benchmark: its node id, its rounds in nanoseconds, and whether each is the mean of several calls."""

    name: str
    times: list[int]
    averaged: bool


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
