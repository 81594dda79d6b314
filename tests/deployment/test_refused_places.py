"""What the server refuses of a build or a switch is said at the place in the YAML, which is the one that `mvc check --server` says."""

from __future__ import annotations

import pytest

import mvc
from mvc.diagnostics import Diagnostic
from mvc.engines.postgres.server.apply import ApplyOptions, apply
from mvc.engines.postgres.server.errors import StatementRefused
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.server_check import check_on_server
from servers import Database, on_major

from .projects import ANYTHING, Connection

SCHEMA = """\
CREATE TABLE t (id int PRIMARY KEY, p point NOT NULL, n int NOT NULL, s text NOT NULL, j json);
CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL REFERENCES t (id), p point, s text);
"""
HEAD = "view: v\nsources:\n  t: {table: t}\n"
DECLARED = f"{HEAD}dimensions: {{id: t.id}}\naggregates:\n  n: {{count: t}}\n"
MISTAKES = {
    "a dimension": f"{HEAD}dimensions:\n  id: t.id\n  x: t.p + t.n\naggregates: {{n: {{count: t}}}}\n",
    "an aggregate": f"{HEAD}dimensions: {{id: t.id}}\naggregates:\n  x: {{sum: t.s}}\n",
    "a filter of a source": f"{HEAD}  u: {{table: u, on: u.t_id = t.id, where: u.p > 5}}\ndimensions: {{id: t.id}}\naggregates: {{n: {{count: u}}}}\n",
    "an index": f"{DECLARED}indexes: [{{columns: [n + id || 1]}}]\n",
    "a body": "view: v\ngrain: [id]\nsql: |\n  SELECT id,\n         p + 1 AS x\n  FROM t\n",
}
POLICY = "policies:\n- {policy: fine, view: v, using: n > 0}\n- {policy: x, view: v, using: n > 1 AND id || n}\n"
TEXT = """\
view: v
grain: [word]
sql: |
  SELECT word, ndoc
  FROM ts_stat('SELECT to_tsvector(''simple'', s) FROM t')
"""


pytestmark = pytest.mark.usefixtures("types_left_to_the_server")


def files_of(view: str, policies: str = "") -> dict[str, str]:
    more = {"policies/p.yml": policies} if policies else {}
    return {"mvc.yml": "project: p\ncatalog: s.sql\n", "s.sql": SCHEMA, "views/v.yml": view, **more}


def refusal(connection: Connection, files: dict[str, str]) -> StatementRefused:
    with pytest.raises(StatementRefused) as caught:
        apply(connection, mvc.compile(mvc.load(files)), options=ApplyOptions(ANYTHING, pace=Timeouts(5.0)))
    return caught.value


def at(item: Diagnostic | None) -> tuple[str, int, int]:
    assert item is not None
    assert item.code == "MV801"
    return item.span.path, item.span.line, item.span.column


@on_major(15)
def test_as_a_check_on_the_server_says_it(database: Database) -> None:
    connection = database.connect()
    connection.execute(SCHEMA)
    for name, view in (*MISTAKES.items(), ("a policy", DECLARED)):
        files = files_of(view, POLICY if name == "a policy" else "")
        project = mvc.load(files)
        (checked,) = check_on_server(connection, project, mvc.compile(project))
        applied = refusal(connection, files)
        assert at(applied.diagnostic) == at(checked), name
        assert at(applied.diagnostic) != ("views/v.yml", 1, 7), name
        assert applied.diagnostic is not None
        assert applied.diagnostic.title == checked.title
        assert applied.views == ("v",)


def test_in_a_text_that_a_function_runs(database: Database) -> None:
    """Such a text is looked up without the project's search path, and only when the view is filled."""
    connection = database.connect()
    connection.execute(SCHEMA + "INSERT INTO t VALUES (1, point(1, 1), 1, 'a b', NULL)")
    found = refusal(connection, files_of(TEXT)).diagnostic
    assert at(found) == ("views/v.yml", 5, 56)
    assert found is not None
    assert "public.t" in found.help[0]
    apply(
        connection,
        mvc.compile(mvc.load(files_of(TEXT.replace("FROM t'", "FROM public.t'")))),
        options=ApplyOptions(ANYTHING),
    )
    assert connection.execute("SELECT count(*) FROM v").fetchone() == (2,)


def test_where_only_the_rows_are_at_fault(database: Database) -> None:
    """The server names no place then; the view's name is one."""
    connection = database.connect()
    connection.execute(SCHEMA + "INSERT INTO t VALUES (1, point(1, 1), 0, 'a b', NULL)")
    view = f"{HEAD}dimensions: {{id: t.id, x: 1 / t.n}}\naggregates: {{n: {{count: t}}}}\n"
    applied = refusal(connection, files_of(view))
    assert at(applied.diagnostic) == ("views/v.yml", 1, 7)
    assert "division by zero" in str(applied)
