"""MV613: a view whose rows go with the partitions that are retired.

A view is safe where it reads of the table only rows that are surely kept: `where` compares the partition column with a
moment that is no further back than `keep`. Whatever else reads the table is reported, though it may be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from mvc.analysis.declared.tree import Node
from mvc.analysis.names.reads import reads_table
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.types.columns import TRUNCATING
from mvc.diagnostics import Diagnostic, Label, warning
from mvc.expression import Expression
from mvc.expression.split import without_parentheses
from mvc.model.length import UNITS, Length
from mvc.model.partitions import Partitioning
from mvc.model.project import Project
from mvc.model.view import Body, Declared, SubqueryRef

CODE: Final = "MV613"
_MOST_ZONES_APART: Final = Length(days=2)  # the view's today and that of the bounds, from UTC-12 to UTC+14
_STARTS: Final[Mapping[str, Length]] = {  # how far back the start of a period may be
    "hour": Length(days=1),
    "day": Length(days=1),
    "week": Length(days=6),
    "month": Length(days=30),
    "quarter": Length(days=91),
    "year": Length(days=365),
}
_PARTS_OF_A_DAY: Final = ("second", "minute", "hour")


@dataclass(frozen=True, slots=True)
class _Window:
    """The rows that are kept: those whose `column` is no further back than `keep`. `apart` is how far two todays may differ."""

    column: str
    keep: Length
    apart: Length

    def holds(self, moment: exp.Expression) -> bool:
        """Whether a moment surely lies within."""
        back = _back(moment)
        return back is not None and self.keep.covers(back + self.apart)


def lint_history(views: Iterable[ResolvedView], project: Project) -> Iterator[Diagnostic]:
    """One finding per view and table whose retired partitions would take rows of the view away."""
    retiring = [item for item in project.partitions if item.keep]
    for resolved in views:
        yield from (_finding(resolved, item) for item in retiring if _shrinks(resolved, item, project))


def _finding(resolved: ResolvedView, item: Partitioning) -> Diagnostic:
    view = resolved.view
    gone = "dropped" if item.retire == "drop" else "detached"
    title = f"`{view.name}` loses the rows of `{item.table.name}` that are older than {item.keep}"
    return warning(
        CODE,
        view.origin.at("view").span,
        title,
        label="reads the whole table",
        help=f"filter by the partition column, or say that it is meant: accept: {{{CODE}: why}}",
        related=[Label(item.origin.at("keep").span, f"what is older is {gone}")],
    )


def _shrinks(resolved: ResolvedView, item: Partitioning, project: Project) -> bool:
    """Whether the view may read rows of the table that will be retired."""
    relation = project.catalog.relation(item.table.name, item.table.schema)
    if relation is None or item.keep is None or not relation.partition_by:
        return False
    place = relation.schema, relation.name
    if not isinstance(resolved.query, DeclaredQuery):
        return isinstance(resolved.view.body, Body) and reads_table(resolved.view.body.sql, *place)
    if _in_subqueries(resolved, *place):
        return True
    described = f"{relation.schema}.{relation.name}"
    readers = [node for node in resolved.query.tree.nodes.values() if node.readable.described == described]
    apart = Length() if item.timezone == project.settings.timezone else _MOST_ZONES_APART
    window = _Window(relation.partition_by[0], item.keep, apart)
    return not all(_is_kept(node, resolved.query, window) for node in readers)


def _in_subqueries(resolved: ResolvedView, schema: str, table: str) -> bool:
    body = resolved.view.body
    sources = body.sources if isinstance(body, Declared) else ()
    texts = (source.relation.sql for source in sources if isinstance(source.relation, SubqueryRef))
    return any(reads_table(text, schema, table) for text in texts)


def _is_kept(node: Node, query: DeclaredQuery, window: _Window) -> bool:
    """Whether a condition on the source's own rows keeps those only that are no older than `keep`."""
    conditions = (*node.where, *(query.where if node is query.tree.base else ()))
    return any(_is_recent(item, node.alias, window) for item in conditions)


def _is_recent(condition: Expression, alias: str, window: _Window) -> bool:
    ast = without_parentheses(condition).ast
    if isinstance(ast, exp.LT | exp.LTE):
        return _is_column(ast.expression, alias, window.column) and window.holds(ast.this)
    if isinstance(ast, exp.GT | exp.GTE | exp.EQ):
        return _is_column(ast.this, alias, window.column) and window.holds(ast.expression)
    return False


def _is_column(node: exp.Expression, alias: str, column: str) -> bool:
    return isinstance(node, exp.Column) and (node.table, node.name) == (alias, column)


def _back(node: exp.Expression) -> Length | None:
    """How far before now a moment is at most; None where that is not known."""
    if isinstance(node, exp.Paren):
        return _back(node.this)
    if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp | exp.Localtimestamp):
        return Length()
    if isinstance(node, TRUNCATING):
        return _plus(_back(node.this), _STARTS.get(str(node.args["unit"].name).lower()))
    if isinstance(node, exp.Sub):
        return _plus(_back(node.this), _length(node.expression))
    return None


def _plus(one: Length | None, other: Length | None) -> Length | None:
    return None if one is None or other is None else one + other


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 8


def _length(node: exp.Expression) -> Length | None:
    """`30` (days) or `INTERVAL '90 days'`; part of a day counts as the next whole one."""
    if isinstance(node, exp.Literal) and not node.is_string and _is_count(node.name):
        return Length(days=int(node.name))
    if not isinstance(node, exp.Interval) or node.this is None or not _is_count(node.this.name):
        return None
    count, word = int(node.this.name), str(node.args.get("unit") or "").lower().removesuffix("s")
    unit = UNITS["day"] if word in _PARTS_OF_A_DAY else UNITS.get(word)
    return None if unit is None else unit * count
