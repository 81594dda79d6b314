"""What a database has of views that no project made: their queries, indexes, readers, comments, and what else is on them.

Nothing is changed, no row of a view is read, and no lock above ACCESS SHARE is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from mvc.catalog.tokens import all_tokens
from mvc.engines.postgres.server.errors import server_errors
from mvc.engines.postgres.server.pull import pull
from mvc.engines.postgres.server.refresh_jobs import read_jobs
from mvc.engines.postgres.server.search_path import own_names
from mvc.importing.create_index import read_index, setting
from mvc.importing.found import Found, FoundIndex, FoundView, Lost
from mvc.importing.selection import NamedView, chosen
from mvc.quoting import qualified

Json = Mapping[str, Any]


@server_errors()
def read_found(
    connection: psycopg.Connection,
    patterns: Iterable[str] = (),
    search_path: tuple[str, ...] | None = None,
    stored: str = "mvc",
) -> Found:
    """The views that the patterns mean, and the catalog of all that is no view of theirs. `search_path` is that of the session where none is given; what
    is in the schema `stored` is passed over.

    Raises NothingFound, and ServerError.
    """
    zone, user, path = _session(connection)
    path = search_path or path
    named = _named(connection, stored)
    numbers = chosen(named, patterns)
    views = _views(connection, named, numbers, path)
    catalog = pull(connection, None, path, skip=(stored,))
    places = {view.place for view in views}
    kept = tuple(item for item in catalog.relations if (item.schema, item.name) not in places)
    version = connection.info.server_version // 10_000
    jobs, lost = read_jobs(connection, (view.place for view in named if view.kind == "materialized view"), path)
    return Found(views, replace(catalog, relations=kept), jobs, version, zone, user, lost)


def _session(connection: psycopg.Connection) -> tuple[str, str, tuple[str, ...]]:
    query = "SELECT pg_catalog.current_setting('TimeZone'), current_user, pg_catalog.current_schemas(false)::pg_catalog.text[]"
    with connection.cursor(row_factory=tuple_row) as cursor:
        zone, user, path = cursor.execute(query.encode()).fetchone() or ("UTC", "", [])
    return zone, user, tuple(name for name in path if name != "pg_catalog") or ("public",)


@cache
def _query(name: str) -> bytes:
    return (files("mvc.engines.postgres.server.queries") / f"{name}.sql").read_bytes()


def _named(connection: psycopg.Connection, stored: str) -> tuple[NamedView, ...]:
    with own_names(connection), connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_query("views_by_name"), {"stored": stored}).fetchall()
    return tuple(NamedView(number, schema, name, kind, frozenset(reads)) for number, schema, name, kind, reads in rows)


def _views(
    connection: psycopg.Connection, named: Iterable[NamedView], numbers: tuple[int, ...], path: tuple[str, ...]
) -> tuple[FoundView, ...]:
    """The server parses the question where names are its own, and prints its answer for the search path of the project."""
    with own_names(connection), connection.cursor(row_factory=tuple_row) as cursor:
        declared = b"DECLARE mvc_made_by_hand NO SCROLL CURSOR FOR " + _query("made_by_hand")
        cursor.execute(declared, {"numbers": list(numbers)})
        spelled = ", ".join(map(qualified, path))
        cursor.execute("SELECT pg_catalog.set_config('search_path', %s, true)", (spelled,))
        rows = cursor.execute(b"FETCH ALL FROM mvc_made_by_hand").fetchall()
    known = {view.number: view for view in named}
    reads = [tuple(sorted(known[other].place for other in known[number].reads if other in known)) for number in numbers]
    places = {known[number].place: read for number, read in zip(numbers, reads, strict=True)}
    return tuple(_view(row[0], path, places) for row in rows)


def _view(
    found: Json, path: tuple[str, ...], upstream: Mapping[tuple[str, str], tuple[tuple[str, str], ...]]
) -> FoundView:
    indexes = [
        (item, read_index(item["definition"], is_valid=item["valid"], search_path=path)) for item in found["indexes"]
    ]
    readers = {grantee for grantee, privilege, _ in found["grants"] if privilege == "SELECT"}
    place = (found["schema"], found["name"])
    return FoundView(
        *place,
        kind=found["kind"],
        sql=_evenly_indented(found["definition"]),
        columns=tuple(item["name"] for item in found["columns"] or ()),
        description=found["description"] or "",
        descriptions={item["name"]: item["description"] for item in found["columns"] or () if item["description"]},
        indexes=tuple(index for _, index in indexes if index),
        readers=tuple(sorted(readers, key=lambda role: (role is None, role))),
        parameters=_parameters(found),
        owner=found["owner"],
        extensions=tuple(item for item in found["extensions"] if item != "plpgsql"),
        upstream=upstream.get(place, ()),
        lost=tuple(_lost(found, indexes)),
    )


def _evenly_indented(definition: str) -> str:
    """The query without the space that the server puts before all of its lines, and without the semicolon. Lines of a string are none of these."""
    text = definition.strip().removesuffix(";").rstrip()
    if any("\n" in token.text for token in all_tokens(text) if token.kind in ("string", "name")):
        return text
    return "\n".join(line.removeprefix(" ") for line in text.split("\n"))


def _parameters(found: Json) -> dict[str, bool | int | float | str]:
    own = [option.partition("=") for option in found["options"]] if found["kind"] == "materialized view" else []
    of_toast = [
        (f"toast.{name}", sign, value) for name, sign, value in (item.partition("=") for item in found["toast_options"])
    ]
    return {name: setting(value) for name, _, value in (*own, *of_toast)}


def _lost(found: Json, indexes: Iterable[tuple[Json, FoundIndex | None]]) -> Iterator[Lost]:
    """What is on the view that no key of the language says."""
    if found["kind"] == "view":
        for option in found["options"]:
            yield Lost(
                f"option {option}",
                "a plain view of a project is read with its owner's rights, by whom its policies name",
            )
    if found["tablespace"]:
        yield Lost(f"tablespace {found['tablespace']}", "what is stored lies in the database's default tablespace")
    if found["method"]:
        yield Lost(f"access method {found['method']}", "what is stored has the database's default one")
    for column in found["columns"] or ():
        yield from _lost_of_column(column)
    yield from _lost_grants(found["grants"])
    for item, index in indexes:
        yield from _lost_of_index(item, index)
    yield from (
        Lost(f"statistics {name}", "make them anew on what is stored: CREATE STATISTICS")
        for name in found["statistics"]
    )
    yield from (Lost(f"trigger {name}", "a view of a project has none") for name in found["triggers"])
    yield from (Lost(f"rule {name}", "a view of a project has none") for name in found["rules"])


def _lost_of_column(column: Json) -> Iterator[Lost]:
    name = column["name"]
    if column["statistics"] is not None:
        yield Lost(f"column {name}: SET STATISTICS {column['statistics']}", "the statistics target is the database's")
    if column["storage"] or column["compression"]:
        yield Lost(f"column {name}: how it is stored", "its storage and compression are those of its type")
    if column["readers"]:
        roles = ", ".join(column["readers"])
        yield Lost(
            f"column {name}: granted to {roles}", "who may read a view may read all its columns; make a view of these"
        )


def _lost_grants(grants: Iterable[tuple[str | None, str, bool]]) -> Iterator[Lost]:
    """What of them means something, beside reading: GRANT ALL gives more than a view has."""
    passing = [grantee or "PUBLIC" for grantee, privilege, grantable in grants if privilege == "SELECT" and grantable]
    if passing:
        yield Lost(f"GRANT OPTION of {', '.join(passing)}", "who may read is said by policies, and by nobody else")
    refreshing = [grantee or "PUBLIC" for grantee, privilege, _ in grants if privilege == "MAINTAIN"]
    if refreshing:
        reason = "who may refresh is said for all views: `refresh_roles` in mvc.yml"
        yield Lost(f"MAINTAIN of {', '.join(refreshing)}", reason)


def _lost_of_index(item: Json, index: FoundIndex | None) -> Iterator[Lost]:
    if index is None:
        yield Lost(item["definition"], "this index cannot be read here: write it in `indexes` of the view")
        return
    yield from index.lost
    if item["description"]:
        yield Lost(f"comment on index {index.name}", "an index has no description")
    if item["clustered"]:
        yield Lost(f"CLUSTER on index {index.name}", "rows are stored in the order of the query: give it an ORDER BY")
    if not item["valid"]:
        yield Lost(f"index {index.name} was INVALID", "it is made anew, and is valid then")
