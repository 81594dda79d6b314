"""The names of columns without AS: what is said of them is what a server says, in bodies and in views of the database."""

from __future__ import annotations

import pytest

from analysis.projects import resolve_sql
from mvc.catalog.ddl import read_ddl
from mvc.sql.outputs import UNNAMED, output_names, query_names

TABLES = """
CREATE DOMAIN d AS text; CREATE DOMAIN "Mixed" AS text; CREATE SEQUENCE s; CREATE TYPE x AS (y int[]); CREATE TYPE r AS (x x);
CREATE TYPE fr AS (a int, b int); CREATE FUNCTION f(int) RETURNS fr LANGUAGE sql AS 'select 1, 2';
CREATE TABLE t (id int PRIMARY KEY, b text, "Ä b" int, a int[], j jsonb, r r);
"""
NAMES = {
    "id": [
        "t.id",
        "id",
        "public.t.id",
        "(t).id",
        "id::text",
        "CASE WHEN true THEN 1 ELSE id END",
        "(SELECT id FROM t LIMIT 1)",
    ],
    "Ä b": ['"Ä b"'],
    "y": ["(r).x.y"],
    "a": ["a[1]", "a[1:2]"],
    "b": ["(f(1)).b", "b::varchar(3)", 'b COLLATE "C"', "b::regclass::text"],
    "lower": ["lower(b)", "pg_catalog.lower(b)", "lower(b)::int", 'lower(b) COLLATE "C"'],
    "now": ["now()", "now()::date"],
    "count": ["count(*)", "count(*) FILTER (WHERE true)"],
    "sum": ["sum(id) OVER ()"],
    "percentile_cont": ["percentile_cont(0.5) WITHIN GROUP (ORDER BY id)"],
    "nullif": ["nullif(id, 1)"],
    "coalesce": ["coalesce(b, 'x')"],
    "greatest": ["greatest(id, 1)"],
    "least": ["least(id, 1)"],
    UNNAMED: [
        "id + 1",
        "-id",
        "NOT true",
        "true",
        "false",
        "NULL",
        "1",
        "1.5",
        "'x'",
        "(SELECT 1)",
        "(SELECT 1)::text",
        "id IN (1)",
        "id IN (SELECT 1)",
        "id = ANY (ARRAY[1])",
        "id BETWEEN 1 AND 2",
        "b LIKE 'x'",
        "b LIKE 'x' ESCAPE '!'",
        "b ILIKE 'x'",
        "b SIMILAR TO 'x'",
        "b ~ 'x'",
        "b IS NULL",
        "id IS DISTINCT FROM 1",
        "b || 'x'",
        "5 % 2",
        "2 ^ 2",
        "j -> 'a'",
        "j ->> 'a'",
        "j #> '{a}'",
        "a || a",
        "(a || a)[1]",
        "@ id",
    ],
    "int4": ["1::int", "'1'::int4", "'{1}'::int[]"],
    "int8": ["'1'::bigint", "CAST(id + 1 AS bigint)"],
    "text": ["'x'::text", "(id + 1)::text", "(CASE WHEN true THEN 1 END)::text"],
    "bpchar": ["'x'::char(3)", "'x'::bpchar"],
    "d": ["'x'::public.d"],
    "Mixed": ["'x'::\"Mixed\""],
    "float8": ["1::double precision", "1::float", "float8 '1'"],
    "numeric": ["1::decimal"],
    "float4": ["1::real"],
    "timestamptz": ["'2020-01-01'::timestamp with time zone"],
    "timestamp": ["'2020-01-01'::timestamp", "timestamp '2020-01-01'"],
    "time": ["'10:00'::time"],
    "date": ["date '2020-01-01'"],
    "interval": ["interval '1 day'", "interval '1' day"],
    "bool": ["bool 'true'"],
    "case": [
        "CASE WHEN true THEN 1 END",
        "CASE WHEN true THEN 1 ELSE id + 1 END",
        "CASE WHEN true THEN 1 ELSE 2::text::int END",
    ],
    "array": ["ARRAY[1, 2]", "ARRAY[id]", "ARRAY(SELECT 1)"],
    "row": ["ROW(1, 2)", "(1, 2)"],
    "exists": ["EXISTS (SELECT 1)"],
    "max": ["(SELECT max(id) FROM t)"],
    "n": ["(SELECT 1 AS n)", "(SELECT 1 AS n UNION SELECT 2)"],
    "column1": ["(VALUES (1))"],
    "q": ["(WITH w AS (SELECT 1 AS q) SELECT q FROM w)"],
    "current_date": ["current_date"],
    "current_time": ["current_time"],
    "current_timestamp": ["current_timestamp", "current_timestamp(3)"],
    "localtime": ["localtime"],
    "localtimestamp": ["localtimestamp", "localtimestamp(0)"],
    "current_user": ["current_user"],
    "session_user": ["session_user"],
    "user": ["user"],
    "current_role": ["current_role"],
    "current_catalog": ["current_catalog"],
    "current_schema": ["current_schema"],
    "timezone": ["now() AT TIME ZONE 'UTC'", "(now() AT TIME ZONE 'UTC')::date"],
    "extract": ["extract(year FROM now())"],
    "date_part": ["date_part('year', now())"],
    "substring": ["substring(b FROM 1 FOR 2)", "substring(b, 1, 2)"],
    "substr": ["substr(b, 1)"],
    "position": ["position('a' IN b)"],
    "strpos": ["strpos(b, 'a')"],
    "overlay": ["overlay(b PLACING 'x' FROM 1)"],
    "btrim": ["trim(b)", "trim(both 'x' FROM b)", "btrim(b)"],
    "ltrim": ["trim(leading FROM b)", "ltrim(b)"],
    "rtrim": ["trim(trailing 'x' FROM b)"],
    "normalize": ["normalize(b)"],
    "is_normalized": ["b IS NORMALIZED"],
    "ceil": ["ceil(1.5)"],
    "ceiling": ["ceiling(1.5)"],
    "floor": ["floor(1.5)"],
    "chr": ["chr(65)"],
    "initcap": ["initcap(b)"],
    "char_length": ["char_length(b)"],
    "character_length": ["character_length(b)"],
    "length": ["length(b)"],
    "power": ["power(2, 2)"],
    "pow": ["pow(2, 2)"],
    "mod": ["mod(5, 2)"],
    "round": ["round(1.5)"],
    "trunc": ["trunc(1.5)"],
    "sign": ["sign(1)"],
    "abs": ["abs(id)"],
    "concat": ["concat(b, b)"],
    "concat_ws": ["concat_ws(',', b)"],
    "left": ["left(b, 1)"],
    "right": ["right(b, 1)"],
    "replace": ["replace(b, 'a', 'b')"],
    "split_part": ["split_part(b, ',', 1)"],
    "to_char": ["to_char(now(), 'YYYY')"],
    "to_date": ["to_date('2020', 'YYYY')"],
    "date_trunc": ["date_trunc('day', now())"],
    "date_bin": ["date_bin('1 day', now(), now())"],
    "make_date": ["make_date(2020, 1, 1)"],
    "age": ["age(now())"],
    "string_agg": ["string_agg(b, ',')"],
    "array_agg": ["array_agg(id)"],
    "json_agg": ["json_agg(id)"],
    "jsonb_agg": ["jsonb_agg(id)"],
    "json_build_object": ["json_build_object('a', 1)"],
    "to_json": ["to_json(id)"],
    "row_to_json": ["row_to_json(t)"],
    "bool_and": ["bool_and(true)"],
    "every": ["every(true)"],
    "stddev": ["stddev(id)"],
    "variance": ["variance(id)"],
    "mode": ["mode() WITHIN GROUP (ORDER BY id)"],
    "rank": ["rank() OVER (ORDER BY id)"],
    "lag": ["lag(id) OVER ()"],
    "row_number": ["row_number() OVER ()"],
    "first_value": ["first_value(id) OVER ()"],
    "j": ["j['a']"],
    "md5": ["md5(b)"],
    "random": ["random()"],
    "gen_random_uuid": ["gen_random_uuid()"],
    "unnest": ["unnest(a)"],
    "generate_series": ["generate_series(1, 2)"],
    "cardinality": ["cardinality(a)"],
    "array_length": ["array_length(a, 1)"],
    "t": ["t"],
    "pg_collation_for": ["COLLATION FOR (b)"],
    "pg_typeof": ["pg_typeof(id)"],
    "regexp_replace": ["regexp_replace(b, 'a', 'b')"],
    "starts_with": ["starts_with(b, 'a')"],
    "reverse": ["reverse(b)"],
    "log": ["log(2)"],
    "ln": ["ln(2)"],
    "exp": ["exp(1)"],
    "sqrt": ["sqrt(4)"],
    "width_bucket": ["width_bucket(1, 0, 1, 2)"],
    "encode": ["encode('x', 'hex')"],
    "decode": ["decode('00', 'hex')"],
    "nextval": ["nextval('s')"],
}
NEWER = {
    "x": ["(r).x[1]"],
    UNNAMED: ["1_000", "id::inet >>= '1'"],
    "timezone": ["now() AT LOCAL"],
    "grouping": ["GROUPING(id)"],
}
XML = {
    "xmlelement": ["xmlelement(name a)"],
    "xmlforest": ["xmlforest(b AS c)"],
    "xmlconcat": ["xmlconcat('<a/>')"],
    "xmlroot": ["xmlroot(x, version '1')"],
}
JSON = {
    "json": ["JSON('1')"],
    "json_scalar": ["JSON_SCALAR(1)"],
    "json_serialize": ["JSON_SERIALIZE('1')"],
    "json_object": ["JSON_OBJECT('a': 1)"],
    "json_array": ["JSON_ARRAY(1)", "JSON_ARRAY(SELECT 1)"],
    "json_objectagg": ["JSON_OBJECTAGG(a: b)"],
    "json_arrayagg": ["JSON_ARRAYAGG(a)"],
    "json_exists": ["JSON_EXISTS(j, '$')"],
    "json_value": ["JSON_VALUE(j, '$')"],
    "json_query": ["JSON_QUERY(j, '$')"],
}


