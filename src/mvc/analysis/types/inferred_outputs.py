"""The types of a view's own columns where nobody claims them: what follows from their expressions by PostgreSQL's rules, without a modifier.

They are asked for only where something reads such a column, and are never shown: what a view says of its columns is in `types.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.scopes import place_of
from mvc.analysis.lint.expressions import TypeOf, tree_types
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.catalog.types import Catalog, Relation
from mvc.expression import Expression
from mvc.expression.parse import column_nodes, folded
from mvc.inference.infer import infer_query, infer_value
from mvc.inference.world import UNKNOWN, World
from mvc.model.view import Aggregate, Computed, Declared, Dimension
from mvc.model.window import Windowed


@dataclass
class OutputTypes:
    """Asked for the type of a column of the view."""

    view: ResolvedView
    world: World
    _found: dict[str, str | None] = field(default_factory=dict)
    _columns: tuple[str | None, ...] | None = None

    def __call__(self, column: exp.Column) -> str | None:
        return self.of(folded(column.this))

    def of(self, name: str) -> str | None:
        """The type of a column by its name."""
        if name not in self._found:
            known = self.view.any_column(name)
            self._found[name] = None  # whatever reads itself has no type
            self._found[name] = known.type or self._inferred(name) if known else None
        return self._found[name]

    def _inferred(self, name: str) -> str | None:
        body = self.view.view.body
        if isinstance(self.view.query, AnalysedBody):
            return self._of_body(name, self.view.query.analysis)
        if not isinstance(body, Declared) or not isinstance(self.view.query, DeclaredQuery):
            return None
        columns = (*body.dimensions, *body.measures, *body.windows)
        item = next((item for item in columns if item.name == name), None)
        found = self._value(item, self.view.query) if item else None
        return "text" if found == UNKNOWN else found

    def _of_body(self, name: str, analysis: Analysis) -> str | None:
        """A column of a body, where the tree has as many columns as were found in it."""
        if self._columns is None:
            parsed = analysis.parsed
            self._columns = infer_query(parsed.body.sql[: parsed.end], body_types(analysis), self.world).columns
        names = [item.name for item in self.view.columns]
        found = self._columns[names.index(name)] if len(names) == len(self._columns) else None
        return "text" if found == UNKNOWN else found

    def _value(self, item: Dimension | Aggregate | Computed | Windowed, query: DeclaredQuery) -> str | None:
        if item.type:
            return infer_value(f"NULL::{item.type.written}", {}, self.world).type
        if isinstance(item, Computed):
            return self._type(item.sql.expression, self)
        if isinstance(item, Windowed):
            return self._of_window(item)
        if isinstance(item, Dimension) and item.period:
            return "timestamp without time zone" if item.period.unit in ("hour", "minute") else "date"
        if isinstance(item, Dimension):
            return self._type(item.sql.expression, tree_types(query.tree))
        if item.argument is None or item.second or isinstance(item.default, int | float):
            return None  # a number may be of a wider type
        return self._type(item.argument.expression, tree_types(query.tree), item.known.around())

    def _of_window(self, item: Windowed) -> str | None:
        argument = self._type(item.value.expression, self) if item.value else ""
        return None if argument is None or isinstance(item.default, int | float) else item.known.result(argument)

    def _type(self, expression: Expression, types: TypeOf, around: tuple[str, str] = ("", "")) -> str | None:
        return infer_value(expression.source, types_at(expression, types), self.world, around=around).type


def body_types(analysis: Analysis) -> dict[int, str | None]:
    """The types of a body's columns, by the offset where each begins."""
    types: dict[int, str | None] = {}
    for node in analysis.parsed.query.find_all(exp.Column):
        ref = analysis.refs.get(id(node))
        types[place_of(node)[0]] = ref.field.type if ref and ref.field else None
    return types


def types_at(expression: Expression, types: TypeOf, catalog: Catalog | None = None) -> dict[int, str | None]:
    """The types of an expression's columns, by offset; what a subquery reads is known where it reads tables of the catalog."""
    pairs = zip(column_nodes(expression.ast), expression.columns, strict=True)
    return {
        ref.start: _inside(node, types, catalog) if expression.subquery is not None else types(node)
        for node, ref in pairs
    }


def _inside(column: exp.Column, types: TypeOf, catalog: Catalog | None) -> str | None:
    """The type of a column by the innermost query around it that has it."""
    alias, name = folded(column.args.get("table")), folded(column.this)
    at: exp.Expr = column
    if column.root().find(exp.With):
        return None  # its parts may hide tables
    while (query := at.find_ancestor(exp.Query)) is not None:
        tables = _tables(query, catalog) if catalog and isinstance(query, exp.Select) else None
        if tables is None:
            return None
        found = [table.column(name) for its, table in tables if not alias or its == alias]
        held = [item for item in found if item]
        if alias in {its for its, _ in tables} or held:
            return held[0].type if len(held) == 1 else None
        at = query
    return types(column)


def _tables(query: exp.Select, catalog: Catalog) -> list[tuple[str, Relation]] | None:
    """What a query reads, by alias; None where that is more than tables of the catalog."""
    first = query.args.get("from_")
    sources = [first.this] if first else []
    sources += [join.this for join in query.args.get("joins") or ()]
    if query.args.get("laterals"):
        return None
    found = []
    for source in sources:
        table = (
            isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier) and not source.args.get("joins")
        )
        relation = catalog.relation(folded(source.this), folded(source.args.get("db")) or None) if table else None
        if relation is None:
            return None
        alias = source.args.get("alias")
        if alias and alias.columns:
            return None
        found.append((folded(alias.this) if alias else relation.name, relation))
    return found
