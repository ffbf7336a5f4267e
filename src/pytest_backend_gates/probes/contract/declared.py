"""What a document declares, held against what schemathesis makes of it: no operation goes missing in between."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pytest_backend_gates.probes.contract import document, setting
from pytest_backend_gates.probes.contract.findings import Operation
from pytest_backend_gates.probes.contract.path_items import reference_of
from pytest_backend_gates.probes.contract.wording import on_one_line

if TYPE_CHECKING:
    from schemathesis.schemas import BaseSchema

#: Why an operation is an error that only schemathesis knows.
_NOT_WRITTEN: Final = "schemathesis finds it, and the schema does not hold it: a hook may have added it"
#: What a body weighs: more than all parameters that an operation has.
_BODY: Final = 1_000


def operations(read: Mapping[str, Any], schema: "BaseSchema", why_missing: str) -> Iterator[Operation]:
    """Yield what the document *read* declares, with what is wrong with it, and what *schema* holds besides.

    *why_missing* is why schemathesis does not know an operation that nothing is wrong with.
    """
    known, faults = _known(schema)
    written = [one for path in read["paths"] for one in _of_path(read, path, known, faults)]
    for one in (*written, *_added(written, known)):
        missing = (one.path, one.method) not in known and one.broken is None
        yield replace(one, left_out=one.left_out or why_missing) if missing else one


def _added(written: Sequence[Operation], known: Iterable[tuple[str, str]]) -> list[Operation]:
    told = {(one.path, one.method) for one in written}
    return [Operation(method, path, _NOT_WRITTEN) for path, method in known if (path, method) not in told]


def _of_path(
    read: Mapping[str, Any],
    path: str,
    known: Mapping[tuple[str, str], Operation],
    faults: Mapping[tuple[str, str], str],
) -> Iterator[Operation]:
    """Yield what the document declares for *path*."""
    whole = faults.get((path, "")) or _lost(read, path)
    methods = document.methods_of(read, path)
    if whole and not methods:
        yield Operation("ANY", path, whole)
    for method in methods:
        found = known.get((path, method))
        yield _settled(read, found) if found else Operation(method, path, faults.get((path, method), whole))
    for method in document.additional_of(read, path):
        yield Operation(method, path, left_out=setting.ADDITIONAL)


def _settled(read: Mapping[str, Any], known: Operation) -> Operation:
    """Add what is wrong with an operation that schemathesis can use, or why it is left out all the same."""
    why = setting.UNCHECKED if set(known.unchecked) == set(setting.CHECKS) else None
    return replace(known, broken=document.astray(read, known.path, known.method), left_out=why)


def _lost(read: Mapping[str, Any], path: str) -> str | None:
    reference = reference_of(read["paths"][path])
    return None if reference is None else f"it refers to {reference}, which is no path item"


def _known(schema: "BaseSchema") -> tuple[dict[tuple[str, str], Operation], dict[tuple[str, str], str]]:
    """Return the operations that it can use, and why it cannot use others or paths."""
    known: dict[tuple[str, str], Operation] = {}
    faults: dict[tuple[str, str], str] = {}
    for result in schema.get_all_operations():
        if hasattr(result, "ok"):
            one = result.ok()
            method = one.method.upper()
            off, weak = _lax(one)
            known[one.path, method] = Operation(
                method, one.path, unchecked=off, weakened=weak, weight=_weight(one)
            )
        else:
            error = result.err()
            faults[error.path or "", (error.method or "").upper()] = words(error)
    return known, faults


def _weight(operation: Any) -> int:  # noqa: ANN401  schemathesis's own
    return sum(1 for _ in operation.iter_parameters()) + _BODY * bool(operation.body)


def _lax(operation: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:  # noqa: ANN401  schemathesis's own
    """Return which default checks the configuration switches off or weakens for *operation*, in any phase."""
    off, weak = [], []
    for name in setting.CHECKS:
        made = [phase.get_by_name(name=name) for phase in _phases(operation)]
        if not all(check.enabled for check in made):
            off.append(name)
        elif any(map(_weaker, made)):
            weak.append(name)
    return tuple(off), tuple(weak)


def _phases(operation: Any) -> list[Any]:  # noqa: ANN401  as above
    config = operation.schema.config
    return [config.checks_config_for(operation=operation, phase=name) for name in setting.PHASES]


def _weaker(check: Any) -> bool:  # noqa: ANN401  as above
    """Whether *check* lets more pass than it does by default."""
    default = type(check)()
    statuses = getattr(default, "expected_statuses", ())
    return getattr(check, "validate_formats", True) is False or not all(
        {one.lower(), f"{one[0]}xx"} & set(statuses) for one in getattr(check, "expected_statuses", ())
    )


def words(error: Any) -> str:  # noqa: ANN401  as above, of several classes
    """Return what schemathesis says is wrong with a schema, on one line."""
    return on_one_line(str(getattr(error, "message", None) or error))
