"""A probe of another plugin: what it hands over is looked at where it comes in.

It does the same in every process and every distribution of the tests: what it collects goes through JSON
also where it would not have to.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from pytest_backend_gates.measurements import Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.probes import Probe
from pytest_backend_gates.well_formed import advised, as_json, checked

#: What a probe has and can do.
OFFERS: Final = ("name", "metrics", "scope", "start", "collect", "reduce", "advise", "stop")


class ForeignProbe:
    """Has *probe* measure, and raises where it does not keep to what a probe returns."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self.name: str = probe.name
        self.metrics: tuple[Metric, ...] = tuple(probe.metrics)
        self.scope: Literal["process", "session"] = probe.scope
        self.sets: dict[str, str] = dict(getattr(probe, "sets", {}))

    def start(self) -> None:
        """Start it."""
        self._probe.start()

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:
        """Return what it has collected, as JSON has it. Raises ``TypeError`` for what JSON cannot write."""
        collected = self._probe.collect(narrowed, tell)
        if collected is None:
            raise TypeError("collect() returned None: return what was measured, as JSON can write it")
        return as_json(collected, "collect()")

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        """Return its readings. Raises ``TypeError`` or ``ValueError`` for what cannot be judged."""
        readings = checked(self.metrics, self._probe.reduce(payloads, narrowed))
        for name, reading in readings.items():
            unknown = reading.sets.keys() - self.sets.keys()
            if unknown:
                raise ValueError(
                    f"reduce() returned for '{name}' the set '{min(unknown)}', which it does not declare"
                )
        return readings

    def advise(self, verdict: Verdict) -> Advice:
        """Return its advice. Raises ``TypeError`` for what is none."""
        return advised(self._probe.advise(verdict))

    def stop(self) -> None:
        """Stop it."""
        self._probe.stop()
