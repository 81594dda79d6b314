"""Writes `src/mvc/catalog/operators.txt` from running servers. By hand: `python make_operators.py URL [URL …]`, oldest first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg

TARGET = Path(__file__).resolve().parents[2] / "src" / "mvc" / "catalog" / "operators.txt"

# Types as `format_type()` has them; those of the implementation (cstring, internal, …) are not worth a line.
QUERIES = (
    """
SELECT 'type', t.typname, pg_catalog.format_type(t.oid, NULL), t.typcategory::text, CASE WHEN t.typispreferred THEN '!' ELSE '' END,
       CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN pg_catalog.format_type(t.typelem, NULL) ELSE '' END
FROM pg_catalog.pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r', 'm', 'p')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typtype = 'c')""",
    """
SELECT 'range', '', pg_catalog.format_type(r.rngtypid, NULL), pg_catalog.format_type(r.rngsubtype, NULL),
       pg_catalog.format_type(r.rngmultitypid, NULL), '' FROM pg_catalog.pg_range r
WHERE r.rngtypid < 16384""",
    """
SELECT 'cast', '', pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL), c.castcontext::text, ''
FROM pg_catalog.pg_cast c WHERE c.oid < 16384""",
    """
SELECT 'operator', o.oprname, coalesce(pg_catalog.format_type(nullif(o.oprleft, 0), NULL), ''), pg_catalog.format_type(o.oprright, NULL),
       pg_catalog.format_type(o.oprresult, NULL), ''
FROM pg_catalog.pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprcode <> 0""",
    """
SELECT 'class', a.amname, c.opcname, pg_catalog.format_type(c.opcintype, NULL), CASE WHEN c.opcdefault THEN '!' ELSE '' END, ''
FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_am a ON a.oid = c.opcmethod WHERE c.opcnamespace = 'pg_catalog'::regnamespace""",
)


def read(connection: psycopg.Connection[Any]) -> set[tuple[str, ...]]:
    """The lines that a server gives."""
    return {tuple(row) for query in QUERIES for row in connection.execute(query.encode()).fetchall()}


def write(lines: set[tuple[str, ...]]) -> str:
    """The file: a line each, in order, without empty cells at its end."""
    return "".join("\t".join(line).rstrip("\t") + "\n" for line in sorted(lines))


def main(urls: list[str]) -> None:
    lines: set[tuple[str, ...]] = set()
    for url in urls:
        with psycopg.connect(url) as connection:
            lines |= read(connection)
    TARGET.write_text(write(lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
