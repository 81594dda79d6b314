"""Jobs of pg_cron become schedules: by their commands, and by what the functions that they call do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import mvc
from mvc.importing.refresh_commands import read_body, read_command
from mvc.importing.schedules import found_job
from mvc.source import read
from servers import installations, need, new_server

HOME = "jobs"
SETTINGS = {"shared_preload_libraries": "pg_cron", "cron.database_name": HOME}
VIEWS = """
CREATE TABLE t (id int PRIMARY KEY);
CREATE SCHEMA s;
CREATE MATERIALIZED VIEW a AS SELECT id FROM t;
CREATE MATERIALIZED VIEW "B" AS SELECT id FROM t;
CREATE MATERIALIZED VIEW s.c AS SELECT id FROM t;
CREATE FUNCTION refresh_a() RETURNS void LANGUAGE plpgsql AS $$BEGIN
    -- REFRESH MATERIALIZED VIEW s.c;
    REFRESH MATERIALIZED VIEW CONCURRENTLY a;
    EXECUTE 'REFRESH MATERIALIZED VIEW "B"';
END$$;
CREATE FUNCTION s.nightly() RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM public.refresh_a(); REFRESH MATERIALIZED VIEW s.c; END$$;
CREATE FUNCTION all_of_them() RETURNS void LANGUAGE plpgsql AS $$DECLARE v text; BEGIN
    FOR v IN SELECT matviewname FROM pg_matviews LOOP EXECUTE format('REFRESH MATERIALIZED VIEW %I', v); END LOOP;
