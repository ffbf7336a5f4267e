"""Which thresholds are in force, who owns what, and what would relax a threshold."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from pytest_backend_gates.measurements import Kind, Metric
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin, Threshold
from pytest_backend_gates.rules import alike, in_force, owned, owns, relaxed, rivals, shadowed, with_members
from pytest_backend_gates.threshold import parse

Read = Callable[..., Threshold]
ReadAll = Callable[..., tuple[Threshold, ...]]


@pytest.mark.parametrize(
    ("texts", "left"),
    [
        # defaults
        (["default: coverage > 80%", "coverage > 90%"], ["coverage > 90%"]),
        (["default: coverage > 80%", "coverage < 99%"], ["coverage < 99%"]),
        (["default: complexity < 10", "complexity.max <= 20"], ["complexity.max <= 20"]),
        (
            ["default: complexity < 10", "complexity.mean < 5"],
            ["complexity < 10", "complexity.mean < 5"],
        ),
        (["default: complexity < 10", "complexity > 1"], ["complexity < 10", "complexity > 1"]),
        (
            ["default: complexity < 10", "complexity[src/**] < 20"],
            ["complexity < 10", "complexity[src/**] < 20"],
        ),
        (
            ["default: complexity < 10", "complexity[**] < 20"],
            ["complexity < 10", "complexity[**] < 20"],
        ),
        (
            ["default: coverage > 80%", "coverage.file > 70%"],
            ["coverage > 80%", "coverage.file > 70%"],
        ),
        (["default: latency.p95 < 100ms", "latency.p95.0 < 200ms"], ["latency.p95.0 < 200ms"]),
        (
            ["default: latency.p95 < 100ms", "latency.p99 < 200ms"],
            ["latency.p95 < 100ms", "latency.p99 < 200ms"],
        ),
        # off
        (["default: complexity < 10", "complexity off"], ["complexity off"]),
        (
            ["complexity < 10", "complexity.mean < 5", "complexity[a] < 9", "complexity off"],
            ["complexity off"],
        ),
        (["complexity off", "complexity < 20"], ["complexity < 20"]),
        (["complexity < 10", "complexity off", "complexity[a] < 20"], ["complexity[a] < 20"]),
        (["complexity off", "complexity off"], ["complexity off"]),
        (["coverage > 80%", "coverage.file off"], ["coverage > 80%", "coverage.file off"]),
        (["complexity < 10", "cli: complexity off"], ["complexity off"]),
        (["complexity off", "cli: complexity < 20"], ["complexity < 20"]),
        (
            ["complexity < 10", "complexity[a] < 20", "complexity[a] off"],
            ["complexity < 10", "complexity[a] off"],
        ),
        (
            ["latency.p95 < 1s", "latency.p99 < 2s", "latency.p99 off"],
            ["latency.p95 < 1s", "latency.p99 off"],
        ),
        (
            ["latency.p99 < 1s", "latency.p99[b] < 2s", "latency.p99[b] off"],
            ["latency.p99 < 1s", "latency.p99[b] off"],
        ),
        (["complexity[a] < 20", "complexity[a] off", "complexity[a] < 30"], ["complexity[a] < 30"]),
        # the project's own lines do not replace each other
        (["complexity < 10", "complexity < 20"], ["complexity < 10", "complexity < 20"]),
        (["coverage > 80%", "coverage < 99%"], ["coverage > 80%", "coverage < 99%"]),
        (["cli: complexity < 10", "cli: complexity < 10"], ["complexity < 10"]),
        # the command line
        (["complexity < 10", "cli: complexity < 20"], ["complexity < 20"]),
        (["complexity[src/a/*] < 10", "cli: complexity[src/**] < 20"], ["complexity[src/**] < 20"]),
        (
            ["complexity[src/**] < 10", "cli: complexity[src/a/*] < 20"],
            ["complexity[src/**] < 10", "complexity[src/a/*] < 20"],
        ),
        (["coverage > 80%", "cli: coverage > 50%"], ["coverage > 50%"]),
        (["coverage[src/**] > 80%", "cli: coverage[src/**] > 50%"], ["coverage[src/**] > 50%"]),
        (
            ["coverage[src/**] > 80%", "cli: coverage > 50%"],
            ["coverage[src/**] > 80%", "coverage > 50%"],
        ),
        (["default: coverage > 80%", "cli: coverage > 50%"], ["coverage > 50%"]),
        # presets
        (["default: coverage > 80%", "preset: coverage > 80%", "coverage > 70%"], ["coverage > 70%"]),
        (["preset: complexity < 10", "complexity < 20"], ["complexity < 20"]),
        (["preset: complexity < 10", "preset: complexity < 5"], ["complexity < 5"]),
        (
            ["preset: complexity < 10", "complexity[src/**] < 20"],
            ["complexity < 10", "complexity[src/**] < 20"],
        ),
        (["complexity < 20", "preset: complexity < 10"], ["complexity < 20", "complexity < 10"]),
    ],
)
def test_in_force(rules: ReadAll, texts: list[str], left: list[str]) -> None:
    """What later lines replace is gone, and everything else is judged, in the order written."""
    assert [threshold.text for threshold in rules(*texts)] == left


def test_off_says_where(rules: ReadAll) -> None:
    """The row of a metric that is switched off knows which line did it."""
    (threshold,) = rules("complexity < 10", "complexity off")
    assert threshold.is_off
    assert str(threshold.origin) == "pyproject.toml:2"


@pytest.mark.parametrize(
    ("texts", "owners"),
    [
        (["security.high == 0", "security.high[legacy/**] <= 3"], {"src/a.py": 0, "legacy/b.py": 1}),
        (["security.high[legacy/**] <= 3", "security.high == 0"], {"src/a.py": 1, "legacy/b.py": 1}),
        (["complexity < 10", "complexity.mean[**] < 5"], {"src/a.py::f": 0}),
        (["complexity < 10", "complexity > 1"], {"src/a.py::f": 0}),
        (
            ["complexity < 10", "complexity[src/**] < 20", "complexity[src/a.py] < 30"],
            {"b.py::f": 0, "src/b.py::f": 1, "src/a.py::f": 2, "src/a.py::C.m#2": 2},
        ),
        (
            ["complexity < 10", "complexity[src/a.py::f] < 30"],
            {"src/a.py::f": 1, "src/a.py::f#2": 0, "src/a.py::g": 0},
        ),
        (
            ["latency.p95 < 1s", "latency.p95.0[@critical] < 2s", "latency.p99[**] < 3s"],
            {"GET /orders": 0, "POST /payments": 1, "POST /payments/{id}": 0},
        ),
    ],
)
def test_the_last_match_owns(rules: ReadAll, texts: list[str], owners: dict[str, int]) -> None:
    """As in CODEOWNERS: the last threshold of a metric and aggregate that matches a subject owns it alone."""
    thresholds = rules(*texts)
    for subject, owner in owners.items():
        question = (thresholds[owner].metric, thresholds[owner].aggregate)
        for index, threshold in enumerate(thresholds):
            if (threshold.metric, threshold.aggregate) == question:
                assert owns(threshold, subject, thresholds) is (index == owner), (subject, threshold.text)


def test_owned_subjects_are_shared_out(rules: ReadAll) -> None:
    """Every subject has one owner of each question, and none is lost."""
    thresholds = rules("complexity < 10", "complexity[a/**] < 11", "complexity[a/b/**, c/**] < 12")
    subjects = ["x.py::f", "a/x.py::f", "a/b/x.py::f", "c/x.py::f", "c.py::f"]
    assert [sorted(owned(one, subjects, thresholds)) for one in thresholds] == [
        ["c.py::f", "x.py::f"],
        ["a/x.py::f"],
        ["a/b/x.py::f", "c/x.py::f"],
    ]


def test_rivals_ask_the_same_question_later(rules: ReadAll) -> None:
    """Only later thresholds of the same metric and aggregate take subjects away."""
    thresholds = rules("complexity < 10", "complexity.mean < 5", "complexity[a] < 11", "coverage > 1%")
    assert rivals(thresholds[0], thresholds) == (thresholds[2],)
    assert rivals(thresholds[2], thresholds) == ()


def test_alike_were_written_in_the_same_place(rules: ReadAll) -> None:
    """The command line and the ini file are different hands."""
    thresholds = rules("complexity[a] < 10", "cli: complexity[b] < 5", "complexity[c] < 11")
    assert alike(thresholds[0], thresholds) == (thresholds[0], thresholds[2])


def test_a_shadow_is_told_whole(rules: ReadAll, catalogue: Catalogue) -> None:
    """A threshold that can own nothing is a mistake that names the line which shadows it."""
    thresholds = rules("security.high[legacy/**] <= 3", "security.high == 0")
    assert [str(problem) for problem in shadowed(thresholds, catalogue)] == [
        (
            "backend_gates_thresholds (pyproject.toml:1): this threshold can own nothing: 'security.high == 0'"
            " (pyproject.toml:2) comes later and matches everything that it matches\n"
            "    security.high[legacy/**] <= 3\n"
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  the last threshold that matches a subject owns it: write the general one first"
        )
    ]


def test_a_shadow_of_several_lines_names_them(rules: ReadAll, catalogue: Catalogue) -> None:
    """Two lines may share what a third one matches."""
    thresholds = rules("complexity[a/**, b/**] < 5", "complexity[a/**] < 6", "complexity[b*/**] < 7")
    (problem,) = shadowed(thresholds, catalogue)
    assert problem.message == (
        "this threshold can own nothing: 'complexity[a/**] < 6' (pyproject.toml:2) and"
        " 'complexity[b*/**] < 7' (pyproject.toml:3) come later and match everything that it matches"
    )


def test_a_shadow_on_the_command_line(rules: ReadAll, catalogue: Catalogue) -> None:
    """A mistake of the command line is told as one of its option."""
    thresholds = rules("cli: complexity[a] < 5", "cli: complexity < 6")
    (problem,) = shadowed(thresholds, catalogue)
    assert problem.where == "--backend-gates-threshold"
    assert "'complexity < 6' (command line) comes later" in problem.message


@pytest.mark.parametrize(
    "texts",
    [
        ["complexity < 10", "complexity[a] < 11"],
        ["complexity[a] < 10", "complexity[b] < 11"],
        ["complexity[a, b] < 10", "complexity[a] < 11"],
        ["complexity < 10", "complexity.mean < 5"],
        ["complexity < 10", "complexity > 1"],
        ["coverage[src/**] > 80%", "coverage > 70%"],
        ["coverage > 80%", "coverage > 90%"],
        ["default: complexity < 10", "complexity[**] < 11"],
        ["preset: complexity < 10", "complexity[**] < 11"],
        ["complexity[a, b] < 10", "cli: complexity[a] < 11", "cli: complexity[b] < 11"],
        ["complexity[a] < 10", "cli: complexity < 11"],
        ["complexity < 10", "complexity off"],
    ],
)
def test_no_shadow(rules: ReadAll, catalogue: Catalogue, texts: list[str]) -> None:
    """Special after general, other questions, rates, defaults, presets and the command line are no mistakes."""
    assert list(shadowed(rules(*texts), catalogue)) == []


@pytest.mark.parametrize(
    ("texts", "shadows"),
    [
        (["complexity < 10", "complexity < 11"], [0]),
        (["complexity < 10", "complexity[**] < 11"], [0]),
        (["complexity[a] < 10", "complexity[a] < 11", "complexity[a] < 12"], [0, 1]),
        (["complexity[a.py::f] < 10", "complexity[a.py] < 11"], [0]),
        (["latency.p95[GET /x] < 1s", "latency.p95.0[GET /*] < 2s"], [0]),
        (["complexity < 20", "preset: complexity < 10"], [0]),
    ],
)
def test_shadows(rules: ReadAll, catalogue: Catalogue, texts: list[str], shadows: list[int]) -> None:
    """Every threshold that can own nothing is told, each once."""
    thresholds = rules(*texts)
    told = [problem.text for problem in shadowed(thresholds, catalogue)]
    assert told == [thresholds[index].text for index in shadows]


@pytest.mark.parametrize(
    ("text", "value", "upper", "line"),
    [
        ("coverage > 80%", Fraction("79.996"), False, "coverage >= 79.99%"),
        ("coverage > 80%", Fraction(80), False, "coverage >= 80%"),
        ("coverage[src/**] > 80%", Fraction(200, 3), False, "coverage[src/**] >= 66.66%"),
        ("coverage < 50%", Fraction(200, 3), True, "coverage <= 66.67%"),
        ("complexity < 10", 14, True, "complexity <= 14"),
        ("complexity.avg < 10", Fraction(31, 3), True, "complexity.avg <= 10.34"),
        ("memory < 1MiB", 1234567, True, "memory <= 1.18MiB"),
        ("memory < 1000B", 1234567, True, "memory <= 1234567B"),
        ("latency.p95 < 100ms", Fraction("0.1234567"), True, "latency.p95 <= 123.46ms"),
        ("latency.p95[GET /a, GET /b] < 100ms", 2, True, "latency.p95[GET /a, GET /b] <= 2000ms"),
        ("throughput > 50/s", Fraction(1, 1000), False, "throughput >= 0/s"),
        ("memory > 1B", -5, False, "memory off"),
    ],
)
def test_relaxed(rule: Read, text: str, value: Fraction, upper: bool, line: str) -> None:  # noqa: FBT001 (a table)
    """The relaxed line keeps the left side and the unit, and rounds away from the value."""
    assert relaxed(rule(text), value, upper=upper) == line


def test_in_force_of_nothing(catalogue: Catalogue) -> None:
    """No thresholds are no thresholds."""
    assert in_force([], catalogue) == ()


def test_members_of_measured_sets() -> None:
    """A threshold on a measured set selects what was found, also by several probes; one on an empty set, nothing."""
    catalogue = Catalogue.of(
        [Metric("latency", Kind.TREND, "s", "latency", "operation")], {"crud": "operation"}
    )
    texts = ("latency.p95 < 1s", "latency.p95[@crud] < 1s", "latency.p95[GET /@crud] < 1s")
    read = [parse(text, catalogue, {}, Origin("ini")) for text in texts]
    thresholds = [one for one in read if isinstance(one, Threshold)]
    assert [one.globs for one in thresholds] == [(), ("@crud",), ("GET /@crud",)]
    found = [{"crud": frozenset(["POST /b"])}, {}, {"crud": frozenset(["GET /a"])}]
    assert [one.globs for one in with_members(thresholds, found)] == [
        (),
        ("GET /a", "POST /b"),
        ("GET /@crud",),
    ]
    assert with_members(thresholds, [{"crud": frozenset()}]) == tuple(thresholds)
