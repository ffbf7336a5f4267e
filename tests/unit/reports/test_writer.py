"""The one place where reports become files."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_backend_gates.reports.writer import Target, parse_target, write_report

ALLOWED = "write FORMAT:PATH, such as json:gates.json (formats: json)"

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions, links and pipes of POSIX")


@pytest.fixture
def umask() -> Iterator[None]:
    """Files are made for their owner and group."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("json:gates.json", "gates.json"),
        ("json:build/a b/gates.json", "build/a b/gates.json"),
        (" json : gates.json ", "gates.json"),
        ("json:C:\\x\\gates.json", "C:\\x\\gates.json"),
        ("json:/tmp/12:30.json", "/tmp/12:30.json"),  # noqa: S108 - a path to read, not to write
    ],
)
def test_target(text: str, path: str) -> None:
    """Only the first colon separates the format from the path."""
    assert parse_target(text) == Target("json", Path(path))


def test_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A leading ~ is the home folder: no shell has expanded it behind the colon."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert parse_target("json:~/gates.json") == Target("json", tmp_path / "gates.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gates.json", f"'gates.json' names no format; {ALLOWED}"),
        ("", f"'' names no format; {ALLOWED}"),
        ("xml:gates.xml", f"'xml' is not a report format; {ALLOWED}"),
        ("C:\\x\\gates.json", f"'C' is not a report format; {ALLOWED}"),
        ("JSON:gates.json", f"'JSON' is not a report format; {ALLOWED}"),
        (":gates.json", f"'' is not a report format; {ALLOWED}"),
        ("json:", f"'json:' names no file; {ALLOWED}"),
        ("json:  ", f"'json:  ' names no file; {ALLOWED}"),
        ("json:a\0b", f"'json:a\0b' names no file; {ALLOWED}"),
        ("json:build/", f"'build/' is a folder; {ALLOWED}"),
        ("json:.", f"'.' is a folder; {ALLOWED}"),
    ],
)
def test_target_mistakes(text: str, message: str) -> None:
    """A mistake is told with what is allowed."""
    with pytest.raises(ValueError, match="write FORMAT:PATH") as caught:
        parse_target(text)
    assert str(caught.value) == message


def test_formats_of_others() -> None:
    """The formats that other plugins add are known to the message and accepted."""
    assert parse_target("html:x.html", ["json", "html"]) == Target("html", Path("x.html"))
    with pytest.raises(ValueError, match=r"\(formats: html, json\)$"):
        parse_target("xml:x", ["json", "html"])


def test_write(tmp_path: Path) -> None:
    """A report is written as UTF-8 with missing folders, and leaves nothing else behind."""
    path = tmp_path / "new" / "folder" / "gates.json"
    write_report(path, "caf\u00e9\n")
    assert path.read_bytes() == b"caf\xc3\xa9\n"
    assert list(path.parent.iterdir()) == [path]


def test_overwrite(tmp_path: Path) -> None:
    """An old report is replaced whole."""
    path = tmp_path / "gates.json"
    path.write_text("old and much longer", encoding="utf-8")
    write_report(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_lone_surrogate(tmp_path: Path) -> None:
    """A character that is no text is written as an escape."""
    write_report(tmp_path / "gates.txt", "caf\udce9")
    assert (tmp_path / "gates.txt").read_bytes() == rb"caf\udce9"


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare file name goes into the current folder."""
    monkeypatch.chdir(tmp_path)
    write_report(Path("gates.json"), "text")
    assert [path.name for path in tmp_path.iterdir()] == ["gates.json"]


def test_long_name(tmp_path: Path) -> None:
    """A name as long as the file system allows can be written."""
    path = tmp_path / ("x" * 255)
    write_report(path, "text")
    assert path.read_text(encoding="utf-8") == "text"


@needs_posix
@pytest.mark.usefixtures("umask")
def test_permissions(tmp_path: Path) -> None:
    """A new file has what the umask leaves; an old one keeps what it had."""
    path = tmp_path / "gates.json"
    write_report(path, "text")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    write_report(path, "text")
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


@needs_posix
def test_symbolic_link(tmp_path: Path) -> None:
    """A link stays a link and what it points to is written, whether it exists or not."""
    real, link, dangling = tmp_path / "real" / "gates.json", tmp_path / "link", tmp_path / "dangling"
    real.parent.mkdir()
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    dangling.symlink_to(tmp_path / "later" / "gates.json")
    write_report(link, "new")
    write_report(dangling, "first")
    assert (link.is_symlink(), real.read_text(encoding="utf-8")) == (True, "new")
    assert (dangling.is_symlink(), dangling.read_text(encoding="utf-8")) == (True, "first")
    assert list(real.parent.iterdir()) == [real]


@needs_posix
def test_pipe(tmp_path: Path) -> None:
    """A pipe is written to and stays one."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_report(path, "text")
        assert os.read(reader, 100) == b"text"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert list(tmp_path.iterdir()) == [path]


@needs_posix
def test_null_device() -> None:
    """The null device survives a report."""
    write_report(Path(os.devnull), "text")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_folder_in_the_way(tmp_path: Path) -> None:
    """A report cannot replace a folder."""
    (tmp_path / "gates.json").mkdir()
    with pytest.raises(OSError, match=r"gates\.json"):
        write_report(tmp_path / "gates.json", "text")
    assert list((tmp_path / "gates.json").iterdir()) == []


def test_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    """A report cannot go below a file."""
    (tmp_path / "build").write_text("a file", encoding="utf-8")
    for path in (tmp_path / "build" / "gates.json", tmp_path / "build" / "deep" / "gates.json"):
        with pytest.raises(OSError, match="build"):
            write_report(path, "text")
    assert (tmp_path / "build").read_text(encoding="utf-8") == "a file"


@pytest.mark.parametrize("step", ["replace", "fsync"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_keeps_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    """Whatever ends the writing, the old report stays whole and no temporary file does."""

    def fail(*_: object) -> None:
        raise error

    path = tmp_path / "gates.json"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(*((Path, "replace", fail) if step == "replace" else (os, "fsync", fail)))
    with pytest.raises(type(error)):
        write_report(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_parts(tmp_path: Path) -> None:
    """What is made bit by bit is written bit by bit, and not at all when the rest cannot be made."""
    path = tmp_path / "gates.json"
    write_report(path, iter(["caf", "\u00e9", "\n"]))
    assert path.read_text(encoding="utf-8") == "caf\u00e9\n"

    def broken() -> Iterator[str]:
        yield "new"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_report(path, broken())
    assert path.read_text(encoding="utf-8") == "caf\u00e9\n"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_is_not_hidden_by_cleaning_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first error is the one that is told, even when the temporary file cannot be removed."""

    def fail(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(f"cannot touch {self.name[:14]}")

    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(OSError, match=r"^disk full$"):
        write_report(tmp_path / "gates.json", "new")
