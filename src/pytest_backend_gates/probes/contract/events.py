"""What the engine's events say, as far as they are known; what is not known is an error."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pytest_backend_gates.probes.contract.confidential import Confidential
from pytest_backend_gates.probes.contract.findings import (
    Exercise,
    Failure,
    Operation,
    distinct,
    documenting,
    status_text,
)
from pytest_backend_gates.probes.contract.leaving import LEAVING, LeftError
from pytest_backend_gates.probes.contract.serving import CASE_HEADER, Traffic
from pytest_backend_gates.probes.contract.tracebacks import raised
from pytest_backend_gates.probes.contract.unquoted import told_of
from pytest_backend_gates.probes.contract.wording import on_one_line

if TYPE_CHECKING:
    from schemathesis.engine.events import EngineEvent

#: Events that say nothing which others do not say as well.
_PROGRESS: Final = (
    "EngineStarted",
    "PhaseStarted",
    "SchemaAnalysisWarnings",
    "SuiteStarted",
    "SuiteFinished",
    "ScenarioStarted",
    "RateLimitRetry",
)
_SERVER_ERROR: Final = "not_a_server_error"
#: Where the engine believes what it asks in process to be.
_ENGINES_ORIGIN: Final = "http://testserver"
Place = Callable[[BaseException], tuple[str, int] | None]


class Listener:
    """Hears the events of the exercise of one *operation*, and sums them up, without what is confidential."""

    def __init__(
        self,
        operation: Operation,
        confidential: Confidential,
        *,
        by_framework: bool,
        origin: str | None = None,
    ) -> None:
        """Take the *origin* of the server that was asked, in place of the engine's own; ``None`` in process."""
        self.errors: list[str] = []
        self.interrupted = False
        self.exhausted = False
        self._operation = operation
        self._confidential = confidential
        self._by_framework = by_framework
        self._origin = origin
        self._statuses: Counter[int] = Counter()
        self._failures: list[tuple[str, Failure]] = []
        #: By test case: the status of its answer, and the request.
        self._answered: dict[str, tuple[int, Callable[[], str]]] = {}
        self._reason: str | None = None
        self._failed = False
        self._silent: str | None = None

    @property
    def stopped(self) -> bool:
        """Whether the engine was made to end before it was done."""
        return self.interrupted or self._reason == "interrupted"

    def hear(self, event: "EngineEvent") -> None:
        """Take in one event."""
        name = type(event).__name__
        if name in _HEARD:
            _HEARD[name](self, event)
        elif name not in _PROGRESS:
            self.errors.append(f"schemathesis sent an event that is not known here: {name}")

    def exercise(self, traffic: Traffic, place: Place) -> Exercise:
        """Sum up what was heard, and what went through the server meanwhile."""
        errors = list(self.errors)
        if traffic.given_up is not None:
            found = next(filter(None, map(place, traffic.hanging)), None)
            errors.append(f"{traffic.given_up} at {found[0]}:{found[1]}" if found else traffic.given_up)
        elif not errors:
            errors += self._contradictions()
        errors += [f"{what}, outside of a request" for what in self._elsewhere(traffic)]
        mask = self._confidential.masked  # now that every answer is known
        located = [self._located(case, failure, traffic, place) for case, failure in self._failures]
        failures = [failure.masked(mask) for failure in (*located, *self._late(traffic, place))]
        return Exercise(
            operation=self._operation.name,
            statuses=dict(sorted(self._statuses.items())),
            requests=len(traffic.log),
            failures=distinct(failures),
            errors=tuple(dict.fromkeys(map(mask, errors))),
            exhausted=self.exhausted and traffic.given_up is None,
            log=tuple(map(mask, traffic.log)),
        )

    def _contradictions(self) -> list[str]:
        """Return what keeps an exercise without errors from having been a whole one."""
        if self._reason is None:
            return ["schemathesis ended without its last event"]
        if self._reason != "completed" and not self.exhausted:
            return [f"schemathesis stopped before it was done: {self._reason}"]
        if self._failed and not self._failures:
            return ["schemathesis speaks of a failure that it does not show"]
        if self._silent is not None:
            return [f"schemathesis could not finish its phase {self._silent}, and does not say why"]
        return []

    def _located(self, case: str, failure: Failure, traffic: Traffic, place: Place) -> Failure:
        """Add what the application raised, where that is how it failed."""
        crash = traffic.crashes.get(case)
        if crash is None or failure.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return failure
        why = f"the application {_ENDING}" if isinstance(crash, LEAVING) else _kind_of(crash)
        return _blamed(replace(failure, title=f"{failure.title} ({why})"), crash, place)

    def _late(self, traffic: Traffic, place: Place) -> Iterator[Failure]:
        """Yield what the application raised beside answers that are no server errors."""
        if _SERVER_ERROR in self._operation.unchecked:
            return
        for case, crash in traffic.late.items():
            if case in self._answered:
                status, curl = self._answered[case]
                title = f"{status_text(status)}, but the application {_doing(crash)}"
                yield _blamed(
                    Failure(
                        _SERVER_ERROR, status, title, curl=self._command(curl()), code="beside_the_answer"
                    ),
                    crash,
                    place,
                )

    def _elsewhere(self, traffic: Traffic) -> Iterator[str]:
        """Yield what the application did where it answered nothing, such as in a thread of its lifespan."""
        lost = [crash for case, crash in traffic.late.items() if case and case not in self._answered]
        yield from (f"the application {_doing(crash)}" for crash in lost)

    def heard_scenario_finished(self, event: Any) -> None:  # noqa: ANN401  of a module that is imported late
        recorder = event.recorder
        self._failed |= _value(event.status) == "failure"
        answers = {
            case: one.response for case, one in recorder.interactions.items() if one.response is not None
        }
        self._learn(recorder)
        for case, answer in answers.items():
            if case in recorder.cases:
                self._answered[case] = answer.status_code, recorder.cases[case].value.as_curl_command
        self._statuses.update(answer.status_code for answer in answers.values())
        for case, checks in recorder.checks.items():
            self._hear_checks(case, checks, answers[case].status_code if case in answers else 0)

    def _learn(self, recorder: Any) -> None:  # noqa: ANN401  as above
        """Learn what is confidential in all that was sent and answered."""
        for case, one in recorder.interactions.items():
            fields = recorder.cases[case].value.path_parameters if case in recorder.cases else None
            self._confidential.learn(one.request, one.response, fields)

    def _hear_checks(self, case: str, checks: Sequence[Any], status: int) -> None:
        mask = self._confidential.masked  # also now: of very many credentials some will be forgotten
        failures = [self._failure(node, status).masked(mask) for node in failing(_failed(checks))]
        self._failures += [(case, failure) for failure in failures]
        self.errors += [
            f"the check {one.name} could not be made" for one in checks if _value(one.status) == "error"
        ]

    def _failure(self, node: Any, status: int) -> Failure:  # noqa: ANN401  as above
        told = node.failure_info.failure
        common = {"check": node.name, "status": status, "code": str(getattr(told, "code", ""))}
        curl = self._command(node.failure_info.code_sample)
        if node.name == _SERVER_ERROR:
            return Failure(title=status_text(status), message=told.message, curl=curl, **common)
        if node.name == "status_code_conformance":
            allowed = ", ".join(str(one) for one in getattr(told, "defined_status_codes", ()))
            return Failure(
                title=f"{status_text(status)} is not documented",
                message=f"the schema allows {allowed}" if allowed else "the schema documents no status",
                curl=curl,
                hint=documenting(status, by_framework=self._by_framework),
                **common,
            )
        what, message = told_of(node.name, told)
        return Failure(
            title=f"{status} {told.title}: {what}" if what else f"{status} {told.title}",
            message=message,
            curl=curl,
            identity=part(told),
            **common,
        )

    def _command(self, sample: str) -> str:
        """Return the command that asks the same again. The engine's address is in it once, the last word."""
        command = _command(sample)
        if self._origin is None or _ENGINES_ORIGIN not in command:
            return command
        before, _, behind = command.rpartition(_ENGINES_ORIGIN)
        return f"{before}{self._origin}{behind}"

    def heard_non_fatal_error(self, event: Any) -> None:  # noqa: ANN401  as above
        info = event.info
        self.errors.append(on_one_line(f"{info.title}: {info.message}"))

    def heard_fatal_error(self, event: Any) -> None:  # noqa: ANN401  as above
        self.errors.append(f"schemathesis failed: {raised(event.exception)}")

    def heard_interrupted(self, _: object) -> None:
        self.interrupted = True

    def heard_phase_finished(self, event: Any) -> None:  # noqa: ANN401  as above
        self._failed |= _value(event.status) == "failure"
        if _value(event.status) == "error" and not self.errors:
            self._silent = _value(event.phase.name)

    def heard_engine_finished(self, event: Any) -> None:  # noqa: ANN401  as above
        self._reason = _value(event.stop_reason)
        self.errors += [
            f"a check of the whole run failed: {told.title}" for told in getattr(event, "failures", ())
        ]


