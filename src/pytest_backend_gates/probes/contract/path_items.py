"""The path items of an OpenAPI document: each at its own path, wherever the document keeps it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pytest_backend_gates.probes.contract.references import absolute, resolved

#: What reads a file of the project's.
ReadFile = Callable[[Path], Any]


def inlined(document: Mapping[str, Any], read: ReadFile) -> dict[str, Any]:
    """Return *document* with the path items themselves where it refers to them; references to files are absolute.

    What stands beside such a reference stays. A reference that leads to no path item stays as well: the
    operations behind it cannot be told.
    """
    paths = {path: _whole(document, item, read) for path, item in document["paths"].items()}
    return {**document, "paths": paths}


def reference_of(item: object) -> str | None:
    """Return where a path item refers to, if it does."""
    found = item.get("$ref") if isinstance(item, Mapping) else None
    return found if isinstance(found, str) else None


def _whole(document: Mapping[str, Any], item: Any, read: ReadFile) -> Any:  # noqa: ANN401  anything can stand there
    whole, seen = item, set[str]()
    while (reference := reference_of(whole)) is not None:
        found = None if reference in seen else _found(document, reference, read)
        if not isinstance(found, Mapping):
            return item
        seen.add(reference)
        whole = {**found, **{key: value for key, value in whole.items() if key != "$ref"}}
    return whole


def _found(document: Mapping[str, Any], reference: str, read: ReadFile) -> Any:  # noqa: ANN401  as above
    """Return what *reference* leads to, ``None`` for nothing, and for what would have to be fetched."""
    file, _, pointer = reference.partition("#")
    if not file:
        return resolved(document, pointer)
    path = Path(url2pathname(urlsplit(file).path))
    if not file.startswith("file://") or not path.is_file():
        return None
    return resolved(absolute(read(path), path.parent, file), pointer)
