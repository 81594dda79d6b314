"""What of the catalog a view's text names, and which of its words may be types: what is left out would not be looked at."""

from __future__ import annotations

import pytest

import mvc
from mvc.engines.postgres.deploy.call_words import reads_parts
from mvc.engines.postgres.deploy.type_words import type_words

SCHEMA = """
CREATE SCHEMA auth;
CREATE TABLE public.t (id int PRIMARY KEY, k text NOT NULL, u int NOT NULL);
CREATE TABLE public.u (id int PRIMARY KEY, t_id int NOT NULL);
CREATE TABLE public."W x" (id int PRIMARY KEY);
CREATE TABLE public.status (id int PRIMARY KEY);
CREATE TABLE auth.t (id int PRIMARY KEY);
CREATE DOMAIN public.tag AS text;
CREATE TABLE public.tagged (id int PRIMARY KEY, tags public.tag[]);
"""
READ = {
    "SELECT a.k FROM t AS a": {"public.t"},
    "SELECT a.k FROM T a, u": {"public.t", "public.u"},
    "SELECT a.k FROM public.t AS a JOIN auth.t AS b ON a.id IN (b.id, a.u), u": {"public.t", "auth.t", "public.u"},
    'SELECT a.k FROM t AS a LEFT JOIN "W x" USING (id)': {"public.t", 'public."W x"'},
    "SELECT k, u AS status FROM t WHERE k = 'FROM u'": {"public.t"},
    "SELECT a.k FROM t AS a WHERE a.id IN (SELECT t_id FROM ONLY u) -- FROM status": {"public.t", "public.u"},
    "WITH w AS (SELECT id FROM u) SELECT a.k FROM t AS a JOIN w ON w.id = a.id": {"public.t", "public.u"},
    "SELECT a.k FROM (t AS a JOIN u ON u.id = a.id)": {"public.t", "public.u"},
    "SELECT a.k FROM t AS a UNION SELECT 'x' FROM u": {"public.t", "public.u"},
    "SELECT a.k FROM t AS a CROSS JOIN LATERAL (SELECT x.id FROM tagged AS x) AS b": {
        "public.t",
        "public.tagged",
        "public.tag",
    },
}
TYPES = {
    "'{5}'::pieces[]": ["pieces"],
    'CAST(x AS "My types".pieces)': ['"My types".pieces'],
    "CAST(x /* AS no */ AS -- so\n pieces(3)[])": ["pieces"],
    "pieces '{5}'": ["pieces"],
    "pieces (3) E'x'": ["pieces"],
    "lower('(5)')": ["lower"],
    "lower('a', b)": [],
    "json_value(x, '$' RETURNING pieces)": ["pieces"],
    "jsonb_to_recordset(x) AS r(a pieces, b other.kinds[])": ["other.kinds", "pieces"],
    "coalesce(a, 'pieces::none') AS total": [],
    "x LIKE 'a' AND d > interval '1 day' AND y::int > 0 AND z = date '2026-01-01'": [],
    "pg_catalog.int4 '5'": [],
    "a.x::a.kind": ["a.kind"],
}
# Whether a constant of a text may be read as parts of what the server picks.
PARTS = {
    "tags && '{a}'": True,
    "x = '(1)'": True,
    "x = '[1,2)'": True,
    "x = $$ {1}$$": True,
    "x = E'\\173a'": True,
    "x = U&'!007b' UESCAPE '!'": True,
    "'{1}'::small[]": True,
    "CAST('{1}' AS small[])": True,
    "'{1}'::int.x[]": True,
    "f(a AS x, '{1}')": True,
    "''\n'{1}'": True,
    "/* '{}' */ '{}{1}'": True,
    "-- '\r'{1}'": True,
    "x = 'a{' AND y ~ '\\d+'": False,
    "coalesce(tags, '{}') || ' { } ' || '[]'": False,
    "'{a}'::text[] || jsonb '{\"a\": 1}'": False,
    "CAST('(1)' AS text)": False,
    "'{1}'::character varying(3)[]": False,
    "-- '{1}'\nx": False,
}


@pytest.mark.parametrize(("text", "expected"), PARTS.items(), ids=list(PARTS))
def test_constants_that_may_be_read_as_parts(text: str, expected: bool) -> None:
    assert reads_parts([text]) is expected


@pytest.mark.parametrize(("text", "expected"), READ.items(), ids=list(READ))
def test_relations_that_rows_are_read_from(text: str, expected: set[str]) -> None:
    files = {"mvc.yml": "project: p\ncatalog: s.sql\n", "s.sql": SCHEMA}
    body = "".join(f"  {line}\n" for line in text.splitlines())
    files["views/v.yml"] = f"view: v\ngrain: [k]\nsql: |\n{body}"
    [view] = mvc.compile(mvc.load(files)).views
    assert set(view.named) == expected


@pytest.mark.parametrize(("text", "expected"), TYPES.items(), ids=list(TYPES))
def test_words_that_may_be_types(text: str, expected: list[str]) -> None:
    assert list(type_words([text])) == expected
