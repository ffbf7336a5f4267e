"""Where an exception came from."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_backend_gates.probes.contract.tracebacks import place, raised

HERE = Path(__file__)


def caught(action: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as info:  # noqa: PT011  whichever it is
        action()
    return info.value


def line_of(text: str) -> int:
    lines = HERE.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def reads() -> None:
    json.loads("{")  # raised in the library


def group() -> None:
    raise ExceptionGroup("several", [caught(reads)])


def test_the_projects_own_frame() -> None:
    """The nearest one to where it was raised; not the library's, and none outside of the rootdir."""
    error = caught(reads)
    assert place(error, HERE.parent) == ("test_tracebacks.py", line_of("json.loads("))
    assert place(error, HERE.parent.parent) == ("contract/test_tracebacks.py", line_of("json.loads("))
    assert place(error, HERE.parent / "elsewhere") is None


def test_a_group() -> None:
    """What it holds is what went wrong."""
    error = caught(group)
    assert place(error, HERE.parent) == ("test_tracebacks.py", line_of("json.loads("))
    assert (
        raised(error)
        == "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    )
    assert raised(KeyboardInterrupt()) == "KeyboardInterrupt"
