"""What PostgreSQL takes and sqlglot does not: the author's text is emitted as it stands, and nothing in it goes unseen."""

from __future__ import annotations

import re

import pytest

import mvc
from mvc.engines.postgres.server.server_check import check_on_server
from mvc.expression import ExpressionError, parse_expression
from mvc.expression.as_read import is_passage
from servers import Database

SCHEMA = """\
CREATE TABLE customers (id int PRIMARY KEY, net inet NOT NULL);
CREATE TABLE orders (
  id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, a int NOT NULL, b int NOT NULL, i inet NOT NULL, t text NOT NULL,
  ts timestamp NOT NULL, tz timestamptz NOT NULL, iv interval NOT NULL, p point NOT NULL, q path NOT NULL, x box NOT NULL, g lseg NOT NULL,
  j jsonb NOT NULL, v tsvector NOT NULL, y xml NOT NULL, arr int[] NOT NULL
);
"""
OPERATORS = [
    *(
        "@ o.a",
        "@o.a",
        "@ o.a + 1",
        "@ (o.a - o.b)",
        "- @ - o.a",
        "o.a <= @ o.b",
        "@ o.a = 1 AND o.b = 2",
        "o.a BETWEEN @ o.b AND 3",
    ),
    *("o.i >>= o.i", "o.i <<= '10.0.0.0/8'", "inet '10.0.0.0/8' >>= o.i", "NOT o.i >>= o.i OR o.a = 1"),
    *("@-@ o.q", "# o.q", "?- o.g", "?| o.g", "o.g ?-| o.g", "o.g ?|| o.g", "o.g ?# o.g", "(o.p ## o.g) ~= o.p"),
    *("o.p <^ o.p", "o.p ?- o.p", "o.x <<| o.x", "o.x |&> o.x", "o.x &<| o.x", "o.p <@ box '((0,0),(1,1))'"),
    *(
        "o.t ~<~ 'a'",
        "o.t ~>=~ 'a'",
        "OPERATOR(pg_catalog.-) o.a",
        "o.a OPERATOR(pg_catalog.=) ANY (o.arr)",
        "o.v @@ !! 'a'::tsquery",
    ),
]
SYNTAX = [
    *(
        "o.iv::interval day to second(3)",
        "interval(3) '1 day'",
        "COLLATION FOR (o.t)",
        "o.t IS NFC NORMALIZED",
        "o.t IS NOT NFKD NORMALIZED",
    ),
    *(
        "xmlparse(DOCUMENT o.t)::text",
        "lower(xmlparse(DOCUMENT o.t)::text)",
        "xmlserialize(CONTENT o.y AS text)",
        "xmlexists('//a' PASSING BY VALUE o.y)",
        "xmlpi(NAME php, o.t)::text",
    ),
    *(
        "xmlroot(o.y, VERSION '1.0', STANDALONE YES)::text",
        "substring(o.t SIMILAR 'a#\"b#\"c' ESCAPE '#')",
        "trim(BOTH FROM o.t, 'x')",
    ),
    *(
        "o.t::national character(3)",
        "o.arr::integer array",
        "o.arr::integer array[3]",
        "pg_catalog.int4 '1'",
        "'a'\n'b'",
        "o.a NOTNULL",
        "o.a ISNULL",
    ),
    *(
        "coalesce(o.a, @ o.b)",
        "CASE WHEN o.i >>= o.i THEN 1 ELSE @ o.a END",
        "make_interval(days => @ o.a)",
        "(ARRAY[@ o.a, 2])[1]",
    ),
    *("o.t SIMILAR TO '%x' ESCAPE E'\\\\'", "@ extract(day FROM o.ts) > 3"),
]
NEWER = {
    16: [
        "0x1f",
        "0b101 + o.a",
        "o.a + 0o17",
        "1_000.5",
        "json_array(o.a, o.b NULL ON NULL)::text",
        "o.t IS NOT JSON ARRAY",
    ],
    17: [
        *(
            "o.ts AT LOCAL",
            "(o.tz AT LOCAL)::date",
            "json_exists(o.j, '$.a' ERROR ON ERROR)",
            "json_serialize(o.j RETURNING text)",
        ),
        *("json_query(o.j, '$.a' WITH WRAPPER)", "json(o.t WITH UNIQUE KEYS)::text"),
    ],
}
AGGREGATES = [
    *(
        "sum(@ o.a)",
        "sum(DISTINCT @ o.a)",
        "array_agg(o.a ORDER BY @ o.b DESC NULLS LAST)",
        "count(*) FILTER (WHERE o.i >>= o.i AND o.a = 1)",
    ),
    "percentile_cont(0.5) WITHIN GROUP (ORDER BY @ o.a)",
]
OTHERS = [
    "@ sum(@ o.a)",
    "@ sum(@ o.a) + 1",
    "@ (SELECT max(c.id) FROM customers AS c)",
    "o.a BETWEEN @ o.b AND 3 OR o.a = 1",
]
EVERY = [*OTHERS, *OPERATORS, *SYNTAX, *(text for texts in NEWER.values() for text in texts), *AGGREGATES]


