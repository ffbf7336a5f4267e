"""The application that a contract item gets: ours, or the project's own fixture.

pytest has no public way to ask which fixtures an item will get before the first of them is set up: the one place
that looks.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

#: The fixture that gives it.
APP: Final = "backend_app"
_OURS: Final = "pytest_backend_gates.fixtures"


class Fixture(Protocol):
    """What is asked of a fixture."""

    @property
    def func(self) -> Callable[..., object]: ...


def fixtures(item: object) -> Mapping[str, Sequence[Fixture]] | None:
    """Return the fixtures that *item* will get by name, the one in force last; ``None`` where pytest hides it."""
    return getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", None)


def is_overridden(item: object) -> bool:
    """Whether the project gives *item* an application of its own: that is consent to writing to it."""
    found = (fixtures(item) or {}).get(APP, ())
    return bool(found) and found[-1].func.__module__ != _OURS


def asynchronous(fixture: Fixture) -> str | None:
    """Return what to tell of a fixture that is asynchronous, if it is one."""
    function = fixture.func
    if not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
        return None
    where = f"{Path(function.__code__.co_filename).name}:{function.__code__.co_firstlineno}"
    return (
        f"the fixture {APP} ({where}) is asynchronous, and nothing waits for it: return the application from an"
        " ordinary function, for its lifespan is run for each operation anyway; or let a plugin wait for it, such"
        " as pytest-asyncio with @pytest_asyncio.fixture"
    )
