"""Output columns of a SELECT: the name that PostgreSQL gives each, and type, NOT NULL and lineage where they are plain.

Rule source of the names: FigureColname in PostgreSQL's parse_target.c.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from sqlglot import exp

from mvc.analysis.body.calls import Calls
from mvc.analysis.body.scopes import Field, Output, Ref, SelectScope, columns_under, lineage_of, place_of, unwrapped
from mvc.expression.parse import folded

UNNAMED: Final = "?column?"
_TYPES: Final = {
    "INT": "int4",
    "BIGINT": "int8",
    "SMALLINT": "int2",
    "CHAR": "bpchar",
    "DECIMAL": "numeric",
    "DOUBLE": "float8",
    "FLOAT": "float4",
    "BOOLEAN": "bool",
}
_THROUGH: Final = (
    exp.Paren,
    exp.Collate,
    exp.Window,
    exp.Filter,
    exp.WithinGroup,
    exp.IgnoreNulls,
    exp.RespectNulls,
    exp.Bracket,
)
_BY_SYNTAX: Final[Mapping[type[exp.Expr], str]] = {
    exp.AtTimeZone: "timezone",
    exp.Exists: "exists",
    exp.Array: "array",
    exp.Tuple: "row",
    exp.Extract: "extract",
    exp.Substring: "substring",
    exp.Ceil: "ceil",
    exp.Floor: "floor",
    exp.Chr: "chr",
    exp.Initcap: "initcap",
    exp.Normalize: "normalize",
    exp.StrPosition: "position",
    exp.Overlay: "overlay",
    exp.Interval: "interval",
    exp.CurrentDate: "current_date",
    exp.CurrentTime: "current_time",
    exp.CurrentTimestamp: "current_timestamp",
    exp.Localtimestamp: "localtimestamp",
    exp.CurrentUser: "current_user",
    exp.XMLElement: "xmlelement",
    exp.JSONObject: "json_object",
}


def output_name(node: exp.Expr, calls: Calls) -> str:
    """The name of an output column without AS; `?column?` where PostgreSQL has none. Asked where PostgreSQL's tree does not tell it."""
    return _figure(node, calls)[0]


def _figure(node: exp.Expr, calls: Calls) -> tuple[str, bool]:
    """The name, and whether it is a good one: what is only a type's name gives way to others."""
    if isinstance(node, exp.Column):
        return (folded(node.this), True) if isinstance(node.this, exp.Identifier) else (UNNAMED, False)
    if isinstance(node, exp.Dot):
        last = node.args["expression"]
        return (folded(last), True) if isinstance(last, exp.Identifier) else _figure(last, calls)
    if isinstance(node, _THROUGH):
        return _figure(node.this, calls)
    if isinstance(node, exp.Cast | exp.Case):
        return _figure_within(node, calls)
    if isinstance(node, exp.Subquery):
        return _figure_query(node, calls)
    if name := calls.name(node):
        return name, True
    if isinstance(node, exp.Trim):
        return {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or ""), "btrim"), True
    name = _BY_SYNTAX.get(type(node), UNNAMED)
    return name, name not in (UNNAMED, "interval")


def _figure_within(node: exp.Cast | exp.Case, calls: Calls) -> tuple[str, bool]:
    """A good name within it, else that of the type, or `case`."""
    held = node.this if isinstance(node, exp.Cast) else node.args.get("default")
    inner = _figure(held, calls) if held else (UNNAMED, False)
    if inner[1]:
        return inner
    return (_type_name(node.args["to"]) if isinstance(node, exp.Cast) else "case"), False


def _figure_query(node: exp.Subquery, calls: Calls) -> tuple[str, bool]:
    query = node.unnest()
    while isinstance(query, exp.SetOperation):
        query = query.this
    first = query.expressions[0] if isinstance(query, exp.Select) and query.expressions else None
    if isinstance(first, exp.Alias):
        return folded(first.args["alias"]), True
    return _figure(first, calls) if first is not None else (UNNAMED, False)


