"""The catalog of a live database: what `read_ddl` would read from its `pg_dump --schema-only`, with true view types.

Eleven catalog queries, whatever the size, in one read-only transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import psycopg
from psycopg.rows import tuple_row
from sqlglot import exp
from sqlglot.errors import SqlglotError

from mvc.catalog.create_function import NOT_CALLED
from mvc.catalog.freeze import ordered_foreign_keys, ordered_indexes, ordered_keys
from mvc.catalog.late_names import late_names
from mvc.catalog.tokens import is_too_deep
from mvc.catalog.trees import first_tree
from mvc.catalog.types import (
    Catalog,
    Column,
    CompositeType,
    DomainType,
    EnumType,
    ForeignKey,
    Function,
    FunctionKind,
    Key,
    RangeType,
    Relation,
    Volatility,
)
from mvc.catalog.view_columns import QuerySurroundings, UnknownSource, query_columns
from mvc.engines.postgres.server import pull_queries as queries
from mvc.quoting import qualified

Row = tuple[Any, ...]

_KINDS: Final[Mapping[str, FunctionKind]] = {"f": "function", "a": "aggregate", "w": "window", "p": "procedure"}
_VOLATILITIES: Final[Mapping[str, Volatility]] = {"i": "immutable", "s": "stable", "v": "volatile"}


@dataclass
class PulledRelations:
    """Relations by the server's number, while their parts are put together."""

    relations: dict[int, Relation] = field(default_factory=dict)
    columns: dict[int, list[Column]] = field(default_factory=lambda: defaultdict(list))
    bodies: dict[int, str] = field(default_factory=dict)
    inherited: set[int] = field(default_factory=set)


def pull(
    connection: psycopg.Connection[Any],
    schemas: tuple[str, ...] | None = None,
    search_path: tuple[str, ...] = ("public",),
    skip: tuple[str, ...] = ("mvc",),
) -> Catalog:
    """The catalog of the database, of all schemas or of those named, without the system's own and those to `skip`.

    Of an extension only the functions are in it (see `Function.extension`). Raises psycopg.Error.
    """
    wanted = {"schemas": list(schemas) if schemas is not None else None, "skip": list(skip)}
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SELECT pg_catalog.set_config('transaction_read_only', 'on', true)")
        _declare(cursor, wanted)
        path = ", ".join(qualified(schema) for schema in search_path) or "''"
        cursor.execute("SELECT pg_catalog.set_config('search_path', %s, true)", (path,))
        return _read(cursor, search_path)


def _declare(cursor: psycopg.Cursor[Row], wanted: Mapping[str, Any]) -> None:
    """Has the server parse all queries where no operator or function of the database can stand in for its own.

    What they call spells types and views for the search path of the time of FETCH.
    """
    cursor.execute(
        "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),"
        " pg_catalog.set_config('cursor_tuple_fraction', '1', true)"
    )
    for name, query in queries.ALL.items():
        cursor.execute(f"DECLARE mvc_{name} NO SCROLL CURSOR FOR {query}".encode(), wanted)


def _read(cursor: psycopg.Cursor[Row], search_path: tuple[str, ...]) -> Catalog:
    def rows(name: str) -> list[Row]:
        return cursor.execute(f"FETCH ALL FROM mvc_{name}".encode()).fetchall()

    found = read_relations(rows)
    _indexes(found, rows("indexes"))
    _view_nullability(found, search_path)
    called = read_functions(rows("functions"))
    composites = (CompositeType(row[1], row[2], tuple(found.columns[row[0]])) for row in rows("composites"))
    domains = (DomainType(row[0], row[1], row[2], row[3], tuple(row[4])) for row in rows("domains"))
    return Catalog(
        relations=tuple(sorted(found.relations.values(), key=lambda item: (item.schema, item.name))),
        functions=tuple(sorted(called, key=lambda item: (item.schema, item.name, item.arguments))),
        enums=_sorted(EnumType(row[0], row[1], tuple(row[2])) for row in rows("enums")),
        domains=_sorted(domains),
        extensions=tuple(sorted(row[0] for row in rows("extensions"))),
        search_path=search_path,
        composites=_sorted(composites),
        ranges=_sorted(RangeType(*row) for row in rows("ranges")),
        operators=tuple(sorted(row[0] for row in rows("operators"))),
    )


def read_relations(rows: Callable[[str], list[Row]]) -> PulledRelations:
    """Relations with their columns, keys and foreign keys, from the rows of the queries of these names."""
    found = PulledRelations()
    for number, *column in rows("columns"):
        found.columns[number].append(Column(*column))
    _relations(found, rows("relations"))
    _keys(found, rows("keys"))
    _foreign_keys(found, rows("foreign_keys"))
    return found


