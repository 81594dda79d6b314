"""How two catalogs differ, object by object: what a snapshot that was taken earlier does not say of a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mvc.catalog.types import Catalog, Column, Function, Relation
from mvc.quoting import identifier, qualified


@dataclass(frozen=True, slots=True)
class CatalogChange:
    """Something that is in one of two catalogs, or in both with another description. `before` and `after` describe it; None where it is not there."""

    what: str
    before: str | None
    after: str | None


def catalog_changes(before: Catalog, after: Catalog) -> tuple[CatalogChange, ...]:
    """Everything that differs, in the order of names; of a relation that is in one only, nothing but that. Empty exactly where the catalogs are equal."""
    old, new = dict(_described(before)), dict(_described(after))
    one_sided = {name for name in old.keys() ^ new.keys() if not name[1]}
    changes = tuple(
        CatalogChange(_words(name), old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name) and (not name[1] or (name[0], "") not in one_sided)
    )
    known = replace(before, search_path=after.search_path) == after
    return changes or (() if known else (CatalogChange("the order of columns", "one", "another"),))


_What = tuple[str, str]  # an object, and the part of it (empty: itself)


def _words(what: _What) -> str:
    return f"{what[1]} of {what[0]}" if what[1] else what[0]


def _described(catalog: Catalog) -> Iterator[tuple[_What, str]]:
    for relation in catalog.relations:
        yield from _of_relation(relation)
    for function in catalog.functions:
        yield (
            (f"function {qualified(function.schema, function.name)}({', '.join(function.arguments)})", ""),
            _of_function(function),
        )
    for enum in catalog.enums:
        yield (f"type {qualified(enum.schema, enum.name)}", ""), f"enum ({', '.join(enum.labels)})"
    for domain in catalog.domains:
        checks = "".join(f" CHECK ({check})" for check in domain.checks)
        yield (
            (f"domain {qualified(domain.schema, domain.name)}", ""),
            f"{domain.base}{_never_null(nullable=domain.nullable)}{checks}",
        )
    for composite in catalog.composites:
        columns = ", ".join(_of_column(column) for column in composite.columns)
        yield (f"type {qualified(composite.schema, composite.name)}", ""), f"({columns})"
    for item in catalog.ranges:
        yield (f"type {qualified(item.schema, item.name)}", ""), f"range of {item.subtype}"
    for extension in catalog.extensions:
        yield (f"extension {extension}", ""), "there"


def _of_relation(item: Relation) -> Iterator[tuple[_What, str]]:
    name = qualified(item.schema, item.name)
    by = f" partitioned by {item.partition_method} ({', '.join(item.partition_by)})" if item.partition_method else ""
    yield (name, ""), f"{item.kind}{by}{' with row security' if item.row_security else ''}"
    for column in item.columns:
        collation = f" collate {column.collation}" if column.collation else ""
        described = f"{column.type or 'of an unknown type'}{collation}{_never_null(nullable=column.nullable)}"
        yield (name, f"column {identifier(column.name)}"), described
    for key in item.keys:
        yield (name, f"key ({', '.join(key.columns)})"), "primary key" if key.primary else "unique"
    for reference in item.foreign_keys:
        target = f"{qualified(*reference.target)} ({', '.join(reference.target_columns)})"
        yield (name, f"foreign key ({', '.join(reference.columns)}) to {target}"), "there"


def _of_function(item: Function) -> str:
    columns = ", ".join(_of_column(column) for column in item.columns)
    rows = "SETOF " if item.returns_set else ""
    parts = [f"{item.volatility} {item.kind} returns {rows}{item.returns}", f"({columns})" if columns else ""]
    parts += [f"{item.defaults} defaults" if item.defaults else "", "variadic" if item.variadic else ""]
    parts += [f"arguments {', '.join(item.argument_names)}" if item.argument_names else ""]
    return " ".join(filter(None, [*parts, f"of {item.extension}" if item.extension else ""]))


def _of_column(column: Column) -> str:
    return f"{identifier(column.name)} {column.type}{_never_null(nullable=column.nullable)}"


def _never_null(*, nullable: bool) -> str:
    return "" if nullable else " NOT NULL"
