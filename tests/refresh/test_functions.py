"""Every function of the runtime as plpgsql_check sees it, also those that are made for single tables."""

from __future__ import annotations

import mvc
from mvc.engines.postgres.server.apply import apply
from servers import Database, need, on_major

FILES = {
    "mvc.yml": "catalog: s.sql\n",
    "s.sql": 'CREATE TABLE t (id int PRIMARY KEY, "Kind" text, at timestamptz);\nCREATE TABLE "U" (id int PRIMARY KEY, t_id int);\n',
    "views/v.yml": "view: v\nsources: {t: {table: t}, u: {table: '\"U\"', on: u.t_id = t.id}}\n"
    "dimensions: {kind: 't.\"Kind\"'}\naggregates: {n: {count: u}}\n",
    "schedules/s.yml": "schedules: [{schedule: s, refresh: v, within: 1h, mode: incremental}]\n",
}
CHECK = """
SELECT p.proname::text, c.level, c.message, c.statement, p.prosecdef
FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
LEFT JOIN mvc.watched_table AS w ON w.log = p.proname,
plpgsql_check_function_tb(
  p.oid, coalesce((SELECT t.tgrelid FROM pg_trigger AS t WHERE t.tgfoid = p.oid LIMIT 1), 0), security_warnings := true, performance_warnings := false,
  newtable := CASE WHEN w.log IS NOT NULL THEN 'new_rows' END, oldtable := CASE WHEN w.log IS NOT NULL THEN 'old_rows' END) AS c
WHERE p.pronamespace = 'mvc'::regnamespace AND c.level <> 'warning extra' ORDER BY 1
"""  # those are on what EXECUTE returns

# These run SQL on purpose: names that their callers quoted, or statements that they or the compiler wrote. None of them is a
# SECURITY DEFINER, and nobody but the owner may call one.
UNSANITIZED = "text type variable is not sanitized"
WHOLE_STATEMENTS = {
    "bring_views_back",
    "carry_indexes",
    "copy_rows",
    "create_index",
    "dress",
    "drop_relations",
    "expect_one_row_each",  # a list of names that quote_ident wrote
    "groups_of_keys",  # likewise
    "is_view",
    "own_again",
    "keep_unread",
    "log_changes_of",
    "log_moves_of",
    "make_way",
    "mend_tables",
    "changed_logs",
    "compare_former",  # lists of names that quote_ident wrote
    "dangling_changes",  # what references_followed gives: names that the server quoted
    "dangling_rows",  # likewise
    "own_log",
    "put_former_back",
    "read_anew",  # definitions that the server printed
    "stage_keys",
    "rename_stored",
    "renew_views",
    "revoke_all",
    "run_as_project",
    "set_readers",
    "show_nothing",
    "take_back",
    "take_place",
    "write_log_function",
}


@on_major(15)
def test_plpgsql_check_finds_nothing(database: Database):
    connection = database.connect()
    row = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'plpgsql_check'").fetchone()
    need(row and row[0], "plpgsql_check (Debian's package postgresql-15-plpgsql-check)")
    connection.execute("CREATE EXTENSION plpgsql_check")
    connection.execute(FILES["s.sql"])
    apply(connection, mvc.compile(mvc.load(FILES)))
    assert connection.execute("SELECT count(*) FROM mvc.watched_table").fetchone() == (2,)
    found = connection.execute(CHECK).fetchall()
    whole = [item for item in found if item[0] in WHOLE_STATEMENTS]
    assert [item for item in found if item not in whole] == []
    assert {item[1:] for item in whole} == {("security", UNSANITIZED, "EXECUTE", False)}
    assert {name for name, *_ in whole} == WHOLE_STATEMENTS


@on_major(15)
def test_those_with_more_rights_pin_their_path(database: Database):
    """`SECURITY DEFINER` without a search_path of its own runs what the caller's path finds."""
    connection = database.connect()
    connection.execute(FILES["s.sql"])
    apply(connection, mvc.compile(mvc.load(FILES)))
    found = connection.execute(
        "SELECT proname::text, proconfig::text FROM pg_proc WHERE pronamespace = 'mvc'::regnamespace AND prosecdef ORDER BY 1"
    ).fetchall()
    assert len([name for name, _ in found if name.startswith("changes_")]) == 2
    assert {"refresh_begin", "refresh_end", "refresh_run"} < {name for name, _ in found}
    assert all("search_path=pg_catalog, pg_temp" in config for _, config in found)
