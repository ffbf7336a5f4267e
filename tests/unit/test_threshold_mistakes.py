"""The threshold language: the whole message of what cannot be read."""

import pytest

from pytest_backend_gates.errors import Problem
from pytest_backend_gates.metrics import Catalogue
from pytest_backend_gates.model import Origin
from pytest_backend_gates.threshold import ThresholdSyntaxError, parse, strip_comment

INI = Origin("ini", "pyproject.toml", 7)
SETS = {"critical": ("src/shop/payments/**", "POST /payments*"), "none": ()}

KNOWN = (
    "allowed: complexity, contract.failures, coverage, coverage.file, errors, latency, memory,"
    " queries.count, security.high, security.suppressed, throughput"
)
OPERATORS = "operators: < <= > >= ==, or "
NUMBER = "digits, with a decimal point if need be: 80, 99.5"
GLOBS = "globs of paths or operations, separated by commas: src/shop/**, POST /orders*"
TREND = "a trend has min, max, mean, med, count, p50, p95, p99.9 ..."

#: Text -> message, caret, what is allowed.
MISTAKES = {
    "coverage": ("expected an operator; got the end", "        ^", OPERATORS + "'coverage off'"),
    "coverage >": ("expected a number; got the end", "          ^", NUMBER),
    "coverage 80%": ("expected an operator; got '80%'", "         ^^^", OPERATORS + "'coverage off'"),
    "coverage => 80%": ("expected an operator; got '=>'", "         ^^", OPERATORS + "'coverage off'"),
    "coverage = 80%": ("expected an operator; got '='", "         ^", OPERATORS + "'coverage off'"),
    "coverage != 80%": ("expected an operator; got '!='", "         ^^", OPERATORS + "'coverage off'"),
    "coverage > = 80%": ("expected a number; got '='", "           ^", NUMBER),
    "coverage > eighty": ("expected a number; got 'eighty'", "           ^^^^^^", NUMBER),
    "coverage > nan%": ("expected a number; got 'nan%'", "           ^^^^", NUMBER),
    "coverage > inf": ("expected a number; got 'inf'", "           ^^^", NUMBER),
    "coverage > -5%": ("expected a number; got '-5%'", "           ^^^", NUMBER),
    "coverage > .5%": ("expected a number; got '.5%'", "           ^^^", NUMBER),
    "coverage > 5.%": ("expected a number; got '5.%'", "           ^^^", NUMBER),
    "coverage > 1e3%": ("'e' is not a unit of 'coverage'", "           ^^", "units: %"),
    "coverage > 1,000%": ("expected a number; got '1,000%'", "           ^^^^^^", NUMBER),
    "coverage > 0x50%": ("'x' is not a unit of 'coverage'", "           ^^", "units: %"),
    "coverage > 1_000%": ("expected a number; got '1_000%'", "           ^^^^^^", NUMBER),
    "coverage > 80": ("'coverage' needs a unit", "           ^^", "units: %"),
    "coverage > 80 ms": ("'ms' is not a unit of 'coverage'", "           ^^^^^", "units: %"),
    "coverage > 80%%": ("expected the end; got '%'", "              ^", "one threshold a line"),
    "coverage > 80% please": (
        "expected the end; got 'please'",
        "               ^^^^^^",
        "one threshold a line",
    ),
    "coverage > 100.1%": ("a rate is never above 100%", "           ^^^^^^", ""),
    "coverage > 80% and complexity < 10": (
        "expected the end; got 'and complexity < 10'",
        "               ^^^^^^^^^^^^^^^^^^^",
        "one threshold a line",
    ),
    "coverge > 80%": ("unknown metric 'coverge'", "^^^^^^^", "did you mean 'coverage'? " + KNOWN),
    "Coverage > 80%": ("unknown metric 'Coverage'", "^^^^^^^^", "did you mean 'coverage'? " + KNOWN),
    "security < 1": ("unknown metric 'security'", "^^^^^^^^", "did you mean 'security.high'? " + KNOWN),
    "coverage.files > 80%": (
        "'coverage' has no aggregate 'files'",
        "         ^^^^^",
        "did you mean 'coverage.file'? a rate has no aggregates: write 'coverage' alone",
    ),
    "coverage.mean > 80%": (
        "'coverage' has no aggregate 'mean'",
        "         ^^^^",
        "a rate has no aggregates: write 'coverage' alone",
    ),
    "coverage.file.med > 80%": (
        "'coverage.file' has no aggregate 'med'",
        "              ^^^",
        "a gauge has max, mean, min",
    ),
    "coverage.file. > 80%": (
        "expected an operator; got '.'",
        "             ^",
        OPERATORS + "'coverage.file off'",
    ),
    "complexity < 10%": ("'complexity' has no unit", "             ^^^", "write the number alone"),
    "complexity < 5 parsecs": (
        "'complexity' has no unit",
        "             ^^^^^^^^^",
        "write the number alone",
    ),
    "complexity.p95 < 10": (
        "'complexity' has no aggregate 'p95'",
        "           ^^^",
        "a gauge has max, mean, min",
    ),
    "security.high == 0.5": (
        "'security.high' counts: its limit is a whole number",
        "                 ^^^",
        "",
    ),
    "security.high.max == 0": (
        "'security.high' has no aggregate 'max'",
        "              ^^^",
        "a counter has no aggregates: write 'security.high' alone",
    ),
    "latency < 100ms": ("'latency' needs an aggregate", "^^^^^^^", TREND),
    "latency.p100 < 100ms": ("'latency' has no aggregate 'p100'", "        ^^^^", TREND),
    "latency.p95 < 100": ("'latency' needs a unit", "              ^^^", "units: s, ms, us"),
    "latency.p95 < 100 parsecs": (
        "'parsecs' is not a unit of 'latency'",
        "              ^^^^^^^^^^^",
        "units: s, ms, us",
    ),
    "latency.p95 < 100MS": ("'MS' is not a unit of 'latency'", "              ^^^^^", "units: s, ms, us"),
    "latency.p95 == 100ms": (
        "samples cannot prove that a percentile equals something",
        "            ^^",
        "operators: < <= > >=",
    ),
    "latency.count > 20ms": ("'latency.count' has no unit", "                ^^^^", "write the number alone"),
    "latency.maen < 5ms": (
        "'latency' has no aggregate 'maen'",
        "        ^^^^",
        "did you mean 'latency.mean'? " + TREND,
    ),
    "memory < 5 GB": ("'GB' is not a unit of 'memory'", "         ^^^^", "units: B, KiB, MiB"),
    "throughput > 5 /sec": ("'throughput' needs a unit", "             ^", "units: /s"),
    "coverage[src/** > 80%": ("this selector has no closing ']'", "        ^^^^^^^^^^^^^", ""),
    "coverage[] > 80%": ("an empty glob", "         ^", GLOBS),
    "coverage[src/**,] > 80%": ("an empty glob", "         ^^^^^^^", GLOBS),
    "coverage[src\\shop] > 80%": (
        "'src\\shop': paths are written with forward slashes",
        "         ^^^^^^^^",
        GLOBS,
    ),
    "coverage[@critcal] > 80%": (
        "unknown set '@critcal'",
        "         ^^^^^^^^",
        "did you mean '@critical'? allowed: @critical, @none",
    ),
    "coverage[@none] > 80%": ("the set '@none' is empty", "         ^^^^^", ""),
    "coverage[a, @critical] > 80%": ("'@critical': a set stands alone", "         ^^^^^^^^^^^^", GLOBS),
    "coverage off now": ("expected the end; got 'now'", "             ^^^", "one threshold a line"),
    "coverage offline": (
        "expected an operator; got 'offline'",
        "         ^^^^^^^",
        OPERATORS + "'coverage off'",
    ),
    "> 80%": ("expected a metric; got '>'", "^", KNOWN),
    "80% < coverage": ("expected a metric; got '80%'", "^^^", KNOWN),
    "preset: defaut": (
        "unknown preset 'defaut'",
        "        ^^^^^^",
        "did you mean 'default'? allowed: default, production",
    ),
    "preset:": ("unknown preset ''", "       ^", "allowed: default, production"),
    "preset: default please": (
        "expected the end; got 'please'",
        "                ^^^^^^",
        "one threshold a line",
    ),
    "preset default": ("unknown metric 'preset'", "^^^^^^", KNOWN),
    "complexity < 1234567890123456789012345678901": (
        "this number is too long",
        "             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "at most 30 digits",
    ),
    "latency.p95 < 100ms[GET /x]": (
        "expected the end; got '[GET /x]'",
        "                   ^^^^^^^^",
        "one threshold a line",
    ),
    "complexity[src/a.py::f #2] < 20": ("this selector has no closing ']'", "          ^^^^^^^^^^^^", ""),
    "": ("expected a metric; got the end", "^", KNOWN),
}


