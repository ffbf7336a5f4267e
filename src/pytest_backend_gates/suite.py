"""Which kind of test a test is: the setting ``backend_gates_tests``.

    unit = tests/small/**, pytest.mark.fast        a kind, and the tests that are of it

A marker decides, the nearest one first; without one the last line whose glob matches. A kind that has no
line is that of the tests marked with its name and of those in a folder of its name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pytest_backend_gates.errors import did_you_mean
from pytest_backend_gates.probes.pyramid import KINDS
from pytest_backend_gates.selector import matches
from pytest_backend_gates.threshold import read_globs, strip_comment
from pytest_backend_gates.written import Line, Written

_MARK: Final = "pytest.mark."
_FORM: Final = "a kind of tests is written: kind = glob, pytest.mark.name"


@dataclass(frozen=True, slots=True)
class KindOfTest:
    """A kind of test, and how one is known."""

    name: str
    globs: tuple[str, ...]
    markers: tuple[str, ...]

    @classmethod
    def of(cls, name: str, items: Iterable[str]) -> "KindOfTest":
        """Tell the globs from the markers among *items*."""
        items = tuple(items)
        globs = tuple(item for item in items if not item.startswith(_MARK))
        return cls(name, globs, tuple(item.removeprefix(_MARK) for item in items if item not in globs))

    def __str__(self) -> str:
        """Write it as the setting is written."""
        return f"{self.name} = {', '.join([*self.globs, *(_MARK + marker for marker in self.markers)])}"


@dataclass(frozen=True, slots=True)
class Suite:
    """The kinds of tests of a project; of those whose globs match a test, the last has it."""

    kinds: tuple[KindOfTest, ...]

    def kind_of(self, test: str, markers: Iterable[str]) -> str | None:
        """Return the kind of the *test* of this node id, whose *markers* come nearest first."""
        by_marker = {marker: kind.name for kind in self.kinds for marker in kind.markers}
        for marker in markers:
            if marker in by_marker:
                return by_marker[marker]
        matching = [kind.name for kind in self.kinds if kind.globs and matches(kind.globs, test)]
        return matching[-1] if matching else None


def read_suite(written: Written) -> Suite:
    """Read the setting; mistakes become problems of *written*."""
    told: dict[str, KindOfTest] = {}
    for line in written.lines("backend_gates_tests"):
        kind = _kind(line, written)
        if kind is not None and kind.name in told:
            written.problem(f"'{kind.name}' is told twice", line.where, strip_comment(line.text), kind.name)
        elif kind is not None:
            told[kind.name] = kind
            written.origins[f"tests {kind.name}"] = str(line.origin)
    usual = {name: KindOfTest.of(name, (f"**/{name}/**", f"{_MARK}{name}")) for name in KINDS}
    return Suite((*(usual[name] for name in KINDS if name not in told), *told.values()))


def _kind(line: Line, written: Written) -> KindOfTest | None:
    text = strip_comment(line.text)
    name, equals, items = (part.strip() for part in text.partition("="))
    if not equals or not name:
        written.problem("this is not a kind of tests", line.where, text, text, _FORM)
        return None
    if name not in KINDS:
        written.problem(f"'{name}' is not a kind of tests", line.where, text, name, did_you_mean(name, KINDS))
        return None
    try:
        return KindOfTest.of(name, read_globs(items))
    except ValueError as error:
        written.problem(str(error), line.where, text, items or text, _FORM)
        return None
