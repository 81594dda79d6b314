"""`mvc check --server` over a project whose every text is hostile: nothing of it stays, nothing is read, and it ends.

Each text stands at several places of the language. What the compiler refuses never reaches a server; all the rest is one project.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import psycopg
import pytest
import yaml
from test_confinement import SERVER

import mvc
from mvc.diagnostics import Diagnostic, ProjectError
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.errors import LONGEST
from mvc.engines.postgres.server.server_check import MEMORY, Limits, check_on_server
from servers import Database, installations, need

FILE: Final = f"/tmp/mvc-f{os.getpid()}"  # where the server's account may write
CANARY: Final = Path(f"/tmp/mvc-c{os.getpid()}")  # what it may read
SECRET: Final = "the-secret-of-the-machine"
LIMITS: Final = Limits(statement=1, view=5, whole=240)

# Values of any type; [f] is the file, [c] the canary.
VALUES: Final = (
    """\
pg_read_file('[c]')
pg_read_file('[c]')::int
(SELECT pg_read_file('[c]'))
pg_catalog.convert_from(pg_read_binary_file('[c]'), 'UTF8')::int
pg_stat_file('[c]')::text
(SELECT count(*) FROM pg_ls_dir('/tmp'))
(SELECT string_agg(f, ',') FROM pg_ls_dir('/tmp') AS f)::int
lo_import('[c]')
lo_export(lo_from_bytea(0, 'x'), '[f]')
lo_export(lo_import('[c]'), '[f]')
lo_create(4711)
lo_put(lo_create(0), 0, 'x')
(SELECT string_agg(rolpassword, ',') FROM pg_authid)
(SELECT max(passwd) FROM pg_shadow)::int
current_setting('data_directory')
current_setting('hba_file')::int
pg_sleep(3600)
pg_sleep_for('1 hour')
(SELECT pg_sleep(3600) IS NULL)
pg_advisory_lock(1)
pg_advisory_xact_lock(4711)
pg_notify('evil', 'here')
set_config('role', 'postgres', false)
set_config('session_authorization', 'postgres', false)
set_config('statement_timeout', '0', false)
set_config('search_path', 'evil', false)
set_config('temp_file_limit', '-1', false)
pg_terminate_backend(pg_backend_pid())
(SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity)
pg_cancel_backend(1)
pg_reload_conf()
pg_rotate_logfile()
pg_switch_wal()::text
pg_promote()
pg_create_restore_point('evil')::text
pg_logical_emit_message(false, 'evil', 'here')::text
pg_create_physical_replication_slot('evil')::text
pg_replication_origin_create('evil')
pg_export_snapshot()
pg_current_xact_id()::text
query_to_xml('COPY (SELECT 1) TO PROGRAM ''touch [f]''', true, true, '')::text
query_to_xml('SELECT pg_read_file(''[c]'')', true, true, '')::text::int
table_to_xml('pg_authid', true, true, '')::text
(SELECT count(*) FROM ts_stat('SELECT pg_read_file(''[c]'')::tsvector'))
dblink('dbname=postgres', 'CREATE ROLE evil')
dblink_exec('dbname=postgres', 'CREATE ROLE evil')
repeat('x', 300000000)
length(repeat('x', 300000000) || repeat('y', 300000000))
repeat('x', 9000000)::int
(SELECT count(*) FROM generate_series(1, 1000000000000))
(SELECT max(a.n) FROM generate_series(1, 1000000) AS a (n), generate_series(1, 1000000) AS b (n))
regexp_replace(repeat('a', 10000), '(a*)*(a*)*(a*)*(a*)*b', 'x')
repeat('a', 5000) ~ '((((a?){9}){9}){9}){9}b'
repeat('a', 100000) SIMILAR TO '(a|aa|aaa|aaaa)*b'
9.9 ^ 99999.9
factorial(100000)
exp(9999.123456789::numeric(1000, 900))
lpad('', 300000000, 'evil')
array_fill(1, ARRAY[10000, 10000])
xmlparse(DOCUMENT '<!DOCTYPE x [<!ENTITY e SYSTEM "file://[c]">]><x>&e;</x>')::text
xmlparse(DOCUMENT '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]><x>&c;</x>')::text
to_tsvector(repeat('evil ', 1000000))::text
jsonb_path_query_array('[1]', '$[*] ? (@ like_regex "(a*)*b")')
'[c]'::regclass::text
'pg_read_file'::regproc::text
1; COPY (SELECT 1) TO PROGRAM 'touch [f]'
1); COPY (SELECT 1) TO PROGRAM 'touch [f]'; --
1); COMMIT; CREATE ROLE evil; --
1 /* */; COMMIT /* ; */
1)) AS x; CREATE ROLE evil; SELECT ((1
$$x$$; CREATE ROLE evil; SELECT $$x$$
E'\\\\'; CREATE ROLE evil; --'
'\\'; CREATE ROLE evil; --'
U&'\\0027; CREATE ROLE evil; --'
"x"; CREATE ROLE evil; --"
1 \\! touch [f]
1 UNION SELECT pg_read_file('[c]')::int
CASE WHEN pg_read_file('[c]') IS NOT NULL THEN 1 END
coalesce(NULL, pg_read_file('[c]'))
(WITH x AS (SELECT pg_sleep(3600)) SELECT count(*) FROM x)
(WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r)
(WITH x AS (INSERT INTO t (id) VALUES (1) RETURNING 1) SELECT count(*) FROM x)
(SELECT 1 FROM t FOR UPDATE)
(SELECT 1 INTO evil)
nextval('evil')
stub(pg_read_file('[c]'))
evil_definer()
""".replace("[f]", FILE)
    .replace("[c]", str(CANARY))
    .splitlines()
)

TABLES: Final = f"""\
CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, s text);
CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL REFERENCES t (id), n int NOT NULL);
CREATE FUNCTION stub(a text) RETURNS text LANGUAGE plpython3u AS $$ open('{FILE}', 'w') $$;
CREATE FUNCTION evil_definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT pg_read_file('{CANARY}') $$;
DO $$ BEGIN EXECUTE $e$ COPY (SELECT 1) TO PROGRAM 'touch {FILE}' $e$; END $$;
COPY (SELECT 1) TO PROGRAM 'touch {FILE}';
\\! touch {FILE}
\\copy t to program 'touch {FILE}'
\\o | touch {FILE}
SELECT lo_export(lo_import('{CANARY}'), '{FILE}');
SELECT set_config('session_authorization', 'postgres', false);
COMMIT; CREATE ROLE evil SUPERUSER; ALTER ROLE postgres PASSWORD 'evil';
CREATE DATABASE evil; ALTER SYSTEM SET archive_command = 'touch {FILE}'; NOTIFY evil, 'here';
CREATE EXTENSION dblink; CREATE EXTENSION file_fdw; CREATE EXTENSION plpython3u; CREATE EXTENSION "x; DROP ROLE postgres";
CREATE LANGUAGE evil HANDLER plpgsql_call_handler;
CREATE EVENT TRIGGER evil ON ddl_command_end EXECUTE FUNCTION stub();
CREATE TABLE defaults (a text DEFAULT pg_read_file('{CANARY}'), b text GENERATED ALWAYS AS (stub('x')) STORED,
  c int CHECK (lo_export(1, '{FILE}') = 1), d int DEFAULT 1);
