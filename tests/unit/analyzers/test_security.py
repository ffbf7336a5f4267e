"""Security against bandit's own command line, and the suppressions that it only counts."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_backend_gates.analyzers.security import HIGH, NAMES_NO_TEST, SUPPRESSED, Security
from pytest_backend_gates.measurements import Counter, Finding, Metric, Reading
from pytest_backend_gates.model import Advice, Origin, Outcome, Threshold, Verdict
from pytest_backend_gates.probes.static import StaticProbe

Scan = Callable[[Mapping[str, str | bytes], str], Mapping[str, Reading]]
Report = dict[str, Any]
SEVERITIES = ("high", "medium", "low")

HASHES = """\
import hashlib
import subprocess

def sign(data):
    hashlib.md5(data)
    hashlib.md5(data)
    return [hashlib.md5(data), hashlib.md5(data)]

class Cart:
    def sign(self, data):
        hashlib.md5(data)  # nosec B324
        hashlib.md5(data)  # nosec
        hashlib.md5(data)  # nosec B999
        hashlib.md5(data)  # nosec because I said
        hashlib.md5(data)  # nosec B324 # reviewed
        hashlib.md5(data)  # nosec B101,B999
        hashlib.md5(data)  # nosec B101
        hashlib.md5(  # nosec hashlib_insecure_functions
            data
        )
        subprocess.call("ls", shell=True)  # nosec B602, B607
"""


def findings(reading: Reading) -> tuple[Finding, ...]:
    """Return the findings of a reading that must have been measured without an error."""
    assert reading.errors == ()
    assert isinstance(reading.measurement, Counter)
    return reading.measurement.findings


def examined_by(reading: Reading) -> frozenset[str]:
    assert isinstance(reading.measurement, Counter)
    return reading.measurement.examined


def bandit(cwd: Path, *arguments: str) -> Report:
    """Return the JSON report of bandit's command line."""
    command = [sys.executable, "-m", "bandit", "-f", "json", "-q", "-r", *arguments]
    answer = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert answer.returncode in (0, 1), answer.stderr
    report: Report = json.loads(answer.stdout)
    return report


def reported(report: Report) -> dict[str, list[tuple[Any, ...]]]:
    """Return bandit's own findings by severity."""
    return {
        severity: sorted(
            (
                issue["filename"].removeprefix("./"),
                issue["test_id"],
                issue["line_number"],
                max([issue["line_number"], *issue["line_range"]]),
                re.sub("(hardcoded password): .*", r"\1", issue["issue_text"], flags=re.DOTALL),
                f"{issue['issue_confidence'].lower()} confidence",
            )
            for issue in report["results"]
            if issue["issue_severity"].lower() == severity
        )
        for severity in SEVERITIES
    }


def measured(readings: Mapping[str, Reading]) -> dict[str, list[tuple[Any, ...]]]:
    """Return our findings by severity, in the same shape."""
    return {
        severity: sorted(
            (f.path, f.code, f.line, f.end_line, f.message, f.hint)
            for f in findings(readings[f"security.{severity}"])
        )
        for severity in SEVERITIES
    }


@pytest.mark.parametrize("package", ["starlette", "flask", "werkzeug"])
def test_findings_equal_bandits_on_packages_nobody_here_wrote(site_packages: Path, package: str) -> None:
    """The same files, lines, codes, texts but for passwords, and confidences, by severity, and as many suppressed."""
    report = bandit(site_packages, package)
    files = sorted(
        path.relative_to(site_packages).as_posix() for path in (site_packages / package).rglob("*.py")
    )
    probe = StaticProbe(site_packages, files, analyzers=["security"])
    probe.start()
    readings = probe.reduce([probe.collect(None, print)], None)
    totals = report["metrics"]["_totals"]
    assert measured(readings) == reported(report)
    assert len(findings(readings["security.suppressed"])) == totals["nosec"] + totals["skipped_tests"]
    assert examined_by(readings["security.high"]) == frozenset(files)


