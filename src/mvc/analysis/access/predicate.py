"""One condition of a policy: its names checked, its calls that do not depend on the row made to run once per statement."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from mvc.analysis.names.functions import ExpressionPlace
from mvc.analysis.names.scope import Scope
from mvc.catalog.types import Catalog
from mvc.diagnostics import Diagnostic, Findings, Span, did_you_mean, error
from mvc.expression import Call, ColumnRef, Expression, parse_expression
from mvc.expression.parse import OFFSET, column_nodes, folded
from mvc.model.view import Sql

POLICY = ExpressionPlace("a policy", subqueries=True)


_SYSTEM: Final = frozenset({"tableoid", "xmin", "xmax", "cmin", "cmax", "ctid"})


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition as it is emitted. `constant` says that it does not depend on the row; `columns` are those it reads."""

    expression: Expression
    constant: bool
    columns: tuple[str, ...] = field(compare=False)


def resolve_predicate(part: Expression, sql: Sql, scope: Scope, found: Findings) -> Predicate | None:
    """The condition `part` of a policy's `sql`, or None with findings. `scope` holds the view as its only source."""
    before = len(found)
    inner = _inner_columns(part, scope.functions.catalog, sql, found)
    outer = [ref for ref in part.columns if ref not in inner]
    view = next(iter(scope.sources.values()))
    strangers = (ref for ref in outer if ref.name not in view.columns or ref.qualifier not in (None, *scope.sources))
    found.extend(_unknown(ref, part, sql, view.described, view.columns) for ref in strangers)
    if len(found) > before:
        return None
    once = parse_expression(part.edited(_once(part, scope)))
    return Predicate(once, not outer, tuple(dict.fromkeys(ref.name for ref in outer)))


def _unknown(ref: ColumnRef, part: Expression, sql: Sql, described: str, columns: Iterable[str]) -> Diagnostic:
    span = _place(part, sql, ref.start, ref.end)
    near = did_you_mean(ref.name, columns, f"{described} has")
    if ref.qualifier and ref.name in columns:
        title = (
            f"no source has the alias `{ref.qualifier}` here: a policy reads columns of the view, by their names alone"
        )
        return error("MV202", span, title, label="no such alias", help=f"write {ref.name}")
    if ref.qualifier is None and ref.name in ("yes", "on"):
        near = "write using: true"
    return error(
        "MV204", span, f"column `{ref.name}` does not exist in `{described}`", label="no such column", help=near
    )


def _place(part: Expression, sql: Sql, start: int, end: int) -> Span:
    """Where the characters `start:end` of a part of the condition stand in the spec."""
    whole, text = sql.expression.source, part.source[start:end]
    base = whole.find(part.source)
    if base >= 0:
        return sql.origin.part(base + start, base + end)
    word = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", whole)  # its white space was folded
    return sql.origin.part(*word.span()) if word else sql.origin.span


def _inner_columns(part: Expression, catalog: Catalog, sql: Sql, found: Findings) -> set[ColumnRef]:
    """The references that a subquery of the condition answers itself."""
    inner: set[ColumnRef] = set()
    if part.subquery is None:
        return inner
    refs = dict(zip((id(node) for node in column_nodes(part.ast)), part.columns, strict=True))
    for node in column_nodes(part.ast):
        select = node.find_ancestor(exp.Select)
        while select is not None:
            if _answers(select, node, part, (catalog, sql, found)):
                inner.add(refs[id(node)])
                break
            select = select.find_ancestor(exp.Select)
    return inner


def _answers(
    select: exp.Select, node: exp.Column, part: Expression, surroundings: tuple[Catalog, Sql, Findings]
) -> bool:
    """Whether a source of `select` has the column."""
    catalog, sql, found = surroundings
    qualifier, name = folded(node.args.get("table")), folded(node.this)
    for source in _sources(select):
        alias = folded(source.args["alias"].this) if source.args.get("alias") else _table_name(source)
        if qualifier:
            if qualifier == alias:
                found += _not_in(source, node, part, (catalog, sql))
                return True
            continue
        if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
            return True  # a function or subquery: what columns it has, only a server knows
        relation = catalog.relation(folded(source.this), folded(source.args.get("db")) or None)
        if relation is None:
            found += [item for item in (_unknown_table(source, part, catalog, sql),) if item not in found]
            return True
        if relation.column(name):
            return True
    return False


def _not_in(
    source: exp.Expression, node: exp.Column, part: Expression, surroundings: tuple[Catalog, Sql]
) -> list[Diagnostic]:
    """The finding where a table of the catalog has no such column, and nothing renames its columns."""
    catalog, sql = surroundings
    renamed = source.args.get("alias") and source.args["alias"].columns
    is_table = isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier) and not renamed
    relation = catalog.relation(folded(source.this), folded(source.args.get("db")) or None) if is_table else None
    name = folded(node.this)
    if relation is None or not name or name in _SYSTEM or relation.column(name):
        return []
    start, end = node.this.meta.get("start", OFFSET) - OFFSET, node.this.meta.get("end", OFFSET) - OFFSET + 1
    described = f"{relation.schema}.{relation.name}"
    near = did_you_mean(name, (column.name for column in relation.columns), f"{described} has")
    title = f"column `{name}` does not exist in `{described}`"
    return [error("MV204", _place(part, sql, start, end), title, label="no such column", help=near)]


def _sources(select: exp.Select) -> list[exp.Expression]:
    from_ = select.args.get("from_")
    joins = select.args.get("joins") or []
    return [*([from_.this] if from_ else []), *(join.this for join in joins)]


def _table_name(source: exp.Expression) -> str:
    return folded(source.this) if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier) else ""


def _unknown_table(source: exp.Table, part: Expression, catalog: Catalog, sql: Sql) -> Diagnostic:
    name = folded(source.this)
    start = source.this.meta.get("start", OFFSET) - OFFSET
    span = _place(part, sql, start, source.this.meta.get("end", OFFSET) - OFFSET + 1)
    near = did_you_mean(name, (relation.name for relation in catalog.relations), "tables")
    return error("MV201", span, f"no table is named `{name}`", label="unknown table", help=near)


def _once(part: Expression, scope: Scope) -> list[tuple[int, int, str]]:
    """Edits that put `(SELECT …)` around each stable call without row arguments, so that it runs once per statement."""
    edits: list[tuple[int, int, str]] = []
    done = -1
    for call in part.calls:
        if call.start <= done:
            continue
        reads_row = any(call.open < ref.start < call.close for ref in part.columns)
        if reads_row or call.in_from or call.over or _is_scalar_subquery(part, call) or not _is_stable(call, scope):
            continue
        edits += [(call.start, call.start, "(SELECT "), (call.close + 1, call.close + 1, ")")]
        done = call.close
    return edits


def _is_scalar_subquery(part: Expression, call: Call) -> bool:
    """Whether the author has written `(SELECT call())` already."""
    before = part.source[: call.start].rstrip().lower()
    return before.endswith("select") and part.source[call.close + 1 :].lstrip().startswith(")")


def _is_stable(call: Call, scope: Scope) -> bool:
    overloads = [function for function in scope.functions.overloads(call) if function.takes(call.count)]
    return bool(overloads) and all(item.volatility == "stable" and not item.returns_set for item in overloads)
