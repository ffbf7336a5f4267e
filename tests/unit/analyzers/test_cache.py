"""What is kept between sessions: it may cost time, and never a result."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from pytest_backend_gates.analyzers import child, security_identity
from pytest_backend_gates.analyzers.pool import ScanPool
from pytest_backend_gates.measurements import Plain
from pytest_backend_gates.probes import static as static_module
from pytest_backend_gates.probes.static import StaticProbe

CLEAN = "def f(x):\n    return x if x else None\n"
WEAK = "import hashlib\nhashlib.md5(b'x')\n"
MIXED = {"clean.py": CLEAN, "weak.py": WEAK, "sub/mod.py": CLEAN + WEAK, "hidden.py": "exec('1')  # nosec\n"}

#: What starts the child with one more folder to import from, before all others.
WITH_FIRST = "import runpy, sys; sys.path.insert(0, {!r}); runpy.run_module('pytest_backend_gates.analyzers', run_name='__main__')"


class Scans:
    """Scans a project, and knows which files it really looked at."""

    def __init__(self, root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.cache = cache
        self.scanned: list[str] = []
        outer = self

        class Watched(ScanPool):
            def __init__(self, rootdir: Path, files: list[str], analyzers: list[str], cores: int) -> None:
                outer.scanned = sorted(files)
                super().__init__(rootdir, files, analyzers, cores)

        monkeypatch.setattr(static_module, "ScanPool", Watched)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(exist_ok=True)
            (self.root / name).write_text(text)

    @property
    def files(self) -> list[str]:
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*.py"))

    def run(self, *analyzers: str, cache: bool = True) -> Plain:
        """Scan; return the payload."""
        self.scanned = []
        probe = StaticProbe(
            self.root,
            self.files,
            analyzers=analyzers or ("complexity", "security"),
            cache=lambda: self.cache if cache else None,
        )
        probe.start()
        payload = probe.collect(None, print)
        probe.stop()
        return payload

    def cold(self, *analyzers: str) -> Plain:
        return self.run(*analyzers, cache=False)


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scans:
    """Return scans of a small project."""
    root, cache = tmp_path / "project", tmp_path / "cache"
    root.mkdir()
    cache.mkdir()
    made = Scans(root, cache, monkeypatch)
    made.write(MIXED)
    return made


def kept(cache: Path) -> Path:
    """Return the one file of the cache."""
    (path,) = cache.iterdir()
    return path


def test_nothing_is_scanned_twice(scans: Scans) -> None:
    """Not a process is started when nothing has changed, and the payload is the same."""
    cold = scans.run()
    assert scans.scanned == sorted(MIXED)
    assert scans.run() == cold == scans.cold()
    assert scans.run() == cold
    assert scans.scanned == []


def test_only_what_changed_is_scanned(scans: Scans) -> None:
    """By content: a new date is no change, new text with the old date is one."""
    scans.run()
    stat = (scans.root / "clean.py").stat()
    os.utime(scans.root / "weak.py", (1, 1))
    scans.write({"clean.py": CLEAN.replace("x", "y"), "new.py": WEAK})
    os.utime(scans.root / "clean.py", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    warm = scans.run()
    assert scans.scanned == ["clean.py", "new.py"]
    assert warm == scans.cold()
    scans.write({"clean.py": CLEAN})
    assert scans.run() == scans.cold()


def test_it_holds_the_files_of_the_last_scan_only(scans: Scans) -> None:
    """So that it does not grow."""
    scans.run()
    size = kept(scans.cache).stat().st_size
    for number in range(5):
        scans.write({f"passing_{number}.py": CLEAN * 50})
        scans.run()
        (scans.root / f"passing_{number}.py").unlink()
    scans.run()
    assert kept(scans.cache).stat().st_size == size
    assert sorted(json.loads(kept(scans.cache).read_bytes().partition(b"\n")[2])["files"]) == sorted(MIXED)


def test_files_with_errors_are_scanned_again(scans: Scans) -> None:
    """What kept a tool from reading a file may be gone the next time."""
    scans.write({"broken.py": "def f(:\n"})
    first = scans.run()
    assert scans.run() == first == scans.cold()
    scans.run()
    assert scans.scanned == ["broken.py"]


def test_gates_alone_have_results_of_their_own(scans: Scans) -> None:
    """One gate alone neither uses nor spoils what both have found."""
    both = scans.run()
    alone = scans.run("complexity")
    assert scans.scanned == sorted(MIXED)
    assert alone == scans.cold("complexity")
    assert (scans.run(), scans.scanned) == (both, [])
    assert (scans.run("complexity"), scans.scanned) == (alone, [])


CONFIGURATIONS = {
    "bandit in pyproject": {"pyproject.toml": "[tool.bandit]\nskips = ['B324']\n"},
    "bandit's exclusions": {"pyproject.toml": "[tool.bandit]\nexclude_dirs = ['sub']\n"},
    "bandit's ini": {".bandit": "[bandit]\nskips = B324\n"},
    "radon in pyproject": {"pyproject.toml": "[tool.radon]\nno_assert = true\n"},
    "radon.cfg": {"radon.cfg": "[radon]\nno_assert = true\n"},
    "setup.cfg": {"setup.cfg": "[radon]\nno_assert = true\n"},
    "radon's exclusions": {"radon.cfg": "[radon]\nexclude = sub/*\n"},
    "$RADONCFG": {"elsewhere.cfg": "[radon]\nno_assert = true\n"},
    "~/.radon.cfg": {"home/.radon.cfg": "[radon]\nignore = sub\n"},
}


@pytest.mark.parametrize("files", CONFIGURATIONS.values(), ids=list(CONFIGURATIONS))
def test_another_configuration_is_a_cold_cache(
    scans: Scans, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file it is in; back to the old one is cold again, and right."""
    monkeypatch.setenv("RADONCFG", "elsewhere.cfg")
    monkeypatch.setenv("HOME", str(scans.root / "home"))
    scans.write({"asserts.py": "def f(x):\n    assert x\n"})
    before = scans.run()
    scans.write(files)
    after = scans.run()
    assert scans.scanned == scans.files
    assert after == scans.cold() != before
    for name in files:
        (scans.root / name).unlink()
    assert scans.run() == before


