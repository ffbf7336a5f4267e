"""A tiny comparison end to end, with real processes."""

import fcntl
import os
import re
import subprocess
import sys
import venv
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks import __main__ as program
from benchmarks.comparison import ROOT, Command, Comparison, Goal, Side, UnequalError
from benchmarks.figures import Cost, Summary
from benchmarks.inputs import InputError, Workspace
from benchmarks.rows import ROWS
from benchmarks.running import CommandError, compared, measured, run_once
from benchmarks.table import Row, document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.skipif(os.name != "posix", reason="costs are read as POSIX tells them")

#: Writes a word to a file, and a letter to the log of who ran when.
PROGRAM = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2]); open('order', 'a').write(sys.argv[3])"


def command(cwd: Path, code: str, *words: str, statuses: tuple[int, ...] = (0,)) -> Command:
    """Return a command that runs Python *code*."""
    return Command((sys.executable, "-c", code, *words), cwd, statuses=statuses)


def side(cwd: Path, name: str, word: str) -> Side:
    """Return a side that finds *word*."""
    found = cwd / f"{name}.txt"
    return Side(name, (command(cwd, PROGRAM, str(found), word, name[0]),), found.read_text)


def test_what_a_command_costs_is_measured(tmp_path: Path) -> None:
    """Processor time and memory of its own children too; its output goes to the log."""
    busy = "import subprocess, sys; print('told'); subprocess.run([sys.executable, '-c', sys.argv[1]])"
    work = "x = bytearray(200_000_000); sum(range(3_000_000))"
    idle = measured(command(tmp_path, "pass"), tmp_path / "log")
    cost = measured(command(tmp_path, busy, work), tmp_path / "log")
    assert (tmp_path / "log").read_text() == "told\n"
    assert cost.cpu > idle.cpu
    assert cost.wall > 0
    assert cost.memory > 190
    assert idle.memory < 100


def test_memory_is_the_command_s_and_not_that_of_who_measures(tmp_path: Path) -> None:
    """Linux tells of a child what its parent had when it began it, if that was more."""
    taken = bytearray(300_000_000)
    taken[::4096] = b"x" * len(taken[::4096])
    assert measured(command(tmp_path, "pass"), tmp_path / "log").memory < 100


def test_what_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    """Named as it would be typed."""
    with pytest.raises(CommandError) as error:
        measured(Command(("no-such-program", "x"), tmp_path), tmp_path / "log")
    assert (
        str(error.value)
        == f"cd {tmp_path} && no-such-program x could not be started: No such file or directory"
    )


def test_a_figure_is_told_apart_from_its_limit(tmp_path: Path) -> None:
    """With as many digits as it takes: 1.03x is at most 1.03x."""
    goals = (Goal("ratio", "wall", 1.03), Goal("difference", "cpu", 0.005))
    comparison = Comparison(
        "row", side(tmp_path, "ours", "x"), side(tmp_path, "theirs", "x"), goals, alike=False
    )
    ours = Summary(tuple(Cost(1.03004, 0.75 + number / 1000, 1) for number in range(8)))
    text = document([Row("row", comparison, (ours, Summary((Cost(1, 0.75, 1),) * 8)))], "")
    assert (
        "| 8 | | | wall 1.03004x, at most 1.03x: MISSED; "
        "cpu +0.0035 s (quartiles +0.002 s to +0.005 s), at most +0.005 s: met |"
    ) in text.replace("|  |  |", "| | |")


def test_what_a_side_measures_itself_is_its_cost(tmp_path: Path) -> None:
    """Below a thousandth of a second the table tells microseconds."""
    told = Cost(0.5, 12.5e-6, 10)
    idle = Side("ours", (command(tmp_path, "pass"),), lambda: None, told=lambda: told)
    assert run_once(idle, tmp_path / "log") == (told,)
    comparison = Comparison("row", idle, idle, (Goal("absolute", "cpu", 10e-6), Goal("ratio", "cpu", 2)))
    summary = Summary((told,))
    text = document([Row("row", comparison, (summary, summary))], "")
    assert (
        "| row | ours | 0.5 s | 12.5 us | 10 MB | 1 | 1.00 | 1.00 | cpu 12.5 us, at most 10 us: MISSED; cpu 1x, at most 2x: met |"
        in text
    )


def test_an_environment_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for pytest or coverage outside does not get in."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    monkeypatch.setenv("COVERAGE_PROCESS_START", "x")
    code = (
        "import os; print(sorted(name for name in os.environ if name.startswith(('PYTEST', 'COV', 'OWN'))))"
    )
    measured(Command((sys.executable, "-c", code), tmp_path, {"OWN": "1"}), tmp_path / "log")
    assert (tmp_path / "log").read_text() == "['OWN']\n"


def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    """With the end of its output; a status that was to be expected is none."""
    code = "import sys; print('why'); sys.exit(3)"
    assert measured(command(tmp_path, code, statuses=(0, 3)), tmp_path / "log").wall > 0
    with pytest.raises(CommandError) as error:
        measured(command(tmp_path, code), tmp_path / "log")
    assert str(error.value).endswith("ended with status 3:\nwhy\n")


