"""The extensions that a check creates for a project that it does not trust.

An extension is code of the machine that is checked on, and a name in a spec is enough to have it installed. Some give every
role a way out of the database (connections to other servers, files). So only these are created: those that their authors
declare fit for users without rights (`trusted`), and some well-known ones that read and write nothing but their arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import psycopg

from mvc.quoting import identifier

KNOWN_SAFE: Final = frozenset(
    """
    address_standardizer address_standardizer_data_us bloom earthdistance h3 h3_postgis hll ip4r pgrouting postgis
    postgis_sfcgal postgis_topology vector
    """.split()
)
_AVAILABLE: Final = """
SELECT e.name, coalesce(v.requires, '{}')::pg_catalog.text[], v.trusted OR e.name OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.text[])
FROM pg_catalog.pg_available_extensions AS e
JOIN pg_catalog.pg_available_extension_versions AS v
  ON v.name OPERATOR(pg_catalog.=) e.name AND v.version OPERATOR(pg_catalog.=) e.default_version"""
_THERE: Final = "SELECT extname::pg_catalog.text FROM pg_catalog.pg_extension"


def create_extensions(connection: psycopg.Connection, wanted: Iterable[str]) -> frozenset[str]:
    """Creates those that the server has, that are safe and that the role may create; returns all that are there then."""
    rows = connection.execute(_AVAILABLE, (sorted(KNOWN_SAFE),)).fetchall()
    available = {name: tuple(requires) for name, requires, safe in rows if safe}
    for name in _in_order(wanted, available):
        with suppress(psycopg.Error), connection.transaction():  # whoever needs it is reported as not proven
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {identifier(name)}".encode())
    return frozenset(row[0] for row in connection.execute(_THERE))


def _in_order(wanted: Iterable[str], available: dict[str, tuple[str, ...]]) -> list[str]:
    """Those that can be had, each after what it requires."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> bool:
        if name in order:
            return True
        if name not in available or name in above:
            return False
        if all(visit(required, (*above, name)) for required in available[name]):
            order.append(name)
            return True
        return False

    for name in wanted:
        visit(name, ())
    return order
