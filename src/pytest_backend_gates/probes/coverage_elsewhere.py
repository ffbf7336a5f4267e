"""Source that the tests import from another place: an installed copy runs, and nothing of what is measured."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def imported_elsewhere(rootdir: Path, roots: Sequence[str]) -> list[str]:
    """Return a note on the first module below the *roots* that this process has imported from elsewhere."""
    for name, source in (module for root in roots for module in _modules(rootdir / root)):
        found = getattr(sys.modules.get(name), "__file__", None)
        if found and os.path.realpath(found) != os.path.realpath(source):
            here = source.relative_to(rootdir).as_posix()
            return [f"the tests import {name} from {found}, not from {here}: is it installed without -e?"]
    return []


def _modules(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the names and files of what is imported of *root*: itself, or the packages in it."""
    if root.is_file():
        found = [(root.stem, root)]
    elif (root / "__init__.py").is_file():
        found = [(root.name, root / "__init__.py")]
    else:
        found = [(path.parent.name, path) for path in sorted(root.glob("*/__init__.py"))]
    yield from (one for one in found if one[0] not in sys.stdlib_module_names)
