"""A source by itself: what it reads, that it has a row, and which rows of it must be there or must not."""

from __future__ import annotations

from mvc.analysis.declared.tree import JoinTree, Node
from mvc.shape.records import AuthorExpression, ColumnOf, Present, ReadSource, SomeRow


def source_of(node: Node) -> ReadSource:
    """A node of the tree as a source."""
    return ReadSource(node.alias, node.readable, node.read if node.readable.arms else ())


def presence_of(node: Node) -> Present:
    """A condition that holds only where the source has a row: one of its columns that cannot be NULL there."""
    columns = [*node.equated, *(column for key in node.keys for column in key), *node.readable.columns]
    certain = [column for column in columns if column in node.equated or node.readable.not_null((column,))]
    return Present(ColumnOf(node.alias, (certain or columns)[0]))


def some_rows(node: Node, tree: JoinTree, inner: frozenset[str]) -> list[SomeRow]:
    """For each required child that is not joined INNER anyway, that it has a row; for each absent one, that it has none."""
    children = (child for child in tree.deciding(node.alias) if child.alias not in inner)
    return [
        SomeRow(
            source_of(child),
            (*map(AuthorExpression, (*child.on, *child.where)), *some_rows(child, tree, frozenset())),
            none=child.source.absent,
        )
        for child in children
    ]
