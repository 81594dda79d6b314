"""A measure as text: one aggregate call with its order and filter."""

from __future__ import annotations

from mvc.analysis.measures import Measure
from mvc.analysis.scope import bare_column
from mvc.analysis.tree import JoinTree, Node
from mvc.expression import Expression, Ordered, parse_expression
from mvc.model.aggregates import Form, Order
from mvc.model.view import Setting
from mvc.quoting import constant, literal, qualified
from mvc.sqlgen.joins import guard
from mvc.sqlgen.leaf import operand
from mvc.sqlgen.rows import Rows


def measure_text(measure: Measure, tree: JoinTree, host: str, rows: Rows, missing: frozenset[str]) -> str:
    """The aggregate over the rows of a block of `host`. `missing` are attributes whose row may be absent there."""
    filters = [operand(rows.write(measure.where))] if measure.where else []
    call, guards = _call(measure, tree, host, rows)
    if measure.source in missing and _sees_missing(measure):
        guards = [guard(tree[measure.source])]
    filters += [operand(rows.write(item)) for item in guards]
    if filters:
        call = f"{call} FILTER (WHERE {' AND '.join(filters)})"
    return f"({call})[1]" if measure.function.form in (Form.FIRST, Form.LAST) else call


def with_default(text: str, default: Setting | None) -> str:
    """The value, or the spec's default instead of NULL."""
    return text if default is None else f"COALESCE({text}, {constant(default)})"


def _call(measure: Measure, tree: JoinTree, host: str, rows: Rows) -> tuple[str, list[Expression]]:
    if measure.argument is None:
        return _count_rows(tree[measure.source], tree, host, rows)
    function, argument = measure.function, rows.write(measure.argument).text
    name = function.call.upper()
    if function.form is Form.WRITTEN:
        return argument, []
    if function.form is Form.SORTED:
        fraction = "" if measure.aggregate.at is None else str(measure.aggregate.at)
        return f"{name}({fraction}) WITHIN GROUP (ORDER BY {argument})", []
    order = _order(measure, argument, rows)
    if function.form is Form.AMONG:
        return f"{name}({argument}) WITHIN GROUP ({order.lstrip()})", []
    distinct = "DISTINCT " if measure.aggregate.distinct or function.form is Form.ONCE else ""
    values = [argument, *([rows.write(measure.second).text] if measure.second else [])]
    if "separator" in function.options:
        values.append(literal(measure.aggregate.separator))
    return f"{name}({distinct}{', '.join(values)}{order})", []


def _count_rows(node: Node, tree: JoinTree, host: str, rows: Rows) -> tuple[str, list[Expression]]:
    """COUNT(*) of the block's own rows; distinct keys of an attribute, which several rows may share."""
    if node.alias == host:
        return "COUNT(*)", []
    if node.identity is None:
        return "COUNT(*)", [guard(node)]
    key = [rows.write(parse_expression(qualified(node.alias, column))).text for column in node.identity]
    if tree.fixes(node.alias, host, frozenset()):
        return f"COUNT({key[0]})", []
    if len(key) == 1:
        return f"COUNT(DISTINCT {key[0]})", []
    return f"COUNT(DISTINCT ({', '.join(key)}))", [guard(node)]


def _sees_missing(measure: Measure) -> bool:
    """Whether the aggregate would take the NULLs of an absent row for a row."""
    if measure.argument is None:
        return False
    ref = bare_column(measure.argument)
    return not (ref and ref.qualifier == measure.source and measure.function.ignores_null)


def _order(measure: Measure, argument: str, rows: Rows) -> str:
    terms = [(rows.write(expression).text, term.ordered) for expression, term in measure.order]
    if measure.function.form is Form.LAST:
        terms = [(text, _reversed(ordered)) for text, ordered in terms]
    if not terms and measure.aggregate.distinct and measure.function.order is Order.DECIDES:
        return f" ORDER BY {argument}"
    listed = ", ".join(f"{text}{ordered.suffix}" for text, ordered in terms)
    return f" ORDER BY {listed}" if listed else ""


def _reversed(ordered: Ordered) -> Ordered:
    return Ordered(ordered.expression, not ordered.descending, not ordered.nulls_first)
