"""The words of one row of the terminal block: what was asked, what was found, what to look at."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_backend_gates.measurements import Finding, Kind, Number
from pytest_backend_gates.model import GateReport, Outcome, Threshold, Verdict
from pytest_backend_gates.reports.layout import columns, flowed, padded, printable, wrapped
from pytest_backend_gates.units import decimal_text, quantity_text, shown_beside

#: So many findings, and so many lines of a long message, are shown without ``-v``.
MOST: Final = 10
#: A place, name or value wider than this part of the room does not push the columns of the others away.
PARTS: Final = (2, 3, 3)
#: Of one finding: place, name, what, help.
Cells = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a verdict, or a gate that has none. All texts are escaped."""

    outcome: Outcome
    red: bool
    #: The gate's name, or the metric's where the gate has several rows.
    label: str
    comparison: str
    selector: str
    reason: str
    hint: str | None
    #: The ini line that would accept what was measured.
    relax: str | None = None
    verdict: Verdict | None = None

    @property
    def summary(self) -> str:
        """The row as one sentence: ``complexity 14 < 10: 2 of 214 blocks over``."""
        head = f"{self.label}{self.selector} {self.comparison}".rstrip()
        return f"{head}: {self.reason}" if self.reason else head

    @property
    def remedy(self) -> tuple[str, str] | None:
        """What would turn a red row, in a word and a text: the line that accepts what was measured, or what to do
        where nothing was: no limit accepts an error, and a line that matches nothing has to go.
        """
        if not (self.red and self.relax) or self.verdict is None:
            return None
        if self.outcome is Outcome.ERROR:
            gate = printable(self.verdict.metric.gate)
            return "without it: ", f"{self.relax}, or --backend-gates-skip={gate}"
        if self.outcome is Outcome.NO_DATA:
            rule = self.verdict.threshold
            if rule.from_preset:  # it stands nowhere
                return "without it: ", printable(f"{rule.left_side} off")
            return "change or delete: ", printable(f"{rule.text} ({rule.origin})")
        return "relax: ", self.relax

    @property
    def says_it_all(self) -> bool:
        """Whether there is but one error, and the row's reason is that."""
        if self.outcome is not Outcome.ERROR or self.verdict is None or len(self.verdict.findings) != 1:
            return False
        return self.verdict.findings[0].message in self.verdict.reason and not self.verdict.findings[0].hint

    @property
    def needs_help(self) -> bool:
        """Whether the reader can do something about this row."""
        unproven = self.verdict.unproven if self.verdict else 0
        return self.red or self.outcome is Outcome.SKIPPED or unproven > 0


def rows_of(gate: GateReport) -> list[Row]:
    """Return the rows of *gate*: one a verdict, or one that says why there is no verdict."""
    if not gate.rows:
        hint = gate.hint and printable(gate.hint)
        return [Row(gate.outcome, gate.red, printable(gate.gate), "", "", printable(gate.reason), hint)]
    alone = len(gate.rows) == 1
    return [_row(verdict, gate.gate if alone else verdict.metric.name) for verdict in gate.rows]


def _row(verdict: Verdict, label: str) -> Row:
    rule = verdict.threshold
    reason = verdict.reason
    if rule.is_off and str(rule.origin) not in reason:
        reason = f"{reason} ({rule.origin})".lstrip()
    return Row(
        outcome=verdict.outcome,
        red=verdict.red,
        label=printable(label),
        comparison=printable(comparison(verdict, label)),
        selector=printable(f"[{rule.selector}]") if rule.selector else "",
        reason=printable(reason),
        hint=verdict.hint and printable(verdict.hint),
        relax=verdict.relax and printable(verdict.relax),
        verdict=verdict,
    )


def row_text(verdict: Verdict, name: str) -> str:
    """Return *verdict* on the subject *name* as plain text, for a test that fails by it."""
    metric = verdict.metric.name
    head = f"{verdict.outcome}  {metric}[{name}]  {comparison(verdict, metric)}  {verdict.reason}"
    unsure = verdict.outcome is Outcome.SKIPPED
    return "\n".join([head, *(f"  {finding.message}" for finding in verdict.findings if not unsure)])


