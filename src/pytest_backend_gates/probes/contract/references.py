"""The references in an OpenAPI document: where they lead, and which are not followed."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

_REFERENCES: Final = ("$ref", "$dynamicRef")


def references(node: Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    """Yield every reference in *node*."""
    if isinstance(node, list):
        for each in node:
            yield from references(each)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key in _REFERENCES and isinstance(value, str):
                yield value
            else:
                yield from references(value)


def files(document: Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    """Yield the files that *document* refers to, as it names them."""
    return (value.partition("#")[0] for value in references(document) if is_file(value))


def leading_away(document: Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    """Yield what in *document*, a file that is read as it stands, would be fetched from another host.

    Beside references these are examples kept elsewhere, and a name for the document itself that its
    references to files would be resolved against.
    """
    keys = ("externalValue", "$id", "id") if any(files(document)) else ("externalValue",)
    named = (node[key] for node in _mappings(document) for key in keys if key in node)
    yield from filter(is_remote, (*references(document), *named))


def _mappings(document: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  any JSON
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def is_remote(reference: object) -> bool:
    """Whether *reference* leads to another host."""
    if not isinstance(reference, str) or reference.startswith("file://"):
        return False
    return "://" in reference.partition("#")[0] or reference.startswith("//")


def is_file(reference: object) -> bool:
    """Whether *reference* leads to a file, named relative to the document."""
    if not isinstance(reference, str) or reference.startswith(("#", "file://")):
        return False
    return not is_remote(reference)


def fault(document: Mapping[str, Any], parts: Iterable[Any]) -> str | None:
    """Say which reference of these *parts* of *document* leads nowhere, or to another host, if one does.

    Read before :func:`without_remote`. References to files are the engine's to follow.
    """
    waiting, seen = list(parts), set[str]()
    while waiting:
        for reference in sorted(set(references(waiting.pop())) - seen):
            seen.add(reference)
            if is_remote(reference):
                return f"it refers to {reference}, and nothing is fetched from other hosts"
            found = resolved(document, reference[1:]) if reference.startswith("#/") else {}
            if found is None:
                return f"it refers to {reference}, which the schema does not hold"
            waiting.append(found)
    return None


def resolved(document: Any, pointer: str) -> Any:  # noqa: ANN401  any JSON
    """Return what *pointer*, such as ``/components/schemas/Item``, leads to; ``None`` for nothing."""
    node = document
    for part in unquote(pointer).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            node = dict(enumerate(node))
        if not isinstance(node, Mapping):
            return None
        number = int(name) if name.isdecimal() else None  # YAML reads a status as a number
        node = node.get(name, node.get(number))
    return node


def without_remote(node: Any) -> Any:  # noqa: ANN401  any JSON
    """Return a copy of *node* whose references to other hosts lead nowhere, and without examples from there.

    The operations that need such a reference are broken then; the others are not.
    """
    if isinstance(node, list):
        return [without_remote(each) for each in node]
    if not isinstance(node, Mapping):
        return node
    return {
        key: f"#/not-fetched/{value.replace('~', '~0').replace('/', '~1')}"
        if key in _REFERENCES and is_remote(value)
        else without_remote(value)
        for key, value in node.items()
        if not (key == "externalValue" and isinstance(value, str))
    }


def absolute(node: Any, base: Path, own: str = "") -> Any:  # noqa: ANN401  any JSON
    """Return a copy of *node* whose references hold wherever it is read.

    Those to files are relative to *base*; those to the document itself stay, or lead to *own*, where it is from.
    """
    if isinstance(node, list):
        return [absolute(each, base, own) for each in node]
    if not isinstance(node, Mapping):
        return node
    return {
        key: _absolute(value, base, own)
        if key in _REFERENCES and isinstance(value, str)
        else absolute(value, base, own)
        for key, value in node.items()
    }


def _absolute(reference: str, base: Path, own: str) -> str:
    if reference.startswith("#"):
        return own + reference
    if not is_file(reference):
        return reference
    name, mark, pointer = reference.partition("#")
    return f"{(base / name).resolve().as_uri()}{mark}{pointer}"
