"""Names in our own questions to a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from mvc.quoting import qualified

OWN_NAMES = ("SET LOCAL search_path = pg_catalog, pg_temp", "SET LOCAL standard_conforming_strings = on")
_SETTINGS = f"""{OWN_NAMES[0]}; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY';
SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex';
SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on; SET LOCAL jit = off"""


@contextmanager
def own_path(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction in which names mean PostgreSQL's own, and no more: for a question that prints nothing."""
    with connection.transaction():
        connection.execute("; ".join(OWN_NAMES).encode())
        yield


@contextmanager
def own_names(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction in which names mean PostgreSQL's own functions (nobody's in `public` is a better match), and definitions
    are printed the same whatever the session prefers: `printed` in the runtime has the same settings.
    """
    with connection.transaction():
        connection.execute(_SETTINGS.encode())
        yield


def placed(storage_schema: str, name: str) -> str:
    """A name of the stored schema in a query with parameters, where a percent sign counts double."""
    return qualified(storage_schema, name).replace("%", "%%")
