"""One source file as the analyzers see it: its bytes, lines, syntax tree, and the names of its scopes."""

import ast
import hashlib
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# A definition is a statement: nothing else can hold one, so expressions are never visited.
_HOLDERS = (ast.stmt, ast.excepthandler, ast.match_case)


@dataclass(frozen=True, slots=True)
class Scope:
    """A function, method or class, and its name: ``create_app.<locals>.route``, ``Cart.total#2``."""

    name: str
    node: Function | ast.ClassDef

    @property
    def line(self) -> int:
        """The line of ``def`` or ``class`` (decorators stand before it)."""
        return self.node.lineno

    @property
    def end_line(self) -> int:
        """The last line of the body."""
        return self.node.end_lineno or self.node.lineno


class SourceFile:
    """A file, read and parsed when first asked; whatever is wrong with it is raised then."""

    def __init__(self, path: str) -> None:
        #: Relative to the rootdir (the working directory), with forward slashes.
        self.path = path

    @cached_property
    def data(self) -> bytes:
        """The file's bytes."""
        return Path(self.path).read_bytes()

    @property
    def digest(self) -> str:
        """What stands for the bytes in a cache."""
        return hashlib.blake2b(self.data, digest_size=20).hexdigest()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree. Parsed from bytes, so that a byte-order mark and an encoding cookie count."""
        return ast.parse(self.data)

    @cached_property
    def encoding(self) -> str:
        """The encoding as Python names it. Raises ``SyntaxError`` for one that nobody knows."""
        encoding, _ = tokenize.detect_encoding(io.BytesIO(self.data).readline)
        return encoding

    @cached_property
    def lines(self) -> list[str]:
        """The lines as Python counts them, without their ends."""
        with io.TextIOWrapper(io.BytesIO(self.data), self.encoding, errors="replace") as text:
            return [line.rstrip("\n") for line in text]

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """Every function and class at any depth, in source order; no two functions share a name."""
        return tuple(_named(self.tree))

    def scope_at(self, line: int) -> str:
        """Return the name of the innermost scope around *line*, or ``<module>``."""
        around = [scope.name for scope in self.scopes if scope.line <= line <= scope.end_line]
        return around[-1] if around else "<module>"

    def line_at(self, line: int) -> str:
        """Return the text of *line*, its white space normalised, or ``""`` when there is no such line."""
        return " ".join(self.lines[line - 1].split()) if 0 < line <= len(self.lines) else ""


def _named(tree: ast.Module) -> Iterator[Scope]:
    seen: Counter[str] = Counter()
    for name, node in _definitions(tree, ""):
        if isinstance(node, ast.ClassDef):
            yield Scope(name, node)
            continue
        seen[name] += 1
        yield Scope(name if seen[name] == 1 else f"{name}#{seen[name]}", node)


def _definitions(parent: ast.AST, prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for child in ast.iter_child_nodes(parent):
        if isinstance(child, _SCOPES):
            name = prefix + child.name
            yield name, child
            yield from _definitions(
                child, f"{name}." if isinstance(child, ast.ClassDef) else f"{name}.<locals>."
            )
        elif isinstance(child, _HOLDERS):
            yield from _definitions(child, prefix)