def listed(*tables):
    return [(expression, name) for table in tables for name, items in table.items() for expression in items]


def test_a_server_says_the_same(database):
    connection = database.connect()
    connection.execute(TABLES.encode())
    for expression, name in listed(NAMES):
        shown = connection.execute(f"SELECT {expression} FROM t LIMIT 0".encode()).description
        assert (expression, shown[0].name) == (expression, name)


@pytest.mark.parametrize(("expression", "name"), listed(NAMES, NEWER, XML, JSON))
def test_of_an_expression(expression, name):
    assert query_names(f"SELECT {expression}, 1 AS one FROM t") == (name, "one")


def test_of_views_of_the_database():
    pairs = listed(NAMES)
    views = "".join(
        f"CREATE VIEW v{number} AS SELECT {text}, 1 AS one FROM t;" for number, (text, _) in enumerate(pairs)
    )
    catalog, found = read_ddl({"a.sql": TABLES + views})
    assert found == ()
    names = [catalog.by_name["public", f"v{number}"].columns[0].name for number in range(len(pairs))]
    assert list(zip([text for text, _ in pairs], names, strict=True)) == pairs


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("mod(id, 2)", "mod"),
        ("date_part('year', now())", "date_part"),
        ("decode(b, 'hex')", "decode"),
        ("localtime", "localtime"),
        ("session_user", "session_user"),
        ("current_schema", "current_schema"),
        ("'x'::\"Mixed\"", "Mixed"),
        ("(VALUES (1))", "column1"),
        ("CASE WHEN id > 1 THEN 1 ELSE id END", "id"),
    ],
)
def test_of_bodies(expression, name):
    """Whole ones, and what is below them: a name there is one that can be read."""
    whole = resolve_sql(f"SELECT id AS key, {expression} FROM t", grain="[key]", schema=TABLES)
    assert [column.name for column in whole.views["v"].columns] == ["key", name]
    inner = f'WITH w AS (SELECT id AS key, {expression} FROM t) SELECT w.key, w."{name}" FROM w'
    assert [column.name for column in resolve_sql(inner, grain="[key]", schema=TABLES).views["v"].columns] == [
        "key",
        name,
    ]


