"""Where SQL of a stranger may run on a server: in a database of its own, as a role without any right, both gone afterwards.

The role logs in by itself. One that a superuser's session only steps down to (SET ROLE) is up again with set_config('role', …),
which any expression may call. Whoever cannot make databases and roles is confined to what the role at hand may do: in the
database that was named, in a transaction that is rolled back; so such a role must not be able to reach outside of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from mvc.engines.postgres.server.connection import connect, settings_of
from mvc.engines.postgres.server.errors import ServerError, server_errors
from mvc.engines.postgres.server.leftovers import MADE_FOR_A_CHECK, drop_database, drop_role, remove_roles, sweep, tag
from mvc.engines.postgres.server.safe_extensions import create_extensions
from mvc.quoting import identifier, literal

TEMPORARY_BYTES: Final = "256MB"
_RIGHTS: Final = """
SELECT r.rolsuper, r.rolcreatedb AND r.rolcreaterole, r.rolname::text,
  (SELECT pg_catalog.string_agg(o.rolname, ', ' ORDER BY o.rolname) FROM pg_catalog.pg_roles AS o
   WHERE (o.rolsuper OR o.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
     AND (pg_catalog.pg_has_role(r.oid, o.oid, 'MEMBER') OR pg_catalog.pg_has_role(session_user, o.oid, 'MEMBER')))
FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user"""
_MISSING: Final = """
SELECT w.name FROM pg_catalog.unnest(%s::text[]) AS w (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = w.name) ORDER BY w.name"""


@dataclass(frozen=True, slots=True)
class Confined:
    """A transaction, open for SQL of a stranger. `extensions` are there; `end` ends the session from outside."""

    connection: psycopg.Connection
    extensions: frozenset[str]
    end: Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Rights:
    superuser: bool
    makes: bool
    role: str
    reaches_out: str | None


@contextmanager
def confined(
    connection: psycopg.Connection, roles: Iterable[str], extensions: Iterable[str], statement_seconds: float
) -> Iterator[Confined]:
    """A transaction in which all of `roles` are there, and of the extensions those that the server has and that are safe.

    It is rolled back. Raises ServerError where `connection` cannot provide it.
    """
    with _pinned(connection):
        rights = _rights(connection)
    place = _own_database if rights.superuser or rights.makes else _in_place
    with place(connection, rights, sorted(set(roles)), sorted(set(extensions))) as room:
        milliseconds = int(statement_seconds * 1000)
        for setting in (f"statement_timeout = {milliseconds}", f"lock_timeout = {milliseconds}"):
            room.connection.execute(f"SET LOCAL {setting}".encode())
        for setting in _SETTINGS:
            with suppress(psycopg.Error), room.connection.transaction():
                room.connection.execute(f"SET LOCAL {setting}".encode())
        yield room


# A lost client is noticed within a second, where the server's system can; no statement gets more than one process.
_SETTINGS: Final = ("client_connection_check_interval = '1s'", "max_parallel_workers_per_gather = 0", "jit = off")


@contextmanager
def _pinned(connection: psycopg.Connection) -> Iterator[None]:
    """Names and operators are the server's own in here: whoever may create in the database could have put others in the way."""
    with server_errors():
        before = connection.execute("SELECT pg_catalog.current_setting('search_path')").fetchone()
        connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false)")
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", before)


@server_errors()
def _rights(connection: psycopg.Connection) -> _Rights:
    row = connection.execute(_RIGHTS).fetchone()
    assert row is not None  # noqa: S101 - whoever asks has a role
    return _Rights(*row)


@contextmanager
def _in_place(
    connection: psycopg.Connection, rights: _Rights, roles: list[str], extensions: list[str]
) -> Iterator[Confined]:
    if rights.reaches_out:
        raise ServerError(
            f"{rights.role} can do what {rights.reaches_out} can, and so could every text of the project",
            "give the URL of a role that is no member of it, or of one with CREATEDB and CREATEROLE",
        )
    with _transaction(connection):
        with server_errors():
            with _pinned(connection):
                missing = _missing(connection, roles)
            there = create_extensions(connection, extensions)
        if missing:
            raise ServerError(
                f"the server has no role {', '.join(missing)}, and {rights.role} may not make it for the time of the check",
                "give the URL of a role with CREATEDB and CREATEROLE, or none for a server of our own",
            )
        yield Confined(connection, there, lambda: None)


