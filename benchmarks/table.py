"""The table: medians of both sides, ratios, spreads, goals, and the commands behind them."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from benchmarks.comparison import Comparison, Goal
from benchmarks.figures import UNITS, Summary, differences, quartiles, ratio

_PACKAGES: Final = (
    "pytest-backend-gates",
    "pytest",
    "coverage",
    "pytest-cov",
    "pytest-xdist",
    "radon",
    "bandit",
    "schemathesis",
    "hypothesis",
    "fastapi",
    "starlette",
    "litestar",
    "flask",
    "werkzeug",
    "django",
    "sqlalchemy",
)
COMMANDS: Final = "## Commands"
_COLUMNS: Final = (
    "comparison",
    "side",
    "wall",
    "CPU",
    "peak memory",
    "pairs",
    "ratio wall",
    "ratio CPU",
    "goal",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A comparison and what was measured, and on which *occasion*; *failure* says why it could not be."""

    name: str
    comparison: Comparison | None = None
    summaries: tuple[Summary, Summary] | None = None
    failure: str | None = None
    occasion: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it was measured and every goal was met."""
        if self.comparison is None or self.summaries is None:
            return False
        ours, theirs = self.summaries
        return all(goal.is_met(ours, theirs) for goal in self.comparison.goals)


def document(rows: Sequence[Row], conditions: str) -> str:
    """Return everything as Markdown: *conditions*, the table, the commands."""
    lines = [
        "# Results",
        "",
        "Written by `python -m benchmarks`, each row when it was measured last. Medians, in brackets the distance between the quartiles as a share of them;",
        "CPU is user and system time of all processes, peak memory that of the largest one. In the rows of the taps the",
        "times are what a request (or a statement, where a database is asked) costs more than without the observer; in",
        "those of judging they are without the time for making the project up. What is told with a sign is the median of the",
        "differences within the pairs, the ratios are those of the medians. `$ROOT` is this project's folder.",
        "",
        conditions,
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "|" + "---|" * len(_COLUMNS),
        *(line for row in rows for line in _lines(row)),
        "",
        COMMANDS,
        "",
        *(line for row in rows if row.comparison for line in _commands(row, row.comparison)),
    ]
    return "\n".join(lines) + "\n"


def conditions() -> str:
    """Say on what was measured: the machine, Python, and the versions of everything that takes part."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.platform()}, {cores} cores, Python {platform.python_version()}; {versions}."


def _lines(row: Row) -> Iterator[str]:
    comparison = row.comparison
    if comparison is None or row.summaries is None:
        yield f"| {row.name} | not measured: {row.failure} |" + " |" * (len(_COLUMNS) - 2)
        return
    ours, theirs = row.summaries
    ratios = [f"{ratio(ours, theirs, what):.2f}" if comparison.alike else "" for what in ("wall", "cpu")]
    goals = "; ".join(_goal(goal, ours, theirs) for goal in comparison.goals)
    figures = [_costs(ours), str(len(ours.costs)), *ratios, goals]
    yield f"| {comparison.name} | {comparison.ours.name} | {' | '.join(figures)} |"
    yield f"| | {comparison.theirs.name} | {_costs(theirs)} | | | | |"


def _costs(summary: Summary) -> str:
    return " | ".join(_cost(summary, what, unit) for what, unit in UNITS.items())


def _cost(summary: Summary, what: str, unit: str) -> str:
    spread = summary.spread(what)
    return _text(summary.median(what), unit) + ("" if spread is None else f" ({spread:.0%})")


def _goal(goal: Goal, ours: Summary, theirs: Summary) -> str:
    unit = "x" if goal.kind == "ratio" else UNITS[goal.what]
    sign = "+" if goal.kind == "difference" else ""
    met = "met" if goal.is_met(ours, theirs) else "MISSED"
    reached, limit = _apart(goal.reached(ours, theirs), goal.limit, unit, sign)
    between = quartiles(differences(ours, theirs, goal.what)) if goal.kind == "difference" else None
    quarters = f" (quartiles {' to '.join(_text(one, unit, sign) for one in between)})" if between else ""
    return f"{goal.what}{' to its first command' * goal.to_first} {reached}{quarters}, at most {limit}: {met}"


def _apart(reached: float, limit: float, unit: str, sign: str) -> tuple[str, str]:
    """Write both with as many digits as it takes to tell them apart."""
    for digits in range(3, 17):
        texts = _text(reached, unit, sign, digits), _text(limit, unit, sign, digits)
        if reached == limit or texts[0] != texts[1]:
            break
    return texts


def _text(value: float, unit: str, sign: str = "", digits: int = 3) -> str:
    """Write a quantity; of seconds those below a thousandth in microseconds."""
    if unit == "s" and 0 < abs(value) < 0.001:
        value, unit = value * 1e6, "us"
    return f"{value:{sign}.{digits}g}{unit if unit == 'x' else f' {unit}'}"


def _commands(row: Row, comparison: Comparison) -> Iterator[str]:
    yield f"- {comparison.name} ({row.occasion})"
    summaries = row.summaries or (Summary(()), Summary(()))
    for side, summary in zip((comparison.ours, comparison.theirs), summaries, strict=True):
        yield f"  - {side.name}"
        for number, command in enumerate(side.commands):
            cost = _costs(summary.parts[number]).replace(" |", ",") if summary.parts else ""
            yield f"    - `{command}`{cost and f': {cost}'}"
