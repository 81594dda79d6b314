"""How `mvc` reaches a database: a URL, else DATABASE_URL, else libpq's own variables and files."""

from __future__ import annotations

import os
import re

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from mvc.engines.postgres.server.advice import advice
from mvc.engines.postgres.server.errors import NoAddress, ServerError
from mvc.engines.postgres.server.limits import lift_limits

OLDEST = 15
_UNADDRESSED = "give --database URL, or set DATABASE_URL or libpq's PGHOST, PGDATABASE, …"
KEPT_ALIVE = {"keepalives_idle": "60"}  # a build may be silent for longer than a firewall remembers a connection


def connect(url: str | None) -> psycopg.Connection:
    """An autocommit connection. TLS, passwords and time-outs are libpq's own settings. Raises ServerError.

    It prepares no statements, since a pooler may run the next one elsewhere; its text is UTF-8, and it has no time limits but those that are
    asked for, whatever a role's settings say.
    """
    try:
        settings = KEPT_ALIVE | conninfo_to_dict(url or os.environ.get("DATABASE_URL", ""))
        text = make_conninfo("", **settings | {"client_encoding": "UTF8"})
        connection = psycopg.connect(text, autocommit=True, fallback_application_name="mvc", prepare_threshold=None)
    except psycopg.ProgrammingError:  # libpq quotes what it cannot read, and that may hold the password
        given = "what --database gives" if url else "the variable DATABASE_URL"
        raise NoAddress(f"{given} is not a database URL", "postgresql://user@host/database") from None
    except psycopg.Error as problem:
        reason, hint = _reason(problem), _UNADDRESSED
        if url or os.environ.get("DATABASE_URL"):
            hint = (
                f"does the server run, and is {'the URL' if url else 'DATABASE_URL'} right: host, port, user, database?"
            )
        raise ServerError(f"cannot connect: {reason}", advice("", reason) or hint) from None
    major = connection.info.server_version // 10_000
    if major < OLDEST:
        connection.close()
        raise ServerError(f"the server is PostgreSQL {major}; {OLDEST} is the oldest that works")
    lift_limits(connection)
    return connection


def settings_of(connection: psycopg.Connection) -> dict[str, str]:
    """Libpq's settings of a connection, for another one to the very server that a list of hosts or addresses led to.

    Where it leads is said in full, since what is left out would be taken from the environment, as a port that is the usual one.
    """
    info = connection.info
    place = {"host": info.host, "hostaddr": info.hostaddr, "port": str(info.port)}
    return info.get_parameters() | place | {"dbname": info.dbname, "user": info.user, "password": info.password}


def _reason(problem: psycopg.Error) -> str:
    """The first line: the ones below it ask whether the server runs, or tell of the other addresses of a name.

    A password with an `@` that is not written `%40` ends up in the host, and is taken out of it again.
    """
    first = (str(problem).strip().splitlines() or ["no reason given"])[0].strip()
    return re.sub(r"host (['\"]).*@", r"host \1…@", re.sub(r"^connection (failed|is bad): ", "", first))
