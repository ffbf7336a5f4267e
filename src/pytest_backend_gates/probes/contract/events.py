"""What the engine's events say, as far as they are known; what is not known is an error."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pytest_backend_gates.probes.contract.findings import (
    Exercise,
    Failure,
    distinct,
    documenting,
    status_text,
)
from pytest_backend_gates.probes.contract.serving import CASE_HEADER, Traffic
from pytest_backend_gates.probes.contract.tracebacks import raised

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
Place = Callable[[BaseException], tuple[str, int] | None]


class Listener:
    """Hears the events of the exercise of one *operation*, and sums them up. *mask* takes credentials out."""

    def __init__(self, operation: str, mask: Callable[[str], str], *, by_framework: bool) -> None:
        self.errors: list[str] = []
        self.interrupted = False
        self.exhausted = False
        self._operation = operation
        self._mask = mask
        self._by_framework = by_framework
        self._statuses: Counter[int] = Counter()
        self._failures: list[tuple[str, Failure]] = []
        self._reason: str | None = None
        self._failed = False
        self._silent: str | None = None

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
        if traffic.hung is not None:
            errors.append(f"no answer to {traffic.hung}: the request was given up")
        elif not errors:
            errors += self._contradictions()
        failures = [self._located(case, failure, traffic, place) for case, failure in self._failures]
        return Exercise(
            operation=self._operation,
            statuses=dict(sorted(self._statuses.items())),
            requests=len(traffic.log),
            failures=distinct(failures),
            errors=tuple(dict.fromkeys(self._mask(error) for error in errors)),
            exhausted=self.exhausted and traffic.hung is None,
            log=tuple(self._mask(line) for line in traffic.log),
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
        path, line = place(crash) or (None, None)
        kind, _, text = raised(crash).partition(": ")
        return replace(
            failure,
            title=f"{failure.title} ({kind})",
            message=self._mask(f"{kind}: {text}" if text else kind),
            path=path,
            line=line,
            identity=f"{kind} {path or ''}".strip(),
        )

    def heard_scenario_finished(self, event: Any) -> None:  # noqa: ANN401  of a module that is imported late
        recorder = event.recorder
        self._failed |= _value(event.status) == "failure"
        answers = {
            case: one.response for case, one in recorder.interactions.items() if one.response is not None
        }
        self._statuses.update(answer.status_code for answer in answers.values())
        for case, checks in recorder.checks.items():
            status = answers[case].status_code if case in answers else 0
            self._failures += [(case, self._failure(node, status)) for node in _failing(checks)]
            self.errors += [
                f"the check {one.name} could not be made" for one in checks if _value(one.status) == "error"
            ]

    def _failure(self, node: Any, status: int) -> Failure:  # noqa: ANN401  as above
        told = node.failure_info.failure
        common = {"check": node.name, "status": status, "code": str(getattr(told, "code", ""))}
        curl = self._mask(_one_line(node.failure_info.code_sample))
        if node.name == "not_a_server_error":
            return Failure(title=status_text(status), message=self._mask(told.message), curl=curl, **common)
        if node.name == "status_code_conformance":
            allowed = ", ".join(str(one) for one in getattr(told, "defined_status_codes", ()))
            return Failure(
                title=f"{status_text(status)} is not documented",
                message=f"the schema allows {allowed}" if allowed else "the schema documents no status",
                curl=curl,
                hint=documenting(status, by_framework=self._by_framework),
                **common,
            )
        what = _first_sentence(told.message)
        return Failure(
            title=self._mask(f"{status} {told.title}: {what}" if what else f"{status} {told.title}"),
            message=self._mask(told.message.strip()),
            curl=curl,
            identity=_part(told),
            **common,
        )

    def heard_non_fatal_error(self, event: Any) -> None:  # noqa: ANN401  as above
        info = event.info
        self.errors.append(" ".join(f"{info.title}: {info.message}".split()))

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


def _failing(checks: Sequence[Any]) -> list[Any]:
    """Return the checks that failed on one answer; of a server error nothing else, which would only follow from it."""
    failing = [one for one in checks if _value(one.status) == "failure" and one.failure_info is not None]
    return [one for one in failing if one.name == "not_a_server_error"] or failing


def _part(told: Any) -> str:  # noqa: ANN401  of several classes
    """Return which part of the schema an answer offends against: what tells two failures of a kind apart."""
    parts = [*getattr(told, "schema_path", ()), *getattr(told, "missing_headers", ())]
    return "/".join(str(part) for part in parts) or ("" if hasattr(told, "code") else told.title)


def _first_sentence(message: str) -> str:
    """Return the first line, and the next one where it announces that."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])


def _one_line(curl: str) -> str:
    """Return the command alone, on one line, without what only a request in process needs."""
    return _NOISE.sub("", " ".join(curl.split("\n\n", 1)[0].replace("\\\n", " ").split()))


_NOISE: Final = re.compile(rf" --insecure| -H '{CASE_HEADER}: [^']*'", re.IGNORECASE)
