"""The child process seen from its parent: what reaches it, what it leaves behind."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pytest_backend_gates.analyzers import child as child_module
from pytest_backend_gates.analyzers.child import ScanProcess, Spool


def finished(root: Path, analyzers: list[str], *files: str) -> ScanProcess:
    """Return a scan of *files* that has ended."""
    scan = ScanProcess(root, files, analyzers)
    assert scan.wait(120)
    scan.read()
    return scan


def test_a_spool_is_read_as_it_grows() -> None:
    """Each read returns what came since, and the tail is the end of everything."""
    spool = Spool()
    assert spool.read() == b""
    spool.writer.write(b"one\ntw")
    assert spool.read() == b"one\ntw"
    spool.writer.write(b"o\n" + b"x" * 5000)
    assert spool.read().startswith(b"o\nx")
    assert spool.tail() == "x" * 4096
    spool.close()
    spool.close()


def test_spools_leave_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no name left in the temporary folder, so that not even ``kill -9`` leaves one (on POSIX)."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool = Spool()
    while_open = list(tmp_path.iterdir())
    spool.close()
    assert list(tmp_path.iterdir()) == []
    assert while_open == [] or os.name != "posix"


def test_the_child_answers_for_every_file_in_order(tmp_path: Path) -> None:
    """One message a file, then the last one; names that no encoding knows survive."""
    names = ["b.py", "a.py", "sub/ä.py"]
    (tmp_path / "sub").mkdir()
    for name in names:
        (tmp_path / name).write_text("def f(): ...\n")
    scan = finished(tmp_path, ["complexity"], *names)
    scan.end()
    blocks = {"complexity": {"names": ["f"], "values": [1], "lines": [1], "end_lines": [1]}}
    digest = hashlib.blake2b(b"def f(): ...\n", digest_size=20).hexdigest()
    assert scan.messages == [
        *({"file": name, "digest": digest, "results": blocks, "errors": {}} for name in names),
        {"done": 3},
    ]
    assert (scan.finished_files, scan.is_complete, scan.exit_status) == (3, True, 0)


def test_coverage_and_pytest_variables_do_not_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child measures nothing of itself and is no pytest; other variables are kept."""
    for name in ("COVERAGE_PROCESS_START", "COV_CORE_SOURCE", "PYTEST_ADDOPTS", "KEPT"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["src", "/opt"]))
    environment = child_module._environment()
    assert [name for name in environment if name.startswith(("COV", "PYTEST"))] == []
    assert environment["KEPT"] == "x"
    assert environment["PYTHONPATH"] == os.pathsep.join([str(Path("src").absolute()), "/opt"])


def test_the_projects_modules_do_not_shadow_the_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those in the rootdir nor those that PYTHONPATH puts first."""
    for folder in (tmp_path, tmp_path / "src"):
        folder.mkdir(exist_ok=True)
        for name in ("json.py", "radon.py", "bandit.py", "yaml.py", "stevedore.py"):
            if folder == tmp_path or name != "json.py":
                (folder / name).write_text("raise RuntimeError('the project was imported')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "src", prepend=os.pathsep)
    scan = finished(tmp_path, ["complexity", "security"], "json.py")
    scan.end()
    assert scan.messages[-1] == {"done": 1}
    assert scan.messages[0]["errors"] == {}


def test_warnings_turned_into_errors_do_not_stop_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PYTHONWARNINGS is the project's business: a doubtful escape in a source file is no syntax error."""
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    (tmp_path / "a.py").write_text("x = '\\d'\n")
    scan = finished(tmp_path, ["complexity", "security"], "a.py")
    assert scan.stderr_tail() == ""
    scan.end()
    assert scan.messages[0]["errors"] == {}


def test_what_engines_print_never_reaches_the_channel() -> None:
    """Prints, and writes to descriptor 1 from C or from a subprocess, end on stderr."""
    code = (
        "import os; from pytest_backend_gates.analyzers.__main__ import Channel; channel = Channel();"
        "print('printed', flush=True); os.write(1, b'written '); os.system('echo echoed'); channel.tell(done=0)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == '{"done": 0}\n'
    assert answer.stderr.split() == ["printed", "written", "echoed"]


def test_the_child_of_a_dead_parent_leaves_no_request(tmp_path: Path) -> None:
    """Its stdin has ended and it was adopted before it could begin: nobody else would delete the file."""
    request = tmp_path / "request.json"
    request.write_text('{"files": ["a.py"], "analyzers": ["complexity"], "path": []}')
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    command = [sys.executable, *child_module._COMMAND, str(dead.pid), str(request)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    assert (ended.returncode, request.exists()) == (3, False)


def test_nothing_is_left_in_the_process_that_runs_the_tests(tmp_path: Path) -> None:
    """No thread (``os.fork`` in a test would warn), no descriptor that its children inherit, none at the end."""
    (tmp_path / "a.py").write_text("x = 1\n")
    before = open_descriptors()
    threads = threading.active_count()
    scan = ScanProcess(tmp_path, ["a.py"], ["complexity"])
    assert threading.active_count() == threads
    assert [fd for fd in open_descriptors() - before if os.get_inheritable(fd)] == []
    scan.end()
    scan.end()
    assert open_descriptors() == before


def open_descriptors() -> set[int]:
    """Return the descriptors of this process that are open."""
    found = set()
    for descriptor in range(256):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.add(descriptor)
    return found


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_ctrl_c_is_for_the_parent(tmp_path: Path) -> None:
    """The terminal sends the interrupt to the child too, which goes on."""
    (tmp_path / "a.py").write_text("x = 1\n")
    os.mkfifo(tmp_path / "pipe.py")
    scan = ScanProcess(tmp_path, ["a.py", "pipe.py"], ["complexity"])
    while not scan.read():
        time.sleep(0.01)
    os.kill(scan._process.pid, signal.SIGINT)
    (tmp_path / "pipe.py").write_text("y = 1\n")  # it waits for this
    assert scan.wait(120)
    scan.read()
    scan.end()
    assert (scan.exit_status, scan.finished_files, scan.is_complete) == (0, 2, True)


#: Scans a file and then a pipe that nobody writes to: the scan never ends by itself.
SESSION = """
import os, pathlib, signal, sys, time
from pytest_backend_gates.analyzers.child import ScanProcess
root = pathlib.Path(sys.argv[1])
scan = ScanProcess(root, ["a.py", "pipe.py"], ["complexity", "security"])
while not scan.read(): time.sleep(0.01)
if sys.argv[2] == "_exit":
    print(scan._process.pid, flush=True)
    os._exit(0)
if sys.argv[2] == "fork" and not os.fork():
    os.close(1)
    time.sleep(600)
print(scan._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
@pytest.mark.parametrize("ending", ["kill", "fork", "interrupt", "_exit"])
def test_no_child_survives_its_parent(tmp_path: Path, ending: str) -> None:
    """Not ``kill -9``, not with a forked process that holds the pipe, not Ctrl-C, not ``os._exit`` in a test."""
    (tmp_path / "a.py").write_text("x = 1\n")
    os.mkfifo(tmp_path / "pipe.py")
    command = [sys.executable, "-c", SESSION, str(tmp_path), ending]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        try:
            if ending in ("kill", "fork"):
                parent.kill()
            elif ending == "interrupt":
                os.killpg(parent.pid, signal.SIGINT)
            parent.wait(120)
            deadline = time.monotonic() + 120
            while lives(pid) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not lives(pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)


def lives(pid: int) -> bool:
    """Return whether process *pid* runs (one that only waits to be reaped does not)."""
    command = ["/bin/ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(command, capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")
