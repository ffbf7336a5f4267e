"""``latency_budget`` and pytest-benchmark in real sessions."""

import re
import sys
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


def test_forgotten(latency_budget):
    latency_budget("forgotten", rounds=20)(asyncio.sleep, 0).close()


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
#: The static scan has no part in what is timed.
UNSCANNED = "--backend-gates-skip=complexity,security"
#: Those of the first tests that fail with the gates on.
RED = {"test_over", "test_mistake", "test_broken_off", "test_forgotten", "test_raises_late"}
#: All that is told of a mistake in a budget: the line of the test, and the mistake.
MISTAKE = """\
>       latency_budget("mistaken", "p95 < 20 parsec")(slowly)
E       Failed: latency_budget('mistaken'): 'parsec' is not a unit of 'latency'
E           p95 < 20 parsec
E                 ^^^^^^^^^
E         units: s, ms, us
tests/test_budget.py:53: Failed
"""
#: Rounds that take long.
LONG = """import time


def test_long(latency_budget):
    latency_budget("long", "p99.9 < 10s")(time.sleep, 0.006)
"""
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
#: Requests in rounds, before and after them, and one that is made for the result.
REQUESTS = """\
from shop.app import app


def test_requests(benchmark):
    get = app.test_client().get
    for _ in range(10):
        get("/grades/50")
    assert benchmark(get, "/grades/50").json == {"grade": "B"}
    get("/grades/50")


def test_only_in_rounds(benchmark):
    from shop.only import inside, outside
    benchmark.pedantic(inside, setup=outside, rounds=25)
"""
ONLY = """\
def outside():
    return 1


def inside():
    return 1
"""
#: A fixture that is not pytest-benchmark's.
OWN = """\
import pytest


@pytest.fixture
def benchmark():
    return None


def test_own(benchmark):
    assert benchmark is None
"""
#: Ways to use a budget that are no plain function.
STYLES = """\
import asyncio
import threading
import unittest

import pytest

from shop.app import grade


class TestUnittest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def given(self, latency_budget):
        self.budget = latency_budget

    def test_kept(self):
        assert self.budget("unittest", "p95 < 10s", rounds=20)(grade, 95) == "A"

    def test_over(self):
        self.budget("unittest over", "p95 < 1us", rounds=20)(lambda: sum(range(10_000)))


class TestAsyncio(unittest.IsolatedAsyncioTestCase):
    @pytest.fixture(autouse=True)
    def given(self, latency_budget):
        self.budget = latency_budget

    async def test_kept(self):
        assert await self.budget("isolated", "p95 < 10s", rounds=20)(asyncio.sleep, 0, 1) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_anyio(latency_budget, anyio_backend):
    assert await latency_budget("anyio", "p95 < 10s", rounds=20)(asyncio.sleep, 0, 1) == 1
    for _ in latency_budget("anyio, a loop", rounds=20):
        await asyncio.sleep(0)


def test_together(latency_budget):
    async def main():
        call = latency_budget("one", rounds=20)(asyncio.sleep, 0), latency_budget("two", rounds=20)(asyncio.sleep, 0)
        await asyncio.gather(*call)

    asyncio.run(main())


def test_one_in_the_other(latency_budget):
    latency_budget("outer", rounds=20)(lambda: latency_budget("inner", rounds=20)(grade, 1))


def test_after_all():
    assert grade(95) == "A"
"""
STYLES_RED = {"test_over", "test_together", "test_one_in_the_other"}


def _outcomes(result: "Result") -> dict[str, str]:
    words = [line.replace("::", " ").split() for line in result.out.splitlines() if "::test_" in line]
    return {word: outcome for line in words for word in line if word.startswith("test_") and not word.endswith(".py")
            for outcome in ("PASSED", "FAILED", "SKIPPED") if outcome in line}  # fmt: skip


def _traceback(result: "Result", test: str) -> str:
    """Return the lines that a traceback points at, what it says of them, and where they are."""
    section = re.split(r"\n_+ ", result.out.partition(f" {test} ___")[2])[0]
    lines = [line for line in section.splitlines() if re.match(r">|E |\S+\.py:\d+: ", line)]
    return "\n".join([*lines, ""])


