"""A stranger's better matches for all that a project's SQL calls: for every function, aggregate and operator in the emitted text, one
for each list of argument types that PostgreSQL's own would only take after a cast.

Each counts when it runs with the rights of anybody but its owner; a sequence counts also in what is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice, product
from typing import Any, NamedTuple

import psycopg

Connection = psycopg.Connection[Any]

PLANTER = "ts_planter"
_FAMILIES = (
    ("text", "character varying", "character", "name"),
    ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    ("date", "timestamp without time zone", "timestamp with time zone"),
    ("json", "jsonb"),
)
_ANY = (
    "text",
    "character varying",
    "integer",
    "bigint",
    "numeric",
    "timestamp with time zone",
    "uuid",
    "boolean",
    "jsonb",
)
_MOST = 60  # lists of arguments for one function of PostgreSQL's
_BODY = (
    "LANGUAGE plpgsql IMMUTABLE AS $body$ BEGIN IF current_user <> 'ts_planter' THEN PERFORM pg_catalog.nextval('public.ts_ran');"
    " RAISE WARNING 'PLANTED {what} ran as %', current_user; END IF; RETURN NULL; END $body$"
)
_CALL = re.compile(r"\b([a-z_][a-z0-9_]*)\s*\(")
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|?]+")
_REFUSED = re.compile(r"would run the (function|operator|aggregate) (.*) of the role ts_planter")

_UNCLEAR = re.compile(r"operator is not unique: .* ([-+*/<>=~!@#%^&|?]+) |function (\S+)\(.*\) is not unique")
_OF_ONE_NAME = """SELECT o.type, o.identity FROM (
  SELECT 'pg_operator'::regclass, p.oid FROM pg_operator AS p WHERE p.oprname = %s AND p.oprowner = 'ts_planter'::regrole
  UNION ALL SELECT 'pg_proc'::regclass, f.oid FROM pg_proc AS f WHERE f.proname = %s AND f.proowner = 'ts_planter'::regrole
) AS planted (class, oid) CROSS JOIN pg_identify_object(planted.class, planted.oid, 0) AS o"""


class Own(NamedTuple):
    """A function, aggregate or operator of PostgreSQL's own; `direct` arguments come before ORDER BY; -1 where there is none."""

    kind: str
    name: str
    arguments: tuple[str, ...]
    result: str
    direct: int


def make_planter(connection: Connection) -> None:
    """The role, what it may do, and the sequence that counts."""
    with suppress(psycopg.errors.DuplicateObject):
        connection.execute(f"CREATE ROLE {PLANTER}")
    connection.execute(
        "CREATE SCHEMA extra; GRANT CREATE, USAGE ON SCHEMA public, extra TO PUBLIC; CREATE SEQUENCE public.ts_ran"
    )
    connection.execute("GRANT USAGE ON SEQUENCE public.ts_ran TO PUBLIC")


def ran(connection: Connection) -> int:
    """How often something that was planted ran with others' rights."""
    row = connection.execute("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM public.ts_ran").fetchone()
    return row[0] if row else -1


def plant(connection: Connection, emitted: str, schema: str = "public") -> int:
    """Plants everything; returns how much of it stands. The connection's path must be PostgreSQL's own."""
    own = _own(connection, sorted(set(_CALL.findall(emitted))), sorted(set(_OPERATOR.findall(emitted))))
    statements = [statement for number, item in enumerate(own) for statement in _plants(number, item, schema)]
    connection.execute(f"SET ROLE {PLANTER}")
    connection.execute(
        "CREATE FUNCTION pg_temp.attempt(statements text[]) RETURNS int LANGUAGE plpgsql AS $$ DECLARE s text; made int := 0; BEGIN"
        " FOREACH s IN ARRAY statements LOOP BEGIN EXECUTE s; made := made + 1; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; RETURN made; END $$"
    )
    made = connection.execute("SELECT pg_temp.attempt(%s)", (statements,)).fetchone()
    connection.execute("DROP FUNCTION pg_temp.attempt(text[]); RESET ROLE")
    return made[0] if made else 0


