"""How many cores are left beside the tests."""

import os
import sys
from pathlib import Path

import pytest

from pytest_backend_gates.analyzers import cores
from pytest_backend_gates.analyzers.cores import spare_cores


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Pretend that this process may run on eight cores; return the file that says how much of them it may use."""
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(cores, "_QUOTA", str(tmp_path / "cpu.max"))
    monkeypatch.setattr(cores, "_OLD_QUOTA", (str(tmp_path / "quota"), str(tmp_path / "period")))
    return tmp_path


@pytest.mark.parametrize(("tests", "spare"), [(0, 8), (1, 7), (4, 4), (7, 1), (8, 1), (30, 1)])
@pytest.mark.usefixtures("eight")
def test_the_tests_have_a_core_each(tests: int, spare: int) -> None:
    """And one is always taken: the scan has to be done."""
    assert spare_cores(tests) == spare


@pytest.mark.parametrize(
    ("quota", "spare"),
    [("max 100000", 7), ("200000 100000", 1), ("350000 100000", 3), ("50000 100000", 1), ("", 7), ("odd", 7)],
)
def test_a_container_may_use_fewer(eight: Path, quota: str, spare: int) -> None:
    """As its quota says, in the second version of control groups; rounded up, one of them is for the tests."""
    (eight / "cpu.max").write_text(quota + "\n")
    assert spare_cores(1) == spare


@pytest.mark.parametrize(("quota", "spare"), [("-1", 7), ("300000", 2)])
def test_an_old_container_may_use_fewer(eight: Path, quota: str, spare: int) -> None:
    """As its quota says, in the first version of control groups."""
    (eight / "quota").write_text(quota + "\n")
    (eight / "period").write_text("100000\n")
    assert spare_cores(1) == spare


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux")
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core only")
def test_affinity_counts() -> None:
    """What this process was confined to, really."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:2])
    try:
        assert spare_cores(0) <= 2
    finally:
        os.sched_setaffinity(0, before)
