"""Whoever ends a session with status 0 before there is a green verdict is overruled."""

import os
import sys
from dataclasses import dataclass

import pytest

from pytest_backend_gates.last_word import LastWord


class LeftError(Exception):
    """Instead of the end of this process."""


@dataclass
class Opinion:
    """A verdict of which only the objection is known."""

    objection: str | None


@pytest.fixture
def config(pytester: pytest.Pytester) -> pytest.Config:
    """Make a configuration that nobody runs."""
    return pytester.parseconfig("-p", "no:schemathesis", "-p", "no:hypothesispytest")


@pytest.fixture(autouse=True)
def leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``os._exit`` raise the status."""

    def leave(status: int) -> None:
        raise LeftError(status)

    monkeypatch.setattr(os, "_exit", leave)


OPINIONS = [
    (0, "no verdict: too early", 1),
    (0, "a gate failed", 1),
    (0, None, 0),
    (3, "no verdict: too early", 3),
    (3, None, 3),
]


def told(objection: str | None) -> str:
    return f"\nbackend gates: {objection}; the exit status is 1, not 0\n"


@pytest.mark.parametrize(("asked", "objection", "given"), OPINIONS)
def test_os_exit(
    config: pytest.Config,
    capsys: pytest.CaptureFixture[str],
    asked: int,
    objection: str | None,
    given: int,
) -> None:
    """``os._exit(0)`` leaves with 1 while there is an objection, which is told; every other status is kept."""
    LastWord(config).watch(Opinion(objection))
    with pytest.raises(LeftError, match=f"^{given}$"):
        os._exit(asked)
    assert capsys.readouterr().err == (told(objection) if asked != given else "")


def test_os_exit_in_a_forked_process(config: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that a test forked is not the session, and leaves as it likes."""
    LastWord(config).watch(Opinion("a gate failed"))
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(LeftError, match=r"^0$"):
        os._exit(0)


def test_os_exit_is_given_back(config: pytest.Config) -> None:
    """At the end of the session ``os._exit`` is what it was."""
    before = os._exit
    LastWord(config).watch(Opinion("a gate failed"))
    assert os._exit is not before
    config._ensure_unconfigure()
    assert os._exit is before


def test_conftest_that_leaves_with_0(config: pytest.Config) -> None:
    """``sys.exit(0)`` while conftest files are read, before there is a session, is told and leaves with 1."""
    text = told("no verdict: the session ended before it began").rstrip("\n")
    with pytest.raises(SystemExit, match=f"^{text}$"), LastWord(config).over_exit():
        sys.exit(0)


def test_last_hook_that_leaves_with_0(config: pytest.Config) -> None:
    """``sys.exit(0)`` in a hook after the verdict is accepted if that is green."""
    word = LastWord(config)
    word.watch(Opinion(None))
    with pytest.raises(SystemExit, match=r"^0$"), word.over_exit():
        sys.exit(0)


def test_conftest_that_leaves_with_another_status(config: pytest.Config) -> None:
    """Its own status of failure is kept."""
    with pytest.raises(SystemExit, match="no database"), LastWord(config).over_exit():
        sys.exit("no database")


@pytest.mark.parametrize(("asked", "objection", "given"), OPINIONS)
def test_status_of_a_session(
    config: pytest.Config,
    capsys: pytest.CaptureFixture[str],
    asked: int,
    objection: str | None,
    given: int,
) -> None:
    """What pytest is about to return is 1 instead of 0 while there is an objection, which is told."""
    word = LastWord(config)
    word.watch(Opinion(objection))
    assert word.over_status(asked) == given
    assert capsys.readouterr().err == (told(objection) if asked != given else "")
