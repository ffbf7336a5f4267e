"""Drives schemathesis, one operation at a time: nothing else imports it, but conformance for its checks.

It runs in a thread of its own (see ``exercising``), so that an exercise that does not end can be given up. A WSGI
application is served in the test's thread meanwhile, an ASGI application in one of its own (see ``serving``). Positive data only; examples, coverage and fuzzing; and nothing
that depends on the clock, on earlier runs or on earlier answers, so the same application is asked the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

from pytest_backend_gates.errors import did_you_mean
from pytest_backend_gates.probes.contract import declared, document, references, setting
from pytest_backend_gates.probes.contract.app import interface
from pytest_backend_gates.probes.contract.confidential import Confidential, published
from pytest_backend_gates.probes.contract.conformance import Conformance
from pytest_backend_gates.probes.contract.document import ContractError, NoSchemaError
from pytest_backend_gates.probes.contract.events import Listener
from pytest_backend_gates.probes.contract.exercising import PATIENCE, Exercising, Patience
from pytest_backend_gates.probes.contract.findings import Exercise, Operation
from pytest_backend_gates.probes.contract.generating import no_local_constants, own_profile, utf8_at_once
from pytest_backend_gates.probes.contract.leaving import nobody_leaves
from pytest_backend_gates.probes.contract.own_threads import known_threads
from pytest_backend_gates.probes.contract.server import Server
from pytest_backend_gates.probes.contract.serving import ServingError
from pytest_backend_gates.probes.contract.serving_asgi import AsgiServer
from pytest_backend_gates.probes.contract.serving_http import HttpServer
from pytest_backend_gates.probes.contract.serving_wsgi import WsgiServer
from pytest_backend_gates.probes.contract.signals import heard
from pytest_backend_gates.probes.contract.telltale import Names, api_keys
from pytest_backend_gates.probes.contract.tracebacks import place, raised_at
from pytest_backend_gates.probes.contract.wording import on_one_line

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine.core import EventStream
    from schemathesis.schemas import BaseSchema

__all__ = ["Api", "ContractError", "NoSchemaError", "Operation", "SettingError", "load"]


class SettingError(ContractError):
    """A mistake in schemathesis.toml or in ``backend_gates_checks``: it is not the contract that is at fault.

    Of the latter it holds the *check* that is written there.
    """

    def __init__(self, message: str, check: str | None = None) -> None:
        super().__init__(message if check is None else f"backend_gates_checks: {message}")
        self.message = message
        self.check = check


def load(
    app: object,
    schema: Path | dict[str, Any] | None,
    *,
    checks: Sequence[str],
    rootdir: Path,
    patience: Patience = PATIENCE,
) -> "Api":
    """Read the contract of *app*: from the file *schema*, else from its framework, whose document may be given instead.

    *checks* are asked besides the default ones. Raises :class:`ContractError`, and :class:`NoSchemaError`
    when there is none.
    """
    read = schema if isinstance(schema, dict) else document_of(app, schema and rootdir / schema)
    configuration = _configuration(rootdir, checks)
    names = configuration.names.besides(api_keys(read))
    confidential = Confidential(names, setting.secrets(configuration.own), published(read))
    by_framework = not isinstance(schema, Path) and hasattr(app, "openapi") and not isinstance(app, Server)
    telling = _Telling(rootdir, by_framework, confidential)
    api = Api(read, configuration, telling, patience)
    if not api.operations:
        raise ContractError("the schema declares no operation: its 'paths' are empty")
    return api


def document_of(app: object, schema: Path | None) -> dict[str, Any]:
    """Return the document in the file *schema*, else the one that *app* makes. Raises as :func:`load` does."""
    from schemathesis.core.deserialization import deserialize_yaml

    return document.of_app(app) if schema is None else document.of_file(schema, deserialize_yaml)


@dataclass(frozen=True, slots=True)
class _Telling:
    """What it takes to put findings into words."""

    rootdir: Path
    #: Whether FastAPI writes the document, or what takes the same ``responses``.
    by_framework: bool
    confidential: Confidential

    def place(self, error: BaseException) -> tuple[str, int] | None:
        return place(error, self.rootdir)

    def why(self, error: ServingError) -> str:
        return str(error) if error.cause is None else f"{error}: {raised_at(error.cause, self.rootdir)}"


class Api:
    """The operations of one application, and what asks them."""

    def __init__(
        self,
        read: dict[str, Any],
        configuration: "_Configuration",
        telling: _Telling,
        patience: Patience,
    ) -> None:
        #: What the document says, in short.
        self.digest = document.digest(read)
        self._raw = references.without_remote(read)
        self._linked = document.linked(self._raw)
        self._configured = configuration.built
        self._telling = telling
        self._patience = patience
        #: In the order of the schema.
        self.operations: tuple[Operation, ...] = tuple(
            declared.operations(read, self._schema(self._raw), setting.why_missing(configuration.own))
        )

    def conformance(self) -> Conformance:
        """Return what holds answers against this contract that were given to others."""
        telling = self._telling
        mask = telling.confidential.afresh().masked  # whatever the exercises come to know
        return Conformance(self._schema(self._raw), mask, by_framework=telling.by_framework)

    def documented(self, operation: Operation) -> tuple[str, ...]:
        """Return the statuses that the schema documents for *operation*: ``200``, ``4XX``, ``default``."""
        return tuple(document.statuses_of(self._raw, operation.path, operation.method))

    @property
    def base_path(self) -> str:
        """What the schema puts before every path: ``/api/v1``, or nothing."""
        return document.base_path_of(self._raw)

    def exercise(self, operation: Operation, app: object) -> Exercise:
        """Ask *app* for everything that the contract says of *operation*, and hold the answers against it."""
        if operation.broken is not None:
            return Exercise(operation.name, errors=(operation.broken,))
        telling = self._telling
        telling.confidential.begin()
        origin = app.address.origin if isinstance(app, Server) else None
        listener = Listener(operation, telling.confidential, by_framework=telling.by_framework, origin=origin)
        server = _serving(app, self._patience.limit)
        try:
            with (
                nobody_leaves(server.traffic.late),
                known_threads(),
                own_profile(),
                no_local_constants(),
                utf8_at_once(),
                heard(server.traffic),
                server,
            ):
                exercising = Exercising(listener, server, self._patience)
                exercising.run(self._stream(operation, app, server.door, exercising.interrupt))
        except ServingError as error:
            listener.errors.append(telling.why(error))
        if server.closing is not None:
            listener.errors.append(telling.why(server.closing))
        return listener.exercise(server.traffic, telling.place)

    def masked(self, text: str) -> str:
        """Return *text*, which the application may have written, without anything that is confidential."""
        return self._telling.confidential.masked(text)

    def _stream(
        self, operation: Operation, app: object, door: object, interrupt: Callable[[], None]
    ) -> "EventStream":
        """Return what asks *app* through its *door*, and calls *interrupt* at every opportunity to end early."""
        from schemathesis.engine import from_schema

        alone = document.only(self._raw, operation.path, operation.method)
        raw = self._raw if self._linked else alone
        if isinstance(app, Server):
            raw = document.rebased(raw, app.address.path)  # the servers of the schema are other ones
        schema = self._schema(raw)
        schema.app = door
        _hook(schema, interrupt)
        return from_schema(schema.include(path=operation.path, method=operation.method)).execute()

    def _schema(self, raw: dict[str, Any]) -> "BaseSchema":
        """Return the document as schemathesis has it: nothing is parsed here, each of its parts when it is asked for.

        Anew for each exercise. It holds what a run has found out, the hooks and the application, and what is
        generated must not depend on the operations before; the engine clones it, which drops all that it has
        parsed. There is nothing to save: that is 1 ms of 200 with 300 operations of which none can be taken out.
        """
        import schemathesis.openapi
        from schemathesis.core.errors import LoaderError

        try:
            return schemathesis.openapi.from_dict(raw, config=self._configured)
        except LoaderError as error:
            raise ContractError(f"the schema cannot be used: {declared.words(error)}") from error


def _serving(app: Any, limit: float) -> AsgiServer | WsgiServer | HttpServer:  # noqa: ANN401  asked what it is
    if isinstance(app, Server):
        return HttpServer(app.address, limit)
    return AsgiServer(app, limit) if interface(app) == "asgi" else WsgiServer(app, limit)


def _hook(schema: "BaseSchema", interrupt: Callable[[], None]) -> None:
    """Have *interrupt* called before each draw of a test case, and after each answer.

    This must change no draw: a hook for the cases themselves would, by what hypothesis sees of it.
    """
    from hypothesis import strategies

    held = WeakMethod(interrupt)  # hypothesis keeps strategies for the life of the process

    def ask() -> None:
        asked = held()
        if asked is None:
            raise KeyboardInterrupt  # it is over, and the engine was left behind
        asked()

    def before_generate_case(_: object, strategy: "SearchStrategy[Any]") -> "SearchStrategy[Any]":
        return strategies.builds(ask).flatmap(lambda _: strategy)

    def after_call(context: object, case: object, response: object) -> None:  # noqa: ARG001  as schemathesis calls it
        ask()

    schema.hook(before_generate_case)
    schema.hook(after_call)


@dataclass(frozen=True, slots=True)
class _Configuration:
    """The project's own schemathesis.toml, and what schemathesis is told."""

    own: dict[str, Any]
    built: "SchemathesisConfig"

    @property
    def names(self) -> Names:
        """The names of confidential fields: schemathesis's own, and those of the project besides."""
        known, own = self.built.output.sanitization, self.own.get("output", {}).get("sanitization", {})
        whole = [*known.keys_to_sanitize, *own.get("keys-to-sanitize", ())]
        words = [*known.sensitive_markers, *own.get("sensitive-markers", ())]
        return Names(frozenset(map(str.lower, whole)), tuple(map(str.lower, words)))