@pytest.mark.parametrize("expression", ["true", "(SELECT 1)::text", "id + 1", "NOT b IS NULL"])
def test_what_has_no_name(expression):
    result = resolve_sql(f"SELECT id, {expression} FROM t", schema=TABLES)
    assert result.codes == ["MV214"]


def test_of_many_lists():
    sql = """
    WITH a AS (SELECT mod(1, 2), 2), b (n) AS (SELECT lower('x') UNION SELECT upper('x'))
    SELECT DISTINCT ON ((SELECT max(1))) *, (SELECT min(1)), a.mod FROM a, (SELECT now(), 1 AS x) s
    JOIN b ON EXISTS (SELECT 1 WHERE (SELECT true)) WHERE 1 IN (SELECT abs(1)) ORDER BY (SELECT exp(1))
    """
    assert output_names(sql) == (
        ("mod", UNNAMED),
        ("lower",),
        ("upper",),
        (None, "min", "mod"),
        ("max",),
        ("min",),
        ("now", "x"),
        (UNNAMED,),
        (UNNAMED,),
        ("abs",),
        ("exp",),
    )
    assert query_names(sql) == (None, "min", "mod")
    assert query_names("VALUES (1, 2)") == ("column1", "column2")
    assert query_names("SELECT FROM WHERE") is None
    assert output_names("DELETE FROM t") is None


def test_a_view_that_only_postgresql_reads_has_the_names_of_its_columns():
    catalog, found = read_ddl(
        {"a.sql": "CREATE VIEW v (first) AS SELECT 1, now() AT LOCAL, '1'::inet >>= '1' AS within"}
    )
    assert found == ()
    assert [column.name for column in catalog.relations[0].columns] == ["first", "timezone", "within"]
