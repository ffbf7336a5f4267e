"""The static scan's results between sessions, in pytest's cache: used, cleared, and done without."""

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

PATH = ".pytest_cache/d/backend-gates/complexity-security.json"
#: The gates of the scan. What the tests of the project do meanwhile has no part in it.
ONLY = "--backend-gates-only=complexity,security"


def tampered(path: Path) -> None:
    """Make one function of the project five hundred times as complex, in the cache and with a new checksum."""
    _, _, text = path.read_bytes().partition(b"\n")
    changed = re.sub(rb'(\["grade", "\w+"\], "values": \[)2', rb"\g<1>1000", text)
    assert changed != text
    path.write_bytes(hashlib.sha256(changed).hexdigest().encode() + b"\n" + changed)


def complexity(project: "Project", *args: str) -> str:
    """Run with the gates and return the row of complexity, its columns a space apart."""
    rows = (" ".join(line.split()) for line in project.gates(ONLY, *args).block.splitlines())
    return next(row for row in rows if " complexity " in row)


def test_the_next_session_uses_what_was_found(idle: "Project") -> None:
    """What was written down is believed, so it was used; ``--cache-clear`` has it measured anew."""
    cold = complexity(idle)
    assert cold == "PASSED complexity 2 < 10 0 of 2 blocks over"
    path = idle.root / PATH
    written = path.read_bytes()
    assert complexity(idle) == cold
    assert path.read_bytes() == written
    tampered(path)
    assert complexity(idle) == "FAILED complexity 1,000 < 10 1 of 2 blocks over"
    assert complexity(idle, "--cache-clear") == cold
    assert path.read_bytes() == written


def test_a_changed_file_is_measured_anew(idle: "Project") -> None:
    """The others are believed."""
    complexity(idle)
    tampered(idle.root / PATH)
    source = idle.root / "shop/app.py"
    source.write_text(source.read_text() + "\n# another line\n")
    assert complexity(idle) == "PASSED complexity 2 < 10 0 of 2 blocks over"


def test_without_a_cache_every_session_measures(idle: "Project") -> None:
    """And writes nothing."""
    first = complexity(idle, "-p", "no:cacheprovider")
    assert complexity(idle, "-p", "no:cacheprovider") == first
    assert not (idle.root / ".pytest_cache").exists()


def test_a_folder_that_cannot_be_made_is_no_error(idle: "Project") -> None:
    """Where pytest cannot keep anything either."""
    idle.file(".pytest_cache", "no folder")
    assert complexity(idle, "-p", "no:warnings") == "PASSED complexity 2 < 10 0 of 2 blocks over"


@pytest.mark.parametrize("option", ["--collect-only", "--backend-gates-explain", "--help"])
def test_what_runs_no_test_writes_nothing(single: "Project", option: str) -> None:
    """Nor does a session whose gates are off."""
    single.gates(option)
    single.run()
    assert not (single.root / PATH).parent.exists()
