"""What the sides work on: source distributions by name and version, and small projects written here."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

#: Projects with suites of their own: the version, and what those need besides.
SUITES: Final[Mapping[str, Sequence[str]]] = {
    "h2": ("4.3.0", "hpack==4.1.0", "hyperframe==6.1.0"),
    "attrs": ("25.4.0", "cloudpickle==3.1.1"),
}


class InputError(Exception):
    """An input could not be prepared."""


class Workspace:
    """The folder of all inputs. What was downloaded once stays; projects are written anew."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        #: The output of the last command.
        self.log = folder / "last.log"

    def source(self, name: str, version: str) -> Path:
        """Return the unpacked source distribution of *name*. Raises :class:`InputError`."""
        unpacked = self.folder / f"{name}-{version}"
        if not unpacked.exists():
            archives = self.folder / "archives" / f"{name}-{version}"
            pip("download", "--no-deps", "--no-binary", name, "-d", str(archives), f"{name}=={version}")
            partial = self.folder / "partial"
            shutil.rmtree(partial, ignore_errors=True)
            with tarfile.open(next(archives.glob("*.tar.gz"))) as archive:
                archive.extractall(partial, filter="data")
            next(partial.iterdir()).rename(unpacked)
        return unpacked

    def packages(self, *requirements: str) -> Path:
        """Return a folder for PYTHONPATH with *requirements*, without what they need. Raises :class:`InputError`."""
        digest = hashlib.sha256(" ".join(sorted(requirements)).encode()).hexdigest()
        folder = self.folder / f"packages-{digest[:16]}"
        if not folder.exists():
            partial = self.folder / "partial-packages"
            shutil.rmtree(partial, ignore_errors=True)
            pip("install", "--no-deps", "--target", str(partial), *requirements)
            partial.rename(folder)
        return folder

    def project(self, name: str, files: Mapping[str, str]) -> Path:
        """Write a project with these *files* and no others; return its folder."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder


def pip(*arguments: str) -> None:
    """Run pip. Raises :class:`InputError`."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise InputError(f"pip {' '.join(arguments)}: {told[-1]}")
