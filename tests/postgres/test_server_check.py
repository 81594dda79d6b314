"""What a real server says of a project, at which place of the YAML; and that nothing of the proof stays on the server."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

import mvc
from mvc.diagnostics import Diagnostic
from mvc.engines.postgres.server.errors import ServerError
from mvc.engines.postgres.server.server_check import check_on_server, scratch_connection
from servers import ROOT, Database, need, newest, on_major

SCHEMA = """\
CREATE TABLE t (id int PRIMARY KEY, p point NOT NULL, at timestamptz NOT NULL, n int NOT NULL, s text, j json);
CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL REFERENCES t (id), p point, n int, s text);
"""
SETTINGS = {"mvc.yml": "catalog: s.sql\n", "s.sql": SCHEMA}
PLAIN = {
    "sources": "{t: {table: t}}",
    "dimensions": "{id: t.id}",
    "aggregates": "{n: {count: t}}",
}


pytestmark = pytest.mark.usefixtures("types_left_to_the_server")


def check(connection: psycopg.Connection[Any], files: dict[str, str]) -> tuple[Diagnostic, ...]:
    project = mvc.load({**SETTINGS, **files})
    return check_on_server(connection, project, mvc.compile(project))


def view(name: str = "v", **keys: str) -> str:
    return f"view: {name}\n" + "".join(f"{key}: {value}\n" for key, value in {**PLAIN, **keys}.items())


def marked(files: dict[str, str], found: Diagnostic) -> str:
    """What is underlined."""
    span = found.span
    lines = files[span.path].splitlines()[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


# What only a server knows: these operators, casts and operator classes do not exist. Each is underlined at the word that
# the server names, with what of its message tells that it is the right complaint.
MISTAKES = {
    "dimension": ({"dimensions": "{id: t.id, x: t.p + t.n}"}, "+", "operator does not exist: point + integer"),
    "long dimension": (
        {"dimensions": '{id: t.id, x: "CASE WHEN t.n > 1 THEN 1 WHEN t.p > 2 THEN 2 END"}'},
        ">",
        "operator does not exist: point > integer",
    ),
    "block dimension": (
        {"dimensions": "\n  id: t.id\n  x: |\n    t.n\n    + t.p"},
        "+",
        "operator does not exist: integer + point",
    ),
    "aggregate": ({"aggregates": "{x: {sum: t.s}}"}, "t", "function sum(text) does not exist"),
    "aggregate on a branch": (
        {
            "sources": "{t: {table: t}, u: {table: u, on: u.t_id = t.id}, w: {table: u, on: w.t_id = t.id}}",
            "aggregates": "{n: {count: w}, x: {avg: u.s, where: u.n > 1}}",
        },
        "u.s",
        "function avg(text) does not exist",
    ),
    "aggregate's default": (
        {"aggregates": "{x: {sum: t.n, default: abc}}"},
        "{sum: t.n, default: abc}",
        "invalid input syntax for type bigint",
    ),
    "aggregate's where": (
        {"aggregates": "{x: {count: t, where: t.p = 1}}"},
        "=",
        "operator does not exist: point = integer",
    ),
    "aggregate's order": ({"aggregates": "{x: {array_agg: t.n, order: t.j}}"}, "t", "ordering operator for type json"),
    "computed": ({"aggregates": "{n: {count: t}, x: {expr: n || 1 + n}}"}, "||", "operator does not exist"),
    "sql aggregate": ({"aggregates": "{x: {sql: bit_and(t.s)}}"}, "bit_and", "function bit_and(text) does not exist"),
    "where": ({"where": "t.s > 5"}, ">", "operator does not exist: text > integer"),
    "where, cast": ({"where": "t.at::int > 5"}, "::", "cannot cast type timestamp with time zone to integer"),
    "source's where": (
        {
            "sources": "{t: {table: t}, u: {table: u, on: u.t_id = t.id, where: u.p > 5}}",
            "aggregates": "{n: {count: u}}",
        },
        ">",
        "operator does not exist: point > integer",
    ),
    "on": (
        {"sources": "{t: {table: t}, u: {table: u, on: u.t_id = t.id AND u.s = t.n}}", "aggregates": "{n: {count: u}}"},
        "=",
        "operator does not exist: text = integer",
    ),
    "index": ({"indexes": "[{columns: [n + id || 1]}]"}, "||", "operator does not exist"),
    "index's where": ({"indexes": "[{columns: [n], where: 'n > point(1, 1)'}]"}, ">", "operator does not exist"),
    "literal": ({"where": "t.n = 'abc'"}, "abc", "invalid input syntax for type integer"),
}


class TestPlaces:
    @newest
    @pytest.mark.parametrize(("changed", "word", "message"), MISTAKES.values(), ids=MISTAKES.keys())
    def test_in_a_declared_view(self, database, changed, word, message):
        files = {"views/v.yml": view(**changed)}
        (found,) = check(database.connect(), files)
        assert (found.code, found.severity) == ("MV801", "error")
        assert message in found.title
        assert found.span.line > 1, "the view's name is where the place is not known"
        shown = marked(files, found)
        assert word.startswith(shown) or word in shown

    @newest
    def test_in_a_policy(self, database):
        files = {
            "views/v.yml": view(),
            "policies/p.yml": "policies:\n- {policy: fine, view: v, using: n > 0}\n- {policy: x, view: v, using: n > 1 AND id || n}\n",
        }
        (found,) = check(database.connect(), files)
        assert found.code == "MV801"
        assert (found.span.path, found.span.line) == ("policies/p.yml", 3)
        assert "integer || bigint" in found.title

    @newest
    def test_in_a_named_predicate(self, database):
        files = {
            "views/v.yml": view(),
            "policies/p.yml": "predicates:\n  odd: id || n\npolicies:\n- {policy: x, view: v, using: {all: [odd, {sql: n > 0}]}}\n",
        }
        (found,) = check(database.connect(), files)
        assert (found.code, found.span.path, found.span.line) == ("MV801", "policies/p.yml", 2)

    @newest
    def test_in_a_subquery(self, database):
        source = "\n  t: {table: t}\n  u:\n    sql: |\n      SELECT t_id,\n             p + 1 AS x\n      FROM u\n    key: [t_id]\n    on: u.t_id = t.id"
        files = {"views/v.yml": view(sources=source, aggregates="{n: {count: u}}")}
        (found,) = check(database.connect(), files)
        assert "operator does not exist: point + integer" in found.title
        assert (found.code, found.span.line, found.span.column) == ("MV801", 7, 16)

    @newest
    def test_in_a_body(self, database):
        text = "view: v\ngrain: [id]\nsql: |\n  SELECT id,\n         p + 1 AS x\n  FROM t\n"
        (found,) = check(database.connect(), {"views/v.yml": text})
        assert "operator does not exist: point + integer" in found.title
        assert (found.code, found.span.line, found.span.column) == ("MV801", 5, 12)

    @newest
    def test_in_a_body_where_a_view_was_replaced(self, database):
        text = "view: w\ngrain: [id]\nsql: |\n  SELECT v.id,\n    v.n || 1 AS x FROM v\n"
        (found,) = check(database.connect(), {"views/v.yml": view(), "views/w.yml": text})
        assert "operator does not exist: bigint || integer" in found.title
        assert (found.code, found.span.path, found.span.line, found.span.column) == ("MV801", "views/w.yml", 5, 9)

    @newest
    def test_in_a_subquery_where_a_view_was_replaced(self, database):
        source = "\n  t: {table: t}\n  u:\n    sql: |\n      SELECT v.id,\n          v.n || 1 AS x\n      FROM v\n    key: [id]\n    on: u.id = t.id"
        files = {"views/v.yml": view(), "views/w.yml": view("w", sources=source, aggregates="{n: {count: u}}")}
        (found,) = check(database.connect(), files)
        assert "operator does not exist: bigint || integer" in found.title
        assert (found.code, found.span.path, found.span.line, found.span.column) == ("MV801", "views/w.yml", 7, 15)

    @newest
    def test_the_same_words_twice(self, database):
        """Both expressions are equal up to the one that is wrong in its surroundings."""
        files = {"views/v.yml": view(dimensions="{id: t.id, a: t.n + 1, b: t.n + 1 + t.p}")}
        (found,) = check(database.connect(), files)
        column = files["views/v.yml"].splitlines()[2].index("+ t.p") + 1
        assert (found.span.line, found.span.column) == (3, column)

    @newest
    def test_characters_beyond_ascii_before_it(self, database):
        """The server counts characters, not bytes."""
        files = {"views/v.yml": view(dimensions="{id: t.id, x: \"CASE t.s WHEN 'äöü✓😀' THEN t.p + 1 END\"}")}
        (found,) = check(database.connect(), files)
        column = files["views/v.yml"].splitlines()[2].index("+") + 1
        assert (found.span.line, found.span.column) == (3, column)

    @newest
    def test_all_at_once_and_what_reads_a_refused_view_is_not_blamed(self, database):
        files = {
            "views/a.yml": view("a", where="t.p > 5"),
            "views/b.yml": view("b", sources="{a: {view: a}}", dimensions="{id: a.id}", aggregates="{n: {max: a.n}}"),
            "views/c.yml": view("c", where="t.s > 5"),
            "views/d.yml": view("d"),
        }
        assert sorted(item.span.path for item in check(database.connect(), files)) == ["views/a.yml", "views/c.yml"]

    @newest
    def test_says_the_sqlstate(self, database):
        (found,) = check(database.connect(), {"views/v.yml": view(where="t.s > 5")})
        assert "SQLSTATE 42883" in found.help
        assert found.label


SNAPSHOT = """
SELECT 'role', rolname::text FROM pg_roles UNION ALL SELECT 'schema', nspname FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'extension', extname FROM pg_extension UNION ALL SELECT 'database', datname FROM pg_database
UNION ALL SELECT 'relation', oid::text FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace
UNION ALL SELECT 'function', oid::text FROM pg_proc UNION ALL SELECT 'type', oid::text FROM pg_type
UNION ALL SELECT 'setting', name || setting FROM pg_settings WHERE name IN ('search_path', 'client_min_messages', 'TimeZone')
ORDER BY 1, 2"""


class TestTraces:
    def test_of_the_reference_project_there_are_none(self, database):
        connection = database.connect()
        before = connection.execute(SNAPSHOT).fetchall()
        project = mvc.load(ROOT)
        found = check_on_server(connection, project, mvc.compile(project))
        assert [item for item in found if item.severity == "error"] == []
        assert connection.execute(SNAPSHOT).fetchall() == before
        assert not connection.info.transaction_status

    def test_of_a_refused_one_neither(self, database):
        connection = database.connect()
        before = connection.execute(SNAPSHOT).fetchall()
        policy = "policies: [{policy: p, view: v, to: [a_new_role], using: true}]\n"
        files = {"mvc.yml": "catalog: s.sql\nschemas: {exposed: shown}\n", "policies/p.yml": policy}
        assert check(connection, {**files, "views/v.yml": view(where="t.s > 5")})
        assert check(connection, {**files, "views/v.yml": view()}) == ()
        assert connection.execute(SNAPSHOT).fetchall() == before

    @newest
    def test_a_database_in_use_is_left_alone(self, database):
        """The check has one of its own, so what is there is neither in the way nor looked at."""
        connection = database.connect()
        connection.execute("CREATE TABLE t (mine text); INSERT INTO t VALUES ('kept')")
        before = connection.execute(SNAPSHOT).fetchall()
        assert check(connection, {"views/v.yml": view()}) == ()
        assert connection.execute("TABLE t").fetchall() == [("kept",)]
        assert connection.execute(SNAPSHOT).fetchall() == before
        assert not connection.info.transaction_status

    @newest
    def test_even_one_where_the_project_is_deployed(self, database):
        from mvc.engines.postgres.server.apply import apply

        connection = database.connect()
        connection.execute(SCHEMA)
        project = mvc.load({**SETTINGS, "views/v.yml": view()})
        apply(connection, mvc.compile(project))
        before = connection.execute(SNAPSHOT).fetchall()
        assert check_on_server(connection, project, mvc.compile(project)) == ()
        assert connection.execute(SNAPSHOT).fetchall() == before

    @newest
    def test_what_cannot_be_made_is_said(self, database):
        files = {"s.sql": SCHEMA + "CREATE TABLE broken (id no_such_type);\n", "views/v.yml": view()}
        with pytest.raises(ServerError, match='type "no_such_type" does not exist') as caught:
            check(database.connect(), files)
        assert caught.value.hint

    @newest
    def test_a_role_without_rights_hears_what_is_needed(self, database):
        owner = database.connect()
        owner.execute("DO $$ BEGIN CREATE ROLE nobody LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
        with pytest.raises(ServerError) as caught:
            check(database.connect(user="nobody"), {"views/v.yml": view()})
        assert "permission denied" in str(caught.value)
        assert caught.value.hint

    @pytest.mark.server
    def test_a_server_of_our_own(self):
        with scratch_connection(None) as connection:
            assert check(connection, {"views/v.yml": view()}) == ()


class TestExtensions:
    @newest
    def test_one_that_is_not_there(self, database):
        files = {"views/v.yml": view(requires="[no_such_extension]"), "views/w.yml": view("w")}
        (found,) = check(database.connect(), files)
        assert (found.code, found.severity, found.span.path) == ("MV802", "warning", "views/v.yml")
        assert "needs the extension no_such_extension" in found.title

    @newest
    def test_and_what_reads_it(self, database):
        files = {
            "views/a.yml": view("a", requires="[no_such_extension]"),
            "views/b.yml": view("b", sources="{a: {view: a}}", dimensions="{id: a.id}", aggregates="{n: {max: a.n}}"),
        }
        found = check(database.connect(), files)
        assert [(item.code, item.span.path) for item in found] == [("MV802", "views/a.yml"), ("MV802", "views/b.yml")]

    @on_major(15)
    def test_one_that_is(self, database):
        connection = database.connect()
        row = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'").fetchone()
        need(row and row[0], "contrib's pg_trgm")
        files = {"views/v.yml": view(requires="[pg_trgm]", dimensions="{id: t.id, x: \"similarity(t.s, 'x')\"}")}
        assert check(connection, files) == ()
        assert connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'").fetchone() == (0,)


COLUMNS = [
    *(
        "smallint",
        "integer",
        "bigint",
        "numeric",
        "numeric(12,2)",
        "real",
        "double precision",
        "money",
        "oid",
        "boolean",
    ),
    *("text", "varchar", "varchar(20)", "char(3)", "bpchar", '"char"', "name", "uuid", "json", "jsonb", "xml", "bytea"),
    *("date", "time", "time(3)", "timetz", "timestamp", "timestamp(3)", "timestamptz", "timestamptz(0)", "interval"),
    *("inet", "cidr", "macaddr", "bit(4)", "varbit(8)", "point", "box", "tsvector", "int4range", "tstzmultirange"),
    *("integer[]", "text[]", "numeric(6,1)[]", "timestamptz[]", "mood", "positive", "pair"),
]
ZOO = (
    "CREATE TYPE mood AS ENUM ('low', 'high');\nCREATE DOMAIN positive AS integer CHECK (value > 0);\n"
    "CREATE TYPE pair AS (a int, b text);\nCREATE TABLE zoo (id int PRIMARY KEY, g int NOT NULL"
    + "".join(f", c{number} {type_}" for number, type_ in enumerate(COLUMNS))
    + ");\n"
)


def at(type_: str) -> str:
    return f"z.c{COLUMNS.index(type_)}"


NUMBERS = ["smallint", "integer", "bigint", "numeric", "numeric(12,2)", "real", "double precision"]
ORDERED = [
    "text",
    "varchar(20)",
    "char(3)",
    "date",
    "time(3)",
    "timestamp(3)",
    "timestamptz",
    "interval",
    "inet",
    "mood",
    "integer[]",
]
ANYTHING = [*NUMBERS, *ORDERED, "jsonb", "uuid", "positive", "pair", "numeric(6,1)[]", "boolean"]


def aggregates() -> list[str]:
    found = [f"{{{name}: {at(type_)}}}" for name in ("sum", "avg", "stddev", "variance", "median") for type_ in NUMBERS]
    found += [f"{{{name}: {at(type_)}}}" for name in ("min", "max") for type_ in (*NUMBERS, *ORDERED)]
    found += [f"{{sum: {at('interval')}}}", f"{{avg: {at('interval')}}}", f"{{sum: {at('money')}}}"]
    for name in ("array_agg", "json_agg", "first", "last"):
        found += [f"{{{name}: {at(type_)}, order: z.id}}" for type_ in ANYTHING]
    found += [f"{{{name}: {at('boolean')}}}" for name in ("bool_and", "bool_or")]
    found += [
        f"{{count_distinct: {at('text')}}}",
        "{count: z}",
        f"{{string_agg: {at('text')}, separator: ',', order: z.id}}",
    ]
    found += [f"{{sum: {at('integer')}, default: 0}}", f"{{sum: {at('numeric(12,2)')}, default: 0}}"]
    return found


# «type» is the column of that type.
EXPRESSIONS = (
    "«integer» + «bigint»",
    "«smallint» + «smallint»",
    "«numeric» * «integer»",
    "«numeric(12,2)» + «numeric(12,2)»",
    "«integer» / 2",
    "«real» + «integer»",
    "«text» || 'x'",
    "«varchar(20)» || «char(3)»",
    "«date» + 1",
    "«date» - «date»",
    "«timestamp» - «timestamp»",
    "«timestamptz» + «interval»",
    "«date» + «interval»",
    "«date» + «time»",
    "«json»->'a'",
    "«jsonb»->>'a'",
    "coalesce(«integer», «bigint»)",
    "coalesce(«numeric(12,2)», 0)",
    "CASE WHEN «boolean» THEN «smallint» ELSE «bigint» END",
    "CASE WHEN «boolean» THEN «varchar(20)» ELSE 'x' END",
    "nullif(«integer», 0)",
    "greatest(«integer», «bigint»)",
    "«integer» > «bigint»",
    "«integer» IS NULL",
    "«integer»::numeric(10,3)",
    "«text»::varchar(5)",
    "lower(«text»)",
    "length(«text»)",
    "date_trunc('day', «timestamptz»)",
    "date_trunc('day', «timestamp»)",
    "date_trunc('month', «date»)",
    "extract(year FROM «timestamptz»)",
    "«timestamptz» AT TIME ZONE 'UTC'",
    "«timestamptz»::date",
    "round(«numeric», 2)",
    "abs(«integer»)",
    "upper(«varchar»)",
    "«integer[]»[1]",
    "ARRAY[«integer», «bigint»]",
    "now() - «timestamptz»",
    "current_date",
    "42",
    "'x'",
    "1.5",
    "«text» LIKE 'a%'",
    "-«smallint»",
    "«positive» + 1",
    "«mood»",
    "«char(3)»",
)


class TestTypes:
    """The types that the compiler claims are the server's, and it claims enough of them to be of use."""

    def proven(self, database: Database, text: str) -> dict[str, str | None]:
        project = mvc.load({"mvc.yml": "catalog: s.sql\n", "s.sql": ZOO, "views/v.yml": text})
        compiled = mvc.compile(project)
        found = check_on_server(database.connect(), project, compiled)
        assert [f"{item.code} {item.title}" for item in found] == []
        return {column.name: column.type for column in compiled.views[0].columns}

    def test_of_columns(self, database):
        dimensions = "".join(f"  d{number}: z.c{number}\n" for number in range(len(COLUMNS)))
        claims = self.proven(
            database, f"view: v\nsources: {{z: {{table: zoo}}}}\ndimensions:\n  id: z.id\n{dimensions}"
        )
        assert None not in claims.values()

    def test_of_aggregates(self, database):
        text = "".join(f"  a{number}: {item}\n" for number, item in enumerate(aggregates()))
        claims = self.proven(
            database, f"view: v\nsources: {{z: {{table: zoo}}}}\ndimensions: {{g: z.g}}\naggregates:\n{text}"
        )
        assert sum(type_ is not None for type_ in claims.values()) > 0.8 * len(claims)

    def test_of_expressions(self, database):
        lines = "".join(f"  e{number}: {yaml_text(written(item, 'z.'))}\n" for number, item in enumerate(EXPRESSIONS))
        claims = self.proven(database, f"view: v\nsources: {{z: {{table: zoo}}}}\ndimensions:\n  id: z.id\n{lines}")
        last = len(EXPRESSIONS) - 1
        assert (claims[f"e{last - 1}"], claims[f"e{last}"]) == ("mood", "character(3)")

    def test_of_a_body(self, database):
        columns = ", ".join(f"{written(item)} AS e{number}" for number, item in enumerate(EXPRESSIONS))
        self.proven(database, f"view: v\ngrain: [id]\nsql: |\n  SELECT id, {columns} FROM zoo\n")


