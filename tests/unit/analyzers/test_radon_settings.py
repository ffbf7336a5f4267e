"""Radon's own configuration against its own command line, wherever it stands."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_backend_gates.measurements import Gauge, Reading

Scan = Callable[[Mapping[str, str | bytes], str], Mapping[str, Reading]]

SOURCE = "def f(x):\n    assert x\n    return x or None\n"
SOURCES = ("app.py", "old/app.py", "pkg/old/mod.py", "pkg/older.py", "pkg/gen/mod.py")
#: Where radon reads its settings, each read later than the one before: the file, and how a setting is written there.
PLACES = {
    "$RADONCFG": ("conf/named.cfg", "[radon]\n{} = {}\n"),
    "radon.cfg": ("radon.cfg", "[radon]\n{} = {}\n"),
    "pyproject.toml": ("pyproject.toml", "[tool.radon]\n{} = '{}'\n"),
    "setup.cfg": ("setup.cfg", "[other]\nlimit = 80\n[radon]\n{} = {}\n"),
    "~/.radon.cfg": ("home/.radon.cfg", "[radon]\n{} = {}\n"),
}
SETTINGS = {
    "no_assert": "true",
    "exclude": "old/*,*/mod.py",
    "ignore": "old,g*",
    "show_closures": "true",
    "cc_min": "F",
    "order": "ALPHA",
}


@pytest.fixture(autouse=True)
def _outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have radon's settings of this machine in the project's folder."""
    monkeypatch.setenv("RADONCFG", "conf/named.cfg")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))


def radons(root: Path) -> dict[str, int]:
    """Return what radon's command line reports in *root*, whatever its complexity."""
    command = [sys.executable, "-m", "radon", "cc", "-j", "-n", "A", "."]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return {f"{path}::f": block["complexity"] for path, (block,) in json.loads(answer.stdout).items()}


def ours(reading: Reading) -> dict[str, object]:
    """Return the numbers of a reading that must have been measured."""
    assert reading.errors == ()
    assert isinstance(reading.measurement, Gauge)
    return {subject: point.value for subject, point in reading.measurement.subjects.items()}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_does_what_it_does_to_radon(scan: Scan, tmp_path: Path, place: str, setting: str) -> None:
    """Wherever it stands."""
    name, text = PLACES[place]
    files = {**dict.fromkeys(SOURCES, SOURCE), name: text.format(setting, SETTINGS[setting])}
    reading = scan(files, "complexity")["complexity"]
    assert ours(reading) == radons(tmp_path)
    changes = setting in ("no_assert", "exclude", "ignore")
    assert (ours(reading) != dict.fromkeys([f"{path}::f" for path in SOURCES], 3)) == changes
    left_out = len(SOURCES) - len(ours(reading))
    told = f"complexity: radon's own configuration leaves out {left_out} of 5 source files"
    assert reading.notes == ((told,) if left_out else ())


@pytest.mark.parametrize("places", list(pairwise(PLACES)), ids=" ".join)
def test_of_two_places_the_same_counts(scan: Scan, tmp_path: Path, places: tuple[str, str]) -> None:
    """The one that radon reads last; what the other says besides counts as well."""
    (first, one), (last, other) = (PLACES[place] for place in places)
    files = {
        "app.py": SOURCE,
        "old.py": SOURCE,
        first: one.format("no_assert", "true")
        + ("exclude = 'old.py'\n" if "'" in one else "exclude = old.py\n"),
        last: other.format("no_assert", "false"),
    }
    assert ours(scan(files, "complexity")["complexity"]) == radons(tmp_path) == {"app.py::f": 3}


def test_where_everything_is_left_out(scan: Scan) -> None:
    """Nothing to judge is not a pass."""
    reading = scan({"app.py": SOURCE, "radon.cfg": "[radon]\nexclude = *\n"}, "complexity")["complexity"]
    assert reading.unavailable == "radon's own configuration leaves out all 1 source file"


def test_a_per_cent_sign_elsewhere_is_none_of_it(scan: Scan) -> None:
    """Radon's own reader fails on it."""
    files = {
        "app.py": SOURCE,
        "pyproject.toml": "[tool.radon]\nno_assert = true\n[tool.other]\nlimit = '80%'\n",
        "setup.cfg": "[other]\nlimit = 80%\n",
    }
    assert ours(scan(files, "complexity")["complexity"]) == {"app.py::f": 2}
