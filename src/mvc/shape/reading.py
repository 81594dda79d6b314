"""What a block reads: its sources joined in tree order, what is required kept by EXISTS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from mvc.analysis.declared.tree import JoinTree, Node
from mvc.expression import Expression
from mvc.shape.picked import picked_join
from mvc.shape.records import AuthorExpression, Condition, Join, Reading
from mvc.shape.rows import presence_of, some_rows, source_of


def reading_of(
    tree: JoinTree,
    path: tuple[str, ...],
    joined: frozenset[str],
    where: Iterable[Expression] = (),
    met: frozenset[str] = frozenset(),
) -> Reading:
    """The sources `joined` (the path's included), the rows of the path's first kept by `where`. Required sources that are `met` are seen to
    elsewhere.

    Sources on the path are joined INNER, each one below the other; the others are to-one attributes, LEFT unless required.
    """
    root = tree[path[0]]
    inner = _inner(tree, path, joined)
    kept: list[Condition] = [AuthorExpression(item) for item in where]
    every = None if kept else root.readable  # of which each row is read
    joins: list[Join] = []
    for node in _in_order(tree, joined - {root.alias}):
        on: list[Condition] = [AuthorExpression(item) for item in node.on]
        own: list[Condition] = [*map(AuthorExpression, node.where), *some_rows(node, tree, inner)]
        parent = tree[node.parent or root.alias]
        above = () if parent.alias in inner or node.needs_parent else (presence_of(parent),)
        if node.is_picked:
            kind: Literal["inner", "left"] = "inner" if node.alias in inner else "left"
            joins.append(picked_join(node, tree, kind, above, all_of=every if parent is root else None))
        elif node.alias in inner:
            kept += own
            joins.append(Join(source_of(node), "inner", tuple(on)))
        else:
            joins.append(Join(source_of(node), "left", (*on, *above, *own)))
    return Reading(source_of(root), tuple(joins), (*kept, *some_rows(root, tree, inner | met)))


def _inner(tree: JoinTree, path: tuple[str, ...], joined: frozenset[str]) -> frozenset[str]:
    """Sources without a row of which the block has no row: the path, and required ones below it."""
    inner = set(path)
    for node in _in_order(tree, joined):
        if node.source.required and node.parent in inner and node.to_one:
            inner.add(node.alias)
    return frozenset(inner)


def _in_order(tree: JoinTree, aliases: Iterable[str]) -> list[Node]:
    return sorted((tree[alias] for alias in aliases), key=lambda node: (node.depth, node.alias))
