"""A shape holds nothing that differs from run to run, and above all nothing that somebody wrote into a statement."""

import pytest

from pytest_backend_gates.taps.shapes import brief, shape_of

SECRET = "hunter2"  # noqa: S105  it is one to be found


@pytest.mark.parametrize(
    ("database", "text", "shape"),
    [
        ("sqlite", "SELECT a.id FROM a WHERE a.id = ?", "SELECT a.id FROM a WHERE a.id = ?"),
        ("sqlite", "SELECT a FROM t\n  WHERE  b = 7\tAND c=-1.5e3", "SELECT a FROM t WHERE b = ? AND c=-?"),
        (
            "postgresql",
            'SELECT "t1"."a2" FROM "t1" WHERE "t1"."b" = "t2"."c" AND x = %s',
            'SELECT "t1"."a2" FROM "t1" WHERE "t1"."b" = "t2"."c" AND x = ?',
        ),
        ("postgresql", "SELECT x::text FROM t WHERE y = %(y_1)s", "SELECT x::text FROM t WHERE y = ?"),
        ("postgresql", "SELECT x FROM t WHERE y = $1::INTEGER", "SELECT x FROM t WHERE y = ?::INTEGER"),
        ("oracle", "SELECT x FROM t WHERE y = :y_1", "SELECT x FROM t WHERE y = ?"),
        ("sqlite", "SELECT x FROM t WHERE y IN (?, ?, ?)", "SELECT x FROM t WHERE y IN (?, ...)"),
        ("sqlite", "SELECT x FROM t WHERE y IN (?)", "SELECT x FROM t WHERE y IN (?, ...)"),
        ("postgresql", "SELECT 1 WHERE y in ($1::INTEGER, $2::INTEGER)", "SELECT ? WHERE y in (?, ...)"),
        ("sqlite", "INSERT INTO t (a, b) VALUES (?, ?), (?, 3)", "INSERT INTO t (a, b) VALUES (?, ...), ..."),
        ("sqlite", "SELECT 1 /* by hunter2 */ -- hunter2\nFROM t", "SELECT ? FROM t"),
        ("mysql", "SELECT `a` FROM `t` LIMIT 5", "SELECT `a` FROM `t` LIMIT ?"),
        ("sqlite", "", ""),
    ],
)
def test_shapes(database: str, text: str, shape: str) -> None:
    """Values, comments and the length of lists are left out, names are kept."""
    assert shape_of(text, database) == shape


@pytest.mark.parametrize(
    ("database", "text"),
    [
        ("sqlite", "SELECT * FROM t WHERE a = 'hunter2'"),
        ("sqlite", "SELECT * FROM t WHERE a = 'it''s hunter2' AND b = 1"),
        ("sqlite", "SELECT * FROM t WHERE a = 'C:\\' AND b = 'hunter2'"),
        ("sqlite", 'SELECT * FROM t WHERE a = "hunter2"'),
        ("sqlite", 'SELECT * FROM t WHERE a LIKE "hunter2" OR a = ("hunter2")'),
        ("sqlite", 'SELECT * FROM t WHERE a IN ("x", "hunter2")'),
        ("sqlite", 'INSERT INTO "t" ("a", "b") VALUES ("x", "hunter2")'),
        ("sqlite", "SELECT * FROM t WHERE a = 'hunter2"),
        ("sqlite", "SELECT * FROM t WHERE a = X'hunter2'"),
        ("sqlite", "SELECT 1 /* hunter2"),
        ("postgresql", "SELECT E'it\\'s hunter2', 'x'"),
        ("postgresql", "SELECT e'it\\'s hunter2'"),
        ("postgresql", "SELECT U&'hunter2'"),
        ("postgresql", "SELECT $$hunter2$$, $tag$ $$ hunter2 $tag$"),
        ("postgresql", "SELECT $$hunter2"),
        ("mysql", "SELECT 'it\\'s hunter2'"),
        ("mariadb", 'SELECT "it\\"s hunter2", "a"'),
        ("mysql", 'SELECT "hunter2'),
        ("mysql", "SET @hunter2 = 1"),
    ],
)
def test_what_was_written_into_a_statement_is_left_out(database: str, text: str) -> None:
    """However a database lets one quote it, also where the text is cut off."""
    assert SECRET not in shape_of(text, database)


@pytest.mark.parametrize(
    "text",
    [
        'SAVEPOINT "s1_x2"',
        "RELEASE SAVEPOINT sa_savepoint_1",
        "rollback to savepoint a",
        "/* x */ BEGIN",
        "COMMIT",
        "START TRANSACTION READ ONLY",
    ],
)
def test_the_frame_of_a_transaction_has_no_shape(text: str) -> None:
    """Whether it is sent depends on the kind of the test case, not on what is tested."""
    assert shape_of(text, "sqlite") == ""


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ("SELECT a.b FROM a", "SELECT a.b FROM a"),
        (
            "SELECT orders.id AS orders_id, orders.name AS orders_name FROM orders WHERE orders.id = ?",
            "SELECT ... FROM orders WHERE orders.id = ?",
        ),
        ("UPDATE t SET " + "x" * 200, "UPDATE t SET " + "x" * 144 + "..."),
    ],
)
def test_a_shape_is_shown_in_brief(shape: str, shown: str) -> None:
    """What is selected says little, and a long statement is cut."""
    assert brief(shape) == shown