def test_budgets_are_judged_in_the_test_and_reported(shop: "Project") -> None:
    """Each test fails by its own budget, at its own line; the rounds are subjects of the report in any mode."""
    shop.file("tests/test_budget.py", TESTS)
    result, report = shop.report(UNSCANNED, "-v", "-rs", "-p", "no:pytest_cov")
    outcomes = _outcomes(result)
    assert {name for name, outcome in outcomes.items() if outcome == "FAILED"} == RED
    assert outcomes["test_unproven"] == "SKIPPED"
    assert "E       AssertionError: FAILED  latency[slow]  p95 " in result.out
    assert "30 of 30 over 1 ms, longest run 30" in result.out
    assert 'latency_budget("slow", "p95 < 1ms", rounds=30)(slowly)\n' in result.out
    assert _traceback(result, "test_mistake") == MISTAKE
    assert (
        "latency_budget('broken off'): its rounds were not run to the end, so nothing was judged"
        in result.out
    )
    assert (
        "latency_budget('forgotten'): its rounds were not run to the end, so nothing was judged:"
        " what it was called with is asynchronous: await latency_budget(...)(...)\n" in result.out
    )
    assert "SKIPPED [1] tests/test_budget.py:56: SKIPPED  latency[unproven]  p95 " in result.out
    assert "latency_budget.py:" not in result.out
    block = " ".join(result.block.split())
    assert "2 benchmarks within the budgets that tests gave them instead" in block, (
        "not those that were refuted"
    )
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


def test_rounds_that_take_long_are_announced(single: "Project") -> None:
    """Before they are run, among the progress of the tests; quietly, nothing is said."""
    single.file("tests/test_long.py", LONG)
    result = single.gates("--backend-gates-only=latency", "tests/test_long.py")
    told = re.search(r"\ntests/test_long.py \n(.*)\n\.", result.out)
    assert told is not None, result.out
    assert (
        re.sub(r"\d+ s$", "0 s", told[1])
        == "latency_budget('long'): 1,000 rounds for p99.9 < 10s take about 0 s"
    )


def test_off_a_budget_runs_once(single: "Project") -> None:
    """Without the gates every test passes as fast as it can: nothing is judged, not even read."""
    result = single.file("tests/test_budget.py", TESTS).run("-q", "-p", "no:pytest_cov")
    assert (result.status, result.out.splitlines()[-1].partition(" in ")[0]) == (
        0,
        "66 passed, 1 skipped, 1 warning",
    )


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
        (
            ("-n2",),
            "2 benchmarks were not timed: pytest-benchmark times nothing under xdist, only with -n0",
        ),
    ],
)
def test_benchmarks(single: "Project", args: tuple[str, ...], reason: str | None) -> None:
    """Every benchmark is a subject with its own rounds; not timed, no threshold that was written for it has data."""
    single.file("tests/test_benchmarks.py", BENCHMARKS)
    needing = [f"--backend-gates-threshold=latency.{text} < 10s" for text in ("p95[tests/**]", "max")]
    mode = ("-p", "pytest_benchmark.plugin", "-p", "no:pytest_cov")
    project = type(single)(single.root, args or ("-n0",), {"PYTEST_PLUGINS": ""})
    result, report = project.report(UNSCANNED, *mode, *needing)
    (gate,) = [gate for gate in report["gates"] if gate["gate"] == "latency"]
    outcomes = [row["outcome"] for row in gate["rows"] if row["origin"] != "default"]
    told = " ".join(result.block.split())
    if reason:
        assert (result.status, outcomes) == (1, ["NO_DATA", "NO_DATA"])
        assert reason in told
        assert f"latency: {reason}" in report["notes"]
        return
    assert outcomes == ["PASSED", "PASSED"], result.out
    assert "2 benchmarks within, 55 samples, 25 of them means of several calls, which hide slow ones" in told
    subjects = report["measurements"]["latency"]["subjects"]
    assert subjects["tests/test_benchmarks.py::test_rounds"]["sources"] == {
        "test": 0,
        "generated": 0,
        "benchmark": 30,
    }


def test_styles_of_tests(shop: "Project") -> None:
    """In unittest's classes and in async tests as anywhere; and what would time two things as one is refused."""
    shop.file("tests/test_styles.py", STYLES)
    project = type(shop)(shop.root, (*shop.mode, "-p", "anyio"), shop.env)
    result, report = project.report(UNSCANNED, "-v", "-p", "no:pytest_cov")
    outcomes = _outcomes(result)
    assert {name for name, outcome in outcomes.items() if outcome == "FAILED"} == STYLES_RED
    for one, other in (("two", "one"), ("inner", "outer")):
        assert (
            f"Failed: latency_budget({one!r}): {other!r} is being timed, and its times would hold both:"
            " time one after the other, or both as one call\n"
        ) in result.out
    subjects = report["measurements"]["latency"]["subjects"]
    timed = ["anyio", "anyio, a loop", "inner", "isolated", "unittest", "unittest over"]
    assert [name for name in subjects if "GET" not in name] == timed
    assert subjects["isolated"]["count"] == 20


