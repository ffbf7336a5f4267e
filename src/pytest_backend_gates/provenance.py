"""Where a report comes from: versions, machine, commit, command line."""

import platform
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from pytest_backend_gates.model import SessionReport

ENGINES: Final = ("bandit", "coverage", "pytest", "pytest-benchmark", "radon", "schemathesis")
#: What stands before the host of an address, up to the last ``@`` before its path.
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s]+(?=@)")
#: What follows an option that sounds like a secret, in the same word or in the next.
_SECRET: Final = re.compile(
    r"(--?[\w-]*(?:token|passw(?:or)?d|secret|api-?key|credential)[\w-]*)(=.*)?", re.IGNORECASE
)
_MASK: Final = "***"


def beginning(rootdir: Path, args: Sequence[str], *, with_commit: bool = True) -> SessionReport:
    """Return what a report says before anything was measured: ``incomplete``, and where it comes from.

    Without *with_commit* git is not asked, which takes some milliseconds.
    """
    return SessionReport(
        outcome="incomplete",
        version=_version("pytest-backend-gates"),
        python=platform.python_version(),
        platform=platform.platform(),
        rootdir_name=rootdir.name,
        commit=_commit(rootdir) if with_commit else None,
        args=tuple(_without_secrets(args)),
        workers=1,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        engines={name: _version(name) for name in ENGINES},
    )


def _without_secrets(args: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command line, with a mask in the place of what a CI job would regret to publish."""
    follows = False
    for arg in args:
        secret = _SECRET.fullmatch(arg)
        if follows and not arg.startswith("-"):
            yield _MASK
        elif secret and secret[2]:
            yield f"{secret[1]}={_MASK}"
        else:
            yield _CREDENTIALS.sub(_MASK, arg)
        follows = bool(secret and not secret[2])


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
