"""Bandit's own walk over a syntax tree, without what none of its tests can notice.

Bandit prepares a context for every node, tells the log of it, and looks whether a test asks for its type; few
types are asked for. The walk here visits the same nodes in the same order, prepares a context only where a test
or bandit's own book-keeping is interested, and takes a tree that is already parsed. What bandit's tests can see
of the other nodes is as bandit leaves it: parents, siblings, and the lines it remembers.
"""

import ast
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import bandit
from bandit.core import constants, manager, node_visitor, tester, utils
from bandit.core.context import Context

if TYPE_CHECKING:
    from pytest_backend_gates.analyzers.source import SourceFile

#: The releases of bandit whose findings were compared with those of this walk: tests/unit/analyzers/test_bandit_visitor.py
#: passed with each. Any other walks by itself, which takes longer and finds what it finds.
_COMPARED: Final = frozenset({"1.8.3", "1.8.5", "1.8.6", "1.9.1", "1.9.2", "1.9.3", "1.9.4"})
#: What bandit visits for its own book-keeping, also when no test asks for it.
_VISITED: Final = ("ClassDef", "FunctionDef", "Call", "Import", "ImportFrom")
_NOTHING: Final = {kind: [0] * len(constants.RANKING) for kind in ("SEVERITY", "CONFIDENCE")}

_Test = Callable[..., Any]


def is_compared() -> bool:
    """Whether the findings of the installed bandit were compared with those of this walk."""
    return bandit.__version__ in _COMPARED


class QuickManager(manager.BanditManager):  # type: ignore[misc] # bandit is untyped
    """Bandit's manager, for one file that is already read."""

    def run(self, source: "SourceFile", native: str, *, once_more: bool = False) -> None:
        """Run the tests over *source*, which bandit calls *native*.

        The tree is the source's own, which bandit marks; *once_more* takes a new one without marks.
        """
        self._source, self._once_more = source, once_more
        self.files_list = [native]
        self._parse_file(native, io.BytesIO(source.data), self.files_list)

    def _execute_ast_visitor(
        self, fname: str, fdata: io.BytesIO, data: bytes, nosec_lines: Mapping[int, set[str] | None]
    ) -> Any:  # noqa: ANN401 - bandit is untyped
        tree = ast.parse(data) if self._once_more else self._source.tree
        hiding = {line: tests for line, tests in nosec_lines.items() if tests is not None}
        visitor = _Visitor(fname, fdata, self.b_ma, self.b_ts, self.debug, hiding, self.metrics)
        visitor.generic_visit(tree)
        scores = visitor.process(b"")  # without a tree, what is left of it are the tests of whole files
        self.results.extend(visitor.tester.results)
        return scores


class _Tester(tester.BanditTester):  # type: ignore[misc] # bandit is untyped
    """Asks bandit's own tests first whether there is anything to say, which is rare."""

    def run_tests(self, raw_context: dict[str, Any], checktype: str) -> Any:  # noqa: ANN401 - bandit is untyped
        tests = self.testset.get_tests(checktype)
        if self.nosec_lines or not all(map(_is_pure, tests)) or _has_a_say(tests, Context(raw_context)):
            return super().run_tests(raw_context, checktype)
        return _NOTHING


def _is_pure(test: _Test) -> bool:
    """Whether *test* can be asked twice: those of bandit read their context and remember nothing."""
    return getattr(test, "__module__", "").startswith("bandit.")


def _has_a_say(tests: Iterable[_Test], context: Context) -> bool:
    """Whether one of *tests* finds something, or fails."""
    try:
        return any(_result(test, context) is not None for test in tests)
    except Exception:  # noqa: BLE001 - bandit will run it again, and say so
        return True


def _result(test: _Test, context: Context) -> Any:  # noqa: ANN401 - bandit is untyped
    return test(context, test._config) if hasattr(test, "_config") else test(context)  # noqa: SLF001


class _Visitor(node_visitor.BanditNodeVisitor):  # type: ignore[misc] # bandit is untyped
    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - bandit is untyped
        super().__init__(*arguments)
        self.tester = _Tester(self.testset, self.debug, self.nosec_lines, self.metrics)
        self._asked = {*self.testset.tests, *_VISITED}
        self._constants = tuple(
            kind for name, kind in (("Str", str), ("Bytes", bytes)) if name in self._asked
        )

    def generic_visit(self, node: ast.AST) -> None:
        for child, sibling in _children(node):
            child._bandit_sibling = sibling  # noqa: SLF001 - bandit's own mark
            child._bandit_parent = node  # noqa: SLF001 - the same
            if self._is_asked(child):
                self.pre_visit(child)
                self.visit(child)
                self.generic_visit(child)
                self.post_visit(child)
            elif child._fields:
                if not hasattr(child, "lineno"):
                    utils.linerange(child)  # which remembers, and answers otherwise the second time
                self.generic_visit(child)

    def _is_asked(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, self._constants)
        return node.__class__.__name__ in self._asked


def _children(node: ast.AST) -> Iterator[tuple[Any, Any]]:
    """Yield each child with what stands after it in its list, in bandit's order."""
    for field in node._fields:
        value = getattr(node, field, None)
        if isinstance(value, list):
            for child, sibling in zip_longest(value, value[1:]):
                if isinstance(child, ast.AST):
                    yield child, sibling
        elif isinstance(value, ast.AST):
            yield value, None
