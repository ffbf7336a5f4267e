"""What the project's own tests have seen of one operation: plain values that cross processes and add up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_backend_gates.measurements import Plain, Ratio
from pytest_backend_gates.probes.contract.findings import Crossing, Failure, distinct

_ANY: Final = "default"


@dataclass(frozen=True, slots=True)
class Seen(Crossing):
    """The answers of one operation to the project's own tests."""

    operation: str
    #: What its schema documents: ``200``, ``4XX``, ``default``.
    documented: tuple[str, ...] = ()
    #: How many answers had which status.
    statuses: Mapping[int, int] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    #: Why answers could not be held against the schema; each makes the verdict ERROR.
    errors: tuple[str, ...] = ()
    #: How many answers had a body that was not looked at: too long, or never read to its end.
    unread: int = 0

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(
            self.operation,
            tuple(dict.fromkeys([*self.documented, *other.documented])),
            dict(sorted((Counter(self.statuses) + Counter(other.statuses)).items())),
            distinct([*self.failures, *other.failures]),
            tuple(dict.fromkeys([*self.errors, *other.errors])),
            self.unread + other.unread,
        )

    @property
    def answers(self) -> int:
        """How many answers there were."""
        return sum(self.statuses.values())

    @property
    def answered(self) -> bool:
        """Whether any answer was below 400."""
        return any(status < 400 for status in self.statuses)

    @property
    def missing(self) -> list[str]:
        """What is documented and was never seen."""
        met = {documented_as(status, self.documented) for status in self.statuses}
        return [one for one in self.documented if one not in met]

    @property
    def ratio(self) -> Ratio:
        """How many of the documented statuses were seen."""
        return Ratio(len(self.documented) - len(self.missing), len(self.documented))


def together(observed: Iterable[Plain]) -> dict[str, Seen]:
    """Add up what several processes have observed, by operation."""
    found: dict[str, Seen] = {}
    for plain in (plain for one in observed for plain in one["seen"]):
        one = Seen.from_plain(plain)
        found[one.operation] = found[one.operation] + one if one.operation in found else one
    return found


def documented_as(status: int, documented: Iterable[str]) -> str | None:
    """Return which of the *documented* statuses is in force for *status*: itself, its range, or ``default``."""
    known = {one.upper(): one for one in documented}
    words = (str(status), f"{status // 100}XX", _ANY.upper())
    return next((known[word] for word in words if word in known), None)
