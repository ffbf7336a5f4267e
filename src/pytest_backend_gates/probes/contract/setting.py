"""What schemathesis is told: our defaults, and over them whatever the project's schemathesis.toml says."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from pytest_backend_gates.probes.contract.stands import texts

FILE: Final = "schemathesis.toml"
#: In seconds; what it limits is told where it is used: ``exercising.Patience``.
LIMIT: Final = 10.0
#: Held against every answer.
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
#: What would send a request elsewhere, or make one operation depend on another or on the clock.
_NOT_HONOURED: Final = (
    "base-url",
    "origin",
    "proxy",
    "workers",
    "max-time",
    "max-failures",
    "request-retries",
)
#: The tables and keys whose values are nobody's business.
_CONFIDENTIAL: Final = ("headers", "parameters", "password", "bearer", "api_key", "payload")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
#: What is only ever held against answers to invalid data, or to one request after another.
_OF_INVALID_DATA: Final = ("negative_data_rejection", "missing_required_header", "unsupported_method")
_OF_SEQUENCES: Final = ("use_after_free", "ensure_resource_availability")
#: In which data is generated.
PHASES: Final = ("examples", "coverage", "fuzzing")
#: Why an operation that the schema declares is not asked.
SWITCHED_OFF: Final = f"switched off in {FILE}"
UNCHECKED: Final = f"every check switched off in {FILE}"
#: Why it is not asked when OpenAPI 3.2 declares its method besides the usual ones.
ADDITIONAL: Final = "an additional operation, which schemathesis does not know"
_SKIPPED: Final = "schemathesis leaves it out"
_QUIET: Final = {"extra-data-sources": {"responses": False}}

_DEFAULTS: Final[dict[str, Any]] = {
    "seed": 1,
    "suppress-health-check": ["all"],  # they measure time, and would make a slow machine an error
    "continue-on-failure": True,  # the other failures of the operation are wanted too
    "max-redirects": 0,  # a redirect is an answer of this operation; what it leads to is another's
    "request-timeout": LIMIT + 5,  # the server here gives up before
    "cache": {"enabled": False},
    "analysis": {"constants": {"enabled": False}},
    "generation": {"mode": "positive", "max-examples": 25, "database": "none"},
    "phases": {
        "examples": _QUIET,
        "coverage": _QUIET,
        "fuzzing": {**_QUIET, "error-feedback": {"enabled": False}},
        "stateful": {"enabled": False},
    },
}


def settings(own: Mapping[str, Any], checks: Sequence[str]) -> dict[str, Any]:
    """Return the configuration for the defaults, the *checks* besides ours, and over them the project's *own*."""
    wanted = {name: {"enabled": True} for name in (*CHECKS, *checks)}
    merged = _merged({**_DEFAULTS, "checks": {"enabled": False, **wanted}}, deepcopy(dict(own)))
    for part in (merged, *_tables(merged, "project"), *_operations(merged)):
        for key in _NOT_HONOURED:
            part.pop(key, None)
    # The lists of a project would take the place of schemathesis's own: they add to what is masked here.
    output = merged.setdefault("output", {})
    if isinstance(output, dict) and isinstance(output.get("sanitization", {}), dict):
        output["sanitization"] = {"enabled": True}
    return merged


def refused(configured: Mapping[str, Any]) -> str | None:
    """Say what this configuration asks for that a gate cannot do: send a request elsewhere, or check nothing."""
    for part in (configured, *_tables(configured, "project")):
        if "wfc" in part.get("auth", {}):
            return "[auth.wfc] may log in on another host, and nothing is sent there"
    checks = configured["checks"]
    if not any(checks.get(name, {}).get("enabled") for name in CHECKS):
        return "it switches off every check that is held against an answer, so nothing would be checked"
    return None


def idle(check: str, configured: Mapping[str, Any]) -> str | None:
    """Say why *check* would never be made under this configuration, if it would not."""
    if check in _OF_INVALID_DATA and configured["generation"]["mode"] == "positive":
        return f'it looks at answers to invalid data, which is generated with [generation] mode = "all" in {FILE}'
    if check in _OF_SEQUENCES:
        return "it looks at sequences of operations, and here each is exercised by itself"
    return None


def why_missing(configured: Mapping[str, Any]) -> str:
    """Say why schemathesis does not know an operation that the schema declares and that is not at fault."""
    off = any(one.get("enabled") is False for one in _operations(configured))
    return SWITCHED_OFF if off else _SKIPPED


def found(rootdir: Path) -> Path | None:
    """Return the schemathesis.toml that holds for *rootdir*: there or above, up to the repository's root."""
    for folder in (rootdir, *rootdir.parents):
        if (folder / FILE).is_file():
            return folder / FILE
        if (folder / ".git").exists():
            return None
    return None


def read(path: Path) -> dict[str, Any]:
    """Read a schemathesis.toml. Raises ``OSError`` and ``ValueError``."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def secrets(part: Any) -> Iterator[str]:  # noqa: ANN401  any part of a TOML file
    """Yield every credential that a configuration holds or takes from the environment."""
    if isinstance(part, list):
        for each in part:
            yield from secrets(each)
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from map(_resolved, texts(value)) if key in _CONFIDENTIAL else secrets(value)


def _resolved(text: str) -> str:
    return _VARIABLE.sub(lambda match: os.environ.get(match[1], ""), text)


def _operations(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for holder in (part, *_tables(part, "project")):
        yield from _tables(holder, "operations")


def _tables(part: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """Yield the tables of the list *key*. What is something else there schemathesis refuses, and says why."""
    found = part.get(key)
    yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return *under* with everything that *over* says instead or besides, table by table."""
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]  # both are tables
    return merged
