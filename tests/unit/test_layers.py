"""The layers of the package, kept by reading every import in it, also those inside functions."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_backend_gates.model
from pytest_backend_gates.analyzers.complexity import Complexity
from pytest_backend_gates.analyzers.source import SourceFile

PACKAGE = "pytest_backend_gates"
ROOT = Path(pytest_backend_gates.model.__file__).parent
FILES = {path.relative_to(ROOT).with_suffix("").as_posix(): path for path in sorted(ROOT.rglob("*.py"))}

VALUES = {"measurements", "blocks", "model", "units", "errors", "well_formed", "samples"}
RULING = {
    "selector",
    "evidence",
    "metrics",
    "threshold",
    "rules",
    "answers",
    "trends",
    "trend_words",
    "gauges",
    "rates",
    "judge",
    "tolerance",
}
#: The only modules that may import pytest.
PYTEST = {
    "plugin",
    "options",
    "invocation",
    "settings",
    "written",
    "session",
    "measuring",
    "collecting",
    "judging",
    "gate_tests",
    "explain",
    "extensions",
    "last_word",
    "fixtures",
    "timing",
    "hookspecs",
    "contract_plan",
    "apart",
    "probes/contract/items",
    "probes/contract/ending",
    "probes/contract/printed",
}
#: Modules that say nothing about what is in them.
NAMELESS = {"utils", "util", "core", "common", "helpers", "helper", "manager", "misc", "base"}
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 60
#: The cyclomatic complexity of a function.
MOST_COMPLEX = 9


def imports(tree: ast.AST, name: str) -> Iterator[str]:
    """Yield every module that is imported, absolute and with dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = (PACKAGE, *name.split("/"))
            start = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(filter(None, [start, node.module]))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def ours(name: str) -> set[str]:
    """Return the modules of this package that the module *name* imports, as paths below the package."""
    found = {module.removeprefix(f"{PACKAGE}.").replace(".", "/") for module in imports(parsed(name), name)}
    packages = {f"{module}/__init__" for module in found}
    return {module for module in found | packages if module in FILES}


