"""What the user wrote about the contract gate: one Plan, or a problem for each mistake in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pytest_backend_gates.masking import MASK
from pytest_backend_gates.probes.contract.app import AppError, misspelt
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.contract.server import Server
from pytest_backend_gates.taps.address import SPELT, Address, AddressError, elsewhere
from pytest_backend_gates.threshold import strip_comment
from pytest_backend_gates.written import Line, Written

_APP: Final = "backend_gates_app"
_BASE_URL: Final = "backend_gates_base_url"
_ALLOW_REMOTE: Final = "--backend-gates-allow-remote"


def read_plan(written: Written, rootdir: Path) -> Plan:
    """Read the settings of the contract gate; mistakes become problems of *written*."""
    lines: list[Line] = []
    return Plan(
        rootdir,
        _folder(written, rootdir),
        _app(written, lines),
        _schema(written, rootdir),
        written.flag("backend_gates_writes"),
        tuple(_names(written, "backend_gates_checks", "a check is written as schemathesis names it", lines)),
        tuple(_names(written, "backend_gates_usefixtures", "one fixture a line", lines)),
        {strip_comment(line.text): line.where for line in lines},
        _server(written),
    )


def app_of(config: pytest.Config) -> str | None:
    """Return what names the application, also without ``--backend-gates``. Raises :class:`AppError`."""
    written = Written(config)
    reference = _app(written, [])
    for problem in written.problems:
        raise AppError(f"{problem.where}: {problem.message}", "", problem.allowed or "")
    return reference


def _app(written: Written, lines: list[Line]) -> str | None:
    line = written.line(_APP)
    if line is None:
        return None
    lines.append(line)
    mistake = misspelt(line.text)
    if mistake is not None:
        written.problem(str(mistake), line.where, line.text, mistake.fault, mistake.allowed)
    return line.text


def _server(written: Written) -> Server | None:
    """Return the server that requests are sent to: on this machine, unless a person has allowed another."""
    allowed = written.consents(_ALLOW_REMOTE)
    line = written.line(_BASE_URL)
    if line is None:
        return None
    try:
        address = Address.parse(line.text, remote=allowed)
    except AddressError as mistake:
        hidden, at, shown = line.text.rpartition("@")
        text = f"{MASK}@{shown}" if at else line.text
        written.problem(str(mistake), line.where, text, text if hidden else mistake.fault, SPELT)
        return None
    why = None if allowed else elsewhere(address.host)
    if why is not None:
        message = f"'{address.host}' is not this machine: {why}"
        consent = f"allowed: this machine; another one with {_ALLOW_REMOTE}, given on the command line"
        written.problem(message, line.where, line.text, address.host, consent)
    return Server(address, line.where)


def _schema(written: Written, rootdir: Path) -> Path | None:
    """Return the file of the schema; an address is refused, for nothing is ever fetched."""
    line = written.line("backend_gates_schema")
    if line is None:
        return None
    path = rootdir / line.text
    if "://" in line.text:
        message = f"'{line.text}' is an address, and nothing is fetched from other hosts"
    elif not path.exists():
        message = f"'{line.text}' does not exist in {rootdir}"
    elif not path.is_file():
        message = f"'{line.text}' is not a file"
    else:
        return path
    allowed = "allowed: an OpenAPI file, JSON or YAML, relative to the rootdir"
    written.problem(message, line.where, line.text, line.text, allowed)
    return None


def _folder(written: Written, rootdir: Path) -> Path | None:
    line = written.line("backend_gates_contract_dir")
    if line is None:
        return None
    path = (rootdir / line.text).resolve()
    if not path.exists():
        message = f"'{line.text}' does not exist in {rootdir}"
    elif not path.is_dir():
        message = f"'{line.text}' is not a folder"
    elif not path.is_relative_to(rootdir.resolve()):
        message = f"'{line.text}' is outside of {rootdir}"
    else:
        return rootdir / path.relative_to(rootdir.resolve())
    allowed = "allowed: a folder of tests, relative to the rootdir"
    written.problem(message, line.where, line.text, line.text, allowed)
    return None


def _names(written: Written, key: str, allowed: str, lines: list[Line]) -> Iterator[str]:
    for line in written.lines(key):
        name = strip_comment(line.text)
        lines.append(line)
        if not name.isidentifier():
            written.problem(f"'{name}' is not a name", line.where, line.text, name, allowed)
        yield name
