"""Budgets: the grammar of thresholds, the rule of the judge, the words of a row."""

from collections.abc import Callable

import pytest

from pytest_backend_gates.budgets import Budget, BudgetError, fewest_rounds, kept_within, read_budget
from pytest_backend_gates.model import Outcome
from pytest_backend_gates.probes.traffic import LATENCY
from pytest_backend_gates.reports.rows import row_text

MS = 1_000_000


@pytest.fixture
def budget() -> Callable[[str], Budget]:
    """Read one budget of ``checkout``."""
    return lambda text: read_budget("checkout", text, LATENCY)


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("p95 < 20ms", 20),
        ("p99 <= 1s", 100),
        (" latency.mean < 5 ms # kept ", 20),
        ("max < 1s", 20),
        ("p50 < 1us", 20),
    ],
)
def test_what_a_budget_may_be(budget: Callable[[str], Budget], text: str, needed: int) -> None:
    """An aggregate and a limit, with or without the metric; it knows how many rounds prove it."""
    assert budget(text).threshold.metric == "latency"
    assert max(20, budget(text).needed) == needed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "p95 < 20 parsec",
            (
                "latency_budget('checkout'): 'parsec' is not a unit of 'latency'\n"
                "    p95 < 20 parsec\n"
                "          ^^^^^^^^^\n"
                "  units: s, ms, us"
            ),
        ),
        (
            "p95 20ms",
            (
                "latency_budget('checkout'): expected an operator; got '20ms'\n"
                "    p95 20ms\n"
                "        ^^^^\n"
                "  operators: < <= > >= =="
            ),
        ),
        (
            "< 20ms",
            (
                "latency_budget('checkout'): a budget begins with an aggregate\n"
                "    < 20ms\n"
                "    ^\n"
                "  aggregates: min, max, mean, med, p50, p95, p99.9 ..."
            ),
        ),
        (
            "latency.p955 < 20ms",
            (
                "latency_budget('checkout'): times have no aggregate 'p955'\n"
                "    latency.p955 < 20ms\n"
                "            ^^^^\n"
                "  did you mean 'p95'? aggregates: min, max, mean, med, p50, p95, p99.9 ..."
            ),
        ),
        (
            "count > 3",
            (
                "latency_budget('checkout'): times have no aggregate 'count'\n"
                "    count > 3\n"
                "    ^^^^^\n"
                "  aggregates: min, max, mean, med, p50, p95, p99.9 ..."
            ),
        ),
        (
            "p95[GET /a] < 20ms",
            (
                "latency_budget('checkout'): this is no budget for times\n"
                "    p95[GET /a] < 20ms\n"
                "    ^^^^^^^^^^^^^^^^^^\n"
                "  an aggregate and a limit: p95 < 20ms; aggregates: min, max, mean, med, p50, p95, p99.9 ..."
            ),
        ),
    ],
)
def test_a_mistake_is_shown_where_it_is(budget: Callable[[str], Budget], text: str, message: str) -> None:
    """The message quotes what was written, with a caret under the mistake and what is allowed there."""
    with pytest.raises(BudgetError) as error:
        budget(text)
    assert str(error.value) == message


@pytest.mark.parametrize("text", ["", "preset: default", "latency off"])
def test_what_is_no_budget(budget: Callable[[str], Budget], text: str) -> None:
    """What says nothing about times is refused."""
    with pytest.raises(BudgetError, match=r"^latency_budget\('checkout'\): "):
        budget(text)


def test_too_few_rounds_are_refused(budget: Callable[[str], Budget]) -> None:
    """Rounds that could prove nothing are a mistake, not an unproven result."""
    assert fewest_rounds("a", [], None) == fewest_rounds("a", [budget("p95 < 1s")], 20) == 20
    assert fewest_rounds("a", [], 1) == 20
    assert fewest_rounds("a", [budget("p95 < 1s"), budget("p99 < 2s")], None) == 100
    for asked, budgets, why in ((19, [budget("p95 < 1s")], "its budgets need 20"), (0, [], "at least 1")):
        with pytest.raises(BudgetError) as error:
            fewest_rounds("a", budgets, asked)
        assert str(error.value) == f"latency_budget('a'): rounds={asked} are too few: {why}"
    with pytest.raises(BudgetError, match=r"^latency_budget: the name of what is timed is empty$"):
        fewest_rounds(" ", [], None)


