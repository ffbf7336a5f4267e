"""Which line of the project's own code is running: where a statement comes from."""

import inspect
import os
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Final

#: Where code lives that is installed.
_INSTALLED: Final = tuple(
    {f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_PACKAGE: Final = str(Path(__file__).parents[1]) + os.sep
#: Our own files that a statement passes; any other of ours is the edge of the request.
_PASSED: Final = ("sqlalchemy", "django_orm", "statements", "places", "faults", "queries", "query_budget")


class Places:
    """Finds lines of the code below *rootdir*."""

    def __init__(self, rootdir: Path) -> None:
        self._root = f"{rootdir}{os.sep}"
        self._known = lru_cache(maxsize=4096)(self._relative)

    def here(self) -> tuple[str, int] | None:
        """Return the innermost path and line of the project, of what is being served; ``None`` without one."""
        for frame in _frames():
            file = frame.f_code.co_filename
            if file.startswith(_PACKAGE):
                if Path(file).stem not in _PASSED:
                    return None
            elif (path := self._known(file)) is not None:
                return path, frame.f_lineno
        return None

    def _relative(self, file: str) -> str | None:
        # The lines of a template's code are not those of the template.
        if not file.startswith(self._root) or not file.endswith(".py") or file.startswith(_INSTALLED):
            return None
        return Path(file.removeprefix(self._root)).as_posix()


def _frames() -> Iterator[FrameType]:
    """Yield the frames that led here, the innermost first, also across the switches of SQLAlchemy's asyncio."""
    frame = inspect.currentframe()
    greenlets = sys.modules.get("greenlet")
    current = greenlets.getcurrent() if greenlets else None
    while frame is not None:
        yield frame
        frame = frame.f_back
        while frame is None and current is not None and current.parent is not None:
            current = current.parent
            frame = current.gr_frame
