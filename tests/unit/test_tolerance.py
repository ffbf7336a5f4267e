"""Whether one finding fails its test at once is decided by the rules that the judge's row follows."""

from collections.abc import Callable, Sequence

import pytest

from pytest_backend_gates.judge import Judge
from pytest_backend_gates.measurements import Counter, Finding, Kind, Metric, Reading
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin, Outcome, Threshold
from pytest_backend_gates.rules import in_force
from pytest_backend_gates.threshold import parse
from pytest_backend_gates.tolerance import why_tolerated

CATALOGUE = Catalogue.of([Metric("contract.failures", Kind.COUNTER, None, "contract", "finding")])
DEFAULT = "contract.failures == 0"
ORDERS = "GET /orders"


def thresholds(*texts: str) -> Sequence[Threshold]:
    written = [parse(DEFAULT, CATALOGUE, {}, Origin("default"))]
    written += [
        parse(text, CATALOGUE, {}, Origin("ini", "pytest.ini", line)) for line, text in enumerate(texts, 3)
    ]
    return in_force([one for one in written if isinstance(one, Threshold)], CATALOGUE)


@pytest.mark.parametrize(
    "texts",
    [
        (),
        ("contract.failures <= 0",),
        ("contract.failures < 1",),
        ("contract.failures[POST /**] <= 3",),
        ("contract.failures <= 5", "contract.failures[GET /orders] == 0"),
        ("contract.failures off", "contract.failures[GET /**] == 0"),
    ],
)
def test_not_tolerated(texts: tuple[str, ...]) -> None:
    """The threshold that owns the operation allows no finding."""
    assert why_tolerated("contract.failures", ORDERS, thresholds(*texts)) is None


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (("contract.failures <= 5",), "judged in total: contract.failures <= 5 (pytest.ini:3)"),
        (("contract.failures < 2",), "judged in total: contract.failures < 2 (pytest.ini:3)"),
        (("contract.failures == 3",), "judged in total: contract.failures == 3 (pytest.ini:3)"),
        (("contract.failures >= 0",), "judged in total: contract.failures >= 0 (pytest.ini:3)"),
        (
            ("contract.failures[GET /orders*] <= 1",),
            "judged in total: contract.failures[GET /orders*] <= 1 (pytest.ini:3)",
        ),
        (("contract.failures off",), "off: contract.failures off (pytest.ini:3)"),
        (
            ("contract.failures off", "contract.failures[POST /**] == 0"),
            "off: no threshold of contract.failures matches it",
        ),
    ],
)
def test_tolerated(texts: tuple[str, ...], why: str) -> None:
    """The reason names the threshold and its place."""
    assert why_tolerated("contract.failures", ORDERS, thresholds(*texts)) == why


@pytest.mark.parametrize("operator", ["<", "<=", "=="])
@pytest.mark.parametrize("limit", range(4))
@pytest.mark.parametrize("selector", ["", "[GET /**]", "[POST /**]"])
def test_agrees_with_the_judge(operator: str, limit: int, selector: str) -> None:
    """What is not tolerated makes a row red by itself, and what is tolerated has a number that no row minds."""
    rules = thresholds(f"contract.failures{selector} {operator} {limit}")
    judge = judged(rules)
    reds = [judge(count) for count in range(1, 5)]
    if why_tolerated("contract.failures", ORDERS, rules) is None:
        assert all(reds)
    else:
        assert not all(reds)


def judged(rules: Sequence[Threshold]) -> Callable[[int], bool]:
    def is_red(count: int) -> bool:
        findings = tuple(Finding(ORDERS, str(number)) for number in range(count))
        reading = Reading(Counter(findings, frozenset({ORDERS}), "operation"))
        rows = Judge(tuple(rules), CATALOGUE).verdicts({"contract.failures": reading})
        return any(row.outcome is Outcome.FAILED for row in rows)

    return is_red
