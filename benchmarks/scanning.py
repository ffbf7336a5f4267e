"""Our static scan as a program: ``python -m benchmarks.scanning FOLDER FOUND [CACHE]``.

Scans every Python file below FOLDER, as radon and bandit do when they are given it, and writes what it found to
FOUND: ``{"files": [file, ...], "complexity": [[file, line, number], ...], "security": [[file, line, code, severity,
confidence], ...]}``.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pytest_backend_gates.measurements import Counter, Gauge, Reading
from pytest_backend_gates.probes.static import StaticProbe


def main(arguments: Sequence[str]) -> None:
    """Scan and write. Raises ``RuntimeError`` when a file could not be measured."""
    folder, found, *cache = map(Path, arguments)
    files = sorted(_python_files(folder))
    # The tests of a session that only waits for the scan need no core.
    probe = StaticProbe(folder, files, tests=0, cache=lambda: cache[0] if cache else None)
    probe.start()
    payload = probe.collect(None, lambda _: None)
    readings = probe.reduce([payload], None)
    if any(reading.errors for reading in readings.values()):
        raise RuntimeError(
            f"not every file could be measured: {payload['failure'] or 'see the errors of files'}"
        )
    told = {"files": files, "complexity": sorted(_blocks(readings)), "security": sorted(_issues(readings))}
    found.write_text(json.dumps(told))


def _python_files(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        prefix = where[len(str(folder)) + 1 :].replace(os.sep, "/")
        yield from (f"{prefix}/{name}".lstrip("/") for name in names if name.endswith(".py"))


def _blocks(readings: Mapping[str, Reading]) -> Iterator[tuple[str, int, int]]:
    measured = readings["complexity"].measurement
    for point in measured.subjects.values() if isinstance(measured, Gauge) else ():
        yield point.path or "", point.line or 0, int(point.value)


def _issues(readings: Mapping[str, Reading]) -> Iterator[tuple[str, int, str, str, str]]:
    for severity in ("high", "medium", "low"):
        measured = readings[f"security.{severity}"].measurement
        for finding in measured.findings if isinstance(measured, Counter) else ():
            confidence = (finding.hint or "").partition(" ")[0]
            yield finding.path or "", finding.line or 0, finding.code or "", severity, confidence


if __name__ == "__main__":
    main(sys.argv[1:])
