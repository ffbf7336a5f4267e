"""Holds answers that were given to others against a schema, with schemathesis's own checks.

Nothing is sent. A finding names what is wrong by kind and place and never quotes what stood there: these are
answers to a project's own tests, and may hold anything.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_backend_gates.probes.contract.document import ContractError
from pytest_backend_gates.probes.contract.events import failing, part
from pytest_backend_gates.probes.contract.findings import Failure, Operation, documenting, status_text
from pytest_backend_gates.probes.contract.seen import documented_as
from pytest_backend_gates.probes.contract.setting import CHECKS
from pytest_backend_gates.probes.contract.unquoted import ABOUT_BODIES, words
from pytest_backend_gates.probes.contract.wording import on_one_line

if TYPE_CHECKING:
    from schemathesis.schemas import APIOperation, BaseSchema

    Known = APIOperation[Any, Any, Any, Any]

_VARIABLE: Final = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as the checks look at it."""

    status: int
    headers: dict[str, list[str]]
    #: ``None``: not looked at.
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Failed:
    """What one check says of an answer."""

    name: str
    told: Any


class Conformance:
    """Holds answers against the operations of one schema."""

    def __init__(self, schema: "BaseSchema", mask: Callable[[str], str], *, by_framework: bool) -> None:
        self._schema = schema
        self._mask = mask
        self._by_framework = by_framework

    def failures(
        self, operation: Operation, answer: Answer, documented: Iterable[str]
    ) -> tuple[Failure, ...]:
        """Return in which ways *answer* breaks the contract of *operation*.

        A server error that the schema documents keeps it: a test may provoke one on purpose.
        Raises :class:`ContractError` for a definition that cannot be used.
        """
        known = self._schema[operation.path][operation.method]
        wanted = self._enabled(known)
        if answer.body is None:
            wanted = [name for name in wanted if name not in ABOUT_BODIES]
        if documented_as(answer.status, documented) is not None and "not_a_server_error" in wanted:
            wanted.remove("not_a_server_error")
        found = failing(self._failed(known, answer, wanted))
        return tuple(self._failure(one, answer.status) for one in found)

    def _enabled(self, known: "Known") -> list[str]:
        """Return the checks of an answer by itself that the project's schemathesis.toml leaves on."""
        configured = self._schema.config.checks_config_for(operation=known)
        return [name for name in CHECKS if configured.get_by_name(name=name).enabled]

    def _failed(self, known: "Known", answer: Answer, wanted: list[str]) -> list[_Failed]:
        from schemathesis.core.errors import SchemathesisError
        from schemathesis.core.failures import FailureGroup

        variables = {name: name for name in _VARIABLE.findall(known.path)}
        case, response = known.Case(path_parameters=variables), _response(known, answer)

        def failures(*names: str) -> list[Any]:
            try:
                case.validate_response(response, checks=_named(names))
            except FailureGroup as group:
                return list(group.exceptions)
            except SchemathesisError as error:
                raise ContractError(self._mask(on_one_line(str(error)))) from error
            return []

        if not wanted or not failures(*wanted):
            return []
        return [_Failed(name, told) for name in wanted for told in failures(name)]

    def _failure(self, failed: _Failed, status: int) -> Failure:
        """Put *failed* into words, the same as of a generated request."""
        told, name = failed.told, failed.name
        failure = partial(Failure, name, status, code=str(getattr(told, "code", "")))
        hint = documenting(status, by_framework=self._by_framework)
        if name == "not_a_server_error":
            return failure(status_text(status), hint=hint)
        if name == "status_code_conformance":
            return failure(f"{status_text(status)} is not documented", hint=hint)
        what = self._mask(words(told))
        title = f"{status} {told.title}: {what}" if what else f"{status} {told.title}"
        return failure(title, identity=part(told))


def _named(names: Iterable[str]) -> list[Any]:
    from schemathesis.checks import CHECKS as REGISTRY

    return REGISTRY.get_by_names(list(names))


def _response(known: "Known", answer: Answer) -> Any:  # noqa: ANN401  of a module that is imported late
    import requests
    from schemathesis.core.transport import Response

    request = requests.Request(known.method.upper(), "http://testserver").prepare()
    return Response(answer.status, answer.headers, answer.body or b"", request, 0.0, verify=True)
