"""What is kept of many requests, as a program: ``python -m benchmarks.keeping REQUESTS FOUND``.

Tells the recorder of so many requests to 300 operations, each with a statement, as the taps would, and puts together
what the probes have measured, as the session does when it ends. Writes to FOUND which share of the requests was
counted, and what it has cost.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.figures import peak_memory
from pytest_backend_gates.measurements import Measurement, Rate, Trend
from pytest_backend_gates.probes.queries import QueriesProbe
from pytest_backend_gates.probes.traffic import TrafficProbe
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.statements import Source, Statements

_OPERATIONS: Final = 300
_SHAPE: Final = "SELECT id, total FROM orders WHERE id = ?"


def main(arguments: Sequence[str]) -> None:
    """Tell, put together, and write the share of the requests that was counted."""
    began = time.perf_counter()
    requests, found = int(arguments[0]), Path(arguments[1])
    traffic = TrafficProbe()
    queries = QueriesProbe(traffic.recorder, Path.cwd())
    traffic.start()
    queries.start()
    traffic.open_window()
    dice = random.Random(0)  # noqa: S311  durations, no secrets
    for number in range(requests):
        _ask(traffic.recorder, number % _OPERATIONS, int(dice.lognormvariate(16, 0.5)))
    payloads = [[probe.collect(None, lambda _: None)] for probe in (traffic, queries)]
    readings = {**traffic.reduce(payloads[0], None), **queries.reduce(payloads[1], None)}
    counted = {name: _count(reading.measurement) / requests for name, reading in readings.items()}
    costs = {"wall": time.perf_counter() - began, "cpu": time.process_time(), "memory": peak_memory()}
    found.write_text(json.dumps({"counted": counted, **costs}), encoding="utf-8")
    traffic.stop()
    queries.stop()


def _ask(recorder: Recorder, operation: int, nanoseconds: int) -> None:
    observation = recorder.begin("GET")
    if observation is None:
        raise RuntimeError("the recorder is not live")
    template = f"/operations/{operation}"
    recorder.claim(observation, "GET", template, template)
    observation.statements = Statements(lambda _, orm: Source(orm))
    observation.statements.add(_SHAPE, "SQLAlchemy")
    observation.statements.times.append(nanoseconds // 10)
    observation.elapsed = nanoseconds
    observation.status = 200
    recorder.finish(observation)


def _count(measured: Measurement | None) -> int:
    """Return how many requests were counted, the cold ones included."""
    if isinstance(measured, Trend):
        return sum(one.cold + one.seen for one in measured.subjects.values())
    return sum(one.total for one in measured.subjects.values()) if isinstance(measured, Rate) else 0


if __name__ == "__main__":
    main(sys.argv[1:])
