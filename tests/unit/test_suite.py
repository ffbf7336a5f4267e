"""Which kind of test a test is."""

import pytest

from pytest_backend_gates.suite import KindOfTest, Suite

USUAL = Suite(
    tuple(
        KindOfTest.of(name, (f"**/{name}/**", f"pytest.mark.{name}"))
        for name in ("unit", "integration", "e2e")
    )
)
OWN = Suite(
    (
        KindOfTest.of("e2e", ("pytest.mark.slow",)),
        KindOfTest.of("unit", ("tests/**",)),
        KindOfTest.of("integration", ("tests/db/**", "tests/a.py::TestDb*", "pytest.mark.db")),
    )
)


@pytest.mark.parametrize(
    ("test", "markers", "kind"),
    [
        ("tests/unit/test_a.py::test_a", (), "unit"),
        ("unit/test_a.py::test_a[x/y]", (), "unit"),
        ("tests/unit/api/test_a.py::TestA::test_a", (), "unit"),
        ("tests/units/test_a.py::test_a", (), None),
        ("tests/test_unit.py::test_a", (), None),
        ("tests/e2e/test_a.py::test_a[tests/unit/x]", (), "e2e"),
        ("tests/unit/e2e/test_a.py::test_a", (), "e2e"),
        ("tests/unit/test_a.py::test_a", ("parametrize", "integration"), "integration"),
        ("tests/unit/test_a.py::test_a", ("e2e", "unit"), "e2e"),
    ],
)
def test_the_usual_kinds(test: str, markers: tuple[str, ...], kind: str | None) -> None:
    """The nearest marker decides, else the folder; the name of a file or a parameter says nothing."""
    assert USUAL.kind_of(test, markers) == kind


@pytest.mark.parametrize(
    ("test", "markers", "kind"),
    [
        ("tests/a.py::test_a", (), "unit"),
        ("tests/db/a.py::test_a", (), "integration"),
        ("tests/a.py::TestDb::test_a", (), "integration"),
        ("tests/db/a.py::test_a", ("slow",), "e2e"),
        ("tests/db/a.py::test_a", ("unit",), "integration"),
        ("other/a.py::test_a", (), None),
    ],
)
def test_kinds_of_a_project(test: str, markers: tuple[str, ...], kind: str | None) -> None:
    """The last glob that matches decides; a kind without globs matches none."""
    assert OWN.kind_of(test, markers) == kind


def test_a_kind_is_written_as_it_is_set() -> None:
    """Globs first, then markers."""
    assert str(OWN.kinds[2]) == "integration = tests/db/**, tests/a.py::TestDb*, pytest.mark.db"
