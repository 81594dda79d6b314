"""What helps against the commonest refusals of a server, by what it says. The texts are PostgreSQL 18's."""

from __future__ import annotations

import pytest

from mvc.engines.postgres.server.errors import ServerRefusal
from mvc.engines.postgres.server.refusal_mends import refusal_mend

SAID = (
    ("42883", "operator does not exist: text = bigint", "(…)::text = …"),
    ("42883", "function date_part(text, integer) does not exist", "(text, integer)"),
    ("42883", "function lower(unknown) does not exist", "'…'::text"),
    ("42804", "argument of WHERE must be type boolean, not type text", "IS NOT NULL"),
    ("42804", "CASE types integer and text cannot be matched", "(…)::integer"),
    ("42703", 'column "paid" does not exist', "single quotes"),
    ("42P01", 'relation "orderz" does not exist', "DDL of orderz"),
    ("42704", 'type "nummeric" does not exist', "nummeric"),
    ("42725", "function round(unknown) is not unique", "cast the arguments"),
    ("42P18", "could not determine data type of parameter $1", "NULL::text"),
    ("22P02", 'invalid input value for enum status: "payd"', "no `payd`"),
    ("22P02", 'invalid input syntax for type integer: "a"', "`a` is no integer"),
    ("22008", 'date/time field value out of range: "2026-02-30"', "2026-02-30"),
    ("22012", "division by zero", "nullif"),
    ("42803", 'column "o.id" must appear in the GROUP BY clause or be used in an aggregate function', "max(o.id)"),
    ("42P17", "functions in index expression must be marked IMMUTABLE", "AT TIME ZONE"),
    ("21000", "more than one row returned by a subquery used as an expression", "one row"),
)


@pytest.mark.parametrize(("sqlstate", "message", "part"), SAID)
def test_a_refusal_has_its_mend(sqlstate, message, part):
    assert part in refusal_mend(ServerRefusal(sqlstate, message, "", "", 0))


@pytest.mark.parametrize(("sqlstate", "message"), [("XX000", "cache lookup failed"), ("42883", "function f() is odd")])
def test_what_is_not_known_gets_none(sqlstate, message):
    assert refusal_mend(ServerRefusal(sqlstate, message, "", "", 0)) == ""
