"""The samples of one operation in one process."""

import random
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pytest_backend_gates.measurements import Plain, Samples
from pytest_backend_gates.samples import fitting, widened

if TYPE_CHECKING:
    from pytest_backend_gates.taps.observation import Observation

#: How many samples an operation keeps in a process; of more, a uniform part is kept.
RESERVOIR: Final = 50_000


class Series:
    """The samples of one operation in this process, in the order in which they were taken."""

    __slots__ = ("_dice", "asked", "cut", "failures", "generated", "kept", "native", "seen", "tested", "warm")

    def __init__(self, native: str | None) -> None:
        self.native = native
        #: How many requests the tests made, the cold one included, and how many failed in which way.
        self.asked = 0
        self.failures: dict[str, int] = {}
        #: How many were cut short. They are no samples, and asked only if they had failed before.
        self.cut = 0
        self.kept = fitting(())
        self.seen = 0
        #: How many requests were generated, and whether any was not.
        self.generated = 0
        self.tested = False
        #: Whether one of those that were not is the cold one, under way or whole.
        self.warm = False
        self._dice: random.Random | None = None

    def add(self, sample: int) -> None:
        """Keep *sample*, or, above the limit, decide by Vitter's algorithm R whether to keep it.

        The newest goes to the end and not to the place it takes, so that the order stays that of time.
        """
        self.seen += 1
        if len(self.kept) >= RESERVOIR:
            if self._dice is None:
                # Seeded: the same requests keep the same samples.
                self._dice = random.Random(0)  # noqa: S311  chooses samples, guards nothing
            place = self._dice.randrange(self.seen)
            if place >= RESERVOIR:
                return
            del self.kept[place]
        try:
            self.kept.append(sample)
        except OverflowError:
            self.kept = widened(self.kept, [sample])
            self.kept.append(sample)

    def extend(self, samples: Sequence[int]) -> None:
        """Keep several samples, as :meth:`add` does."""
        if len(self.kept) + len(samples) > RESERVOIR:
            for sample in samples:
                self.add(sample)
        else:
            self.seen += len(samples)
            self.kept = widened(self.kept, samples)
            self.kept.extend(array(self.kept.typecode, samples))

    def begin(self, observation: "Observation") -> None:
        """Take a request for the cold one if it is the first, or the first after one that was cut short."""
        if not (self.warm or observation.generated):
            self.tested = self.warm = observation.cold = True

    def end(self, observation: "Observation") -> None:
        """Count a request, and how it failed if it did. Keep how long it took, unless it was cut short."""
        if observation.cut and observation.cold:
            self.warm = False
        if observation.generated:
            self.generated += 1
            return
        if not observation.counted:
            return
        failure = observation.failure
        if observation.cut:
            self.cut += 1
            if failure is None:
                return
        elif not observation.cold:
            self.add(observation.elapsed)
        self.asked += 1
        self.fail(failure)

    def fail(self, failure: str | None) -> None:
        """Count a *failure* of a request that is counted, if it is one."""
        if failure is not None:
            self.failures[failure] = self.failures.get(failure, 0) + 1

    def answers(self) -> Plain:
        """Return how many requests the tests made, how many failed in which way, and how many were cut short."""
        return {"asked": self.asked, "cut": self.cut, "failures": dict(sorted(self.failures.items()))}

    def samples(self) -> Samples:
        """Return what was kept; the first request that was not generated was the cold one."""
        runs = (self.kept,) if self.kept else ()
        sources = {"test": len(self.kept), "generated": self.generated}
        sources = {name: count for name, count in sources.items() if count}
        return Samples(runs, cold=int(self.tested), seen=self.seen, native=self.native, sources=sources)
