"""The draft as a Catalog, in the one order that makes equal databases equal catalogs. `pull` uses the same order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mvc.catalog.draft import TEMPORARY, Draft, DraftReference, DraftRelation
from mvc.catalog.foreign_types import strange
from mvc.catalog.types import (
    Catalog,
    CompositeType,
    DomainType,
    EnumType,
    ForeignKey,
    Key,
    RangeType,
    Relation,
)
from mvc.diagnostics import did_you_mean, warning
from mvc.quoting import qualified


def freeze(draft: Draft) -> Catalog:
    """The catalog. Foreign keys whose target is not there are left out, with a finding."""
    relations = [_relation(draft, item) for item in draft.relations.values() if item.schema != TEMPORARY]
    types = draft.types.values()
    defined = frozenset(name for _, name in (*draft.types, *draft.relations)) | draft.unread
    draft.findings += filter(None, (strange(given, defined) for given in draft.given))
    return Catalog(
        relations=tuple(sorted(relations, key=lambda item: (item.schema, item.name))),
        functions=tuple(sorted(draft.functions.values(), key=lambda item: (item.schema, item.name, item.arguments))),
        enums=tuple(sorted((item for item in types if isinstance(item, EnumType)), key=_place)),
        domains=tuple(sorted((item for item in types if isinstance(item, DomainType)), key=_place)),
        extensions=tuple(sorted(draft.extensions)),
        search_path=draft.search_path,
        composites=tuple(sorted((item for item in types if isinstance(item, CompositeType)), key=_place)),
        ranges=tuple(sorted((item for item in types if isinstance(item, RangeType)), key=_place)),
        operators=tuple(sorted(draft.operators)),
        unread=tuple(sorted(draft.unread)),
    )


def ordered_keys(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Each key once, the primary one first; a unique index on the primary key's columns says nothing new."""
    found = set(keys)
    primary = {key.columns for key in found if key.primary}
    return tuple(
        sorted(
            (key for key in found if key.primary or key.columns not in primary),
            key=lambda key: (not key.primary, key.columns),
        )
    )


def ordered_foreign_keys(keys: Iterable[ForeignKey]) -> tuple[ForeignKey, ...]:
    return tuple(sorted(set(keys), key=lambda key: (key.columns, key.target, key.target_columns)))


def ordered_indexes(indexes: Iterable[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The columns of each, once."""
    return tuple(sorted({tuple(columns) for columns in indexes}))


def _place(item: EnumType | DomainType | CompositeType | RangeType) -> tuple[str, str]:
    return item.schema, item.name


def _relation(draft: Draft, item: DraftRelation) -> Relation:
    inherited = item.kind in ("table", "foreign table") and bool(item.children)
    keys = () if inherited else (Key(tuple(key.columns), key.primary) for key in item.keys)
    references = () if inherited else (_foreign_key(draft, item, reference) for reference in item.references)
    return Relation(
        item.schema,
        item.name,
        item.kind,
        tuple(item.columns.values()),
        ordered_keys(keys),
        ordered_foreign_keys(key for key in references if key),
        tuple(item.partition_by),
        item.row_security,
        item.partition_method,
        () if inherited else ordered_indexes(index.columns for index in item.indexes),
    )


def _foreign_key(draft: Draft, relation: DraftRelation, reference: DraftReference) -> ForeignKey | None:
    target = reference.found or draft.lookup(reference.target, reference.path)
    if target is None or (target.schema, target.name) not in draft.relations:
        _complain(draft, relation, reference)
        return None
    columns = reference.target_columns or next((key.columns for key in target.keys if key.primary), [])
    unknown = [column for column in columns if column not in target.columns]
    for column in unknown:
        title = f"column `{column}` does not exist in `{target.title}`"
        help_ = did_you_mean(column, target.columns, "columns")
        draft.findings.append(warning("MV022", reference.place, title, help=help_))
    if not reference.valid or unknown or len(columns) != len(reference.columns):
        return None
    return ForeignKey(tuple(reference.columns), (target.schema, target.name), tuple(columns))


def _complain(draft: Draft, relation: DraftRelation, reference: DraftReference) -> None:
    """A finding, unless nothing of the target's schema is described: then it belongs to somebody else (`auth.users`)."""
    schema, name = reference.target.schema, reference.target.name
    known = {item.name for item in draft.relations.values() if schema in (None, item.schema)}
    if relation.kind == "partition" or (schema and not known) or name in draft.unread:
        return
    title = f"`{qualified(*filter(None, (schema, name)))}` is not in the DDL"
    draft.findings.append(warning("MV021", reference.place, title, help=did_you_mean(name, known, "tables")))
