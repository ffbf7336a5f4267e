"""The threshold language: grammar, scanner, parser.

    statement  : threshold | name selector? "off" | "preset:" word
    threshold  : name selector? operator quantity
    name       : metric ("." aggregate)?        # the longest metric of the catalogue wins
    selector   : "[" (glob ("," glob)* | "@" set) "]"    # ends at the last "]"
    operator   : "<" | "<=" | ">" | ">=" | "=="
    quantity   : number unit?                   # a unit of the metric's dimension

A ``#`` at the beginning or after a space begins a comment. What a statement means for a metric's kind is
checked here too, so that a typo costs a second and not a test run.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Final, NoReturn

from pytest_backend_gates.errors import did_you_mean
from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.metrics import (
    AGGREGATES,
    PRESETS,
    Catalogue,
    aggregate_of,
    aggregates_text,
    default_aggregate,
    percentile_share,
)
from pytest_backend_gates.model import Origin, Threshold
from pytest_backend_gates.units import OPERATORS, UNITS, units_of

#: Token -> how it looks. The names are the words of the messages.
TOKENS: Final = {
    "a metric": re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*"),
    "a selector": re.compile(r"\[(?P<globs>.*)\]"),
    "an operator": re.compile(r"<=|>=|==|<|>"),
    "a number": re.compile(r"[0-9]+(\.[0-9]+)?(?![0-9.,_])"),
    "a unit": re.compile(r"%|/s\b|[A-Za-zµ]+"),
    "'off'": re.compile(r"off\b"),
    "a colon": re.compile(r":"),
    "a kind": re.compile(r"[A-Za-z]+"),
    "a preset": re.compile(r"preset:\s*(?P<name>[^\s]*)"),
}
#: More digits than any limit needs, and fewer than ``int`` refuses to read.
MOST_DIGITS: Final = 30
_COMMENT = re.compile(r"(^|\s)#.*", re.DOTALL)


class ThresholdSyntaxError(Exception):
    """A statement that cannot be read: what is wrong, where in the text, and what is allowed there."""

    def __init__(self, message: str, source: str, span: tuple[int, int], allowed: str | None = None) -> None:
        super().__init__(message)
        self.message, self.source, self.span, self.allowed = message, source, span, allowed


@dataclass(frozen=True, slots=True)
class Preset:
    """A line that stands for several thresholds."""

    name: str


def strip_comment(text: str) -> str:
    """Return *text* without its comment and the space around it."""
    return _COMMENT.sub("", text).strip()


class Scanner:
    """Reads tokens off *source* from left to right and remembers where the last one stood."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.span = (0, 0)

    def accept(self, token: str) -> re.Match[str] | None:
        """Read *token* and the space after it, if it comes next."""
        match = TOKENS[token].match(self.source, self.position)
        if match is None:
            return None
        self.span = match.span()
        self.position = len(self.source) - len(self.source[match.end() :].lstrip())
        return match

    def expect(self, token: str, allowed: str | None = None) -> re.Match[str]:
        """Read *token*, or raise :class:`ThresholdSyntaxError` at what stands in its place."""
        match = self.accept(token)
        if match is None:
            rest = self.source[self.position :].split()
            self.span = (self.position, self.position + len(rest[0]) if rest else self.position + 1)
            got = f"'{rest[0]}'" if rest else "the end"
            self.fail(f"expected {token}; got {got}", allowed)
        return match

    def expect_end(self, allowed: str = "one threshold a line") -> None:
        """Raise unless everything was read."""
        rest = self.source[self.position :]
        if rest:
            self.span = (self.position, len(self.source))
            self.fail(f"expected the end; got '{rest}'", allowed)

    def fail(self, message: str, allowed: str | None = None) -> NoReturn:
        """Raise :class:`ThresholdSyntaxError` at the last token."""
        raise ThresholdSyntaxError(message, self.source, self.span, allowed)


def parse(
    text: str, catalogue: Catalogue, sets: Mapping[str, Sequence[str]], origin: Origin
) -> Threshold | Preset:
    """Read one statement. Raises :class:`ThresholdSyntaxError`."""
    scanner = Scanner(strip_comment(text))
    preset = scanner.accept("a preset")
    if preset is not None:
        return _preset(scanner, preset)
    name, metric, aggregate = _name(scanner, catalogue)
    selector, globs = _selector(scanner, metric, catalogue.sets, sets)
    if scanner.accept("'off'"):
        scanner.expect_end()
        return Threshold(scanner.source, origin, metric.name, name, aggregate, selector, globs)
    operator = _operator(scanner, metric, aggregate, origin)
    if metric.kind is Kind.TREND and aggregate is None:
        scanner.span = (0, len(name))
        scanner.fail(f"'{name}' needs an aggregate", aggregates_text(metric))
    limit, unit = _quantity(scanner, metric, aggregate)
    scanner.expect_end()
    aggregate = aggregate or default_aggregate(metric, operator)
    return Threshold(
        scanner.source, origin, metric.name, name, aggregate, selector, globs, operator, limit, unit
    )


def _preset(scanner: Scanner, match: re.Match[str]) -> Preset:
    """preset: word"""
    scanner.expect_end()
    name = match["name"]
    if name not in PRESETS:
        scanner.span = match.span("name")
        scanner.fail(f"unknown preset '{name}'", did_you_mean(name, list(PRESETS)))
    return Preset(name)


