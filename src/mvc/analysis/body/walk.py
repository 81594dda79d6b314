"""The walk through a body: every SELECT in it becomes a scope, every query rows. Findings are collected on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from mvc.analysis.body.calls import Calls
from mvc.analysis.body.from_clause import From, renamed
from mvc.analysis.body.keys import Keys
from mvc.analysis.body.names import BodyNames, missing_name
from mvc.analysis.body.outputs import Outputs
from mvc.analysis.body.parse import Parsed
from mvc.analysis.body.scopes import UNKNOWN, Field, Output, RowType, SelectScope, place_of, unwrapped
from mvc.analysis.body.tables import Tables
from mvc.catalog.output_names import named_projections
from mvc.diagnostics import error
from mvc.expression.parse import folded

_INPUT_CLAUSES = ("where", "having", "windows", "limit", "offset")


class Walk:
    """One body. `scopes` holds its SELECTs, inner ones first."""

    def __init__(self, parsed: Parsed, tables: Tables, calls: Calls) -> None:
        self.parsed = parsed
        self.origin = parsed.body.origin
        self.found = tables.found
        self.names = BodyNames(self.origin, calls.functions.catalog, tables.found, tables.edits)
        self.from_ = From(tables, self.names, calls, self.query, self.visit)
        named = named_projections(parsed.query, parsed.body.sql[: parsed.end])
        self.outputs = Outputs(calls, self.names.refs, named)
        self.keys = Keys(calls, self.names.refs)
        self.scopes: list[SelectScope] = []

    def query(self, node: exp.Expr, outer: SelectScope | None, ctes: Mapping[str, RowType]) -> RowType:
        """The rows of a query of any form."""
        ctes = self._with(node, outer, ctes)
        if isinstance(node, exp.Select):
            return self._select(SelectScope(node, outer, ctes))
        if isinstance(node, exp.Subquery):
            rows = self.query(node.this, outer, ctes)
            self._order_outputs(node, rows)
            return rows
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, ctes)
        if isinstance(node, exp.Values):
            return self._values(node, SelectScope(exp.Select(), outer, ctes))
        return UNKNOWN

    def visit(self, root: exp.Expr, scope: SelectScope) -> None:
        """Looks up all columns of an expression, and walks the queries in it."""
        stack = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Query):
                self.query(node, scope, scope.ctes)
            elif isinstance(node, exp.Column):
                self.names.column(node, scope)
            elif not isinstance(node, exp.Identifier | exp.DataType | exp.XMLTable | exp.JSONTable):
                stack.extend(node.iter_expressions())

    def _with(self, node: exp.Expr, outer: SelectScope | None, ctes: Mapping[str, RowType]) -> Mapping[str, RowType]:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        names = [folded(cte.args["alias"].this) for cte in clause.expressions]
        known = {**ctes, **dict.fromkeys(names, UNKNOWN)} if clause.args.get("recursive") else dict(ctes)
        for name, cte in zip(names, clause.expressions, strict=True):
            query, columns = cte.this, [folded(item) for item in cte.args["alias"].columns]
            if clause.args.get("recursive") and isinstance(query, exp.SetOperation):
                inner = self._with(query, outer, known)
                first = _named(self.query(query.this, outer, inner), name, columns)
                second = self.query(query.expression, outer, {**inner, name: replace(first, keys=())})
                known[name] = _named(self._both(query, first, second), name, [])
            else:
                known[name] = _named(self.query(query, outer, known), name, columns)
        if clause.args.get("search") or clause.args.get("cycle"):
            known |= {name: replace(known[name], open=True) for name in names}  # these add columns
        return known

    def _select(self, scope: SelectScope) -> RowType:
        select = scope.select
        self.from_.read(scope)
        for projection in select.expressions:
            self.visit(projection, scope)
        self.outputs.read(scope)
        for clause in _INPUT_CLAUSES:
            value = select.args.get(clause)
            for root in value if isinstance(value, list) else [value]:
                if isinstance(root, exp.Expr):
                    self.visit(root, scope)
        self._group(scope)
        distinct = select.args.get("distinct")
        if distinct and distinct.args.get("on"):
            self._order(distinct.args["on"].expressions, scope)
        if select.args.get("order"):
            self._order(select.args["order"].expressions, scope)
        self.scopes.append(scope)
        fields = tuple(output.field for output in scope.outputs)
        return RowType("subquery", fields, self.keys.of(scope), open=scope.open, ordered="order" in select.args)

    def _group(self, scope: SelectScope) -> None:
        group = scope.select.args.get("group")
        if group is None:
            return
        terms = list(group.expressions)
        while terms:
            term = terms.pop(0)
            if isinstance(term, exp.GroupingSets | exp.Cube | exp.Rollup):
                scope.sets = True
                terms = [*term.expressions, *terms]
            elif isinstance(term, exp.Tuple):
                terms = [*term.expressions, *terms]
            else:
                self._grouped(unwrapped(term), scope)
        if scope.sets:  # a column that a set leaves out is NULL
            scope.outputs = [_nullable(output) if output.ref else output for output in scope.outputs]

    def _grouped(self, term: exp.Expr, scope: SelectScope) -> None:
        name = _bare_name(term)
        output = None
        if name and name not in scope.names:
            output = next((item for item in scope.outputs if item.field.name == name and item.node is not None), None)
        number = _ordinal(term)
        if number is not None:
            output = self._at(number, term, scope)
        elif output is None:
            self.visit(term, scope)
        node = output.node if output else None
        scope.grouping.append(unwrapped(node) if node is not None else term)

    def _order(self, terms: list[exp.Expr], scope: SelectScope) -> None:
        """ORDER BY and DISTINCT ON, where output names come first."""
        outputs = {output.field.name for output in scope.outputs}
        for term in terms:
            inner = unwrapped(term)
            number = _ordinal(inner)
            if number is not None:
                self._at(number, inner, scope)
            elif _bare_name(inner) not in outputs:
                self.visit(inner, scope)

    def _at(self, number: int, term: exp.Expr, scope: SelectScope) -> Output | None:
        if 1 <= number <= len(scope.outputs):
            return scope.outputs[number - 1]
        if not scope.open:
            title = f"there is no output column {number}: there are {len(scope.outputs)}"
            self.found.add(error("MV204", self.origin.part(*place_of(term)), title, label="no such column"))
        return None

    def _set_operation(self, node: exp.SetOperation, outer: SelectScope | None, ctes: Mapping[str, RowType]) -> RowType:
        operations = [node]
        while isinstance(operations[-1].this, exp.SetOperation):  # a long chain is no deep nesting
            operations.append(operations[-1].this)
            ctes = self._with(operations[-1], outer, ctes)
        rows = self.query(operations[-1].this, outer, ctes)
        for operation in reversed(operations):
            rows = self._both(operation, rows, self.query(operation.expression, outer, ctes))
            self._order_outputs(operation, rows)
        return rows

    def _both(self, node: exp.SetOperation, first: RowType, second: RowType) -> RowType:
        is_open = first.open or second.open
        if len(first.fields) != len(second.fields) and not is_open:
            title = f"the queries of this {node.key.upper()} have {len(first.fields)} and {len(second.fields)} columns"
            span = self.origin.part(*place_of(node.expression))
            self.found.add(error("MV215", span, title, label="as many columns are needed as in the first"))
        pairs = zip(first.fields, second.fields, strict=False)
        fields = tuple(_either(one, other) for one, other in pairs)
        fields = (*fields, *first.fields[len(fields) :])
        keys = (frozenset(item.name for item in fields),) if node.args.get("distinct") and not is_open else ()
        return RowType("subquery", fields, keys, open=is_open)

    def _order_outputs(self, node: exp.Expr, rows: RowType) -> None:
        """The ORDER BY of what is no plain SELECT."""
        order = node.args.get("order")
        for term in order.expressions if order else ():
            inner = unwrapped(term)
            if isinstance(inner, exp.Column) and _bare_name(inner) not in rows.by_name and not rows.open:
                self.found.add(missing_name(self.origin, inner.this, rows.fields))

    def _values(self, node: exp.Values, scope: SelectScope) -> RowType:
        for row in node.expressions:
            self.visit(row, scope)
        width = len(node.expressions[0].expressions) if node.expressions else 0
        return RowType("VALUES", tuple(Field(f"column{number + 1}") for number in range(width)))


def _named(rows: RowType, name: str, columns: list[str]) -> RowType:
    alias = exp.TableAlias(columns=[exp.Identifier(this=column, quoted=True) for column in columns])
    return replace(renamed(rows, alias), described=name)


def _either(one: Field, other: Field) -> Field:
    same = one.type if one.type == other.type else None
    star = one.star if one.star is not None else other.star
    return Field(
        one.name, same, one.nullable or other.nullable, one.lineage | other.lineage, star, one.counts or other.counts
    )


def _nullable(output: Output) -> Output:
    return replace(output, field=replace(output.field, nullable=True))


def _bare_name(node: exp.Expr) -> str:
    plain = isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and not node.args.get("table")
    return folded(node.this) if plain else ""


def _ordinal(node: exp.Expr) -> int | None:
    return (
        int(node.name)
        if isinstance(node, exp.Literal)
        and not node.args.get("is_string")
        and node.name.isdigit()
        and len(node.name) < 8
        else None
    )
