"""Which folders and files of a project are never its source."""

import os
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

#: pytest's own ``python_files``.
DEFAULT_TEST_FILES: Final = ("test_*.py", "*_test.py")

_NEVER: Final = frozenset({"__pycache__", "__pypackages__", "node_modules", "site-packages", "tests", "test"})
#: What package tools write; a package of the project may have one of these names too.
_BUILT: Final = frozenset({"build", "dist"})
#: Scripts of tools, unless they are modules of a package.
_SCRIPTS: Final = frozenset({"setup.py", "noxfile.py"})
#: A file in a virtual environment of venv, and a folder in one of conda.
_ENVIRONMENT_MARKS: Final = ("pyvenv.cfg", "conda-meta")
#: The names that coverage.py takes for importable.
_IMPORTABLE: Final = re.compile(r"[^.#~!$@%^&*()+=,]+\.py")


@dataclass(frozen=True, slots=True)
class SourceRules:
    """What is source, for one project: its patterns for test files and its folders of tests."""

    python_files: tuple[str, ...]
    testpaths: tuple[str, ...] = ()

    def admits_folder(self, folder: Path, path: str) -> bool:
        """Whether *folder*, at *path* from the rootdir, may hold source."""
        if _is_set_aside(folder.name) or _is_generated(folder):
            return False
        is_named = any(fnmatch(path, testpath) for testpath in self.testpaths)
        return not (is_named and self._holds_mainly_tests(folder))

    def admits_file(self, path: str, beside: set[str]) -> bool:
        """Whether the Python file at *path* is source; *beside* are the names in its folder."""
        name = path.rpartition("/")[2]
        if name == "conftest.py" or not _IMPORTABLE.fullmatch(name):
            return False
        if name in _SCRIPTS and "__init__.py" not in beside:
            return False
        return not self._is_test(path, name)

    def _is_test(self, path: str, name: str) -> bool:
        """Whether pytest collects it: where ``testpaths`` says where tests are, a module elsewhere is none."""
        elsewhere = self.testpaths and not any(_is_below(path, testpath) for testpath in self.testpaths)
        return not elsewhere and self._looks_like_test(path, name)

    def _looks_like_test(self, path: str, name: str) -> bool:
        """Match as pytest does: a pattern with a slash against the path, any other against the name."""
        return any(
            fnmatch(f"/{path}", f"*/{pattern}") if "/" in pattern else fnmatch(name, pattern)
            for pattern in self.python_files
        )

    def _holds_mainly_tests(self, folder: Path) -> bool:
        """Tell a folder of tests from a package that has its tests beside its code (``testpaths = shop``)."""
        tests = others = 0
        for where, _, names in os.walk(folder):
            for name in names:
                if name.endswith(".py") and name != "__init__.py":
                    is_test = name == "conftest.py" or self._looks_like_test(
                        f"{where}/{name}".replace(os.sep, "/"), name
                    )
                    tests, others = tests + is_test, others + (not is_test)
        return tests >= others


def _is_set_aside(name: str) -> bool:
    return name.startswith(".") or name.endswith(".egg-info") or name.lower() in _NEVER


def _is_generated(folder: Path) -> bool:
    """Whether *folder* is what a package tool built, or a virtual environment."""
    if folder.name in _BUILT and not (folder / "__init__.py").exists():
        return True
    return any((folder / mark).exists() for mark in _ENVIRONMENT_MARKS)


def _is_below(path: str, testpath: str) -> bool:
    return fnmatch(path, testpath) or fnmatch(path, f"{testpath.rstrip('/')}/*")
