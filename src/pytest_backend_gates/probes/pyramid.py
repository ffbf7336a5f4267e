"""The shape of the test suite: how many of the tests that ran are unit, integration and end-to-end tests."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, Literal

from pytest_backend_gates.measurements import Kind, Metric, Plain, Rate, Ratio, Reading
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.units import counted

#: The kinds of tests, from the many small ones to the few large ones.
KINDS: Final = ("unit", "integration", "e2e")
_UNKNOWN: Final = ""
_SAY_WHICH: Final = "mark the tests, put them in folders of these names, or name them in backend_gates_tests"


class PyramidProbe:
    """Measures ``tests.unit``, ``tests.integration`` and ``tests.e2e``: shares of all tests that ran."""

    name: ClassVar[str] = "pyramid"
    metrics: ClassVar[tuple[Metric, ...]] = tuple(
        Metric(f"tests.{kind}", Kind.RATE, "%", "tests", "file") for kind in KINDS
    )
    scope: ClassVar[Literal["process", "session"]] = "process"

    def __init__(self) -> None:
        self._ran: dict[str, str] = {}
        self._unknown = 0

    def ran(self, test: str, kind: str | None) -> None:
        """Count the *test* of this node id once, however often it runs; ``None`` is a kind that nobody told."""
        self._ran[test] = kind or _UNKNOWN

    def start(self) -> None:
        """There is nothing to start: the tests run."""

    def collect(self, narrowed: str | None, tell: Callable[[str], None]) -> Plain:  # noqa: ARG002 - never long
        """Return how many tests of each kind ran in this process, by file."""
        files: dict[str, Counter[str]] = {}
        for test, kind in self._ran.items():
            files.setdefault(test.partition("::")[0], Counter())[kind] += 1
        return {"files": files}

    def reduce(self, payloads: Sequence[Plain], narrowed: str | None) -> Mapping[str, Reading]:
        """Add the tests of all processes up, file by file."""
        if narrowed is not None:
            return self._everywhere(
                Reading(unavailable=f"a narrowed run ({narrowed}) is not the whole suite")
            )
        files: dict[str, Counter[str]] = {}
        for payload in payloads:
            for path, kinds in payload["files"].items():
                files.setdefault(path, Counter()).update(kinds)
        whole = sum(files.values(), Counter[str]())
        self._unknown = whole[_UNKNOWN]
        if self._unknown == whole.total():
            reason = (
                f"none of {counted(whole.total(), 'test')} is known to be a unit, integration or e2e test"
            )
            return self._everywhere(Reading(Rate({}), unavailable=reason, hint=_SAY_WHICH))
        note = f"tests: {self._unknown:,} of {counted(whole.total(), 'test')} are of no known kind"
        notes = (note,) if self._unknown else ()
        return {
            metric.name: Reading(_rate(files, metric.name.removeprefix("tests.")), notes=notes)
            for metric in self.metrics
        }

    def advise(self, verdict: Verdict) -> Advice:  # noqa: ARG002 - the same for every kind
        """Ask for the kind of the tests of which it is not known."""
        return Advice(_SAY_WHICH if self._unknown else None)

    def stop(self) -> None:
        """There is nothing to release."""

    def _everywhere(self, reading: Reading) -> dict[str, Reading]:
        return {metric.name: reading for metric in self.metrics}


def _rate(files: Mapping[str, Counter[str]], kind: str) -> Rate:
    ratios = {path: Ratio(kinds[kind], kinds.total()) for path, kinds in sorted(files.items())}
    return Rate(ratios, of="tests")
