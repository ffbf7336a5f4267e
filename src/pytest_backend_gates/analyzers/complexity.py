"""Cyclomatic complexity: radon's number for every function and method, at any depth.

Closures and the methods of local classes count too, which radon's command line leaves out: a route inside
``create_app()`` is a block. A class is no block: radon's row for it is a mean that hides its methods.
Where radon reports a function or method, the number is equal (``except*`` counts nothing in both); files that
its own configuration leaves out have no blocks, and a note says how many there are.
"""

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from importlib import metadata
from math import ceil, floor
from pathlib import Path
from typing import ClassVar, Final

from pytest_backend_gates.analyzers.radon_settings import RadonSettings, radon_settings
from pytest_backend_gates.analyzers.source import SourceFile
from pytest_backend_gates.blocks import Blocks, Columns
from pytest_backend_gates.measurements import Finding, Gauge, Kind, Metric, Number, Plain, Reading
from pytest_backend_gates.model import Advice, Threshold, Verdict
from pytest_backend_gates.units import counted

COMPLEXITY: Final = Metric("complexity", Kind.GAUGE, None, "complexity", "block")


class Complexity:
    """The ``complexity`` of every block: ``src/shop/app.py::create_app.<locals>.route``."""

    name: ClassVar[str] = "complexity"
    metrics: ClassVar[tuple[Metric, ...]] = (COMPLEXITY,)

    def __init__(self) -> None:
        self._settings = RadonSettings()

    def prepare(self, files: Sequence[str]) -> None:  # noqa: ARG002 - radon needs no list beforehand
        """Read radon's configuration. Raises for a file of it that cannot be read."""
        self._settings = radon_settings(Path())

    def fingerprint(self, rootdir: Path) -> str:
        """Return radon's version, and what counts of its configuration."""
        return f"radon {metadata.version('radon')}, {radon_settings(rootdir)}"

    def analyze(self, source: SourceFile) -> Plain:
        """Return the columns of the file's blocks, in source order; none of a file that radon would leave out."""
        if self._settings.leaves_out(source.path):
            return {}
        scopes = [scope for scope in source.scopes if not isinstance(scope.node, ast.ClassDef)]
        return {
            "names": [scope.name for scope in scopes],
            "values": [self._complexity(scope.node) for scope in scopes],
            "lines": [scope.line for scope in scopes],
            "end_lines": [scope.end_line for scope in scopes],
        }

    def _complexity(self, node: ast.AST) -> int:
        from radon.complexity import cc_visit_ast

        (block,) = cc_visit_ast(node, no_assert=self._settings.no_assert)
        return int(block.complexity)

    def reduce(self, results: Mapping[str, Plain]) -> Mapping[str, Reading]:
        """One gauge, a point for each block of each file."""
        measured = {path: columns for path, columns in results.items() if columns}
        blocks = Blocks([Columns(path, **columns) for path, columns in measured.items()])
        if results and not measured:
            reason = f"radon's own configuration leaves out all {counted(len(results), 'source file')}"
            return {COMPLEXITY.name: Reading(Gauge(blocks), unavailable=reason)}
        unavailable = None if blocks else f"no function in {counted(len(measured), 'source file')}"
        notes = _left_out(len(results) - len(measured), len(results))
        return {COMPLEXITY.name: Reading(Gauge(blocks), unavailable=unavailable, notes=notes)}

    def advise(self, verdict: Verdict) -> Advice:
        """Say of each block over the limit by how many decisions."""
        allowed = _largest_allowed(verdict.threshold)
        if allowed is None:
            return Advice()
        return Advice(findings=tuple(_advised(finding, allowed) for finding in verdict.findings))


def _left_out(count: int, total: int) -> tuple[str, ...]:
    told = f"complexity: radon's own configuration leaves out {count:,} of {counted(total, 'source file')}"
    return (told,) if count else ()


def _advised(finding: Finding, allowed: int) -> Finding:
    if finding.value is None or finding.value <= allowed:
        return finding
    return finding.with_hint(_too_many(finding.value, allowed))


@lru_cache  # there may be a hundred thousand findings, with few different values
def _too_many(value: Number, allowed: int) -> str:
    excess = ceil(value - allowed)
    return f"{excess} {'decision' if excess == 1 else 'decisions'} too many"


def _largest_allowed(threshold: Threshold) -> int | None:
    """Return the largest complexity within *threshold*; ``None`` when it does not bound single blocks."""
    if threshold.aggregate not in (None, "max"):
        return None
    limit = Fraction(threshold.limit)
    return {"<": ceil(limit) - 1, "<=": floor(limit)}.get(threshold.operator or "")
