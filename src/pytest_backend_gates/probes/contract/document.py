"""The OpenAPI document: where it comes from, and what of it one operation needs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pytest_backend_gates.probes.contract.references import fault, files, leading_away, references

#: What reads YAML without running anything that it names.
ReadYaml = Callable[[str], Any]

#: The keys of a path that are operations; the rest of it is shared by them.
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


class ContractError(Exception):
    """The contract cannot be read: no schema, a schema that is none, or a setting that means nothing."""


class NoSchemaError(ContractError):
    """The framework makes no schema of its routes, and no file was named."""


def of_app(app: object) -> dict[str, Any]:
    """Return the document that the framework makes of its routes.

    Raises :class:`NoSchemaError` when it makes none, :class:`ContractError` when it cannot.
    """
    make = getattr(app, "openapi", None)
    if not callable(make):
        raise NoSchemaError(f"no API schema configured: {_kind(app)} makes none of its routes")
    cached = getattr(app, "openapi_schema", None)
    try:
        document = make()
    except Exception as error:  # the project's own code: whatever it raises is why
        raise ContractError(f"{_kind(app)}.openapi() raised {type(error).__name__}: {error}") from error
    if cached is None and getattr(app, "openapi_schema", None) is not None:
        app.openapi_schema = None  # type: ignore[attr-defined]  # a test may add routes yet: FastAPI keeps the first
    return _checked(document, f"{_kind(app)}.openapi()")


def of_file(path: Path, read_yaml: ReadYaml) -> dict[str, Any]:
    """Return the document in *path*, JSON or YAML. Raises :class:`ContractError`."""
    document = _read(path, read_yaml, f"backend_gates_schema: {path}")
    base = path.parent
    for name in sorted(set(files(document))):
        _only_local(base / name, read_yaml, seen=set())
    return _checked(document, str(path))


def only(document: Mapping[str, Any], path: str, method: str) -> dict[str, Any]:
    """Return the document with one operation alone, unless something in it refers to the others.

    What is wrong with another operation is that one's, and reading all of a large schema takes its time.
    """
    paths = document["paths"]
    if any(reference.startswith("#/paths/") for reference in references(document)):
        return dict(document)
    item = {
        key: value
        for key, value in paths[path].items()
        if str(key).upper() == method or str(key).lower() not in METHODS
    }
    return {**document, "paths": {path: item}}


def astray(document: Mapping[str, Any], path: str, method: str) -> str | None:
    """Say which reference of an operation leads nowhere, or to another host, if one does."""
    item = document["paths"][path]
    shared = {key: value for key, value in item.items() if str(key).lower() not in METHODS}
    own = next(value for key, value in item.items() if str(key).upper() == method)
    return fault(document, [shared, own])


def methods_of(document: Mapping[str, Any], path: str) -> list[str]:
    """Return the methods that the document declares for *path*, in its order."""
    item = document.get("paths", {}).get(path)
    return [key.upper() for key in item if str(key).lower() in METHODS] if isinstance(item, Mapping) else []


def _checked(document: Any, where: str) -> dict[str, Any]:  # noqa: ANN401  anything can stand in a file
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        raise ContractError(
            f"{where} is no OpenAPI schema: it has neither 'openapi' nor 'swagger' at its top"
        )
    if not isinstance(document.get("paths"), dict):
        raise ContractError(f"{where}: 'paths' has to be an object, with a path template for each key")
    return document


def _read(path: Path, read_yaml: ReadYaml, where: str) -> Any:  # noqa: ANN401  anything can stand in a file
    import yaml  # type: ignore[import-untyped]  # ships no types

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{where} cannot be read: {error}") from error
    try:
        return json.loads(text) if path.suffix == ".json" else read_yaml(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        kind = "JSON" if path.suffix == ".json" else "YAML or JSON"
        raise ContractError(f"{where} is not {kind}: {error}") from error


def _only_local(path: Path, read_yaml: ReadYaml, seen: set[Path]) -> None:
    """Check that a file which the schema refers to leads to no other host, nor the files that it refers to."""
    if path in seen or not path.is_file():
        return  # what is missing is told for the operations that need it
    seen.add(path)
    document = _read(path, read_yaml, str(path))
    remote = next(leading_away(document), None)
    if remote is not None:
        raise ContractError(
            f"{path} refers to {remote}, and nothing is fetched from other hosts: keep a copy beside it"
        )
    for name in sorted(set(files(document))):
        _only_local(path.parent / name, read_yaml, seen)


def _kind(app: object) -> str:
    return type(app).__name__
