"""CREATE TYPE, CREATE DOMAIN, what ALTER does to them, and CREATE COLLATION."""

from __future__ import annotations

from dataclasses import replace

from mvc.catalog.cursor import Name
from mvc.catalog.draft import Draft
from mvc.catalog.tokens import Unreadable
from mvc.catalog.type_names import TypeName
from mvc.catalog.types import Column, CompositeType, DomainType, EnumType, RangeType
from mvc.catalog.written import Written, items, strings
from mvc.sql.parser import Node


def create_enum(draft: Draft, written: Written) -> None:
    name = written.named(written.node["typeName"])
    _add(draft, name, EnumType(*draft.home(name), tuple(strings(written.node.get("vals", [])))))


def create_range(draft: Draft, written: Written) -> None:
    """Raises Unreadable where the range has no subtype."""
    name = written.named(written.node["typeName"])
    for _, option in items(written.node["params"]):
        if option["defname"] == "subtype" and "TypeName" in option["arg"]:
            subtype = draft.spell(written.type(option["arg"]["TypeName"]), modifiers=False)
            _add(draft, name, RangeType(*draft.home(name), subtype))
            return
    raise Unreadable("the range has no subtype", name.start, name.end)


def create_composite(draft: Draft, written: Written) -> None:
    name = written.name(written.node["typevar"])
    columns = (_attribute(draft, written, column) for _, column in items(written.node.get("coldeflist", [])))
    _add(draft, name, CompositeType(*draft.home(name), tuple(columns)))


def create_domain(draft: Draft, written: Written) -> None:
    name = written.named(written.node["domainname"])
    type_ = written.type(written.node["typeName"])
    place = draft.resolve(type_)
    below = draft.types.get(place) if place else None
    nullable = below.nullable if isinstance(below, DomainType) else True
    domain = DomainType(*draft.home(name), draft.spell(type_), nullable)
    for _, constraint in items(written.node.get("constraints", [])):
        domain = _constrained(domain, written, constraint)
    draft.domain_collations[domain.schema, domain.name] = written.collation(draft, written.node, type_)
    _add(draft, name, domain)


def create_collation(draft: Draft, written: Written) -> None:
    """Only those matter to which different texts may be equal."""
    place = draft.home(written.named(written.node["defnames"]))
    for _, option in items(written.node.get("definition", [])):
        cursor = written.cursor(option.get("location"))
        if cursor.take("deterministic", "=") and cursor.token().text in ("false", "off", "no", "0"):
            draft.folding.add(place)


def rename_type(draft: Draft, written: Written) -> None:
    if place := _place(draft, strings(written.node["object"]["List"]["items"])):
        _move(draft, place, (place[0], written.node["newname"]))


def move_type(draft: Draft, written: Written) -> None:
    if place := _place(draft, strings(written.node["object"]["List"]["items"])):
        _move(draft, place, (written.node["newschema"], place[1]))


def alter_enum(draft: Draft, written: Written) -> None:
    place = _place(draft, strings(written.node["typeName"]))
    found = draft.types[place] if place else None
    if place and isinstance(found, EnumType):
        draft.types[place] = replace(found, labels=_with_label(found.labels, written.node))


def alter_domain(draft: Draft, written: Written) -> None:
    place = _place(draft, strings(written.node["typeName"]))
    found = draft.types[place] if place else None
    if not (place and isinstance(found, DomainType)):
        return
    subtype = written.node["subtype"]
    if subtype in ("O", "N"):  # SET NOT NULL, DROP NOT NULL
        draft.types[place] = replace(found, nullable=subtype == "N")
    elif subtype == "C":
        draft.types[place] = _constrained(found, written, written.node["def"]["Constraint"])


def drop_type(draft: Draft, names: list[str]) -> None:
    if place := _place(draft, names):
        del draft.types[place]


def _add(draft: Draft, name: Name, found: EnumType | DomainType | CompositeType | RangeType) -> None:
    place = (found.schema, found.name)
    if place in draft.types:
        draft.twice(f"the type `{found.name}`", draft.span(name))
        return
    draft.types[place] = found


def _place(draft: Draft, names: list[str]) -> tuple[str, str] | None:
    place = draft.resolve(TypeName(names[-2] if len(names) > 1 else None, names[-1]))
    return place if place in draft.types else None


def _attribute(draft: Draft, written: Written, node: Node) -> Column:
    return Column(node["colname"], draft.spell(written.type(node["typeName"])))


def _constrained(domain: DomainType, written: Written, node: Node) -> DomainType:
    if node["contype"] == "CONSTR_NOTNULL":
        return replace(domain, nullable=False)
    if node["contype"] == "CONSTR_CHECK":
        tokens = written.bracketed(node.get("location")).tokens
        text = written.source.text[tokens[0].start : tokens[-1].end] if tokens else ""
        return replace(domain, checks=(*domain.checks, text))
    return domain


def _with_label(labels: tuple[str, ...], node: Node) -> tuple[str, ...]:
    """The labels after ADD VALUE or RENAME VALUE."""
    label = node.get("newVal", "")
    if "oldVal" in node:
        return tuple(label if item == node["oldVal"] else item for item in labels)
    if label in labels:
        return labels
    neighbour = node.get("newValNeighbor", "")
    if neighbour not in labels:
        return (*labels, label)
    index = labels.index(neighbour) + bool(node.get("newValIsAfter"))
    return (*labels[:index], label, *labels[index:])


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