def _configuration(rootdir: Path, checks: Sequence[str]) -> _Configuration:
    """Read and check what holds for *rootdir*. Made once: it runs the project's hooks file.

    Raises :class:`SettingError`.
    """
    from schemathesis.config import ConfigError, SchemathesisConfig
    from schemathesis.core.errors import HookError

    path = setting.found(rootdir)
    try:
        own = {} if path is None else setting.read(path)
        whole = setting.settings(own, checks)
        built = SchemathesisConfig.from_dict(whole)
    except (OSError, ValueError, ConfigError, HookError) as error:
        because = f": {error.__cause__}" if isinstance(error, HookError) else ""
        told = on_one_line(f"{error}{because}")
        raise SettingError(f"{path or 'SCHEMATHESIS_HOOKS'}: {told}") from error
    refused = setting.refused(whole)
    if refused:
        raise SettingError(f"{path}: {refused}")
    _known(checks, whole)
    return _Configuration(own, built)


def _known(checks: Sequence[str], configured: dict[str, Any]) -> None:
    """See to it that every check there is asked for exists and will be made. Raises :class:`SettingError`."""
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    known = sorted(set(CHECKS.get_all_names()))
    for name in checks:
        if name not in known:
            raise SettingError(f"there is no check '{name}'; {did_you_mean(name, known)}", name)
        why = setting.idle(name, configured)
        if why:
            raise SettingError(f"'{name}' would never be made: {why}", name)
