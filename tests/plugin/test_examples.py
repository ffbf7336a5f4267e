"""The example that fails: each gate is red and says where the reason is. (The README's test runs the one that passes.)"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project

CORNER_SHOP = Path(__file__).resolve().parents[2] / "examples" / "corner_shop"

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


@pytest.fixture
def corner_shop(empty: "Project") -> "Project":
    """Copy the example: running it leaves files behind."""
    left_behind = shutil.ignore_patterns(".*", "__pycache__", "*.db")
    shutil.copytree(CORNER_SHOP, empty.root, dirs_exist_ok=True, ignore=left_behind)
    return empty


def test_corner_shop_fails_every_gate(corner_shop: "Project") -> None:
    """Its own tests pass, and every gate is red for the reasons that its README names and for no other."""
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


def text_at(root: Path, finding: dict[str, Any]) -> str:
    """Return the line of the source that a finding names; without a path, the operation that it is about."""
    if finding["path"] is None:
        return str(finding["subject"])
    line: int = finding["line"]
    return Path(root, finding["path"]).read_text(encoding="utf-8").splitlines()[line - 1]