def refused(text: str, catalogue: Catalogue, origin: Origin = INI) -> ThresholdSyntaxError:
    with pytest.raises(ThresholdSyntaxError) as caught:
        parse(text, catalogue, SETS, origin)
    return caught.value


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(catalogue: Catalogue, text: str) -> None:
    """Every mistake says what was expected, points at what stands there, and says what is allowed."""
    message, caret, allowed = MISTAKES[text]
    error = refused(text, catalogue)
    problem = Problem(error.message, "pyproject.toml:7", error.source, error.span, error.allowed)
    lines = [f"pyproject.toml:7: {message}", f"    {strip_comment(text)}", f"    {caret}"]
    assert str(problem).splitlines() == [*lines, *([f"  {allowed}"] if allowed else [])]


@pytest.mark.parametrize("junk", ["x", "%", "1", "<", "]", "ms ms", "off", "; complexity < 5", "€", "\0"])
@pytest.mark.parametrize(
    "text", ["coverage > 80%", "complexity off", "latency.p95[GET /**] < 5ms", "preset: default"]
)
def test_nothing_may_follow(catalogue: Catalogue, text: str, junk: str) -> None:
    """A statement is read to its end: nothing after it is ignored."""
    assert refused(f"{text} {junk}", catalogue).message.startswith(
        ("expected the end; got ", "expected an op")
    )


