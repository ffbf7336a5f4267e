"""The judge, over many random measurements: relaxed lines, and effort."""

import random
import sys
from array import array
from collections.abc import Callable

import pytest

from pytest_backend_gates.blocks import Blocks, Columns
from pytest_backend_gates.measurements import (
    Counter,
    Finding,
    Gauge,
    Measurement,
    Point,
    Rate,
    Ratio,
    Reading,
    Samples,
    Trend,
)
from pytest_backend_gates.model import Outcome, Verdict
from pytest_backend_gates.units import OPERATORS

Judged = Callable[..., tuple[Verdict, ...]]
PATHS = [f"{folder}/{name}.py" for folder in ("src/a", "src/b", "legacy") for name in "xyz"]
SELECTORS = ["", "[src/**]", "[legacy/*, src/a/*]", "[**/x.py]"]


def rate(dice: random.Random) -> tuple[str, Measurement]:
    totals = {path: dice.randrange(1, 300) for path in PATHS}
    ratios = {path: Ratio(dice.randrange(total + 1), total) for path, total in totals.items()}
    return f"coverage{{}} {{}} {dice.randrange(0, 10_001) / 100}%", Rate(ratios)


def counter(dice: random.Random) -> tuple[str, Measurement]:
    findings = tuple(Finding(dice.choice(PATHS), str(number)) for number in range(dice.randrange(6)))
    return f"security.high{{}} {{}} {dice.randrange(6)}", Counter(findings, frozenset(PATHS))


def gauge(dice: random.Random) -> tuple[str, Measurement]:
    if dice.random() < 0.5:
        name = dice.choice(["complexity", "complexity.max", "complexity.min", "complexity.mean"])
        points = {f"{path}::f": Point(dice.randrange(1, 30)) for path in PATHS}
        return f"{name}{{}} {{}} {dice.randrange(30)}", Gauge(points)
    unit = dice.choice(["B", "KiB", "MiB"])
    points = {path: Point(dice.randrange(1, 10**6)) for path in PATHS}
    return f"memory{{}} {{}} {dice.randrange(1, 1000)}{unit}", Gauge(points)


def trend(dice: random.Random) -> tuple[str, Measurement]:
    word = dice.choice(["p50", "p90", "p95", "p5", "min", "max", "mean", "med"])
    most, spread = dice.choice([8, 25, 120]), dice.choice([0.1, 0.5, 1.0])
    subjects = {
        path: Samples(
            (array("q", [int(dice.lognormvariate(18, spread)) for _ in range(dice.randrange(most))]),)
        )
        for path in PATHS
    }
    return f"latency.{word}{{}} {{}} {dice.randrange(10, 200)}{dice.choice(['ms', '000us'])}", Trend(subjects)


@pytest.mark.parametrize("kind", [rate, counter, gauge, trend])
def test_the_relaxed_line_accepts_what_was_measured(
    judged: Judged, kind: Callable[[random.Random], tuple[str, Measurement]]
) -> None:
    """Put in place of a red threshold, its relaxed line can be read and is not red."""
    dice, red = random.Random(kind.__name__), 0  # noqa: S311 - a seed, no secret
    for _ in range(1200):
        text, measurement = kind(dice)
        text = text.format(dice.choice(SELECTORS), dice.choice(list(OPERATORS)))
        if kind is trend and "==" in text and ".p" in text:
            continue
        readings = {name: Reading(measurement) for name in ("coverage", "security.high", "complexity")}
        readings |= {name: Reading(measurement) for name in ("memory", "latency")}
        (row,) = judged(readings, text)
        assert row.outcome in {Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED}
        if row.outcome is not Outcome.FAILED:
            assert row.relax is None
            continue
        red += 1
        assert row.relax is not None
        (again,) = judged(readings, row.relax)
        assert not again.red, (text, row.relax)
        assert again.threshold.selector == row.threshold.selector
    assert red > 200


def test_a_relaxed_line_takes_the_place_of_its_own(judged: Judged) -> None:
    """Among other thresholds too, replacing every red line by its relaxed one makes the whole green."""
    dice, red = random.Random(3), 0  # noqa: S311 - a seed, no secret
    for _ in range(200):
        _, findings = counter(dice)
        _, blocks = rate(dice)
        readings = {"security.high": Reading(findings), "coverage": Reading(blocks)}
        texts = [
            "security.high == 0",
            "security.high[legacy/**] <= 1",
            "coverage > 50%",
            "coverage[src/**] > 60%",
        ]
        rows = judged(readings, *texts)
        red += sum(row.red for row in rows)
        relaxed = [row.relax or row.threshold.text for row in rows]
        assert not any(row.red for row in judged(readings, *relaxed)), relaxed
    assert red > 200


def test_columns_are_judged_as_the_points_that_they_are(judged: Judged) -> None:
    """Whoever owns them: whole files, some blocks of a file, nothing."""
    dice, outcomes = random.Random(2), set()  # noqa: S311 - a seed, no secret
    selectors = [*SELECTORS[1:], "[src/a/x.py::C.*]", "[**::g, legacy/**]", "[nothing/**]"]
    for _ in range(300):
        files = [
            Columns(path, names, [dice.randrange(1, 20) for _ in names], [1] * len(names), [9] * len(names))
            for path in PATHS
            for names in [dice.sample(["f", "g", "C.f", "C.g"], dice.randrange(5))]
        ]
        blocks = Blocks(files)
        texts = [
            f"complexity{dice.choice(['', '.mean', '.min'])}{selector} {dice.choice(list(OPERATORS))} {limit}"
            for selector in ["", *dice.sample(selectors, 3)]
            for limit in [dice.randrange(1, 20)]
        ]
        rows, same = (
            judged({"complexity": Reading(Gauge(points))}, *texts) for points in (blocks, dict(blocks))
        )
        assert rows == same
        outcomes |= {row.outcome for row in rows}
    assert outcomes >= {Outcome.PASSED, Outcome.FAILED, Outcome.NO_DATA}


def test_a_large_project_is_judged_in_no_time(judged: Judged) -> None:
    """5,000 blocks by 20 thresholds and 300 operations of 1,000 samples: counted in calls, not in seconds."""
    dice = random.Random(1)  # noqa: S311 - a seed, no secret
    blocks = Gauge(
        {f"src/pkg{number % 25}/m{number % 500}.py::f{number}": Point(number % 15) for number in range(5_000)}
    )
    run = [int(dice.lognormvariate(18, 0.5)) for _ in range(2_000)]
    operations = Trend(
        {f"GET /{number}": Samples((array("q", run[number : number + 1_000]),)) for number in range(300)}
    )
    texts = ["complexity < 10", *(f"complexity[src/pkg{number}/**] < {number}" for number in range(1, 20))]
    texts += [
        "latency.p95 < 100ms",
        *(f"latency.p95[GET /{number}*] < {number}ms" for number in range(10, 29)),
    ]
    readings = {"complexity": Reading(blocks), "latency": Reading(operations)}
    rows, calls = counted(lambda: judged(readings, *texts))
    assert calls < 3_000_000
    assert sum(row.judged for row in rows if row.metric.name == "complexity") == 5_000
    assert sum(row.judged for row in rows if row.metric.name == "latency") == 300


def counted(work: Callable[[], tuple[Verdict, ...]]) -> tuple[tuple[Verdict, ...], int]:
    """Return what *work* returns, and how many calls it made: the same number on a busy machine."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        return work(), calls
    finally:
        sys.setprofile(before)
