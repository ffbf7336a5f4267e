"""When the project imports what can be tapped: also inside of a test, whose own requests would be lost otherwise.

Frameworks are packages whose modules import one another. What is imported first is not complete while one that
has asked for it is still being executed: so who waits for modules of a package is told when none of them is.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.machinery import SourceFileLoader
from threading import RLock
from types import ModuleType
from typing import Any, ClassVar, Final, Protocol, TypeVar

#: What executes a module. No other way to do it is watched: who waits has to look again now and then.
_EXECUTE: Final = "exec_module"


One = TypeVar("One", bound="Tappable")


class LateError(Exception):
    """A test has imported what can be tapped, and nobody was told."""

    def __init__(self, module: str) -> None:
        super().__init__(
            f"a test has imported {module} in a way that is not watched, and what it sent then was not seen;"
            " import it before"
        )


def has_come(module: str) -> bool:
    """Whether *module* is imported. What a test has put in its place was not."""
    found = getattr(sys.modules.get(module), "__spec__", None)
    return getattr(found, "name", None) == module


class Tappable(Protocol):
    """What waits for a module."""

    module: ClassVar[str]


def taken(pending: "list[One]") -> "Iterator[One]":
    """Yield, and take out, what of *pending* has its module by now; while one is dealt with, others may come."""
    for one in tuple(pending):
        if one.module in sys.modules:
            try:
                pending.remove(one)
            except ValueError:
                continue  # somebody else deals with it
            yield one


class Arrivals:
    """Tells when modules may have come in, for as long as it is started."""

    def __init__(self, modules: Iterable[str], tell: Callable[[], None]) -> None:
        """Call *tell*, which must not raise, whenever a package of one of the *modules* has been imported further."""
        self.packages = frozenset(name.partition(".")[0] for name in modules)
        self.tell = tell

    def start(self) -> None:
        """Watch what is imported from now on."""
        _LOADING.add(self)

    def stop(self) -> None:
        """Watch no more. Doing it again does nothing."""
        _LOADING.remove(self)


class _Loading:
    """One patch for all who wait: they may stop in another order than that in which they began."""

    def __init__(self) -> None:
        self._waiting: tuple[Arrivals, ...] = ()
        #: Package -> how many of its modules are being executed.
        self._executing: Counter[str] = Counter()
        self._lock = RLock()  # a finalizer that runs meanwhile may import something
        self._own: object = None
        self._before: object = None

    def add(self, arrivals: Arrivals) -> None:
        """Let *arrivals* know."""
        with self._lock:
            if not self._waiting:
                self._patch()
            self._waiting += (arrivals,)

    def remove(self, arrivals: Arrivals) -> None:
        """Forget *arrivals*; the last one takes the patch along."""
        with self._lock:
            was = self._waiting
            self._waiting = tuple(one for one in was if one is not arrivals)
            if was and not self._waiting:
                self._undo()

    def _patch(self) -> None:
        load: Callable[[Any, ModuleType], None] = getattr(SourceFileLoader, _EXECUTE)

        def exec_module(loader: SourceFileLoader, module: ModuleType) -> None:
            """Execute *module*, and tell who waits for its package."""
            package = module.__name__.partition(".")[0]
            waiting = [one for one in self._waiting if package in one.packages]
            if not waiting:
                return load(loader, module)
            self._count(package, 1)
            try:
                load(loader, module)
            finally:
                if not self._count(package, -1):
                    for one in waiting:
                        one.tell()

        self._before, self._own = vars(SourceFileLoader).get(_EXECUTE), exec_module
        setattr(SourceFileLoader, _EXECUTE, exec_module)

    def _count(self, package: str, change: int) -> int:
        with self._lock:
            self._executing[package] += change
            return self._executing[package]

    def _undo(self) -> None:
        """Give the loader back what it had, unless somebody has put a wrapper on top of ours."""
        if vars(SourceFileLoader).get(_EXECUTE) is not self._own:
            return
        if self._before is None:
            delattr(SourceFileLoader, _EXECUTE)
        else:
            setattr(SourceFileLoader, _EXECUTE, self._before)


_LOADING: Final = _Loading()
