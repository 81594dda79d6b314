"""How long the logs are in which changes of tables wait for the refreshes that read them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from mvc.compiled.serialize import from_record
from mvc.engines.postgres.server.read_state import ledger
from mvc.quoting import qualified


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """What is logged of a table's changes, in bytes, and how much may be. `view` is the last to read it, if any."""

    schema: str
    table: str
    bytes: int
    allowed_bytes: int
    view: str | None

    @property
    def is_long(self) -> bool:
        """Whether it is half as long as it may be."""
        return self.bytes > self.allowed_bytes / 2


def change_logs(connection: psycopg.Connection, storage_schema: str) -> tuple[ChangeLog, ...]:
    """The logs of changes by their tables; none where the runtime is an older one, which does not tell."""
    view = qualified(storage_schema, "change_logs")
    with ledger(connection, storage_schema):
        there = connection.execute("SELECT to_regclass(%s)", (view,)).fetchone()
        if there is None or there[0] is None:
            return ()
        query = (
            "SELECT json_build_object('schema', l.table_schema, 'table', l.table_name, 'bytes', coalesce(l.bytes, 0),"
            f" 'allowed_bytes', l.allowed_bytes, 'view', l.view_name) FROM {view} AS l ORDER BY 1::text"
        )
        return tuple(from_record(ChangeLog, row) for (row,) in connection.execute(query.encode()))
