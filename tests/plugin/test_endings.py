"""Violent endings: whoever is killed, nothing stays behind, and nothing is green.

Processes are told by a variable in their environment, which the workers and the static scan inherit.
"""

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.conftest import Project, Result

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

REPORT = "--backend-gates-report=json:gates.json"
SCAN = "pytest_backend_gates.analyzers"
SLEEPING = """\
import os
import pathlib
import time


def test_long():
    pathlib.Path("worker").write_text(str(os.getpid()))
    pathlib.Path("sleeping").touch()
    {}
    time.sleep(60)
"""
SLOW_TEARDOWN = """\
import pathlib
import time

import pytest


@pytest.fixture(scope="session", autouse=True)
def service():
    yield
    pathlib.Path("tearing").touch()
    time.sleep(60)
"""
#: Enough for the static scan to be busy for some seconds.
MODULE = "".join(
    f"def f{number}(x):\n    return [x for x in x if x] or {number}\n\n\n" for number in range(200)
)


@pytest.fixture
def busy(shop: "Project") -> Iterator["Project"]:
    """Make a project whose static scan lasts, with its own temporary folder; whatever it leaves is killed."""
    for number in range(120):
        shop.file(f"shop/part{number}.py", MODULE)
    # Nothing imports them, and coverage.py would take as long as the scan to count their lines.
    shop.file(".coveragerc", "[run]\nomit = shop/part*\n")
    (shop.root / "tmp").mkdir()
    project = replace(shop, env={"BACKEND_GATES_MARK": str(shop.root), "TMPDIR": str(shop.root / "tmp")})
    yield project
    for pid in processes(project):
        os.kill(pid, signal.SIGKILL)


def processes(project: "Project") -> dict[int, str]:
    """Return the live processes that the runs of *project* have started, and their command lines."""
    mark = f"BACKEND_GATES_MARK={project.root}\0".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().decode().replace("\0", " ")
        except (OSError, ValueError):
            continue  # gone in the meantime, or not ours
    return found


def scans(project: "Project") -> list[int]:
    return [pid for pid, command in processes(project).items() if SCAN in command]


def leftovers(project: "Project") -> list[str]:
    """Return what lies in the temporary folder that is ours."""
    return [path.name for path in (project.root / "tmp").iterdir() if path.name.startswith("backend-gates")]


def ended(
    project: "Project", eventually: Callable[..., bool], end: Callable[[int], None], *args: str
) -> "Result":
    """Run the gates, do *end* to the process of pytest while a test sleeps, and wait for the result."""
    with project.started("--backend-gates", REPORT, *args) as process:
        assert eventually((project.root / "sleeping").exists)
        assert eventually(lambda: bool(scans(project)))
        others = [command for command in processes(project).values() if SCAN not in command]
        assert len(others) == (3 if project.mode_name == "-n2" else 1), others
        end(process.pid)
        result = project.finished(process)
        assert eventually(lambda: not processes(project)), processes(project)
    assert (leftovers(project), "INTERNALERROR" in result.out + result.err) == ([], False), result.out
    return result


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_pytest_is_killed(busy: "Project", eventually: Callable[..., bool], sent: signal.Signals) -> None:
    """Neither the static scan nor a worker outlives pytest, and the report says that it is incomplete."""
    busy.file("tests/test_a.py", SLEEPING.format(""))
    result = ended(busy, eventually, lambda pid: os.kill(pid, sent))
    assert result.status == -sent
    assert (busy.written()["outcome"], busy.written()["gates"]) == ("incomplete", [])


def test_pytest_is_killed_beside_a_stopped_scan(busy: "Project", eventually: Callable[..., bool]) -> None:
    """A static scan that cannot run any more is gone too."""
    busy.file("tests/test_a.py", SLEEPING.format(""))

    def end(pid: int) -> None:
        scan = scans(busy)[0]
        assert eventually(lambda: len(list(Path(f"/proc/{scan}/task").iterdir())) == 3)  # it watches
        os.kill(scan, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)

    assert ended(busy, eventually, end).status == -signal.SIGKILL


