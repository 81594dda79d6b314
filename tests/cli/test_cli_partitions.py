"""`mvc partitions` on a real server: what is due, what became of it, as text and as data."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from servers import newest

from .projects import write

pytestmark = newest

TABLE = "CREATE TABLE events (at timestamptz NOT NULL, n int) PARTITION BY RANGE (at);\n"
PROJECT = {
    "mvc.yml": "project: shop\ncatalog: s.sql\n",
    "s.sql": TABLE,
    "partitions/p.yml": "partitions:\n  - {table: events, by: year, ahead: 1, keep: 2 years}\n",
}
YEAR = datetime.now(timezone.utc).year
BOUNDS = f"{YEAR}-01-01 00:00:00+00 to {YEAR + 1}-01-01 00:00:00+00"


@pytest.fixture
def connection(database, tmp_path, monkeypatch):
    write(tmp_path, PROJECT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    connection = database.connect()
    connection.execute(TABLE)
    return connection


def test_what_is_due_and_what_became_of_it(mvc, connection):
    applied = mvc("apply", "--yes")
    assert applied.code == 0
    assert "2 partitions are to be made or retired: mvc partitions\n" in applied.err
    due = mvc("partitions", "--dry-run")
    assert (due.code, due.err) == (0, "")
    assert due.out.splitlines()[0] == f"  create  events_{YEAR} of public.events, {BOUNDS}"
    done = mvc("partitions")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[0] == f"  ✓ created  events_{YEAR} of public.events, {BOUNDS}"
    assert mvc("partitions", "--dry-run").out == "nothing is due\n"
    assert mvc("partitions").err == "nothing was due\n"
    assert "partitions" not in mvc("apply", "--yes").err


def test_what_failed_is_an_exit_code(mvc, connection):
    mvc("apply", "--yes")
    connection.execute(f"CREATE TABLE events_{YEAR} (n int)")
    done = mvc("partitions")
    assert done.code == 1
    assert f"✗ failed   events_{YEAR} of public.events, {BOUNDS}: there is a relation events_{YEAR} already" in done.err
    connection.execute("DROP TABLE events CASCADE")
    due = mvc("partitions", "--dry-run")
    assert (due.code, due.out) == (1, "  fail    public.events (there is no such table)\n")


def test_as_data(mvc, connection):
    mvc("apply", "--yes")
    connection.execute("CREATE TABLE old PARTITION OF events FOR VALUES FROM ('2001-01-01+00') TO ('2002-01-01+00')")
    due = json.loads(mvc("partitions", "--dry-run", "--format", "json").out)
    assert (due["format"], due["version"], [item["action"] for item in due["due"]]) == (
        "mvc.partitions",
        1,
        ["create", "create", "detach"],
    )
    done = json.loads(mvc("partitions", "--format", "json").out)
    assert done["partitions"][-1] == {
        "action": "detached",
        "schema": "public",
        "table": "events",
        "partition": "old",
        "lower": "2001-01-01 00:00:00+00",
        "upper": "2002-01-01 00:00:00+00",
        "note": None,
        "error": None,
    }
    assert done["views"] == []


def test_nothing_is_deployed(mvc, connection):
    done = mvc("partitions")
    assert (done.code, done.out) == (1, "")
    assert "nothing of this project is deployed here" in done.err
