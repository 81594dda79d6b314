"""CREATE TYPE, CREATE DOMAIN, what ALTER does to them, and CREATE COLLATION."""

from __future__ import annotations

from dataclasses import replace

from mvc.catalog.cursor import Cursor, Name
from mvc.catalog.draft import Draft
from mvc.catalog.type_names import TypeName, read_type
from mvc.catalog.types import Column, CompositeType, DomainType, EnumType, RangeType


def create_type(draft: Draft, cursor: Cursor) -> None:
    """What follows `CREATE TYPE`. Base types and shells are passed over: they need C code."""
    name = cursor.qualified()
    schema, bare = draft.home(name)
    if cursor.take("as", "enum"):
        labels = tuple(item.token().text for item in cursor.group().items())
        _add(draft, name, EnumType(schema, bare, labels))
    elif cursor.take("as", "range"):
        _add(draft, name, RangeType(schema, bare, _subtype(draft, cursor.group())))
    elif cursor.take("as"):
        columns = tuple(_attribute(draft, item) for item in cursor.group().items())
        _add(draft, name, CompositeType(schema, bare, columns))


def create_domain(draft: Draft, cursor: Cursor) -> None:
    """What follows `CREATE DOMAIN`."""
    name = cursor.qualified()
    schema, bare = draft.home(name)
    cursor.take("as")
    written = read_type(cursor)
    place = draft.resolve(written)
    below = draft.types.get(place) if place else None
    nullable = below.nullable if isinstance(below, DomainType) else True
    checks = []
    collation = draft.collation_of(written)
    while not cursor.at_end():
        if cursor.take("not", "null"):
            nullable = False
        elif cursor.take("check"):
            checks.append(_text(draft, cursor.group()))
        elif cursor.take("collate"):
            collation = draft.folds(cursor.qualified())
        else:
            cursor.skip_one()
    draft.domain_collations[schema, bare] = collation
    _add(draft, name, DomainType(schema, bare, draft.spell(written), nullable, tuple(checks)))


def create_collation(draft: Draft, cursor: Cursor) -> None:
    """What follows `CREATE COLLATION`. Only those matter to which different texts may be equal."""
    cursor.if_not_exists()
    name = cursor.qualified()
    for item in cursor.group().items() if cursor.sees("(") else ():
        if item.take("deterministic", "=") and item.token().text in ("false", "off", "no", "0"):
            draft.folding.add(draft.home(name))


def alter_type(draft: Draft, cursor: Cursor) -> None:
    """What follows `ALTER TYPE` or `ALTER DOMAIN`."""
    place = _place(draft, cursor.qualified())
    if place is None:
        return
    if cursor.take("rename", "to"):
        _move(draft, place, (place[0], cursor.name().text))
    elif cursor.take("set", "schema"):
        _move(draft, place, (cursor.name().text, place[1]))
    elif isinstance(found := draft.types[place], EnumType):
        draft.types[place] = _altered_enum(found, cursor)
    elif isinstance(found, DomainType):
        draft.types[place] = _altered_domain(draft, found, cursor)


def drop_type(draft: Draft, name: Name) -> None:
    if place := _place(draft, name):
        del draft.types[place]


def _add(draft: Draft, name: Name, found: EnumType | DomainType | CompositeType | RangeType) -> None:
    place = (found.schema, found.name)
    if place in draft.types:
        draft.twice(f"the type `{found.name}`", draft.span(name))
        return
    draft.types[place] = found


def _place(draft: Draft, name: Name) -> tuple[str, str] | None:
    place = draft.resolve(TypeName(name.schema, name.name))
    return place if place in draft.types else None


def _attribute(draft: Draft, item: Cursor) -> Column:
    name = item.name().text
    return Column(name, draft.spell(read_type(item)))


def _subtype(draft: Draft, options: Cursor) -> str:
    for item in options.items():
        if item.take("subtype", "="):
            return draft.spell(read_type(item), modifiers=False)
    raise options.unreadable("the range has no subtype")


def _altered_enum(found: EnumType, cursor: Cursor) -> EnumType:
    if cursor.take("add", "value"):
        cursor.if_not_exists()
        return replace(found, labels=_with_label(found.labels, cursor))
    if cursor.take("rename", "value"):
        old = cursor.token().text
        cursor.expect("to")
        new = cursor.token().text
        return replace(found, labels=tuple(new if label == old else label for label in found.labels))
    return found


def _with_label(labels: tuple[str, ...], cursor: Cursor) -> tuple[str, ...]:
    label = cursor.token().text
    if label in labels:
        return labels
    side = cursor.take_any("before", "after")
    neighbour = cursor.token().text if side else ""
    if neighbour not in labels:
        return (*labels, label)
    index = labels.index(neighbour) + (side == "after")
    return (*labels[:index], label, *labels[index:])


def _altered_domain(draft: Draft, found: DomainType, cursor: Cursor) -> DomainType:
    if cursor.take("set", "not", "null"):
        return replace(found, nullable=False)
    if cursor.take("drop", "not", "null"):
        return replace(found, nullable=True)
    while not cursor.at_end():
        if cursor.take("check"):
            return replace(found, checks=(*found.checks, _text(draft, cursor.group())))
        cursor.skip_one()
    return found


def _move(draft: Draft, old: tuple[str, str], new: tuple[str, str]) -> None:
    """A type under a new name: the columns that are of it say so too."""
    before = draft.visible(*old)
    draft.types[new] = replace(draft.types.pop(old), schema=new[0], name=new[1])
    after = draft.visible(*new)
    for relation in draft.relations.values():
        for column in list(relation.columns.values()):
            if column.type in (before, f"{before}[]"):
                spelled = column.type.replace(before, after, 1)
                relation.columns[column.name] = replace(column, type=spelled)


def _text(draft: Draft, group: Cursor) -> str:
    tokens = group.tokens
    return draft.source.text[tokens[0].start : tokens[-1].end] if tokens else ""