_HEARD: Final[Mapping[str, Callable[[Listener, Any], None]]] = {
    "ScenarioFinished": Listener.heard_scenario_finished,
    "NonFatalError": Listener.heard_non_fatal_error,
    "FatalError": Listener.heard_fatal_error,
    "Interrupted": Listener.heard_interrupted,
    "PhaseFinished": Listener.heard_phase_finished,
    "EngineFinished": Listener.heard_engine_finished,
}


def _value(word: Any) -> str:  # noqa: ANN401  an enumeration, of strings in later releases
    return str(getattr(word, "value", word))


def failing(checks: Sequence[Any]) -> list[Any]:
    """Return what to tell of the checks that failed on one answer.

    Of a server error nothing else, which would only follow from it.
    """
    return [one for one in checks if one.name == _SERVER_ERROR] or list(checks)


def _failed(checks: Sequence[Any]) -> list[Any]:
    return [one for one in checks if _value(one.status) == "failure" and one.failure_info is not None]


def part(told: Any) -> str:  # noqa: ANN401  of several classes
    """Return which part of the schema an answer offends against: what tells two failures of a kind apart."""
    parts = [*getattr(told, "schema_path", ()), *getattr(told, "missing_headers", ())]
    return "/".join(str(part) for part in parts) or ("" if hasattr(told, "code") else told.title)


