"""The points of a gauge in columns: a million of them are some lists, and no object each.

Columns  the points of the blocks of one file, or of a mapping that knows no files
Blocks   the mapping of a gauge that was measured file by file
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count

from pytest_backend_gates.measurements import Finding, Number, Point

#: What stands between a file and a block in it.
SEPARATOR = "::"


@dataclass(frozen=True, slots=True)
class Columns:
    """Points as columns of equal length.

    The subjects are ``file::name`` for each of the *names*. Without a *file* they are the names, and *paths* has the
    paths of the points.
    """

    file: str | None
    names: Sequence[str]
    values: Sequence[Number]
    lines: Sequence[int | None]
    end_lines: Sequence[int | None]
    paths: Sequence[str | None] = ()

    def __len__(self) -> int:
        return len(self.names)

    def subjects(self) -> Sequence[str]:
        """Return the subjects, in the order of the columns."""
        if self.file is None:
            return self.names
        start = self.file + SEPARATOR
        return [start + name for name in self.names]

    def places(self, values: Collection[Number]) -> list[int]:
        """Return where in the columns one of *values* stands."""
        return list(compress(count(), map(values.__contains__, self.values)))

    def subject(self, place: int) -> str:
        """Return the subject at a *place* in the columns."""
        return self.names[place] if self.file is None else f"{self.file}{SEPARATOR}{self.names[place]}"

    def point(self, place: int) -> Point:
        """Return the point at a *place* in the columns."""
        path = self.paths[place] if self.file is None else self.file
        return Point(self.values[place], path, self.lines[place], self.end_lines[place])

    def finding(self, place: int, message: str, code: str) -> Finding:
        """Return what there is to say of the point at a *place*: *message*."""
        subject, value = self.subject(place), self.values[place]
        path = self.paths[place] if self.file is None else self.file
        lines = self.lines[place], self.end_lines[place]
        return Finding(
            subject, message, value, path, *lines, code, None, subject
        )  # by name takes twice the time

    def among(self, subjects: Collection[str]) -> "Columns":
        """Return the points of *subjects*."""
        chosen = [subject in subjects for subject in self.subjects()]
        return Columns(
            self.file,
            list(compress(self.names, chosen)),
            list(compress(self.values, chosen)),
            list(compress(self.lines, chosen)),
            list(compress(self.end_lines, chosen)),
            list(compress(self.paths, chosen)),
        )


class Blocks(Mapping[str, Point]):
    """Points by subject, which are made when somebody asks for them. No file has two blocks of one name."""

    def __init__(self, files: Sequence[Columns]) -> None:
        self.files = tuple(files)
        self._by_file = {columns.file: columns for columns in files}

    def __getitem__(self, subject: str) -> Point:
        file, separator, name = subject.rpartition(SEPARATOR)
        columns = self._by_file.get(file)
        if not separator or columns is None or name not in columns.names:
            raise KeyError(subject)
        return columns.point(columns.names.index(name))

    def __iter__(self) -> Iterator[str]:
        for columns in self.files:
            yield from columns.subjects()

    def __len__(self) -> int:
        return sum(map(len, self.files))

    def __repr__(self) -> str:
        return f"Blocks({dict(self)!r})"


def in_columns(points: Mapping[str, Point]) -> tuple[Columns, ...]:
    """Return *points* in columns: as they were measured, or all of them together."""
    if isinstance(points, Blocks):
        return points.files
    values = list(points.values())
    return (
        Columns(
            None,
            list(points),
            [point.value for point in values],
            [point.line for point in values],
            [point.end_line for point in values],
            [point.path for point in values],
        ),
    )
