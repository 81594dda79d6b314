"""FROM of one SELECT → items, what `*` means, and which columns joins make equal or nullable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from mvc.analysis.body.calls import Calls
from mvc.analysis.body.names import BodyNames
from mvc.analysis.body.scopes import UNKNOWN, Field, FromItem, Joined, Ref, RowType, SelectScope, name_of
from mvc.analysis.body.tables import Tables
from mvc.expression.parse import folded

Query = Callable[[exp.Expr, SelectScope | None, Mapping[str, RowType]], RowType]
Visit = Callable[[exp.Expr, SelectScope], None]

_DATE, _MOMENT, _LOCAL = exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMP
# What generate_series is of, by the types of its ends.
_SERIES: Final = {
    **dict.fromkeys(map(frozenset, ([_DATE], [_MOMENT], [_DATE, _MOMENT])), "timestamp with time zone"),
    frozenset([_LOCAL]): "timestamp without time zone",
}


@dataclass(frozen=True)
class From:
    """Reads FROM clauses. `query` walks a subquery, `visit` an expression."""

    tables: Tables
    names: BodyNames
    calls: Calls
    query: Query
    visit: Visit

    def read(self, scope: SelectScope) -> None:
        """Fills `scope` with what its SELECT reads."""
        clause = scope.select.args.get("from_")
        if clause is not None:
            self._source(clause.this, scope)
            self._join(scope.select.args.get("joins") or [], scope, (0, 0))
        scope.reindex()

    def _join(self, joins: list[exp.Join], scope: SelectScope, begins: tuple[int, int]) -> None:
        """Joins to what has been read since `begins`: the lengths of `order` and `items` before."""
        begin, first_item = begins
        for join in joins:
            middle, right_item = len(scope.order), len(scope.items)
            self._source(join.this, scope)
            if not (join.args.get("side") or join.kind or join.method or join.args.get("on") or join.args.get("using")):
                begin, first_item = middle, right_item  # a comma: USING and NATURAL reach no further back
                continue
            optional = self._optional(join, scope.items[first_item:right_item], scope.items[right_item:])
            scope.missing |= optional
            scope.joins.append(Joined(join, optional if join.side else None))
            self._merge(join, scope, begin, middle)
            if join.args.get("on"):
                scope.reindex()
                self.visit(join.args["on"], scope)

    @staticmethod
    def _optional(join: exp.Join, left: list[FromItem], right: list[FromItem]) -> frozenset[FromItem]:
        return frozenset(
            (*(right if join.side in ("LEFT", "FULL") else ()), *(left if join.side in ("RIGHT", "FULL") else ()))
        )

    def _merge(self, join: exp.Join, scope: SelectScope, begin: int, middle: int) -> None:
        """USING and NATURAL: equal columns appear once, first."""
        left, right = scope.order[begin:middle], scope.order[middle:]
        names = {folded(name): name for name in join.args.get("using") or ()}
        if join.method == "NATURAL":
            names = {name: exp.Identifier(this=name) for name in dict(left) if name in dict(right)}
        if not names:
            return
        is_open = any(item.rows.open for item in scope.items)
        merged: list[tuple[str, Ref]] = []
        for name, node in names.items():
            sides = (_first(left, name), _first(right, name))
            if sides[0] and sides[1]:
                scope.equal.append((sides[0], sides[1]))
                merged.append((name, _merged(sides[1] if join.side == "RIGHT" else sides[0], sides)))
            elif not is_open:
                self.names.joined(node, sides, ([item for item, _ in left], [item for item, _ in right]))
        rest = [(name, ref) for name, ref in (*left, *right) if name not in names]
        scope.order[begin:] = [*merged, *rest]

    def _source(self, node: exp.Expr, scope: SelectScope) -> None:
        """One source, with the joins that stand within it: `a JOIN (b JOIN c ON …) ON …`, brackets or not."""
        begins = len(scope.order), len(scope.items)
        if _is_bracketed(node):
            self._bracketed(node, scope)
        else:
            self._entry(node, scope)
            self._join(node.args.get("joins") or [], scope, begins)

    def _entry(self, node: exp.Expr, scope: SelectScope) -> None:
        rows = self._rows(node, scope)
        alias = node.args.get("alias")
        name = folded(alias.this) if alias and alias.this else self._default_alias(node)
        item = FromItem(name, renamed(rows, alias), node)
        scope.items.append(item)
        scope.order += [(field.name, Ref(scope, item, field)) for field in item.rows.fields]

    def _bracketed(self, node: exp.Expr, scope: SelectScope) -> None:
        """`(a JOIN b ON …)`: with an alias, all its columns belong to that alias."""
        begin, first = begins = len(scope.order), len(scope.items)
        self._source(node.this, scope)
        self._join(node.args.get("joins") or [], scope, begins)
        alias = node.args.get("alias")
        if alias and alias.this:
            entries, items = scope.order[begin:], scope.items[first:]
            fields = tuple(replace(ref.field, nullable=scope.nullable(ref)) for _, ref in entries if ref.field)
            rows = RowType(folded(alias.this), fields, open=any(item.rows.open for item in items))
            item = FromItem(folded(alias.this), renamed(rows, alias), node)
            del scope.order[begin:], scope.items[first:]
            scope.items.append(item)
            scope.order += [(field.name, Ref(scope, item, field)) for field in item.rows.fields]

    def _rows(self, node: exp.Expr, scope: SelectScope) -> RowType:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return self.tables.rows(node, scope.ctes)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            scope.reindex()
            return self.query(node.this, scope, scope.ctes)
        if isinstance(node, exp.Subquery | exp.Values):
            return self.query(node, scope.outer, scope.ctes)
        scope.reindex()
        if not node.find(exp.XMLTable, exp.JSONTable):
            for part in (node.this, *node.expressions, *node.args.get("rows_from", ())):
                if isinstance(part, exp.Expr):
                    self.visit(part, scope)
        return _of_moments(node) or UNKNOWN

    def _default_alias(self, node: exp.Expr) -> str:
        """A table's or a function's own name."""
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return name_of(node)
        inner = node.this if isinstance(node.this, exp.Expr) else node
        return self.calls.name(inner)


def _of_moments(node: exp.Expr) -> RowType | None:
    """The rows of generate_series from one day to another, whose column has a name; None for any other function."""
    series, alias = node.this, node.args.get("alias")
    if not isinstance(series, exp.GenerateSeries) or not isinstance(series.args.get("step"), exp.Interval):
        return None
    ends = (series.args.get("start"), series.args.get("end"))
    casts = [end for end in ends if isinstance(end, exp.Cast)]
    named = alias is not None and len(alias.columns) == 1 and len(casts) == len(ends)
    type_ = _SERIES.get(frozenset(cast.args["to"].this for cast in casts)) if named else None
    return RowType("?", (Field("generate_series", type_),), open=True) if type_ else None


def _is_bracketed(node: exp.Expr) -> bool:
    """Whether these are brackets around a join, not around a query."""
    inner = node.this if isinstance(node, exp.Subquery) else None
    named = isinstance(inner, exp.DerivedTable) and bool(inner.args.get("alias") or inner.args.get("joins"))
    return isinstance(inner, exp.Table) or named


def _merged(ref: Ref, sides: tuple[Ref | None, Ref | None]) -> Ref:
    """A column of USING: of a type that only the server knows, where the sides have two."""
    types = {side.field.type for side in sides if side and side.field}
    return Ref(ref.scope, ref.item, replace(ref.field, type=None)) if ref.field and len(types) > 1 else ref


def _first(entries: list[tuple[str, Ref]], name: str) -> Ref | None:
    return next((ref for known, ref in entries if known == name), None)


def renamed(rows: RowType, alias: exp.TableAlias | None) -> RowType:
    """The rows under the column names of `AS alias (a, b)`."""
    names = [
        folded(item.this if isinstance(item, exp.ColumnDef) else item) for item in (alias.columns if alias else ())
    ]
    if not names:
        return rows
    renamed = dict(zip((field.name for field in rows.fields), names, strict=False))
    fields = [replace(field, name=name) for field, name in zip(rows.fields, names, strict=False)]
    fields += rows.fields[len(names) :] or [Field(name) for name in names[len(rows.fields) :]]
    keys = tuple(frozenset(renamed.get(name, name) for name in key) for key in rows.keys)
    primary = frozenset(renamed.get(name, name) for name in rows.primary) if rows.primary else None
    return replace(rows, fields=tuple(fields), keys=keys, primary=primary)
