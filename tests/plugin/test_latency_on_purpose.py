"""``latency_budget`` and pytest-benchmark in real sessions."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project, Result

TESTS = """\
import asyncio
import contextlib
import sys
import time

import pytest

from shop.app import app, grade

get = app.test_client().get
traced = []


def slowly():
    traced.append(sys.gettrace())
    time.sleep(0.002)
    return grade(95)


def test_plain():
    assert get("/grades/50").json == {"grade": "B"}


def test_kept(latency_budget):
    assert latency_budget("grades", "p95 < 10s", rounds=30)(get, "/grades/50").json == {"grade": "B"}


def test_loop(latency_budget):
    for _ in latency_budget("in a loop", rounds=25):
        get("/grades/50")


def test_awaited(latency_budget):
    async def call():
        await asyncio.sleep(0)
        return 1

    async def main():
        return await latency_budget("awaited", "p95 < 10s", rounds=25)(call)

    assert asyncio.run(main()) == 1


def test_over(latency_budget):
    latency_budget("slow", "p95 < 1ms", rounds=30)(slowly)


def test_pause():
    assert set(traced[1:]) <= {None}


def test_mistake(latency_budget):
    latency_budget("mistaken", "p95 < 20 parsec")(slowly)


def test_unproven(latency_budget):
    waits = iter([0, 0, *[0.4] * 2, *[0] * 18])
    latency_budget("unproven", "p95 < 200ms", rounds=20)(lambda: time.sleep(next(waits)))


def test_broken_off(latency_budget):
    for _ in latency_budget("broken off"):
        break


def test_raises_late(latency_budget):
    times = iter(range(5))
    with contextlib.suppress(StopIteration):
        latency_budget("late", rounds=20)(lambda: next(times))


def test_traced_after():
    assert grade(95) == "A"


@pytest.fixture
def begun(latency_budget):
    return latency_budget("begun")


@pytest.fixture
def unwilling():
    pytest.skip("not today")


def test_skipped_in_setup(begun, unwilling):
    pass


def test_innocent():
    pass


def test_generator(latency_budget):
    with pytest.raises(TypeError, match="the call returns a generator that nobody reads"):
        latency_budget("lazy", "p95 < 1ms")(lambda: (number for number in range(3)))
"""
#: Those of the first tests that fail with the gates on.
RED = {"test_over", "test_mistake", "test_broken_off"}
#: Unproven and wrong besides: what proves nothing must not hide it.
WRONG = """import time


def test_unproven_and_wrong(latency_budget):
    waits = iter([0, 0, *[0.5] * 2, *[0] * 18])
    status = latency_budget("wrong", "p95 < 250ms", rounds=20)(lambda: time.sleep(next(waits)) or 500)
    assert status == 200
"""

BENCHMARKS = """\
from shop.app import grade


def test_rounds(benchmark):
    benchmark.pedantic(grade, (50,), rounds=30)


def test_means(benchmark):
    benchmark.pedantic(grade, (50,), rounds=25, iterations=4)
