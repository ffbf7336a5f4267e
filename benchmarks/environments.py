"""Environments with what this plugin depends on, of the versions that are installed here, with the plugin and without."""

import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from benchmarks.inputs import Workspace, pip

_PLUGIN: Final = "pytest-backend-gates"
_ROOT: Final = Path(__file__).parent.parent


def environment(workspace: Workspace, name: str, *, installed: bool) -> Path:
    """Make an environment anew, with the plugin *installed* as a user installs it, or not; return its interpreter.

    Raises :class:`InputError`.
    """
    folder = workspace.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    for path in sorted(_dependencies()):
        (packages / path.name).symlink_to(path)
    if installed:
        pip("install", "--no-deps", "--target", str(packages), str(_ROOT))
    return folder / "bin" / "python"


def _dependencies() -> set[Path]:
    """Return the files and folders of everything that the plugin needs, and that needs in turn."""
    found: set[Path] = set()
    known, wanted = {_PLUGIN}, _needed(_PLUGIN)
    while wanted:
        name = wanted.pop()
        if name in known:
            continue
        known.add(name)
        wanted |= _needed(name)
        one = metadata.distribution(name)
        tops = {file.parts[0] for file in one.files or ()} - {"..", "__pycache__"}
        found |= {Path(str(one.locate_file(top))).resolve() for top in tops}
    return found


def _needed(name: str) -> set[str]:
    """Return the names of what the distribution *name* needs here, its extras left out."""
    requirements = map(Requirement, metadata.requires(name) or ())
    return {one.name for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})}
