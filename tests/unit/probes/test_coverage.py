"""The probe's numbers against those of coverage.py's own command line, on the same small projects."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Probe = Callable[..., dict[str, Any]]
Oracle = Callable[..., dict[str, list[int]]]


def _configure(project: Path, text: str) -> None:
    (project / ".coveragerc").write_text(text, "utf-8")


@pytest.mark.parametrize(("branch", "of"), [("false", "lines"), ("true", "lines and branches")])
def test_without_configuration_the_discovered_source_counts(
    project: Path, probe: Probe, oracle: Oracle, branch: str, of: str
) -> None:
    """All files of src/ count, those never imported as 0 %, exactly as ``--source=src`` counts them."""
    _configure(project, f"[run]\nbranch = {branch}\n")
    result = probe()
    assert result["coverage"]["files"] == oracle("--source=src")
    assert result["coverage"]["of"] == of
    assert result["coverage"]["files"]["src/shop/never.py"] == [0, 2]
    assert result["coverage"]["notes"] == []


def test_percents_of_files_are_exact(probe: Probe) -> None:
    """Each file's percentage is a fraction of integers, and a file without statements has none."""
    assert probe()["coverage.file"]["percents"] == {"src/shop/cart.py": "400/9", "src/shop/never.py": "0"}


@pytest.mark.parametrize(
    "moves",
    [
        pytest.param({"src/shop": "shop"}, id="flat package"),
        pytest.param({"src/shop": "shop", "shop/__init__.py": None}, id="namespace folder"),
        pytest.param(
            {"src/shop": "shop", "shop/never.py": "never.py"}, id="package and module never imported"
        ),
    ],
)
def test_any_layout_counts_as_coverage_counts_the_whole_folder(
    project: Path, probe: Probe, oracle: Oracle, moves: dict[str, str | None]
) -> None:
    """Packages, folders without ``__init__.py`` and single modules count, imported or not."""
    for old, new in moves.items():
        if new is None:
            (project / old).unlink()
        else:
            (project / old).rename(project / new)
    result = probe()
    _configure(project, "[report]\ninclude_namespace_packages = true\n")
    assert result["coverage"]["files"] == oracle("--source=.", "--omit=*/tests/*")
    assert len(result["coverage"]["files"]) == len(list(project.rglob("*.py"))) - 1


def test_single_modules(project: Path, probe: Probe, oracle: Oracle) -> None:
    """A project of single modules at its top is measured, the module that nothing imports included."""
    for name in ("cart.py", "never.py"):
        (project / "src/shop" / name).rename(project / name)
    (project / "tests/test_cart.py").write_text(
        "import cart\ndef test_it():\n    cart.refund([1])\n", "utf-8"
    )
    (project / "src/shop/__init__.py").unlink()
    assert (
        probe()["coverage"]["files"]
        == oracle("--source=.", "--omit=*/tests/*")
        == {"cart.py": [8, 9], "never.py": [0, 2]}
    )


#: A plugin of coverage.py that configures it, as covdefaults does.
CONFIGURER = """\
import coverage


class Configurer(coverage.CoveragePlugin):
    def configure(self, config):
        config.set_option("run:branch", True)
        config.set_option("run:source", ["src", "tests"])


def coverage_init(registry, options):
    registry.add_configurer(Configurer())
"""


@pytest.mark.parametrize(
    ("configuration", "options"),
    [
        ("[run]\nsource = src\nbranch = true\n", ()),
        ("[run]\nsource = src, tests\n", ()),
        ("[run]\nsource_pkgs = shop\n", ()),
        ("[run]\ninclude = */src/shop/*\n", ()),
        ("[run]\nomit = */shop/never.py\n", ("--source=src",)),
        ("[run]\nomit = {root}/src/shop/never.py\nrelative_files = true\n", ("--source=src",)),
        (
            "[run]\nomit = */never.py\nrelative_files = true\n[report]\nomit = src/shop/__init__.py\n",
            ("--source=src",),
        ),
        ("[run]\nrelative_files = true\nbranch = true\n", ("--source=src",)),
        ("[run]\nrelative_files = true\nsource = src\n", ()),
        ("[report]\nexclude_also =\n    def refund\n", ("--source=src",)),
        ("[report]\nfail_under = 100\nskip_covered = true\nskip_empty = true\n", ("--source=src",)),
        ("[report]\ninclude = */cart.py\n", ("--source=src",)),
        ("[run]\ndynamic_context = test_function\n", ("--source=src",)),
        ("[run]\nplugins = configurer\n", ()),
        ("[paths]\nsource =\n    src\n    */elsewhere\n", ("--source=src",)),
    ],
)
def test_the_users_configuration_is_obeyed(
    project: Path, probe: Probe, oracle: Oracle, configuration: str, options: tuple[str, ...]
) -> None:
    """What the project configured for coverage.py decides, and named source replaces the discovered one."""
    (project / "src/configurer.py").write_text(CONFIGURER, "utf-8")
    _configure(project, configuration.replace("{root}", str(project).replace("[", "?").replace("]", "?")))
    result = probe()
    assert result["coverage"]["files"] == oracle(*options)
    assert result["coverage"]["errors"] == []


