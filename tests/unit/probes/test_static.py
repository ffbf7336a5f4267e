"""The static scan as a probe: waiting, endings, and what the judge is told."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from pytest_backend_gates.analyzers.complexity import COMPLEXITY
from pytest_backend_gates.analyzers.security import HIGH
from pytest_backend_gates.measurements import Counter, Finding, Gauge, Metric, Plain, Point, Reading
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.static import StaticProbe

posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")

ALL = {"complexity", "security.high", "security.medium", "security.low", "security.suppressed"}
SOURCE = "import hashlib\n\n\ndef f(x):\n    return hashlib.md5(x) if x else None\n"


class Narrator:
    """Takes progress lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def tell() -> Narrator:
    """Return what takes progress lines."""
    return Narrator()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[StaticProbe]:
    """Yield a probe of one small file."""
    (tmp_path / "app.py").write_text(SOURCE)
    probe = StaticProbe(tmp_path, ["app.py"])
    yield probe
    probe.stop()


@pytest.fixture
def broken_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of the interpreter that children will get: a script to be written."""
    path = tmp_path / "python"
    path.touch(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
    return path


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[StaticProbe]:
    """Yield a probe of four files, the last a pipe that nobody writes to: the scan never ends by itself.

    It gives up waiting after half a second of silence.
    """
    names = ["a.py", "b.py", "c.py", "pipe.py"]
    for name in names[:3]:
        (tmp_path / name).write_text(SOURCE)
    os.mkfifo(tmp_path / names[3])
    probe = StaticProbe(tmp_path, names)
    probe._patience = 0.5
    yield probe
    probe.stop()


def begun(probe: StaticProbe) -> int:
    """Start the probe, wait until its child has told of three files, and return the pid of the child."""
    probe.start()
    pool = probe._pool
    assert pool is not None
    while pool.finished_files < 3:
        assert pool.exit_status is None
        time.sleep(0.02)
        pool.read()
    (pid,) = pool.pids
    return pid


def through_json(payload: Plain) -> Plain:
    """Return the payload as it arrives where it is judged."""
    arrived: Plain = json.loads(json.dumps(payload))
    return arrived


def errors(readings: Mapping[str, Reading]) -> set[str]:
    """Return the messages of readings that are all errors and no measurement."""
    assert set(readings) == ALL
    assert all(reading.measurement is None for reading in readings.values())
    assert all(error.subject == "static scan" for reading in readings.values() for error in reading.errors)
    return {error.message for reading in readings.values() for error in reading.errors}


def test_a_scan_measures_every_metric(small: StaticProbe, tell: Narrator) -> None:
    """What the child found arrives as measurements, through JSON."""
    small.start()
    readings = small.reduce([through_json(small.collect(None, tell))], None)
    examined = frozenset({"app.py"})
    assert set(readings) == ALL
    assert readings["complexity"] == Reading(Gauge({"app.py::f": Point(2, "app.py", 4, 5)}))
    assert readings["security.high"] == Reading(
        Counter(
            (
                Finding(
                    "app.py",
                    "Use of weak MD5 hash for security. Consider usedforsecurity=False",
                    path="app.py",
                    line=5,
                    end_line=5,
                    code="B324",
                    hint="high confidence",
                    identity="f: return hashlib.md5(x) if x else None #1",
                ),
            ),
            examined,
            "file",
        )
    )
    assert readings["security.low"] == Reading(Counter((), examined, "file"))


def test_only_the_analyzers_asked_for_run(tmp_path: Path, tell: Narrator) -> None:
    """The metrics of the others have no reading."""
    (tmp_path / "app.py").write_text(SOURCE)
    probe = StaticProbe(tmp_path, ["app.py"], analyzers=["complexity"])
    probe.start()
    assert set(probe.reduce([probe.collect(None, tell)], None)) == {"complexity"}


@pytest.mark.parametrize("narrowed", [None, "-k orders"])
def test_no_source_files_are_nothing_to_judge(tmp_path: Path, tell: Narrator, narrowed: str | None) -> None:
    """A scan of nothing starts no child and passes nothing."""
    probe = StaticProbe(tmp_path, [])
    probe.start()
    assert probe._pool is None
    readings = probe.reduce([probe.collect(narrowed, tell)], narrowed)
    reason = "there are no source files to scan"
    empty = Reading(Counter((), frozenset()), unavailable=reason)
    assert readings == dict.fromkeys(ALL, empty) | {"complexity": Reading(Gauge({}), unavailable=reason)}


def test_a_scan_that_nobody_started_says_so(small: StaticProbe) -> None:
    """No payload is not a pass."""
    readings = small.reduce([], None)
    assert set(readings) == ALL
    assert set(readings.values()) == {Reading(unavailable="the static scan was not started")}


def test_shards_must_agree(small: StaticProbe, tell: Narrator) -> None:
    """Equal payloads are one scan; different ones are an error, never a sum."""
    small.start()
    payload = through_json(small.collect(None, tell))
    once = small.reduce([payload], None)
    assert small.reduce([payload, through_json(payload)], None) == once
    assert errors(small.reduce([payload, {**payload, "total": 2}], None)) == {
        "the shards did not scan the same source, or did not find the same in it"
    }


@posix
def test_how_far_it_is_is_told(stuck: StaticProbe, tell: Narrator) -> None:
    """While nothing is new, once."""
    begun(stuck)
    stuck.collect(None, tell)
    assert tell.lines == ["the static scan, 3 of 4 files"]


@posix
def test_what_is_known_from_before_is_told_with_it(tmp_path: Path, tell: Narrator) -> None:
    """It is finished as well."""
    (tmp_path / "source").mkdir()
    names = ["a.py", "b.py"]
    for name in names:
        (tmp_path / "source" / name).write_text(SOURCE)
    os.mkfifo(tmp_path / "source" / "pipe.py")
    for files in (names, [*names, "pipe.py"]):
        probe = StaticProbe(tmp_path / "source", files, cache=lambda: tmp_path)
        probe._patience = 0.5
        probe.start()
        probe.collect(None, tell)
        probe.stop()
    assert tell.lines[-1] == "the static scan, 2 of 3 files"


def test_a_narrowed_run_takes_a_finished_scan(small: StaticProbe, tell: Narrator) -> None:
    """What is there is used."""
    small.start()
    assert small._pool is not None
    assert small._pool.wait(120)
    readings = small.reduce([small.collect("-k orders", tell)], "-k orders")
    assert readings["complexity"] == Reading(Gauge({"app.py::f": Point(2, "app.py", 4, 5)}))


@posix
def test_a_narrowed_run_does_not_wait(
    stuck: StaticProbe, tell: Narrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unfinished scan is ended at once, and the readings say why there is none."""
    pid = begun(stuck)
    waits: list[float] = []
    monkeypatch.setattr(stuck._pool, "wait", waits.append)
    payload = stuck.collect("-k orders", tell)
    assert waits == []
    readings = stuck.reduce([through_json(payload)], "-k orders")
    assert set(readings) == ALL
    assert set(readings.values()) == {
        Reading(
            unavailable="the static scan had finished 3 of 4 files, and a narrowed run does not wait (-k orders)"
        )
    }
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@posix
@pytest.mark.parametrize("narrowed", [None, "-k orders"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_child_is_an_error(
    stuck: StaticProbe, tell: Narrator, number: signal.Signals, narrowed: str | None
) -> None:
    """Half a scan is no measurement, in a narrowed run neither."""
    pid = begun(stuck)
    os.kill(pid, number)
    assert stuck._pool is not None
    assert stuck._pool.wait(120)
    payload = stuck.collect(narrowed, tell)
    assert errors(stuck.reduce([through_json(payload)], narrowed)) == {
        f"the static scan was killed by signal {number.value} after 3 of 4 files"
    }


@posix
def test_a_hung_child_is_an_error(stuck: StaticProbe, tell: Narrator) -> None:
    """A child that finishes no file for long enough is ended and reaped."""
    pid = begun(stuck)
    payload = stuck.collect(None, tell)
    assert errors(stuck.reduce([through_json(payload)], None)) == {
        "the static scan did not finish a file in 0.5 s and was ended after 3 of 4 files"
    }
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@posix
@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo first >&2; echo boom >&2; exit 3",
            "the static scan ended with exit status 3 after 0 of 1 files; its stderr ends:\nfirst\nboom",
        ),
        ("exit 0", "the static scan ended early after 0 of 1 files"),
        ("""echo '{"done": 1}'; exit 1""", "the static scan ended with exit status 1 after 0 of 1 files"),
    ],
)
def test_a_crashed_child_is_an_error(
    small: StaticProbe, tell: Narrator, broken_python: Path, script: str, message: str
) -> None:
    """With how it ended and the end of its stderr."""
    broken_python.write_text(f"#!/bin/sh\n{script}\n")
    small.start()
    assert errors(small.reduce([small.collect(None, tell)], None)) == {message}


