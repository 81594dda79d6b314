"""Statements that make a catalog, empty, on a scratch server, so that a real server can check what was compiled for it.

Views become tables with their columns, functions become stubs that give NULL. Extensions are the caller's to create first;
what they bring is not made here. What cannot be made (window functions need C code) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from mvc.catalog.types import Catalog, Column, CompositeType, DomainType, EnumType, Function, RangeType, Relation
from mvc.quoting import identifier, literal, qualified

_STATE_FUNCTION: Final = "mvc_aggregate_stub"
_NEEDS_C: Final = frozenset({'"any"', "cstring", "internal"})
_MODIFIERS: Final = re.compile(r"\([^()]*\)|\[\]")


_Named = Relation | EnumType | DomainType | CompositeType | RangeType | Function


class _Type(NamedTuple):
    """Something with a type name, and the types that must be there before it."""

    name: str
    needs: frozenset[str]
    sql: str


def catalog_statements(catalog: Catalog) -> tuple[str, ...]:
    """The statements, in an order that applies in one go to an empty database. Each is one, so that each can be sent by itself."""
    path = ", ".join(map(identifier, catalog.search_path)) or "''"
    statements = [f"SET search_path = {path}", "SET check_function_bodies = off"]
    statements += [f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}" for schema in _schemas(catalog)]
    statements += [item.sql for item in _in_order(_types(catalog))]
    functions = [function for function in catalog.functions if not function.extension]
    for kind in ("function", "procedure", "aggregate", "window"):
        statements += [part for function in functions if function.kind == kind for part in _function(function)]
    return tuple(statements)


def _schemas(catalog: Catalog) -> list[str]:
    parts: tuple[tuple[_Named, ...], ...] = (
        catalog.relations,
        catalog.enums,
        catalog.domains,
        catalog.composites,
        catalog.ranges,
        tuple(item for item in catalog.functions if not item.extension),
    )
    return sorted({*catalog.search_path, *(item.schema for part in parts for item in part)})


def _types(catalog: Catalog) -> Iterator[_Type]:
    for enum in catalog.enums:
        labels = ", ".join(map(literal, enum.labels))
        name = qualified(enum.schema, enum.name)
        yield _Type(name, frozenset(), f"CREATE TYPE {name} AS ENUM ({labels})")
    for domain in catalog.domains:
        name = qualified(domain.schema, domain.name)
        never = "" if domain.nullable else " NOT NULL"
        yield _Type(name, frozenset({_base(domain.base)}), f"CREATE DOMAIN {name} AS {domain.base}{never}")
    for kind in catalog.ranges:
        name = qualified(kind.schema, kind.name)
        yield _Type(name, frozenset({_base(kind.subtype)}), f"CREATE TYPE {name} AS RANGE (SUBTYPE = {kind.subtype})")
    for composite in catalog.composites:
        name = qualified(composite.schema, composite.name)
        columns = ", ".join(_column(column) for column in composite.columns)
        yield _Type(name, _needs(composite.columns), f"CREATE TYPE {name} AS ({columns})")
    for relation in catalog.relations:
        yield _Type(qualified(relation.schema, relation.name), _needs(relation.columns), _table(relation))


def _needs(columns: Iterable[Column]) -> frozenset[str]:
    return frozenset(_base(column.type) for column in columns if column.type)


def _base(type_: str) -> str:
    return _MODIFIERS.sub("", type_)


def _in_order(types: Iterable[_Type]) -> Iterator[_Type]:
    """The types so that each comes after those it needs. A name without a schema may be that of any schema."""
    left = list(types)
    by_name: dict[str, list[_Type]] = {}
    for item in left:
        by_name.setdefault(item.name, []).append(item)
        by_name.setdefault(_bare(item.name), []).append(item)
    done: set[str] = set()
    for item in left:
        yield from _with_needs(item, by_name, done)


def _with_needs(item: _Type, by_name: Mapping[str, list[_Type]], done: set[str]) -> Iterator[_Type]:
    if item.sql in done:
        return
    done.add(item.sql)
    for need in sorted(item.needs):
        for other in by_name.get(need, ()):
            yield from _with_needs(other, by_name, done)
    yield item


def _bare(name: str) -> str:
    """The last part of a qualified name, quotes and all."""
    match = re.search(r'(?:"(?:[^"]|"")*"|[^".]+)\Z', name)
    return match.group() if match else name


def _table(relation: Relation) -> str:
    parts = [_column(column) + ("" if column.nullable else " NOT NULL") for column in relation.columns]
    for key in relation.keys:
        columns = ", ".join(map(identifier, key.columns))
        parts.append(f"{'PRIMARY KEY' if key.primary else 'UNIQUE'} ({columns})")
    return f"CREATE TABLE {qualified(relation.schema, relation.name)} ({', '.join(parts)})"


def _column(column: Column) -> str:
    return f"{identifier(column.name)} {column.type or 'text'}"


def _function(function: Function) -> tuple[str, ...]:
    name = qualified(function.schema, function.name)
    types = {function.returns, *function.arguments}
    if function.kind == "window" or types & _NEEDS_C:
        return ()
    if function.kind == "procedure":
        return (f"CREATE PROCEDURE {name} ({_arguments(function)}) LANGUAGE sql AS ''",)
    if function.kind == "aggregate":
        return _aggregate(function, name)
    returns = "SETOF record" if function.columns and function.returns_set else _returns(function)
    return (f"CREATE FUNCTION {name} ({_arguments(function)}) RETURNS {returns} LANGUAGE {_language(function)}",)


def _returns(function: Function) -> str:
    return f"SETOF {function.returns}" if function.returns_set else function.returns


def _arguments(function: Function) -> str:
    names = function.argument_names or ("",) * len(function.arguments)
    last = len(function.arguments) - 1
    results = {column.name for column in function.columns}
    listed = []
    for index, (name, type_) in enumerate(zip(names, function.arguments, strict=True)):
        mode = "VARIADIC " if function.variadic and index == last else "INOUT " if name in results else ""
        default = " DEFAULT NULL" if index > last - function.defaults else ""
        listed.append(f"{mode}{identifier(name) + ' ' if name else ''}{type_}{default}")
    listed += [f"OUT {identifier(column.name)} {column.type}" for column in _out(function)]
    return ", ".join(listed)


def _out(function: Function) -> tuple[Column, ...]:
    """The OUT columns; one that is an INOUT argument bears its name already."""
    return tuple(column for column in function.columns if column.name not in function.argument_names)


def _language(function: Function) -> str:
    """The language and the body. Only PL/pgSQL can return NULL as a type that is known no sooner than the call."""
    later = function.returns == "record" or function.returns.startswith("any")
    if later and not function.columns:
        body = "BEGIN RETURN; END" if function.returns_set else "BEGIN RETURN NULL; END"
        return f"plpgsql {function.volatility.upper()} AS {literal(body)}"
    columns = ", ".join(f"NULL::{column.type}" for column in function.columns)
    result = columns or ("NULL" if function.returns == "void" else f"NULL::{function.returns}")
    body = f"SELECT {result}" + (" WHERE false" if function.returns_set else "")
    return f"sql {function.volatility.upper()} AS {literal(body)}"


def _aggregate(function: Function, name: str) -> tuple[str, ...]:
    """Its state is of the result's type, so that one function that gives the state back serves all of its kind."""
    state = qualified(function.schema, _STATE_FUNCTION)
    arguments = _arguments(function) or "*"
    inputs = ", ".join((function.returns, *_unnamed(function)))
    return (
        f"CREATE OR REPLACE FUNCTION {state} ({inputs}) RETURNS {function.returns} LANGUAGE sql IMMUTABLE AS 'SELECT $1'",
        f"CREATE AGGREGATE {name} ({arguments}) (SFUNC = {state}, STYPE = {function.returns})",
    )


def _unnamed(function: Function) -> Iterator[str]:
    last = len(function.arguments) - 1
    for index, type_ in enumerate(function.arguments):
        yield f"VARIADIC {type_}" if function.variadic and index == last else type_
