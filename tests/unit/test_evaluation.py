"""Whatever a probe raises becomes ERROR with its traceback, and the others go on."""

import json
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import pytest

from pytest_backend_gates.evaluation import Judged, Payload, Probes, evaluate
from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import (
    Conditions,
    Counter,
    Finding,
    Gauge,
    Kind,
    Metric,
    Plain,
    Point,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Advice, Outcome, Threshold, Verdict

COVERAGE = Metric("coverage", Kind.RATE, "%", "coverage", "file")
COMPLEXITY = Metric("complexity", Kind.GAUGE, None, "complexity", "block")
SECURITY = Metric("security.high", Kind.COUNTER, None, "security", "finding")
LATENCY = Metric("latency", Kind.TREND, "s", "latency", "operation", 10**9)


class FakeProbe:
    """Measures what it is given, and raises in the steps that it is told to fail in."""

    name: ClassVar[str] = "coverage"
    metrics: ClassVar[tuple[Metric, ...]] = (COVERAGE,)
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.steps: list[str] = []

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name in self.failing:
            raise RuntimeError(f"broken in {name}")

    def start(self) -> None:
        self._step("start")

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:
        self._step("collect")
        tell(f"collecting, narrowed: {narrowed}")
        return {"hits": 9, "total": 10}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        self._step(f"reduce {narrowed}" if narrowed else "reduce")
        total = sum((Ratio(one["hits"], one["total"]) for one in payloads), Ratio(0, 0))
        notes = tuple(note for one in payloads for note in one.get("notes", ()))
        return {"coverage": Reading(Rate({"app.py": total}), notes=notes)}

    def advise(self, verdict: Verdict) -> Advice:
        self._step("advise")
        return Advice(f"mend {verdict.metric.name}", (Finding("app.py", "look here"),))

    def stop(self) -> None:
        self._step("stop")


class StaticProbe(FakeProbe):
    name: ClassVar[str] = "static"
    metrics: ClassVar[tuple[Metric, ...]] = (COMPLEXITY, SECURITY)
    scope: ClassVar[Literal["process", "session"]] = "session"

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002
        self._step("reduce")
        return {
            "complexity": Reading(Gauge({"app.py::f": Point(3)})),
            "security.high": Reading(Counter((), frozenset(["app.py"]))),
        }


class LatencyProbe(FakeProbe):
    name: ClassVar[str] = "traffic"
    metrics: ClassVar[tuple[Metric, ...]] = (LATENCY,)

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002
        return {"latency": Reading(Trend({"GET /": Samples((array("Q", [10**6] * 20),))}))}


class BenchmarksProbe(LatencyProbe):
    name: ClassVar[str] = "benchmarks"

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:  # noqa: ARG002
        self._step("reduce")
        return {"latency": Reading(Trend({"checkout": Samples((array("q", [10**6] * 20),))}))}


@pytest.fixture
def judged(rules: Callable[..., tuple[Threshold, ...]]) -> Callable[..., Judged]:
    """Evaluate probes and payloads under these thresholds."""

    def evaluated(
        probes: Sequence[FakeProbe], payloads: Sequence[Payload], *texts: str, narrowed: str | None = None
    ) -> Judged:
        catalogue = Catalogue.of(metric for probe in probes for metric in probe.metrics)
        judge = Judge(rules(*texts), catalogue, narrowed, strict=False)
        return evaluate(probes, payloads, judge, Conditions(workers="2 workers"))

    return evaluated


def payload(process: str = "gw0", **changes: Any) -> Payload:  # noqa: ANN401 (fields of a dataclass)
    return Payload(process, **{"collected": {"coverage": {"hits": 9, "total": 10}}, **changes})


def test_two_probes_feed_one_metric(judged: Callable[..., Judged]) -> None:
    """Their subjects are judged in one row; if one of them fails, so does the row."""
    both = judged([LatencyProbe(), BenchmarksProbe()], [], "latency.p95 < 100ms")
    [row] = both.gates[0].rows
    assert (row.outcome, row.judged, row.total) == (Outcome.PASSED, 2, 40)
    failed = judged([LatencyProbe(), BenchmarksProbe("reduce")], [], "latency.p95 < 100ms")
    assert outcomes(failed) == {"latency": Outcome.ERROR}


def test_each_step_is_told_when_it_begins(rules: Callable[..., tuple[Threshold, ...]]) -> None:
    """For those who wait: which probe, how far, and then the judge."""
    probes = [LatencyProbe(), BenchmarksProbe()]
    judge = Judge(rules("latency.p95 < 100ms"), Catalogue.of(probes[0].metrics), None, strict=False)
    steps: list[str] = []
    evaluate(probes, [], judge, Conditions(), steps.append)
    assert steps == ["the traffic probe, 1 of 2", "the benchmarks probe, 2 of 2", "the judge"]


def outcomes(judged: Judged) -> dict[str, Outcome]:
    return {gate.gate: gate.outcome for gate in judged.gates}


def test_a_payload_crosses_processes() -> None:
    """What a worker writes is what the controller reads, and it is JSON."""
    sent = Payload(
        "gw1", {"coverage": {"hits": 1, "é": [None, 2.5]}}, {"static": "Traceback"}, {"coverage": 0.25}
    )
    assert Payload.from_text(sent.to_text()) == sent
    assert json.loads(sent.to_text())["process"] == "gw1"


def test_a_probe_is_guarded_and_timed() -> None:
    """A step returns what it returns, or ``None`` with the traceback kept; its time counts either way."""
    probes, probe = Probes(), FakeProbe("start")
    assert probes.guarded(probe, lambda: 7) == 7
    assert probes.failures == {}
    probes.start(probe)
    assert probes.failures["coverage"].startswith("Traceback (most recent call last):\n")
    assert probes.failures["coverage"].endswith("RuntimeError: broken in start\n")
    assert probes.seconds["coverage"] > 0


def test_what_ends_the_session_is_not_swallowed() -> None:
    """Ctrl-C in a probe ends the session as it does anywhere else."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    probes = Probes()
    with pytest.raises(KeyboardInterrupt):
        probes.guarded(FakeProbe(), interrupted)
    assert probes.failures == {}


def test_the_first_traceback_is_kept() -> None:
    """What failed first explains what failed after it."""
    probes, probe = Probes(), FakeProbe("start", "stop")
    probes.start(probe)
    probes.stop()
    assert probes.failures["coverage"].endswith("RuntimeError: broken in start\n")


def test_a_probe_that_failed_collects_nothing() -> None:
    """Half a measurement must not look like a whole one; the others are collected."""
    broken, sound = FakeProbe("start"), StaticProbe()
    probes, told = Probes(), list[str]()
    probes.start(broken)
    probes.start(sound)
    collected = probes.payload("this process", "-k x", told.append)
    assert (collected.process, list(collected.collected), list(collected.failures)) == (
        "this process",
        ["static"],
        ["coverage"],
    )
    assert collected.seconds.keys() == {"coverage", "static"}
    assert told == ["what the static probe has measured, 2 of 2", "collecting, narrowed: -k x"]
    assert broken.steps == ["start"]


def test_a_collect_that_raises() -> None:
    """A probe that raises while it collects is missing from the payload, with its traceback in it."""
    collected = Probes([FakeProbe("collect")]).payload("gw0", None, print)
    assert collected.collected == {}
    assert collected.failures["coverage"].endswith("RuntimeError: broken in collect\n")


def test_every_probe_is_stopped_once() -> None:
    """Also one that failed, also when another one raises while it stops; the last started is stopped first."""
    order: list[str] = []

    class Ordered(FakeProbe):
        def stop(self) -> None:
            order.append(self.name)
            super().stop()

    first, last = Ordered("start", "stop"), type("Last", (Ordered,), {"name": "last"})("stop")
    probes = Probes()
    probes.start(first)
    probes.start(last)
    probes.stop()
    probes.stop()
    assert order == ["last", "coverage"]
    assert probes.failures["last"].endswith("RuntimeError: broken in stop\n")


def test_payloads_add_up(judged: Callable[..., Judged]) -> None:
    """The payloads of all processes are one measurement, judged once."""
    payloads = [
        payload("gw0"),
        payload("gw1", collected={"coverage": {"hits": 1, "total": 10}}),
        payload("c", collected={}),
    ]
    result = judged([FakeProbe()], payloads, "coverage > 40%")
    (row,) = result.gates[0].rows
    assert (row.outcome, row.hits, row.total) == (Outcome.PASSED, 10, 20)
    assert result.measurements == {"coverage": Rate({"app.py": Ratio(10, 20)})}
    assert (result.failures, result.notes) == ({}, ())


@pytest.mark.parametrize("step", ["reduce", "advise"])
def test_a_probe_that_raises_where_it_is_judged(judged: Callable[..., Judged], step: str) -> None:
    """Its gate is ERROR with the traceback kept; advice that fails only costs the words. Other gates are judged."""
    payloads = [payload(collected={"coverage": {"hits": 1, "total": 10}, "static": {}})]
    texts = ("coverage > 80%", "complexity < 10", "security.high == 0")
    result = judged([FakeProbe(step), StaticProbe()], payloads, *texts)
    expected = Outcome.ERROR if step == "reduce" else Outcome.FAILED
    assert outcomes(result) == {
        "coverage": expected,
        "complexity": Outcome.PASSED,
        "security": Outcome.PASSED,
    }
    assert result.failures["coverage"].endswith(f"RuntimeError: broken in {step}\n")
    if step == "reduce":
        (row,) = result.gates[0].rows
        assert row.reason == "the coverage probe: RuntimeError: broken in reduce"
        assert "coverage" not in result.measurements


def test_a_probe_that_raised_in_a_worker(judged: Callable[..., Judged]) -> None:
    """One worker's failure is ERROR, however much the other workers measured: the sum would be too small."""
    trace = "Traceback (most recent call last):\n  ...\nOSError: disk full\n"
    payloads = [payload("gw0"), payload("gw1", collected={}, failures={"coverage": trace})]
    probe = FakeProbe()
    result = judged([probe], payloads, "coverage > 80%")
    (row,) = result.gates[0].rows
    assert row.outcome is Outcome.ERROR
    assert [(one.subject, one.message) for one in row.findings] == [
        ("the coverage probe", "OSError: disk full")
    ]
    assert result.failures == {"coverage": trace}
    assert probe.steps == []


def test_a_worker_that_died(judged: Callable[..., Judged]) -> None:
    """What was measured in processes is ERROR; what was measured once, beside the tests, still counts."""
    payloads = [
        payload(collected={"coverage": {"hits": 10, "total": 10}, "static": {}}),
        Payload("gw1", died="died"),
    ]
    texts = ("coverage > 80%", "complexity < 10", "security.high == 0")
    result = judged([FakeProbe(), StaticProbe()], payloads, *texts)
    assert outcomes(result) == {
        "coverage": Outcome.ERROR,
        "complexity": Outcome.PASSED,
        "security": Outcome.PASSED,
    }
    assert result.gates[0].rows[0].reason == "gw1: died; 10 of 10 hits, 1 file"


def test_a_probe_that_forgets_a_metric(judged: Callable[..., Judged]) -> None:
    """A metric without a reading is an error, not a pass: nothing was measured."""

    class Forgetful(StaticProbe):
        def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
            return {"complexity": super().reduce(payloads, narrowed)["complexity"]}

    result = judged(
        [Forgetful()], [payload(collected={"static": {}})], "complexity < 10", "security.high == 0"
    )
    assert outcomes(result) == {"complexity": Outcome.PASSED, "security": Outcome.ERROR}
    assert result.gates[1].rows[0].reason == "its probe neither measured this metric nor said why not"


def test_narrowed_reaches_the_probes(judged: Callable[..., Judged]) -> None:
    """A probe knows that the run is narrowed when it reduces."""
    probe = FakeProbe()
    judged([probe], [payload()], "coverage > 80%", narrowed="-k x")
    assert probe.steps[0] == "reduce -k x"


def test_advice_changes_no_outcome(judged: Callable[..., Judged]) -> None:
    """Advice adds words and findings to a red row, and is not asked for a green one."""
    probe = FakeProbe()
    (gate,) = judged([probe], [payload()], "coverage > 95%").gates
    (row,) = gate.rows
    assert (row.outcome, row.hint) == (Outcome.FAILED, "mend coverage")
    assert [one.message for one in row.findings] == ["look here"]
    calm = FakeProbe()
    judged([calm], [payload()], "coverage > 80%")
    assert calm.steps == ["reduce"]


def test_under_what_times_were_measured(judged: Callable[..., Judged]) -> None:
    """Times carry the conditions under which they were taken; other measurements do not."""
    result = judged([LatencyProbe()], [payload(collected={"traffic": {}})], "latency.p95 < 100ms")
    latency = result.measurements["latency"]
    assert isinstance(latency, Trend)
    assert latency.conditions == Conditions(workers="2 workers")


def test_the_time_that_gates_took(judged: Callable[..., Judged]) -> None:
    """A probe's time is shared by its gates; of processes that measured at once the slowest counts."""
    payloads = [
        payload("gw0", collected={"static": {}}, seconds={"static": 1.0}),
        payload("gw1", collected={"static": {}}, seconds={"static": 3.0}),
    ]
    result = judged([StaticProbe()], payloads, "complexity < 10", "security.high == 0")
    assert {gate.gate: round(gate.seconds, 1) for gate in result.gates} == {
        "complexity": 1.5,
        "security": 1.5,
    }


def test_notes_of_probes_are_told_once(judged: Callable[..., Judged]) -> None:
    """What several workers note is one note."""
    noted = {"coverage": {"hits": 9, "total": 10, "notes": ["a reservoir was kept"]}}
    result = judged(
        [FakeProbe()], [payload("gw0", collected=noted), payload("gw1", collected=noted)], "coverage > 80%"
    )
    assert result.notes == ("a reservoir was kept",)


def test_a_payload_does_not_write_out_what_was_measured() -> None:
    """Pytest writes out the arguments of every frame after Ctrl-C, and this may be a million measurements."""
    assert "measured" not in repr(Payload("this process", {"static": {"files": ["measured"]}}))