@pytest.mark.parametrize(
    "digits",
    [
        "\u0668\u0660",
        "\uff18\uff10",
        "80\u066b5",
        "\u221e",
        "NaN",
        "Infinity",
        "+80",
        "1/2",
        "½",
        "--5",
        "0b1",
    ],
)
def test_only_plain_digits_are_a_number(catalogue: Catalogue, digits: str) -> None:
    """Other scripts' digits, signs and words are not numbers."""
    assert refused(f"complexity < {digits}", catalogue).message.startswith(
        ("expected a number; got ", "expected the end; got ", "'complexity' has no unit")
    )


@pytest.mark.parametrize("text", ["coverage", "latency", "latency.p95", "coverage[src/**]"])
def test_an_unquoted_operator_in_a_shell(catalogue: Catalogue, text: str) -> None:
    """On the command line a text that ends before its operator was probably cut by the shell."""
    error = refused(text, catalogue, Origin("command line"))
    metric = text.partition(".")[0].partition("[")[0]
    assert error.message == "expected an operator; got the end"
    assert error.allowed == (
        f"operators: < <= > >= ==, or '{metric} off';"
        " a shell takes an unquoted < or > for itself: put the threshold in quotes"
    )
    assert "quotes" not in (refused(text, catalogue).allowed or "")


def test_no_set_has_a_name(catalogue: Catalogue) -> None:
    """Without sets the message says where they would be named."""
    with pytest.raises(ThresholdSyntaxError) as caught:
        parse("coverage[@critical] > 80%", catalogue, {}, INI)
    assert (caught.value.message, caught.value.allowed) == (
        "unknown set '@critical'",
        "backend_gates_sets names none",
    )
