"""The compiled project on a database, and where it keeps the rows."""

import time
from functools import cache

from psycopg import sql

from mvc import compile, load  # noqa: A004 - the library's own name for it
from mvc.engines.postgres.server.apply import apply
from mvc.engines.postgres.server.refresh import refresh

from .conftest import ROOT

# Whether a slot or the day (UTC) ends within the next minute: what is read before and after would then differ.
ABOUT_TO_CHANGE = """
SELECT EXISTS (SELECT FROM availabilities
               WHERE date + end_time BETWEEN t AND t + interval '1 minute' AND is_available)
    OR t::date <> (t + interval '1 minute')::date
FROM (SELECT clock_timestamp() AT TIME ZONE 'UTC' AS t) clock
"""


@cache
def compiled():
    return compile(load(ROOT))


def deploy(connection):
    """Apply and fill all views of the project; each of them then holds the rows of one and the same minute."""
    wait_for_a_quiet_minute(connection)
    apply(connection, compiled())
    refresh(connection, compiled())


def refresh_again(connection):
    wait_for_a_quiet_minute(connection)
    refresh(connection, compiled())


def wait_for_a_quiet_minute(connection):
    while connection.execute(ABOUT_TO_CHANGE).fetchone()[0]:
        time.sleep(1)


def storage(view):
    """The stored relation of a view, quoted."""
    return sql.Identifier(*compiled().view(view).storage)


def exposure(view):
    return sql.Identifier("public", view)


def exposed(connection):
    """The names of the reference views that there are on this server."""
    found = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'"
    )
    return {name for (name,) in found if name.startswith("mv_")} - {"mv_monitoring"}  # which is about the others
