"""What the body of a function reads by a name alone, as DDL says it."""

from __future__ import annotations

import pytest

from mvc.catalog.ddl import read_ddl

BODIES = {  # what is after the signature of f(int), and what it reads late
    "LANGUAGE sql AS 'SELECT 1 FROM t'": ("t",),
    'LANGUAGE sql AS \'SELECT 1 FROM ONLY "Odd ""t" JOIN U ON true\'': ('Odd "t', "u"),
    "LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT n FROM t); END $$": ("t",),
    "LANGUAGE sql SET search_path = public AS 'SELECT 1 FROM t'": ("t",),
    "LANGUAGE sql SET work_mem = '1MB' AS 'SELECT 1 FROM t'": ("t",),
    "LANGUAGE sql SET search_path = public, pg_temp AS 'SELECT 1 FROM t'": (),
    "LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT 1 FROM t'": (),
    "LANGUAGE sql AS 'SELECT 1 FROM public.t, f(2) JOIN g(1) ON true'": (),
    "LANGUAGE sql AS 'WITH t AS (SELECT 1) SELECT 1 FROM t'": (),
    "LANGUAGE sql RETURN 1": (),
    "LANGUAGE c AS 'lib', 'from t'": (),
}


@pytest.mark.parametrize("made", BODIES)
def test_of_a_function(made: str):
    catalog, findings = read_ddl({"s.sql": f"CREATE FUNCTION f(int) RETURNS int {made};"})
    assert list(findings) == []
    assert [item.late for item in catalog.functions] == [BODIES[made]]


@pytest.mark.parametrize(
    ("change", "late"),
    [
        ("ALTER FUNCTION f(int) SET search_path = public, pg_temp", ()),
        ("ALTER FUNCTION f SET search_path FROM CURRENT", ()),
        ("ALTER FUNCTION f(int) SET search_path = public", ("t",)),
        ("ALTER FUNCTION f(text) SET search_path = public, pg_temp", ("t",)),
        ("ALTER FUNCTION f(int) STABLE", ("t",)),
    ],
)
def test_of_one_that_is_altered(change: str, late: tuple[str, ...]):
    catalog, _ = read_ddl({"s.sql": f"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1 FROM t'; {change};"})
    assert [item.late for item in catalog.functions] == [late]
