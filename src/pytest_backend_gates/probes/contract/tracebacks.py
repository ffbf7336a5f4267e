"""Where an exception came from: the last line of the project's own code on its way."""

import sysconfig
import traceback
from pathlib import Path
from typing import Final

_INSTALLED: Final = tuple(
    {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")}
)


def place(error: BaseException, rootdir: Path) -> tuple[str, int] | None:
    """Return path (relative to *rootdir*) and line of the project's frame nearest to where *error* was raised."""
    for one in _chain(error):
        for frame in reversed(traceback.extract_tb(one.__traceback__)):
            path = _own(frame.filename, rootdir)
            if path is not None and frame.lineno is not None:
                return path, frame.lineno
    return None


def raised(error: BaseException) -> str:
    """Return ``KeyError: 'price'``, of a group its first exception."""
    innermost = _chain(error)[0]
    text = " ".join(str(innermost).split())
    return f"{type(innermost).__name__}: {text}" if text else type(innermost).__name__


def raised_at(error: BaseException, rootdir: Path) -> str:
    """Return ``KeyError: 'price', at shop/orders.py:7``, or without the place where no frame is the project's."""
    found = place(error, rootdir)
    return f"{raised(error)}, at {found[0]}:{found[1]}" if found else raised(error)


def _chain(error: BaseException) -> list[BaseException]:
    """Return what a group holds, innermost first, or *error* itself."""
    if isinstance(error, BaseExceptionGroup):
        return [*_chain(error.exceptions[0]), error]
    return [error]


def _own(filename: str, rootdir: Path) -> str | None:
    path = Path(filename)
    if not path.is_absolute():
        return None
    path = path.resolve()
    root = rootdir.resolve()
    if not path.is_relative_to(root) or any(path.is_relative_to(folder) for folder in _INSTALLED):
        return None
    relative = path.relative_to(root)
    return None if {"site-packages", "dist-packages"} & set(relative.parts) else relative.as_posix()