def written(expression: str, alias: str = "") -> str:
    return re.sub("«(.+?)»", lambda match: f"{alias}c{COLUMNS.index(match[1])}", expression)


def yaml_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


NAMED = {"mvc.yml": SETTINGS["mvc.yml"] + "names: {refresh_all: again, status: figures, refresh_views: {one: v}}\n"}


@newest
class TestNames:
    """Names of the project's own."""

    def test_are_proven(self, database):
        assert check(database.connect(), {**NAMED, "views/v.yml": view()}) == ()

    @pytest.mark.parametrize("name", ["again", "one"])
    def test_a_function_that_is_there_already(self, database, name):
        function = f"CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
        files = {**NAMED, "s.sql": SCHEMA + function, "views/v.yml": view()}
        (found,) = check(database.connect(), files)
        assert (found.code, marked({**SETTINGS, **files}, found)) == ("MV801", {"again": "again", "one": "v"}[name])
        assert "not ours, and in the way: the function public." in found.title


@newest
class TestTables:
    """Views of which a schedule refreshes a part."""

    PARTLY = "schedules: [{schedule: s, refresh: all, within: 1h, mode: incremental}]\n"

    def test_are_proven_and_refreshed(self, database):
        files = {"views/v.yml": view(dimensions="{id: t.id, j: t.j, p: t.p, s: t.s}"), "schedules/s.yml": self.PARTLY}
        assert mvc.compile(mvc.load({**SETTINGS, **files})).view("v").stored_as == "table"
        assert check(database.connect(), files) == ()

    def test_mistakes_are_underlined(self, database):
        files = {"views/v.yml": view(dimensions="{id: t.id, x: t.p + t.n}"), "schedules/s.yml": self.PARTLY}
        (found,) = check(database.connect(), files)
        assert marked(files, found) == "+"