def test_configuration_is_found_by_the_environment(probe: Probe, tmp_path: Path) -> None:
    """COVERAGE_RCFILE names the configuration, as for coverage.py."""
    (tmp_path / "other.ini").write_text("[run]\nsource = src\nomit = */cart.py\n", "utf-8")
    result = probe(env={"COVERAGE_RCFILE": str(tmp_path / "other.ini")})
    assert list(result["coverage"]["files"]) == ["src/shop/__init__.py", "src/shop/never.py"]


def test_tests_inside_a_package_are_not_source(project: Path, probe: Probe) -> None:
    """Tests beside the code ran, and count neither as covered nor as missing."""
    (project / "tests").rename(project / "src/shop/tests")
    assert list(probe()["coverage"]["files"]) == [
        "src/shop/__init__.py",
        "src/shop/cart.py",
        "src/shop/never.py",
    ]


def test_the_working_directory_does_not_matter(
    project: Path, probe: Probe, oracle: Oracle, tmp_path: Path
) -> None:
    """Started elsewhere, and with tests that change the directory, the numbers are the same."""
    _configure(project, "[run]\nbranch = true\nrelative_files = true\n")
    text = (project / "tests/test_cart.py").read_text("utf-8")
    (project / "tests/test_cart.py").write_text(f"import os\n{text}    os.chdir('/')\n", "utf-8")
    assert probe(cwd=tmp_path)["coverage"]["files"] == oracle("--source=src")


def test_the_users_data_file_is_not_touched(project: Path, probe: Probe) -> None:
    """A ``.coverage`` that the user keeps stays as it is, and nothing is left beside it."""
    (project / ".coverage").write_bytes(b"precious")
    _configure(project, "[run]\nparallel = true\n")
    before = sorted(project.iterdir())
    probe()
    assert (project / ".coverage").read_bytes() == b"precious"
    assert sorted(project.iterdir()) == before


CHILDREN = {
    "subprocess": "subprocess.run([sys.executable, '-c', 'from shop.cart import refund; refund([1])'], check=True)",
    "multiprocessing": "process = multiprocessing.get_context('fork').Process(target=refund, args=([1],))\n"
    "    process.start()\n    process.join()",
}


@pytest.mark.parametrize(
    ("kind", "configuration"),
    [
        ("subprocess", "[run]\npatch = subprocess\nsource = src\n"),
        ("subprocess", "[run]\npatch = subprocess\nbranch = true\n"),
        ("multiprocessing", "[run]\nconcurrency = multiprocessing\nsource = src\n"),
    ],
)
def test_configured_child_processes_count(
    project: Path, probe: Probe, oracle: Oracle, kind: str, configuration: str
) -> None:
    """What children execute counts when coverage.py is configured to measure them, and no file is left."""
    _configure(project, configuration)
    imports = "import multiprocessing, subprocess, sys\nfrom shop.cart import refund\n"
    (project / "tests/test_cart.py").write_text(f"{imports}def test_it():\n    {CHILDREN[kind]}\n", "utf-8")
    before = sorted(project.iterdir())
    result = probe()
    assert sorted(project.iterdir()) == before
    assert result["coverage"]["files"]["src/shop/never.py"] == [0, 2]
    expected = oracle(*([] if "source" in configuration else ["--source=src"]), combine=True)
    assert result["coverage"]["files"] == expected
    assert result["coverage"]["files"]["src/shop/cart.py"][0] > 6


def test_two_processes_are_one_union_of_lines(
    project: Path, probe: Probe, oracle: Oracle, tmp_path: Path
) -> None:
    """A line that ran in two workers counts once, a line that ran in either counts."""
    (project / "tests/test_refund.py").write_text(
        "from shop.cart import refund\ndef test_it():\n    refund([1])\n", "utf-8"
    )
    saved = str(tmp_path / "payload.json")
    first = probe(args=["tests/test_cart.py"], save=saved)
    second = probe(args=["tests/test_refund.py"], payloads=[saved])
    assert first["coverage"]["files"]["src/shop/cart.py"] == [4, 9]
    assert second["coverage"]["files"] == oracle("--source=src")


def test_a_run_without_data_is_zero_of_everything(project: Path, probe: Probe) -> None:
    """Tests that import nothing of the source give an honest 0 %, branches counted, and a note."""
    _configure(project, "[run]\nbranch = true\n")
    (project / "tests/test_cart.py").write_text("def test_it():\n    pass\n", "utf-8")
    coverage = probe()["coverage"]
    assert coverage["files"] == {
        "src/shop/__init__.py": [0, 0],
        "src/shop/cart.py": [0, 13],
        "src/shop/never.py": [0, 2],
    }
    assert coverage["notes"] == ["coverage.py: No data was collected. (no-data-collected)"]


def test_an_installed_copy_that_the_tests_import_is_told(
    project: Path, probe: Probe, environment: dict[str, str]
) -> None:
    """The figure is an honest 0 %, and nobody would guess why."""
    installed = project.parent / "site-packages"
    shutil.copytree(project / "src", installed)
    (project / "pyproject.toml").unlink()
    environment["PYTHONPATH"] = str(installed)
    coverage = probe()["coverage"]
    instead = "not from src/shop/__init__.py: is it installed without -e?"
    assert coverage["files"]["src/shop/cart.py"] == [0, 9]
    assert coverage["notes"] == [
        "coverage.py: No data was collected. (no-data-collected)",
        f"coverage.py: the tests import shop from {installed / 'shop' / '__init__.py'}, {instead}",
    ]
