"""GROUP BY of every SELECT in a body: columns that are neither grouped nor aggregated, aggregates where none can stand.

Rule source: PostgreSQL's parse_agg.c. A column need not be grouped if the primary key of its table is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sqlglot import exp

from mvc.analysis.body.calls import Calls
from mvc.analysis.body.scopes import Ref, SelectScope, columns_under, own_nodes, place_of, unwrapped
from mvc.diagnostics import Diagnostic, Findings, Span, error
from mvc.expression.calls import is_window
from mvc.model.origin import Origin

_WRAPS_AGGREGATE: Final = (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)
Form = tuple[object, ...]


class Grouping:
    """The checks for one SELECT."""

    def __init__(self, scope: SelectScope, calls: Calls, refs: Mapping[int, Ref], origin: Origin) -> None:
        self.scope, self.calls, self.refs, self.origin = scope, calls, refs, origin
        self.columns = {
            (ref.item, ref.field.name) for term in scope.grouping if (ref := refs.get(id(term))) and ref.field
        }
        self.forms = {self._form(term) for term in scope.grouping if not isinstance(term, exp.Column)}
        self.starts = {form[0] for form in self.forms}

    def check(self, found: Findings) -> None:
        """Findings for the SELECT itself; queries inside of it are checked by themselves."""
        found.extend(self._misplaced())
        select = self.scope.select
        having, order, distinct = (select.args.get(name) for name in ("having", "order", "distinct"))
        terms = [term.this for term in order.expressions] if order else []
        if distinct and distinct.args.get("on"):
            terms += distinct.args["on"].expressions
        roots = [*select.expressions, *([having.this] if having else []), *terms]
        if select.args.get("group") is None and having is None and not self._aggregates(roots):
            return
        reported: set[str] = set()
        found.extend(self._asked_of_sets(roots))
        for root in roots:
            for node, ref in self._loose(root):
                shown = f"{ref.item.alias}.{ref.field.name}" if ref.field else ref.item.alias
                if shown not in reported:
                    reported.add(shown)
                    found.add(self._ungrouped(node, ref, shown))

    def _asked_of_sets(self, roots: list[exp.Expr]) -> Iterator[Diagnostic]:
        """`GROUPING(a)` asks whether a set groups by `a`, so `a` is one of what GROUP BY names."""
        for node in own_nodes(*roots):
            if isinstance(node, exp.Func) and self.calls.name(node) == "grouping":
                columns = (self.refs.get(id(unwrapped(item))) for item in node.expressions)
                span = self.origin.part(*self.calls.place(node))
                yield from (_not_grouped(ref, span) for ref in columns if ref and not self._is_grouped_by(ref))

    def _is_grouped_by(self, ref: Ref) -> bool:
        return ref.field is None or ref.scope is not self.scope or (ref.item, ref.field.name) in self.columns

    def _aggregates(self, roots: Iterable[exp.Expr]) -> bool:
        return any(self.calls.aggregates(node) and not is_window(node) for node in own_nodes(*roots))

    def _loose(self, root: exp.Expr) -> Iterator[tuple[exp.Expr, Ref]]:
        """Columns of this SELECT that have several values per group."""
        stack = [root]
        while stack:
            node = unwrapped(stack.pop())
            if self._is_grouped(node) or self.calls.unknown(node):
                continue
            if isinstance(node, exp.Star) and node.parent is self.scope.select:
                loose = [(node, ref) for _, ref in self.scope.order if not self._is_determined(ref)]
                yield from loose[:1]  # one finding for one `*`
            elif isinstance(node, exp.Column | exp.Query):
                yield from self._loose_inside(node)
            elif isinstance(node, _WRAPS_AGGREGATE) and not is_window(node.this):
                continue
            elif not self.calls.aggregates(node) or is_window(node):
                stack.extend(node.iter_expressions())

    def _loose_inside(self, node: exp.Column | exp.Query) -> Iterator[tuple[exp.Expr, Ref]]:
        """Those that a column is, or that a query in this SELECT reads outside of aggregates of this one."""
        for column in [node] if isinstance(node, exp.Column) else columns_under(node):
            ref = self.refs.get(id(column))
            inside = column is not node and self._in_aggregate(column)
            if ref and ref.scope is self.scope and not self._is_determined(ref) and not inside:
                yield column, ref

    def _in_aggregate(self, node: exp.Expr) -> bool:
        holder: exp.Expr | None = node
        while holder is not None and holder is not self.scope.select:
            if self.calls.aggregates(holder):
                return True
            holder = holder.parent
        return False

    def _is_determined(self, ref: Ref) -> bool:
        if ref.field is None:
            return True  # a whole row, or what only the server knows
        primary = ref.item.rows.primary
        by_key = primary is not None and all((ref.item, column) in self.columns for column in primary)
        return by_key or (ref.item, ref.field.name) in self.columns

    def _is_grouped(self, node: exp.Expr) -> bool:
        if isinstance(node, exp.Column) or type(node) not in self.starts:
            return False
        return self._form(node) in self.forms

    def _form(self, node: exp.Expr) -> Form:
        """The expression with columns as what they mean: equal forms have equal values in a row."""
        node = unwrapped(node)
        ref = self.refs.get(id(node))
        if ref and ref.field:
            return (exp.Column, ref.item, ref.field.name)
        return (type(node), *(self._part(value) for value in node.args.values() if value))

    def _part(self, value: object) -> object:
        if isinstance(value, exp.Expr):
            return self._form(value)
        if isinstance(value, list):
            return tuple(self._part(item) for item in value)
        return value.lower() if isinstance(value, str) else value

    def _misplaced(self) -> Iterator[Diagnostic]:
        """Aggregates and window functions in WHERE, ON and GROUP BY; aggregates in aggregates."""
        select = self.scope.select
        where, group = select.args.get("where"), select.args.get("group")
        places = [("WHERE", [where]), ("a join condition", [joined.node.args.get("on") for joined in self.scope.joins])]
        places.append(("GROUP BY", [*(group.expressions if group else ()), *self.scope.grouping]))
        places.append(("another aggregate", self._inside_aggregates()))
        places.append(("a function in FROM", self._in_from()))
        seen: set[int] = set()
        for named, roots in places:
            for node in own_nodes(*roots):
                if id(node) not in seen and (finding := self._misplaced_at(node, named)):
                    yield finding
                seen.add(id(node))

    def _in_from(self) -> list[exp.Expr | None]:
        """The functions that are read like tables. What they call themselves may have the name of an aggregate."""
        roots: list[exp.Expr | None] = []
        for item in self.scope.items:
            for node in own_nodes(item.node):
                if isinstance(node, exp.Func) and not node.find_ancestor(exp.Func):
                    roots += node.iter_expressions()
        return roots

    def _inside_aggregates(self) -> list[exp.Expr | None]:
        """Arguments and filters of aggregates; those of window functions may hold aggregates."""
        select = self.scope.select
        roots: list[exp.Expr | None] = []
        for node in own_nodes(*select.expressions, select.args.get("having"), select.args.get("order")):
            if self.calls.aggregates(node) and not is_window(node):
                roots += node.iter_expressions()
                roots.append(node.parent.args["expression"] if isinstance(node.parent, exp.Filter) else None)
        return roots

    def _misplaced_at(self, node: exp.Expr, named: str) -> Diagnostic | None:
        if isinstance(node, exp.Window):
            span = self.origin.part(*self.calls.place(node.this))
            return error(
                "MV105",
                span,
                f"a window function cannot stand in {named}",
                label="a window function",
                help="compute it in a subquery first",
            )
        if not self.calls.aggregates(node) or is_window(node) or self._belongs_outside(node):
            return None
        help_line = "a condition on groups belongs into HAVING" if named == "WHERE" else "aggregate in a subquery first"
        span = self.origin.part(*self.calls.place(node))
        title = f"the aggregate `{self.calls.name(node)}` cannot stand in {named}"
        return error("MV213", span, title, label="an aggregate", help=help_line)

    def _belongs_outside(self, node: exp.Expr) -> bool:
        """Whether an aggregate reads columns of outer queries only: then it is theirs."""
        refs = [self.refs.get(id(column)) for column in columns_under(node)]
        return bool(refs) and all(ref is not None and ref.scope is not self.scope for ref in refs)

    def _ungrouped(self, node: exp.Expr, ref: Ref, shown: str) -> Diagnostic:
        described = ref.item.rows.described
        primary = ref.item.rows.primary
        key = f"or group by the primary key of `{described}`: {', '.join(sorted(primary))}" if primary else ""
        help_lines = (f"add `{shown}` to GROUP BY, or aggregate it: min({shown}), max({shown}), …", key)
        title = f"`{shown}` is neither grouped nor aggregated"
        return error(
            "MV212", self.origin.part(*place_of(node)), title, label="several values per group", help=help_lines
        )


def _not_grouped(ref: Ref, span: Span) -> Diagnostic:
    shown = f"{ref.item.alias}.{ref.field.name}" if ref.field else ref.item.alias
    title = f"GROUPING asks of what GROUP BY names, and `{shown}` is not among it"
    return error("MV212", span, title, label="not grouped", help=f"add `{shown}` to GROUP BY")
