"""How many processes the static scan believes to run tests: it leaves a core to each."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

#: Writes down what the scan asks for its cores with.
CONFTEST = """
from pathlib import Path
from pytest_backend_gates.probes import static

def spare_cores(tests):
    Path("asked").write_text(str(tests))
    return 1

static.spare_cores = spare_cores
"""
WAYS = {
    ("-p", "no:xdist"): 1,
    ("-n0",): 1,
    ("-n1",): 1,
    ("-n3",): 3,
    ("-n2", "--dist=loadfile"): 2,
    ("--tx=2*popen", "--tx=popen", "--dist=load"): 3,
    ("--dist=load",): 1,  # which distributes nothing by itself
}


@pytest.mark.parametrize(("mode", "tests"), WAYS.items(), ids=list(map(" ".join, WAYS)))
def test_a_process_of_tests_has_a_core(single: "Project", mode: tuple[str, ...], tests: int) -> None:
    """One, or as many as xdist starts, however it is told so."""
    project = replace(single, mode=mode).file("conftest.py", CONFTEST)
    project.file("tests/test_app.py", "def test_nothing(): ...\n")
    assert project.gates("--backend-gates-only=complexity").rows()["complexity"] == "PASSED"
    assert (project.root / "asked").read_text() == str(tests)