def test_pairs_alternate_after_a_warm_up(tmp_path: Path) -> None:
    """Neither side always goes first."""
    sides, prepared = (side(tmp_path, "ours", "x"), side(tmp_path, "theirs", "x")), list[str]()
    comparison = Comparison("tiny", *sides, (), before=lambda: prepared.append(""))
    told: list[str] = []
    ours, theirs = compared(comparison, 3, tmp_path / "log", told.append)
    assert (tmp_path / "order").read_text() == "ot" + "to" + "ot" + "to"
    assert (len(ours.costs), len(theirs.costs), len(prepared)) == (3, 3, 1 + 3)
    assert told == [f"tiny: pair {number} of 3" for number in (1, 2, 3)]


def test_who_finds_less_is_not_measured(tmp_path: Path) -> None:
    """However fast it is."""
    comparison = Comparison("tiny", side(tmp_path, "ours", "x"), side(tmp_path, "theirs", "y"), ())
    with pytest.raises(UnequalError, match=re.escape("tiny: ours and theirs have found x and y")):
        compared(comparison, 3, tmp_path / "log", print)
    assert (tmp_path / "order").read_text() == "ot"


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        ([1, 2], [2, 3, 4], "have 1 and 2 of their own, such as [1, 3, 4]"),
        ({"a": 1, "b": [1]}, {"a": 1, "b": []}, "differ in b: have 1 and 0 of their own, such as [1]"),
        ({"a": 1}, {"b": 1}, "have found {'a': 1} and {'b': 1}"),
    ],
)
def test_differences_are_shown_in_short(tmp_path: Path, ours: object, theirs: object, message: str) -> None:
    """Of two hundred thousand findings those that matter."""
    nothing = (command(tmp_path, ""),)
    sides = Side("a", nothing, lambda: ours), Side("b", nothing, lambda: theirs)
    with pytest.raises(UnequalError) as error:
        Comparison("tiny", *sides, ()).check()
    assert str(error.value) == f"tiny: a and b {message}"


def test_the_table_has_figures_goals_and_commands(tmp_path: Path) -> None:
    """The whole of it, times left out."""
    goals = (Goal("ratio", "memory", 50), Goal("absolute", "wall", 0))
    comparison = Comparison("tiny", side(tmp_path, "ours", "x"), side(tmp_path, "theirs", "x"), goals)
    summaries = compared(comparison, 1, tmp_path / "log", print)
    rows = [Row("tiny", comparison, summaries, occasion="today"), Row("other", failure="no network")]
    text = re.sub(r"\d+(\.\d+)?(e-\d+)?", "0", document(rows, "a machine"))
    code = f"'{re.sub(r'[0-9]+', '0', PROGRAM)}'"
    place = re.sub(r"\d+(\.\d+)?", "0", str(tmp_path))
    assert text.splitlines()[8:] == [
        "a machine",
        "",
        "| comparison | side | wall | CPU | peak memory | pairs | ratio wall | ratio CPU | goal |",
        "|---|---|---|---|---|---|---|---|---|",
        "| tiny | ours | 0 s | 0 s | 0 MB | 0 | 0 | 0 | memory 0x, at most 0x: met; wall 0 s, at most 0 s: MISSED |",
        "| | theirs | 0 s | 0 s | 0 MB | | | | |",
        "| other | not measured: no network | | | | | | | |",
        "",
        "## Commands",
        "",
        "- tiny (today)",
        "  - ours",
        f"    - `cd {place} && python -c {code} {place}/ours.txt x o`",
        "  - theirs",
        f"    - `cd {place} && python -c {code} {place}/theirs.txt x t`",
    ]
    assert [row.is_good for row in rows] == [False, False]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace the rows of the program by four tiny ones; return its folder."""

    def equal(workspace: Workspace) -> Comparison:
        folder = workspace.folder
        return Comparison("equal", side(folder, "ours", "x"), side(folder, "theirs", "x"), (), pairs=2)

    def unequal(workspace: Workspace) -> Comparison:
        folder = workspace.folder
        return Comparison("unequal", side(folder, "ours", "x"), side(folder, "theirs", "y"), ())

    def missing(_: Workspace) -> Comparison:
        raise InputError("pip download: no network\nmore")

    def unreadable(workspace: Workspace) -> Comparison:
        nothing = Side("ours", (command(workspace.folder, ""),), lambda: dict[str, int]()["gates"])
        return Comparison("unreadable", nothing, nothing, ())

    rows: Mapping[str, Callable[[Workspace], Comparison]] = {
        "equal": equal,
        "second": lambda workspace: replace(equal(workspace), name="second"),
        "unequal": unequal,
        "unreadable": unreadable,
        "missing": missing,
    }
    monkeypatch.setattr(program, "ROWS", rows)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    monkeypatch.setattr(program, "RESULTS", tmp_path / "RESULTS.md")
    return tmp_path


def test_a_trial_is_printed_and_not_written_down(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status says whether all is well."""
    assert program.main(["equal", "--pairs", "1"]) == 0
    out, err = capsys.readouterr()
    assert "| equal | ours | " in out
    assert err.splitlines() == ["equal: pair 1 of 1"]
    assert not (tiny / "RESULTS.md").exists()


