"""What a project believes of the database below its views, against what the database has; and a catalog with the one in place of the other. Pure.

A database that has more than the project knows of (a key, a NOT NULL) contradicts nothing. A column more can: it may make a name mean two
things.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from mvc.catalog.types import Catalog, Column, Function, Key, Relation
from mvc.engines.postgres.plan.mismatches import (
    ColumnMayBeNull,
    ColumnMissing,
    ColumnTypeDiffers,
    ColumnUnknown,
    ForeignKeyMissing,
    FunctionDiffers,
    FunctionMissing,
    KeyMissing,
    Mismatch,
    RelationKindDiffers,
    RelationMismatch,
    RelationMissing,
)
from mvc.engines.postgres.plan.state import Name

_FREEDOM: Final = {"immutable": 0, "stable": 1, "volatile": 2}
_SCHEMA: Final = re.compile(r'^(?:"(?:[^"]|"")+"|\w+)\.')
_TABLES: Final = frozenset({"table", "partitioned table", "partition"})


def find_mismatches(believed: Catalog, there: Catalog) -> tuple[Mismatch, ...]:
    """Everything in which `there` is not as it is believed to be, relations first."""
    return (*_relations(believed, there), *_functions(believed, there))


def _relations(believed: Catalog, there: Catalog) -> Iterator[Mismatch]:
    for item in believed.relations:
        name = (item.schema, item.name)
        found = there.by_name.get(name)
        if found is None:
            yield RelationMissing(name, item)
            continue
        if found.kind != item.kind and not {found.kind, item.kind} <= _TABLES:
            yield RelationKindDiffers(name, item.kind, found.kind)
        yield from _columns(name, item, found)
        yield from _keys(name, item, found)
        for reference in item.foreign_keys:
            known = reference.target in believed.by_name and _has_columns(found, reference.columns)
            if known and reference not in found.foreign_keys:
                yield ForeignKeyMissing(name, reference)


def _columns(name: Name, believed: Relation, there: Relation) -> Iterator[Mismatch]:
    knows_null = there.kind not in ("view", "materialized view")
    for item in believed.columns:
        found = there.column(item.name)
        if found is None:
            yield ColumnMissing(name, item)
            continue
        if item.type and found.type and not _same_type(item.type, found.type):
            yield ColumnTypeDiffers(name, item.name, item.type, found.type)
        if knows_null and found.nullable and not item.nullable:
            yield ColumnMayBeNull(name, item.name)
    yield from (ColumnUnknown(name, item) for item in there.columns if believed.column(item.name) is None)


def _same_type(one: str, other: str) -> bool:
    """Whether two spellings can mean one type: DDL may leave out the schema of an extension that is not in the project's search path."""
    return one == other or (_bare(one) == _bare(other) and (one == _bare(one) or other == _bare(other)))


def _bare(type_: str) -> str:
    return _SCHEMA.sub("", type_)


def _keys(name: Name, believed: Relation, there: Relation) -> Iterator[Mismatch]:
    """Keys that do not hold; of those whose columns are missing that is said already."""
    for key in believed.keys:
        if _has_columns(there, key.columns) and not _is_key(key, there):
            yield KeyMissing(name, key)


def _has_columns(relation: Relation, names: tuple[str, ...]) -> bool:
    return all(relation.column(name) for name in names)


def _is_key(key: Key, there: Relation) -> bool:
    """Whether a row is identified by these columns, or by some of them."""
    return any(set(found.columns) <= set(key.columns) for found in there.keys)


def _functions(believed: Catalog, there: Catalog) -> Iterator[Mismatch]:
    known = {_signature(item): item for item in there.functions}
    for item in believed.functions:
        found = known.get(_signature(item))
        if found is None:
            yield FunctionMissing(item)
        elif _given(found) != _given(item) or _FREEDOM[found.volatility] > _FREEDOM[item.volatility]:
            yield FunctionDiffers(item, found)


def _signature(function: Function) -> tuple[str, str, tuple[str, ...]]:
    return function.schema, function.name, tuple(map(_bare, function.arguments))


def _given(function: Function) -> Function:
    """What of a function its callers notice, but for its volatility: one that is steadier than it is believed to be does no harm."""
    columns = tuple(Column(item.name, _bare(item.type or "")) for item in function.columns)
    arguments, returns = tuple(map(_bare, function.arguments)), _bare(function.returns)
    return replace(function, arguments=arguments, returns=returns, extension="", volatility="volatile", columns=columns)


def as_there(catalog: Catalog, mismatch: Mismatch) -> Catalog:
    """The project's catalog as the database has it in this one point."""
    if isinstance(mismatch, FunctionMissing | FunctionDiffers):
        changed = (mismatch.there,) if isinstance(mismatch, FunctionDiffers) else ()
        kept = (item for item in catalog.functions if _signature(item) != _signature(mismatch.believed))
        return replace(catalog, functions=(*kept, *changed))
    return replace(catalog, relations=tuple(_as_there(catalog, mismatch)))


def _as_there(catalog: Catalog, mismatch: RelationMismatch) -> Iterator[Relation]:
    for item in catalog.relations:
        if (item.schema, item.name) != mismatch.relation:
            yield item
        elif not isinstance(mismatch, RelationMissing):
            yield _EDITS[type(mismatch)](item, mismatch)


def _of_other_kind(item: Relation, mismatch: RelationKindDiffers) -> Relation:
    return replace(item, kind=mismatch.there)


def _without_column(item: Relation, mismatch: ColumnMissing) -> Relation:
    gone = mismatch.believed.name
    return replace(
        item,
        columns=tuple(column for column in item.columns if column.name != gone),
        keys=tuple(key for key in item.keys if gone not in key.columns),
        foreign_keys=tuple(key for key in item.foreign_keys if gone not in key.columns),
    )


def _with_column(item: Relation, mismatch: ColumnUnknown) -> Relation:
    return replace(item, columns=(*item.columns, mismatch.there))


def _of_other_type(item: Relation, mismatch: ColumnTypeDiffers) -> Relation:
    return _with(item, mismatch.column, lambda column: replace(column, type=mismatch.there))


def _nullable(item: Relation, mismatch: ColumnMayBeNull) -> Relation:
    return _with(item, mismatch.column, lambda column: replace(column, nullable=True))


def _with(item: Relation, name: str, change: Callable[[Column], Column]) -> Relation:
    return replace(item, columns=tuple(change(each) if each.name == name else each for each in item.columns))


def _without_key(item: Relation, mismatch: KeyMissing) -> Relation:
    return replace(item, keys=tuple(key for key in item.keys if key != mismatch.believed))


def _without_foreign_key(item: Relation, mismatch: ForeignKeyMissing) -> Relation:
    return replace(item, foreign_keys=tuple(key for key in item.foreign_keys if key != mismatch.believed))


_EDITS: Final[dict[type, Callable[..., Relation]]] = {
    RelationKindDiffers: _of_other_kind,
    ColumnMissing: _without_column,
    ColumnUnknown: _with_column,
    ColumnTypeDiffers: _of_other_type,
    ColumnMayBeNull: _nullable,
    KeyMissing: _without_key,
    ForeignKeyMissing: _without_foreign_key,
}
