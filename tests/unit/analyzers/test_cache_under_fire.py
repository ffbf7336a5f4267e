"""The cache while sessions are killed, files change and what is kept is damaged: findings stay those of a cold scan."""

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_backend_gates.measurements import Plain
from pytest_backend_gates.probes.static import StaticProbe

ROUNDS = 50  # two sessions each
NAMES = [f"m{number}.py" for number in range(20)]
BOTH = ("complexity", "security")
#: What each file is by turns: no two have the same findings, nor has one file those of another.
VERSIONS = (
    "def f(x):\n    return x if x else None\n",
    "import hashlib\nhashlib.md5(b'x')\ndef f(x):\n    assert x\n",
    "def g(x):\n    exec(x)  # nosec\n    assert x and x or x\n    eval(x)\n",
    "def f(:\n",
)
#: Under which each file has other findings.
CONFIGURATIONS = (
    "",
    "[tool.bandit]\nskips = ['B324', 'B307']\n[tool.radon]\nexclude = 'm?.py'\n",
    "[tool.bandit]\nexclude_dirs = ['m1']\n[tool.radon]\nno_assert = true\n",
)
#: Begins sessions by forking, so that they need not import first, and says when those that were killed are gone.
#: A session scans, again and again, with the cache, and tells what it has found each time.
NURSERY = """
import json, os, pathlib, sys, time, traceback
from pytest_backend_gates.probes.static import StaticProbe
def session(root, cache, told, analyzers):
    names = sorted(path.name for path in pathlib.Path(root).glob("*.py"))
    while True:
        probe = StaticProbe(pathlib.Path(root), names, analyzers=analyzers, cache=lambda: pathlib.Path(cache))
        probe.start()
        payload = probe.collect(None, lambda _: None)
        probe.stop()
        os.write(told, json.dumps(payload).encode() + b"\\n")
        time.sleep(0.005)
for line in sys.stdin:
    root, cache, told, analyzers = json.loads(line)
    pids = []
    for path in told:
        pids.append(os.fork())
        if not pids[-1]:
            os.setpgid(0, 0)
            descriptor = os.open(path, os.O_WRONLY)
            try:
                session(root, cache, descriptor, analyzers)
            except BaseException:
                failed = {"failure": traceback.format_exc(), "total": 0, "messages": []}
                os.write(descriptor, json.dumps(failed).encode() + b"\\n")
                time.sleep(1e6)  # until it is killed, as the others
        os.setpgid(pids[-1], pids[-1])  # whoever is first
    print(json.dumps(pids), flush=True)
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]), flush=True)
"""


def scan(root: Path, cache: Path | None, analyzers: Sequence[str] = BOTH) -> Plain:
    """Return the payload of a session."""
    probe = StaticProbe(root, sorted(NAMES), analyzers=analyzers, cache=lambda: cache)
    probe.start()
    try:
        return probe.collect(None, print)
    finally:
        probe.stop()


def text(name: str, version: int) -> str:
    """Return what the file *name* is in a *version*: its findings stand in lines of its own."""
    return "\n" * NAMES.index(name) + VERSIONS[version]


def put(path: Path, content: str) -> None:
    """Write at once, as an editor does: half a file would be a version that nobody knows the findings of."""
    new = path.with_suffix(".tmp")
    new.write_text(content)
    new.replace(path)


