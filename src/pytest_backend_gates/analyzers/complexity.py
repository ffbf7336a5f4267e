"""Cyclomatic complexity: radon's number for every function and method, at any depth.

Closures and the methods of local classes count too, which radon's command line leaves out: a route inside
``create_app()`` is a block. A class is no block: radon's row for it is a mean that hides its methods.
Where radon reports a function or method, the number is equal (``except*`` counts nothing in both).
"""

import ast
import configparser
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from importlib import metadata
from math import ceil, floor
from pathlib import Path
from typing import ClassVar, Final

from pytest_backend_gates.analyzers.configuration import tool_table
from pytest_backend_gates.analyzers.source import SourceFile
from pytest_backend_gates.measurements import Finding, Gauge, Kind, Metric, Plain, Point, Reading
from pytest_backend_gates.model import Advice, Threshold, Verdict
from pytest_backend_gates.units import counted

COMPLEXITY: Final = Metric("complexity", Kind.GAUGE, None, "complexity", "block")


class Complexity:
    """The ``complexity`` of every block: ``src/shop/app.py::create_app.<locals>.route``."""

    name: ClassVar[str] = "complexity"
    metrics: ClassVar[tuple[Metric, ...]] = (COMPLEXITY,)

    def __init__(self) -> None:
        self._no_assert = False

    def prepare(self, files: Sequence[str]) -> None:  # noqa: ARG002 - radon needs no list beforehand
        """Read radon's ``no_assert``. Raises for a configuration file that cannot be read."""
        self._no_assert = _no_assert(Path())

    def fingerprint(self, rootdir: Path) -> str:
        """Return radon's version, and what its configuration says of asserts."""
        return f"radon {metadata.version('radon')}, no_assert {_no_assert(rootdir)}"

    def analyze(self, source: SourceFile) -> Plain:
        """Return ``{"blocks": [[name, complexity, line, end_line], ...]}`` in source order."""
        from radon.complexity import cc_visit_ast

        blocks = []
        for scope in source.scopes:
            if not isinstance(scope.node, ast.ClassDef):
                (block,) = cc_visit_ast(scope.node, no_assert=self._no_assert)
                blocks.append([scope.name, block.complexity, scope.line, scope.end_line])
        return {"blocks": blocks}

    def reduce(self, results: Mapping[str, Plain]) -> Mapping[str, Reading]:
        """One gauge, a point for each block of each file."""
        points = {
            f"{path}::{name}": Point(value, path, line, end_line)
            for path, result in results.items()
            for name, value, line, end_line in result["blocks"]
        }
        unavailable = None if points else f"no function in {counted(len(results), 'source file')}"
        return {COMPLEXITY.name: Reading(Gauge(points), unavailable=unavailable)}

    def advise(self, verdict: Verdict) -> Advice:
        """Say of each block over the limit by how many decisions."""
        return Advice(findings=tuple(_advised(finding, verdict.threshold) for finding in verdict.findings))


def _advised(finding: Finding, threshold: Threshold) -> Finding:
    allowed = _largest_allowed(threshold)
    if finding.value is None or allowed is None or finding.value <= allowed:
        return finding
    excess = ceil(finding.value - allowed)
    return replace(finding, hint=f"{excess} {'decision' if excess == 1 else 'decisions'} too many")


def _largest_allowed(threshold: Threshold) -> int | None:
    """Return the largest complexity within *threshold*; ``None`` when it does not bound single blocks."""
    if threshold.aggregate not in (None, "max"):
        return None
    limit = Fraction(threshold.limit)
    return {"<": ceil(limit) - 1, "<=": floor(limit)}.get(threshold.operator or "")


def _no_assert(rootdir: Path) -> bool:
    # radon.cli would read this too, but a "%" anywhere in [tool] of pyproject.toml makes its import raise.
    merged = configparser.ConfigParser(interpolation=None)
    merged.read(rootdir / "radon.cfg", encoding="utf-8")
    merged.read_dict({"radon": tool_table("radon", rootdir) or {}})
    merged.read(rootdir / "setup.cfg", encoding="utf-8")
    return merged.getboolean("radon", "no_assert", fallback=False)
