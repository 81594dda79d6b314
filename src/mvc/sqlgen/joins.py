"""The FROM, JOIN and WHERE of a block: its sources joined in tree order, what is required kept by EXISTS."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from mvc.analysis.readable import Readable
from mvc.analysis.tree import JoinTree, Node
from mvc.expression import Expression, parse_expression
from mvc.quoting import qualified
from mvc.sqlgen.leaf import all_of, expression_leaf, leaf, name


def from_sources(
    select: exp.Select, tree: JoinTree, path: tuple[str, ...], joined: frozenset[str], where: Iterable[Expression]
) -> exp.Select:
    """`select` over the sources `joined` (the path's included), the rows of the path's first kept by `where`.

    Sources on the path are joined INNER, each one below the other; the others are to-one attributes, LEFT unless required.
    """
    root = tree[path[0]]
    inner = _inner(tree, path, joined)
    select.set("from_", exp.From(this=table(root)))
    filters = [condition_leaf(item) for item in where]
    for node in _in_order(tree, joined - {root.alias}):
        on = [condition_leaf(item) for item in node.on]
        own = [*(condition_leaf(item) for item in node.where), *semi_joins(node, tree, inner)]
        if node.alias in inner:
            filters += own
            _join(select, node, "", on)
        else:
            parent = tree[node.parent or root.alias]
            if parent.alias not in inner and not node.needs_parent:
                on.append(condition_leaf(guard(parent)))
            _join(select, node, "LEFT", on + own)
    filters += semi_joins(root, tree, inner)
    if condition := all_of(filters):
        select.set("where", exp.Where(this=condition))
    return select


def _inner(tree: JoinTree, path: tuple[str, ...], joined: frozenset[str]) -> frozenset[str]:
    """Sources without a row of which the block has no row: the path, and required ones below it."""
    inner = set(path)
    for node in _in_order(tree, joined):
        if node.source.required and node.parent in inner and node.to_one:
            inner.add(node.alias)
    return frozenset(inner)


def _in_order(tree: JoinTree, aliases: Iterable[str]) -> list[Node]:
    return sorted((tree[alias] for alias in aliases), key=lambda node: (node.depth, node.alias))


def _join(select: exp.Select, node: Node, side: str, conditions: list[exp.Expression]) -> None:
    join = exp.Join(this=table(node), on=all_of(conditions) or exp.true())
    if side:
        join.set("side", side)
    select.append("joins", join)


def table(node: Node) -> exp.Expression:
    """A source in FROM, under its alias."""
    return readable_as(node.readable, node.alias)


def readable_as(readable: Readable, alias: str) -> exp.Expression:
    """A relation or subquery in FROM."""
    table_alias = exp.TableAlias(this=name(alias))
    if readable.sql is not None:
        return exp.Subquery(this=leaf(readable.sql), alias=table_alias)
    schema, relation = readable.reference or ("", "")
    return exp.Table(this=name(relation), db=name(schema), alias=table_alias)


def guard(node: Node) -> Expression:
    """A condition that holds only where the source has a row: one of its columns that cannot be NULL there."""
    columns = [*node.equated, *(column for key in node.keys for column in key), *node.readable.columns]
    certain = [column for column in columns if column in node.equated or node.readable.not_null((column,))]
    return parse_expression(f"{qualified(node.alias, (certain or columns)[0])} IS NOT NULL")


def condition_leaf(condition: Expression) -> exp.Expression:
    """A condition as one operand of AND."""
    return expression_leaf(condition)


def semi_joins(node: Node, tree: JoinTree, inner: frozenset[str]) -> list[exp.Expression]:
    """EXISTS for each required child that is not joined INNER anyway."""
    required = (child for child in tree.children(node.alias) if child.source.required and child.alias not in inner)
    return [_exists(child, tree) for child in required]


def _exists(node: Node, tree: JoinTree) -> exp.Expression:
    conditions = [*(condition_leaf(item) for item in (*node.on, *node.where)), *semi_joins(node, tree, frozenset())]
    select = exp.Select(expressions=[exp.Literal.number(1)], from_=exp.From(this=table(node)))
    select.set("where", exp.Where(this=all_of(conditions)))
    return exp.Exists(this=select)
