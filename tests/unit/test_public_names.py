"""What is public is what the package lists, and nothing is imported before it is asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_backend_gates

PUBLIC = [
    "Advice",
    "Analyzer",
    "Counter",
    "Finding",
    "GateReport",
    "Gauge",
    "Kind",
    "LatencyBudget",
    "Metric",
    "Outcome",
    "OwnMetrics",
    "Point",
    "Probe",
    "QueryBudget",
    "QueryBudgetError",
    "Rate",
    "Ratio",
    "Reading",
    "RecordError",
    "Renderer",
    "Samples",
    "SessionReport",
    "SourceFile",
    "Threshold",
    "Trend",
    "Verdict",
]


def test_the_public_names_are_these() -> None:
    """A public name is added or removed on purpose only."""
    assert pytest_backend_gates.__all__ == PUBLIC
    assert dir(pytest_backend_gates) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_can_be_had(name: str) -> None:
    """The table of contents leads to the thing of that name."""
    assert getattr(pytest_backend_gates, name).__name__ == name


def test_type_checkers_see_the_same_names() -> None:
    """What is imported for type checkers is the list that is used at run time."""
    tree = ast.parse(Path(pytest_backend_gates.__file__).read_text(encoding="utf-8"))
    imported = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytest_backend_gates.")
        for alias in node.names
    ]
    assert sorted(imported) == PUBLIC


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name is refused as by any module."""
    with pytest.raises(AttributeError, match="module 'pytest_backend_gates' has no attribute 'Gate'"):
        pytest_backend_gates.Gate  # noqa: B018 - the access is what is tested


def test_importing_the_package_imports_nothing_of_it() -> None:
    """Installed but not asked for, the package costs one small file."""
    code = "import sys, pytest_backend_gates; print([m for m in sys.modules if m.startswith('pytest_backend_gates.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
