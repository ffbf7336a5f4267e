"""The command-line options and ini keys. Declared here, read in `settings` and nowhere else."""

from typing import Final, Literal

import pytest

#: Ini key -> (pytest's type, what it means).
INI_KEYS: Final[dict[str, tuple[Literal["linelist", "bool", "string"], str]]] = {
    "backend_gates_thresholds": (
        "linelist",
        "a threshold a line, such as 'coverage > 80%' or 'latency.p95 < 100ms'",
    ),
    "backend_gates_sets": (
        "linelist",
        "a named set of globs a line: 'critical = src/payments/**, POST /payments*'",
    ),
    "backend_gates_source": ("linelist", "the project's source: folders and files, relative to the rootdir"),
    "backend_gates_app": ("string", "the application or its factory: 'package.module:attribute'"),
    "backend_gates_schema": ("string", "the API's OpenAPI file, where the framework makes none"),
    "backend_gates_base_url": ("string", "where a running server's API begins: 'http://127.0.0.1:8000'"),
    "backend_gates_writes": ("bool", "let the contract gate generate requests that may change data"),
    "backend_gates_checks": ("linelist", "a check of schemathesis a line, besides the default ones"),
    "backend_gates_contract_dir": ("string", "the folder of tests that the contract's tests belong to"),
    "backend_gates_usefixtures": ("linelist", "a fixture a line that every contract test uses"),
    "backend_gates_reports": ("linelist", "a report a line: 'json:PATH'"),
    "backend_gates_metrics": ("linelist", "a metric of one's own a line: 'emails.sent: counter'"),
    "backend_gates_tests": ("linelist", "a kind of tests a line: 'unit = tests/small/**, pytest.mark.fast'"),
    "backend_gates_strict": ("bool", "make SKIPPED and unproven red"),
}


def add_options(parser: pytest.Parser) -> None:
    """Declare everything that a user can set. Defaults are ``None``: not given is not the same as off."""
    group = parser.getgroup("backend-gates", "quality gates for Python backends")
    option = group.addoption
    option(
        "--backend-gates",
        action="store_true",
        dest="backend_gates",
        default=None,
        help="measure the backend while its tests run and judge it at the end of the session",
    )
    option(
        "--no-backend-gates",
        action="store_false",
        dest="backend_gates",
        default=None,
        help="do not, whatever addopts says",
    )
    option("--backend-gates-only", metavar="GATES", help="judge only these gates, separated by commas")
    option("--backend-gates-skip", metavar="GATES", help="switch these gates off, separated by commas")
    option(
        "--backend-gates-threshold",
        metavar="EXPR",
        action="append",
        help="one more threshold, for this run, in quotes: 'coverage > 85%%'",
    )
    option(
        "--backend-gates-report",
        metavar="FORMAT:PATH",
        action="append",
        help="write a report: json:PATH, relative to the current folder",
    )
    option(
        "--backend-gates-strict",
        action="store_true",
        default=None,
        help="make SKIPPED and unproven red",
    )
    option(
        "--backend-gates-explain",
        action="store_true",
        default=None,
        help="print every setting, where it comes from and what was discovered; run no test",
    )
    option(
        "--backend-gates-allow-remote",
        action="store_true",
        default=None,
        help="let backend_gates_base_url be another machine, and requests be generated for it",
    )
    for key, (kind, meaning) in INI_KEYS.items():
        parser.addini(key, meaning, type=kind, default=None)


def stray_options(config: pytest.Config) -> list[str]:
    """Return the options that were given and mean nothing without ``--backend-gates``."""
    names = ("only", "skip", "threshold", "report", "strict", "explain", "allow-remote")
    given = (f"--backend-gates-{name}" for name in names)
    return [name for name in given if config.getoption(name.removeprefix("--").replace("-", "_")) is not None]