def _type_name(type_: exp.Expr) -> str:
    name = getattr(type_.this, "name", str(type_.this))
    if name == "ARRAY" and type_.expressions:
        return _type_name(type_.expressions[0])
    if name == "USERDEFINED" and type_.args.get("kind"):
        return str(type_.args["kind"]).rsplit(".", 1)[-1].strip('"').lower()
    return _TYPES.get(name, name.lower())


class Outputs:
    """Reads SELECT lists. `refs` is what columns mean, `names` are those that PostgreSQL's tree tells, by their nodes."""

    def __init__(self, calls: Calls, refs: Mapping[int, Ref], names: Mapping[int, str]) -> None:
        self.calls = calls
        self.refs = refs
        self.names = names

    def read(self, scope: SelectScope) -> None:
        """Fills the outputs of `scope`."""
        for projection in scope.select.expressions:
            scope.outputs += self._outputs(projection, scope)

    def _outputs(self, projection: exp.Expr, scope: SelectScope) -> Iterator[Output]:
        if isinstance(projection, exp.Star):
            scope.open |= any(item.rows.open for item in scope.items)
            yield from (_starred(ref, scope, projection) for _, ref in scope.order)
        elif isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
            yield from self._all_of(projection, scope)
        elif isinstance(projection, exp.Aliases) or isinstance(projection.args.get("expression"), exp.Star):
            scope.open = True  # `(f(x)).*`
        else:
            named = isinstance(projection, exp.Alias)
            node = projection.this if named else projection
            known = self.names.get(id(projection))
            name = known or (folded(projection.args["alias"]) if named else output_name(node, self.calls))
            yield Output(self._field(name, node, scope), node, self.refs.get(id(node)))

    def _all_of(self, projection: exp.Column, scope: SelectScope) -> Iterator[Output]:
        ref = self.refs.get(id(projection))
        if ref is None or ref.item.rows.open:
            scope.open = True
        if ref:
            fields = ref.item.rows.fields
            yield from (_starred(Ref(ref.scope, ref.item, field), scope, projection.this) for field in fields)

    def _field(self, name: str, node: exp.Expr, scope: SelectScope) -> Field:
        ref = self.refs.get(id(node))
        if ref and ref.field:
            counts = ref.scope.counts(ref) or _picks(scope, node)
            field = ref.field
            nullable = ref.scope.nullable(ref)
            return Field(name, field.type, nullable, field.lineage, counts=counts, collation=field.collation)
        lineage = frozenset().union(*(self._lineage(column) for column in columns_under(node)))
        counted = self.calls.name(node) == "count" and self.calls.aggregates(node)
        counts = self._counts(node) or _picks(scope, node)
        return Field(name, "bigint" if counted else None, not counted, lineage, counts=counts)

    def _counts(self, node: exp.Expr) -> bool:
        """Whether something in an expression sees more than one row: an aggregate, a window, a query, a column that does."""
        if any(isinstance(item, exp.Query | exp.Window) or self._aggregates(item) for item in node.walk()):
            return True
        refs = (self.refs.get(id(column)) for column in columns_under(node))
        return any(ref is None or ref.scope.counts(ref) for ref in refs)

    def _aggregates(self, node: exp.Expr) -> bool:
        """Whether it is the call of an aggregate, or of something that may be one."""
        return self.calls.aggregates(node) or self.calls.unknown(node)

    def _lineage(self, column: exp.Column) -> frozenset[tuple[str, str]]:
        ref = self.refs.get(id(column))
        if ref is None:
            return frozenset()
        return ref.field.lineage if ref.field else lineage_of(ref.item.rows.fields)


def _starred(ref: Ref, scope: SelectScope, star: exp.Expr) -> Output:
    field = ref.field or Field("?")
    at = place_of(star)[0] if ref.item.rows.relation else field.star
    counts = scope.counts(ref) or _picks(scope)
    return Output(replace(field, nullable=scope.nullable(ref), star=at, counts=counts), None, ref)


def _picks(scope: SelectScope, node: exp.Expr | None = None) -> bool:
    """Whether a value is that of one row among several: behind DISTINCT ON, whose own expressions are one in all of these rows."""
    distinct = scope.select.args.get("distinct")
    on = distinct.args.get("on") if distinct else None
    return on is not None and not any(unwrapped(term) == node for term in on.expressions)
