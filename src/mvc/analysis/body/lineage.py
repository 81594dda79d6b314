"""Which rows are behind a `sql:` body: all relations that it reads, and the columns by which rows are picked, joined and grouped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sqlglot import exp

from mvc.analysis.body.scopes import Ref, SelectScope, columns_under, lineage_of
from mvc.analysis.row_lineage import Origin, RowLineage

_PICKING: Final = ("where", "joins", "group", "having", "limit", "offset", "qualify")


def rows_of_body(
    query: exp.Expr, scopes: Iterable[SelectScope], refs: Mapping[int, Ref], relations: Iterable[str]
) -> RowLineage:
    """What decides which rows the query has. Columns that are only shown decide nothing, but where equal rows are made one."""
    unique = any(operation.args.get("distinct") for operation in query.find_all(exp.SetOperation))
    columns = {origin for scope in scopes for origin in _picked(scope, refs, shown=unique)}
    return RowLineage(frozenset(relations), frozenset(columns))


def _picked(scope: SelectScope, refs: Mapping[int, Ref], *, shown: bool) -> Iterator[Origin]:
    select = scope.select
    for ref in (refs.get(id(column)) for column in columns_under(*_clauses(select), *scope.grouping)):
        if ref is not None:
            yield from ref.field.lineage if ref.field else lineage_of(ref.item.rows.fields)
    for one, other in scope.equal:
        yield from lineage_of(ref.field for ref in (one, other) if ref.field)
    distinct = select.args.get("distinct")
    if shown or (distinct and not distinct.args.get("on")):
        yield from lineage_of(output.field for output in scope.outputs)


def _clauses(select: exp.Select) -> Iterator[exp.Expr]:
    names = (*_PICKING, "order", "distinct") if select.args.get("limit") or select.args.get("distinct") else _PICKING
    for name in names:
        value = select.args.get(name)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield part
