"""What is measured over the session: one file a probe.

A probe's life is ``start`` .. ``collect`` in the process where it measures, then ``reduce`` and ``advise``
in the place that judges, and ``stop`` at the very end, whatever happened before.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from pytest_backend_gates.measurements import Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict


class Probe(Protocol):
    """What every probe offers. Nothing in a probe knows a limit, except ``advise``.

    One that finds out which subjects have something in common may also have ``sets``, a mapping of names to
    what the members are (``{"crud": "operation"}``). Thresholds name such a set, ``latency.p99[@crud]``, and a
    reading of the probe holds its members.
    """

    @property
    def name(self) -> str:
        """The key of its payload."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What it measures."""

    @property
    def scope(self) -> Literal["process", "session"]:
        """``process``: measures wherever tests run, and the payloads add up.

        ``session``: measures once, beside the tests.
        """

    def start(self) -> None:
        """Begin to measure."""

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:
        """End measuring and return what was measured, as JSON-able data.

        *narrowed* says why this run is not a full one (nobody should wait long then); *tell* hears, as often
        as one likes, what is being waited for and how far it is, for the progress line of a long wait.
        """

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        """Turn the payloads of all processes into one reading per metric."""

    def advise(self, verdict: Verdict) -> Advice:  # noqa: ARG002 - for those who inherit it
        """Help with a red or unproven verdict of one of this probe's metrics."""
        return Advice()

    def stop(self) -> None:
        """Release everything: processes, patches, files. Called once, also when nothing was started."""