def test_a_row_that_is_measured_again(tiny: Path) -> None:
    """It takes its former place, and the others stay; unless the machine or a version is another."""
    program.main([])
    whole = (tiny / "RESULTS.md").read_text()
    assert program.main(["equal"]) == 0
    again = (tiny / "RESULTS.md").read_text()
    names = [
        line.split()[1] for line in again.splitlines() if line.startswith(("| ", "- ")) and line[2] != "|"
    ]
    rows = ["equal", "second", "unequal", "unreadable"]
    assert names == ["comparison", *rows, "missing", *rows]
    assert [
        line for line in again.splitlines() if "equal | ours" not in line and "| | theirs" not in line
    ] == [line for line in whole.splitlines() if "equal | ours" not in line and "| | theirs" not in line]
    (tiny / "RESULTS.md").write_text(again.replace("Python 3", "Python 2"))
    program.main(["missing"])
    assert "| equal |" in (tiny / "RESULTS.md").read_text()
    program.main(["second"])
    assert "| equal |" not in (tiny / "RESULTS.md").read_text()


def test_what_could_not_be_measured_is_told(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured before stays."""
    program.main(["equal"])
    measured_once, _ = capsys.readouterr()
    assert (tiny / "RESULTS.md").read_text() + "\n" == measured_once
    assert program.main([]) == 1
    out, _ = capsys.readouterr()
    assert (tiny / "RESULTS.md").read_text() + "\n" == out
    rows = vars(program)["ROWS"]
    monkeypatch.setattr(program, "ROWS", {**rows, "equal": rows["missing"]})
    assert program.main(["equal"]) == 1
    assert (tiny / "RESULTS.md").read_text() + "\n" == out
    assert re.search(r"^- equal \(\d{4}-\d\d-\d\d(, [0-9a-f]{7,}\+?)?\)$", out, re.MULTILINE)
    assert "| unequal | not measured: unequal: ours and theirs have found x and y | | | | | | | |" in out
    assert "| unreadable | not measured: KeyError: 'gates' | | | | | | | |" in out
    assert "| missing | not measured: pip download: no network | | | | | | | |" in out


def test_two_at_once_would_disturb_each_other(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second is told so."""
    folder = Workspace(tiny / ".cache" / "benchmarks").folder
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert program.main(["equal"]) == 2
    assert capsys.readouterr() == ("", f"python -m benchmarks: it is running already, in {folder}\n")
    assert program.main(["equal"]) == 0


def test_it_says_what_it_needs(tmp_path: Path) -> None:
    """Before anything is measured: in an environment where nothing is installed."""
    venv.create(tmp_path / "bare")
    ran = subprocess.run(
        [tmp_path / "bare" / "bin" / "python", "-m", "benchmarks", "--help"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.fullmatch(
        r"python -m benchmarks: No module named '\w+': it needs pip install -e \"\.\[dev\]\"\n", ran.stderr
    )


def test_an_interruption_is_told_in_a_line(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a traceback; what was measured until then is written down."""

    def interrupted(_: Workspace) -> Comparison:
        raise KeyboardInterrupt

    tiny_rows = vars(program)["ROWS"]
    rows = {"equal": tiny_rows["equal"], "interrupted": interrupted, "second": tiny_rows["second"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "ROWS", rows)
        assert program.main([]) == 130
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1]) == ("", "python -m benchmarks: interrupted")
    written = (tiny / "RESULTS.md").read_text()
    assert ("| equal |" in written, "| second |" in written) == (True, False)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["equall"], "no row is named equall; there are equal, second, unequal, unreadable, missing"),
        (["--pairs", "0"], "--pairs: at least one"),
    ],
)
def test_mistakes_are_told(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As argparse tells them."""
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"python -m benchmarks: error: {message}"


def test_these_rows_can_be_asked_for() -> None:
    """By these names, in this order."""
    assert list(ROWS) == [
        "off",
        "plugins",
        "static-cold",
        "static-cold-two-cores",
        "static-warm",
        "static-one-changed",
        "static-ruff",
        "static-h2",
        "static-attrs",
        "whole-h2",
        "whole-attrs",
        "whole-h2-warm",
        "whole-attrs-warm",
        "whole-bookshop",
        "whole-contract-bookshop",
        "whole-contract-corner_shop",
        "memory",
        "contract-cpu",
        "contract-n2",
        "judging",
        "judging-operations",
        "judging-findings",
        "taps-starlette",
        "taps-fastapi",
        "taps-litestar",
        "taps-flask",
        "taps-django",
        "taps-sqlalchemy",
        "taps-django-orm",
        "taps-validation",
        "requests-kept",
    ]


def test_what_is_told_of_missed_goals_is_of_rows_that_there_are() -> None:
    """A row that was renamed would leave its reasons behind."""
    text = (ROOT / "benchmarks" / "MISSED.md").read_text(encoding="utf-8")
    cells = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")]
    names = {name for cell in cells[1:] for name in cell.split(", ")}
    assert names
    assert names <= set(ROWS)
