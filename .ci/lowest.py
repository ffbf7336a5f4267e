"""Print the lowest declared version of every dependency, as requirements; with --check, compare with what is installed."""

import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
declared = [
    *project["dependencies"],
    *(line for extra in project["optional-dependencies"].values() for line in extra),
]
lowest = dict(match.groups() for line in declared if (match := re.match(r"([\w-]+)>=([\w.]+)", line)))

if "--check" in sys.argv:
    from packaging.version import Version  # pytest has brought it by now

    wrong = {
        name: version(name) for name, wanted in lowest.items() if Version(version(name)) != Version(wanted)
    }
    print("installed:", ", ".join(f"{name} {version(name)}" for name in lowest))
    sys.exit(f"not the lowest: {wrong}" if wrong else 0)
print(*(f"{name}=={wanted}" for name, wanted in lowest.items()))
