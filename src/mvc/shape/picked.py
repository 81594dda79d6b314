"""A source of which a row of the parent has one row, the first in an order, as a query that is joined.

Where an index leads from the parent's row to its rows, that one is looked up for each (LATERAL); else all rows are put in order once, and
the first of each link is taken (DISTINCT ON). Where nothing but that there is one is asked, any row does; and where nothing is but what it
is ordered by, that is the least or the greatest of each link (min, max).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from mvc.analysis.declared.blocks import below
from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.relation import SourceRelation
from mvc.expression import Expression
from mvc.expression.split import equation
from mvc.model.aggregates import AGGREGATES
from mvc.model.view import OrderTerm
from mvc.shape.records import (
    AggregateCall,
    AuthorExpression,
    ColumnOf,
    Condition,
    Join,
    Ordering,
    Reading,
    ReadSource,
    ResultColumn,
    Select,
)
from mvc.shape.rows import presence_of, some_rows, source_of

_ALIKE: Final = frozenset(
    ("smallint", "integer", "bigint", "date", "timestamp without time zone", "timestamp with time zone")
)  # types of which equal values are the same


class _Extreme(NamedTuple):
    """A column, and the aggregate of it that the first row holds."""

    column: str
    function: str


class _Parts(NamedTuple):
    """The conditions of a source: equations of its own expressions with others, what reads it alone, and what does not read it."""

    links: tuple[tuple[Expression, Expression], ...]
    own: tuple[Expression, ...]
    others: tuple[Expression, ...]


def picked_join(
    node: Node,
    tree: JoinTree,
    kind: Literal["inner", "left"],
    above: tuple[Condition, ...],
    *,
    all_of: SourceRelation | None,
) -> Join:
    """The join of the row that is picked; `above` must hold of the rows before it. `all_of` is the relation of which every row is before it,
    where that is known: to read the same once more costs no more than to look each one up.
    """
    parts = link_parts(node, tree)
    some = tuple(some_rows(node, tree, frozenset()))
    columns = {*node.asked, presence_of(node).column.name}
    extreme = _extreme(node, parts, columns)
    looked_up = is_looked_up(node) and not (extreme and all_of == node.readable)
    if parts is None or looked_up:
        where = (*above, *map(AuthorExpression, (*node.on, *node.where)), *some)
        order = _ordering(node) if node.asked else ()
        one = Select(_outputs(node, columns), Reading(source_of(node), where=where), order=order, limit=1)
        return Join(ReadSource(node.alias, one), kind, lateral=True)
    on = [item for item in (*node.on, *node.where) if item not in parts.own]
    columns |= {ref.name for item in on for ref in item.columns if ref.qualifier == node.alias}
    reading = Reading(source_of(node), where=(*map(AuthorExpression, (*parts.own, *node.within)), *some))
    first = _extremes(node, columns, extreme, reading) if extreme else _firsts(node, columns, parts, reading)
    return Join(ReadSource(node.alias, first), kind, (*map(AuthorExpression, on), *above))


def _outputs(node: Node, columns: Iterable[str]) -> tuple[ResultColumn, ...]:
    wanted = set(columns)
    return tuple(
        ResultColumn(column, ColumnOf(node.alias, column)) for column in node.readable.columns if column in wanted
    )


def _firsts(node: Node, columns: Iterable[str], parts: _Parts, reading: Reading) -> Select:
    """The first row of each link."""
    links = tuple(AuthorExpression(inner) for inner, _ in parts.links)
    order = (
        *(Ordering(link, descending=False, nulls_first=False) for link in links),
        *(_ordering(node) if node.asked else ()),
    )
    return Select(_outputs(node, columns), reading, order=order, once_per=links)


def _extremes(node: Node, columns: Iterable[str], extreme: _Extreme, reading: Reading) -> Select:
    """Each link with the one value that its first row is asked for."""
    links = _outputs(node, set(columns) - {extreme.column})
    call = AggregateCall(AGGREGATES[extreme.function], (ColumnOf(node.alias, extreme.column),))
    return Select((*links, ResultColumn(extreme.column, call)), reading, tuple(range(len(links))))


def _extreme(node: Node, parts: _Parts | None, columns: Iterable[str]) -> _Extreme | None:
    """What stands for the first row where it is asked for nothing but the link and the first term of the order, of which equal values are one."""
    term, ordered = node.order[0][0], node.order[0][1].ordered
    column = bare_column(term)
    links = {ref.name for inner, _ in parts.links if (ref := bare_column(inner))} if parts else set()
    if column is None or column.qualifier != node.alias or column.name not in node.asked or column.name in links:
        return None
    at_end = not ordered.nulls_first or node.readable.not_null((column.name,))
    if not at_end or set(columns) - {column.name} - links or node.readable.columns[column.name].type not in _ALIKE:
        return None
    return _Extreme(column.name, "max" if ordered.descending else "min")


def link_parts(node: Node, tree: JoinTree) -> _Parts | None:
    """The conditions apart; None where the first row of each link is not the row that is picked."""
    links: list[tuple[Expression, Expression]] = []
    own: list[Expression] = []
    others: list[Expression] = []
    for condition in (*node.on, *node.where):
        link = _link(condition, node)
        if reads(condition) <= {node.alias}:
            own.append(condition)
        elif node.alias not in reads(condition):
            others.append(condition)
        elif link:
            links.append(link)
        else:
            return None
    inside = {node.alias, *(alias for alias in tree.nodes if node.alias in tree.path(alias))}
    needed = [term for term, _ in node.order] + [
        item for child in tree.deciding(node.alias) for item in below(child.alias, tree)
    ]
    return _Parts(tuple(links), tuple(own), tuple(others)) if links and reads(*needed) <= inside else None


def _link(condition: Expression, node: Node) -> tuple[Expression, Expression] | None:
    """What of the source is equal to what of others. Another equality than that of the source's own values would make several of them one."""
    sides = equation(condition)
    for inner, outer in (sides, sides[::-1]) if sides else ():
        column = bare_column(inner)
        mixed = column is None or (node.alias, column.name) in node.coarse
        if not mixed and reads(inner) == {node.alias} and node.alias not in reads(outer):
            return inner, outer
    return None


def is_looked_up(node: Node) -> bool:
    """Whether an index begins with all columns that are equated."""
    links = {column for column, other in node.equated.items() if reads(other)}
    known = {column for column in node.equated if column in node.matched}
    return any(_leads(index, links, known) for index in node.readable.indexes) and links <= known


def _leads(index: Iterable[str], links: set[str], known: set[str]) -> bool:
    """Whether the columns of the index before the first that is not equated are all that the join equates."""
    leading: set[str] = set()
    for column in index:
        if column not in known:
            break
        leading.add(column)
    return bool(links) and links <= leading


def _ordering(node: Node) -> tuple[Ordering, ...]:
    return tuple(_term(expression, term, node) for expression, term in node.order)


def _term(expression: Expression, term: OrderTerm, node: Node) -> Ordering:
    """Where a column has no NULL, they stand where an index has them."""
    column = bare_column(expression)
    never = column is not None and column.qualifier == node.alias and node.readable.not_null((column.name,))
    descending = term.ordered.descending
    return Ordering(AuthorExpression(expression), descending, descending if never else term.ordered.nulls_first)
