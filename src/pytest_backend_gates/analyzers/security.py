"""Security: bandit's findings under the project's own bandit configuration, and what ``# nosec`` hid.

Severity HIGH counts as ``security.high`` at any confidence. A finding whose severity a plugin left
undefined counts as low: bandit reports it, so it is not dropped.
"""

import re
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from pytest_backend_gates.analyzers.security_identity import fingerprint
from pytest_backend_gates.analyzers.source import SourceFile
from pytest_backend_gates.measurements import Counter, Finding, Kind, Metric, Plain, Reading
from pytest_backend_gates.model import Advice, Verdict
from pytest_backend_gates.units import counted

if TYPE_CHECKING:
    from pytest_backend_gates.analyzers.bandit_engine import BanditEngine, Issue

SEVERITIES: Final = ("high", "medium", "low")
HIGH, MEDIUM, LOW = (
    Metric(f"security.{severity}", Kind.COUNTER, None, "security", "finding") for severity in SEVERITIES
)
SUPPRESSED: Final = Metric("security.suppressed", Kind.COUNTER, None, "security", "suppression")
#: How the hint of a suppression begins to say that its comment is a blanket one by mistake.
NAMES_NO_TEST: Final = "names no bandit test"
#: Bandit quotes the password that it has found.
_QUOTED: Final = re.compile(r"(?<=hardcoded password): .*", re.DOTALL)


class Security:
    """Bandit's findings by severity, and the suppressed ones. The subject of a finding is its file."""

    name: ClassVar[str] = "security"
    metrics: ClassVar[tuple[Metric, ...]] = (HIGH, MEDIUM, LOW, SUPPRESSED)

    def __init__(self) -> None:
        self._engine: BanditEngine | None = None

    def prepare(self, files: Sequence[str]) -> None:
        """Load bandit under the project's configuration. Raises when that cannot be used as it stands."""
        from pytest_backend_gates.analyzers.bandit_engine import BanditEngine

        self._engine = BanditEngine(files)

    def fingerprint(self, rootdir: Path) -> str:
        """Return bandit's version and configuration. Raises when its findings may depend on more."""
        return fingerprint(rootdir)

    def analyze(self, source: SourceFile) -> Plain:
        """Return ``{"examined": bool, "high": [...], "medium": [...], "low": [...], "suppressed": [...]}``.

        A finding is ``[message, line, end_line, code, hint, identity]``.
        """
        if self._engine is None:
            raise RuntimeError("analyze before prepare")
        result: Plain = {"examined": False, **{severity: [] for severity in SEVERITIES}, "suppressed": []}
        if source.path in self._engine.excluded:
            return result
        scan = self._engine.scan(source)
        result["examined"] = True
        for issue, finding in _findings(source, scan.issues):
            result[issue.severity].append(_told(finding))
        result["suppressed"] = [_told(finding) for _, finding in _findings(source, scan.suppressed)]
        return result

    def reduce(self, results: Mapping[str, Plain]) -> Mapping[str, Reading]:
        """One counter for each metric, over the files that the configuration does not exclude."""
        examined = frozenset(path for path, result in results.items() if result["examined"])
        if not examined:
            reason = f"the project's bandit configuration excludes all {counted(len(results), 'source file')}"
            return {
                metric.name: Reading(Counter((), examined), unavailable=reason) for metric in self.metrics
            }
        in_order = dict(sorted(results.items()))
        found = {metric: _collected(in_order, metric) for metric in self.metrics}
        readings = {metric.name: Reading(Counter(found[metric], examined)) for metric in self.metrics}
        beside = Counter(found[HIGH], examined, aside=_aside(found))
        return readings | {HIGH.name: Reading(beside, notes=_blanket_by_mistake(found[SUPPRESSED]))}

    def advise(self, verdict: Verdict) -> Advice:
        """Point at the ``# nosec`` comments that hide more than somebody meant."""
        blanket = [finding for finding in verdict.findings if NAMES_NO_TEST in (finding.hint or "")]
        if verdict.metric.name != SUPPRESSED.name or not blanket:
            return Advice()
        return Advice(
            hint=f"{len(blanket)} of {len(verdict.findings)} come from a # nosec comment that {NAMES_NO_TEST}:"
            " bandit takes it for a blanket one; name the test, and put the reason behind a second #"
        )


def _aside(found: Mapping[Metric, Sequence[Finding]]) -> str:
    """Return what is not high, and how much was suppressed: nobody should take that for nothing."""
    counts = {
        metric.name.removeprefix("security."): len(found[metric]) for metric in (MEDIUM, LOW, SUPPRESSED)
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _blanket_by_mistake(suppressed: Iterable[Finding]) -> tuple[str, ...]:
    told = [f"security: {one.place}: {one.hint}" for one in suppressed if NAMES_NO_TEST in (one.hint or "")]
    more = f" (and {len(told) - 1} more, see security.suppressed)" if len(told) > 1 else ""
    return (told[0] + more,) if told else ()


def _collected(results: Mapping[str, Plain], metric: Metric) -> tuple[Finding, ...]:
    key = metric.name.removeprefix("security.")
    return tuple(
        Finding(path, message, None, path, *others)
        for path, result in results.items()
        for message, *others in result[key]
    )


def _told(finding: Finding) -> list[object]:
    """Return what the file does not say of *finding*, in the order of its fields."""
    return [finding.message, finding.line, finding.end_line, finding.code, finding.hint, finding.identity]


def _findings(source: SourceFile, issues: Iterable["Issue"]) -> list[tuple["Issue", Finding]]:
    """Turn bandit's issues into findings that keep their identity when other lines move."""
    seen: Tally[tuple[str, str]] = Tally()
    found = []
    for issue in issues:
        place = f"{source.scope_at(issue.line)}: {source.line_at(issue.line)}"
        seen[issue.code, place] += 1
        found.append((issue, _finding(source.path, issue, f"{place} #{seen[issue.code, place]}")))
    return found


def _finding(path: str, issue: "Issue", identity: str) -> Finding:
    hint = f"{issue.confidence} confidence"
    if issue.comment is not None:
        hint = (
            f"'{issue.comment}' {NAMES_NO_TEST}, so it hides every finding here; write '# nosec {issue.code}'"
        )
    return Finding(
        subject=path,
        message=_QUOTED.sub("", issue.text),
        path=path,
        line=issue.line or None,
        end_line=issue.end_line,
        code=issue.code,
        hint=hint,
        identity=identity,
    )