class Fire:
    """A project whose files and configuration change, its cache, and what a cold scan finds in every version."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.root, self.cache, self._elsewhere = folder / "project", folder / "cache", folder / "elsewhere"
        self._chance = chance
        self._versions = dict.fromkeys(NAMES, len(VERSIONS) - 1)  # as the cold scans leave them
        self._pair = [0, 0]  # the versions between which files go to and fro in this round
        self._configuration = 0
        #: The configurations of this round: the one that it began with, and perhaps another after that.
        self._configurations: list[int] = []
        #: The versions that each file has had in this round.
        self.had: dict[str, set[int]] = {}
        #: What was kept once, of this project and of another one with files of the same names.
        self._old: dict[str, list[bytes]] = defaultdict(list)
        self.root.mkdir()
        self._cold = dict(self._cold_scans())
        self._scan_another_project()

    def _cold_scans(self) -> Iterator[tuple[tuple[int, str, int], Plain]]:
        for configuration, settings in enumerate(CONFIGURATIONS):
            put(self.root / "pyproject.toml", settings)
            for version in range(len(VERSIONS)):
                for name in NAMES:
                    put(self.root / name, text(name, version))
                for told in scan(self.root, None)["messages"]:
                    yield (configuration, told["file"], version), told

    def _scan_another_project(self) -> None:
        self._elsewhere.mkdir()
        for name in NAMES:
            put(self._elsewhere / name, "import pickle\ndef other(x):\n    return x or 1\n")
        for analyzers in (BOTH, BOTH[:1]):
            scan(self._elsewhere, self.cache, analyzers)
        self._remember()

    def begin(self) -> None:
        """Begin a round: some files have changed since the last, now and then the configuration too."""
        self.had = {name: {version} for name, version in self._versions.items()}
        self._pair = self._chance.sample(range(len(VERSIONS)), 2)
        for name in self._chance.sample(NAMES, self._chance.randrange(len(NAMES))):
            self._change(name)
        if self._chance.random() < 0.3:
            self._configuration = self._chance.randrange(len(CONFIGURATIONS))
        self._configurations = []
        self._configure(self._configuration)
        if self._chance.random() < 0.5:
            self._damage()

    def rage(self, seconds: float) -> None:
        """Go on changing files, and seldom what is kept or, at most once a round, the configuration, for *seconds*."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._change(self._chance.choice(NAMES))
            if self._chance.random() < 0.003:
                self._damage()
            if self._chance.random() < 0.01 and len(self._configurations) == 1:
                self._configure(self._chance.randrange(len(CONFIGURATIONS)))
            time.sleep(0.0005)

    def settle(self) -> None:
        """Go back to the first configuration of the round, now that nobody lives who has begun under it; or do not."""
        if self._chance.random() < 0.5:
            self._configure(self._configurations[0])

    def expected(self, analyzers: Sequence[str]) -> Plain:
        """Return what a cold scan finds now."""
        now = sorted(self._versions.items())
        told = [self._found(name, version, self._configuration, analyzers) for name, version in now]
        return {"total": len(NAMES), "messages": told, "failure": None, "unfinished": None}

    def is_possible(self, told: Plain, analyzers: Sequence[str]) -> bool:
        """Whether it was found in one version that the file had in this round.

        By each analyzer as it was configured at some moment of it: one may have read the settings before the other.
        """
        name = told["file"]
        return any(
            all(
                any(
                    _of(told, one) == _of(self._cold[settings, name, version], one)
                    for settings in self._configurations
                )
                for one in analyzers
            )
            for version in self.had[name]
        )

    def _found(self, name: str, version: int, configuration: int, analyzers: Sequence[str]) -> Plain:
        told = self._cold[configuration, name, version]
        parts = {
            part: {one: told[part][one] for one in analyzers if one in told[part]}
            for part in ("results", "errors")
        }
        return {"file": name, **parts}

    def _change(self, name: str) -> None:
        version = self._chance.choice(self._pair)
        self.had[name].add(version)
        self._versions[name] = version
        put(self.root / name, text(name, version))

    def _configure(self, configuration: int) -> None:
        self._configuration = configuration
        self._configurations.append(configuration)
        put(self.root / "pyproject.toml", CONFIGURATIONS[configuration])

    def _remember(self) -> None:
        for path in self.cache.glob("*.json"):
            self._old[path.name].append(path.read_bytes())

    def _damage(self) -> None:
        """Truncate, swap, rewrite, or put something older or foreign that is whole in its place."""
        self._remember()
        for path in self.cache.glob("*.json"):
            damage = self._chance.choice([truncated, swapped, rewritten, flipped, None])
            data = path.read_bytes()
            path.write_bytes(
                damage(data, self._chance) if damage else self._chance.choice(self._old[path.name])
            )


def _of(told: Plain, analyzer: str) -> tuple[object, object]:
    return told["results"].get(analyzer), told["errors"].get(analyzer)


