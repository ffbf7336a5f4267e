"""The rate of failed requests in real sessions."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.plugin.conftest import Project, Result

FAULTY = """\
from flask import Flask, abort

app = Flask(__name__)


@app.get("/orders/<int:number>")
def order(number):
    if number > 90:
        raise LookupError(number)
    return {"number": number}


@app.get("/health")
def health():
    abort(503)
"""

TESTS = """\
import pytest

from shop.app import app


@pytest.fixture
def woken():
    assert app.test_client().get("/health").status_code == 503


@pytest.mark.parametrize("number", range(89, 93))
def test_order(number):
    app.test_client().get(f"/orders/{number}")


@pytest.mark.parametrize("number", range(91, 93))
def test_raises(number, monkeypatch):
    monkeypatch.setattr(app, "testing", True)
    with pytest.raises(LookupError):
        app.test_client().get(f"/orders/{number}")


def test_health(woken):
    assert app.test_client().get("/health").status_code == 503
"""

ONLY = "--backend-gates-only=errors"


def told(result: "Result") -> list[str]:
    """Return the rows of the gates that are not off, with what stands under them."""
    return [line for line in result.block.splitlines()[:-1] if not line.startswith("OFF ")]


def test_failures_are_told_by_operation(shop: "Project") -> None:
    """Each operation with how it failed; the requests of fixtures do not count, in any mode."""
    shop.file("shop/app.py", FAULTY).file("tests/test_app.py", TESTS)
    result, report = shop.report(ONLY, "--backend-gates-threshold=errors < 0.1%", "-p", "no:pytest_cov")
    assert result.status == 1, result.out
    assert told(result) == [
        "FAILED  errors      71.4% < 0.1%  5 of 7 requests, 2 operations",
        "                      GET /orders/{number}  4 of 6 requests failed: 500 2 times, LookupError 2 times",
        "                      GET /health           1 of 1 requests failed: 503 once",
        "                      relax: errors <= 71.43%",
    ]
    assert report["measurements"]["errors"] == {
        "kind": "rate",
        "unit": "%",
        "hits": 5,
        "total": 7,
        "subjects": {"GET /health": {"hits": 1, "total": 1}, "GET /orders/{number}": {"hits": 4, "total": 6}},
    }


def test_too_few_requests_prove_nothing(shop: "Project") -> None:
    """51 good answers say nothing about 0.1 %, and enough about 2 %; without a threshold nothing is judged."""
    shop.file(
        "pytest.ini",
        "[pytest]\ntestpaths = tests\npythonpath = .\nbackend_gates_thresholds =\n"
        "    errors < 0.1%\n    errors[GET /grades/*] < 2%\n",
    )
    result = shop.gates(ONLY, "-p", "no:pytest_cov")
    assert result.status == 0, result.out
    assert told(result) == [
        "SKIPPED  errors      0% < 0.1%  0 of 51 requests, 1 operation; 1,000 needed to prove 0.1%",
        "PASSED   errors      0% < 2%    [GET /grades/*] 0 of 51 requests, 1 operation",
    ]
    assert shop.gates(ONLY, "--backend-gates-strict", "-p", "no:pytest_cov").status == 1
    shop.file("pytest.ini", "[pytest]\ntestpaths = tests\npythonpath = .\n")
    assert "errors" not in shop.gates("-p", "no:pytest_cov").rows()


def test_no_request_is_no_pass(shop: "Project") -> None:
    """A threshold of the project's that nothing was measured for is red."""
    shop.file(
        "tests/test_app.py",
        "from shop.app import grade\n\n\ndef test_grade():\n    assert grade(95) == 'A'\n",
    )
    result = shop.gates(ONLY, "--backend-gates-threshold=errors < 5%", "-p", "no:pytest_cov")
    assert (result.status, result.rows()["errors"]) == (1, "NO_DATA")
    assert " ".join(told(result)[0].split()).startswith(
        "NO_DATA errors < 5% no HTTP traffic: the tests made no request to a "
    )
