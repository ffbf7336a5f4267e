"""The one place where reports become files.

parse_target  what ``FORMAT:PATH`` asks for
write_report  a text to a file, completely or not at all
"""

import contextlib
import os
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_backend_gates.garbage import uncollected
from pytest_backend_gates.reports import RENDERERS

_PORTION: Final = 1 << 20  # characters


@dataclass(frozen=True, slots=True)
class Target:
    """A report that was asked for: the name of its format, and where it goes."""

    format: str
    path: Path
    #: Whether the command line asks for it, and not the project for all of its runs.
    is_asked_for: bool = False


def parse_target(text: str, formats: Collection[str] = RENDERERS) -> Target:
    r"""Read ``json:build/gates.json``; only the first colon separates, so ``json:C:\x\gates.json`` works.

    A leading ``~`` is the home folder. Raises ``ValueError`` with what is wrong and what is allowed.
    """
    name, colon, path = (part.strip() for part in text.partition(":"))
    allowed = f"write FORMAT:PATH, such as json:gates.json (formats: {', '.join(sorted(formats))})"
    if not colon:
        raise ValueError(f"'{text}' names no format; {allowed}")
    if name not in formats:
        raise ValueError(f"'{name}' is not a report format; {allowed}")
    if not path or "\0" in path:
        raise ValueError(f"'{text}' names no file; {allowed}")
    if path.endswith(("/", os.sep)) or path in (".", ".."):
        raise ValueError(f"'{path}' is a folder; {allowed}")
    return Target(name, Path(os.path.expanduser(path)))  # noqa: PTH111 - never raises without a home folder


@uncollected()
def write_report(path: Path, text: Iterable[str]) -> None:
    """Write *text* (in parts, or whole) to *path* in UTF-8, completely or not at all: on a failure the old file stays.

    Makes missing folders. A symbolic link keeps pointing where it did and its target is replaced; a device
    or a pipe is written to. The file gets the permissions that opening it for writing would have left.
    Raises ``OSError``, and what making the parts raises.
    """
    if _is_stream(path):
        _write(path, "a", text)
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".backend-gates-{secrets.token_hex(8)}.tmp")
    try:
        _write(temporary, "x", text)
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _portions(text: str) -> Iterator[str]:
    """Yield *text* bit by bit: encoded whole, a long one would take its memory twice."""
    return (text[start : start + _PORTION] for start in range(0, len(text), _PORTION))


def _is_stream(path: Path) -> bool:
    """Whether *path* is a device or a pipe: ``/dev/stdout`` is one too when it leads to the log of a CI job."""
    return path.is_relative_to("/dev") or (path.exists() and not path.is_file())


def _write(path: Path, mode: str, text: Iterable[str]) -> None:
    # A renderer of somebody else may let a lone surrogate through: an escape, not a lost report.
    with path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(_portions(text) if isinstance(text, str) else text)
        file.flush()
        if mode == "x":
            os.fsync(file.fileno())
