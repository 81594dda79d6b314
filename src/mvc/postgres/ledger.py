"""What is deployed in a database, as the ledger has it, and what the project needs of that database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from mvc.artifacts import CompiledView
from mvc.compiled import Compiled
from mvc.quoting import qualified


@contextmanager
def own_names(connection: psycopg.Connection) -> Iterator[None]:
    """A transaction in which names mean PostgreSQL's own functions: nobody's in `public` is a better match."""
    with connection.transaction():
        connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)")
        yield


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A view that cannot be deployed here, and why."""

    view: str
    reason: str


def deployed(connection: psycopg.Connection, stored: str) -> Mapping[tuple[str, str], str]:
    """(schema, view) → name of its stored relation; empty in a database that has none of our objects."""
    exists = connection.execute("SELECT to_regclass(format('%%I.deployed_view', %s::text))", (stored,)).fetchone()
    if exists is None or exists[0] is None:
        return {}
    query = f"SELECT view_schema, view_name, stored_name FROM {qualified(stored, 'deployed_view')}"
    return {(schema, view): name for schema, view, name in connection.execute(query.encode())}


def split_deployable(
    connection: psycopg.Connection, views: Iterable[CompiledView]
) -> tuple[tuple[CompiledView, ...], tuple[LeftOut, ...]]:
    """The views that this database can hold, and those whose extension it lacks, with what reads them."""
    there = {row[0] for row in connection.execute("SELECT extname FROM pg_extension")}
    chosen: list[CompiledView] = []
    left_out: dict[str, str] = {}
    for view in views:
        lacking = [extension for extension in view.requires if extension not in there]
        gone = [name for name in view.upstream if name in left_out]
        if lacking:
            left_out[view.name] = f"needs the extension {', '.join(lacking)}, which this database does not have"
        elif gone:
            left_out[view.name] = f"reads {', '.join(gone)}, which is left out"
        else:
            chosen.append(view)
    return tuple(chosen), tuple(LeftOut(name, reason) for name, reason in left_out.items())


def missing_roles(connection: psycopg.Connection, compiled: Compiled, views: Iterable[CompiledView]) -> list[str]:
    """Roles that the project names and the server does not have."""
    wanted = {role for view in views for role in view.readers if role != "public"} | set(compiled.refresh_roles)
    there = {
        row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (sorted(wanted),))
    }
    return sorted(wanted - there)


def foreign_owner(connection: psycopg.Connection, stored: str) -> str:
    """The owner of the stored schema where that is another role than ours; empty if there is none such."""
    query = "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s AND pg_get_userbyid(nspowner) <> current_user"
    row = connection.execute(query, (stored,)).fetchone()
    return str(row[0]) if row else ""