END$$;
"""
JOBS = (
    ("one", "*/15 * * * *", "REFRESH MATERIALIZED VIEW CONCURRENTLY a"),
    (
        "two in one",
        "5 3 * * 1",
        'SET statement_timeout = 0; REFRESH MATERIALIZED VIEW "B"; REFRESH MATERIALIZED VIEW s.c; VACUUM t',
    ),
    ("by a function", "0 * * * *", "SELECT refresh_a()"),
    ("by a function that calls one", "0 2 * * *", "SELECT s.nightly()"),
    ("by names that it computes", "0 4 * * *", "SELECT all_of_them()"),
    ("each half minute", "* * * * *", "REFRESH MATERIALIZED VIEW a"),
    ("nightly", "@daily", "REFRESH MATERIALIZED VIEW a"),
    ("of other things", "0 5 * * *", "DELETE FROM t WHERE id < 0"),
    ("by hand", "0 6 * * *", "DO $$BEGIN REFRESH MATERIALIZED VIEW a; END$$"),
)


@pytest.fixture(scope="module")
def cron_server() -> Iterator[psycopg.Connection[Any]]:
    found = installations().get(15)
    need(found and found.origin, "PostgreSQL 15 (Debian's package postgresql-15)")
    assert found
    need((found.bindir.parent / "lib" / "pg_cron.so").is_file(), "pg_cron (Debian's package postgresql-15-cron)")
    with new_server(found, SETTINGS) as server:
        server.create_database(HOME)
        with psycopg.connect(server.url(HOME), autocommit=True) as connection:
            connection.execute(f"CREATE EXTENSION pg_cron; {VIEWS}")
            for job in JOBS:
                connection.execute("SELECT cron.schedule(%s, %s, %s)", job)
            connection.execute("UPDATE cron.job SET active = false")  # nothing is to run while the test does
            connection.execute(
                "UPDATE cron.job SET schedule = '30 seconds' WHERE schedule = '* * * * *'"
            )  # newer ones take it
            connection.execute("UPDATE cron.job SET active = true WHERE schedule = '0 2 * * *'")
            yield connection


def test_jobs_are_schedules(cron_server):
    imported = mvc.import_views(cron_server)
    document, _ = read("s.yml", imported.files["schedules/imported.yml"])
    assert document is not None
    found = {item["schedule"]: item for item in document.data["schedules"]}
    assert {name: (item["refresh"], item["every"], item.get("enabled", True)) for name, item in found.items()} == {
        "one": ("a", "*/15 * * * *", False),
        "two in one": (("B", "c"), "5 3 * * 1", False),
        "by a function": (("a", "B"), "0 * * * *", False),
        "by a function that calls one": (("c", "a", "B"), "0 2 * * *", True),
        "nightly": ("a", "0 0 * * *", False),
        "by hand": ("a", "0 6 * * *", False),
    }
    assert [item.what for item in imported.lost] == [
        "job two in one: VACUUM t",
        "job by names that it computes: views whose names it computes",
        "job each half minute: 30 seconds",
    ]
    assert not [item for item in imported.diagnostics if item.severity == "error"]


def test_of_some_views_only(cron_server):
    """What a job refreshes besides is named, since the job will have to stay."""
    imported = mvc.import_views(cron_server, ["B"])
    lost = [item.what for item in imported.lost if "REFRESH" in item.what]
    assert "job two in one: REFRESH MATERIALIZED VIEW s.c" in lost
    assert "job by a function: REFRESH MATERIALIZED VIEW public.a" in lost


@pytest.mark.parametrize(
    ("body", "views", "computes"),
    [
        ("REFRESH MATERIALIZED VIEW a;", [(None, "a")], False),
        ('begin refresh materialized view concurrently s."B" with data; end', [("s", "B")], False),
        ("BEGIN EXECUTE 'REFRESH MATERIALIZED VIEW s.c'; END", [("s", "c")], False),
        ("BEGIN EXECUTE $q$REFRESH MATERIALIZED VIEW c$q$; END", [(None, "c")], False),
        ("BEGIN EXECUTE 'REFRESH MATERIALIZED VIEW ' || name; END", [], True),
        ("BEGIN EXECUTE format('REFRESH MATERIALIZED VIEW %I.%I', a, b); END", [], True),
        ("BEGIN EXECUTE 'REFRESH MATERIALIZED VIEW s.' || name; END", [], True),
        ("BEGIN /* REFRESH MATERIALIZED VIEW a; */ RETURN; END", [], False),
        ("BEGIN RAISE NOTICE 'it''s time to refresh'; END", [], False),
        (
            "BEGIN RAISE NOTICE 'REFRESH MATERIALIZED VIEW %', x; RAISE 'refresh materialized view a failed'; END",
            [],
            False,
        ),
    ],
)
def test_what_a_body_refreshes(body, views, computes):
    found = read_body(body)
    assert (found.views, found.computes) == (views, computes)


def test_a_command_that_is_no_sql_is_shown():
    assert read_command("REFRESH MATERIALIZED VEIW a").others == ["REFRESH MATERIALIZED VEIW a"]
    assert read_command("SELECT 'open").others == ["SELECT 'open"]


@pytest.mark.parametrize(
    ("command", "places", "others"),
    [
        ("SELECT refresh('v')", (("public", "v"),), ()),
        ("SELECT refresh('s.v'); SELECT refresh('v')", (("s", "v"), ("public", "v")), ()),
        ("SELECT refresh(lower('V'))", (), ("views whose names it computes",)),
        ("SELECT refresh('nothing')", (), ("views whose names it computes",)),
        ("SELECT two()", (("public", "v"), ("s", "v")), ()),
    ],
)
def test_a_function_that_is_given_the_name_of_a_view(command, places, others):
    known = {("public", "v"), ("s", "v")}
    bodies = {
        "refresh": read_body("BEGIN EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %I', name); END"),
        "two": read_body("BEGIN PERFORM refresh('v'); PERFORM refresh('s.v'); END"),
    }

    def place(name):
        found = (name[0] or "public", name[1])
        return found if found in known else None

    job = found_job("j", "0 * * * *", command, lambda name: bodies.get(name[1]), place)
    assert job is not None
    assert (job.refreshes, job.others) == (places, others)


def test_functions_that_call_each_other_come_to_an_end():
    bodies = {
        "f": read_body("BEGIN PERFORM g(); END"),
        "g": read_body("BEGIN PERFORM f(); REFRESH MATERIALIZED VIEW v; END"),
    }
    job = found_job("j", "0 * * * *", "SELECT f()", lambda name: bodies.get(name[1]), lambda name: ("public", name[1]))
    assert job is not None
    assert job.refreshes == (("public", "v"),)
