"""Which generation of the runtime a database has: a command and a database that are not of the same one say so, before anything fails."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import psycopg

from mvc.engines.postgres.runtime import body_digests, runtime_version
from mvc.engines.postgres.runtime.generations import GENERATION
from mvc.engines.postgres.server.errors import ServerError
from mvc.quoting import qualified
from mvc.version import VERSION

# Until the third generation it was not written down: the tables tell. NULL where there is no runtime.
_SHAPE: Final = """
SELECT CASE
  WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = of.installation AND a.attname = 'generation') THEN 4
  WHEN of.watched_table IS NOT NULL THEN 3 WHEN of.deployment IS NOT NULL THEN 2 WHEN of.deployed_view IS NOT NULL THEN 1 END
FROM (SELECT
  pg_catalog.to_regclass(pg_catalog.format('%%I.installation', %(stored)s::text)) AS installation,
  pg_catalog.to_regclass(pg_catalog.format('%%I.watched_table', %(stored)s::text)) AS watched_table,
  pg_catalog.to_regclass(pg_catalog.format('%%I.deployment', %(stored)s::text)) AS deployment,
  pg_catalog.to_regclass(pg_catalog.format('%%I.deployed_view', %(stored)s::text)) AS deployed_view) AS of"""
_WRITTEN_SINCE: Final = 4


@dataclass(frozen=True, slots=True)
class Installed:
    """The runtime that a database has. `compiler` is the version of mvc that installed it, empty where that was not written down."""

    generation: int
    compiler: str = ""


def installed(connection: psycopg.Connection, storage_schema: str) -> Installed | None:
    """What is there; None where nothing is deployed. Only the catalogs are read before a table that this version knows."""
    row = connection.execute(_SHAPE.encode(), {"stored": storage_schema}).fetchone()
    shape = row[0] if row else None
    if shape is None or shape < _WRITTEN_SINCE:
        return Installed(shape) if shape else None
    query = f"SELECT i.generation, i.compiler FROM {qualified(storage_schema, 'installation')} AS i"
    written = connection.execute(query.encode()).fetchone()
    return Installed(written[0] or shape - 1, written[1] or "") if written else Installed(shape - 1)


def refuse_newer(found: Installed | None) -> None:
    """Raises ServerError where a newer mvc has deployed: what it has written need not mean what this one reads."""
    if found and found.generation > GENERATION:
        newer = f"mvc {found.compiler}" if found.compiler and found.compiler != VERSION else "mvc"
        message = f"this database was deployed by a newer {newer}: its runtime is of generation {found.generation}, this is {GENERATION}"
        raise ServerError(message, f"upgrade this one (mvc {VERSION}); nothing was changed")


def refuse_older(found: Installed | None) -> None:
    """Raises ServerError where an older mvc has deployed."""
    if found and found.generation < GENERATION:
        message = f"this database was deployed by an older mvc: its runtime is of generation {found.generation}, this is {GENERATION}"
        raise ServerError(message, "mvc apply upgrades it; mvc apply --dry-run says what that does")


def functions_changing(connection: psycopg.Connection, storage_schema: str, runtime: str | None) -> int:
    """How many functions the runtime that is there has otherwise than this version's, or not at all; `runtime` is its version."""
    if runtime == runtime_version():
        return 0
    query = files("mvc.engines.postgres.server.queries").joinpath("changing.sql").read_bytes()
    row = connection.execute(query, {"stored": storage_schema, "bodies": list(body_digests(storage_schema))}).fetchone()
    return int(row[0]) if row else 0


def check_generation(connection: psycopg.Connection, storage_schema: str) -> None:
    """Raises ServerError unless the runtime that is there, if any, is of this generation."""
    found = installed(connection, storage_schema)
    refuse_newer(found)
    refuse_older(found)
