"""What of an expression changes with time alone, and what changes for reasons that nobody can know."""

import pytest

import mvc
from mvc.analysis.names.functions import Functions
from mvc.analysis.refresh.clock import at_moment, reads_clock, unpredictable
from mvc.expression import parse_expression

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, at timestamptz, day date, "now" date, "current_date" date);
CREATE FUNCTION fixed(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION looks_up(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
CREATE FUNCTION rolls() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION now(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
"""
FUNCTIONS = Functions(
    mvc.load(
        {
            "mvc.yml": "catalog: s.sql\n",
            "s.sql": SCHEMA,
            "views/v.yml": "view: v\nsources: {t: {table: t}}\ndimensions: {id: t.id}\n",
        }
    ).catalog
)


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        ("now()", "(M)::timestamptz"),
        ("NOW ( )", "(M)::timestamptz"),
        ('"now"()', "(M)::timestamptz"),
        ("transaction_timestamp()", "(M)::timestamptz"),
        ("CURRENT_DATE - 1", "(M)::date - 1"),
        ("t.day<current_date", "t.day<(M)::date"),
        ("CURRENT_TIMESTAMP(3)", "(M)::timestamptz(3)"),
        ("CURRENT_TIME", "(M)::timetz"),
        ("LOCALTIME", "(M)::time"),
        ("localtimestamp( 0 )", "(M)::timestamp(0)"),
        ("t.now < now()", "t.now < (M)::timestamptz"),
        ("now() - 'now()'::text::interval", "(M)::timestamptz - 'now()'::text::interval"),
        ("CASE WHEN t.day = CURRENT_DATE THEN now() END", "CASE WHEN t.day = (M)::date THEN (M)::timestamptz END"),
    ],
)
def test_what_reads_the_clock_has_a_form_for_another_moment(text: str, earlier: str):
    expression = parse_expression(text)
    assert reads_clock(expression)
    assert at_moment(expression, "M") == earlier
    assert not reads_clock(parse_expression(earlier.replace("M", "t.at")))


@pytest.mark.parametrize(
    "text",
    ['t."now"', "t.now", 't."current_date"', "t.current_date", '"current_date"', "'CURRENT_DATE'", "E'current_date'", "$$now()$$", "now(1)", "pg_catalog.now()"],
)  # fmt: skip
def test_what_only_looks_like_it_does_not(text: str):
    expression = parse_expression(text)
    assert not reads_clock(expression)
    assert at_moment(expression, "M") == text


@pytest.mark.parametrize(
    "text",
    [
        "now()",
        "CURRENT_TIMESTAMP(3)",
        "LOCALTIME",
        "date_trunc('month', t.at)",
        "to_char(t.at, 'YYYY')",
        "t.at::date",
        "age(t.at, t.day)",
        "fixed(t.id)",
        "upper('nowhere')",
        "'the offer that ends today'",
        't."user"',
        "t.user",
    ],
)
def test_what_follows_from_the_row_and_the_clock(text: str):
    assert unpredictable(parse_expression(text), FUNCTIONS) == ""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("'now'::timestamptz", "the string 'now', which may mean the moment"),
        ("t.day = ' Today '", "the string ' Today ', which may mean the moment"),
        ("E'tomorrow'::date", "the string 'tomorrow', which may mean the moment"),
        ("$$yesterday$$::date", "the string 'yesterday', which may mean the moment"),
        ("timestamp 'today 10:00'", "the string 'today 10:00', which may mean the moment"),
        ("current_user", "current_user"),
        ("t.id::text = SESSION_USER", "session_user"),
        ("random()", "random()"),
        ("clock_timestamp()", "clock_timestamp()"),
        ("statement_timestamp()", "statement_timestamp()"),
        ("timeofday()", "timeofday()"),
        ("age(t.at)", "age()"),
        ("pg_catalog.now()", "now()"),
        ("current_setting('app.user')", "current_setting()"),
        ("pg_backend_pid()", "pg_backend_pid()"),
        ("has_table_privilege('t', 'SELECT')", "has_table_privilege()"),
        ("table_to_xml('t', true, false, '')::text", "table_to_xml()"),
        ("database_to_xml(true, false, '')::text", "database_to_xml()"),
        ("obj_description(t.id, 'pg_class')", "obj_description()"),
        ("format_type(t.id, NULL)", "format_type()"),
        ("to_regclass('t')::oid", "to_regclass()"),
        ("row_security_active('t')", "row_security_active()"),
        ("t.id::regclass::text", "regclass"),
        ("CAST(t.id AS regrole)::text", "regrole"),
        ("SYSTEM_USER", "system_user"),
        ("looks_up(t.id)", "looks_up()"),
        ("public.looks_up(t.id)", "looks_up()"),
        ("rolls()", "rolls()"),
        ("fixed(rolls())", "rolls()"),
    ],
)
def test_what_nobody_can_know(text: str, what: str):
    assert unpredictable(parse_expression(text), FUNCTIONS) == what
