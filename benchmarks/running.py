"""Runs commands and measures what they cost."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from benchmarks.comparison import Command, Comparison, Side
from benchmarks.figures import KILOBYTES_IN_A_UNIT, Cost, Summary

#: What would make a run of the benchmarks differ from a user's run.
_FOREIGN: Final = ("PYTEST", "COV", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "CI")


class CommandError(Exception):
    """A command could not be started, or ended with a status that it should not have."""


def measured(command: Command, log: Path) -> Cost:
    """Run *command*, its output into *log*, and return its cost, with that of the processes it waited for.

    Raises :class:`CommandError`. Works on POSIX only. Linux never tells less memory than this process has itself,
    which is little.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    with log.open("wb") as output:
        start = time.perf_counter()
        process = _started(command, kept | dict(command.environment), output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.statuses:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise CommandError(f"{command} ended with status {process.returncode}:\n{tail}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024 / KILOBYTES_IN_A_UNIT)


def _started(command: Command, environment: Mapping[str, str], output: BinaryIO) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command.words,
            cwd=command.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise CommandError(f"{command} could not be started: {error.strerror}") from error


def run_once(side: Side, log: Path) -> Cost:
    """Run the commands of *side* one after the other, and return what they cost together."""
    costs = [measured(command, log) for command in side.commands]
    return sum(costs[1:], costs[0]) if side.told is None else side.told()


def compared(
    comparison: Comparison, pairs: int, log: Path, tell: Callable[[str], None]
) -> tuple[Summary, Summary]:
    """Warm both sides up, check that they find the same, and measure *pairs* alternating pairs.

    Raises what :meth:`Comparison.check` and :func:`measured` raise.
    """
    comparison.before()
    for side in (comparison.ours, comparison.theirs):
        run_once(side, log)
    comparison.check()
    ours: list[Cost] = []
    theirs: list[Cost] = []
    for number in range(pairs):
        tell(f"{comparison.name}: pair {number + 1} of {pairs}")
        comparison.before()
        order = [(comparison.ours, ours), (comparison.theirs, theirs)]
        for side, costs in order if number % 2 else reversed(order):
            costs.append(run_once(side, log))
    comparison.check()
    return Summary(tuple(ours)), Summary(tuple(theirs))