@pytest.mark.parametrize("text", EVERY)
def test_it_is_read_by_a_stand_in_and_its_columns_stand_in_the_authors_text(text: str) -> None:
    expression = parse_expression(text)
    assert expression.made
    assert any(map(is_passage, expression.ast.walk()))
    assert expression.source == text
    written = [text[ref.start : ref.end].lower() for ref in expression.columns]
    assert written == [f"{ref.qualifier}.{ref.name}" for ref in expression.columns]
    assert len(written) == len(re.findall(r"\b[oc]\.", text))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ sum(@ o.a) + now_ish(1)", ["sum", "now_ish"]),
        ("abs(@ o.a) <= coalesce(o.b, @ o.c)", ["abs", "coalesce"]),
        ("@ o.a = max(o.b) OVER (PARTITION BY @ o.c)", ["max"]),
    ],
)
def test_calls_are_seen_at_their_places(text: str, names: list[str]) -> None:
    calls = parse_expression(text).calls
    assert [call.name for call in calls] == names
    assert [text[call.start : call.open] for call in calls] == names
    assert [text[call.open] + text[call.close] for call in calls] == ["()"] * len(names)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a == b",
            "a <=> b",
            "@total",
            "a *%s",
            "!~ a",
            "$1",
            "DEFAULT",
            "o.*",
            "1" * 5000,
            "xor.a = 'b'",
            "o.a '{x}'",
            "s.o.a = 1",
            "-@ o.a",
            "o.a AS b",
            "@ a, b",
            "@ a) OR (b",
        ),
        *(
            "grouping(@ a) ## 1",
            "json_objectagg(@ a: b WITH UNIQUE KEYS)",
            "mvc_as_written('@ $1', a) = @ a",
            "a >>= ANY (SELECT b)",
        ),
    ],
)
def test_what_nobody_means_or_an_analysis_would_not_see_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


def test_an_equation_beside_a_passage_still_joins_to_one() -> None:
    files = {
        "mvc.yml": "catalog: s.sql",
        "s.sql": SCHEMA,
        "views/v.yml": "view: v\nsources:\n  o: {table: orders}\n  c: {table: customers, on: c.id = o.customer_id AND c.net >>= o.i}\n"
        "dimensions: {id: o.id, net: c.net, far: o.i IS DISTINCT FROM c.net}\naggregates: {n: {count: o}}\n",
    }
    query = mvc.compile(mvc.load(files)).views[0].query
    assert "c.id = o.customer_id AND c.net >>= o.i" in query


def _project(version: int, texts: list[str]) -> dict[str, str]:
    listed = "\n".join(f"  d{number}: {_quoted(text)}" for number, text in enumerate(texts))
    made = f"view: v\nsources: {{o: {{table: orders}}}}\ndimensions:\n  id: o.id\n{listed}\naggregates: {{n: {{count: o}}}}\n"
    summed = "\n".join(f"  a{number}: {{sql: {_quoted(text)}}}" for number, text in enumerate(AGGREGATES))
    over = f"view: w\nsources: {{o: {{table: orders}}}}\ndimensions: {{t: o.t}}\naggregates:\n{summed}\n"
    body = ",\n    ".join(f"{text} AS d{number}" for number, text in enumerate(texts) if "\n" not in text)
    sql = f"view: b\ngrain: [id]\nsql: |\n    SELECT o.id,\n    {body}\n    FROM orders o\n    WHERE o.i >>= o.i AND @ o.a > 0\n"
    return {
        "mvc.yml": f"catalog: s.sql\nversion: {version}\n",
        "s.sql": SCHEMA,
        "views/v.yml": made,
        "views/w.yml": over,
        "views/b.yml": sql,
    }


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\n", "\n\n    ") + "'"


def test_a_server_takes_what_is_emitted(database: Database) -> None:
    connection = database.connect()
    built = connection.execute("SELECT setting FROM pg_catalog.pg_config WHERE name = 'CONFIGURE'").fetchone()
    texts = [
        *OPERATORS,
        *SYNTAX,
        *(text for since, found in NEWER.items() if since <= database.major for text in found),
    ]
    texts = [text for text in texts if "xml" not in text or "--with-libxml" in str(built)]
    project = mvc.load(_project(database.major, texts))
    compiled = mvc.compile(project)
    assert not check_on_server(connection, project, compiled)
    query = next(view.query for view in compiled.views if view.name == "v")
    assert [text for text in texts if text not in query and f"({text})" not in query and "\n" not in text] == []