def parsed(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"), name)


def at_import_time(name: str) -> set[str]:
    """Return the modules that importing the module *name* imports by itself."""
    found: set[str] = set()
    waiting = list[ast.AST](parsed(name).body)
    while waiting:
        node = waiting.pop()
        typing_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update(imports(ast.Module([node], []), name))
        elif not typing_only and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def tools(name: str) -> set[str]:
    """Return the packages outside of the standard library that importing *name* imports by itself."""
    return {module.partition(".")[0] for module in at_import_time(name)} - {PACKAGE, *sys.stdlib_module_names}


def below(*folders: str) -> list[str]:
    return [name for name in FILES if name.startswith(folders)]


def test_the_package_is_found() -> None:
    """A test that walks no file proves nothing."""
    assert VALUES | RULING | {"plugin"} <= FILES.keys()
    assert ours("judge") >= {"measurements", "rules", "trends"}


def test_relative_and_inner_imports_are_seen() -> None:
    """Neither a dot nor a function hides an import."""
    source = "def f():\n    from ..model import Verdict\n    from . import sql\n    import a.b\n"
    found = set(imports(ast.parse(source), "probes/coverage"))
    assert {f"{PACKAGE}.model", f"{PACKAGE}.model.Verdict", f"{PACKAGE}.probes.sql", "a.b"} <= found


def test_values_import_only_values() -> None:
    """They import nothing of ours but each other: what was measured, what came of it, and how it is written."""
    assert {name: ours(name) for name in sorted(VALUES)} == {
        "blocks": {"measurements"},
        "errors": set(),
        "measurements": {"samples"},
        "model": {"measurements"},
        "samples": set(),
        "units": set(),
        "well_formed": {"measurements", "model", "samples", "units"},
    }


@pytest.mark.parametrize("name", sorted(RULING))
def test_ruling_imports_values_and_rulings(name: str) -> None:
    """Nothing that judges knows how anything was measured or will be told."""
    assert ours(name) <= VALUES | RULING


def test_the_judge_is_pure() -> None:
    """Neither the values nor the judge read files, clocks, processes or the environment."""
    impure = {"os", "io", "sys", "pathlib", "subprocess", "time", "datetime", "random", "logging", "socket"}
    for name in VALUES | RULING:
        modules = {module.partition(".")[0] for module in imports(parsed(name), name)}
        assert not modules & impure, name


@pytest.mark.parametrize("name", below("reports/"))
def test_reports_know_values_only(name: str) -> None:
    """A renderer computes nothing: it sees the measurements, the model and the units."""
    outside = {module for module in ours(name) if not module.startswith("reports/")}
    values = {"measurements", "blocks", "model", "samples", "units"}
    assert outside <= values | ({"garbage"} if name == "reports/writer" else set())


@pytest.mark.parametrize("folder", ["probes", "analyzers", "taps"])
def test_measuring_knows_no_limit(folder: str) -> None:
    """Probes, analyzers and taps import values and what measures beneath them, never what judges."""
    beneath = {"probes": ("probes/", "analyzers/", "taps/"), "analyzers": ("analyzers/",), "taps": ("taps/",)}
    for name in below(f"{folder}/"):
        outside = {module for module in ours(name) if not module.startswith(beneath[folder])}
        # Advice sees the limit, and so must know which files a threshold selects.
        allowed = (
            VALUES | {"clocks", "fleeting", "masking"} | ({"selector"} if name.endswith("_advice") else set())
        )
        assert outside <= allowed, name


@pytest.mark.parametrize("name", FILES)
def test_only_a_few_import_pytest(name: str) -> None:
    """What is not about pytest's own life can be used and tested without it."""
    modules = {module.partition(".")[0] for module in imports(parsed(name), name)}
    assert name in PYTEST or not modules & {"pytest", "_pytest"}


@pytest.mark.parametrize("name", FILES)
def test_no_private_pytest(name: str) -> None:
    """``_pytest`` changes without notice."""
    assert not any(module.partition(".")[0] == "_pytest" for module in imports(parsed(name), name))


def test_the_entry_point_imports_nothing_heavy() -> None:
    """Everyone with the plugin installed pays for ``plugin``, also those who did not switch it on."""
    assert tools("plugin") <= {"pytest"}
    assert not any(module.startswith(PACKAGE) for module in at_import_time("plugin"))


@pytest.mark.parametrize("name", below("probes/", "analyzers/", "taps/"))
def test_tools_are_imported_where_they_are_used(name: str) -> None:
    """Nobody pays for a gate that is off: a tool is imported in functions, or its whole file is.

    But for another file that imports a tool, and is held to the same.
    """
    if tools(name):
        module = f"{PACKAGE}.{name.replace('/', '.')}"
        assert [other for other in FILES if module in at_import_time(other) and not tools(other)] == []


@pytest.mark.parametrize("name", FILES)
def test_modules_have_names(name: str) -> None:
    """A module called ``utils`` is one whose question nobody asked."""
    assert not NAMELESS & {part.strip("_") for part in name.split("/")}


@pytest.mark.parametrize("name", FILES)
def test_sizes(name: str) -> None:
    """Files and functions stay readable in one sitting."""
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= MOST_LINES_OF_A_FUNCTION, node.name


@pytest.mark.parametrize("name", FILES)
def test_functions_are_simple(name: str) -> None:
    """The package is held to the limit that it judges others by."""
    blocks = Complexity().analyze(SourceFile(str(FILES[name])))
    values = dict(zip(blocks["names"], blocks["values"], strict=True))
    assert {block: value for block, value in values.items() if value > MOST_COMPLEX} == {}


@pytest.mark.parametrize("name", FILES)
def test_no_global_statement(name: str) -> None:
    """State lives in objects; nested sessions must not see each other."""
    assert not any(isinstance(node, ast.Global) for node in ast.walk(parsed(name)))


@pytest.mark.parametrize("name", FILES)
def test_everything_is_annotated(name: str) -> None:
    """Every parameter and every result has a type."""
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            every = [*named, *filter(None, (node.args.vararg, node.args.kwarg))]
            bare = [one.arg for one in every if one.annotation is None and one.arg not in {"self", "cls"}]
            assert not bare, node.name
            assert node.returns is not None, node.name
