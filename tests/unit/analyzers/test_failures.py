"""What kept an analyzer from measuring."""

import pytest

from pytest_backend_gates.analyzers.failures import CannotAnalyzeError, failure
from pytest_backend_gates.measurements import Finding


@pytest.mark.parametrize(
    ("error", "message", "line"),
    [
        (SyntaxError("invalid syntax", ("<unknown>", 3, 1, "x", 3, 2)), "SyntaxError: invalid syntax", 3),
        (PermissionError(13, "Permission denied", "a.py"), "PermissionError: Permission denied", None),
        (ValueError("source code string cannot contain null bytes"), None, None),
        (RecursionError(), "RecursionError", None),
    ],
)
def test_an_exception_is_told_without_its_place(
    error: Exception, message: str | None, line: int | None
) -> None:
    """The message is the exception's name and text; path and line stand in fields of their own."""
    expected = message or "ValueError: source code string cannot contain null bytes"
    assert failure(error, "a.py", "a.py") == Finding("a.py", expected, path="a.py", line=line)


def test_an_engine_says_itself_which_file_is_wrong() -> None:
    """A broken configuration points at the configuration, with its hint."""
    error = CannotAnalyzeError("not a list", ".bandit", "write a list")
    assert failure(error, None, "security") == Finding(
        "security", "not a list", path=".bandit", hint="write a list"
    )
