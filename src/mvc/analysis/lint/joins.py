"""MV425: joins that tie no row of one source to rows of another, so that every row meets every row."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlglot import exp

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.equations import conditions, places_read
from mvc.analysis.body.scopes import FromItem, SelectScope
from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.names.scope import reads
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.diagnostics import Diagnostic, warning
from mvc.expression.parse import folded

CODE = "MV425"


def lint_joins(view: ResolvedView) -> Iterator[Diagnostic]:
    """The findings of one view."""
    if isinstance(view.query, AnalysedBody):
        for scope in view.query.analysis.scopes:
            yield from _of_select(scope, view.query.analysis)
    elif isinstance(view.query, DeclaredQuery):
        for node in view.query.tree.nodes.values():
            if node.parent is not None and not (node.source.one or node.source.order) and not _is_tied(node):
                yield _loose(node, view.query.tree)


def _is_tied(node: Node) -> bool:
    """Whether a condition reads the source and another one."""
    tying = (reads(condition) for condition in (*node.on, *node.where))
    return any(node.alias in aliases and len(aliases) > 1 for aliases in tying)


def _compares_itself(condition: exp.Expr | None) -> bool:
    """Whether a column is compared with itself, which is a finding of its own."""
    found = condition.find_all(exp.EQ) if condition is not None else ()
    return any(isinstance(node.this, exp.Column) and node.this == node.args["expression"] for node in found)


def _loose(node: Node, tree: JoinTree) -> Diagnostic:
    parent = tree[node.parent or tree.base.alias]
    origin = (node.source.on or node.source).origin
    title = f"`{node.alias}` is joined by no column of another source: every row of `{parent.alias}` gets all its rows"
    help_line = f"write what ties them, e.g. on: {_tie(node, parent)}; `one: true` says that it has one row"
    return warning(CODE, origin.span, title, label="ties nothing", help=help_line)


def _tie(node: Node, parent: Node) -> str:
    """A foreign key between the two, where there is one."""
    for one, other in ((node, parent), (parent, node)):
        for key in one.readable.foreign_keys:
            if key.target == other.readable.reference:
                pairs = zip(key.columns, key.target_columns, strict=False)
                return " AND ".join(f"{one.alias}.{mine} = {other.alias}.{theirs}" for mine, theirs in pairs)
    return f"{node.alias}.{parent.alias}_id = {parent.alias}.id"


def _of_select(scope: SelectScope, analysis: Analysis) -> Iterator[Diagnostic]:
    """For each table in FROM that no condition ties to one before it. CROSS JOIN and ON true say that this is meant."""
    select = scope.select
    if not isinstance(select, exp.Select) or len(scope.items) < 2 or select.find_ancestor(exp.Exists, exp.In):
        return
    joins = {
        item: join for join in select.args.get("joins") or [] if (item := _item_of(join, scope)) and not _is_meant(join)
    }
    groups = _tied_groups(scope, analysis, joins)
    for item, join in joins.items():
        if groups[item] == 0 or _compares_itself(join.args.get("on")):
            continue
        title = f"`{item.alias}` is joined by no column of another source: every row meets every row"
        name = join.this.this.meta
        span = analysis.parsed.body.origin.part(name.get("start", 0), name.get("end", 0) + 1)
        help_line = f"write what ties it: JOIN {item.alias} ON {item.alias}.… = …; CROSS JOIN says that it is meant"
        yield warning(CODE, span, title, label="ties nothing", help=help_line)


def _tied_groups(scope: SelectScope, analysis: Analysis, joins: Collection[FromItem]) -> dict[FromItem, int]:
    """The items of FROM, each with the number of the group of items that conditions tie together; the first one's is 0, and that of
    those that need no tie.
    """
    groups = {item: number if item in joins else 0 for number, item in enumerate(scope.items)}
    for condition in conditions(scope):
        read = {item for item, _ in places_read(scope, analysis.refs, condition)}
        joined = {groups[item] for item in read}
        if isinstance(condition, exp.EQ) and len(read) == 1:
            joined.add(0)  # of one value, or of a row of the query around this one
        least = min(joined, default=0)
        groups = {item: least if number in joined else number for item, number in groups.items()}
    return groups


def _item_of(join: exp.Join, scope: SelectScope) -> FromItem | None:
    """The table that a join reads; None for what may depend on the rows before it, or is one row."""
    table = join.this
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        return None
    alias = folded(table.args["alias"].this) if table.args.get("alias") else folded(table.this)
    found = next((item for item in scope.items if item.alias == alias), None)
    return found if found and found.rows.relation else None


def _is_meant(join: exp.Join) -> bool:
    on = join.args.get("on")
    natural = str(join.args.get("method") or "").upper() == "NATURAL"
    cross = str(join.args.get("kind") or "").upper() == "CROSS"
    return natural or cross or bool(join.args.get("using")) or isinstance(on, exp.Boolean)