@contextmanager
def _own_database(
    connection: psycopg.Connection, rights: _Rights, roles: list[str], extensions: list[str]
) -> Iterator[Confined]:
    with ExitStack() as stack:
        stack.enter_context(_pinned(connection))
        with server_errors():
            name, password = tag(connection), secrets.token_urlsafe(24)
            sweep(connection, everything=rights.superuser)
            stack.callback(remove_roles, connection)
            _make_role(connection, rights, name, password)
            stack.callback(drop_role, connection, name)
            connection.execute(f"CREATE DATABASE {identifier(name)} TEMPLATE template0".encode())
            stack.callback(drop_database, connection, name)
            _let_in(connection, name)
            _make_roles(connection, roles)
            there = _furnish(connection, name, extensions)
        session = stack.enter_context(_session(connection, name, password))
        stack.enter_context(_transaction(session))
        yield Confined(session, there, _terminator(connection, session.info.backend_pid))


def _terminator(connection: psycopg.Connection, process: int) -> Callable[[], object]:
    return lambda: connection.execute("SELECT pg_catalog.pg_terminate_backend(%s)", (process,))


def _make_role(connection: psycopg.Connection, rights: _Rights, name: str, password: str) -> None:
    """What the role may not, it may not give itself; after an hour it cannot log in."""
    row = connection.execute("SELECT (pg_catalog.now() + interval '1 hour')::text").fetchone()
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    quoted, until = identifier(name), literal(row[0] if row else "infinity")
    login = f"LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {literal(verifier)} VALID UNTIL {until}"
    connection.execute(f"CREATE ROLE {quoted} {login}".encode())
    if rights.superuser:
        connection.execute(f"ALTER ROLE {quoted} SET temp_file_limit = {literal(TEMPORARY_BYTES)}".encode())
    else:
        connection.execute(f"GRANT {quoted} TO CURRENT_USER".encode())  # by which its session can be ended


def _let_in(connection: psycopg.Connection, name: str) -> None:
    """The role and nobody else."""
    quoted = identifier(name)
    connection.execute(f"REVOKE ALL ON DATABASE {quoted} FROM PUBLIC".encode())
    connection.execute(f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {quoted} TO {quoted}".encode())


def _make_roles(connection: psycopg.Connection, roles: list[str]) -> None:
    """The readers that are not there. One that the server refuses (`pg_…`) is then missing where it is granted something."""
    for role in _missing(connection, roles):
        with suppress(psycopg.Error), connection.transaction():
            connection.execute(f"CREATE ROLE {identifier(role)} NOLOGIN".encode())
            connection.execute(f"COMMENT ON ROLE {identifier(role)} IS {literal(MADE_FOR_A_CHECK)}".encode())


def _missing(connection: psycopg.Connection, roles: list[str]) -> list[str]:
    return [row[0] for row in connection.execute(_MISSING, (roles,))]


def _furnish(connection: psycopg.Connection, name: str, extensions: list[str]) -> frozenset[str]:
    """What only its owner can do in the new database."""
    with connect(_address(connection, dbname=name)) as inside:
        inside.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {identifier(name)}".encode())
        return create_extensions(inside, extensions)


@contextmanager
def _session(connection: psycopg.Connection, name: str, password: str) -> Iterator[psycopg.Connection]:
    try:
        session = connect(_address(connection, dbname=name, user=name, password=password))
    except ServerError as problem:
        raise ServerError(
            f"the check's own role, which has no rights, cannot log in: {problem}",
            "the server must let it in with a password: connect by TCP (postgresql://localhost/…), or mend pg_hba.conf;"
            " or give the URL of a role without CREATEDB and CREATEROLE that owns an empty database",
        ) from None
    try:
        yield session
    finally:
        session.close()


def _address(connection: psycopg.Connection, **changed: str) -> str:
    """Where `connection` leads, for another database or role."""
    return make_conninfo("", **settings_of(connection) | changed)


@contextmanager
def _transaction(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction that is rolled back, also by a server that no longer answers us: it does so when the connection ends."""
    with server_errors():
        connection.execute("BEGIN")
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("ROLLBACK")
