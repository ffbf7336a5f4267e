"""The comparisons of the contract gate with ``st run`` against a server: the same checks, phases and examples."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks import findings
from benchmarks.comparison import Command, Comparison, Goal, Side
from benchmarks.inputs import Workspace
from pytest_backend_gates.probes.contract import setting

_ROOT: Final = Path(__file__).parent.parent
_UVICORN: Final = ("uvicorn==0.54.0", "h11==0.16.0")
#: The bookshop alone, without its tests: every operation is asked, nothing else runs.
_CONTRACT_ALONE: Final = {
    "pytest.ini": "[pytest]\nbackend_gates_app = bookshop.app:create_app\n",
    "conftest.py": (  # one application for all, as the server has
        "import pytest\nfrom benchmarks import served\n\n\n"
        '@pytest.fixture(scope="session")\ndef backend_app():\n    return served.bookshop()\n'
    ),
}


class Shop:
    """An example, and what both sides write down of it."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.name = name
        self.example = _ROOT / "examples" / name
        self._workspace = workspace
        data = workspace.folder / "data"
        data.mkdir(exist_ok=True)
        packages = workspace.packages(*_UVICORN)
        path = [_ROOT, self.example / "src", packages]
        self._environment = {
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "BENCHMARK_DATA": str(data),
        }

    def file(self, name: str) -> Path:
        """Return where *name* is written."""
        return self._workspace.folder / f"{self.name}-{name}"

    def command(self, *words: object, cwd: Path | None = None, statuses: tuple[int, ...] = (0,)) -> Command:
        """Return a command of Python's, in the example's folder unless another is named."""
        return Command(
            (sys.executable, "-m", *map(str, words)), cwd or self.example, self._environment, statuses
        )

    def pytest(self, tests: Path, *words: object, cwd: Path | None = None) -> Command:
        """Return a command that runs tests, and counts them in the file *tests*. Some may fail on purpose."""
        report = f"--junit-xml={tests}"
        return self.command(
            "pytest", "-q", "-p", "no:cacheprovider", report, *words, cwd=cwd, statuses=(0, 1)
        )

    def asking(self) -> Command:
        """Return the command that starts the server and ``st run``, configured as the contract gate is."""
        configuration = self.file("schemathesis.toml")
        configuration.write_text(toml(setting.settings({}, ())), encoding="utf-8")
        return self.command("benchmarks.asking", self.name, configuration, self.file("asked.json"))


def toml(table: Mapping[str, Any], name: str = "") -> str:
    """Return *table* as TOML: what is in it is written in JSON as it is in TOML."""
    plain = [f"{key} = {json.dumps(one)}" for key, one in table.items() if not isinstance(one, dict)]
    tables = [
        f"[{name}{key}]\n{toml(one, f'{name}{key}.')}" for key, one in table.items() if isinstance(one, dict)
    ]
    return "\n".join([*plain, "", *tables])


def whole(workspace: Workspace, name: str) -> Comparison:
    """Compare an example under all gates with the tools one after the other, the tests on four cores on both sides."""
    shop = Shop(workspace, name)
    ours, tests = _under_the_gates(shop, "-n4")
    measured, command = _under_coverage(shop, "-n4")
    radon, bandit, asked = (shop.file(f"{kind}.json") for kind in ("radon", "bandit", "asked"))
    source = shop.example / "src"  # not above it: radon stumbles over every % in a pyproject.toml
    commands = (
        command,
        shop.command("radon", "cc", "-j", "-O", radon, ".", cwd=source),
        shop.command("bandit", "-q", "-r", "-f", "json", "-o", bandit, ".", cwd=source, statuses=(0, 1)),
        shop.asking(),
    )
    report = shop.file("gates.json")
    return Comparison(
        f"whole-contract-{name}",
        Side(
            "gates",
            (ours,),
            lambda: (tests(), findings.our_static(report, radon), findings.our_contract(report)),
        ),
        Side(
            "pytest --cov, radon, bandit, st run",
            commands,
            lambda: (measured(), findings.static_by_subject(radon, bandit), findings.contract(asked)),
        ),
        (Goal("ratio", "wall", 0.5),),
    )


