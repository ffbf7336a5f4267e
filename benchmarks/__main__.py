"""``python -m benchmarks [NAME ...] [--pairs N]``: measures, prints the table, and writes each row down as it comes.

With ``--pairs`` nothing is written down; a row that cannot be measured leaves what was measured before. Needs ``pip install -e ".[dev]"``.
"""

import argparse
import fcntl
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

try:
    from benchmarks.comparison import UnequalError
    from benchmarks.inputs import InputError, Workspace
    from benchmarks.results import merged, occasion
    from benchmarks.rows import ROWS
    from benchmarks.running import CommandError, compared
    from benchmarks.table import Row, conditions, document

    ON: Final = conditions()
except (ModuleNotFoundError, metadata.PackageNotFoundError) as missing:
    raise SystemExit(f'python -m benchmarks: {missing}: it needs pip install -e ".[dev]"') from None

_HERE: Final = Path(__file__).parent
ROOT: Final = _HERE.parent
RESULTS: Final = _HERE / "RESULTS.md"
#: What is told as it stands.
_EXPECTED: Final = (InputError, UnequalError, CommandError)


def main(arguments: Sequence[str]) -> int:
    """Return the exit status: 1 when a row could not be measured or a goal was missed."""
    options = _options(arguments)
    workspace = Workspace(ROOT / ".cache" / "benchmarks")
    with (workspace.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _tell(f"python -m benchmarks: it is running already, in {workspace.folder}")
            return 2
        try:
            return _measure(list(options.names or ROWS), workspace, options.pairs)
        except KeyboardInterrupt:
            _tell("python -m benchmarks: interrupted")
            return 130


def _measure(names: Sequence[str], workspace: Workspace, pairs: int | None) -> int:
    rows = []
    for name in names:
        rows.append(_row(name, workspace, pairs))
        if pairs is None:
            _write_down(rows[-1])
    print(document(rows, ON))
    return int(not all(row.is_good for row in rows))


def _write_down(row: Row) -> None:
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    text = merged(document([row], ON), before, list(ROWS), measured=row.summaries is not None)
    RESULTS.write_text(text, encoding="utf-8")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"rows to measure, of {', '.join(ROWS)}")
    parser.add_argument(
        "--pairs",
        type=int,
        help="alternating pairs, in place of each row's own number; then nothing is written down",
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in ROWS]
    if unknown:
        parser.error(f"no row is named {', '.join(unknown)}; there are {', '.join(ROWS)}")
    if options.pairs is not None and options.pairs < 1:
        parser.error("--pairs: at least one")
    return options


def _row(name: str, workspace: Workspace, pairs: int | None) -> Row:
    comparison = None
    try:
        comparison = ROWS[name](workspace)
        summaries = compared(comparison, pairs or comparison.pairs, workspace.log, _tell)
    except Exception as error:  # noqa: BLE001 - whatever one row meets, the others are measured
        told = str(error) if isinstance(error, _EXPECTED) else f"{type(error).__name__}: {error}"
        _tell(told)
        return Row(name, comparison, failure=told.partition("\n")[0], occasion=occasion(_HERE))
    return Row(name, comparison, summaries, occasion=occasion(_HERE))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
