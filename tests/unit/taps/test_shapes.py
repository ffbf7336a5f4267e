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
        ("mysql", "SELECT 1 # it's\nFROM t -- it's\nWHERE a = 5--3", "SELECT ? FROM t WHERE a = ?--?"),
        ("postgresql", "SELECT 1 /* a /* hunter2 */ hunter2 */ FROM t", "SELECT ? FROM t"),
        ("postgresql", 'SELECT lower("a"), "b" FROM "t"', 'SELECT lower("a"), "b" FROM "t"'),
        ("sqlite", "SELECT 1 /* a /* hunter2 */ FROM t", "SELECT ? FROM t"),
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
        ("sqlite", 'INSERT INTO t VALUES (1, "a"), (2, "hunter2")'),
        ("sqlite", 'INSERT INTO t VALUES (lower(?), "hunter2")'),
        ("sqlite", 'INSERT INTO VALUES ("hunter2")'),
        ("sqlite", 'INSERT INTO t (?, "hunter2")'),
        ("sqlite", 'INSERT INTO t ((SELECT 1), "hunter2")'),
        ("sqlite", 'INSERT INTO "t" (SELECT a, "hunter2")'),
        ("sqlite", 'INSERT INTO "t" ("a") SELECT a, "hunter2" FROM "u"'),
        ("sqlite", 'INSERT INTO "t" ("a") VALUES (?) RETURNING ("hunter2")'),
        ("sqlite", 'SELECT coalesce(x, "hunter2"), "hunter2" = x FROM t'),
        ("sqlite", 'SELECT * FROM t WHERE a || "hunter2" <> "hunter2" AND "hunter2"'),
        ("sqlite", 'SELECT * FROM t WHERE a IS NOT DISTINCT FROM "hunter2"'),
        ("sqlite", 'SELECT * FROM t WHERE a = -- FROM\n "hunter2"'),
        ("sqlite", 'SELECT * FROM t WHERE a = "FROM" OR "hunter2" = a'),
        ("sqlite", 'UPDATE "t" SET "a" = "hunter2", "b" = f(?, "hunter2" = 1) RETURNING "c", "hunter2" = 1'),
        ("sqlite", 'VACUUM INTO "hunter2"'),
        ("sqlite", 'SELECT * FROM t WHERE a = "hunter2'),
        ("sqlite", 'SELECT ")" = "hunter2", ("("), "hunter2") FROM t, "hunter2"'),
        ("mssql", 'SELECT TRIM(a FROM "hunter2") FROM t'),
        ("mssql", "SELECT 1 /* /* */ hunter2 */"),
        ("postgresql", "SELECT 1 /* /* */ hunter2"),
        ("postgresql", "SELECT 1 " + "/*" * 9 + "hunter2" + "*/" * 8 + "hunter2 */"),
        ("mysql", "SELECT 1 # hunter2"),
        ("mysql", "SELECT 5--'it\n hunter2'"),
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
        'SELECT "t"."a", MAX("t"."b") AS "most" FROM "t" WHERE ("t"."a" = ? AND "t" . "b" LIKE ?) ORDER BY "t"."a" ASC',
        'SELECT COUNT(*) FROM (SELECT DISTINCT "t"."a" AS "col1" FROM "t" LEFT OUTER JOIN "u" ON ("t"."x" = "u"."y")) s',
        'SELECT ? AS "a" FROM "t" AS "x" WHERE EXISTS(SELECT ? AS "a" FROM "u" U0 WHERE U0."id" = ("x"."id"))',
        'INSERT INTO "t" ("a", "b") VALUES (?, ...) RETURNING "t"."id"',
        'INSERT OR IGNORE INTO "main"."t" AS "x" ("a", b, "c") SELECT "u"."a" FROM "u"',
        'UPDATE "t" SET "a" = ?, "b" = (CASE WHEN ("t"."a" = ?) THEN ? ELSE NULL END), "c"= ? WHERE "t"."id" = ?',
        'DELETE FROM "t" WHERE "t"."id" IN (?, ...)',
    ],
)
def test_the_names_of_an_orm_stay(text: str) -> None:
    """Django writes every name in double quotes, and none where it might be a string."""
    assert shape_of(text, "sqlite") == text


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
