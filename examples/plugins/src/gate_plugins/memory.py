"""A probe: the peak memory of each process that runs tests. POSIX only.

backend_gates_thresholds = memory.peak < 512 MiB
"""

import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pytest_backend_gates import Advice, Gauge, Kind, Metric, Point, Probe, Reading, Verdict

PEAK = Metric("memory.peak", Kind.GAUGE, "B", gate="memory", subject="worker")


class Memory(Probe):
    """Asks the operating system, once, when the tests are over."""

    name = "memory"
    metrics = (PEAK,)
    scope: Literal["process", "session"] = "process"

    def start(self) -> None:
        """There is nothing to start: the kernel counts."""

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> dict[str, Any]:  # noqa: ARG002
        """Return the peak of this process, in bytes, and the name that xdist has given it."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # In KiB, but for macOS.
        size = peak if sys.platform == "darwin" else peak * 1024
        return {"process": os.environ.get("PYTEST_XDIST_WORKER", "main"), "bytes": size}

    def reduce(self, payloads: Sequence[dict[str, Any]], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002
        """Return one gauge: each process is a subject."""
        return {PEAK.name: Reading(Gauge({one["process"]: Point(one["bytes"]) for one in payloads}))}

    def advise(self, verdict: Verdict) -> Advice:
        """Say where to begin."""
        return Advice(f"see what the tests of {verdict.worst} keep: python -X tracemalloc -m pytest")

    def stop(self) -> None:
        """There is nothing to release."""


def pytest_backend_gates_probes() -> list[Probe]:
    """Add the probe. An implementation names only those of the hook's arguments that it needs."""
    return [Memory()]
