"""Drives schemathesis, one operation at a time: the one place that imports it, and that knows its events.

It runs in a thread of its own, so that the test's thread can serve the application (see ``serving``) and an
exercise that does not end can be given up. Positive data only; examples, coverage and fuzzing; and nothing
that depends on the clock, on earlier runs or on earlier answers, so the same application is asked the same.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_backend_gates.clocks import Clock
from pytest_backend_gates.errors import did_you_mean
from pytest_backend_gates.probes.contract import document, references, setting
from pytest_backend_gates.probes.contract.document import ContractError, NoSchemaError
from pytest_backend_gates.probes.contract.events import Listener
from pytest_backend_gates.probes.contract.findings import Exercise, Operation, masked
from pytest_backend_gates.probes.contract.generating import no_local_constants, own_profile
from pytest_backend_gates.probes.contract.serving import ServingError, Traffic, is_asgi, nobody_leaves
from pytest_backend_gates.probes.contract.serving_asgi import AsgiServer
from pytest_backend_gates.probes.contract.serving_wsgi import WsgiServer
from pytest_backend_gates.probes.contract.tracebacks import place, raised

if TYPE_CHECKING:
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine.events import EngineEvent
    from schemathesis.schemas import BaseSchema

__all__ = ["Api", "ContractError", "NoSchemaError", "Operation", "load"]

#: So many seconds more than it may take, an exercise has to end by itself before it is left behind.
_GRACE: Final = 5.0


def load(
    app: object, schema: Path | None, *, checks: Sequence[str], rootdir: Path, limit: float = setting.LIMIT
) -> "Api":
    """Read the contract of *app*: from the file *schema*, else from its framework.

    *checks* are asked besides the default ones; *limit* is how many seconds a request may take, and about
    how many all of an operation. Raises :class:`ContractError`,
    and :class:`NoSchemaError` when there is none.
    """
    from schemathesis.core.deserialization import deserialize_yaml

    if schema is None:
        read = document.of_app(app)
    else:
        read = references.absolute(
            document.of_file(rootdir / schema, deserialize_yaml), (rootdir / schema).parent
        )
    configuration = _configuration(rootdir, checks)
    telling = _Telling(rootdir, schema is None, tuple(setting.secrets(configuration.own)))
    api = Api(read, configuration.built, telling, limit)
    if not api.operations:
        raise ContractError("the schema declares no operation: its 'paths' are empty")
    return api


@dataclass(frozen=True, slots=True)
class _Telling:
    """What it takes to put findings into words."""

    rootdir: Path
    by_framework: bool
    secrets: tuple[str, ...]

    def masked(self, text: str) -> str:
        return masked(text, self.secrets)

    def place(self, error: BaseException) -> tuple[str, int] | None:
        return place(error, self.rootdir)

    def why(self, error: ServingError) -> str:
        if error.cause is None:
            return self.masked(str(error))
        found = self.place(error.cause)
        at = f", at {found[0]}:{found[1]}" if found else ""
        return self.masked(f"{error}: {raised(error.cause)}{at}")


class Api:
    """The operations of one application, and what asks them."""

    def __init__(
        self, read: dict[str, Any], configured: "SchemathesisConfig", telling: _Telling, limit: float
    ) -> None:
        self._raw = references.without_remote(read)
        self._configured = configured
        self._telling = telling
        self._limit = limit
        #: In the order of the schema.
        self.operations: tuple[Operation, ...] = tuple(self._declared(read))

    def exercise(self, operation: Operation, app: object) -> Exercise:
        """Ask *app* for everything that the contract says of *operation*, and hold the answers against it."""
        if operation.broken is not None:
            return Exercise(operation.name, errors=(operation.broken,))
        telling = self._telling
        listener = Listener(operation.name, telling.masked, by_framework=telling.by_framework)
        server = (AsgiServer if is_asgi(app) else WsgiServer)(app, self._limit)  # type: ignore[arg-type]  # asked just now
        try:
            with nobody_leaves(), own_profile(), no_local_constants(), server:
                _Run(self._stream(operation, server), listener, server).wait(self._limit)
        except ServingError as error:
            listener.errors.append(telling.why(error))
        if server.closing is not None:
            listener.errors.append(telling.why(server.closing))
        return listener.exercise(server.traffic, telling.place)

    def _stream(self, operation: Operation, server: AsgiServer | WsgiServer) -> "_Stream":
        schema = self._schema(document.only(self._raw, operation.path, operation.method))
        schema.app = server
        return _Stream(schema.include(path=operation.path, method=operation.method), server.traffic)

    def _schema(self, raw: dict[str, Any]) -> "BaseSchema":
        import schemathesis.openapi
        from schemathesis.core.errors import LoaderError

        try:
            return schemathesis.openapi.from_dict(raw, config=self._configured)
        except LoaderError as error:
            raise ContractError(f"the schema cannot be used: {_words(error)}") from error

    def _declared(self, read: dict[str, Any]) -> Iterator[Operation]:
        """Yield what the schema declares, with what is wrong with it."""
        usable, faults = self._usable()
        for path in read["paths"]:
            methods = document.methods_of(read, path)
            whole = faults.get((path, ""))
            if whole and not methods:
                yield Operation("ANY", path, whole)
            for method in methods:
                if (path, method) in usable:
                    yield Operation(method, path, document.astray(read, path, method))
                elif (path, method) in faults or whole:  # the others are left out by schemathesis.toml
                    yield Operation(method, path, faults.get((path, method), whole))

    def _usable(self) -> tuple[set[tuple[str, str]], dict[tuple[str, str], str]]:
        """Return the operations that schemathesis can use, and why it cannot use others, or whole paths."""
        usable: set[tuple[str, str]] = set()
        faults: dict[tuple[str, str], str] = {}
        for result in self._schema(self._raw).get_all_operations():
            if hasattr(result, "ok"):
                one = result.ok()
                usable.add((one.path, one.method.upper()))
            else:
                error = result.err()
                faults[error.path or "", (error.method or "").upper()] = _words(error)
        return usable, faults


class _Stream:
    """The events of one exercise, and the means to end it early."""

    def __init__(self, schema: "BaseSchema", traffic: Traffic) -> None:
        from schemathesis.engine import from_schema

        self.deadline = float("inf")

        def after_call(context: object, case: object, response: object) -> None:  # noqa: ARG001  as schemathesis calls it
            if self.exhausted or traffic.hung is not None:
                raise KeyboardInterrupt  # ends the scenario; what it has recorded until then is kept

        schema.hook(after_call)
        self._stream = from_schema(schema).execute()

    @property
    def exhausted(self) -> bool:
        """Whether its time is up."""
        return Clock.monotonic() >= self.deadline

    def stop(self) -> None:
        """End it after the request that is under way."""
        self.deadline = 0.0
        self._stream.stop()

    def __iter__(self) -> "Iterator[EngineEvent]":
        return iter(self._stream)


class _Run:
    """One exercise under way: the engine in its thread, the application served in this one."""

    def __init__(self, stream: _Stream, listener: Listener, server: AsgiServer | WsgiServer) -> None:
        self._stream = stream
        self._listener = listener
        self._server = server
        self._over = threading.Event()
        self._raised: BaseException | None = None

    def wait(self, seconds: float) -> None:
        """Serve until the engine is done. One that needs much longer than *seconds* is left behind."""
        start = Clock.monotonic()
        self._stream.deadline = start + seconds
        threading.Thread(target=self._listen, name="backend-gates-engine", daemon=True).start()
        try:
            while not self._over.is_set():
                left = start + 2 * seconds + _GRACE - Clock.monotonic()
                if left <= 0:
                    self._listener.errors.append(f"the engine did not end within {2 * seconds + _GRACE:g} s")
                    break
                self._server.serve(left)
        finally:
            self._listener.exhausted |= self._stream.exhausted and self._listener.interrupted
            self._stream.stop()
        if isinstance(self._raised, Exception):
            self._listener.errors.append(f"schemathesis raised {raised(self._raised)}")
        elif self._raised is not None:
            raise self._raised

    def _listen(self) -> None:
        try:
            for event in self._stream:
                self._listener.hear(event)
        except BaseException as error:  # noqa: BLE001 - carried to the thread that waits, and told or raised there
            self._raised = error
        finally:
            self._over.set()
            self._server.finish()


@dataclass(frozen=True, slots=True)
class _Configuration:
    """The project's own schemathesis.toml, and what schemathesis is told."""

    own: dict[str, Any]
    built: "SchemathesisConfig"


def _configuration(rootdir: Path, checks: Sequence[str]) -> _Configuration:
    """Read and check what holds for *rootdir*. Made once: it runs the project's hooks file.

    Raises :class:`ContractError`.
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
        raise ContractError(f"{path or 'SCHEMATHESIS_HOOKS'}: {error}{because}") from error
    refused = setting.refused(whole)
    if refused:
        raise ContractError(f"{path}: {refused}")
    _known(checks, whole)
    return _Configuration(own, built)


def _known(checks: Sequence[str], configured: dict[str, Any]) -> None:
    """See to it that every check there is asked for exists and will be made. Raises :class:`ContractError`."""
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    known = sorted(set(CHECKS.get_all_names()))
    for name in checks:
        if name not in known:
            raise ContractError(
                f"backend_gates_checks: there is no check '{name}'; {did_you_mean(name, known)}"
            )
        why = setting.idle(name, configured)
        if why:
            raise ContractError(f"backend_gates_checks: '{name}' would never be made: {why}")


def _words(error: Any) -> str:  # noqa: ANN401  schemathesis's own, of several classes
    return " ".join(str(getattr(error, "message", None) or error).split())
