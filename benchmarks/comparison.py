"""Two ways to the same findings, and how much dearer ours may be."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final, Literal

from benchmarks.figures import Cost, Summary, differences, ratio

ROOT: Final = Path(__file__).parent.parent


class UnequalError(Exception):
    """The two sides did not find the same: then it does not matter which is faster."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, where it runs, what is set in its environment, and the exit statuses that are no failure."""

    words: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (0,)

    def __str__(self) -> str:
        """Return it as one would type it where ``$ROOT`` is the folder of this project."""
        words = ["python" if word == sys.executable else _quoted(word) for word in self.words]
        settings = [f"{name}={value}" for name, value in self.environment.items()]
        return f"cd {self.cwd} && {' '.join([*settings, *words])}".replace(str(ROOT), "$ROOT")


@dataclass(frozen=True, slots=True)
class Side:
    """Commands that run one after the other; *found* reads the findings.

    Where the commands measure something themselves, *told* reads it: it is the side's cost then.
    """

    name: str
    commands: tuple[Command, ...]
    found: Callable[[], object]
    told: Callable[[], Cost] | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """The most that ours may cost: a ratio to the other side, a difference from it, or an absolute figure.

    *to_first*: of the other side its first command alone.
    """

    kind: Literal["ratio", "difference", "absolute"]
    what: str
    limit: float
    to_first: bool = False

    def reached(self, ours: Summary, theirs: Summary) -> float:
        """Return the figure to compare with the limit."""
        other = theirs.parts[0] if self.to_first else theirs
        if self.kind == "ratio":
            return ratio(ours, other, self.what)
        if self.kind == "difference":
            return median(differences(ours, other, self.what))
        return ours.median(self.what)

    def is_met(self, ours: Summary, theirs: Summary) -> bool:
        """Whether ours costs no more."""
        return self.reached(ours, theirs) <= self.limit


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of the table: ours against theirs, in *pairs* alternating pairs. *before* prepares each, unmeasured.

    Where the sides are not *alike* in what they do, the ratio of their costs says nothing.
    """

    name: str
    ours: Side
    theirs: Side
    goals: tuple[Goal, ...]
    pairs: int = 10
    before: Callable[[], object] = lambda: None
    alike: bool = True

    def check(self) -> None:
        """Raise :class:`UnequalError` unless both sides have found the same."""
        ours, theirs = self.ours.found(), self.theirs.found()
        if ours != theirs:
            raise UnequalError(f"{self.name}: {self.ours.name} and {self.theirs.name} {_apart(ours, theirs)}")


def program(name: str, *words: object) -> Command:
    """Return a command that runs a program of the benchmarks."""
    return Command((sys.executable, "-m", f"benchmarks.{name}", *map(str, words)), ROOT)


def _quoted(word: str) -> str:
    return f"'{word}'" if set(word) & set(" *?[]()<>|&;$") else word


def _apart(ours: object, theirs: object) -> str:
    """Say where two findings differ: in the first key that does, by the first few that only one of them has."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        key = next(key for key in ours if ours[key] != theirs[key])
        return f"differ in {key}: {_apart(ours[key], theirs[key])}"
    if isinstance(ours, list) and isinstance(theirs, list):
        extra, missed = _only(ours, theirs), _only(theirs, ours)
        return f"have {len(extra)} and {len(missed)} of their own, such as {[*extra[:2], *missed[:2]]}"
    return f"have found {ours} and {theirs}"


def _only(these: list[object], those: list[object]) -> list[object]:
    known = set(map(repr, those))
    return [one for one in these if repr(one) not in known]
