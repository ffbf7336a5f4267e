"""An analyzer: the share of functions whose parameters and result are all annotated.

    backend_gates_thresholds = annotations >= 90%

It runs in the process of the static scan, which imports this module by its name.
"""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_backend_gates import (
    Advice,
    Analyzer,
    Finding,
    Kind,
    Metric,
    Rate,
    Ratio,
    Reading,
    SourceFile,
    Verdict,
)

ANNOTATIONS = Metric("annotations", Kind.RATE, "%", gate="annotations", subject="file")


class Annotations(Analyzer):
    """Reads the syntax tree that all analyzers share."""

    name = "annotations"
    metrics = (ANNOTATIONS,)

    def __init__(self) -> None:
        self._bare: dict[str, list[tuple[str, int]]] = {}

    def prepare(self, files: Sequence[str]) -> None:
        """There is nothing to prepare."""

    def fingerprint(self, rootdir: Path) -> str:  # noqa: ARG002 - there is nothing to configure
        """Return which rules these are: another number, and what was kept of earlier scans is forgotten."""
        return "annotations 1"

    def analyze(self, source: SourceFile) -> dict[str, Any]:
        """Return how many functions there are in a file, and the name and line of those that are not annotated."""
        functions = [scope for scope in source.scopes if not isinstance(scope.node, ast.ClassDef)]
        bare = [(scope.name, scope.line) for scope in functions if not _is_annotated(scope.node)]
        return {"functions": len(functions), "bare": bare}

    def reduce(self, results: Mapping[str, dict[str, Any]]) -> Mapping[str, Reading]:
        """Return one rate: the annotated functions of all, by file."""
        self._bare = {path: one["bare"] for path, one in results.items()}
        ratios = {
            path: Ratio(one["functions"] - len(one["bare"]), one["functions"])
            for path, one in results.items()
        }
        return {ANNOTATIONS.name: Reading(Rate(ratios, of="functions"))}

    def advise(self, verdict: Verdict) -> Advice:  # noqa: ARG002
        """Show the functions to annotate."""
        findings = tuple(
            Finding(f"{path}::{name}", "not annotated", path=path, line=line)
            for path, bare in self._bare.items()
            for name, line in bare
        )
        return Advice(findings=findings)


def _is_annotated(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    named = [one for one in given if one.arg not in ("self", "cls")]
    return node.returns is not None and all(one.annotation is not None for one in named)


def pytest_backend_gates_analyzers() -> list[str]:
    """Add the analyzer, by a reference that another process can import."""
    return ["gate_plugins.annotations:Annotations"]
