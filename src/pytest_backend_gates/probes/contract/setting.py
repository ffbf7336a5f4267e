"""What schemathesis is told: our defaults, and over them whatever the project's schemathesis.toml says."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

FILE: Final = "schemathesis.toml"
#: A request may take so many seconds, and so may all of an operation.
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
_SHORTEST_SECRET: Final = 4
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
#: What is only ever held against answers to invalid data, or to one request after another.
_OF_INVALID_DATA: Final = ("negative_data_rejection", "missing_required_header", "unsupported_method")
_OF_SEQUENCES: Final = ("use_after_free", "ensure_resource_availability")
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
    for part in (merged, *merged.get("project", ()), *_operations(merged)):
        for key in _NOT_HONOURED:
            part.pop(key, None)
    merged.setdefault("output", {}).setdefault("sanitization", {})["enabled"] = True
    return merged


def refused(configured: Mapping[str, Any]) -> str | None:
    """Say what this configuration asks for that a gate cannot do: send a request elsewhere, or check nothing."""
    for part in (configured, *configured.get("project", ())):
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
            yield from _texts(value) if key in _CONFIDENTIAL else secrets(value)


def _texts(part: Any) -> Iterator[str]:  # noqa: ANN401  any part of a TOML file
    if isinstance(part, Mapping):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, str):
        resolved = _VARIABLE.sub(lambda match: os.environ.get(match[1], ""), part)
        if len(resolved) >= _SHORTEST_SECRET:
            yield resolved


def _operations(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from part.get("operations", ())
    for project in part.get("project", ()):
        yield from project.get("operations", ())


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return *under* with everything that *over* says instead or besides, table by table."""
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]  # both are tables
    return merged
