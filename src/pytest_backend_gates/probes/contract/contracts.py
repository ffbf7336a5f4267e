"""Which contract an answer is held against.

The file of ``backend_gates_schema``, where there is one, describes the application that a request went into
first. Else the framework's own schema counts: of applications mounted in each other that of the innermost.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from pytest_backend_gates.masking import masked
from pytest_backend_gates.probes.contract import document
from pytest_backend_gates.probes.contract.conformance import Answer
from pytest_backend_gates.probes.contract.document import ContractError, NoSchemaError
from pytest_backend_gates.probes.contract.families import Families
from pytest_backend_gates.probes.contract.findings import Failure, Operation
from pytest_backend_gates.taps.replies import Reply
from pytest_backend_gates.taps.templates import Templates

if TYPE_CHECKING:
    from pytest_backend_gates.probes.contract.engine import Api

#: Makes a contract of a file, or of the document that an application has made.
Load = Callable[[object, Path | dict[str, Any]], "Api"]

_VARIABLE: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class Held:
    """What became of an answer that was held against a contract."""

    #: The operation, with the path where its application is mounted.
    subject: str
    failures: tuple[Failure, ...] = ()
    #: Why it could not be held against anything.
    error: str | None = None


class Contract:
    """One schema, and what holds answers against it."""

    def __init__(self, api: "Api") -> None:
        self._conformance = api.conformance()
        #: The operations, with the statuses that are documented.
        self.documented = {operation: api.documented(operation) for operation in api.operations}
        self._templates: dict[str, Templates] = {}
        self._by_form = {
            (one.method, _form(base + one.path)): one
            for base in dict.fromkeys([api.base_path, ""])
            for one in api.operations
            if one.left_out is None
        }

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation of a route; the schema may call its variables by other names."""
        return self._by_form.get((method, _form(path)))

    def route(self, method: str, mounted: str, path: str) -> str:
        """Return the route of the operation that *path* asks for where this is *mounted*; nothing if it is none's."""
        if mounted not in self._templates:
            known = ((known, mounted + form) for known, form in self._by_form)
            self._templates[mounted] = Templates(known)
        template = self._templates[mounted].find(method, path)
        return f"{method} {template}" if template else ""

    def hold(self, operation: Operation, mounted: str, answer: Answer) -> Held:
        """Hold *answer* against what is promised of *operation*."""
        subject = spelt(operation, mounted)
        if operation.broken is not None:
            return Held(subject, error=operation.broken)
        try:
            return Held(subject, self._conformance.failures(operation, answer, self.documented[operation]))
        except ContractError as error:
            return Held(subject, error=str(error))


