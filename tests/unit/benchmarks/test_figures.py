"""The arithmetic of the benchmarks."""

import pytest
from benchmarks.comparison import Goal
from benchmarks.figures import Cost, Summary, differences, peak_memory, quartiles, ratio


def summary(*walls: float) -> Summary:
    """Return runs that took *walls*, half of it on the processor, each in 100 MB."""
    return Summary(tuple(Cost(wall, wall / 2, 100) for wall in walls))


def summary_of(*costs: Cost) -> Summary:
    """Return runs of one command."""
    return Summary(costs)


def test_commands_in_sequence_add_up() -> None:
    """Times are summed; memory is used once."""
    assert Cost(1, 0.5, 100) + Cost(2, 1, 300) + Cost(4, 3, 200) == Cost(7, 4.5, 300)


@pytest.mark.parametrize(("walls", "median"), [((3,), 3), ((3, 1), 2), ((9, 1, 2), 2), ((1, 100, 2, 3), 2.5)])
def test_the_median_is_in_the_middle(walls: tuple[float, ...], median: float) -> None:
    """Of an even number between two."""
    assert summary(*walls).median("wall") == median
    assert summary(*walls).median("cpu") == median / 2
    assert summary(*walls).median("memory") == 100


@pytest.mark.parametrize(
    ("walls", "spread"),
    [((1, 1, 1, 1), 0), ((1, 2, 3, 4), 1 / 2.5), ((1, 2, 3, 4, 5, 6, 7, 80), 3 / 4.5)],
)
def test_the_spread_leaves_the_outer_quarters_out(walls: tuple[float, ...], spread: float) -> None:
    """As a share of the median; three runs have none."""
    assert summary(*walls).spread("wall") == pytest.approx(spread)
    assert summary(*walls[:3]).spread("wall") is None


def test_quartiles_are_values_that_there_are() -> None:
    """Of fewer than four there are none."""
    assert quartiles([4, 1, 3, 2]) == (2, 3)
    assert quartiles([1, 9, 2, 8, 3, 7, 4, 6]) == (3, 7)
    assert quartiles([1, 2, 3]) is None


def test_each_command_is_summed_up_by_itself() -> None:
    """Where there are several; a goal may be one to the first alone."""
    theirs = Summary.of_runs([(Cost(1, 1, 50), Cost(2, 1, 80)), (Cost(3, 2, 50), Cost(2, 1, 80))])
    assert theirs == Summary(
        (Cost(3, 2, 80), Cost(5, 3, 80)),
        (summary_of(Cost(1, 1, 50), Cost(3, 2, 50)), summary_of(Cost(2, 1, 80), Cost(2, 1, 80))),
    )
    ours = Summary.of_runs([(Cost(2, 2, 100),), (Cost(2, 2, 100),)])
    assert ours == summary_of(Cost(2, 2, 100), Cost(2, 2, 100))
    assert Goal("ratio", "wall", 1, to_first=True).reached(ours, theirs) == 1
    assert Goal("ratio", "wall", 1).reached(ours, theirs) == 0.5
    assert Goal("difference", "memory", 1, to_first=True).reached(ours, theirs) == 50


def test_ratios_are_of_medians_and_differences_of_pairs() -> None:
    """A pair in which both sides were disturbed does not count for more."""
    ours, theirs = summary(2, 12, 4), summary(1, 11, 2)
    assert ratio(ours, theirs, "wall") == 2
    assert differences(ours, theirs, "wall") == [1, 1, 2]
    with pytest.raises(ValueError, match="zip"):
        differences(ours, summary(1), "wall")


@pytest.mark.parametrize(
    ("goal", "reached", "met"),
    [
        (Goal("ratio", "wall", 2), 2, True),
        (Goal("ratio", "wall", 1.99), 2, False),
        (Goal("difference", "cpu", 0.5), 0.5, True),
        (Goal("difference", "cpu", 0.4), 0.5, False),
        (Goal("absolute", "wall", 4), 4, True),
        (Goal("absolute", "memory", 99), 100, False),
    ],
)
def test_a_goal_is_met_up_to_its_limit(goal: Goal, reached: float, *, met: bool) -> None:
    """Whatever it compares."""
    ours, theirs = summary(2, 12, 4), summary(1, 11, 2)
    assert (goal.reached(ours, theirs), goal.is_met(ours, theirs)) == (reached, met)


def test_the_peak_of_this_process_is_its_own() -> None:
    """It grows with what is taken, and stays when that is given back."""
    before = peak_memory()
    taken = bytearray(150_000_000)
    taken.clear()
    assert peak_memory() >= max(before, 140)


def test_nothing_else_is_measured() -> None:
    """A misspelt quantity is an error and no zero."""
    with pytest.raises(KeyError, match="wal"):
        Cost(1, 1, 1).of("wal")
