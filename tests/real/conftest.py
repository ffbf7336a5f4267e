"""Projects that nobody here wrote, from their source distributions, measured by the gates and by the engines alone."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

#: What the README advises where a project's own tests use neither; it saves each process most of a second.
ADVISED = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")
#: Distribution is a dimension of a test, not a test file. One has every plugin that is installed.
MODES = {"no xdist": ("-p", "no:xdist", *ADVISED), "-n0": ("-n0",), "-n2": ("-n2", *ADVISED)}
#: What a run of this suite sets and a run inside it must not see.
FOREIGN = (
    "COVERAGE",
    "COV_CORE",
    "PYTEST",
    "CI",
    "GITHUB_",
    "BUILD_NUMBER",
    "COLUMNS",
    "NO_COLOR",
    "PYTHONPATH",
)
#: What Python and pytest leave beside the files of a project.
CACHES = {"__pycache__", ".pytest_cache"}


@dataclass(frozen=True)
class Distribution:
    """A source distribution: what to download, and what it must be."""

    requirement: str
    sha256: str
    #: The project inside it, from its top folder.
    folder: str = "."
    #: What its tests need besides the frameworks.
    extras: tuple[str, ...] = ()


DISTRIBUTIONS = {
    # WSGI: the blog of Flask's tutorial, with branch coverage and ``filterwarnings = error``.
    "flaskr": Distribution(
        "flask==3.1.3",
        "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb",
        "examples/tutorial",
    ),
    # ASGI: a middleware made of closures in a single module, tested through Starlette.
    "asgi-csrf": Distribution(
        "asgi-csrf==0.11",
        "e19a4f87d5af3feabde04c57921ee15510c3bfb0565627df9cb20bcb303282c2",
        extras=(
            "python-multipart==0.0.20",
            "asgi-lifespan==2.1.0",
            "sniffio==1.3.1",
            "pytest-asyncio==1.5.0",
        ),
    ),
}

#: A framework with a test suite of its own, which asks more kinds of routes than any project: only requests
#: are compared, with some of its test files.
REST_FRAMEWORK = Distribution(
    "djangorestframework==3.18.3",
    "446a9b352e7eff630421ab3f2328bd2401b109a9470afa4a31189994911ed030",
    extras=("dj-database-url==3.1.0",),
)

#: A plugin that counts requests on its own in the call phase of tests: calls of the application objects, and in
#: Django of its test client's method.
COUNTER = """\
import json
import os
import sys
from pathlib import Path

import pytest

SEEN = []
STATE = {"calling": False, "patched": []}


def patch(owner, wrap):
    owner.__call__ = wrap(owner.__call__)
    STATE["patched"].append(owner)


def wsgi(original):
    def counted(self, environ, start_response):
        if STATE["calling"]:
            SEEN.append([environ["REQUEST_METHOD"], environ["PATH_INFO"]])
        return original(self, environ, start_response)

    return counted


def asgi(original):
    async def counted(self, scope, receive, send):
        if STATE["calling"] and scope["type"] == "http":
            SEEN.append([scope["method"], scope["path"]])
        return await original(self, scope, receive, send)

    return counted


def client(original):
    def counted(self, **request):
        if STATE["calling"]:
            SEEN.append([request.get("REQUEST_METHOD", "GET"), request["PATH_INFO"]])
        return original(self, **request)

    return counted


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    django = sys.modules.get("django.test.client")
    if django is not None and django not in STATE["patched"]:
        django.Client.request = client(django.Client.request)
        STATE["patched"].append(django)
    for module, name, wrap in (("flask", "Flask", wsgi), ("starlette.applications", "Starlette", asgi)):
        owner = getattr(sys.modules.get(module), name, None)
        if owner is not None and owner not in STATE["patched"]:
            patch(owner, wrap)
    STATE["calling"] = True
    try:
        return (yield)
    finally:
        STATE["calling"] = False


def pytest_unconfigure(config):
    path = Path(os.environ["COUNTED"], f"{os.getpid()}.json")
    path.write_text(json.dumps(SEEN), encoding="utf-8")
