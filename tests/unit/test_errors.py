"""Mistakes are told whole, with a caret under the fault."""

import pytest

from pytest_backend_gates.errors import ConfigurationError, Problem, did_you_mean


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("no such key", "pytest.ini:3"), "pytest.ini:3: no such key"),
        (
            Problem("expected an operator; got 'x'", "here", "coverage x", (9, 10), "operators: <"),
            "here: expected an operator; got 'x'\n    coverage x\n             ^\n  operators: <",
        ),
        (
            Problem("unknown metric", "here", "cover > 1", (0, 5)),
            "here: unknown metric\n    cover > 1\n    ^^^^^",
        ),
        (
            Problem("got the end", "here", "coverage", (8, 8)),
            "here: got the end\n    coverage\n            ^",
        ),
        (Problem("whole", "here", "text", None, "allowed: a"), "here: whole\n    text\n  allowed: a"),
        (
            Problem("tabs", "here", "coverage\tx", (9, 10)),
            "here: tabs\n    coverage\tx\n            \t^",
        ),
    ],
)
def test_a_problem(problem: Problem, text: str) -> None:
    """Where and what, then the text, the caret and what is allowed, as far as they are known."""
    assert str(problem) == text


def test_all_problems_at_once() -> None:
    """One exception tells every mistake, and keeps them for whoever wants to count."""
    first, second = Problem("bad", "a"), Problem("worse", "b", "text", (0, 4))
    error = ConfigurationError([first, second])
    assert error.problems == (first, second)
    assert str(error) == (
        "backend gates: 2 problems in the configuration\na: bad\nb: worse\n    text\n    ^^^^"
    )


def test_one_problem_is_singular() -> None:
    """One problem is not "1 problems"."""
    assert str(ConfigurationError([Problem("bad", "a")])) == (
        "backend gates: 1 problem in the configuration\na: bad"
    )


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("coverge", ["coverage", "latency"], "did you mean 'coverage'? allowed: coverage, latency"),
        ("x", ["coverage", "latency"], "allowed: coverage, latency"),
        ("", ["coverage"], "allowed: coverage"),
        ("x", [], ""),
    ],
)
def test_did_you_mean(word: str, known: list[str], text: str) -> None:
    """A close word is suggested; the known words always follow."""
    assert did_you_mean(word, known) == text