class Contracts:
    """The contracts of all applications that the tests have asked."""

    def __init__(self, load: Load, schema: Path | None, *, named: bool) -> None:
        self._load = load
        self._schema = schema
        #: Whether the project has named an application: then its schema counts, be it published or not.
        self._named = named
        self._file: Contract | None = None
        self._families = Families()
        #: Many tests make an application each: the schema of the first one of a family is tried for all.
        self._shared: dict[str, Contract | None] = {}
        self._own: WeakKeyDictionary[object, tuple[str, Contract | None]] = WeakKeyDictionary()
        self._by_digest: dict[str, Contract] = {}
        #: Subject -> the statuses that are documented, for every contract that was used.
        self.documented: dict[str, tuple[str, ...]] = {}
        #: Why a schema could not be read.
        self.errors: dict[str, None] = {}

    def share(self, app: object, api: "Api") -> None:
        """Take in what was read for the contract's own tests, so that it is not read again.

        Of *app* it holds as long as it looks the same, and until an answer breaks it: more may have been added.
        """
        contract = Contract(api)
        if self._schema is not None:
            self._file = contract
            return
        self._by_digest[api.digest] = contract
        family = self._families.now(app)
        if family is not None:
            self._shared[family] = contract

    def family(self, reply: Reply) -> Hashable:
        """Return what applications have in common that have the same contract, at a glance."""
        if self._schema is not None:
            return self._mounted(reply)
        return tuple(
            (self._families.of(app), mounted)
            for app, mounted in reply.passed
            if document.describes_itself(app)
        )

    def may_hold(self, reply: Reply) -> bool:
        """Say at a glance whether there may be a contract for *reply*."""
        return self._schema is not None or any(document.describes_itself(app) for app, _ in reply.passed)

    def route(self, method: str, reply: Reply) -> str | None:
        """Return the route of the operation whose path was asked; "" if it is none's, ``None`` without a contract."""
        found = None
        for contracts, mounted in self._candidates(reply):
            for contract in contracts:
                found = contract.route(method, mounted, reply.path)
                if found:
                    return found
        return found

    def hold(self, route: str, reply: Reply, answer: Answer) -> Held | None:
        """Hold *answer* against the contract of *route*; ``None`` when there is none.

        Of nested applications the innermost counts that has one of the route.
        """
        each = (self._held(route, answer, *candidates) for candidates in self._candidates(reply))
        return next(filter(None, each), None)

    def _held(self, route: str, answer: Answer, contracts: Iterable[Contract], mounted: str) -> Held | None:
        """Hold *answer* against one application's: what breaks that of its family, against its own before it counts."""
        held = None
        method, _, path = route.partition(" ")
        for contract in contracts:
            operation = contract.operation(method, path.removeprefix(mounted))
            if operation is not None:
                self._declare(contract, mounted)
                held = contract.hold(operation, mounted, answer)
                if not (held.failures or held.error):
                    break
        return held

    def _declare(self, contract: Contract, mounted: str) -> None:
        for operation, documented in contract.documented.items():
            self.documented.setdefault(spelt(operation, mounted), documented)

    def _candidates(self, reply: Reply) -> Iterator[tuple[Iterable[Contract], str]]:
        """Yield the contracts that may hold for *reply*, by application, with where each one is mounted."""
        if self._schema is not None:
            contract = self._of_file(self._schema)
            if contract is not None:
                yield (contract,), self._mounted(reply)
            return
        for app, mounted in reversed(reply.passed):
            yield self._of_app(app), mounted

    @staticmethod
    def _mounted(reply: Reply) -> str:
        return reply.passed[0][1] if reply.passed else ""  # Django's test clients ask no application

    def _of_file(self, schema: Path) -> Contract | None:
        if self._file is None and not self.errors:
            self._file = self._attempt(lambda: Contract(self._load(None, schema)))
        return self._file

    def _of_app(self, app: object) -> Iterator[Contract]:
        """Yield the contract of the family of *app*, and then its own, if that is another."""
        if not document.describes_itself(app):
            return
        family = self._families.of(app)
        if family not in self._shared:
            self._shared[family] = self._read(app)
        shared = self._shared[family]
        if shared is not None:
            yield shared
        own = self._read(app)
        if own is not None and own is not shared:
            yield own

    def _read(self, app: object) -> Contract | None:
        """Return the contract that the framework of *app* makes; equal ones are one."""
        if not type(app).__weakrefoffset__:  # Litestar: read again, for no application is kept alive here
            return self._published(app)
        family = self._families.of(app)
        known = self._own.get(app)
        if known is None or known[0] != family:  # a test has added routes
            known = self._own[app] = family, self._published(app)
        return known[1]

    def _published(self, app: object) -> Contract | None:
        published = self._named or getattr(app, "openapi_url", "") is not None
        return self._attempt(lambda: self._made(app), self._otherwise(app)) if published else None

    def _otherwise(self, app: object) -> str:
        """Say how an application is left out. Nobody but the project can know that one is not its own to test."""
        how = document.unpublished(app)
        return (
            "" if self._named else f"; one that is not yours to test is left out with {how}, where it is made"
        )

    def _made(self, app: object) -> Contract | None:
        made = document.of_app(app)
        if not made["paths"]:
            return None
        digest = document.digest(made)
        if digest not in self._by_digest:
            self._by_digest[digest] = Contract(self._load(app, made))
        return self._by_digest[digest]

    def _attempt(self, step: Callable[[], Contract | None], otherwise: str = "") -> Contract | None:
        try:
            return step()
        except NoSchemaError:
            return None  # a server that publishes none
        except ContractError as error:
            self.errors[masked(str(error), ()) + otherwise] = None
            return None


def spelt(operation: Operation, mounted: str) -> str:
    """Return ``GET /v2/orders/{order_id}`` of an operation in an application that is mounted at ``/v2``."""
    return f"{operation.method} {mounted}{operation.path}"


def _form(path: str) -> str:
    return _VARIABLE.sub("{}", path)