def memory(workspace: Workspace) -> Comparison:
    """Compare the peak memory of the bookshop's tests under all gates, in one process, with that under ``--cov``."""
    shop = Shop(workspace, "bookshop")
    ours, tests = _under_the_gates(shop, "-p", "no:xdist")
    measured, theirs = _under_coverage(shop, "-p", "no:xdist")
    return Comparison(
        "memory",
        Side("gates", (ours,), tests),
        Side("pytest --cov alone", (theirs,), measured),
        (Goal("ratio", "memory", 1.25),),
    )


def without_contract(workspace: Workspace) -> Comparison:
    """Compare the bookshop's tests under all gates but the contract, in one process, with those under ``--cov``."""
    shop = Shop(workspace, "bookshop")
    ours, tests = _under_the_gates(shop, "-p", "no:xdist", "--backend-gates-skip=contract")
    measured, theirs = _under_coverage(shop, "-p", "no:xdist")
    return Comparison(
        "whole-bookshop",
        Side("gates", (ours,), tests),
        Side("pytest --cov", (theirs,), measured),
        (Goal("ratio", "wall", 1.03), Goal("ratio", "memory", 1.25)),
    )


def contract_cpu(workspace: Workspace) -> Comparison:
    """Compare what the contract costs in process with what it costs ``st run`` and the server together."""
    shop = Shop(workspace, "bookshop")
    return Comparison(
        "contract-cpu",
        _contract_alone(shop, workspace, "in process", {}, "-p", "no:xdist"),
        Side("st run, uvicorn", (shop.asking(),), lambda: findings.contract(shop.file("asked.json"))),
        (Goal("ratio", "cpu", 0.9),),
    )


def contract_n2(workspace: Workspace) -> Comparison:
    """Compare the contract in two processes with the same in one, with as many examples as ``st run`` has by default."""
    shop = Shop(workspace, "bookshop")
    many = {"schemathesis.toml": toml({"generation": {"max-examples": 100}})}
    return Comparison(
        "contract-n2",
        _contract_alone(shop, workspace, "two processes", many, "-n2"),
        _contract_alone(shop, workspace, "one process", many, "-p", "no:xdist"),
        (Goal("ratio", "wall", 0.6),),
    )


def _under_the_gates(shop: Shop, *words: str) -> tuple[Command, Callable[[], object]]:
    """Return the command, and what reads its tests and its coverage. The contract's items are tests of ours alone."""
    tests, report = shop.file("gates.xml"), shop.file("gates.json")
    command = shop.pytest(tests, *words, "--backend-gates", f"--backend-gates-report=json:{report}")
    return command, lambda: (findings.tests(tests), findings.our_coverage(report))


def _under_coverage(shop: Shop, *words: str) -> tuple[Callable[[], object], Command]:
    tests, coverage = shop.file("cov.xml"), shop.file("coverage.json")
    command = shop.pytest(tests, *words, f"--cov={shop.name}", f"--cov-report=json:{coverage}")
    return lambda: (findings.tests(tests), findings.coverage(coverage)), command


def _contract_alone(
    shop: Shop, workspace: Workspace, name: str, files: Mapping[str, str], *words: str
) -> Side:
    """Ask every operation in a project without tests, with other *files* besides."""
    written = name.replace(" ", "-")
    project = workspace.project(f"contract-{written}", {**_CONTRACT_ALONE, **files})
    tests, report = shop.file(f"{written}.xml"), shop.file(f"{written}.json")
    gate = ("--backend-gates", "--backend-gates-only=contract", f"--backend-gates-report=json:{report}")
    command = shop.pytest(tests, *words, *gate, cwd=project)
    return Side(name, (command,), lambda: findings.our_contract(report))


ROWS: Final[Mapping[str, Callable[[Workspace], Comparison]]] = {
    "whole-bookshop": without_contract,
    "whole-contract-bookshop": partial(whole, name="bookshop"),
    "whole-contract-corner_shop": partial(whole, name="corner_shop"),
    "memory": memory,
    "contract-cpu": contract_cpu,
    "contract-n2": contract_n2,
}
