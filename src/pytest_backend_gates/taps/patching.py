"""Replacing methods of classes that are not ours, and giving them back."""

from collections.abc import Callable
from typing import Any

Method = Callable[..., Any]


class Patches:
    """The methods that one tap has replaced."""

    def __init__(self) -> None:
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
