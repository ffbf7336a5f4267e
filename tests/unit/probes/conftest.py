"""Small real projects, measured by the probe and by coverage.py's own command line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

DRIVER = Path(__file__).with_name("run_coverage_probe.py")

CART = """\
def total(prices, vat=None):
    if vat:
        return sum(prices) * vat
    return sum(prices)


def refund(prices):
    paid = total(prices)

    # nobody calls this
    for price in prices:
        paid -= price
    return paid
"""
TEST_CART = """\
from shop.cart import total


def test_total():
    assert total([1, 2]) == 3
"""


@pytest.fixture
def environment(project: Path) -> dict[str, str]:
    """Return an environment in which no coverage is measured yet and pytest loads no plugin unasked.

    Child processes of the project's tests find its source, too.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COV_", "COVERAGE_", "PYTEST_"))
    }
    path = os.pathsep.join(filter(None, (str(project / "src"), kept.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a shop in ``src``, its tests and a module that nothing imports."""
    folder = tmp_path / "a project [1]"
    files = {
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['src', '.']\n",
        "src/shop/__init__.py": "",
        "src/shop/cart.py": CART,
        "src/shop/never.py": "x = 1\ny = 2\n",
        "tests/test_cart.py": TEST_CART,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


@pytest.fixture
def probe(project: Path, environment: Mapping[str, str]) -> Callable[..., dict[str, Any]]:
    """Return a function that measures the project with the probe, in a process of its own."""

    def run(
        *,
        cwd: Path = project,
        command: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        **spec: object,
    ) -> dict[str, Any]:
        defaults: dict[str, object] = {
            "configured": [],
            "obstacle": None,
            "narrowed": None,
            "adopt": False,
            "payloads": [],
            "save": None,
        }
        whole = {"rootdir": str(project), "args": ["."], **defaults, **spec}
        ran = subprocess.run(
            [sys.executable, "-W", "error", *command, str(DRIVER), json.dumps(whole)],
            cwd=cwd,
            env={**environment, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        result: dict[str, Any] = json.loads(ran.stdout)
        assert result["environment_kept"]
        assert result["folders_left"] == []
        return result

    return run


@pytest.fixture
def oracle(
    project: Path, environment: Mapping[str, str], tmp_path: Path
) -> Callable[..., dict[str, list[int]]]:
    """Return a function that measures the project with ``coverage run`` and ``coverage json``."""

    def coverage(*args: str) -> str:
        env = {
            **environment,
            "COVERAGE_FILE": str(tmp_path / "oracle.coverage"),
        }
        command = [sys.executable, "-m", "coverage", *args]
        ran = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def run(*options: str, combine: bool = False) -> dict[str, list[int]]:
        coverage("run", *options, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
        if combine:
            coverage("combine", "-q")
        report = tmp_path / "oracle.json"
        coverage("json", "-q", "--fail-under=0", "-o", str(report))
        files = json.loads(report.read_text("utf-8"))["files"]
        return {path: _ratio(one["summary"]) for path, one in sorted(files.items())}

    return run


def _ratio(summary: Mapping[str, int]) -> list[int]:
    hits = summary["covered_lines"] + summary.get("covered_branches", 0)
    return [hits, summary["num_statements"] + summary.get("num_branches", 0)]