def _name(scanner: Scanner, catalogue: Catalogue) -> tuple[str, Metric, str | None]:
    """name: metric ("." aggregate)?"""
    known = sorted(catalogue.metrics)
    name = scanner.expect("a metric", did_you_mean("", known)).group()
    metric, word = catalogue.split(name)
    if metric is None:
        scanner.fail(f"unknown metric '{name}'", did_you_mean(name, known))
    try:
        aggregate = aggregate_of(metric, word)
    except ValueError:
        scanner.span = (scanner.span[1] - len(word), scanner.span[1])
        scanner.fail(f"'{metric.name}' has no aggregate '{word}'", _meant(word, metric, known))
    return name, metric, aggregate


def _meant(word: str, metric: Metric, known: Sequence[str]) -> str:
    """Suggest a longer metric or another aggregate for *word*, and say which aggregates there are."""
    start = f"{metric.name}."
    longer = [other.removeprefix(start) for other in known if other.startswith(start)]
    close = get_close_matches(word, [*longer, *AGGREGATES[metric.kind]], 1)
    return (f"did you mean '{start}{close[0]}'? " if close else "") + aggregates_text(metric)


def _selector(
    scanner: Scanner, metric: Metric, measured: Mapping[str, str], sets: Mapping[str, Sequence[str]]
) -> tuple[str | None, tuple[str, ...]]:
    """selector: "[" (glob ("," glob)* | "@" set) "]" """
    match = scanner.accept("a selector")
    if match is None:
        if scanner.source[scanner.position :].startswith("["):
            scanner.span = (scanner.position, len(scanner.source))
            scanner.fail("this selector has no closing ']'")
        return None, ()
    scanner.span = match.span("globs")
    written = match["globs"].strip()
    if written.startswith("@"):
        return written, _members(scanner, metric, measured, sets, written[1:])
    try:
        return written, read_globs(written)
    except ValueError as error:
        scanner.fail(
            str(error), "globs of paths or operations, separated by commas: src/shop/**, POST /orders*"
        )


def _members(
    scanner: Scanner,
    metric: Metric,
    measured: Mapping[str, str],
    sets: Mapping[str, Sequence[str]],
    name: str,
) -> tuple[str, ...]:
    """Return the globs of the set *name*; of a measured one its own name, until its members are known."""
    if name in measured:
        if metric.subject != measured[name]:
            scanner.fail(
                f"'@{name}' holds {measured[name]}s, and '{metric.name}' is not measured by {measured[name]}"
            )
        return (f"@{name}",)
    if name not in sets:
        fitting = [one for one, subject in measured.items() if subject == metric.subject]
        known = [f"@{one}" for one in (*sets, *fitting)]
        scanner.fail(
            f"unknown set '@{name}'", did_you_mean(f"@{name}", known) or "backend_gates_sets names none"
        )
    if not sets[name]:
        scanner.fail(f"the set '@{name}' is empty")
    return tuple(sets[name])


def read_globs(text: str) -> tuple[str, ...]:
    """Read ``glob ("," glob)*``. Raises ``ValueError`` with what is wrong."""
    globs = tuple(glob.strip() for glob in text.split(","))
    if "" in globs:
        raise ValueError("an empty glob")
    for glob in globs:
        if "\\" in glob:
            raise ValueError(f"'{glob}': paths are written with forward slashes")
        if glob.startswith("@"):
            raise ValueError(f"'{glob}': a set stands alone")
    return globs


def _operator(scanner: Scanner, metric: Metric, aggregate: str | None, origin: Origin) -> str:
    """operator: "<" | "<=" | ">" | ">=" | "==" """
    allowed = f"operators: {' '.join(OPERATORS)}, or '{metric.name} off'"
    if origin.kind == "command line" and scanner.position == len(scanner.source):
        allowed += "; a shell takes an unquoted < or > for itself: put the threshold in quotes"
    operator = scanner.expect("an operator", allowed).group()
    if metric.kind is Kind.TREND and operator == "==" and percentile_share(aggregate) is not None:
        scanner.fail("samples cannot prove that a percentile equals something", "operators: < <= > >=")
    return operator


def _quantity(scanner: Scanner, metric: Metric, aggregate: str | None) -> tuple[Fraction, str | None]:
    """quantity: number unit?"""
    digits = scanner.expect("a number", "digits, with a decimal point if need be: 80, 99.5").group()
    if len(digits) > MOST_DIGITS:
        scanner.fail("this number is too long", f"at most {MOST_DIGITS} digits")
    number, start = Fraction(digits), scanner.span[0]
    unit = _unit(scanner, metric, aggregate, start)
    if metric.kind is Kind.RATE and number > 100:
        scanner.fail("a rate is never above 100%")
    if metric.kind is Kind.COUNTER and number.denominator != 1:
        scanner.fail(f"'{metric.name}' counts: its limit is a whole number")
    return (number * UNITS[unit][1] if unit else number), unit


def _unit(scanner: Scanner, metric: Metric, aggregate: str | None, start: int) -> str | None:
    """Read ``unit?``, after the number that begins at *start*."""
    match = scanner.accept("a unit")
    unit = match.group() if match else None
    counted = aggregate == "count"
    allowed = () if counted or metric.unit is None else units_of(metric.unit)
    scanner.span = (start, scanner.span[1])
    if unit not in (allowed or (None,)):
        _refuse_unit(scanner, f"{metric.name}.count" if counted else metric.name, unit, allowed)
    return unit


def _refuse_unit(scanner: Scanner, name: str, unit: str | None, allowed: Sequence[str]) -> NoReturn:
    if not allowed:
        scanner.fail(f"'{name}' has no unit", "write the number alone")
    problem = f"'{unit}' is not a unit of '{name}'" if unit else f"'{name}' needs a unit"
    scanner.fail(problem, f"units: {', '.join(allowed)}")
