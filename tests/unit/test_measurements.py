"""Measurements add up, and travel unchanged."""

import json
from array import array
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import Counter, Finding, Rate, Ratio, Reading, Samples, Trend


def samples(*runs: list[int], cold: int = 0, seen: int = 0, native: str | None = None) -> Samples:
    return Samples(tuple(array("q", run) for run in runs), cold, seen, native, {"test": sum(map(len, runs))})


def test_ratios_add_as_counts() -> None:
    """The sum of ratios is the ratio of the sums, and its percentage is exact."""
    total = Ratio(1, 3) + Ratio(1, 1)
    assert total == Ratio(2, 4)
    assert Ratio(2, 3).percent == Fraction(200, 3)


def test_no_percentage_of_nothing() -> None:
    """Nothing counted is no 0 % and no 100 %."""
    with pytest.raises(ZeroDivisionError):
        _ = Ratio(0, 0).percent


def test_samples_add_up() -> None:
    """Runs stay apart (one a process), in order; counts add up."""
    both = samples([3, 1], cold=1, seen=2, native="/a/<id>") + samples([2], cold=1, native="other")
    assert [list(run) for run in both.runs] == [[3, 1], [2]]
    assert (both.count, both.cold, both.seen, both.native) == (3, 2, 3, "/a/<id>")
    assert both.sources == {"test": 3}
    assert list(both.ordered()) == [1, 2, 3]


def test_sources_add_up_by_name() -> None:
    """What one process did not see is zero there."""
    one = replace(samples([1]), sources={"test": 1, "generated": 4})
    both = one + replace(samples([2]), sources={"test": 1, "benchmark": 2})
    assert both.sources == {"benchmark": 2, "generated": 4, "test": 2}
    assert list(both.sources) == sorted(both.sources)


def test_a_reservoir_stays_visible_in_the_sum() -> None:
    """A process that kept a part of its samples is not hidden by one that kept all and did not count."""
    both = samples([1] * 100) + samples([2] * 50, seen=90)
    assert (both.count, both.seen) == (150, 190)


def test_means_of_several_calls_stay_visible_in_the_sum() -> None:
    """How many samples hide several calls each is counted, and travels."""
    both = samples([1, 2]) + replace(samples([3, 4, 5]), averaged=3)
    assert (both.count, both.averaged, Samples.from_plain(both.to_plain()).averaged) == (5, 3, 3)


def test_readings_of_one_trend_add_up() -> None:
    """What two probes measured of one metric is put together, and so is what went wrong."""
    one = Reading(Trend({"b": samples([1]), "a": samples([2])}), (Finding("x", "y"),), notes=("n",))
    two = Reading(Trend({"b": samples([3])}), (Finding("x", "y"), Finding("z", "y")), notes=("n", "m"))
    assert one + two == Reading(
        Trend({"a": samples([2]), "b": samples([1], [3], seen=2)}),
        (Finding("x", "y"), Finding("z", "y")),
        notes=("n", "m"),
    )


def test_what_one_probe_measured_stands() -> None:
    """Why the other has nothing is told beside it; when both have nothing, both reasons are."""
    measured = Reading(Trend({"a": samples([1])}))
    missing = Reading(unavailable="no traffic", hint="make some")
    assert measured + missing == missing + measured == replace(missing, measurement=measured.measurement)
    assert (missing + Reading(unavailable="no benchmarks")).unavailable == "no traffic; no benchmarks"


def test_readings_of_other_kinds_do_not_add() -> None:
    """Only samples can be put together without counting something twice."""
    one = Reading(Rate({"a": Ratio(1, 2)}))
    with pytest.raises(TypeError, match=r"^two probes measured one metric that is no trend$"):
        _ = one + one


def test_samples_travel_as_json() -> None:
    """What one process writes, another reads back equal."""
    sent = samples([5, 2**62, -1], [], cold=2, seen=7, native="/orders/<int:id>")
    narrow = Samples((array("B", [0, 255]), array("H", [65_535]), array("I", [2**32 - 1])))
    for one in (sent, narrow):
        received = Samples.from_plain(json.loads(json.dumps(one.to_plain())))
        assert received == one
        assert [run.typecode for run in received.runs] == [run.typecode for run in one.runs]


def test_a_fingerprint_survives_other_edits() -> None:
    """Line numbers and hints do not change a fingerprint; what the finding is does."""
    finding = Finding("src/a.py::f", "weak hash", path="src/a.py", line=3, code="B324")
    same = replace(finding, line=99, end_line=100, hint="use sha256", value=2, path="./src/a.py")
    assert same.fingerprint == finding.fingerprint
    assert len(finding.fingerprint) == 16
    others = [
        replace(finding, code="B303"),
        replace(finding, subject="src/a.py::g"),
        replace(finding, message="weak cipher"),
        replace(finding, identity="second"),
    ]
    assert len({finding.fingerprint, *(one.fingerprint for one in others)}) == 5


def test_an_identity_replaces_the_message() -> None:
    """A message that holds a number may change without the finding becoming another."""
    one = Finding("src/a.py::f", "14", code="complexity", identity="src/a.py::f")
    assert replace(one, message="15").fingerprint == one.fingerprint


def test_parts_of_a_fingerprint_do_not_run_together() -> None:
    """Code and subject are kept apart."""
    assert Finding("bc", "m", code="a").fingerprint != Finding("c", "m", code="ab").fingerprint


@pytest.mark.parametrize(
    ("finding", "place"),
    [
        (Finding("GET /a", "m"), "GET /a"),
        (Finding("src/a.py::f", "m", path="src/a.py"), "src/a.py"),
        (Finding("src/a.py::f", "m", path="src/a.py", line=7), "src/a.py:7"),
    ],
)
def test_place(finding: Finding, place: str) -> None:
    """As precise as is known."""
    assert finding.place == place


def test_values_are_frozen() -> None:
    """Nothing after a probe can change what it measured."""
    with pytest.raises(FrozenInstanceError):
        Ratio(1, 2).hits = 2  # type: ignore[misc]


def test_a_budget_covers_only_samples_that_were_judged_by_it() -> None:
    """Times of one name add up; where some of them had no budget of their own, the report's own thresholds hold."""
    with_one, with_two = (Samples((), budgets=frozenset(names)) for names in (("p95",), ("p95", "max")))
    assert (with_one + with_two).budgets == {"p95"}
    assert (with_one + Samples(())).budgets == frozenset()


def test_tallies_count_beside_findings() -> None:
    """What is only counted adds to the findings of the things asked for, and is shown as one line of each."""
    bad = Finding("a", "bad")
    counter = Counter((bad,), frozenset(["a", "b", "c"]), tallies={"b": 1200, "c": 0})
    assert [counter.count(frozenset(names)) for names in ("a", "b", "c", "abc", "")] == [1, 1200, 0, 1201, 0]
    assert counter.shown(counter.names) == (bad, Finding("b", "1,200", 1200))
    assert counter.shown(frozenset("c")) == ()
