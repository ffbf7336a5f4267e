"""What tests have seen adds up, crosses processes, and says which documented statuses are missing."""

import json

import pytest

from pytest_backend_gates.measurements import Ratio
from pytest_backend_gates.probes.contract.findings import Failure
from pytest_backend_gates.probes.contract.seen import Seen, documented_as, together

GONE = Failure(
    "status_code_conformance", 404, "404 Not Found is not documented", count=0, observed=2, test="test_b"
)


@pytest.mark.parametrize(
    ("documented", "status", "one"),
    [
        (("200", "404"), 404, "404"),
        (("200", "4XX", "404"), 404, "404"),
        (("200", "4XX", "404"), 422, "4XX"),
        (("200", "4xx"), 422, "4xx"),
        (("200", "default"), 500, "default"),
        (("200", "default", "5XX"), 500, "5XX"),
        (("200",), 404, None),
        ((), 200, None),
    ],
)
def test_what_documents_a_status(documented: tuple[str, ...], status: int, one: str | None) -> None:
    """Itself, else its range, else ``default``: as OpenAPI has it."""
    assert documented_as(status, documented) == one


@pytest.mark.parametrize(
    ("documented", "statuses", "missing"),
    [
        (("200", "404"), {200: 3}, ["404"]),
        (("200", "404"), {}, ["200", "404"]),
        (("200", "404", "4XX", "default"), {200: 1, 404: 1}, ["4XX", "default"]),
        (("200", "404", "4XX", "default"), {409: 1, 503: 2}, ["200", "404"]),
        (("200",), {200: 1, 418: 1}, []),
        ((), {200: 1}, []),
    ],
)
def test_missing_statuses(documented: tuple[str, ...], statuses: dict[int, int], missing: list[str]) -> None:
    """A range or ``default`` was seen when a status was that nothing more exact documents."""
    one = Seen("GET /", documented, statuses)
    assert one.missing == missing
    assert one.ratio == Ratio(len(documented) - len(missing), len(documented))


def test_adding_up() -> None:
    """Counts add up; a failure is one, with the first test by name."""
    one = Seen("GET /", ("200",), {200: 1}, (GONE,), ("odd",), 1)
    other = Seen("GET /", ("200",), {200: 2, 404: 1}, (Failure(*GONE.key[:2], GONE.title, count=0, observed=1, test="test_a"),), ("odd",), 2)  # fmt: skip
    summed = Failure(*GONE.key[:2], GONE.title, count=0, observed=3, test="test_a")
    assert one + other == Seen("GET /", ("200",), {200: 3, 404: 1}, (summed,), ("odd",), 3)


def test_the_way_between_processes() -> None:
    """JSON keeps everything."""
    one, other = Seen("GET /", ("200",), {404: 2}, (GONE,), ("odd",), 1), Seen("GET /a", ("200",))
    told = json.loads(json.dumps([one.to_plain(), other.to_plain()]))
    assert together([{"seen": told}, {"seen": []}, {"seen": told[:1]}]) == {
        "GET /": one + one,
        "GET /a": other,
    }
