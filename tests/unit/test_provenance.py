"""A report says where it comes from, and nothing that it should not."""

import os
import platform
import subprocess
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from pytest_backend_gates.provenance import ENGINES, beginning


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the folder a repository with one commit and return that."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git = [
        "git",
        "-C",
        str(tmp_path),
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
    ]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_what_is_known_at_the_beginning(tmp_path: Path) -> None:
    """Before anything is measured, a report is incomplete and says what it can."""
    report = beginning(tmp_path / "shop", ["-q", "tests"])
    assert report.outcome == "incomplete"
    assert report.version == version("pytest-backend-gates")
    assert report.python == platform.python_version()
    assert report.platform == platform.platform()
    assert report.rootdir_name == "shop"
    assert report.args == ("-q", "tests")
    assert report.engines == {name: version(name) for name in ENGINES}
    assert report.exit_status is None
    assert report.gates == ()


def test_the_time_has_its_zone(tmp_path: Path) -> None:
    """The start is ISO 8601 with its offset from UTC."""
    started = datetime.fromisoformat(beginning(tmp_path, []).started)
    assert started.utcoffset() == timedelta(0)


def test_the_commit(tmp_path: Path, commit: str) -> None:
    """In a repository the report names the commit that is checked out, in any of its folders."""
    (tmp_path / "sub").mkdir()
    assert beginning(tmp_path, []).commit == commit
    assert beginning(tmp_path / "sub", []).commit == commit


def test_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside a repository there is none, and without git neither."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert beginning(tmp_path, []).commit is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert beginning(tmp_path, []).commit is None


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("--base-url=https://ann:secret@host/x", "--base-url=https://***@host/x"),
        ("--base-url=https://token@host", "--base-url=https://***@host"),
        ("postgresql://ann:sec@ret@host/x", "postgresql://***@host/x"),
        ("--api-token=secret", "--api-token=***"),
        ("--DB-PASSWORD=a=b", "--DB-PASSWORD=***"),
        ("--tokens", "--tokens"),
        ("--base-url=https://host/a@b", "--base-url=https://host/a@b"),
        ("ann@example.org", "ann@example.org"),
    ],
)
def test_credentials_are_not_told(tmp_path: Path, given: str, told: str) -> None:
    """What stands before the host of an address, and what a secret is set to, stays out of the report."""
    assert beginning(tmp_path, [given]).args == (told,)


def test_a_secret_in_a_word_of_its_own_is_not_told(tmp_path: Path) -> None:
    """The word after an option that sounds like a secret is one, unless it is another option."""
    args = beginning(tmp_path, ["--password", "hunter2", "--secret", "-q", "tests"]).args
    assert args == ("--password", "***", "--secret", "-q", "tests")
