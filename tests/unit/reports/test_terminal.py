"""The block at the end of pytest's output, compared whole."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_backend_gates.measurements import Finding
from pytest_backend_gates.model import GateReport, Outcome, SessionReport
from pytest_backend_gates.reports.layout import columns
from pytest_backend_gates.reports.terminal import Line, gate_text, lines

GREEN = {"green": True}


def _text(block: list[Line]) -> str:
    return "".join(f"{line.text}\n" for line in block)


@pytest.mark.parametrize(("width", "verbosity"), [(80, 0), (120, 0), (80, -1), (80, 1), (120, 1), (40, 0)])
def test_rich_report(rich: SessionReport, golden: Callable[[str], str], width: int, verbosity: int) -> None:
    """All outcomes and kinds, at each width and verbosity, are told as the golden file has them."""
    assert _text(lines(rich, width, verbosity)) == golden(f"terminal_{width}_{verbosity}.txt")


def test_green_report(green: SessionReport) -> None:
    """A green session takes a line a gate and a last one."""
    assert lines(green, 80) == [
        Line("PASSED  coverage    87.3% > 80%         measured", GREEN),
        Line("PASSED  complexity  9 < 10              measured", GREEN),
        Line("PASSED  security    0 high == 0         measured", GREEN),
        Line("PASSED  latency     p95 78 ms < 100 ms  measured", GREEN),
        Line("4 gates passed in 14.2 s (gates added 0.4 s)", {"green": True, "bold": True}),
    ]


def test_quiet_green_report(green: SessionReport) -> None:
    """With -q a green session takes one line, notes or not."""
    noted = replace(green, notes=("a note",))
    assert lines(noted, 80, -1) == [
        Line("4 gates passed in 14.2 s (gates added 0.4 s)", {"green": True, "bold": True})
    ]


def test_quiet_report_of_a_green_session_tells_what_was_skipped(green: SessionReport) -> None:
    """With -q pytest does not say why; and green must not look as if every gate had passed."""
    narrowed = "a narrowed run (-k)"
    why = {
        "coverage": f"{narrowed}: coverage is judged in full runs",
        "contract": f"{narrowed}: the contract is judged in full runs",
        "latency": "no HTTP traffic",
    }
    skipped = [GateReport(gate, *SKIPPED, reason, ()) for gate, reason in why.items()]
    report = replace(green, gates=(*green.gates, *skipped))
    assert lines(report, 100, -1) == [
        Line("skipped: coverage, contract: a narrowed run (-k); latency: no HTTP traffic", {"yellow": True}),
        Line("4 gates passed, 3 skipped in 14.2 s (gates added 0.4 s)", {"green": True, "bold": True}),
    ]
    red = replace(report, gates=(*skipped, GateReport("complexity", *FAILED, "r", ())))
    assert [line.text for line in lines(red, 100, -1)] == [
        "FAILED   complexity  r",
        "1 of 4 gates failed, 3 skipped in 14.2 s (gates added 0.4 s)",
    ]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("a narrowed run (-k 'a): b'): the contract is judged in full runs", "a narrowed run (-k 'a): b')"),
        ("no HTTP traffic: the tests made no request (narrowed run: tests/a.py)", "no HTTP traffic"),
        ("no sample (narrowed run: tests/a.py::test)", "no sample (narrowed run: tests/a.py::test)"),
        ("nothing proven (GET /a: 404): 0 failures", "nothing proven (GET /a: 404): 0 failures"),
        ("the server: no HTTP traffic: none", "the server: no HTTP traffic: none"),
    ],
)
def test_quiet_reasons_are_cut_where_they_are_known(green: SessionReport, reason: str, told: str) -> None:
    """Only what says the same at length is left out; a colon elsewhere is part of the reason."""
    report = replace(green, gates=(*green.gates, GateReport("contract", *SKIPPED, reason, ())))
    assert lines(report, 100, -1)[0].text == f"skipped: contract: {told}"


def test_markup(rich: SessionReport) -> None:
    """Only a row's first lines and the last line are coloured, by outcome."""
    colours = {
        line.text.split()[0]: line.markup
        for line in lines(rich, 120)
        if line.text.split()[0] in Outcome.__members__
    }
    assert colours == {
        "FAILED": {"red": True},
        "PASSED": {"green": True},
        "ERROR": {"red": True},
        "WAIVED": {"yellow": True},
        "NO_DATA": {"red": True},
        "OFF": {},
        "SKIPPED": {"yellow": True},
    }
    assert {tuple(line.markup) for line in lines(rich, 120) if line.text.startswith((" ", "note"))} == {()}
    assert lines(rich, 120)[-1].markup == {"red": True, "bold": True}


def _gates(*outcomes: tuple[Outcome, bool]) -> tuple[GateReport, ...]:
    return tuple(GateReport("g", outcome, red, "r", ()) for outcome, red in outcomes)


PASSED, FAILED = (Outcome.PASSED, False), (Outcome.FAILED, True)
SKIPPED, OFF, WAIVED = (Outcome.SKIPPED, False), (Outcome.OFF, False), (Outcome.WAIVED, False)


