"""Texts that sqlglot reads and PostgreSQL does not are findings, at the token where PostgreSQL stops; what it takes stays taken."""

from __future__ import annotations

import pytest

import mvc
from mvc.diagnostics import ProjectError
from mvc.expression import ExpressionError
from mvc.expression.grammar import check_query, check_value
from mvc.sql import parser

# A text, and the part of it that is named.
WRONG = (
    ("a IN ()", ")"),
    ("a IN (1, 2, )", ")"),
    ("a IN 'x'", "'x'"),
    ("DATE 2026-01-01", "2026"),
    ("now() - INTERVAL 30 DAY", "30"),
    ("a RLIKE b", "RLIKE"),
    ("TRY_CAST(a AS int)", "AS"),
    ("count(DISTINCT *)", "*"),
    ("a = b = c", "="),
    ("coalesce(a, )", ")"),
    ("CASE WHEN a THEN 1", "1"),
    ("a ==", "=="),
    ("a) + (b", ")"),
    ("'é' || a b", "b"),
    ("1 AS one", "AS"),
)
RIGHT = (
    "a",
    '"order"."user"',
    "a::numeric(10,2)[]",
    "a IS NOT DISTINCT FROM b",
    "(SELECT max(x) FROM t)",
    "(ARRAY[1, 2])[1]",
    "a -- why",
    "a /* why */",
    "extract(epoch FROM a)",
    "a AT TIME ZONE 'UTC'",
    "interval '1 day' * 3",
    "CASE a WHEN 1 THEN 2 END",
    "a ~* 'x' AND NOT b",
    "E'\\n' || U&'d\\0061t'",
    "overlay(a PLACING 'b' FROM 2)",
    "(a, b) OVERLAPS (c, d)",
    "a OPERATOR(pg_catalog.+) b",
    "xmlelement(name x, a)",
    "json_object('a' VALUE 1)",
    "count(*) FILTER (WHERE a > 1)",
    "percentile_cont(0.5) WITHIN GROUP (ORDER BY a)",
    "sum(a) OVER (PARTITION BY b ORDER BY c ROWS 2 PRECEDING)",
    "a = ANY ('{1,2}'::int[])",
    "a -> 'b' ->> 'c'",
    "$$text$$",
    "1_000",
    "0x1f",
    "@ a",
    "a >>= b",
    "now() AT LOCAL",
    "ROW(a, b)",
    "(t).x",
    'a COLLATE "C"',
)


@pytest.mark.parametrize(("text", "named"), WRONG)
def test_what_it_does_not_take_is_named_where_it_stops(text, named):
    with pytest.raises(ExpressionError) as refused:
        check_value(text)
    assert text[refused.value.start : refused.value.end] == named
    assert refused.value.code == "MV101"


@pytest.mark.parametrize("text", RIGHT)
def test_what_it_takes_is_no_finding(text):
    check_value(text)


@pytest.mark.parametrize(
    "text",
    ["a", "SELECT 1 AS x FROM", "SELECT 1 AS x; SELECT 2", "SELECT 1, AS x", "WITH a AS (SELECT 1) DELETE FROM t"],
)
def test_what_is_no_query(text):
    with pytest.raises(ExpressionError):
        check_query(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "TABLE t",
        "VALUES (1)",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
    ],
)
def test_what_is_one(text):
    check_query(text)


FILES = {
    "mvc.yml": "project: p\ncatalog: s.sql\n",
    "s.sql": "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text);",
}
VIEW = "view: v\nsources: {t: {table: t}}\ndimensions: {id: t.id}\n"


def errors(view: str) -> list[tuple[str, str, int, int]]:
    try:
        mvc.compile(mvc.load({**FILES, "views/v.yml": view}))
    except ProjectError as problem:
        return [(item.code, item.title, item.span.line, item.span.column) for item in problem.diagnostics]
    return []


def test_a_condition_of_a_view_is_refused_at_its_token():
    assert errors(f"{VIEW}where: t.b = TRY_CAST(t.a AS text)\n") == [
        ("MV101", "PostgreSQL cannot read this expression near `AS`", 4, 27)
    ]


def test_a_body_is_too():
    found = errors("view: v\ngrain: [id]\nsql: |\n  SELECT t.id\n  FROM t LIMIT 5, 10\n")
    assert found == [("MV101", "PostgreSQL cannot read this query near `LIMIT`", 5, 10)]


def test_without_a_parser_the_compiler_says_what_it_said(monkeypatch):
    monkeypatch.setattr(parser, "_library", lambda: None)
    assert errors(f"{VIEW}where: t.a IN (1, 2)\n") == []


def test_check_says_once_that_it_was_not_asked(tmp_path, monkeypatch, capsys):
    from mvc.cli.main import main

    for path, text in {**FILES, "views/v.yml": VIEW}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    assert main(["--project", str(tmp_path), "check"]) == 0
    assert "grammar was not asked" not in capsys.readouterr().err
    monkeypatch.setattr(parser, "_library", lambda: None)
    assert main(["--project", str(tmp_path), "check"]) == 0
    assert capsys.readouterr().err.count("PostgreSQL's own grammar was not asked") == 1
