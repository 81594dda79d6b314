"""That what is emitted is checked: scripts are refused where PostgreSQL's grammar, or the kind of a statement, says otherwise."""

from __future__ import annotations

import pytest

import mvc
from emitted import every_script_parses, proven  # noqa: F401
from mvc.engines.postgres.plan.migration import migration
from mvc.sql.parser import GrammarError

FILES = {
    "mvc.yml": "project: shop\nversion: 15\ncatalog: schema.sql\n",
    "schema.sql": "CREATE TABLE t (id int PRIMARY KEY, day date NOT NULL, n numeric)",
    "views/v.yml": "view: v\nsources: {t: {table: t}}\ndimensions: {day: t.day}\naggregates: {n: {sum: t.n}}\n",
    "views/w.yml": "view: w\ngrain: [id]\nsql: SELECT id FROM t\n",
    "policies/p.yml": 'policies: [{policy: "a \'b\'; --", view: v, using: "day > CURRENT_DATE - 3"}]\n',
    "schedules/s.yml": "schedules: [{schedule: s, refresh: [v], within: 1h, mode: incremental}]\n",
}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; SELECT FROM WHERE;",
        "CREATE VIEW v AS SELECT 1, FROM t",
        "-- ─── a\nSELECT 1;\n\n-- ─── b\nDROP TABLE IF t;",
        "SELECT 'x",
    ],
)
def test_what_is_no_script_is_refused(text):
    with pytest.raises(GrammarError):
        proven(text)


@pytest.mark.parametrize("text", ["REINDEX TABLE t", "SELECT 1; VACUUM t"])
def test_a_statement_of_a_kind_that_is_not_emitted_is_refused(text):
    with pytest.raises(AssertionError):
        proven(text)


def test_a_whole_script_and_a_migration_are_taken():
    whole = mvc.compile(mvc.load(FILES))
    less = mvc.compile(mvc.load({path: text for path, text in FILES.items() if path != "views/w.yml"}))
    assert whole.sql.count("CREATE UNIQUE INDEX") >= 2
    assert "DROP" in migration(whole, less)


def test_a_broken_statement_in_an_emitted_script_is_found(monkeypatch):
    monkeypatch.setattr("mvc.engines.postgres.deploy.script.closing_sql", lambda _: "SELECT close_storage(;")
    with pytest.raises(GrammarError):
        _ = mvc.compile(mvc.load(FILES)).sql
