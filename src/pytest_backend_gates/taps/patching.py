"""Replacing methods of classes that are not ours, and giving them back."""

from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType, MethodType
from typing import Any, Final

Method = Callable[..., Any]

#: So many functions are followed from one to the next.
_FARTHEST: Final = 1000


class TakenOutError(Exception):
    """What had replaced a method is not called any more."""


class Patches:
    """The methods that one tap has replaced."""

    def __init__(self, lost: str = "what was requested afterwards was not seen") -> None:
        """*lost* says what it means that a method is observed no more."""
        self._lost = lost
        self._replaced: list[tuple[type, str, Method, Method]] = []

    def replace(self, owner: type, name: str, wrap: Callable[[Method], Method]) -> None:
        """Put ``wrap(original)`` in the place of the method *name* that *owner* itself defines.

        Raises ``KeyError`` when *owner* does not define it.
        """
        original = vars(owner)[name]
        wrapper = wrap(original)
        setattr(owner, name, wrapper)
        self._replaced.append((owner, name, original, wrapper))

    def undo(self) -> None:
        """Restore every original, except where somebody has since put a wrapper on top of ours."""
        while self._replaced:
            owner, name, original, wrapper = self._replaced.pop()
            if vars(owner).get(name) is wrapper:
                setattr(owner, name, original)

    def check(self) -> None:
        """Raise :class:`TakenOutError` if a method leads to ours no more: somebody has put another in its place.

        ``mock.patch.object`` does that at its end, when it had begun before us.
        """
        for owner, name, _, wrapper in self._replaced:
            if not _leads_to(vars(owner).get(name), wrapper):
                raise TakenOutError(
                    f"something has put another {owner.__module__}.{owner.__qualname__}.{name} in the place of"
                    f" the observed one: {self._lost}"
                )


class Patching:
    """What observes by replacing methods."""

    def __init__(self) -> None:
        self._patches = Patches()

    def check(self) -> None:
        """Raise :class:`TakenOutError` if a method that was replaced is not observed any more."""
        self._patches.check()


def _leads_to(found: object, wrapper: Method) -> bool:
    """Say whether *found* is *wrapper* or was put on top of it, with :func:`functools.wraps` or without."""
    waiting: list[object] = [found]
    seen: set[int] = set()
    while waiting and len(seen) < _FARTHEST:
        one = waiting.pop(0)
        if one is wrapper:
            return True
        if id(one) not in seen:
            seen.add(id(one))
            waiting += [next_one for next_one in _within(one) if callable(next_one)]
    return False


def _within(one: object) -> Iterator[object]:
    """Yield what *one* may call: what it wraps, holds, or names in its module."""
    yield getattr(one, "__wrapped__", None)
    if isinstance(one, partial):
        yield from (one.func, *one.args)
    elif isinstance(one, MethodType):
        yield one.__func__
    elif isinstance(one, FunctionType):
        yield from one.__defaults__ or ()
        for cell in one.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:
                continue  # still empty
        yield from (one.__globals__.get(name) for name in one.__code__.co_names)
