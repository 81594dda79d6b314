"""The SQL that never varies: ledger, log, grants, deployment, refresh, schedules, monitoring; installed into the stored schema and versioned as one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

from mvc.engines.postgres.runtime.declared import (
    Routine,
    Table,
    routines_of,
    sequences_of,
    tables_of,
    views_of,
    with_renewed_views,
)
from mvc.engines.postgres.runtime.generations import GENERATION, RETIRED, steps_sql
from mvc.quoting import identifier, literal
from mvc.version import VERSION

FIRST: Final = ("upgrade.sql", "dressing.sql")  # what makes way for the others
FILES: Final = (
    *FIRST,
    "tables.sql",
    "turns.sql",
    "door.sql",
    "access.sql",
    "deploy.sql",
    "switch.sql",
    "takeover.sql",
    "change_log.sql",
    "incremental_refresh.sql",
    "trust.sql",
    "proofs.sql",
    "dangling.sql",
    "dependencies.sql",
    "release.sql",
    "standbys.sql",
    "bad_rows.sql",
    "refresh.sql",
    "schedules.sql",
    "upstream.sql",
    "partitions.sql",
    "monitoring.sql",
    "renames.sql",
    "usage.sql",
    "names.sql",
)

_OWN_PATH: Final = (
    "SELECT pg_catalog.set_config('mvc.former_path', pg_catalog.current_setting('search_path'), true),"
    " pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)"
)
_FORMER_PATH: Final = "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('mvc.former_path'), true)"

# A digest of the functions and triggers as the server holds them, but for those that log changes of single tables, and of which
# views, tables with which columns, sequences and indexes of ours there are; `{home}` is the schema's name as a constant.
FUNCTIONS_DIGEST: Final = """(SELECT md5(string_agg(made.part, ';' ORDER BY made.part)) FROM (
  SELECT concat_ws(' ', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), p.prosrc, p.prosecdef, p.proconfig)
  FROM (SELECT * FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident({home})) OFFSET 0) AS p
  WHERE NOT (p.proname LIKE 'changes\\_%' AND p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype)
  UNION ALL SELECT concat_ws(' ', c.relname, c.relnatts) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = {home} AND c.relkind = 'v' AND c.relname IN ({views})
  UNION ALL SELECT concat_ws(' ', c.relname, c.relkind, a.attname) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
  WHERE n.nspname = {home} AND (c.relkind IN ('r', 'S') AND c.relname IN ({tables}) OR c.relkind = 'i' AND EXISTS (
    SELECT FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid WHERE x.indexrelid = c.oid AND t.relname IN ({tables})))
  UNION ALL SELECT concat_ws(' ', t.tgname, t.tgenabled) FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = {home} AND c.relname = 'refresh_log' AND NOT t.tgisinternal
) AS made (part))"""


def runtime_sql(schema: str) -> list[str]:
    """The runtime's statements for a schema of that name; each text may run again without harm, and over an older runtime."""
    texts = [_filled(with_renewed_views(text), schema) for text in _texts()]
    home, first = identifier(schema), len(FIRST)
    values = f"{literal(runtime_version())}, {functions_digest(schema)}, {GENERATION}, {literal(VERSION)}"
    statements = [
        *texts[:first],
        f"SELECT {home}.lock_views({_names(sorted(runtime_views()))})",
        _make_way(schema),
        *(_filled(text, schema) for text in steps_sql()),
        f"SELECT {home}.mend_tables({_tables(schema)})",
        *texts[first:],
        f"SELECT {home}.renew_views()",
        f"SELECT {home}.bring_views_back({_names((*sorted(runtime_views()), *RETIRED))})",
        f"SELECT {home}.renew_change_logs()",
        f"SELECT {home}.refuse_all_writes()",
        f"DELETE FROM {home}.installation",
        f"INSERT INTO {home}.installation (runtime, functions, generation, compiler) VALUES ({values})",
    ]
    return [_OWN_PATH, *statements, _FORMER_PATH]


def trust_sql(schema: str) -> str:
    """The functions that prove whose code runs (trust.sql), for another schema than one where something is stored; `is_trusted` is not among them."""
    return _filled(files("mvc.engines.postgres.runtime").joinpath("trust.sql").read_text(encoding="utf-8"), schema)


def on_own_path(statement: str) -> tuple[str, str, str]:
    """A statement of ours in which names mean PostgreSQL's own things, in a transaction of a project's path."""
    return _OWN_PATH, statement, _FORMER_PATH


def _make_way(schema: str) -> str:
    home = identifier(schema)
    declared = ",\n".join(json.dumps(routine.as_json(home), separators=(",", ":")) for routine in declared_routines())
    return f"SELECT {home}.make_way({GENERATION}, {literal(f'[{declared}]')}, {_names(RETIRED)})"


def _tables(schema: str) -> str:
    listed = [table.as_json(identifier(schema)) for table in declared_tables()]
    return literal(json.dumps(listed, separators=(",", ":")))


def _names(names: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, names))}]::name[]"


@cache
def declared_routines() -> tuple[Routine, ...]:
    """The routines that are always there; those that log the changes of single tables come later."""
    return tuple(routine for text in _texts() for routine in routines_of(text))


@cache
def body_digests(schema: str) -> tuple[str, ...]:
    """`name digest` of each of these, of what pg_proc.prosrc has for a schema of that name."""
    bodies = ((routine.name, _named(routine.body, schema)) for routine in declared_routines())
    return tuple(f"{name} {hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()}" for name, body in bodies)


@cache
def runtime_views() -> frozenset[str]:
    """The names of the views that the runtime itself has in the stored schema."""
    return frozenset(name for text in _texts() for name in views_of(text))


def functions_digest(schema: str) -> str:
    """A scalar subquery: the digest of the runtime's functions, triggers, views and tables in the schema."""
    kept = (*own_tables(), *(name for text in _texts() for name in sequences_of(text)))
    digest = FUNCTIONS_DIGEST.replace("{home}", literal(schema)).replace("{tables}", ", ".join(map(literal, kept)))
    return digest.replace("{views}", ", ".join(map(literal, sorted(runtime_views()))))


@cache
def runtime_version() -> str:
    """A digest of the runtime's own text."""
    return hashlib.sha256("\x00".join((*_texts(), *steps_sql())).encode()).hexdigest()[:16]


@cache
def own_tables() -> tuple[str, ...]:
    """The names of the runtime's own tables."""
    return tuple(table.name for table in declared_tables())


@cache
def declared_tables() -> tuple[Table, ...]:
    """The runtime's own tables with their columns."""
    return tuple(table for text in _texts() for table in tables_of(text))


@cache
def _texts() -> tuple[str, ...]:
    return tuple(files("mvc.engines.postgres.runtime").joinpath(name).read_text(encoding="utf-8") for name in FILES)


def _filled(text: str, schema: str) -> str:
    """`{schema}` is the schema's name as SQL; as a string constant `'{schema}'` is that SQL, `'{name}'` the bare name."""
    return _named(text.replace("$$", _dollar_tag(schema)), schema).strip()


def _named(text: str, schema: str) -> str:
    text = text.replace("'{schema}'", literal(identifier(schema))).replace("'{name}'", literal(schema))
    return text.replace("{schema}", identifier(schema))


def _dollar_tag(schema: str) -> str:
    """A dollar quote that the schema's name cannot end."""
    tag = "$$"
    while tag in schema:
        tag = f"${tag.strip('$')}q$"
    return tag
