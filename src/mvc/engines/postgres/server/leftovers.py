"""What a check makes on a server that it was given: a database, a role, readers' roles. It goes with the check; and where a check was
killed, with the next one.

The name tells whose it is: the process and the start of the session that made it. While that session is there, so is the check.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import psycopg

from mvc.engines.postgres.server.errors import ServerError, refusal_of
from mvc.quoting import identifier

MADE_FOR_A_CHECK: Final = "made by mvc check, for as long as it runs"

_NAME: Final = (
    "'mvc_check_' || a.pid || '_' || pg_catalog.to_hex((extract(epoch FROM a.backend_start) * 1000000)::bigint)"
)
_TAG: Final = f"SELECT {_NAME} FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid()"
_OURS: Final = "^mvc_check_[0-9]+_[0-9a-f]+$"
# Sessions of other roles are seen by superusers only, so others look at what is their own.
_DEAD: Final = f"""
SELECT d.datname FROM pg_catalog.pg_database AS d
WHERE d.datname ~ %(ours)s AND pg_catalog.pg_get_userbyid(d.datdba) = current_user
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE {_NAME} = d.datname)
UNION
SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE %(everything)s AND r.rolname ~ %(ours)s
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE {_NAME} = r.rolname)"""
_UNUSED_ROLES: Final = """
SELECT r.rolname FROM pg_catalog.pg_roles AS r
WHERE pg_catalog.shobj_description(r.oid, 'pg_authid') = %s
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_database AS d WHERE d.datname ~ %s)"""


def tag(connection: psycopg.Connection) -> str:
    """The name of what this session makes."""
    row = connection.execute(_TAG).fetchone()
    assert row is not None  # noqa: S101 - it is our own session
    return str(row[0])


def sweep(connection: psycopg.Connection, *, everything: bool) -> None:
    """Removes what checks left that are no more: their own of this role, or everything."""
    for (name,) in connection.execute(_DEAD, {"ours": _OURS, "everything": everything}).fetchall():
        with suppress(ServerError):
            drop_database(connection, name)
            drop_role(connection, name)


def drop_database(connection: psycopg.Connection, name: str) -> None:
    """The database is gone, whoever is connected to it. Raises ServerError where the server keeps it."""
    _drop(connection, f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)", f"the database {name}")


def drop_role(connection: psycopg.Connection, name: str) -> None:
    """The role is gone. Raises ServerError where the server keeps it."""
    _drop(connection, f"DROP ROLE IF EXISTS {identifier(name)}", f"the role {name}")


def _drop(connection: psycopg.Connection, statement: str, what: str) -> None:
    try:
        connection.execute(statement.encode())
    except psycopg.Error as problem:
        hint = "check again, which removes what was left, or drop it by hand"
        raise ServerError(f"{what}, made for the check, is still there: {refusal_of(problem).message}", hint) from None


def remove_roles(connection: psycopg.Connection) -> None:
    """Drops the readers' roles that checks made, unless another check is at work, which may need them."""
    with suppress(psycopg.Error):
        for (role,) in connection.execute(_UNUSED_ROLES, (MADE_FOR_A_CHECK, _OURS)).fetchall():
            with suppress(psycopg.Error):
                connection.execute(f"DROP ROLE IF EXISTS {identifier(role)}".encode())
