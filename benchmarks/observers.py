"""Who observes the requests to an application, and their statements: our taps, and OpenTelemetry."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from benchmarks.applications import Application, ask_asgi
from pytest_backend_gates.probes.contract.bodies import body_of, headers_of
from pytest_backend_gates.probes.contract.conformance import Answer
from pytest_backend_gates.probes.contract.observed import ObservedContract, observed_contract
from pytest_backend_gates.probes.contract.plan import Plan
from pytest_backend_gates.probes.queries import QueriesProbe
from pytest_backend_gates.probes.traffic import TrafficProbe

if TYPE_CHECKING:
    from pytest_backend_gates.probes.contract.contracts import Contracts
    from pytest_backend_gates.taps.observation import Observation


class Observer(Protocol):
    """Observes an application from :meth:`start` until :meth:`stop`."""

    def start(self) -> Any:  # noqa: ANN401  an application is whatever can be called so
        """Return what to ask in place of the application."""

    def settle(self) -> None:
        """Do what is due when a test is over. It is measured with the requests."""

    def stop(self) -> tuple[int, int] | None:
        """Return how many requests and statements were observed since the start; ``None`` if that was not asked."""


class Nobody:
    """Observes nothing."""

    def __init__(self, application: Application) -> None:
        self._app = application.app

    def start(self) -> Any:  # noqa: ANN401  see Observer
        """Return the bare application."""
        return self._app

    def settle(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class Taps:
    """Our taps, as in the call phase of a test under all gates but the contract."""

    def __init__(self, application: Application) -> None:
        self._app = application.app

    def start(self) -> Any:  # noqa: ANN401  see Observer
        """Tap what is imported."""
        self.traffic = TrafficProbe()
        self._queries = QueriesProbe(self.traffic.recorder, Path.cwd())
        self.traffic.start()
        self._queries.start()
        self.traffic.open_window()
        return self._app

    def settle(self) -> None:
        """End the call phase."""
        self.traffic.close_window()

    def stop(self) -> tuple[int, int]:
        """Give all methods back. Raises ``RuntimeError`` when a tap has failed."""
        requests = self.traffic.collect(None, lambda _: None)
        statements = self._queries.collect(None, lambda _: None)
        self._queries.stop()
        self.traffic.stop()
        if requests["faults"] or statements["faults"]:
            raise RuntimeError([*requests["faults"], *statements["faults"]])
        times = [one["samples"]["queries.time"] for one in statements["operations"].values()]
        # Those of the cold request are counted, and their times are not kept.
        return sum(one["asked"] for one in requests["answers"].values()), sum(one["seen"] for one in times)


class Validating(Taps):
    """Our taps and the observed contract: each kind of answer is held against the schema once."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self._observed: ObservedContract = observed_contract(Plan(Path.cwd()), lambda: ())

    def start(self) -> Any:  # noqa: ANN401  see Observer
        """Listen to what is answered, too."""
        app = super().start()
        self.traffic.listen(self._observed.hear)
        return app

    def settle(self) -> None:
        """Hold the answers against the contract."""
        super().settle()
        self._observed.settle()


class ValidatingAll(Taps):
    """Our taps, and the same checks of schemathesis for every single answer."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        observed = observed_contract(Plan(Path.cwd()), lambda: ())
        self._contracts: Contracts = observed._contracts  # noqa: SLF001  the same, asked every time
        self._answered: list[Observation] = []

    def start(self) -> Any:  # noqa: ANN401  see Observer
        """Listen to what is answered, too."""
        app = super().start()
        self.traffic.listen(self._answered.append)
        return app

    def settle(self) -> None:
        """Hold every answer against the contract. Raises ``RuntimeError`` when there is none."""
        super().settle()
        for one in self._answered:
            if one.reply is None or one.operation is None or one.status is None:
                raise RuntimeError("a request without an answer")
            headers = headers_of(one.reply)
            answer = Answer(one.status, headers, body_of(one.reply, headers))
            if self._contracts.hold(one.operation, one.reply, answer) is None:
                raise RuntimeError("an answer without a contract")
        self._answered.clear()


class OpenTelemetry:
    """OpenTelemetry's middleware, and its instrumentation of SQLAlchemy or SQLite; finished spans are dropped.

    Every request and every statement is one span: those that the ASGI middleware can make for each message
    besides are switched off, and nothing is exported. Nobody can use it for less.
    """

    def __init__(self, application: Application) -> None:
        from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
        from opentelemetry.trace import SpanKind

        class Dropping(SpanProcessor):  # type: ignore[misc] # not installed where types are checked
            requests = statements = 0

            def on_end(self, span: ReadableSpan) -> None:
                if span.kind is SpanKind.SERVER:
                    self.requests += 1
                else:
                    self.statements += span.name != "connect"

        self._application = application
        self._seen = Dropping()
        self._provider = TracerProvider()
        self._provider.add_span_processor(self._seen)
        self._app = self._middleware()
        self._uninstrument: Callable[[], object] = lambda: None

    def _middleware(self) -> Any:  # noqa: ANN401  see Observer
        app, provider = self._application.app, self._provider
        if self._application.ask is ask_asgi:
            from opentelemetry.instrumentation import asgi

            return asgi.OpenTelemetryMiddleware(
                app, tracer_provider=provider, exclude_spans=["receive", "send"]
            )
        from opentelemetry.instrumentation import wsgi

        return wsgi.OpenTelemetryMiddleware(app, tracer_provider=provider)

    def start(self) -> Any:  # noqa: ANN401  see Observer
        """Instrument the database."""
        self._seen.requests = self._seen.statements = 0
        if self._application.engine is not None:
            from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor

            # It asks for a SQLAlchemy below 2.1, and works with later ones.
            SQLAlchemyInstrumentor().instrument(
                engine=self._application.engine, tracer_provider=self._provider, skip_dep_check=True
            )
            self._uninstrument = SQLAlchemyInstrumentor().uninstrument
        elif self._application.statements:
            self._instrument_django()
        return self._app

    def _instrument_django(self) -> None:
        from django.db import connection
        from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor

        bare = connection.connection
        connection.connection = SQLite3Instrumentor().instrument_connection(bare, self._provider)

        def uninstrument() -> None:
            connection.connection = bare

        self._uninstrument = uninstrument

    def settle(self) -> None:
        """Nothing: the spans are gone."""

    def stop(self) -> tuple[int, int]:
        """Leave the database as it was."""
        self._uninstrument()
        return self._seen.requests, self._seen.statements


#: Who observes, and besides whom: what it costs is the difference.
OBSERVERS: Final[
    Mapping[str, tuple[Callable[[Application], Observer], Callable[[Application], Observer]]]
] = {
    "taps": (Taps, Nobody),
    "opentelemetry": (OpenTelemetry, Nobody),
    "contract": (Validating, Taps),
    "every-answer": (ValidatingAll, Taps),
}
