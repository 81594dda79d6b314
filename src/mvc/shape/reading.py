"""What a block reads: its sources joined in tree order, what is required kept by EXISTS."""

from __future__ import annotations

from collections.abc import Iterable

from mvc.analysis.declared.tree import JoinTree, Node
from mvc.expression import Expression
from mvc.shape.records import AuthorExpression, ColumnOf, Condition, Join, Present, Reading, ReadSource, SomeRow


def reading_of(
    tree: JoinTree, path: tuple[str, ...], joined: frozenset[str], where: Iterable[Expression] = ()
) -> Reading:
    """The sources `joined` (the path's included), the rows of the path's first kept by `where`.

    Sources on the path are joined INNER, each one below the other; the others are to-one attributes, LEFT unless required.
    """
    root = tree[path[0]]
    inner = _inner(tree, path, joined)
    kept: list[Condition] = [AuthorExpression(item) for item in where]
    joins: list[Join] = []
    for node in _in_order(tree, joined - {root.alias}):
        on: list[Condition] = [AuthorExpression(item) for item in node.on]
        own: list[Condition] = [*map(AuthorExpression, node.where), *_required(node, tree, inner)]
        if node.alias in inner:
            kept += own
            joins.append(Join(source_of(node), "inner", tuple(on)))
            continue
        parent = tree[node.parent or root.alias]
        if parent.alias not in inner and not node.needs_parent:
            on.append(presence_of(parent))
        joins.append(Join(source_of(node), "left", (*on, *own)))
    return Reading(source_of(root), tuple(joins), (*kept, *_required(root, tree, inner)))


def source_of(node: Node) -> ReadSource:
    """A node of the tree as a source."""
    return ReadSource(node.alias, node.readable)


def presence_of(node: Node) -> Present:
    """A condition that holds only where the source has a row: one of its columns that cannot be NULL there."""
    columns = [*node.equated, *(column for key in node.keys for column in key), *node.readable.columns]
    certain = [column for column in columns if column in node.equated or node.readable.not_null((column,))]
    return Present(ColumnOf(node.alias, (certain or columns)[0]))


def _inner(tree: JoinTree, path: tuple[str, ...], joined: frozenset[str]) -> frozenset[str]:
    """Sources without a row of which the block has no row: the path, and required ones below it."""
    inner = set(path)
    for node in _in_order(tree, joined):
        if node.source.required and node.parent in inner and node.to_one:
            inner.add(node.alias)
    return frozenset(inner)


def _in_order(tree: JoinTree, aliases: Iterable[str]) -> list[Node]:
    return sorted((tree[alias] for alias in aliases), key=lambda node: (node.depth, node.alias))


def _required(node: Node, tree: JoinTree, inner: frozenset[str]) -> list[SomeRow]:
    """For each required child that is not joined INNER anyway, that it has a row."""
    children = (child for child in tree.children(node.alias) if child.source.required and child.alias not in inner)
    return [
        SomeRow(
            source_of(child), (*map(AuthorExpression, (*child.on, *child.where)), *_required(child, tree, frozenset()))
        )
        for child in children
    ]
