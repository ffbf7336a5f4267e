"""Where a report comes from: versions, machine, commit, command line."""

import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from pytest_backend_gates.model import SessionReport

ENGINES: Final = ("bandit", "coverage", "pytest", "radon")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def beginning(rootdir: Path, args: Sequence[str]) -> SessionReport:
    """Return what a report says before anything was measured: ``incomplete``, and where it comes from."""
    return SessionReport(
        outcome="incomplete",
        version=_version("pytest-backend-gates"),
        python=platform.python_version(),
        platform=platform.platform(),
        rootdir_name=rootdir.name,
        commit=_commit(rootdir),
        args=tuple(_CREDENTIALS.sub("***", arg) for arg in args),
        workers=1,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        engines={name: _version(name) for name in ENGINES},
    )


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def _commit(rootdir: Path) -> str | None:
    """Return the commit that is checked out in *rootdir*, ``None`` without git or outside a repository."""
    command = ["git", "-C", str(rootdir), "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
