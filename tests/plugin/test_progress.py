"""The progress line of a long wait: rewritten on a terminal, written elsewhere, and it spoils nothing that follows."""

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

pty = pytest.importorskip("pty", reason="Windows has no pseudo terminals", exc_type=ImportError)

#: A second is waited before the first word, on a terminal another one before the next.
SLOW = """\
import time


def slow(report):
    if report.outcome != "incomplete":
        time.sleep(2.5)
    return "text"


def pytest_backend_gates_renderers():
    return {"slow": slow}
"""
TOLD = "backend gates: waiting for the report slow.txt, 1 of 1"
ARGS = ("--backend-gates", "--backend-gates-report=slow:slow.txt")
#: Before pytest 9 its terminal can write whole lines only.
REWRITTEN = "rewritten" if hasattr(pytest.TerminalReporter, "write_raw") else "written"
#: The variables of a terminal, arguments, and whether the line is rewritten, written or not there.
TERMINALS = {
    "without colour": ({"TERM": "xterm", "NO_COLOR": "1"}, (), REWRITTEN),
    "-v": ({"TERM": "xterm"}, ("-v",), REWRITTEN),
    "dumb": ({"TERM": "dumb"}, (), "written"),
    "-q": ({"TERM": "xterm"}, ("-q",), "silent"),
}


def on_terminal(project: "Project", *args: str, **variables: str) -> str:
    """Return all that a run writes to a terminal of its own."""
    master, slave = pty.openpty()
    environment = {**project.environment(), **variables}
    with subprocess.Popen(
        project.command(*args), cwd=project.root, env=environment, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        written = bytearray()
        try:
            while piece := os.read(master, 65536):
                written += piece
        except OSError:  # Linux's word for its end
            pass
        process.wait(timeout=60)
    os.close(master)
    return written.decode()


def screen(written: str) -> list[str]:
    """Return the lines that one sees in the end."""
    lines = []
    for line in re.sub(r"\x1b\[[\d;]*m", "", written).replace("\r\n", "\n").split("\n"):
        seen = ""
        for part in line.split("\r"):
            seen = part + seen[len(part) :]
        lines.append(seen.rstrip())
    return lines


def check(project: "Project", variables: dict[str, str], args: tuple[str, ...], how: str) -> None:
    """See to it that the line is *how* it should be, and that what follows begins on a line of its own."""
    written = on_terminal(project.file("conftest.py", SLOW), *ARGS, *args, **variables)
    seen = screen(written)
    assert (TOLD in written, f"\r{TOLD}" in written, TOLD in seen) == (
        how != "silent",
        how == "rewritten",
        how == "written",
    ), written
    assert any(line.startswith("4 gates passed, 1 skipped in ") for line in seen), seen
    if how != "silent":
        rule = next(i for i, line in enumerate(seen) if line.strip("= ") == "backend gates")
        assert (seen[rule - 1], TOLD in seen[:rule]) == ("", how == "written")


def test_while_it_is_rewritten(shop: "Project") -> None:
    """In its place, and gone in the end, whoever runs the tests."""
    check(shop, {"TERM": "xterm"}, (), REWRITTEN)


@pytest.mark.parametrize(("variables", "args", "how"), TERMINALS.values(), ids=TERMINALS)
def test_on_a_terminal(single: "Project", variables: dict[str, str], args: tuple[str, ...], how: str) -> None:
    """Line after line where nothing can be rewritten, and silent where the user wants that."""
    check(single, variables, args, how)


@pytest.mark.parametrize(("args", "count"), [((), 1), (("-v",), 1), (("-q",), 0)], ids=["", "-v", "-q"])
def test_in_a_log(single: "Project", args: tuple[str, ...], count: int) -> None:
    """A line of its own, and another only after ten seconds."""
    result = single.file("conftest.py", SLOW).run(*ARGS, *args)
    assert result.out.splitlines().count(TOLD) == count, result.out
    assert result.status == 0
