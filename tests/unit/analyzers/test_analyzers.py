"""The table of analyzers."""

import subprocess
import sys

import pytest

from pytest_backend_gates.analyzers import BUILT_IN, analyzer_named


def test_built_in_analyzers_declare_the_metrics_of_their_gates() -> None:
    """Each metric of the two gates is declared once, with its kind and subject."""
    declared = [(m.name, m.kind.value, m.gate, m.subject) for a in BUILT_IN for m in a.metrics]
    assert declared == [
        ("complexity", "gauge", "complexity", "block"),
        ("security.high", "counter", "security", "finding"),
        ("security.medium", "counter", "security", "finding"),
        ("security.low", "counter", "security", "finding"),
        ("security.suppressed", "counter", "security", "suppression"),
    ]


@pytest.mark.parametrize("name", [analyzer.name for analyzer in BUILT_IN])
def test_an_analyzer_is_found_by_its_name(name: str) -> None:
    """The name decides which analyzer runs."""
    assert analyzer_named(name).name == name


def test_unknown_analyzer_is_a_key_error() -> None:
    """A name that nobody has is a mistake of the caller."""
    with pytest.raises(KeyError, match="tidiness"):
        analyzer_named("tidiness")


def test_importing_the_analyzers_imports_no_engine() -> None:
    """The process that runs the tests pays for no engine."""
    code = (
        "import sys, pytest_backend_gates.probes.static; print({'radon', 'bandit', 'yaml'} & {*sys.modules})"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"
