"""What a database has of what a project's views read and call, and the rights on it: one query, on the system catalogs alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

import psycopg

from mvc.catalog.types import Catalog, Column, Function, Relation
from mvc.engines.postgres.plan.live import Live, Rights
from mvc.engines.postgres.server.pull import Row, read_functions, read_relations
from mvc.engines.postgres.server.pull_queries import OF_NAMED_FUNCTIONS, OF_NAMED_RELATIONS
from mvc.quoting import identifier, qualified

Json = Mapping[str, Any]
_WIDTHS: Final = {"columns": 5, "relations": 9, "keys": 3, "foreign_keys": 4, "functions": 16}  # columns of the queries


def read_live(
    connection: psycopg.Connection,
    believed: Catalog,
    storage_schema: str,
    schemas: Iterable[str],
    readers: Iterable[str],
) -> Live:
    """What there is of the relations and functions of `believed`; `schemas` are those in which a deployment would create something, for these
    `readers`.

    To be called where names mean PostgreSQL's own (`own_names`). Raises psycopg.Error.
    """
    functions = sorted({(item.schema, item.name) for item in believed.functions})
    asked = {
        "stored": storage_schema,
        "schemas": [item.schema for item in believed.relations],
        "names": [item.name for item in believed.relations],
        "function_schemas": [schema for schema, _ in functions],
        "function_names": [name for _, name in functions],
        "exposed": sorted(set(schemas)),
        "readers": sorted(set(readers)),
    }
    row = connection.execute(_query().encode(), asked).fetchone()
    found: Json = row[0] if row else {}
    return Live(_catalog(found, believed.search_path), _rights(found["rights"], believed.search_path))


@cache
def _query() -> str:
    text = (files("mvc.engines.postgres.server.queries") / "live.sql").read_text(encoding="utf-8")
    for name, query in {**OF_NAMED_RELATIONS, "functions": OF_NAMED_FUNCTIONS}.items():
        columns = ", ".join(f"c{place}" for place in range(_WIDTHS[name]))
        rows = f"SELECT coalesce(json_agg(json_build_array({columns})), '[]') FROM ({query}\n) AS found ({columns})"
        text = text.replace(f"{{{name}}}", rows)
    return text


def _catalog(found: Json, search_path: tuple[str, ...]) -> Catalog:
    def rows(name: str) -> list[Row]:
        return [tuple(row) for row in found[name]]

    relations = read_relations(rows).relations.values()
    functions = read_functions(rows("functions"))
    return Catalog(
        relations=tuple(_relation(item, search_path) for item in relations),
        functions=tuple(_function(item, search_path) for item in functions),
        search_path=search_path,
    )


def _relation(item: Relation, search_path: tuple[str, ...]) -> Relation:
    return replace(item, columns=_columns(item.columns, search_path))


def _function(item: Function, search_path: tuple[str, ...]) -> Function:
    arguments = tuple(_spelled(type_, search_path) for type_ in item.arguments)
    columns = _columns(item.columns, search_path)
    return replace(item, arguments=arguments, returns=_spelled(item.returns, search_path), columns=columns)


def _columns(columns: Iterable[Column], search_path: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(replace(item, type=_spelled(item.type, search_path)) for item in columns if item.type)


def _spelled(type_: str, search_path: tuple[str, ...]) -> str:
    """A type whose schema is in the search path, without it: the query itself was asked where nothing but PostgreSQL's own is in it."""
    for schema in search_path:
        if type_.startswith(f"{identifier(schema)}."):
            return type_.removeprefix(f"{identifier(schema)}.")
    return type_


def _rights(found: Json, search_path: tuple[str, ...]) -> Rights:
    calls = (
        f"{qualified(schema, name)}({', '.join(_spelled(type_, search_path) for type_ in arguments)})"
        for schema, name, arguments in found["uncallable"]
    )
    return Rights(
        role=found["role"],
        unreadable={(schema, name): frozenset(columns) for schema, name, columns in found["unreadable"]},
        untriggerable=frozenset((schema, name) for schema, name in found["untriggerable"]),
        unusable=frozenset(found["unusable"]),
        closed=frozenset(found["closed"]),
        absent=frozenset(found["absent"]),
        shut_out=frozenset((schema, role) for schema, role in found["shut_out"]),
        uncallable=frozenset(calls),
        makes_schemas=found["makes_schemas"],
    )
