"""The examples that fail say where the reason is. (The README's test runs the one that passes.)"""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

CORNER_SHOP = Path(__file__).resolve().parents[2] / "examples" / "corner_shop"
CLINIC = CORNER_SHOP.parent / "clinic"

#: The only row of each gate, and what it is red for first: a line of a file, or an operation.
REASONS = {
    "coverage > 80%": ("src/corner_shop/accounting.py", "import csv"),  # the first line that is not covered
    "complexity < 10": ("src/corner_shop/deals.py", "def total_cents("),
    "security.high == 0": ("src/corner_shop/clerks.py", "    return hashlib.md5("),
    "contract.failures == 0": (None, "GET /articles"),
    "latency.p95 < 100ms": (None, "GET /reorder"),
}
#: The contract is broken by three operations, each a test of its own.
BROKEN, TESTS = 3, 30 + 6 - 3


def copied(example: Path, project: "Project") -> "Project":
    """Copy the example: running it leaves files behind."""
    left_behind = shutil.ignore_patterns(".*", "__pycache__", "*.db", "*.sqlite3")
    shutil.copytree(example, project.root, dirs_exist_ok=True, ignore=left_behind)
    return project


@pytest.mark.parametrize("mode", [("-p", "no:xdist"), ("-n2",)], indirect=True, ids=["no xdist", "-n2"])
def test_corner_shop_fails_every_gate(empty: "Project") -> None:
    """Its own tests pass, and every gate is red for the reasons that its README names and for no other."""
    corner_shop = copied(CORNER_SHOP, empty)
    result, report = corner_shop.report()
    outcomes = [gate["outcome"] for gate in report["gates"]]
    rows = {row["threshold"]: row for gate in report["gates"] for row in gate["rows"]}

    assert result.status == 1
    assert f" {BROKEN + len(REASONS)} failed, {TESTS} passed in " in result.out
    assert outcomes == ["FAILED"] * len(REASONS)
    assert list(rows) == list(REASONS)
    assert {threshold: row["over"] for threshold, row in rows.items()} == {
        **dict.fromkeys(REASONS, 1),
        "contract.failures == 0": BROKEN,
    }
    for threshold, (path, text) in REASONS.items():
        worst = rows[threshold]["findings"][0]
        assert (worst["path"], text_at(corner_shop.root, worst)[: len(text)]) == (path, text)


def test_the_clinic_asks_for_each_line_of_a_list(empty: "Project", database: str) -> None:
    """The N+1 of the day's list is found at the line that asks, and the same list in one query is not."""
    url = {"DATABASE_URL": f"postgres://postgres@127.0.0.1/clinic_{os.getpid()}"}
    env = {**empty.env, **(url if database == "postgresql" else {})}
    clinic = replace(copied(CLINIC, empty), env=env)
    result, report = clinic.report("-p", "pytest_django.plugin", "--backend-gates-only=queries")
    ((row,),) = (gate["rows"] for gate in report["gates"] if gate["gate"] == "queries")
    worst = row["findings"][0]
    repeated = report["measurements"]["queries.repeated"]["subjects"]

    assert result.status == 1
    assert " 1 failed, 21 passed in " in result.out
    assert (row["threshold"], row["outcome"], row["over"]) == ("queries.repeated.max < 5", "FAILED", 1)
    assert (worst["subject"], worst["path"]) == ("GET /appointments", "src/clinic/views.py")
    assert text_at(clinic.root, worst) == '        "doctor": one.doctor.name,'
    assert (
        worst["message"]
        == """\
12 times in one request: SELECT ... FROM "clinic_doctor" WHERE "clinic_doctor"."id" = ? LIMIT ?"""
    )
    assert {name: one["max"] for name, one in repeated.items()} == {
        "GET /appointments": 12,
        "GET /doctors": 1,
        "GET /doctors/{doctor_id}/appointments": 1,
        "GET /patients/{patient_id}": 1,
        "POST /appointments": 1,
        "POST /patients": 1,
    }


def text_at(root: Path, finding: dict[str, Any]) -> str:
    """Return the line of the source that a finding names; without a path, the operation that it is about."""
    if finding["path"] is None:
        return str(finding["subject"])
    line: int = finding["line"]
    return Path(root, finding["path"]).read_text(encoding="utf-8").splitlines()[line - 1]
