"""How `mvc` reaches a database: a URL, else DATABASE_URL, else libpq's own variables and files."""

from __future__ import annotations

import os
import re

import psycopg

from mvc.postgres.errors import ServerError

OLDEST = 15


def connect(url: str | None) -> psycopg.Connection:
    """An autocommit connection. TLS, passwords and time-outs are libpq's own settings. Raises ServerError."""
    try:
        connection = psycopg.connect(url or os.environ.get("DATABASE_URL", ""), autocommit=True, application_name="mvc")
    except psycopg.ProgrammingError:  # libpq quotes what it cannot read, and that may hold the password
        raise ServerError("this is not a database URL", "postgresql://user@host/database") from None
    except psycopg.Error as problem:
        hint = "give --database URL, or set DATABASE_URL or libpq's PGHOST, PGDATABASE, …"
        raise ServerError(f"cannot connect: {_reason(problem)}", hint) from None
    major = connection.info.server_version // 10_000
    if major < OLDEST:
        connection.close()
        raise ServerError(f"the server is PostgreSQL {major}; {OLDEST} is the oldest that works")
    return connection


def _reason(problem: psycopg.Error) -> str:
    """The first line: the ones below it ask whether the server runs, or tell of the other addresses of a name.

    A password with an `@` that is not written `%40` ends up in the host, and is taken out of it again.
    """
    first = (str(problem).strip().splitlines() or ["no reason given"])[0].strip()
    return re.sub(r"host (['\"]).*@", r"host \1…@", re.sub(r"^connection (failed|is bad): ", "", first))