def test_a_file_that_bandits_ini_names_counts(scans: Scans) -> None:
    """Its text, not only its name."""
    scans.write({".bandit": "[bandit]\nconfigfile = own.yaml\n", "own.yaml": "skips: ['B101']\n"})
    scans.run()
    scans.write({"own.yaml": "skips: ['B324']\n"})
    assert scans.run() == scans.cold()


def test_a_folder_that_bandits_ini_excludes_and_that_comes_later(scans: Scans) -> None:
    """Before that its name matches everything that has it in its path."""
    scans.write({".bandit": "[bandit]\nexclude = sub/gen\n", "sub/generated.py": WEAK})
    scans.run()
    (scans.root / "sub" / "gen").mkdir()
    assert scans.run() == scans.cold()


def test_a_folder_that_bandit_excludes_by_itself_and_that_comes_later(scans: Scans) -> None:
    """The same."""
    scans.write({"CVSS.py": WEAK})
    before = scans.run()
    (scans.root / "CVS").mkdir()
    assert scans.run() == scans.cold() != before


def test_what_bandit_excludes_by_itself_is_known() -> None:
    """Without importing it, which takes long."""
    code = "from bandit.core import constants; print(*constants.EXCLUDE)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {*security_identity.LEFT_OUT.split(","), "__pycache__"} == set(told.split())


def test_other_settings_of_the_project_are_no_reason(scans: Scans) -> None:
    """A new dependency does not change what radon and bandit find."""
    scans.write({"pyproject.toml": "[project]\nname = 'a'\n"})
    scans.run()
    scans.write({"pyproject.toml": "[project]\nname = 'b'\n"})
    scans.run()
    assert scans.scanned == []


