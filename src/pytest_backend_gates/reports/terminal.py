"""The block at the end of pytest's output, and one gate's text for its test report.

Lines are data: a text and the markup that pytest's terminal writer may give it, so ``NO_COLOR`` and
``--color=no`` need nothing here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pytest_backend_gates.model import GateReport, Outcome, SessionReport
from pytest_backend_gates.reports.layout import columns, padded, printable, wrapped
from pytest_backend_gates.reports.rows import Row, finding_lines, rows_of

#: The title of the block.
TITLE: Final = "backend gates"
#: A reason gets at least so many columns beside its row, or it stands below it.
REASON_ROOM: Final = 32
#: Findings get at least so many columns.
FINDING_ROOM: Final = 58
NARROWEST: Final = 24

_RED: Final = {"red": True}
_GREEN: Final = {"green": True}
_YELLOW: Final = {"yellow": True}
_MARKUP: Final[dict[Outcome, dict[str, bool]]] = {
    Outcome.OFF: {},
    Outcome.PASSED: _GREEN,
    Outcome.WAIVED: _YELLOW,
    Outcome.SKIPPED: _YELLOW,
    Outcome.NO_DATA: _RED,
    Outcome.FAILED: _RED,
    Outcome.ERROR: _RED,
}
#: What the last line counts beside the gates that passed or failed.
_ASIDE: Final = (Outcome.WAIVED, Outcome.SKIPPED, Outcome.OFF)
#: What a reason only says at length, after words that a quiet run can do with. Of others a colon is a part.
_AT_LENGTH: Final = re.compile(r"(?<=\)): [^:]+ judged in full runs$|(?<=\Ano HTTP traffic): .*\Z", re.DOTALL)


class Line(NamedTuple):
    """One line and how it may be marked up: ``reporter.write_line(line.text, **line.markup)``."""

    text: str
    markup: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of the block begin."""

    width: int
    label: int
    comparison: int
    reason: int
    #: Of everything under a row.
    details: int

    @classmethod
    def of(cls, rows: Iterable[Row], width: int) -> "Columns":
        """Return the columns in which *rows* fit into *width*."""
        rows = list(rows)
        label = 2 + max((len(row.outcome) for row in rows), default=0)
        comparison = label + 2 + max((columns(row.label) for row in rows), default=0)
        details = max(2, min(comparison + 2, width - FINDING_ROOM))
        reason = comparison + max((columns(row.comparison) + 2 for row in rows if row.comparison), default=0)
        return cls(width, label, comparison, min(reason, width - REASON_ROOM), details)


def lines(report: SessionReport, width: int, verbosity: int = 0) -> list[Line]:
    """Return the block for a terminal of *width* columns.

    *verbosity* is pytest's: below 0 only red rows and the last line, or why a gate was skipped where nothing is
    red; above 0 every finding. A path or an ini line to paste is never cut, so only such a line can be wider
    than *width*.
    """
    width = max(width, NARROWEST)
    if report.outcome == "incomplete":
        return _no_verdict(report, width)
    gates = [(gate, rows_of(gate)) for gate in report.gates]
    places = Columns.of((row for _, rows in gates for row in rows), width)
    block = [line for gate, rows in gates for line in _gate(gate, rows, places, verbosity)]
    notes = _notes(report, width) if verbosity >= 0 else _skipped(report, width)
    return [*block, *notes, *_last_line(report, width)]


def gate_text(gate: GateReport, width: int, verbosity: int = 0) -> str:
    """Return the plain text of one gate, for a test report. Its first line, never wrapped, sums it up."""
    width = max(width, NARROWEST)
    rows = rows_of(gate)
    text: list[str] = []
    for row in [row for row in rows if row.red] or rows:
        text += [row.summary, *_indented(_details(row, width - 2, verbosity), 2)]
    return "\n".join([*text, *_indented(_gate_hint(gate, rows, width - 2), 2)])


def _no_verdict(report: SessionReport, width: int) -> list[Line]:
    why = report.notes[0] if report.notes else "the session did not end"
    return [Line(text, _YELLOW) for text in _hanging("no verdict: ", why, width)]


def _notes(report: SessionReport, width: int) -> list[Line]:
    return [Line(text, {}) for note in report.notes for text in _hanging("note: ", note, width)]


def _skipped(report: SessionReport, width: int) -> list[Line]:
    """Return in short why gates were skipped: a quiet run that ends green must not look as if all had passed."""
    skipped = [gate for gate in report.gates if gate.outcome is Outcome.SKIPPED]
    if not skipped or any(gate.red for gate in report.gates):
        return []
    by_reason: dict[str, list[str]] = {}
    for gate in skipped:
        by_reason.setdefault(_AT_LENGTH.sub("", gate.reason), []).append(gate.gate)
    told = "; ".join(f"{', '.join(gates)}: {reason}" for reason, gates in by_reason.items())
    return [Line(text, _YELLOW) for text in _hanging("skipped: ", told, width)]


