"""What our tracing and our reports both need to know of coverage.py."""

import base64
import contextlib
import os
import re
import tempfile
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pytest_backend_gates.measurements import Plain

if TYPE_CHECKING:
    from coverage import Coverage, CoverageData

#: The options of ``[run]`` that name what is measured.
SOURCE_OPTIONS: Final = ("run:source", "run:source_pkgs", "run:source_dirs", "run:include")


@dataclass(frozen=True, slots=True)
class Setup:
    """Under what configuration of coverage.py a trace was taken: what a report on it needs to know."""

    #: The folder from which coverage.py took relative paths.
    folder: str
    #: As the constructor of ``coverage.Coverage`` takes it: ``True`` for the usual places.
    config_file: str | bool
    branch: bool
    #: The options of ``[run]`` that name source; without any, the discovered source is judged.
    source_options: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()

    @classmethod
    def of(cls, tool: "Coverage", folder: str, *, config_file: str | bool) -> Self:
        """Read the setup of *tool*."""
        return cls(
            folder,
            config_file,
            bool(tool.get_option("run:branch")),
            tuple(option for option in SOURCE_OPTIONS if tool.get_option(option)),
            words(tool, "run:omit"),
        )

    @classmethod
    def from_plain(cls, plain: Plain) -> Self:
        """Read what ``dataclasses.asdict`` wrote."""
        lists = {name: tuple(plain[name]) for name in ("source_options", "omit")}
        return cls(**{**plain, **lists})


@contextlib.contextmanager
def quietly(notes: list[str]) -> Iterator[None]:
    """Add coverage.py's warnings to *notes*; none is printed, none is raised as an error."""
    from coverage.exceptions import CoverageWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            told = [str(one.message) for one in caught if issubclass(one.category, CoverageWarning)]
            notes += [text.partition("; see http")[0] for text in told]


def words(tool: "Coverage", option: str) -> tuple[str, ...]:
    """Return an option of coverage.py that is a list."""
    value = tool.get_option(option)
    return tuple(str(word) for word in value) if isinstance(value, (list, tuple)) else ()


def packed(data: "CoverageData") -> str:
    """Return *data* as text: its file, for a fraction of the time that ``CoverageData.dumps`` takes."""
    from coverage import CoverageData

    with tempfile.TemporaryDirectory(prefix=f"backend-gates-coverage-{os.getpid()}-") as folder:
        copy = CoverageData(str(Path(folder, "copy")))
        copy.update(data)
        content = Path(copy.data_filename()).read_bytes()
    return base64.b64encode(zlib.compress(content, 1)).decode("ascii")


def unpack(text: str, data_file: str) -> None:
    """Write the *data_file* that was :func:`packed`."""
    Path(data_file).write_bytes(zlib.decompress(base64.b64decode(text)))


def escaped(path: str) -> str:
    """Return the file pattern of coverage.py that means *path*.

    Characters with a meaning in its patterns cannot be escaped: "any one character" stands in for each.
    """
    return re.sub(r"[*?\[\]]", "?", path)


def faults() -> tuple[type[Exception], ...]:
    """Return what coverage.py raises: before 7.11 a ``ConfigError`` was no ``CoverageException``."""
    from coverage.exceptions import ConfigError, CoverageException

    return CoverageException, ConfigError