"""


def _outcomes(result: "Result") -> dict[str, str]:
    words = [line.replace("::", " ").split() for line in result.out.splitlines() if "::test_" in line]
    return {word: outcome for line in words for word in line if word.startswith("test_") and not word.endswith(".py")
            for outcome in ("PASSED", "FAILED", "SKIPPED") if outcome in line}  # fmt: skip


def test_budgets_are_judged_in_the_test_and_reported(shop: "Project") -> None:
    """Each test fails by its own budget, at its own line; the rounds are subjects of the report in any mode."""
    shop.file("tests/test_budget.py", TESTS)
    result, report = shop.report("-v", "-p", "no:pytest_cov")
    outcomes = _outcomes(result)
    assert {name for name, outcome in outcomes.items() if outcome == "FAILED"} == RED
    assert outcomes["test_unproven"] == "SKIPPED"
    assert "E       AssertionError: FAILED  latency[slow]  p95 " in result.out
    assert "30 of 30 over 1 ms, longest run 30" in result.out
    assert 'latency_budget("slow", "p95 < 1ms", rounds=30)(slowly)\n' in result.out
    assert "\nE           p95 < 20 parsec\nE                 ^^^^^^^^^\n" in result.out
    assert (
        "latency_budget('broken off'): its rounds were not run to the end, so nothing was judged"
        in result.out
    )
    assert "latency_budget.py:" not in result.out
    subjects = report["measurements"]["latency"]["subjects"]
    told = {name: (one["count"], one["sources"]) for name, one in subjects.items() if "GET" not in name}
    timed = {"grades": 30, "in a loop": 25, "awaited": 25, "slow": 30, "unproven": 20}
    assert told == {name: (n, {"test": 0, "generated": 0, "benchmark": n}) for name, n in timed.items()}
    [operation] = [one for name, one in subjects.items() if "GET" in name]
    assert operation["sources"]["benchmark"] == 0
    assert operation["count"] + operation["cold"] == 54  # the rounds are not counted twice


def test_an_unproven_budget_hides_no_failure(single: "Project") -> None:
    """The test goes on after rounds that prove nothing, and fails as it does without the gates."""
    result = single.file("tests/test_wrong.py", WRONG).gates("--backend-gates-only=latency", "tests")
    assert "E       assert 500 == 200" in result.out
    assert "FAILED tests/test_wrong.py::test_unproven_and_wrong" in result.out


def test_off_a_budget_runs_once(single: "Project") -> None:
    """Without the gates every test passes as fast as it can: nothing is judged, not even read."""
    result = single.file("tests/test_budget.py", TESTS).run("-q", "-p", "no:pytest_cov")
    assert (result.status, result.out.splitlines()[-1].partition(" in ")[0]) == (0, "65 passed, 1 skipped")


def test_coverage_is_what_it_is_without_the_rounds(single: "Project") -> None:
    """The first round counts as it does with the gates off; no line is lost, also with pytest-cov's measurement."""
    single.file("tests/test_budget.py", TESTS)
    plain = single.run("--cov=shop", "--cov-report=term", "-q")
    total = next(line for line in plain.out.splitlines() if line.startswith("TOTAL"))
    judged = single.gates("--cov=shop", "--cov-report=term", "-q", "-v")
    assert total in judged.out
    own = single.gates("-v")
    assert [line for line in own.out.splitlines() if "coverage " in line and "100%" in line] != []
    assert "shop/app.py" not in own.block


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ((), None),
        (("--benchmark-disable",), "2 benchmarks were not timed: --benchmark-disable"),
        (("--benchmark-skip",), "2 benchmarks were not timed: --benchmark-skip"),
        (("-n2",), "2 benchmarks were not timed: pytest-benchmark times nothing under xdist"),
    ],
)
def test_benchmarks(single: "Project", args: tuple[str, ...], reason: str | None) -> None:
    """Every benchmark is a subject with its own rounds; not timed, a threshold that needs them has no data."""
    single.file("tests/test_benchmarks.py", BENCHMARKS)
    needing = "--backend-gates-threshold=latency.p95[tests/**] < 1s"
    mode = ("-p", "pytest_benchmark.plugin", "-p", "no:pytest_cov")
    project = type(single)(single.root, args or ("-n0",), {"PYTEST_PLUGINS": ""})
    result, report = project.report(*mode, needing)
    rows = [row for row in report["gates"][-1]["rows"] if "tests" in row["threshold"]]
    assert len(rows) == 1
    told = " ".join(result.block.split())
    if reason:
        assert (result.status, rows[0]["outcome"]) == (1, "NO_DATA")
        assert reason in told
        assert f"latency: {reason}" in report["notes"]
        return
    assert rows[0]["outcome"] == "PASSED", result.out
    assert "2 operations within, 55 samples, 25 of them means of several calls, which hide slow ones" in told
    subjects = report["measurements"]["latency"]["subjects"]
    assert subjects["tests/test_benchmarks.py::test_rounds"]["sources"] == {
        "test": 0,
        "generated": 0,
        "benchmark": 30,
    }