def _gate(gate: GateReport, rows: list[Row], places: Columns, verbosity: int) -> Iterator[Line]:
    """Yield the rows of *gate* with what stands under them; of a quiet run only the red rows themselves."""
    if verbosity < 0:
        for row in (row for row in rows if row.red):
            yield from _headline(row, places)
        return
    room = places.width - places.details
    for row in rows:
        yield from _headline(row, places)
        yield from _under(_details(row, room, verbosity), places)
    yield from _under(_gate_hint(gate, rows, room), places)


def _under(texts: Iterable[str], places: Columns) -> Iterator[Line]:
    return (Line(text, {}) for text in _indented(texts, places.details))


def _headline(row: Row, places: Columns) -> Iterator[Line]:
    markup = _RED if row.red else _MARKUP[row.outcome]
    return (Line(text, markup) for text in _headline_texts(row, places))


def _headline_texts(row: Row, places: Columns) -> Iterator[str]:
    """Yield a row's outcome, label, comparison and reason; the reason stands below where it has no room beside."""
    label = padded(f"{padded(row.outcome, places.label)}{row.label}", places.comparison)
    head = f"{label}{row.comparison}".rstrip()
    reason = f"{row.selector} {row.reason}".strip()
    if columns(head) + 2 <= places.reason:
        first, *rest = wrapped(reason, places.width - places.reason)
        yield f"{padded(head, places.reason)}{first}".rstrip()
        yield from _indented(rest, places.reason)
        return
    yield from [head] if columns(head) <= places.width else _hanging("", " ".join(head.split()), places.width)
    yield from _indented(filter(None, wrapped(reason, places.width - places.details)), places.details)


def _details(row: Row, room: int, verbosity: int) -> Iterator[str]:
    """Yield what stands under a row: findings, the line that would accept them, a hint."""
    if not row.needs_help:
        return
    if row.verdict is not None and not row.says_it_all and (row.red or verbosity > 0):
        yield from finding_lines(row.verdict, room, verbosity)
    if row.remedy:
        word, text = row.remedy
        yield from [f"{word}{text}"] if word == "relax: " else wrapped(f"{word}{text}", room)
    if row.hint:
        yield from _hanging("hint: ", row.hint, room)


def _gate_hint(gate: GateReport, rows: list[Row], room: int) -> list[str]:
    """Return the gate's own hint, unless a row has already given it."""
    if not gate.hint or not gate.rows or gate.outcome in (Outcome.OFF, Outcome.PASSED, Outcome.WAIVED):
        return []
    return [] if printable(gate.hint) in [row.hint for row in rows] else _hanging("hint: ", gate.hint, room)


def _last_line(report: SessionReport, width: int) -> list[Line]:
    """``2 of 5 gates failed, 1 skipped in 14.2 s (gates added 0.4 s)``"""
    red = sum(gate.red for gate in report.gates)
    calm = Counter(gate.outcome for gate in report.gates if not gate.red)
    text, markup = _failed(red, len(report.gates)) if red else _passed(calm)
    text += "".join(f", {calm[outcome]} {outcome.lower()}" for outcome in _ASIDE if calm[outcome])
    text += f" in {report.seconds:,.1f} s (gates added {report.gates_seconds:,.1f} s)"
    return [Line(line, {**markup, "bold": True}) for line in _hanging("", text, width)]


def _failed(red: int, total: int) -> tuple[str, dict[str, bool]]:
    return (f"{red} of {total} gates failed" if total > 1 else "1 gate failed"), _RED


def _passed(calm: Mapping[Outcome, int]) -> tuple[str, dict[str, bool]]:
    count = calm[Outcome.PASSED]
    if count:
        return f"{count} gate{'' if count == 1 else 's'} passed", _GREEN
    return "no gate passed" if calm[Outcome.WAIVED] else "no gate judged", _YELLOW


def _hanging(title: str, text: str, room: int) -> list[str]:
    """Break *text* into lines that hang under its *title*, or two columns in, never at the first column."""
    margin = len(title) or 2
    first, *rest = wrapped(text, room - margin) if columns(text) > room - len(title) else [printable(text)]
    return [f"{title}{first}", *_indented(rest, margin)]


def _indented(texts: Iterable[str], by: int) -> Iterator[str]:
    return (" " * by + text for text in texts)