def read_functions(rows: Iterable[Row]) -> list[Function]:
    """The functions that somebody can call by name, from the rows of that query."""
    return [item for item in map(_function, rows) if _is_called(item)]


def _sorted(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: (item.schema, item.name)))


def _relations(found: PulledRelations, rows: list[Row]) -> None:
    for number, schema, name, kind, partition_by, row_security, method, inherited, body in rows:
        columns = tuple(found.columns[number])
        relation = Relation(
            schema,
            name,
            kind,
            columns,
            partition_by=tuple(partition_by),
            row_security=row_security,
            partition_method=method,
        )
        found.relations[number] = relation
        if inherited:
            found.inherited.add(number)
        if body:
            found.bodies[number] = body


def _keys(found: PulledRelations, rows: list[Row]) -> None:
    """A key of a table that others inherit from does not hold for all the rows that a query on it sees."""
    keys: dict[int, list[Key]] = defaultdict(list)
    for number, primary, columns in rows:
        keys[number].append(Key(tuple(columns), primary))
    for number in (keys.keys() & found.relations.keys()) - found.inherited:
        found.relations[number] = replace(found.relations[number], keys=ordered_keys(keys[number]))


def _indexes(found: PulledRelations, rows: list[Row]) -> None:
    indexes: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for number, columns in rows:
        if columns:
            indexes[number].append(tuple(columns))
    for number in (indexes.keys() & found.relations.keys()) - found.inherited:
        found.relations[number] = replace(found.relations[number], indexes=ordered_indexes(indexes[number]))


def _foreign_keys(found: PulledRelations, rows: list[Row]) -> None:
    keys: dict[int, list[ForeignKey]] = defaultdict(list)
    for number, target_number, columns, target_columns in rows:
        if target := found.relations.get(target_number):
            keys[number].append(ForeignKey(tuple(columns), (target.schema, target.name), tuple(target_columns)))
    for number in (keys.keys() & found.relations.keys()) - found.inherited:
        found.relations[number] = replace(found.relations[number], foreign_keys=ordered_foreign_keys(keys[number]))


def _view_nullability(found: PulledRelations, search_path: tuple[str, ...]) -> None:
    """The server has no NOT NULL for views; their queries tell, views being read in the order of their making."""
    known = {
        (item.schema, item.name): {column.name: column for column in item.columns} for item in found.relations.values()
    }

    def relation(schema: str | None, name: str) -> Mapping[str, Column] | None:
        schemas = (schema,) if schema else search_path
        return next((columns for item in schemas if (columns := known.get((item, name)))), None)

    for number, body in found.bodies.items():
        view = found.relations[number]
        never = _never_null(body, QuerySurroundings(relation, lambda _: None))
        columns = tuple(replace(item, nullable=item.name not in never) for item in view.columns)
        found.relations[number] = replace(view, columns=columns)
        known[view.schema, view.name] = {column.name: column for column in columns}


def _never_null(body: str, outside: QuerySurroundings) -> set[str]:
    if is_too_deep(body):
        return set()
    try:
        query = first_tree(body.rstrip().rstrip(";"))
        columns = query_columns(query, outside) if isinstance(query, exp.Query) else []
    except (SqlglotError, UnknownSource, RecursionError):
        return set()
    return {column.name for column in columns if not column.nullable}


def _function(row: Row) -> Function:
    schema, name, arguments, returns, kind, returns_set, volatility, defaults, variadic, *rest = row
    names, modes, all_types, extension, language, body, path = rest
    modes = modes or ["i"] * len(arguments)
    names = names or [""] * len(modes)
    inputs = tuple(item for item, mode in zip(names, modes, strict=False) if mode in "ibv")
    return Function(
        schema,
        name,
        tuple(arguments),
        returns,
        _KINDS[kind],
        returns_set,
        _VOLATILITIES[volatility],
        defaults,
        variadic,
        inputs if any(inputs) else (),
        _out_columns(kind, names, modes, all_types),
        extension,
        () if extension else late_names(language, body, path and [part.strip(' "') for part in path.split(",")]),
    )


def _out_columns(kind: str, names: list[str], modes: list[str], types: list[str]) -> tuple[Column, ...]:
    out = [(name, type_) for name, mode, type_ in zip(names, modes, types, strict=False) if mode in "obt"]
    columns = (Column(name or f"column{place}", type_) for place, (name, type_) in enumerate(out, start=1))
    return tuple(columns) if len(out) > 1 or kind == "p" else ()


def _is_called(function: Function) -> bool:
    types = {function.returns, *function.arguments}
    return not (types & NOT_CALLED) and not (function.extension and "cstring" in types)
