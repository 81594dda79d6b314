"""Which columns of one SELECT determine which others: equations in ON, WHERE and USING, and the keys of what is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from mvc.analysis.body.scopes import FromItem, Ref, SelectScope, columns_under, unwrapped
from mvc.analysis.declared.equality import is_coarse
from mvc.catalog.types import Catalog, Column

Place = tuple[FromItem, str]  # a column of an item


@dataclass(frozen=True, slots=True)
class Equation:
    """`place` equals an expression over the columns `reads`; none for a constant. `loose`: only where an outer join matched."""

    place: Place
    reads: frozenset[Place]
    loose: bool = False


def conditions(scope: SelectScope) -> list[exp.Expr]:
    """The conjuncts of ON and WHERE."""
    return [part for part, _ in _conditions(scope)]


def _conditions(scope: SelectScope) -> Iterator[tuple[exp.Expr, frozenset[FromItem] | None]]:
    """Conjuncts with the items that they are conditions of: of an outer join's, the others may have any value."""
    where = scope.select.args.get("where")
    roots = [(joined.node.args.get("on"), joined.optional) for joined in scope.joins]
    for root, optional in (*roots, (where.this if where else None, None)):
        if root is not None:
            yield from ((part, optional) for part in _conjuncts(root))


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    stack = [node]
    while stack:
        node = unwrapped(stack.pop())
        if isinstance(node, exp.And):
            stack += [node.args["expression"], node.this]
        else:
            yield node


def place_read(node: exp.Expr, scope: SelectScope, refs: Mapping[int, Ref]) -> Place | None:
    """The column of this SELECT that an expression is, or None."""
    ref = refs.get(id(unwrapped(node)))
    return (ref.item, ref.field.name) if ref and ref.scope is scope and ref.field else None


def places_read(scope: SelectScope, refs: Mapping[int, Ref], *roots: exp.Expr | None) -> frozenset[Place]:
    """The columns of this SELECT that expressions read."""
    found = (place_read(column, scope, refs) for column in columns_under(*roots))
    return frozenset(place for place in found if place)


def equations(scope: SelectScope, refs: Mapping[int, Ref], catalog: Catalog) -> list[Equation]:
    """All equations of a SELECT, in both directions; those that an outer join need not fulfil are `loose`. Left out is one that several values of the
    column fulfil which its keys tell apart.
    """
    written = (_written(part, optional, scope, refs, catalog) for part, optional in _conditions(scope))
    shared = (_shared(left, right, scope, catalog) for left, right in scope.equal)
    return [item for items in (*written, *shared) for item in items]


def _written(
    part: exp.Expr, optional: frozenset[FromItem] | None, scope: SelectScope, refs: Mapping[int, Ref], catalog: Catalog
) -> Iterator[Equation]:
    def read(node: exp.Expr) -> Column | None:
        return _column(refs.get(id(unwrapped(node))))

    sides = (part.this, part.args["expression"]) if isinstance(part, exp.EQ) else ()
    for one, other in (sides, sides[::-1]) if sides else ():
        place, reads = place_read(one, scope, refs), places_read(scope, refs, other)
        if not place or isinstance(other, exp.Any | exp.All) or is_coarse(read(one), other, read, catalog):
            continue
        if all(item is not place[0] for item, _ in reads):
            yield Equation(place, reads, loose=optional is not None and place[0] not in optional)


def _shared(left: Ref, right: Ref, scope: SelectScope, catalog: Catalog) -> Iterator[Equation]:
    """By USING and NATURAL."""
    loose = bool({left.item, right.item} & scope.missing)
    for one, other in ((left, right), (right, left)):
        mixed = is_coarse(_column(one), exp.column("other"), partial(_same, _column(other)), catalog)
        if one.field and other.field and not mixed:
            here, there = (one.item, one.field.name), (other.item, other.field.name)
            yield Equation(here, frozenset({there}), loose=loose and one.item not in scope.missing)


def _same(column: Column | None, _: exp.Expr) -> Column | None:
    return column


def _column(ref: Ref | None) -> Column | None:
    return Column(ref.field.name, ref.field.type, collation=ref.field.collation) if ref and ref.field else None


def determined(
    scope: SelectScope, known: Iterable[Place], fixed: Iterable[FromItem], equal: list[Equation]
) -> frozenset[FromItem]:
    """The items of which there is at most one row, given the columns `known` and one row of each of `fixed`."""
    return closure(scope, known, fixed, equal)[0]


def closure(
    scope: SelectScope, known: Iterable[Place], fixed: Iterable[FromItem], equal: list[Equation]
) -> tuple[frozenset[FromItem], frozenset[Place]]:
    """As `determined`, with the columns that have one value."""
    places, items = set(known), set(fixed)
    while True:
        before = len(places) + len(items)
        places.update(item.place for item in equal if all(place in places or place[0] in items for place in item.reads))
        items.update(item for item in scope.items if _has_known_key(item, places) and _is_ready(item, scope, items))
        if len(places) + len(items) == before:
            return frozenset(items), frozenset(places)


def _has_known_key(item: FromItem, places: set[Place]) -> bool:
    return any(all((item, column) in places for column in key) for key in item.rows.keys)


def _is_ready(item: FromItem, scope: SelectScope, fixed: set[FromItem]) -> bool:
    """Keys of a LATERAL subquery hold for one row of what stands before it."""
    before = scope.items[: scope.items.index(item)] if isinstance(item.node, exp.Lateral) else []
    return all(other in fixed for other in before)
