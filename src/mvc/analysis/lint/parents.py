"""MV402: a filter on a to-one parent that does not pick the rows which are aggregated.

`where` on a source that is to-one only blanks that source's columns. Where measures of its rows do not read it, they
count all rows, whatever the filter says; `required: true` is what makes it pick rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.names.scope import bare_column, reads
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.expression import Expression
from mvc.expression.split import equation

CODE: Final = "MV402"


def lint_parents(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings of a declared view, one per source."""
    if not isinstance(view.query, DeclaredQuery):
        return
    tree = view.query.tree
    measures = [measure for block in view.query.blocks for measure in block.measures]
    for node in tree.nodes.values():
        if node.parent is None or not node.to_one or node.source.required or node.is_picked or not _windows(node):
            continue
        if unread := _unread(node, measures, tree):
            yield _finding(node, unread)


def _windows(node: Node) -> list[Expression]:
    """The parts of `where` that pick rows: what equates a column of a key only says which row is meant."""
    key_columns = {column for key in node.keys for column in key}
    return [part for part in node.where if not _equates(part, node.alias, key_columns)]


def _equates(part: Expression, alias: str, columns: set[str]) -> bool:
    for side in equation(part) or ():
        ref = bare_column(side)
        if ref and ref.qualifier == alias and ref.name in columns:
            return True
    return False


def _unread(node: Node, measures: list[Measure], tree: JoinTree) -> list[str]:
    """Measures of the rows whose attribute the source is, that read neither it nor what is below it."""
    host = tree.host(node.alias)
    names = []
    for measure in measures:
        read = reads(*measure.expressions) | {measure.source}
        if tree.host(measure.source) == host and not any(node.alias in tree.path(alias) for alias in read):
            names.append(measure.name)
    return names


def _finding(node: Node, names: list[str]) -> Diagnostic:
    shown = ", ".join(f"`{name}`" for name in names)
    origin = (node.source.where or node.source).origin
    title = (
        f"this filter of `{node.alias}` does not pick the rows that {shown} aggregate{'s' if len(names) == 1 else ''}"
    )
    help_lines = (
        f"add `required: true` to `{node.alias}` if only rows with such a parent are meant",
        "or filter the aggregates: where: …",
    )
    return warning(CODE, origin.span, title, label=f"only blanks the columns of `{node.alias}`", help=help_lines)
