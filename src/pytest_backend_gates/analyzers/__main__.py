"""The child process of the static scan: analyzes files one by one and tells each result at once.

Its arguments are the pid of its parent and the path of a request, which it reads and deletes:
``{"files": [...], "analyzers": [...], "path": [...]}``, the last where to find other plugins' analyzers.
It writes lines to its stdout, which nothing but this file can reach:

    {"analyzer": name, "error": finding}                                  it cannot analyze any file
    {"file": path, "digest": of its bytes, "results": {name: data}, "errors": {name: finding}}    a file, in order
    {"done": number of files}                                             the end

The working directory is the rootdir.
"""

import gc
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pytest_backend_gates.analyzers import Analyzer, analyzer_named, orphan
from pytest_backend_gates.analyzers.failures import failure
from pytest_backend_gates.analyzers.source import SourceFile

if TYPE_CHECKING:
    from pytest_backend_gates.measurements import Plain


class Channel:
    """The way to the parent. Whatever else prints, also in C, ends on stderr."""

    def __init__(self) -> None:
        self._stream: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        sys.stdout = sys.stderr

    def tell(self, **message: object) -> None:
        """Write one line, now."""
        self._stream.write(json.dumps(message).encode("ascii") + b"\n")
        self._stream.flush()


def main() -> None:
    """Serve the one request."""
    request = _request(Path(sys.argv[2]))  # before the parent can be found dead: nobody else deletes it then
    orphan.end_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends us
    if hasattr(os, "nice"):
        os.nice(5)  # the tests go first
    channel = Channel()
    warnings.simplefilter("ignore")  # PYTHONWARNINGS=error would make a file's warning its SyntaxError
    _path_entries_of_the_project_last()
    sys.path += [entry for entry in request["path"] if entry not in sys.path]
    files = request["files"]
    analyzers = list(_prepared(request["analyzers"], files, channel))
    _collect_less_often()
    for path in files:
        _analyze(SourceFile(path), analyzers, channel)
    channel.tell(done=len(files))


def _request(path: Path) -> "Plain":
    request: Plain = json.loads(path.read_bytes())
    path.unlink()
    return request


def _path_entries_of_the_project_last() -> None:
    """Move what PYTHONPATH put first to the end: a project's own ``yaml.py`` must not shadow an engine's."""
    project = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path.sort(key=lambda entry: entry in project)


def _collect_less_often() -> None:
    """Let the collector leave the engines alone and look at syntax trees less often: a third of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def _prepared(names: Iterable[str], files: list[str], channel: Channel) -> Iterable[Analyzer]:
    for name in names:
        try:
            analyzer = analyzer_named(name)
            analyzer.prepare(files)
        except BaseException as error:  # noqa: BLE001 - the boundary around an engine: told, and the others go on
            channel.tell(analyzer=name, error=asdict(failure(error, None, name)))
        else:
            yield analyzer


def _analyze(source: SourceFile, analyzers: Iterable[Analyzer], channel: Channel) -> None:
    results: dict[str, Plain] = {}
    errors: dict[str, Plain] = {}
    for analyzer in analyzers:
        try:
            results[analyzer.name] = analyzer.analyze(source)
        except BaseException as error:  # noqa: BLE001 - the boundary around an engine: told, and the others go on
            errors[analyzer.name] = asdict(failure(error, source.path, source.path))
    channel.tell(file=source.path, digest=_digest(source), results=results, errors=errors)


def _digest(source: SourceFile) -> str | None:
    try:
        return source.digest
    except OSError:
        return None  # as the errors say


if __name__ == "__main__":
    main()
