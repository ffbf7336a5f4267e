"""What an answer breaks, by kind and place: what stood there is never quoted, for it may be anything.

An application answers a generated request out of its database as it does any other. Names of properties, media
types and positions are told, and what the schema asks for; the request that shows the rest again stands beside it.
The keys of a mapping are no names of properties: they are told as ``*``.
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

#: The checks that look at the body.
ABOUT_BODIES: Final = ("response_schema_conformance",)
#: What jsonschema's sentence about these holds: names of properties, and no value.
_NAMING: Final = ("required", "additionalProperties", "dependentRequired")
#: Failures whose own words tell of names, media types and positions only.
_WITHOUT_VALUES: Final = (
    "JSON deserialization error",
    "Missing Content-Type header",
    "Missing required response headers",
    "Undocumented Content-Type",
)
_LIMIT_WIDTH: Final = 60
_KINDS: Final = {dict: "an object", list: "an array", str: "a string", int: "an integer", float: "a number"}
#: What schemathesis puts around the part of the schema: its own sentence, and the value, at the end.
_BEFORE_SCHEMA: Final = "\n\n"
_BEFORE_VALUE: Final = "\n\nValue:\n\n"


def told_of(check: str, told: Any) -> tuple[str, str]:  # noqa: ANN401  of several classes
    """Return what the *check* of a generated request has to tell: in a sentence, and at length."""
    if _has_value(told):
        what = words(told)
        return what, f"{what}{_schema_in(told.message)}"
    if check in ABOUT_BODIES and told.title not in _WITHOUT_VALUES:
        return "", ""
    return first_sentence(told.message), told.message.strip()


def _schema_in(message: str) -> str:
    """Return the part of the schema that *message* shows; nothing if it is not between what we know."""
    before, _, _ = message.rpartition(_BEFORE_VALUE)
    _, between, schema = before.partition(_BEFORE_SCHEMA)
    return f"{between}{schema}"


def words(told: Any) -> str:  # noqa: ANN401  of several classes
    """Say what is wrong without quoting what stood there."""
    if _has_value(told):
        return _about_value(told)
    return first_sentence(told.message) if told.title in _WITHOUT_VALUES else ""


def _about_value(told: Any) -> str:  # noqa: ANN401  a class of theirs
    where = "".join(f"/{step}" for step in _steps(told))
    at = f" at {where}" if where else ""
    keyword = str(told.schema_path[-1]) if told.schema_path else "its schema"
    if keyword in _NAMING:
        return f"{first_sentence(told.message)}{at}"
    limit = _limit(told.schema.get(keyword))
    return f"{_kind(told.instance)}{at} breaks {keyword}{limit}"


def _steps(told: Any) -> Iterator[int | str]:  # noqa: ANN401  as above
    """Yield the way to what is wrong: positions, and the names that the schema has for properties."""
    declared = {name for keyword, name in pairwise(told.schema_path) if keyword == "properties"}
    return (step if isinstance(step, int) or step in declared else "*" for step in told.instance_path)


def _kind(value: object) -> str:
    return (
        json.dumps(value) if value is None or isinstance(value, bool) else _KINDS.get(type(value), "a value")
    )


def _limit(rule: object) -> str:
    """Return ``: "integer"``, what the keyword asks for, where that is short."""
    text = "" if rule is None else json.dumps(rule, default=str)
    return f": {text}" if text and len(text) <= _LIMIT_WIDTH else ""


def _has_value(told: Any) -> bool:  # noqa: ANN401  as above
    return hasattr(told, "instance_path") and hasattr(told, "instance")


def first_sentence(message: str) -> str:
    """Return the first line, and the next one where it announces that."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