def test_a_child_that_cannot_be_started_is_an_error(
    small: StaticProbe, tell: Narrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session goes on; the verdict says it."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    small.start()
    (message,) = errors(small.reduce([small.collect(None, tell)], None))
    assert message.startswith("the static scan could not be started: ")
    assert "/nowhere/python" in message


@pytest.mark.parametrize("steps", [[], ["start"], ["start", "wait"], ["start", "collect"]])
def test_nothing_is_left_to_complain_about(tmp_path: Path, steps: list[str]) -> None:
    """Whenever it is stopped, twice: no ResourceWarning, nothing unraisable, no child."""
    (tmp_path / "app.py").write_text(SOURCE)
    code = """
import gc, os, sys, time
from pathlib import Path
from pytest_backend_gates.probes.static import StaticProbe
probe = StaticProbe(Path(sys.argv[1]), ["app.py"] * 50)
for step in sys.argv[2:]:
    if step == "start": probe.start()
    if step == "wait": time.sleep(0.3)
    if step == "collect": probe.collect(None, lambda line: None)
probe.stop()
probe.stop()
del probe
gc.collect()
try: os.waitpid(-1, os.WNOHANG)
except ChildProcessError: print("no child")
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code, str(tmp_path), *steps]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "no child\n", "")


def verdict(metric: Metric, finding: Finding) -> Verdict:
    """Return a red verdict with one finding."""
    threshold = Threshold(
        "", Origin("ini"), metric.name, metric.name, operator="<", limit=Fraction(10), aggregate=None
    )
    return Verdict(threshold, metric, Outcome.FAILED, red=True, reason="", findings=(finding,))


def test_advice_comes_from_the_analyzer_of_the_metric(small: StaticProbe) -> None:
    """Each metric has one owner; a metric of nobody's gets none."""
    finding = Finding("app.py::f", "over", value=12)
    expected = Finding("app.py::f", "over", value=12, hint="3 decisions too many")
    assert small.advise(verdict(COMPLEXITY, finding)) == Advice(findings=(expected,))
    assert small.advise(verdict(HIGH, finding)) == Advice()
    foreign = Metric("foreign", COMPLEXITY.kind, None, "foreign", "thing")
    assert small.advise(verdict(foreign, finding)) == Advice()