CREATE DOMAIN checked AS text CHECK (pg_read_file('{CANARY}') IS NOT NULL) DEFAULT pg_sleep(3600)::text;
CREATE TYPE mood AS ENUM ('''); COPY t TO PROGRAM ''touch {FILE}''; --', $$'); CREATE ROLE evil; --$$, '\\'');');
CREATE TABLE typed (id int PRIMARY KEY, m mood, d checked, "a""); CREATE ROLE evil; --" text);
CREATE FUNCTION argued(a int DEFAULT pg_sleep(3600), "b int); COPY t TO PROGRAM 'x'; --" text DEFAULT 'x') RETURNS int LANGUAGE c AS 'x', 'y';
CREATE INDEX ON t ((pg_sleep(n))); CREATE RULE evil AS ON SELECT TO t DO INSTEAD SELECT pg_sleep(3600);
CREATE TABLE filled AS SELECT pg_read_file('{CANARY}') AS content, pg_sleep(3600)::text AS slept, 1 AS one;
CREATE VIEW seen AS SELECT pg_read_file('{CANARY}') AS content FROM t;
CREATE MATERIALIZED VIEW kept AS SELECT lo_export(1, '{FILE}') AS n;
CREATE TRIGGER evil AFTER INSERT ON t EXECUTE FUNCTION stub();
CREATE OPERATOR = (LEFTARG = text, RIGHTARG = int, FUNCTION = stub); CREATE CAST (text AS int) WITH FUNCTION stub(text);
CREATE SCHEMA "evil; DROP ROLE postgres" CREATE TABLE "x""; --" (a int);
"""
SETTINGS: Final = {
    "catalog": "s.sql",
    "project": "x'; DROP ROLE postgres; --",
    "notify": "evil'; COMMIT; --",
    "search_path": ["public", 'evil"; COMMIT; --', "evil; DROP ROLE postgres"],
    "schemas": {"stored": 'mvc"; COMMIT; --$$'},
    "refresh_roles": ['evil_role"; ALTER ROLE postgres NOLOGIN; --', "pg_execute_server_program", "evil_refresher"],
    "monitor_roles": ["evil_monitor'; COMMIT; --"],
    "names": {"refresh_all": 'x"(); COMMIT; --', "status": "$mvc$; COMMIT; --"},
}
SQL: Final = "(SELECT id, {} AS x FROM t)"
BROKEN: Final = f"CREATE TABLE broken (d int DEFAULT 1; COPY t TO PROGRAM 'touch {FILE}');"


def _view(**changed: object) -> dict[str, object]:
    plain = {"sources": {"t": {"table": "t"}}, "dimensions": {"id": "t.id"}, "aggregates": {"n": {"count": "t"}}}
    return {**plain, **changed}


def _joined(**source: object) -> dict[str, object]:
    u = {"table": "u", "on": "u.t_id = t.id", **source}
    return _view(sources={"t": {"table": "t"}, "u": u}, aggregates={"n": {"count": "u"}})


def _true(text: str) -> str:
    return f"({text}) IS NOT NULL" if ";" not in text else text


# Where a text can stand. A policy is a view's, so it comes with one.
PLACES: Final[Mapping[str, Callable[[str], dict[str, object]]]] = {
    "dimension": lambda text: _view(dimensions={"id": "t.id", "x": text}),
    "dimension of a row": lambda text: _view(dimensions={"id": "t.id", "x": f"concat(t.s, {text})"}),
    "where": lambda text: _view(where=_true(text)),
    "source's where": lambda text: _joined(where=_true(text)),
    "on": lambda text: _joined(on=f"u.t_id = t.id AND {_true(text)}"),
    "argument": lambda text: _view(aggregates={"x": {"max": f"({text})::text"}}),
    "aggregate's where": lambda text: _view(aggregates={"x": {"count": "t", "where": _true(text)}}),
    "order": lambda text: _view(aggregates={"x": {"array_agg": "t.n", "order": text}}),
    "default": lambda text: _view(aggregates={"x": {"max": "t.s", "default": text}}),
    "separator": lambda text: _view(aggregates={"x": {"string_agg": "t.s", "separator": text, "order": "t.id"}}),
    "computed": lambda text: _view(aggregates={"n": {"count": "t"}, "x": {"expr": f"concat(n, {text})"}}),
    "sql aggregate": lambda text: _view(aggregates={"x": {"sql": f"max(({text})::text)"}}),
    "index": lambda text: _view(indexes=[{"columns": [f"concat(n, {text})"]}]),
    "index's where": lambda text: _view(indexes=[{"columns": ["n"], "where": _true(text)}]),
    "body": lambda text: {"grain": ["id"], "sql": f"SELECT id, {text} AS x FROM t"},
    "body's from": lambda text: {
        "grain": ["id"],
        "sql": f"SELECT t.id, x.x FROM t LEFT JOIN LATERAL (SELECT {text} AS x) AS x ON true",
    },
    "body's where": lambda text: {
        "grain": ["id"],
        "sql": f"SELECT id FROM t WHERE {_true(text)} ORDER BY {text} LIMIT 5",
    },
    "subquery": lambda text: _joined(table=None, sql=f"SELECT id AS t_id, {text} AS x FROM t", key=["t_id"]),
    "description": lambda text: _view(description=text),
    "option": lambda text: {**_view(), "with": {"fillfactor": text}},
    "name": lambda text: _view(dimensions={"id": "t.id", text: "t.s"}),
    "policy": lambda text: {**_view(), "using": _true(text)},
    "reader": lambda text: {**_view(), "to": text},
    "extension": lambda text: _view(requires=[text[:50]]),
}
PER_TEXT: Final = 4  # places that each text is tried at


def _pairs() -> Iterator[tuple[str, str]]:
    """Each text at some places, so that each place has had each kind."""
    places = list(PLACES)
    for number, text in enumerate(VALUES):
        for step in range(PER_TEXT):
            yield text, places[(number + step * 5 + number // len(places)) % len(places)]


def _files(number: int, text: str, place: str) -> dict[str, str]:
    spec = {"view": f"v{number}", **PLACES[place](text)}
    policy = {key: spec.pop(key) for key in ("using", "to") if key in spec}
    sources = spec.get("sources")
    if isinstance(sources, dict):
        spec["sources"] = {
            name: {key: it for key, it in source.items() if it is not None} for name, source in sources.items()
        }
    files = {f"views/v{number}.yml": yaml.safe_dump(spec, allow_unicode=True)}
    if policy:
        readers = [str(policy["to"])] if "to" in policy else ["evil_reader"]
        rule = {"policy": f"p{number}", "view": f"v{number}", "to": readers, "using": policy.get("using", "n > 0")}
        files[f"policies/p{number}.yml"] = yaml.safe_dump({"policies": [rule]}, allow_unicode=True)
    return files


def _passes(files: Mapping[str, str]) -> bool:
    try:
        return mvc.compile(mvc.load({"mvc.yml": "catalog: s.sql\n", "s.sql": TABLES, **files})) is not None
    except ProjectError:
        return False


@cache
def hostile(step: int = 1) -> dict[str, str]:
    """All that the compiler lets through of every `step`-th text, as one project."""
    files = {"mvc.yml": yaml.safe_dump(SETTINGS), "s.sql": TABLES}
    for number, (text, place) in list(enumerate(_pairs()))[::step]:
        if _passes(found := _files(number, text, place)):
            files |= found
    return files


def shown(found: tuple[Diagnostic, ...]) -> str:
    return json.dumps([[item.title, item.label, *item.help] for item in found])


@pytest.fixture(autouse=True)
def _canary() -> Iterator[None]:
    CANARY.write_text(SECRET, encoding="utf-8")
    CANARY.chmod(0o644)
    yield
    CANARY.unlink()


def check_hostile(
    connection: psycopg.Connection, listener: psycopg.Connection, files: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """Checks the whole project, and that nothing of it stays."""
    listener.execute("LISTEN evil")
    before = connection.execute(SERVER).fetchall()
    project = mvc.load(files)
    started = time.monotonic()
    found = check_on_server(connection, project, mvc.compile(project), LIMITS)
    assert time.monotonic() - started < LIMITS.whole
    assert connection.execute(SERVER).fetchall() == before
    assert list(listener.notifies(timeout=0.1)) == []
    assert connection.execute("SELECT count(*) FROM pg_ls_tmpdir()").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
    assert not Path(FILE).exists()
    assert SECRET not in shown(found)
    assert max(len(item.title) for item in found) < 2 * LONGEST
    return found


def test_a_definition_that_ends_within_is_refused() -> None:
    assert _passes({})
    assert not _passes({"s.sql": f"{TABLES}{BROKEN}"})


@pytest.mark.slow
def test_there_are_enough_of_them() -> None:
    pairs = list(_pairs())
    assert len(pairs) > 300
    assert {place for _, place in pairs} == set(PLACES)
    assert 200 < sum(path.startswith("views/") for path in hostile()) < len(pairs)


@pytest.mark.slow
@pytest.mark.parametrize("postgres_server", [15, 18], ids=["pg15", "pg18"], indirect=True, scope="session")
def test_on_a_server_that_is_given(database: Database) -> None:
    found = check_hostile(database.connect(), database.connect(), hostile())
    assert {item.code for item in found} <= {"MV801", "MV802"}
    assert not [item.title for item in found if item.code == "MV802" and item.severity == "error"], "all were tried"


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("major", [15, 18])
def test_on_a_server_of_our_own(major: int) -> None:
    need(major in installations(), f"PostgreSQL {major}")
    with EmbeddedServer(installations()[major], memory=MEMORY) as server:
        with (
            psycopg.connect(server.url(), autocommit=True) as one,
            psycopg.connect(server.url(), autocommit=True) as two,
        ):
            check_hostile(one, two, hostile(3))
        folder = server.folder
    assert not folder.exists()
