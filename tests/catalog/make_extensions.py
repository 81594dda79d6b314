"""Writes `src/mvc/catalog/extensions.txt` from running servers. By hand: `python make_extensions.py URL [URL …]`, of empty databases."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import psycopg

TARGET = Path(__file__).resolve().parents[2] / "src" / "mvc" / "catalog" / "extensions.txt"
MEMBERS = """
SELECT e.extname, 'type', t.typname FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass
JOIN pg_type t ON t.oid = d.objid AND d.classid = 'pg_type'::regclass WHERE d.deptype = 'e' AND t.typname !~ '^_'
UNION SELECT e.extname, 'function', p.proname FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass
JOIN pg_proc p ON p.oid = d.objid AND d.classid = 'pg_proc'::regclass WHERE d.deptype = 'e' AND p.proname !~ '^(_|gbt_|gtrgm|gin_|g_int)'
UNION SELECT e.extname, 'class', a.amname || '/' || o.opcname FROM pg_depend d
JOIN pg_extension e ON d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass
JOIN pg_opclass o ON o.oid = d.objid AND d.classid = 'pg_opclass'::regclass JOIN pg_am a ON a.oid = o.opcmethod WHERE d.deptype = 'e'"""
Members = dict[str, dict[str, set[str]]]


def read(connection: psycopg.Connection[Any], found: Members) -> None:
    """Adds what the extensions of a server have."""
    for (name,) in connection.execute("SELECT name FROM pg_available_extensions").fetchall():
        with contextlib.suppress(psycopg.Error):
            connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}" CASCADE'.encode())
    for name, kind, member in connection.execute(MEMBERS.encode()).fetchall():
        found.setdefault(name, {}).setdefault(kind, set()).add(member)


def write(found: Members) -> str:
    """The file: a line for each extension, with its types, operator classes and functions."""
    kinds = ("type", "class", "function")
    return "".join(
        "\t".join((name, *(" ".join(sorted(found[name].get(kind, ()))) for kind in kinds))) + "\n"
        for name in sorted(found)
    )


def main(urls: list[str]) -> None:
    found: Members = {}
    for url in urls:
        with psycopg.connect(url, autocommit=True) as connection:
            read(connection, found)
    TARGET.write_text(write(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