CONFIGURATIONS = {
    "none": ({}, []),
    "pyproject skips": (
        {"pyproject.toml": "[tool.bandit]\nskips = ['B404', 'B320']\n"},
        ["-c", "pyproject.toml"],
    ),
    "pyproject tests": ({"pyproject.toml": "[tool.bandit]\ntests = ['B324']\n"}, ["-c", "pyproject.toml"]),
    "pyproject without bandit": ({"pyproject.toml": "[tool.other]\n"}, []),
    "pyproject excludes": (
        {"pyproject.toml": "[tool.bandit]\nexclude_dirs = ['src/old', './vendored/']\n"},
        ["-c", "pyproject.toml"],
    ),
    "pyproject plugin": (
        {"pyproject.toml": "[tool.bandit.hardcoded_tmp_directory]\ntmp_dirs = ['/srv']\n"},
        ["-c", "pyproject.toml"],
    ),
    "ini": ({".bandit": "[bandit]\nskips = B404,B602\nexclude = ./vendored,*/old/*\n"}, []),
    "ini tests": ({".bandit": "[bandit]\ntests = B324\n"}, []),
    "ini with yaml": (
        {".bandit": "[bandit]\nconfigfile = other.yaml\n", "other.yaml": "skips: [B324]\n"},
        [],
    ),
    "ini profile": (
        {
            ".bandit": "[bandit]\nconfigfile = other.yaml\nprofile = ours\n",
            "other.yaml": "profiles:\n  ours:\n    include: [hashlib_insecure_functions]\n",
        },
        [],
    ),
    "ini ignores nosec": ({".bandit": "[bandit]\nignore-nosec = false\n"}, []),
    "both": (
        {"pyproject.toml": "[tool.bandit]\nskips = ['B404']\n", ".bandit": "[bandit]\nskips = B602\n"},
        ["-c", "pyproject.toml"],
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_findings_equal_bandits_under_the_projects_configuration(
    scan: Scan, tmp_path: Path, name: str
) -> None:
    """Read unasked, the configuration does what it does on bandit's command line."""
    configuration, arguments = CONFIGURATIONS[name]
    sources = dict.fromkeys(
        ["src/app.py", "src/old/app.py", "vendored/lib.py"], HASHES + "T = '/srv/x', '/tmp/x'\n"
    )
    readings = scan({**configuration, **sources}, "security")
    report = bandit(tmp_path, ".", *arguments)
    totals = report["metrics"]["_totals"]
    assert measured(readings) == reported(report)
    assert len(findings(readings["security.suppressed"])) == totals["nosec"] + totals["skipped_tests"]
    examined = {path.removeprefix("./") for path in report["metrics"] if path != "_totals"}
    assert all(examined_by(reading) == examined for reading in readings.values())


def test_each_suppression_is_told_with_its_place_code_and_comment(scan: Scan) -> None:
    """A comment that was meant to name tests and names none is quoted: bandit takes it for a blanket one."""
    suppressed = findings(scan({"app.py": HASHES}, "security")["security.suppressed"])
    hint = "'{}' names no bandit test, so it hides every finding here; write '# nosec B324'"
    assert [(f.line, f.code, f.hint) for f in suppressed] == [
        (11, "B324", "high confidence"),
        (12, "B324", "high confidence"),
        (13, "B324", hint.format("# nosec B999")),
        (14, "B324", hint.format("# nosec because I said")),
        (15, "B324", "high confidence"),
        (16, "B324", hint.format("# nosec B101,B999")),
        (18, "B324", "high confidence"),
        (21, "B607", "high confidence"),
        (21, "B602", "high confidence"),
    ]


def test_the_row_of_high_tells_what_else_there_is(scan: Scan) -> None:
    """A green ``0 high`` does not hide lesser findings and suppressions, nor a comment that hides too much."""
    measured = scan({"app.py": HASHES}, "security")["security.high"]
    assert isinstance(measured.measurement, Counter)
    assert measured.measurement.aside == "1 low, 9 suppressed"
    assert measured.notes == (
        (
            "security: app.py:13: '# nosec B999' names no bandit test, so it hides every finding here;"
            " write '# nosec B324' (and 2 more, see security.suppressed)"
        ),
    )
    clean = scan({"app.py": "x = 1\n"}, "security")["security.high"]
    assert (clean.measurement, clean.notes) == (Counter((), frozenset({"app.py"}), "file"), ())


def test_findings_on_equal_lines_have_fingerprints_of_their_own(scan: Scan) -> None:
    """Scope, line and occurrence make the identity; no line number does."""
    high = findings(scan({"app.py": HASHES}, "security")["security.high"])
    assert [f.identity for f in high if f.line is not None and f.line < 8] == [
        "sign: hashlib.md5(data) #1",
        "sign: hashlib.md5(data) #2",
        "sign: return [hashlib.md5(data), hashlib.md5(data)] #1",
        "sign: return [hashlib.md5(data), hashlib.md5(data)] #2",
    ]
    assert len({f.fingerprint for f in high}) == len(high)
    moved = findings(scan({"app.py": "\n# moved\n" + HASHES}, "security")["security.high"])
    assert [f.fingerprint for f in moved] == [f.fingerprint for f in high]
    assert (high[0].line, moved[0].line) == (5, 7)


@pytest.mark.parametrize(
    ("files", "path", "message"),
    [
        (
            {".bandit": "skips: [B101]\n"},
            ".bandit",
            ".bandit is no ini file with a [bandit] section: bandit would ignore it",
        ),
        (
            {"pyproject.toml": "[tool]\nbandit = 3\n"},
            "pyproject.toml",
            "tool.bandit of pyproject.toml is no table",
        ),
        (
            {"pyproject.toml": "[tool.bandit]\nskips = 'B101'\n"},
            "pyproject.toml",
            "bandit's 'skips' must be a list of strings, not 'B101'",
        ),
        (
            {"pyproject.toml": "[tool.bandit]\ntests = ['B324', 'B9', 'hashlib']\n"},
            "pyproject.toml",
            "bandit's 'tests' names unknown tests: B9, hashlib",
        ),
        (
            {"pyproject.toml": "[tool.bandit]\ntests = ['B324']\nskips = ['B324']\n"},
            "pyproject.toml",
            "bandit's 'tests' and 'skips' both name B324",
        ),
        ({".bandit": "[bandit]\ntests = B3240\n"}, ".bandit", "bandit's 'tests' names unknown tests: B3240"),
        (
            {".bandit": "[bandit]\nprofile = x\n"},
            ".bandit",
            "bandit's profile 'x' is not in its configuration",
        ),
        (
            {".bandit": "[bandit]\nconfigfile = gone.yaml\n"},
            "gone.yaml",
            "bandit's configuration cannot be read: gone.yaml : Could not read config file.",
        ),
    ],
)
def test_broken_configuration_is_an_error_of_every_metric(
    scan: Scan, files: Mapping[str, str], path: str, message: str
) -> None:
    """Nothing is measured under defaults that the project did not choose."""
    for reading in scan({**files, "app.py": HASHES}, "security").values():
        assert reading.measurement is None
        assert [(e.subject, e.path, e.message) for e in reading.errors] == [("security", path, message)]


def test_a_configuration_that_excludes_everything_measures_nothing(scan: Scan) -> None:
    """Zero findings in zero files is not a pass."""
    configuration = "[tool.bandit]\nexclude_dirs = ['app']\n"
    readings = scan({"pyproject.toml": configuration, "app.py": HASHES, "app2.py": ""}, "security")
    reason = "the project's bandit configuration excludes all 2 source files"
    assert set(readings.values()) == {Reading(Counter((), frozenset()), unavailable=reason)}


def test_an_excluded_file_that_does_not_parse_is_no_error(scan: Scan) -> None:
    """The project told bandit not to look there."""
    configuration = "[tool.bandit]\nexclude_dirs = ['templates']\n"
    files = {"pyproject.toml": configuration, "templates/x.py": "{{ name }} =", "app.py": "x = 1\n"}
    assert scan(files, "security")["security.high"] == Reading(Counter((), frozenset({"app.py"}), "file"))


def test_a_test_of_bandits_own_that_crashes_is_an_error(scan: Scan) -> None:
    """Bandit logs the crash and reports the file as clean."""
    configuration = "[tool.bandit.hardcoded_tmp_directory]\ntmp_dirs = 3\n"
    reading = scan({"pyproject.toml": configuration, "app.py": "x = 'text'\n"}, "security")["security.high"]
    assert [(e.subject, e.message) for e in reading.errors] == [
        (
            "app.py",
            (
                "Bandit internal error running: hardcoded_tmp_directory on file ./app.py at line 1:"
                " 'int' object is not iterable"
            ),
        )
    ]


def test_analyze_before_prepare_is_a_mistake_of_the_caller() -> None:
    """There is no engine without its configuration."""
    with pytest.raises(RuntimeError, match="analyze before prepare"):
        Security().analyze(None)  # type: ignore[arg-type] # never reached


def verdict(metric: Metric, *hints: str) -> Verdict:
    """Return a red verdict with a finding for each hint."""
    threshold = Threshold("", Origin("ini"), metric.name, metric.name)
    rows = tuple(Finding("a.py", "text", hint=hint) for hint in hints)
    return Verdict(threshold, metric, Outcome.FAILED, red=True, reason="", findings=rows)


def test_advice_counts_the_comments_that_name_no_test() -> None:
    """Only suppressions get it, and only where there is such a comment."""
    meaningless = f"'# nosec B999' {NAMES_NO_TEST}"
    assert Security().advise(verdict(SUPPRESSED, meaningless, "high confidence")) == Advice(
        hint="1 of 2 come from a # nosec comment that names no bandit test: bandit takes it for a blanket one;"
        " name the test, and put the reason behind a second #"
    )
    assert Security().advise(verdict(SUPPRESSED, "high confidence")) == Advice()
    assert Security().advise(verdict(HIGH, "high confidence")) == Advice()
