"""What goes wrong in a tap's own bookkeeping: it is noted, and nobody else sees it."""

from collections.abc import Callable
from threading import RLock
from typing import TypeVar, TypeVarTuple

from pytest_backend_gates.masking import masked

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Faults:
    """The first failure of each tap, and how many there were."""

    def __init__(self, what: str = "requests") -> None:
        #: What goes on undisturbed, in the plural.
        self._what = what
        self._faults: dict[str, tuple[str, int]] = {}
        self._lock = RLock()

    def attempt(
        self, tap: str, step: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result | None:
        """Take a step of a tap's own bookkeeping: return its result, or note why there is none."""
        try:
            return step(*arguments)
        # What is observed belongs to somebody's test: whatever a framework of another version or a strange
        # application makes our bookkeeping raise must not reach it. It is reported, once a tap.
        except Exception as fault:  # noqa: BLE001  see above
            self.note(tap, fault)
            return None

    def note(self, tap: str, fault: Exception) -> None:
        """Note what a step of a tap's own bookkeeping has raised, where :meth:`attempt` would cost too much."""
        with self._lock:
            first, count = self._faults.get(tap, (masked(f"{type(fault).__name__}: {fault}"), 0))
            self._faults[tap] = first, count + 1

    def told(self) -> list[str]:
        """Return one sentence for every tap that failed."""
        with self._lock:
            return [self._sentence(tap, *fault) for tap, fault in sorted(self._faults.items())]

    def _sentence(self, tap: str, first: str, count: int) -> str:
        how = f"once: {first}" if count == 1 else f"{count} times, first with {first}"
        return f"the {tap} tap failed {how}; {self._what} were not affected"