@pytest.mark.parametrize(
    ("gates", "text", "colour"),
    [
        (_gates(PASSED), "1 gate passed", "green"),
        (_gates(PASSED, PASSED), "2 gates passed", "green"),
        (_gates(PASSED, PASSED, PASSED, SKIPPED), "3 gates passed, 1 skipped", "green"),
        (_gates(PASSED, WAIVED, SKIPPED, SKIPPED, OFF), "1 gate passed, 1 waived, 2 skipped, 1 off", "green"),
        (_gates(SKIPPED, SKIPPED), "no gate judged, 2 skipped", "yellow"),
        (_gates(OFF, OFF), "no gate judged, 2 off", "yellow"),
        (_gates(WAIVED, OFF), "no gate passed, 1 waived, 1 off", "yellow"),
        (_gates(), "no gate judged", "yellow"),
        (_gates(FAILED), "1 gate failed", "red"),
        (_gates(FAILED, PASSED, FAILED, PASSED), "2 of 4 gates failed", "red"),
        (_gates(FAILED, (Outcome.ERROR, True), SKIPPED), "2 of 3 gates failed, 1 skipped", "red"),
        (_gates((Outcome.SKIPPED, True), PASSED), "1 of 2 gates failed", "red"),
    ],
)
def test_last_line(green: SessionReport, gates: tuple[GateReport, ...], text: str, colour: str) -> None:
    """The last line counts gates: a gate is red because its report says so, not by its outcome."""
    last = lines(replace(green, gates=gates), 80, -1)[-1]
    assert last == Line(f"{text} in 14.2 s (gates added 0.4 s)", {colour: True, "bold": True})


def test_strict_skipped_row_is_red(green: SessionReport) -> None:
    """A row that the judge made red is told as one, under -q too."""
    gate = GateReport(
        "latency", Outcome.SKIPPED, red=True, reason="no HTTP traffic", rows=(), hint="test a route"
    )
    report = replace(green, gates=(gate,))
    assert lines(report, 80, -1)[0] == Line("SKIPPED  latency  no HTTP traffic", {"red": True})
    assert [line.text for line in lines(report, 80)][:2] == [
        "SKIPPED  latency  no HTTP traffic",
        "                    hint: test a route",
    ]


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
@pytest.mark.parametrize(
    ("notes", "text"),
    [
        (("Ctrl-C", "more"), "no verdict: Ctrl-C"),
        ((), "no verdict: the session did not end"),
        (("evil\nPASSED",), r"no verdict: evil\nPASSED"),
    ],
)
def test_no_verdict(green: SessionReport, notes: tuple[str, ...], text: str, verbosity: int) -> None:
    """A session without a verdict says so, and why, in one line."""
    report = replace(green, outcome="incomplete", notes=notes)
    assert lines(report, 80, verbosity) == [Line(text, {"yellow": True})]


def test_gate_hint(green: SessionReport) -> None:
    """A gate's own hint is shown once, and only for a gate that needs help."""
    gate = green.gates[0]
    row = replace(gate.rows[0], outcome=Outcome.FAILED, red=True, hint="cover more")
    red = replace(gate, outcome=Outcome.FAILED, red=True, rows=(row,))
    for hint, expected in (("cover more", ["cover more"]), ("look around", ["cover more", "look around"])):
        block = lines(replace(green, gates=(replace(red, hint=hint),)), 80)
        assert [line.text.strip() for line in block if "hint" in line.text] == [
            f"hint: {one}" for one in expected
        ]
    assert not [
        line for line in lines(replace(green, gates=(replace(gate, hint="x"),)), 80) if "hint" in line.text
    ]


@pytest.mark.parametrize("width", [0, 1, 20, 40, 79, 80, 120, 400])
@pytest.mark.parametrize("verbosity", [-2, 0, 2])
def test_outside_text_is_harmless(evil: SessionReport, width: int, verbosity: int) -> None:
    """No text from outside reaches the terminal raw or begins a line as an outcome would."""
    block = lines(evil, width, verbosity)
    assert all(line.text.isprintable() for line in block)
    assert not [line for line in block if line.text.startswith("PASSED")]
    assert all(text.isprintable() for gate in evil.gates for text in gate_text(gate, width).split("\n"))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_width(rich: SessionReport, width: int, verbosity: int) -> None:
    """No line is wider than the terminal, except for a path that would be cut."""
    wide = [line.text.strip() for line in lines(rich, width, verbosity) if columns(line.text) > width]
    assert set(wide) <= {
        "src/shop/integrations/warehouse/reservations.py:1200",
        r"src/shop/bo\x1b[2Jok\nPASSED.py:3",
    }


def test_paths_and_ini_lines_stay_whole(green: SessionReport) -> None:
    """A path with spaces and an ini line can be copied from the narrowest terminal."""
    long = "latency.p95[src/a folder with spaces/**, POST /payments/{payment_id}/refunds] <= 1234ms"
    row = replace(
        green.gates[0].rows[0],
        red=True,
        relax=long,
        findings=(Finding("s", "m", path="a folder with spaces/and a long name/orders.py", line=7),),
    )
    gate = replace(green.gates[0], red=True, rows=(row,))
    text = [line.text.strip() for line in lines(replace(green, gates=(gate,)), 30)]
    assert f"relax: {long}" in text
    assert "a folder with spaces/and a long name/orders.py:7" in text


def test_gate_text(rich: SessionReport, golden: Callable[[str], str]) -> None:
    """Each gate's text begins with one line that sums it up; red rows hide the others."""
    texts = [gate_text(gate, 80) for gate in rich.gates]
    assert "\n\n".join(texts) + "\n" == golden("gates_80.txt")


def test_gate_text_shows_everything_with_v(rich: SessionReport) -> None:
    """With -v a gate's text has every finding."""
    assert "and 2 more" in gate_text(rich.gates[1], 80)
    assert "legacy_8" in gate_text(rich.gates[1], 80, 1)