def _command(sample: str) -> str:
    """Return the command alone, without what only a request in process needs and the warnings that may follow.

    What it quotes is as it was sent, over several lines if need be.
    """
    whole = _COMMAND.match(sample)
    return _NOISE.sub("", whole[0] if whole else sample)


#: Words of a shell, quoted or not, to the end of the line.
_COMMAND: Final = re.compile(r"""(?:\$'(?:\\.|[^'\\])*'|'[^']*'|"[^"]*"|[^'"\n])*""", re.DOTALL)
_NOISE: Final = re.compile(rf" --insecure| -H '{CASE_HEADER}: [^']*'", re.IGNORECASE)


def _blamed(failure: Failure, crash: BaseException, place: Place) -> Failure:
    """Add what the application raised to *failure*, and the line of the project's own code."""
    path, line = place(crash) or (None, None)
    kind, text = _kind_of(crash), _told(crash)
    return replace(failure, message=text, path=path, line=line, identity=f"{kind} {path or ''}".strip())


def _told(crash: BaseException) -> str:
    return str(crash) if isinstance(crash, LeftError) else raised(crash)


def _kind_of(crash: BaseException) -> str:
    return _told(crash).partition(": ")[0]


def _doing(crash: BaseException) -> str:
    return _ENDING if isinstance(crash, LEAVING) else f"raised {_kind_of(crash)}"


_ENDING: Final = "tried to end the process"
