"""What was found in files that have not changed, kept between sessions.

One file for each choice of analyzers: a line with the checksum of the rest, and the rest, ``{"key": everything
besides a file that decides its result, "files": {path: [digest, results]}}``. A file that is damaged or was
written under another key is as good as none: a cache costs time, and never a result. The checksum is against
accidents: who may write here on purpose may write into the tests as well. It holds the files of the last scan and
so does not grow; two sessions that write at once leave the one or the other, or a damaged file.
"""

import contextlib
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_backend_gates import measurements
from pytest_backend_gates.analyzers.source import SourceFile

if TYPE_CHECKING:
    from pytest_backend_gates.analyzers import Analyzer
    from pytest_backend_gates.measurements import Plain


class ResultCache:
    """The results of *analyzers* for the files of *rootdir*, kept in *folder*."""

    def __init__(self, folder: Path, rootdir: Path, analyzers: "Sequence[Analyzer]") -> None:
        """Read what is kept. Raises what an analyzer's ``fingerprint`` raises: then nothing can be kept."""
        self._rootdir = rootdir
        self._path = folder / f"{'-'.join(quote(analyzer.name, safe='') for analyzer in analyzers)}.json"
        self._analyzers = {analyzer.name: analyzer for analyzer in analyzers}
        self._key = self._key_now()
        self._entries = self._read()

    def known(self, files: Iterable[str]) -> "dict[str, Plain]":
        """Return the results of those *files* that are as they were when they were scanned."""
        found = {}
        for path in files:
            digest, results = self._entries.get(path, ("", {}))
            if digest and digest == _digest(self._rootdir / path):
                found[path] = results
        return found

    def keep(self, files: Iterable[str], messages: "Iterable[Plain]") -> None:
        """Remember what *messages* tell of files by all analyzers, and forget all that are not in *files*.

        Nothing is kept when something else decides the results than at the beginning: nobody knows which of both
        did. Raises as the beginning does.
        """
        news = {one["file"]: [one["digest"], one["results"]] for one in messages if self._is_whole(one)}
        entries = {**self._entries, **news}
        left = {path: entries[path] for path in files if path in entries}
        if left != self._entries and self._key == self._key_now():
            self._write(left)

    def _key_now(self) -> str:
        fingerprints = (analyzer.fingerprint(self._rootdir) for analyzer in self._analyzers.values())
        return _hashed(
            "\0".join([sys.version, _own_source(), *fingerprints]).encode(errors="backslashreplace")
        )

    def _is_whole(self, message: "Plain") -> bool:
        """Whether *message* is of a file. An analyzer that could not begin has told nothing of it, not even an error."""
        return message.get("digest") is not None and message["results"].keys() == self._analyzers.keys()

    def _read(self) -> "dict[str, list[Plain]]":
        try:
            checksum, _, text = self._path.read_bytes().partition(b"\n")
            if checksum.decode("ascii") != _hashed(text):
                return {}
            told: Plain | list[object] = json.loads(text)
        except (OSError, ValueError):
            return {}
        return told["files"] if isinstance(told, dict) and told.get("key") == self._key else {}

    def _write(self, entries: "Mapping[str, list[Plain]]") -> None:
        text = json.dumps({"key": self._key, "files": entries}).encode("ascii")
        # Always the same name: what a killed session leaves, the next one overwrites.
        unfinished = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            unfinished.parent.mkdir(
                parents=True, exist_ok=True
            )  # xdist's workers clear the cache later than we open it
            unfinished.write_bytes(_hashed(text).encode("ascii") + b"\n" + text)
            unfinished.replace(self._path)


def _digest(path: Path) -> str | None:
    try:
        return SourceFile(str(path)).digest
    except OSError:
        return None


def _own_source() -> str:
    """Stand for the version of the analyzers: their own source, and that of what they tell."""
    files = [Path(measurements.__file__), *sorted(Path(__file__).parent.glob("*.py"))]
    return _hashed(b"\0".join(path.read_bytes() for path in files))


def _hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
