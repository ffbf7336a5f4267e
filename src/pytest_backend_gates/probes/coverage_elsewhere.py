"""Source that the tests import from another place: an installed copy runs, and nothing of what is measured."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def imported_elsewhere(rootdir: Path, roots: Sequence[str]) -> list[str]:
    """Return a note on the first package below the *roots* that this process has imported from elsewhere."""
    for package in (package for root in roots for package in _packages(rootdir / root)):
        found = getattr(sys.modules.get(package.name), "__file__", None)
        if found and os.path.realpath(Path(found).parent) != os.path.realpath(package):
            there, here = Path(found).parent, package.relative_to(rootdir).as_posix()
            note = f"the tests import {package.name} from {there}, not from {here}"
            return [f"{note}: install the project with pip install -e"]
    return []


def _packages(root: Path) -> Iterator[Path]:
    """Yield *root*, if it is a package, or else the packages in it."""
    if (root / "__init__.py").is_file():
        yield root
    else:
        yield from (path.parent for path in sorted(root.glob("*/__init__.py")))