def truncated(data: bytes, chance: random.Random) -> bytes:
    """Lose the end."""
    return data[: chance.randrange(len(data) + 1)]


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Change one byte."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + b"7" + data[at + 1 :]


def swapped(data: bytes, chance: random.Random) -> bytes:
    """Give what is known of one file, digest and results, to another, and the other way round."""
    one, other = (f'"{name}"'.encode() for name in chance.sample(NAMES, 2))
    return data.replace(one, b"@").replace(other, one).replace(b"@", other)


def rewritten(data: bytes, chance: random.Random) -> bytes:
    """Put one file's results under another's digest; JSON as good as before."""
    checksum, _, text = data.partition(b"\n")
    try:
        told = json.loads(text)
    except ValueError:
        return data
    files = [entry for entry in told["files"].values() if chance.random() < 0.5]
    for entry, other in pairwise(files):
        entry[1] = other[1]
    return checksum + b"\n" + json.dumps(told).encode()


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_sessions_killed_at_any_moment_spoil_nothing(tmp_path: Path) -> None:
    """Two at once, a hundred in all, while files change under them and what is kept is damaged: always as cold."""
    seed = secrets.randbits(32)
    print("seed", seed)  # noqa: T201 - stands beside a failure
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets
    fire = Fire(tmp_path, chance)
    finished = 0
    with closing(Sessions()) as sessions:
        for number in range(ROUNDS):
            analyzers = BOTH if number % 4 == 0 else BOTH[:1]
            fire.begin()
            for payload in sessions.killed(
                fire, analyzers, chance.uniform(0.02, 0.4), when_told=number % 3 == 0
            ):
                finished += 1
                assert [payload["failure"], payload["total"]] == [None, len(NAMES)]
                assert [told["file"] for told in payload["messages"]] == sorted(NAMES)
                for told in payload["messages"]:
                    assert fire.is_possible(told, analyzers), f"round {number}: {told}"
            fire.settle()
            apart = _apart(scan(fire.root, fire.cache, analyzers), fire.expected(analyzers))
            assert apart == [], f"round {number}"
            if number % 10 == 0:
                assert _apart(scan(fire.root, None, analyzers), fire.expected(analyzers)) == []
    assert finished >= ROUNDS / 3
    assert len(list(fire.cache.iterdir())) <= 4


def _apart(found: Plain, cold: Plain) -> list[tuple[Plain, Plain]]:
    """Return what was told otherwise than by a cold scan, beside what that tells."""
    pairs = zip(found.pop("messages"), cold.pop("messages"), strict=True)
    return [pair for pair in [(found, cold), *pairs] if pair[0] != pair[1]]


class Sessions:
    """Begins two sessions at once, and kills them and their children."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._nursery = subprocess.Popen([sys.executable, "-c", NURSERY], stdin=pipe, stdout=pipe, text=True)

    def killed(self, fire: Fire, analyzers: Sequence[str], seconds: float, *, when_told: bool) -> list[Plain]:
        """Kill after *seconds*, of which none counts before one has told something if *when_told*; return what they told."""
        told = [fire.root / f"told-{number}" for number in range(2)]
        for path in told:
            path.write_bytes(b"")
        pids = self._answer([str(fire.root), str(fire.cache), list(map(str, told)), analyzers])
        while when_told and not any(path.stat().st_size for path in told):
            fire.rage(0.02)
        fire.rage(seconds)
        for pid in pids:
            os.killpg(pid, signal.SIGKILL)
        assert self._answer() == [-signal.SIGKILL] * 2
        lines = [line for path in told for line in path.read_bytes().splitlines(keepends=True)]
        return [json.loads(line) for line in lines if line.endswith(b"\n")]

    def _answer(self, request: object = None) -> list[int]:
        assert self._nursery.stdin
        assert self._nursery.stdout
        if request:
            print(json.dumps(request), file=self._nursery.stdin, flush=True)
        answer: list[int] = json.loads(self._nursery.stdout.readline())
        return answer

    def close(self) -> None:
        """End what begins them."""
        self._nursery.communicate()