"""


@dataclass(frozen=True)
class Real:
    """One of the projects. What is run in it is run once for all workers, in a fresh copy each."""

    name: str
    source: Path
    path: tuple[str, ...]
    shared: Path

    def gates(self, mode: str, *arguments: str) -> dict[str, Any]:
        """Run its tests with the gates: status, output, JSON report, the requests counted, the files changed."""
        words = ("--backend-gates", "--backend-gates-threshold=latency.p95 < 60s", *arguments)
        return self._once(
            f"gates {mode} {' '.join(arguments)}", lambda copy: self._gates(copy, (*MODES[mode], *words))
        )

    def engines(self) -> dict[str, Any]:
        """Run its tests under ``coverage run``, and radon and bandit on its files."""
        return self._once("engines", self._engines)

    def outer(self) -> dict[str, Any]:
        """Run its tests under ``coverage run`` and the gates at once: what coverage.py says then."""
        return self._once("outer", lambda copy: self._covered(copy, "--backend-gates"))

    def _gates(self, copy: Path, arguments: tuple[str, ...]) -> dict[str, Any]:
        before = digests(copy)
        outside = copy.parent / "outside"
        outside.mkdir()
        (outside / "count_requests.py").write_text(COUNTER, encoding="utf-8")
        report = outside / "gates.json"
        command = (
            "-m",
            "pytest",
            "-p",
            "count_requests",
            f"--backend-gates-report=json:{report}",
            *arguments,
        )
        done = self._python(copy, *command, COUNTED=str(outside), PYTHONPATH=str(outside))
        counted = [json.loads(path.read_text(encoding="utf-8")) for path in outside.glob("[0-9]*.json")]
        after = digests(copy)
        return {
            "status": done.returncode,
            "out": done.stdout + done.stderr,
            "report": json.loads(report.read_text(encoding="utf-8")),
            "requests": [request for process in counted for request in process],
            "changed": sorted(path for path in {*before, *after} if before.get(path) != after.get(path)),
        }

    def _engines(self, copy: Path) -> dict[str, Any]:
        files = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*.py"))
        files = [path for path in files if not path.startswith("tests/")]
        radon = self._python(copy, "-m", "radon", "cc", "-s", "-j", "--show-closures", *files)
        bandit = self._python(copy, "-m", "bandit", "-q", "-f", "json", "-r", *files)
        return {
            "files": files,
            "coverage": self._covered(copy),
            "radon": json.loads(radon.stdout),
            "bandit": json.loads(bandit.stdout),
        }

    def _covered(self, copy: Path, *arguments: str) -> dict[str, Any]:
        data, report = (f"--data-file={copy.parent / 'data'}", copy.parent / "coverage.json")
        done = self._python(copy, "-m", "coverage", "run", data, "-m", "pytest", *arguments)
        self._python(copy, "-m", "coverage", "json", data, "-q", "-o", str(report))
        return {"tests": last_line(done.stdout), **json.loads(report.read_text(encoding="utf-8"))}

    def _python(self, copy: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        path = os.pathsep.join([*self.path, *filter(None, [environment.pop("PYTHONPATH", "")])])
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=copy,
            env={**kept, "COLUMNS": "80", "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def _once(self, what: str, make: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
        key = hashlib.sha256(f"{self.name} {what}".encode()).hexdigest()[:16]
        path = self.shared / f"{key}.json"
        with locked(self.shared / key):
            if not path.exists():
                copy = self.shared / key / self.name
                shutil.copytree(self.source, copy)
                path.write_text(json.dumps(make(copy)), encoding="utf-8")
        made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return made


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def digests(folder: Path) -> dict[str, str]:
    """Return the hash of every file below *folder*, without what Python and pytest leave there."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and CACHES.isdisjoint(path.parts)
    }


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the other workers of this session respect; a killed one lets go of it."""
    import fcntl

    with path.with_suffix(".lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def download(distribution: Distribution, folder: Path) -> Path:
    """Return the unpacked project and its extras below *folder*, downloaded once."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "download"):
        archive = next(folder.glob("*.tar.gz"), None)
        if archive is None:
            pip("download", "--no-deps", "--no-binary", ":all:", "-d", str(folder), distribution.requirement)
            archive = next(folder.glob("*.tar.gz"))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert digest == distribution.sha256, f"{archive.name} is not the file that was chosen"
        if distribution.extras and not (folder / "extras").exists():
            pip("install", "--no-deps", "--target", str(folder / "partial"), *distribution.extras)
            (folder / "partial").rename(folder / "extras")
    return archive


def pip(*arguments: str) -> None:
    """Run pip. Without the registry the test is skipped, except where CI has to have it."""
    command = [
        sys.executable,
        "-m",
        "pip",
        arguments[0],
        "--quiet",
        "--disable-pip-version-check",
        *arguments[1:],
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        message = f"the registry did not give {arguments[-1]}: {last_line(done.stderr or done.stdout or 'no message')}"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "real"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", params=DISTRIBUTIONS)
def project(request: pytest.FixtureRequest, shared: Path) -> Real:
    """Download and unpack one of the projects, into pytest's cache if there is one."""
    return unpacked(request.param, DISTRIBUTIONS[request.param], request.config, shared)


@pytest.fixture(scope="session")
def rest_framework(pytestconfig: pytest.Config, shared: Path) -> Real:
    """Download and unpack Django REST framework."""
    return unpacked("rest-framework", REST_FRAMEWORK, pytestconfig, shared)


def unpacked(name: str, distribution: Distribution, config: pytest.Config, shared: Path) -> Real:
    """Return the project *name*, downloaded once and unpacked for this session."""
    cache = getattr(config, "cache", None)
    key = hashlib.sha256(f"{distribution} {sys.version_info[:2]}".encode()).hexdigest()[:8]
    folder = (cache.mkdir("real-projects") if cache else shared) / f"{name}-{key}"
    archive = download(distribution, folder)
    target = shared / "unpacked" / name
    with locked(shared / f"unpack-{name}"):
        if not target.exists():
            with tarfile.open(archive) as files:
                files.extractall(target, filter="data")
    top = next(target.iterdir())
    path = (str(folder / "extras"),) if distribution.extras else ()
    return Real(name, top / distribution.folder, path, shared)


@pytest.fixture(params=list(MODES))
def mode(request: pytest.FixtureRequest) -> str:
    """Say how the tests of the project are distributed."""
    chosen = os.environ.get("TEST_MODES", ",".join(MODES))
    if request.param not in chosen.split(","):
        pytest.skip(f"where the suite runs in several environments, each has its modes: {chosen}")
    return str(request.param)
