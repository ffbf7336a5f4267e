"""The OpenAPI document: where it comes from, and what of it one operation needs."""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_backend_gates.probes.contract.path_items import inlined
from pytest_backend_gates.probes.contract.references import absolute, fault, files, leading_away, references

#: What reads YAML without running anything that it names.
ReadYaml = Callable[[str], Any]

#: The keys of a path that are operations; the rest of it is shared by them.
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
#: The key that says which version of which language a document is in.
_VERSIONS: Final = frozenset({"openapi", "swagger"})
#: Where OpenAPI 3.2 keeps operations with other methods.
_ADDITIONAL: Final = "additionalOperations"


class ContractError(Exception):
    """The contract cannot be read: no schema, a schema that is none, or a setting that means nothing."""


class NoSchemaError(ContractError):
    """The framework makes no schema of its routes, and no file was named."""


def describes_itself(app: object) -> bool:
    """Say at a glance whether the framework of *app* makes a document of its routes: FastAPI, Litestar."""
    if _is_litestar(app):
        return getattr(app, "openapi_config", None) is not None
    return callable(getattr(app, "openapi", None))


def unpublished(app: object) -> str:
    """Return what tells the framework of *app* to publish no document."""
    return "openapi_config=None" if _is_litestar(app) else "openapi_url=None"


def of_app(app: object) -> dict[str, Any]:
    """Return the document that the framework makes of its routes.

    Raises :class:`NoSchemaError` when it makes none, :class:`ContractError` when it cannot.
    """
    if not describes_itself(app):
        raise NoSchemaError(f"no API schema configured: {_kind(app)} makes none of its routes")
    make, name = (_of_litestar, "openapi_schema") if _is_litestar(app) else (_of_fastapi, "openapi()")
    try:
        document = make(app)
    except ContractError:
        raise  # of a server that was asked for it
    except Exception as error:  # the project's own code: whatever it raises is why
        raise ContractError(f"{_kind(app)}.{name} raised {type(error).__name__}: {error}") from error
    return inlined(_checked(document, f"{_kind(app)}.{name}"), _nothing)


def _of_fastapi(app: Any) -> object:  # noqa: ANN401  or another whose openapi() gives the document
    cached = getattr(app, "openapi_schema", None)
    document: object = app.openapi()
    if cached is None and getattr(app, "openapi_schema", None) is not None:
        app.openapi_schema = None  # a test may add routes yet: FastAPI keeps the first
    return document


def _of_litestar(app: Any) -> object:  # noqa: ANN401  of a module that need not be there
    document: object = app.openapi_schema.to_schema()
    return document


def _is_litestar(app: object) -> bool:
    litestar = sys.modules.get("litestar")
    return litestar is not None and isinstance(app, litestar.Litestar)


def _nothing(_: Path) -> None:
    """Read no file: what a framework makes has no folder that its references would be relative to."""


def of_file(path: Path, read_yaml: ReadYaml) -> dict[str, Any]:
    """Return the document in *path*, JSON or YAML, with references that hold wherever it is read.

    Raises :class:`ContractError`.
    """
    document = _read(path, read_yaml, f"backend_gates_schema: {path}")
    base = path.parent
    for name in sorted(set(files(document))):
        _only_local(base / name, read_yaml, seen=set())
    whole: dict[str, Any] = absolute(_checked(document, str(path)), base)
    return inlined(whole, lambda file: _read(file, read_yaml, str(file)))


def digest(document: Mapping[str, Any]) -> str:
    """Return what only equal documents have in common."""
    return hashlib.sha256(json.dumps(document, default=str).encode()).hexdigest()


def linked(document: Mapping[str, Any]) -> bool:
    """Whether something in *document* refers to operations, so that none can be taken out of it."""
    return any(reference.startswith("#/paths/") for reference in references(document))


def only(document: Mapping[str, Any], path: str, method: str) -> dict[str, Any]:
    """Return a *document* that is not :func:`linked` with one operation alone.

    What is wrong with another operation is that one's, and reading all of a large schema takes its time.
    """
    item = {
        key: value
        for key, value in document["paths"][path].items()
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


def additional_of(document: Mapping[str, Any], path: str) -> list[str]:
    """Return the methods besides those, which OpenAPI 3.2 knows."""
    item = document["paths"][path]
    additional = item.get(_ADDITIONAL) if isinstance(item, Mapping) else None
    return [str(method).upper() for method in additional] if isinstance(additional, Mapping) else []


def statuses_of(document: Mapping[str, Any], path: str, method: str) -> list[str]:
    """Return the statuses that the document describes for an operation, as it spells them; of a broken one none."""
    item = document["paths"][path]
    methods = item.items() if isinstance(item, Mapping) else ()
    own = next((value for key, value in methods if str(key).upper() == method), None)
    described = own.get("responses") if isinstance(own, Mapping) else None
    return [str(status) for status in described] if isinstance(described, Mapping) else []


def base_path_of(document: Mapping[str, Any]) -> str:
    """Return what stands before every path: that of the first server, or Swagger's ``basePath``."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    address = first.get("url", "") if isinstance(first, Mapping) else document.get("basePath", "")
    return urlsplit(str(address)).path.rstrip("/")


def rebased(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return *document* with *path* before each of its own, whatever it says of servers."""
    place: dict[str, Any] = (
        {"basePath": path or "/"} if "swagger" in document else {"servers": [{"url": path or "/"}]}
    )
    return {**document, **place}


def _checked(document: Any, where: str) -> dict[str, Any]:  # noqa: ANN401  anything can stand in a file
    if not isinstance(document, dict) or not _VERSIONS & document.keys():
        raise ContractError(
            f"{where} is no OpenAPI schema: it has neither 'openapi' nor 'swagger' at its top"
        )
    for key in _VERSIONS & document.keys():
        if not isinstance(document[key], str):
            raise ContractError(
                f"{where}: the version has to be a text: write {key}: '{document[key]}', in quotes"
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
    if path.resolve() in seen or not path.is_file():
        return  # what is missing is told for the operations that need it
    seen.add(path.resolve())
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
