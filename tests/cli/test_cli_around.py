"""`mvc around` and `mvc release`: what they say before, what they do, what they leave when it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from servers import newest

from .projects import edit

pytestmark = newest

RETYPE = "ALTER TABLE o ALTER COLUMN amount TYPE bigint;\n"
AMOUNT = (
    "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'o'::regclass AND attname = 'amount'"
)


@pytest.fixture
def migration(sales: Path) -> Path:
    edit(sales, "schema.sql", "amount int", "amount bigint")
    path = sales.parent / "0001.sql"
    path.write_text(RETYPE, encoding="utf-8")
    return path


def amount(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(AMOUNT.encode()).fetchone()
    assert row
    return str(row[0])


def test_a_migration_around_the_views(mvc, deployed_sales, migration):
    done = mvc("around", migration, "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert "to change public.o.amount:" in done.out
    assert "release sales: readers go on with a copy of its rows" in done.out
    assert "run the migration: 1 statement, in one transaction" in done.out
    assert amount(deployed_sales) == "integer"
    done = mvc("around", migration, "--yes")
    assert (done.code, amount(deployed_sales)) == (1, "integer")
    assert "= help: --allow loosen-access" in done.err  # a rule of `sales` reads a column that changes its type with it
    done = mvc("around", migration, "--yes", "--allow", "loosen-access")
    assert done.code == 0, done.err
    assert "run the migration" in done.err
    assert "3 views changed" in done.err
    assert amount(deployed_sales) == "bigint"
    assert "nothing to do" in mvc("apply", "--dry-run").out


def test_nobody_is_asked_without_a_terminal(console, sales, deployed_sales, migration):
    done = console("around", migration, cwd=sales)
    assert done.code == 2
    assert "--yes" in done.err
    assert amount(deployed_sales) == "integer"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ALTER TABLE o ALTER amount TYPE bigint;\nSELECT 1/0;", "line 2 of the migration: division by zero"),
        ("SELECT 1;\n\\i other.sql\n", "0001.sql:2: `\\i` is a command of psql's"),
        ("BEGIN;\nSELECT 1;\nCOMMIT;\nSELECT 2;", "`BEGIN` would end it half-way"),
    ],
)
def test_what_fails_is_told_by_its_line(mvc, deployed_sales, migration, text, words):
    migration.write_text(text, encoding="utf-8")
    done = mvc("around", migration, "--yes")
    assert done.code == 1
    assert words in done.err
    assert amount(deployed_sales) == "integer"
    drift = deployed_sales.execute("SELECT count(*) FROM mvc.released_view").fetchone()
    assert drift == (0,)


def test_what_is_not_the_projects_is_named_before(mvc, deployed_sales, migration):
    deployed_sales.execute("CREATE VIEW theirs AS SELECT amount FROM o")
    done = mvc("around", migration, "--dry-run")
    assert "theirs is not the project's and reads it as well" in done.out
    done = mvc("around", migration, "--yes")
    assert done.code == 1
    assert "theirs" in done.err.splitlines()[-1]
    assert amount(deployed_sales) == "integer"


def test_a_release_and_an_apply(mvc, sales, deployed_sales, migration):
    done = mvc("release", "o.amount", "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert "release top" in done.out
    done = mvc("release", "public.o.amount", "--yes")
    assert done.code == 0, done.err
    assert "3 views released" in done.err or "2 views released" in done.err
    assert mvc("status", "--check").code == 1
    assert "released for a change of base tables" in mvc("apply", "--dry-run").out
    assert "nothing is in the way" in mvc("release", "o.amount", "--yes").out
    deployed_sales.execute(RETYPE.encode())
    assert mvc("apply", "--yes", "--allow", "loosen-access").code == 0
    assert "nothing to do" in mvc("apply", "--dry-run").out
    assert mvc("status", "--check").code == 0


def test_the_release_as_a_statement(mvc, sales, deployed_sales, migration):
    done = mvc("release", "o.amount", "public.o.day", '"My table"', "--sql")
    assert (done.code, done.err) == (0, "")
    first, second = done.out.splitlines()
    assert first == "SELECT mvc.release('public.o', ARRAY['amount', 'day']::name[]);"
    assert second == "SELECT mvc.release('\"My table\"');"
    deployed_sales.execute(first.encode())
    deployed_sales.execute(RETYPE.encode())
    assert mvc("apply", "--yes", "--allow", "loosen-access").code == 0
    assert "nothing to do" in mvc("apply", "--dry-run").out


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("nothing", 1, "there is no relation nothing"),
        ("o.nothing", 1, "public.o has no column nothing"),
        ("o.", 2, "expected a name"),
        ("a.b.c.d", 2, "expected TABLE, SCHEMA.TABLE or SCHEMA.TABLE.COLUMN"),
    ],
)
def test_names_of_nothing(mvc, deployed_sales, name, code, words):
    done = mvc("release", name, "--yes")
    assert done.code == code
    assert words in done.err


def test_where_nothing_is_deployed(mvc, base, sales, migration):
    done = mvc("release", "o", "--yes")
    assert done.code == 0
    assert "nothing is in the way" in done.out
    assert mvc("around", migration, "--yes").code == 0
    assert amount(base) == "bigint"
    assert "nothing to do" in mvc("apply", "--dry-run").out
