"""What the requests are called that the tests send to the server at the base URL: by the schema's operations."""

from collections.abc import Iterator
from functools import partial

from pytest_backend_gates.probes.contract import document
from pytest_backend_gates.probes.contract.document import ContractError
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.taps.sending import Sending, UndeclaredError


def sending_to(plan: Plan) -> Sending | None:
    """Return what observes the requests to the server of *plan*, if it has one."""
    if plan.server is None:
        return None
    return Sending(plan.server.address, partial(_declared, plan), plan.server, asks=plan.schema is None)


def _declared(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the method and the path template of each operation. Raises :class:`UndeclaredError`."""
    from pytest_backend_gates.probes.contract import engine

    try:
        read = engine.document_of(plan.server, plan.schema)
    except ContractError as error:
        raise UndeclaredError(f"the requests to backend_gates_base_url cannot be named: {error}") from error
    for path in read["paths"]:
        yield from ((method, path) for method in document.methods_of(read, path))
        yield from ((method, path) for method in document.additional_of(read, path))