def comparison(verdict: Verdict, label: str) -> str:
    """Return ``87.3% > 80%``, with whatever the *label* leaves out: ``0 high == 0``, ``p95 78 ms < 100 ms``."""
    rule = verdict.threshold
    if rule.operator is None:
        return "off"
    name = verdict.metric.name
    rest = "" if name == label else name.removeprefix(f"{label}.")
    if verdict.metric.kind is Kind.COUNTER and rest == f"{verdict.metric.subject}s":
        rest = ""  # it only says what is counted
    value = "" if verdict.value is None else value_text(verdict.value, rule)
    aggregate = rule.aggregate if rule.name != rule.metric else ""  # only what was written
    words = [value, rest] if verdict.metric.kind is Kind.COUNTER else [rest, aggregate, value]
    return " ".join([*filter(None, words), rule.operator, quantity_text(rule.limit, rule.unit)])


def value_text(value: Number, rule: Threshold) -> str:
    """Return *value* in the unit of *rule*, never rounded across its limit."""
    if rule.operator is None:
        return decimal_text(value, 3)
    return shown_beside(value, rule.limit, rule.operator, rule.unit)


def finding_lines(verdict: Verdict, room: int, verbosity: int) -> Iterator[str]:
    """Yield the findings of *verdict* in columns, each a line of *room* columns or, if need be, several."""
    shown = verdict.findings if verbosity > 0 else verdict.findings[:MOST]
    table = [_cells(finding, verdict.threshold) for finding in shown]
    widths = [_width([cells[column] for cells in table], room // part) for column, part in enumerate(PARTS)]
    for cells, finding in zip(table, shown, strict=True):
        yield from _aligned(cells, [*widths, 0], room)
        yield from _quoted(finding, room, verbosity)
    hidden = len(verdict.findings) - len(shown)
    if hidden:
        yield f"... and {hidden:,} more (-v shows all)"


def _width(cells: Sequence[str], widest: int) -> int:
    return max((columns(cell) for cell in cells if columns(cell) <= widest), default=0)


def _aligned(cells: Cells, widths: Sequence[int], room: int) -> list[str]:
    """Put *cells* on one line, each as wide as its column, or one after the other where they have no room."""
    used = [padded(cell, width) for cell, width in zip(cells, widths, strict=True) if cell or width]
    line = "  ".join(used).rstrip()
    return [line] if columns(line) <= room else flowed([cell for cell in cells if cell], room)


def _cells(finding: Finding, rule: Threshold) -> Cells:
    """Return place, name, what and help. *What* is the value, or the message when that says more."""
    place, name = printable(finding.place) or "-", printable(_name(finding))
    message = next(iter(finding.message.splitlines()), "")
    help_ = finding.hint or ""
    if finding.value is None:
        what = " ".join(filter(None, [finding.code, message]))
    else:
        what = value_text(finding.value, rule)
        if re.search(rf"(?<![\w.]){re.escape(what)}(?![\w.])", message):
            what = message
        else:
            help_ = help_ or message
    return place, name, printable(what), printable(help_)


def _name(finding: Finding) -> str:
    """Return what the place leaves out of the subject: its qualified name, or all of it."""
    if finding.path is None or finding.subject == finding.path:
        return ""
    return finding.subject.removeprefix(f"{finding.path}::")


def _quoted(finding: Finding, room: int, verbosity: int) -> Iterator[str]:
    """Yield the lines after the first of a message, such as the end of a traceback, each behind a bar."""
    rest = finding.message.splitlines()[1:]
    shown = rest if verbosity > 0 else rest[-MOST:]
    if len(shown) < len(rest):
        yield f"  | ... {len(rest) - len(shown):,} lines before (-v shows all)"
    for line in (line.expandtabs(4).rstrip() for line in shown):
        margin = "  | " + " " * min(len(line) - len(line.lstrip()), 8)
        yield from (margin + piece for piece in wrapped(line.lstrip(), room - len(margin)))
