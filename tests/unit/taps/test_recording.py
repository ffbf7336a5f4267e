"""What the taps write down."""

import pytest

from pytest_backend_gates.taps import observation as observation_module
from pytest_backend_gates.taps import series as series_module
from pytest_backend_gates.taps.recording import Recorder
from pytest_backend_gates.taps.series import Series


def observed(recorder: Recorder, method: str, elapsed: int) -> None:
    observation = recorder.begin(method)
    assert observation is not None
    observation.elapsed = elapsed
    recorder.finish(observation)
    recorder.finish(observation)


def live() -> Recorder:
    recorder = Recorder()
    recorder.live = recorder.counting = True
    return recorder


def test_samples_are_kept_in_the_order_of_time() -> None:
    """The first request is cold, the others are samples; finishing twice counts once."""
    recorder = live()
    for elapsed in (900, 3, 1, 2):
        observed(recorder, "GET", elapsed)
    samples = recorder.samples()["GET (no route)"]
    assert [list(run) for run in samples.runs] == [[3, 1, 2]]
    assert (samples.cold, samples.seen) == (1, 3)


def test_what_is_being_served_is_known() -> None:
    """Until it is over."""
    recorder = live()
    observation = recorder.begin("GET")
    assert observation is not None
    assert recorder.under_way == {observation}
    recorder.finish(observation)
    assert recorder.under_way == set()


def test_samples_take_no_more_room_than_they_need() -> None:
    """An array becomes wider for the first sample that needs it; none is changed."""
    series = Series(None)
    for sample, width in ((255, 1), (256, 2), (3, 2), (2**32 - 1, 4), (2**32, 8), (1, 8)):
        series.add(sample)
        assert series.kept.itemsize == width
    assert list(series.kept) == [255, 256, 3, 2**32 - 1, 2**32, 1]
    together = Series(None)
    together.extend([255, 256])
    together.extend([3, 2**32])
    together.extend([])
    assert (list(together.kept), together.kept.itemsize, together.seen) == ([255, 256, 3, 2**32], 8, 4)


def test_a_reservoir_is_uniform_ordered_and_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit every sample has the same chance to stay, and those that stay keep their order."""
    monkeypatch.setattr(series_module, "RESERVOIR", 1000)
    series, again = Series(None), Series(None)
    for sample in range(10_000):
        series.add(sample)
        again.add(sample)
    assert (len(series.kept), series.seen) == (1000, 10_000)
    assert list(series.kept) == sorted(series.kept) == list(again.kept)
    # 250 of each quarter are expected, with a standard deviation of 13.
    quarters = [sum(1 for sample in series.kept if sample // 2500 == quarter) for quarter in range(4)]
    assert all(185 <= quarter <= 315 for quarter in quarters)


def test_exactly_the_limit_is_kept_whole() -> None:
    """50,000 samples fill the reservoir without losing one; the next one makes ``seen`` larger."""
    series = Series(None)
    for sample in range(50_000):
        series.add(sample)
    assert (series.samples().count, series.samples().seen) == (50_000, 50_000)
    series.add(1)
    assert (series.samples().count, series.samples().seen) == (50_000, 50_001)


def test_a_request_inside_a_request_is_not_begun() -> None:
    """The one that is being served owns it, until it is done."""
    recorder = live()
    outer = recorder.begin("GET")
    assert outer is not None
    recorder.current.set(outer)
    assert recorder.begin("POST") is None
    recorder.finish(outer)
    assert recorder.serving() is None
    assert recorder.begin("POST") is not None


def test_failures_are_counted_by_tap_and_told_once() -> None:
    """One sentence a tap, with the first failure; only ``Exception`` is caught."""
    recorder = live()

    def fail(message: str) -> None:
        raise ValueError(message)

    assert recorder.attempt("Flask", fail, "one") is None
    recorder.attempt("Starlette", fail, "two")
    recorder.attempt("Starlette", fail, "three")
    assert recorder.attempt("Flask", int, "7") == 7
    assert recorder.faults() == [
        "the Flask tap failed once: ValueError: one; requests were not affected",
        "the Starlette tap failed 2 times, first with ValueError: two; requests were not affected",
    ]

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recorder.attempt("Flask", interrupt)


def test_frozen_time_still_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freezegun replaces the clocks that modules hold; the one that measures is not among them."""
    monkeypatch.setattr(observation_module, "perf_counter_ns", lambda: 0)
    observation = live().begin("GET")
    assert observation is not None
    observation.resume()
    observation.pause()
    assert observation.elapsed > 0


def test_generated_requests_are_counted_and_no_samples() -> None:
    """The first request of a test is the cold one, whatever was generated before it."""
    recorder = Recorder()
    recorder.live = recorder.counting = True
    for generated in (True, False, True, False, False, True):
        recorder.generating = generated
        observation = recorder.begin("GET")
        assert observation is not None
        observation.elapsed = 100 + generated
        recorder.claim(observation, "GET", "/orders", "/orders")
        recorder.finish(observation)
    samples = recorder.samples()["GET /orders"]
    assert [list(run) for run in samples.runs] == [[100, 100]]
    assert (samples.cold, samples.sources) == (1, {"test": 2, "generated": 3})


@pytest.mark.parametrize("counting", [True, False])
def test_a_cold_request_that_is_cut_short(*, counting: bool) -> None:
    """The next one is the cold one, and only that: at most one whole request of an operation is no sample."""
    recorder = live()
    for elapsed, cut in ((9, True), (8, True), (700, False), (1, False), (7, True), (2, False)):
        recorder.counting = counting or not cut  # or a fixture's
        observation = recorder.begin("GET")
        assert observation is not None
        observation.elapsed, observation.cut = elapsed, cut
        recorder.claim(observation, "GET", "/orders", "/orders")
        recorder.finish(observation)
    samples = recorder.samples()["GET /orders"]
    assert [list(run) for run in samples.runs] == [[1, 2]]
    assert (samples.cold, samples.seen) == (1, 2)
    answers = {"asked": 3, "cut": 3 * counting, "failures": {}}
    assert recorder.answers() == {"GET /orders": answers}