@pytest.mark.parametrize(
    "name",
    ["GET /orders", "DELETE /orders/{order_id}", "GET (no route)", "tests/test_a.py::test_it[1]", "(rest)"],
)
def test_a_name_that_the_report_gives_is_refused(name: str) -> None:
    """Times of a budget would be judged with an operation's, and the operation left to the budget."""
    with pytest.raises(BudgetError) as error:
        fewest_rounds(name, [], None)
    assert str(error.value) == (
        f"latency_budget({name!r}): the report names operations and benchmarks so, and judges their samples apart:"
        f" give it a name of its own, such as 'timed {name}'"
    )
    assert fewest_rounds(f"timed {name}", [], None) == 20


@pytest.mark.parametrize(
    ("over", "outcome"),
    [
        (0, Outcome.PASSED),
        (1, Outcome.PASSED),
        (2, Outcome.SKIPPED),
        (3, Outcome.SKIPPED),
        (4, Outcome.FAILED),
    ],
)
def test_the_rule_is_the_judges(budget: Callable[[str], Budget], over: int, outcome: Outcome) -> None:
    """20 rounds of p95: within, unproven, or refuted at 5 %: P(Binomial(20, 1/20) >= 4) is 1.6 %, of 3 7.5 %."""
    times = [19 * MS] * (20 - over) + [21 * MS] * over
    assert budget("p95 < 20ms").judge(times, "", strict=False).outcome is outcome


def test_only_an_upper_limit_that_is_proven_stands_in_for_another(budget: Callable[[str], Budget]) -> None:
    """Neither one that is refuted, nor one that is unproven, nor one that only says that it takes some time."""
    times = [19 * MS] * 18 + [21 * MS] * 2
    texts = ("p95 < 22ms", "p99 < 1ms", "max < 20ms", "p90 < 20ms", "p50 > 1ms", "mean <= 20 ms")
    verdicts = [budget(text).judge(times, "", strict=False) for text in texts]
    assert kept_within(verdicts) == {"p95", "p90", "mean"}
    unproven = budget("p95 < 20ms").judge(times, "", strict=False)
    assert (unproven.outcome, kept_within([unproven])) == (Outcome.SKIPPED, frozenset())


def test_a_limit_is_compared_exactly(budget: Callable[[str], Budget]) -> None:
    """A strict limit is not met by a time equal to it."""
    times = [20 * MS] * 20
    outcomes = [budget(f"p95 {symbol} 20ms").judge(times, "", strict=False).outcome for symbol in ("<", "<=")]
    assert outcomes == [Outcome.FAILED, Outcome.PASSED]


def test_strict_makes_unproven_red(budget: Callable[[str], Budget]) -> None:
    """As for the rows of the report."""
    times = [19 * MS] * 18 + [21 * MS] * 2
    verdicts = [budget("p95 < 20ms").judge(times, "", strict=strict) for strict in (False, True)]
    assert [verdict.red for verdict in verdicts] == [False, True]


def test_a_row_tells_the_evidence(budget: Callable[[str], Budget]) -> None:
    """The row is the report's, and the evidence stands below it."""
    verdict = budget("p95 < 20ms").judge([30 * MS] * 20, "coverage paused", strict=False)
    assert row_text(verdict, "checkout") == (
        "FAILED  latency[checkout]  p95 30 ms < 20 ms"
        "  worst checkout; 1 of 1 benchmark over, 20 samples; coverage paused\n"
        "  p95 30 ms, 20 of 20 over 20 ms, longest run 20"
    )
    verdict = budget("p95 < 20ms").judge([19 * MS] * 18 + [30 * MS] * 2, "", strict=False)
    assert row_text(verdict, "checkout") == (
        "SKIPPED  latency[checkout]  p95 30 ms < 20 ms  nothing proven: checkout: p95 30 ms,"
        " 2 of 20 over 20 ms, 4 would fail, longest run 2, 1 unproven, 20 samples"
    )
