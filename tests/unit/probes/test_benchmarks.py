"""What is timed on purpose, as the report gets it. Sessions of pytest-benchmark itself are in the plugin's tests."""

import json
from array import array
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_backend_gates.measurements import Reading, Samples, Trend
from pytest_backend_gates.model import Advice
from pytest_backend_gates.probes.benchmark_rounds import UnreadableError, rounds_of, why_untimed
from pytest_backend_gates.probes.benchmarks import BenchmarksProbe


@dataclass
class Session:
    """What is read of pytest-benchmark's."""

    skip: bool = False
    disabled: bool = False
    xdist_warning: bool = False
    benchmarks: list[Any] = field(default_factory=list)


def _payload(probe: BenchmarksProbe) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(json.dumps(probe.collect(None, print)))
    return payload


def _meet(probe: BenchmarksProbe, test: str) -> None:
    probe.begin(test, None, named=True)
    probe.meet(test, nullcontext)


def _samples(*runs: list[int], averaged: int = 0) -> Samples:
    count = sum(map(len, runs))
    return Samples(tuple(array("q", run) for run in runs), 0, count, None, {"benchmark": count}, averaged)


def test_rounds_of_all_processes_add_up() -> None:
    """A name that is timed twice, or in two processes, is one subject, and no round of it is left out as cold."""
    one, two = BenchmarksProbe(), BenchmarksProbe()
    one.record("checkout", [5, 4])
    one.record("checkout", [3])
    two.record("checkout", [2])
    two.record("a mean", [1], averaged=True)
    reading = BenchmarksProbe().reduce([_payload(one), _payload(two)], None)["latency"]
    assert reading == Reading(
        Trend({"a mean": _samples([1], averaged=1), "checkout": _samples([5, 4], [3], [2])})
    )


def test_nothing_timed_is_nothing_to_tell() -> None:
    """Without benchmarks the probe says neither that there are any nor why not."""
    probe = BenchmarksProbe(lambda: Session(disabled=True))
    probe.start()
    assert probe.reduce([_payload(probe), _payload(BenchmarksProbe())], None)["latency"] == Reading(Trend({}))
    assert probe.reduce([], None)["latency"] == Reading(Trend({}))
    probe.stop()


@pytest.mark.parametrize(
    ("session", "tests", "told"),
    [
        (Session(skip=True), ["test_own"], "1 benchmark was not timed: --benchmark-skip"),
        (
            Session(disabled=True),
            ["test_0", "test_1"],
            "2 benchmarks were not timed: --benchmark-disable",
        ),
        (
            Session(disabled=True, xdist_warning=True),
            ["test_0", "test_1"],
            "2 benchmarks were not timed: pytest-benchmark times nothing under xdist, only with -n0",
        ),
    ],
)
def test_benchmarks_that_are_not_timed_are_missed(session: Session, tests: list[str], told: str) -> None:
    """Each is named to the judge, with the reason, and the report notes it in any case."""
    probe = BenchmarksProbe(lambda: session)
    for test in tests:
        if not session.skip:
            _meet(probe, test)
    probe.begin("test_own", None, named=session.skip)
    reading = probe.reduce([_payload(probe), _payload(BenchmarksProbe())], None)["latency"]
    probe.stop()
    untimed = dict.fromkeys(tests, told.partition(": ")[2])
    assert reading == Reading(Trend({}, untimed=untimed), notes=(f"latency: {told}",))


def test_a_benchmark_that_one_process_timed_is_not_missed() -> None:
    """What another process could not time has samples all the same."""
    timed, untimed = BenchmarksProbe(), BenchmarksProbe(lambda: Session(disabled=True))
    timed.record("test_0", [1])
    _meet(untimed, "test_0")
    reading = BenchmarksProbe().reduce([_payload(untimed), _payload(timed)], None)["latency"]
    untimed.stop()
    assert reading == Reading(Trend({"test_0": _samples([1])}))


def test_another_major_version_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that nobody has looked at is not read as if it were known."""
    monkeypatch.setattr("pytest_backend_gates.probes.benchmark_rounds.version", lambda _: "6.1.0")
    probe = BenchmarksProbe(Session)
    _meet(probe, "tests/test_a.py::test_it")
    [error] = probe.reduce([_payload(probe)], None)["latency"].errors
    assert (error.subject, error.message) == (
        "pytest-benchmark",
        "version 6.1.0 is not known, only 5: its rounds cannot be read",
    )


def test_a_session_that_looks_different_is_an_error() -> None:
    """A part that is missing is told, and is not taken for "nothing was timed"."""
    with pytest.raises(
        UnreadableError, match=r"^its session cannot be read: 'object' object has no attribute 'skip'$"
    ):
        why_untimed(object())
    with pytest.raises(UnreadableError, match=r"has no attribute 'stats'$"):
        list(rounds_of(Session(benchmarks=[object()])))


def test_advice_is_the_other_probes() -> None:
    """The probe of the traffic advises on the metric of both."""
    probe = BenchmarksProbe()
    assert probe.advise(None) == Advice()  # type: ignore[arg-type] # it does not look
