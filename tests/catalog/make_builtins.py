"""Writes `src/mvc/catalog/builtins.txt` from running servers. By hand: `python make_builtins.py URL [URL …]`, oldest first.

`test_builtins` checks that what stands in the file is what the servers say.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

TARGET = Path(__file__).resolve().parents[2] / "src" / "mvc" / "catalog" / "builtins.txt"

# Functions new in 17, for whoever has servers of 16 and 18 only (release notes of 17, section E.*.3.4; CI compares with a 17).
NEW_IN_17 = frozenset(
    [
        "to_bin",
        "to_oct",
        "random",
        "uuid_extract_timestamp",
        "uuid_extract_version",
        "unicode_assigned",
        "unicode_version",
        "icu_unicode_version",
        "xmltext",
        "to_regtypemod",
        "pg_basetype",
        "pg_column_toast_chunk_id",
        "pg_available_wal_summaries",
        "pg_wal_summary_contents",
        "pg_get_wal_summarizer_state",
        "pg_sync_replication_slots",
        "pg_stat_reset_slru",
        "pg_get_wait_events",
        "jsonb_populate_record_valid",
    ]
)

# What implements types, operators, aggregates and index methods; it is known by its name and no more.
HIDDEN = """
    coalesce(pg_catalog.obj_description(p.oid, 'pg_proc'), '') ~ '^(implementation of .* operator|I/O|hash$|sort support'
        '|skip support|less-equal-greater|larger of two|smaller of two|aggregate .* function|.*selectivity|GiST|GIN|SP-GiST'
        '|BRIN|internal conversion|window RANGE support|for use by pg_upgrade|\\(internal\\)|statistics: |equal image'
        '|planner support|referential integrity)'
    OR p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'trigger', 'event_trigger']::regtype[]::oid[]
    OR p.prorettype = ANY (ARRAY['internal', 'cstring', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler',
        'tsm_handler', 'index_am_handler', 'table_am_handler']::regtype[]::oid[])"""

QUERY = f"""
SELECT p.proname,
       ARRAY(SELECT pg_catalog.format_type(a.type, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, place)
             ORDER BY a.place),
       pg_catalog.format_type(p.prorettype, NULL), p.prokind::text, p.provolatile::text, p.proretset,
       p.provariadic <> 0, p.pronargdefaults::int, {HIDDEN}
FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace"""


class Signature(NamedTuple):
    name: str
    arguments: tuple[str, ...]


class Entry(NamedTuple):
    returns: str
    kind: str
    volatility: str
    returns_set: bool
    variadic: bool
    defaults: int

    def text(self, signature: Signature, since: int, until: int) -> str:
        flags = self.kind + self.volatility + "*" * self.returns_set + "+" * self.variadic
        flags += str(self.defaults) if self.defaults else ""
        flags += (f">{since}" if since else "") + (f"<{until}" if until else "")
        return "|".join((flags, ",".join(signature.arguments), self.returns))


def read(connection: psycopg.Connection[Any]) -> tuple[dict[Signature, Entry], set[str]]:
    """The functions of a server that people call, and the names of all others."""
    called: dict[Signature, Entry] = {}
    hidden: set[str] = set()
    for name, arguments, *entry, is_hidden in connection.execute(QUERY.encode()).fetchall():
        if is_hidden:
            hidden.add(name)
        else:
            called[Signature(name, tuple(arguments))] = Entry(*entry)
    return called, hidden


def write(servers: dict[int, tuple[dict[Signature, Entry], set[str]]]) -> str:
    majors = sorted(servers)
    entries: dict[Signature, Entry] = {}
    for major in majors:
        entries.update(servers[major][0])
    by_name: dict[str, list[str]] = {}
    for signature in sorted(entries):
        there = [major for major in majors if signature in servers[major][0]]
        since = 0 if there[0] == majors[0] else there[0]
        since = 17 if since == 18 and signature.name in NEW_IN_17 else since
        until = 0 if there[-1] == majors[-1] else there[-1]
        by_name.setdefault(signature.name, []).append(entries[signature].text(signature, since, until))
    hidden = sorted(set().union(*(names for _, names in servers.values())) - by_name.keys())
    lines = ["\t".join((name, *texts)) for name, texts in sorted(by_name.items())]
    return "\n".join((" ".join(hidden), *lines)) + "\n"


def main(urls: list[str]) -> None:
    servers = {}
    for url in urls:
        with psycopg.connect(url) as connection:
            servers[connection.info.server_version // 10000] = read(connection)
    TARGET.write_text(write(servers), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
