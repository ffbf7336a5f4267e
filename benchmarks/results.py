"""``RESULTS.md``: of each row what was measured last. A row that is measured again takes the place of the one before."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.table import COMMANDS

#: What begins a row of the table, or the commands of one, before its name.
_ROW: Final = "| "
_COMMANDS: Final = "- "


def occasion(root: Path) -> str:
    """Say when it is, and which commit is checked out in *root*; ``+`` stands for changes."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    git = ("git", "-C", str(root), "describe", "--always", "--dirty=+")
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=False)
    except OSError:
        return today
    return f"{today}, {done.stdout.strip()}" if done.returncode == 0 else today


def merged(new: str, before: str, names: Sequence[str], *, measured: bool = True) -> str:
    """Return the document *new* with those rows of the one *before* that it has not, in the order of *names*.

    Those measured on another machine, or with other versions, are left out. What could not be *measured* now takes
    no former row's place.
    """
    head, rows, commands = _parts(new)
    former_head, former_rows, former_commands = _parts(before)
    if former_rows and head != former_head and not measured:
        return before
    if head == former_head:
        rows = {**former_rows, **rows} if measured else {**rows, **former_rows}
        commands = {**former_commands, **commands} if measured else {**commands, **former_commands}
    lines = [*head, *_in_order(rows, names), "", COMMANDS, "", *_in_order(commands, names)]
    return "\n".join(lines) + "\n"


def _parts(document: str) -> tuple[list[str], dict[str, list[str]], dict[str, list[str]]]:
    """Return the lines before the first row, those of each row, and those of each row's commands."""
    table, _, commands = document.partition(f"\n{COMMANDS}\n")
    lines = table.rstrip("\n").split("\n")
    first = next((number + 1 for number, line in enumerate(lines) if line.startswith("|---")), len(lines))
    return lines[:first], _blocks(lines[first:], _ROW), _blocks(commands.split("\n"), _COMMANDS)


def _blocks(lines: Iterable[str], beginning: str) -> dict[str, list[str]]:
    """Return by name the lines of each block; a line that has *beginning* and then a name begins one."""
    blocks: dict[str, list[str]] = {}
    block: list[str] = []
    for line in filter(None, lines):
        name = line.removeprefix(beginning).partition(" ")[0]
        if line.startswith(beginning) and name != "|":
            block = blocks[name] = []
        block.append(line)
    return blocks


def _in_order(blocks: dict[str, list[str]], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from blocks.get(name, ())