def test_static_scan_is_killed(busy: "Project", eventually: Callable[..., bool]) -> None:
    """Its two gates are ERROR, the others are judged, and nothing is left."""
    busy.file("tests/test_a.py", SLEEPING.format("").replace("60", "1"))
    result = ended(busy, eventually, lambda _: os.kill(scans(busy)[0], signal.SIGKILL))
    assert result.status == 1
    assert result.rows() == {
        "coverage": "PASSED",
        "complexity": "ERROR",
        "security": "ERROR",
        "contract": "SKIPPED",
        "latency": "PASSED",
    }
    assert "the static scan was killed by signal 9 after" in " ".join(result.block.split())
    assert (busy.written()["outcome"], busy.written()["exit_status"]) == ("failed", 1)


@pytest.mark.parametrize("mode", [("-n2",)], indirect=True, ids=["-n2"])
def test_worker_is_killed(busy: "Project", eventually: Callable[..., bool]) -> None:
    """What a killed worker had measured is missed by name, and a worker in its place does not make up for it."""
    busy.file("tests/test_a.py", SLEEPING.format(""))
    result = ended(
        busy, eventually, lambda _: os.kill(int((busy.root / "worker").read_text()), signal.SIGKILL)
    )
    assert result.status == 1
    assert (result.rows()["coverage"], result.rows()["latency"]) == ("ERROR", "ERROR")
    assert "died without its measurements (Not properly terminated)" in " ".join(result.block.split())
    assert busy.written()["outcome"] == "failed"


@pytest.mark.parametrize("status", [0, 3])
def test_os_exit_in_a_test(busy: "Project", eventually: Callable[..., bool], status: int) -> None:
    """Pytest is gone at once, with a status that is not 0, or misses its worker; nothing stays behind."""
    go = "while not pathlib.Path('go').exists(): time.sleep(0.05)"
    busy.file("tests/test_a.py", SLEEPING.format(f"{go}\n    os._exit({status})"))
    result = ended(busy, eventually, lambda _: (busy.root / "go").touch())
    if busy.mode_name == "-n2":
        assert (result.status, result.rows()["coverage"], result.rows()["latency"]) == (1, "ERROR", "ERROR")
        return
    assert (result.status, busy.written()["outcome"]) == (status or 1, "incomplete")
    told = "no verdict: the session ended before its tests did; the exit status is 1, not 0"
    assert (told in result.err) == (status == 0)


def test_ctrl_c_once(busy: "Project", eventually: Callable[..., bool]) -> None:
    """Interrupted with the scan still busy, pytest ends by itself and takes everything with it."""
    busy.file("tests/test_a.py", SLEEPING.format(""))
    result = ended(busy, eventually, lambda pid: os.killpg(pid, signal.SIGINT))
    assert result.status == 2
    assert result.block == "no verdict: the session was cut short: KeyboardInterrupt"
    assert (busy.written()["outcome"], busy.written()["exit_status"]) == ("incomplete", 2)


def test_ctrl_c_twice(busy: "Project", eventually: Callable[..., bool]) -> None:
    """A second Ctrl-C while fixtures are torn down ends pytest at once: no verdict, nothing stays behind."""
    busy.file("tests/test_a.py", SLEEPING.format("")).file("tests/conftest.py", SLOW_TEARDOWN)

    def end(pid: int) -> None:
        os.killpg(pid, signal.SIGINT)
        assert eventually((busy.root / "tearing").exists)
        os.killpg(pid, signal.SIGINT)

    result = ended(busy, eventually, end)
    assert result.status in (2, -signal.SIGINT)
    assert busy.written()["outcome"] == "incomplete"


def test_ctrl_c_while_the_scan_is_waited_for(busy: "Project", eventually: Callable[..., bool]) -> None:
    """Interrupted after the last test, when only the static scan is missing, there is no verdict either."""
    busy.file("tests/test_app.py", "def test_nothing():\n    pass\n")
    for number in range(120, 300):
        busy.file(f"shop/part{number}.py", MODULE)
    with busy.started("--backend-gates", REPORT) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        told = next((line for line in lines if "waiting" in line), "")
        os.kill(process.pid, signal.SIGINT)
        rest = list(lines)
        status = process.wait(timeout=60)
    assert re.fullmatch(r"backend gates: waiting for the static scan, \d+ of 302 files\n", told)
    assert "no verdict: the session was cut short: KeyboardInterrupt\n" in rest
    assert (status, busy.written()["outcome"], eventually(lambda: not processes(busy))) == (
        2,
        "incomplete",
        True,
    )