def _own(connection: Connection, names: list[str], symbols: list[str]) -> list[Own]:
    functions = connection.execute(
        "SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, p.proname, string_to_array(oidvectortypes(p.proargtypes), ', '),"
        " format_type(p.prorettype, NULL), CASE a.aggkind WHEN 'o' THEN a.aggnumdirectargs ELSE -1 END"
        " FROM pg_proc AS p LEFT JOIN pg_aggregate AS a ON a.aggfnoid = p.oid"
        " WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%s) AND p.pronargs BETWEEN 1 AND 4"
        " AND p.prokind IN ('a', 'f') AND NOT p.proretset ORDER BY 2, 3",
        (names,),
    ).fetchall()
    operators = connection.execute(
        "SELECT 'operator', o.oprname, array_remove(ARRAY[nullif(o.oprleft, 0)::regtype::text, o.oprright::regtype::text], NULL),"
        " o.oprresult::regtype::text, -1 FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprname = ANY (%s)"
        " ORDER BY 2, 3",
        (symbols,),
    ).fetchall()
    return [
        Own(kind, name, tuple(arguments), result, direct)
        for kind, name, arguments, result, direct in functions + operators
    ]


def _plants(number: int, own: Own, schema: str) -> Iterator[str]:
    for place, types in enumerate(islice(product(*map(_options, own.arguments)), _MOST)):
        if types != own.arguments:
            yield from _plant(f"ts_{number}_{place}", own, types, schema)


def _options(type_: str) -> Iterable[str]:
    if type_ in ("anyarray", "anycompatiblearray"):
        return [f"{item}[]" for item in _ANY]
    if type_ == '"any"' or type_.startswith("any"):
        return _ANY
    return next((family for family in _FAMILIES if type_ in family), (type_,))


def _plant(helper: str, own: Own, types: tuple[str, ...], schema: str) -> Iterator[str]:
    listed = ", ".join(types)
    result = types[0] if own.result.startswith("any") else own.result
    result += "[]" if own.result == "anyarray" and not types[0].endswith("[]") else ""
    body = _BODY.replace("{what}", f"{own.name}({listed})")
    if own.kind == "function":
        yield f'CREATE FUNCTION {schema}."{own.name}"({listed}) RETURNS {result} {body}'
    elif own.kind == "operator":
        yield f"CREATE FUNCTION {schema}.{helper}({listed}) RETURNS {result} {body}"
        sides = ("RIGHTARG",) if len(types) == 1 else ("LEFTARG", "RIGHTARG")
        arguments = ", ".join(f"{side} = {type_}" for side, type_ in zip(sides, types, strict=True))
        yield f"CREATE OPERATOR {schema}.{own.name} ({arguments}, FUNCTION = {schema}.{helper})"
    elif own.direct < 0:
        yield f"CREATE FUNCTION {schema}.{helper}({result}, {listed}) RETURNS {result} {body}"
        yield f'CREATE AGGREGATE {schema}."{own.name}"({listed}) (SFUNC = {schema}.{helper}, STYPE = {result})'
    else:
        given, ordered = types[: own.direct], types[own.direct :]
        yield f"CREATE FUNCTION {schema}.{helper}({', '.join((result, *ordered))}) RETURNS {result} {body}"
        yield f"CREATE FUNCTION {schema}.{helper}_end({', '.join((result, *given))}) RETURNS {result} {body}"
        signature = f"{', '.join(given)} ORDER BY {', '.join(ordered)}"
        made = f"SFUNC = {schema}.{helper}, STYPE = {result}, FINALFUNC = {schema}.{helper}_end"
        yield f'CREATE AGGREGATE {schema}."{own.name}"({signature}) ({made})'


def uproot(connection: Connection, problem: Exception) -> str:
    """Drops what a deployment was refused for: what would have run, or all that fit a call as well as each other. Raises the problem
    where it was another one.
    """
    if found := _REFUSED.search(str(problem)):
        connection.execute(f"DROP {found[1].upper()} {found[2]}".encode())
        return found[2]
    if not (unclear := _UNCLEAR.search(str(problem))):
        raise problem
    listed = connection.execute(_OF_ONE_NAME, (unclear[1] or unclear[2],) * 2).fetchall()
    for kind, identity in listed:
        connection.execute(f"DROP {kind.upper()} {identity}".encode())
    return ""
