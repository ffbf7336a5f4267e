"""Run pytest in this process under a CoverageProbe and print what it read. Started by the tests, not one of them.

The one argument is JSON: ``rootdir``, ``configured`` (source paths), ``obstacle``, ``narrowed``, ``adopt``,
``args`` (of pytest), ``payloads`` (files with payloads of other processes), ``save`` (where to put ours).
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import coverage
import pytest

from pytest_backend_gates.discovery import find_source
from pytest_backend_gates.measurements import Gauge, Rate, Reading
from pytest_backend_gates.probes.coverage import CoverageProbe
from pytest_backend_gates.probes.coverage_at_work import core_at_work


def main(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Measure as *spec* says."""
    rootdir = Path(spec["rootdir"])
    source = find_source(rootdir, spec["configured"], ["test_*.py"], [])
    adopted = coverage.Coverage(data_file=None, source=["shop"]) if spec["adopt"] else None
    probe = CoverageProbe(
        rootdir,
        source.roots,
        source.files,
        obstacle=spec["obstacle"],
        adopted=(lambda: adopted) if adopted else None,
    )
    before = dict(os.environ)
    probe.start()
    core = core_at_work()
    with adopted.collect() if adopted else contextlib.nullcontext():
        status = run_pytest(spec)
    payload = json.loads(json.dumps(probe.collect(spec["narrowed"], print)))
    if spec["save"]:
        Path(spec["save"]).write_text(json.dumps(payload), "utf-8")
    others = [json.loads(Path(path).read_text("utf-8")) for path in spec["payloads"]]
    readings = probe.reduce([payload, *others], spec["narrowed"])
    probe.stop()
    probe.stop()
    return {
        "status": status,
        "core": core,
        "environment_kept": {**os.environ, "PYTEST_VERSION": ""} == {**before, "PYTEST_VERSION": ""},
        "folders_left": [
            str(path) for path in Path(tempfile.gettempdir()).glob(f"backend-gates-coverage-{os.getpid()}-*")
        ],
        **{name: plain(reading) for name, reading in readings.items()},
    }


def run_pytest(spec: Mapping[str, Any]) -> int:
    """Run the project's tests with every warning an error."""
    told = io.StringIO()
    args = ["-q", "-p", "no:cacheprovider", "-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    with contextlib.chdir(spec["rootdir"]), contextlib.redirect_stdout(told):
        status = pytest.main([*args, "--rootdir", spec["rootdir"], *spec["args"]])
    if status:
        sys.stderr.write(told.getvalue())
    return int(status)


def plain(reading: Reading) -> dict[str, Any]:
    """Write *reading* as JSON-able data."""
    told: dict[str, Any] = {
        "errors": [[error.subject, error.line, error.message] for error in reading.errors],
        "hint": reading.hint,
        "notes": list(reading.notes),
        "unavailable": reading.unavailable,
    }
    if isinstance(reading.measurement, Rate):
        files = reading.measurement.subjects
        told["of"] = reading.measurement.of
        told["files"] = {path: [ratio.hits, ratio.total] for path, ratio in files.items()}
    if isinstance(reading.measurement, Gauge):
        told["percents"] = {path: str(point.value) for path, point in reading.measurement.subjects.items()}
    return told


if __name__ == "__main__":
    result = main(json.loads(sys.argv[1]))
    sys.stdout.write(json.dumps(result))