@pytest.mark.parametrize("package", ["radon", "bandit"])
def test_another_engine_is_a_cold_cache(scans: Scans, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its version."""
    scans.run()
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: real(name) + (".post1" if name == package else ""))
    scans.run()
    assert scans.scanned == sorted(MIXED)


def test_another_python_is_a_cold_cache(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one version parses another may not."""
    scans.run()
    monkeypatch.setattr(sys, "version", sys.version + " other")
    scans.run()
    assert scans.scanned == sorted(MIXED)


def test_tests_that_other_packages_add_to_bandit_are_not_kept(
    scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may look at anything, so that nobody knows when they would find something else."""
    monkeypatch.setattr(security_identity, "_bringing_tests", lambda: {"bandit", "bandit-more"})
    assert scans.run() == scans.run()
    assert (scans.scanned, list(scans.cache.iterdir())) == (sorted(MIXED), [])


@pytest.mark.parametrize("text", ["[tool.bandit]\nskips = 'B101'\n", "no toml", "[tool]\nbandit = 1\n"])
def test_a_broken_configuration_is_still_an_error(scans: Scans, text: str) -> None:
    """What was found under the one before does not hide it, nor what was found while it is broken."""
    scans.run()
    scans.write({"pyproject.toml": text})
    for _ in range(2):
        payload = scans.run()
        assert payload == scans.cold()
        assert payload["messages"][0]["analyzer"] in ("complexity", "security")


def test_an_analyzer_that_could_not_begin_is_asked_again(
    scans: Scans, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where its trouble is nothing that the key knows of: an engine that cannot be imported."""
    engine = tmp_path / "broken" / "bandit"
    engine.mkdir(parents=True)
    (engine / "__init__.py").write_text("raise OSError('the disk')\n")
    with monkeypatch.context() as broken:
        broken.setattr(child, "_COMMAND", ("-P", "-c", WITH_FIRST.format(str(engine.parent))))
        assert scans.run()["messages"][0]["analyzer"] == "security"
    assert scans.run() == scans.cold()


def test_a_folder_that_cannot_be_written_costs_time(scans: Scans) -> None:
    """The results are there all the same."""
    scans.cache.rmdir()
    scans.cache.write_text("not a folder")
    assert scans.run() == scans.run() == scans.cold()
    assert scans.cache.read_text() == "not a folder"


def sealed(text: bytes) -> bytes:
    """Return *text* with its checksum, as a cache file has it."""
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def rewritten(data: bytes) -> bytes:
    """Say that a function is a thousand times as complex."""
    assert data.count(b'"names": ["f"], "values": [2]') > 1
    return data.replace(b'"values": [2]', b'"values": [2000]')


def swapped(data: bytes) -> bytes:
    """Give the results of one file to the other."""
    assert b'"clean.py"' in data
    return (
        data.replace(b'"clean.py"', b'"x"').replace(b'"weak.py"', b'"clean.py"').replace(b'"x"', b'"weak.py"')
    )


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "checksum only": lambda data: data[:65],
    "no checksum": lambda data: data.partition(b"\n")[2],
    "zeros": lambda data: bytes(len(data)),
    "rewritten": rewritten,
    "swapped": swapped,
    "doubled": lambda data: data + data,
    "of another key": lambda data: sealed(data.partition(b"\n")[2].replace(b'"key": "', b'"key": "0')),
    "not utf-8": lambda _: b"\xff\xfe\n{}",
    "no JSON": lambda _: sealed(b"[]x"),
    "of another kind": lambda _: sealed(b"[]"),
    "without a key": lambda _: sealed(b'{"files": {}}'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_cache_is_a_cold_one(scans: Scans, damage: Callable[[bytes], bytes]) -> None:
    """All files are scanned, and the cache is whole again."""
    cold = scans.run()
    path = kept(scans.cache)
    good = path.read_bytes()
    path.write_bytes(damage(good))
    assert (scans.run(), scans.scanned) == (cold, sorted(MIXED))
    assert kept(scans.cache).read_bytes() == good


#: An analyzer that sees a file first and changes it behind the backs of the others.
CHANGING = """
from pathlib import Path
class Changing:
    name, metrics = "changing", ()
    prepare = advise = lambda *_: None
    fingerprint = lambda *_: ""
    reduce = lambda *_: {}
    def analyze(self, source):
        Path(source.path).write_bytes(source.data + b"eval('1')\\ndef g(): ...\\n")
"""
#: What starts the child with a bandit of a series that nobody has compared.
UNCOMPARED = "import runpy, bandit; bandit.__version__ = '1.7.0'; runpy.run_module('pytest_backend_gates.analyzers', run_name='__main__')"


@pytest.mark.parametrize("command", [("-m", "pytest_backend_gates.analyzers"), ("-c", UNCOMPARED)])
def test_a_file_that_changes_while_it_is_scanned(
    scans: Scans, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept under a content was found in that content, by every analyzer."""
    (tmp_path / "changing_behind.py").write_text(CHANGING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(child, "_COMMAND", ("-P", *command))
    changing = ("changing_behind:Changing", "complexity", "security")
    found = scans.run(*changing)
    assert (scans.root / "clean.py").read_text() == CLEAN + "eval('1')\ndef g(): ...\n"
    scans.write(MIXED)
    assert (scans.run(*changing), scans.scanned) == (found, [])
    cold = scans.cold()
    for told in found["messages"]:
        assert told["results"].pop("changing", "none") is None
    assert found == cold


#: An analyzer that changes the configuration before the others read it, once.
CONFIGURING = """
from pathlib import Path
class Configuring:
    name, metrics = "configuring", ()
    advise = lambda *_: None
    fingerprint = lambda *_: ""
    analyze = reduce = lambda *_: {}
    def prepare(self, files):
        if not Path("done").exists():
            Path("radon.cfg").write_text(Path("changed").read_text())
            Path("done").touch()
"""


@pytest.mark.parametrize("changed", ["[radon]\nno_assert = true\n", "no configuration"])
def test_a_configuration_that_changes_before_it_is_read(
    scans: Scans, changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found under it is not kept under the one before."""
    (tmp_path / "configuring_first.py").write_text(CONFIGURING)
    monkeypatch.syspath_prepend(tmp_path)
    configuring = ("configuring_first:Configuring", "complexity")
    scans.write({"asserts.py": "def f(x):\n    assert x\n", "changed": changed})
    scans.run(*configuring)
    (scans.root / "radon.cfg").unlink()
    assert scans.run(*configuring) == scans.cold(*configuring)
    assert scans.run(*configuring) == scans.cold(*configuring)


def test_files_of_other_choices_do_not_fit(scans: Scans) -> None:
    """The file of one gate in the place of another's is foreign."""
    cold = scans.run("security")
    other = kept(scans.cache)
    scans.run("complexity")
    (scans.cache / "complexity.json").replace(other)
    assert (scans.run("security"), scans.scanned) == (cold, sorted(MIXED))