def test_off_every_style_passes(shop: "Project") -> None:
    """Without the gates each runs once."""
    project = type(shop)(shop.root, (*shop.mode, "-p", "anyio"), shop.env)
    result = project.file("tests/test_styles.py", STYLES).run(
        "-q", "-p", "no:pytest_cov", "tests/test_styles.py"
    )
    assert (result.status, result.out.splitlines()[-1].partition(" in ")[0]) == (0, "7 passed")


def _benchmarking(project: "Project", *args: str) -> "Project":
    return type(project)(project.root, (*args, "-p", "pytest_benchmark.plugin"), {"PYTEST_PLUGINS": ""})


@pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
def test_what_a_benchmark_times_is_its_own(single: "Project", core: str) -> None:
    """Requests in rounds are no operation's; nor does what runs in rounds count for coverage, whatever measures."""
    if core == "sysmon" and sys.version_info < (3, 12):
        pytest.skip("this Python has no sys.monitoring")
    single.file("tests/test_benchmarks.py", REQUESTS).file("shop/only.py", ONLY)
    single.file(".coveragerc", f"[run]\nsource = shop\ncore = {core}\n")
    result, report = _benchmarking(single).report(
        UNSCANNED, "-p", "no:pytest_cov", "--benchmark-max-time=0.05"
    )
    subjects = report["measurements"]["latency"]["subjects"]
    (operation,) = [one for name, one in subjects.items() if name.startswith("GET")]
    assert operation["sources"]["benchmark"] == 0
    assert operation["count"] + operation["cold"] == 51 + 10 + 1 + 1
    assert subjects["tests/test_benchmarks.py::test_requests"]["count"] >= 5
    files = report["measurements"]["coverage"]["subjects"]
    assert files["shop/only.py"] == {"hits": 3, "total": 4}
    told = " ".join(result.block.split())
    assert f"samples; coverage core {core}, in rounds coverage paused" in told


#: What measures: ours, and pytest-cov.
CORE = "sysmon" if sys.version_info >= (3, 12) else "ctrace"
COV_CORE = "sysmon" if sys.version_info >= (3, 14) else "ctrace"


@pytest.mark.parametrize(
    ("args", "mixed", "rounds"),
    [
        ((), f"coverage core {CORE}, in rounds coverage paused", "coverage paused"),
        (("--cov=shop",), f"coverage core {COV_CORE}, in rounds coverage paused", "coverage paused"),
        (("--no-cov",), "coverage not traced", "coverage not traced"),
        (("--backend-gates-skip=coverage",), "", ""),
        (
            ("--backend-gates-skip=coverage", "--cov=shop"),
            f"coverage core {COV_CORE}, in rounds coverage paused",
            "coverage paused",
        ),
    ],
)
def test_the_row_tells_what_measured(shop: "Project", args: tuple[str, ...], mixed: str, rounds: str) -> None:
    """Each row under what its own samples were taken, whoever measures; nothing where nobody was to measure."""
    shop.file(
        "tests/test_budget.py", "def test_it(latency_budget):\n    latency_budget('it', rounds=20)(int)\n"
    )
    result = shop.gates(UNSCANNED, "--cov-report=", "--backend-gates-threshold=latency.max[it] < 10s", *args)
    workers = "2 workers" if "-n2" in shop.mode else ""
    told = " ".join(result.block.split())
    found = re.findall(r"PASSED latency .*? \d+ samples(?:; (.*?))?(?= PASSED| note:| \d gates?)", told)
    assert found == [", ".join(filter(None, [text, workers])) for text in (mixed, rounds)], told


def test_a_fixture_of_the_projects_own_is_no_benchmark(single: "Project") -> None:
    """Only pytest-benchmark's rounds are missed when they are not timed."""
    single.file("tests/test_own.py", OWN).file("tests/test_benchmarks.py", BENCHMARKS)
    result, report = _benchmarking(single, "--benchmark-disable").report(UNSCANNED, "-p", "no:pytest_cov")
    assert "latency: 2 benchmarks were not timed: --benchmark-disable" in report["notes"]
    assert result.status == 0
