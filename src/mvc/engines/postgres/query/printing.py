"""A query's records as a sqlglot tree, the author's expressions being leaves of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from mvc.analysis.relation import SourceRelation
from mvc.engines.postgres.query.several import union_text
from mvc.engines.postgres.query.verbatim import aliased, all_of, expression_leaf, leaf, name, operand
from mvc.engines.postgres.query.window_texts import over
from mvc.expression import Expression, parse_expression
from mvc.expression.ordered import direction
from mvc.model.aggregates import Form, aggregate_function
from mvc.model.view import Setting
from mvc.quoting import constant, is_plain, literal, qualified
from mvc.shape.records import (
    AggregateCall,
    AnyHolds,
    AuthorExpression,
    CastTo,
    ColumnOf,
    Condition,
    Equal,
    Join,
    Ordering,
    Otherwise,
    PartOf,
    PeriodOf,
    Present,
    ReadSource,
    ResultColumn,
    RowCount,
    Select,
    SomeRow,
    Value,
    WindowCall,
)

_TO_JSON: Final = {"json_agg": "TO_JSON", "jsonb_agg": "TO_JSONB"}


def select_tree(select: Select) -> exp.Select:
    """The query."""
    reading = select.reading
    tree = exp.Select(expressions=[_output(item) for item in select.outputs])
    if select.once_per:
        on = exp.Tuple(expressions=[leaf(value_text(item)) for item in select.once_per])
        tree.set("distinct", exp.Distinct(on=on))
    if reading.source:
        tree.set("from_", exp.From(this=source_tree(reading.source)))
    for join in reading.joins:
        tree.append("joins", _join(join))
    if condition := all_of(condition_tree(item) for item in reading.where):
        tree.set("where", exp.Where(this=condition))
    if select.groups:
        tree.set("group", exp.Group(expressions=[exp.Literal.number(number + 1) for number in select.groups]))
    if select.order:
        tree.set("order", exp.Order(expressions=[_ordered(term) for term in select.order]))
    if select.limit is not None:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(select.limit)))
    return tree


def _ordered(term: Ordering) -> exp.Ordered:
    this = leaf(value_text(term.value))
    return exp.Ordered(this=this, desc=term.descending or None, nulls_first=term.nulls_first)


def source_tree(source: ReadSource) -> exp.Expression:
    """What stands in FROM, under its alias."""
    alias = exp.TableAlias(this=name(source.alias))
    if isinstance(source.rows, Select):
        return exp.Subquery(this=select_tree(source.rows), alias=alias)
    if text := union_text(source.rows, source.columns) if source.rows.arms else source.rows.sql:
        return exp.Subquery(this=leaf(text), alias=alias)
    return _table(source.rows, alias)


def condition_tree(condition: Condition) -> exp.Expression:
    """A condition as one operand of AND."""
    if isinstance(condition, AuthorExpression):
        return expression_leaf(_over(condition))
    if isinstance(condition, SomeRow):
        some = exp.Select(expressions=[exp.Literal.number(1)], from_=exp.From(this=source_tree(condition.source)))
        some.set("where", exp.Where(this=all_of(condition_tree(item) for item in condition.where)))
        return exp.Not(this=exp.Exists(this=some)) if condition.none else exp.Exists(this=some)
    if isinstance(condition, Equal):
        return leaf(" AND ".join(_equal(*pair) for pair in condition.pairs))
    return leaf(value_text(condition))


def value_text(value: Value) -> str:
    """A value as text."""
    return _TEXTS[type(value)](value)


def _table(relation: SourceRelation, alias: exp.TableAlias) -> exp.Table:
    schema, table = relation.reference or ("", "")
    return exp.Table(this=name(table), db=name(schema), alias=alias)


def _output(item: ResultColumn) -> exp.Expression:
    """A column of its own name needs no alias, nor does one that nobody names."""
    text = value_text(item.value)
    return leaf(text) if item.value == ColumnOf("", item.name) or not item.name else aliased(text, item.name)


def _join(join: Join) -> exp.Join:
    if join.kind == "cross":
        return exp.Join(this=source_tree(join.source), kind="CROSS")
    on = all_of(condition_tree(item) for item in join.on) or exp.true()
    tree = exp.Join(this=_lateral(join.source) if join.lateral else source_tree(join.source), on=on)
    if join.kind == "left":
        tree.set("side", "LEFT")
    return tree


def _lateral(source: ReadSource) -> exp.Lateral:
    subquery = source_tree(source)
    return exp.Lateral(this=exp.Subquery(this=subquery.this), alias=subquery.args["alias"])


def _over(written: AuthorExpression) -> Expression:
    """The expression with its columns by the names that they have where it stands."""
    edits = []
    for ref in written.expression.columns:
        column = ColumnOf(ref.qualifier or "", ref.name)
        other = written.renamed.get(column, column)
        if other != column:
            edits.append((ref.start, ref.end, value_text(other)))
    return parse_expression(written.expression.edited(edits)) if edits else written.expression


def _text(condition: Condition) -> str:
    """A condition within a call."""
    if isinstance(condition, SomeRow | Equal):
        raise TypeError(condition)
    return operand(_over(condition)) if isinstance(condition, AuthorExpression) else value_text(condition)


def _equal(left: Value, right: Value, nullable: bool) -> str:  # noqa: FBT001 - a pair's third part
    """Equality of group keys. NULL is a group like any other: arrays compare NULLs as equal, and can be hashed."""
    one, other = value_text(left), value_text(right)
    return f"ARRAY[{one}] = ARRAY[{other}]" if nullable else f"{one} = {other}"


def _filtered(call: str, where: Iterable[Condition]) -> str:
    texts = list(map(_text, where))
    return f"{call} FILTER (WHERE {' AND '.join(texts)})" if texts else call


def _count(count: RowCount) -> str:
    key = [value_text(column) for column in count.key]
    if not key:
        return "COUNT(*)"
    if count.once:
        return f"COUNT({key[0]})"
    return f"COUNT(DISTINCT {key[0]})" if len(key) == 1 else f"COUNT(DISTINCT ({', '.join(key)}))"


def _call(call: AggregateCall, argument: str = "") -> str:
    """The call alone; `argument` stands in the place of its value."""
    function, values = call.function, [argument] if argument else [value_text(value) for value in call.values]
    called = function.call.upper()
    if function.form is Form.WRITTEN:
        return values[0]
    if function.form is Form.SORTED:
        fraction = "" if call.at is None else str(call.at)
        return f"{called}({fraction}) WITHIN GROUP (ORDER BY {values[0]})"
    order = ", ".join(map(_term, call.order))
    if function.form is Form.AMONG:
        return f"{called}({values[0]}) WITHIN GROUP (ORDER BY {order})"
    distinct = "DISTINCT " if call.distinct or function.form is Form.ONCE else ""
    if call.separator is not None:
        values.append(literal(call.separator))
    return f"{called}({distinct}{', '.join(values)}{f' ORDER BY {order}' if order else ''})"


def _term(term: Ordering) -> str:
    return value_text(term.value) + direction(descending=term.descending, nulls_first=term.nulls_first)


def _call_text(call: AggregateCall) -> str:
    if call.limit is not None:
        return first_rows(call, call.limit)
    text = _filtered(_call(call), call.where)
    return f"({text})[1]" if call.function.form in (Form.FIRST, Form.LAST) else text


def _window_text(call: WindowCall) -> str:
    values = [value_text(value) for value in call.values]
    if call.number is not None:
        values.append(str(call.number))
    arguments = ", ".join(values) or ("*" if call.call == "count" else "")
    called = _filtered(f"{call.call.upper()}({arguments})", call.where)
    return over(called, map(value_text, call.partition), map(_term, call.order), call.frame)


def _part_text(part: PartOf) -> str:
    return f"1.0 * {_factor(part.value)} / NULLIF({value_text(part.all)}, 0)"


def _factor(value: Value) -> str:
    text = value_text(value)
    return text if is_plain(text) else f"({text})"


def first_rows(call: AggregateCall, limit: int) -> str:
    """The function over the first rows in the order: they are put into an array, cut, and given to it.

    What JSON makes of a value is made before, since arrays of arrays must have one length.
    """
    name, values = call.function.call, list(call.values)
    written = value_text(values[0])
    array = replace(call, function=aggregate_function("array_agg"), separator=None, limit=None)
    if name in _TO_JSON and call.distinct:
        return f"{_TO_JSON[name]}(({_filtered(_call(array), call.where)})[1:{limit}])"
    if name in _TO_JSON:
        text = _filtered(_call(array, f"{_TO_JSON[name]}({written})"), call.where)
        return f"{_TO_JSON[name]}(({text})[1:{limit}])"
    text = f"({_filtered(_call(array), call.where)})[1:{limit}]"
    if name == "array_agg":
        return text
    return (
        f"(SELECT STRING_AGG(item, {literal(call.separator or '')} ORDER BY place) "
        f"FROM UNNEST({text}) WITH ORDINALITY AS first_rows(item, place))"
    )


def _constant_or_value(value: Value | Setting) -> str:
    return constant(value) if isinstance(value, bool | int | float | str) else value_text(value)


_TEXTS: Final[Mapping[type, Callable[[Any], str]]] = {
    ColumnOf: lambda value: qualified(value.alias, value.name) if value.alias else qualified(value.name),
    AuthorExpression: lambda value: _over(value).text,
    Present: lambda value: f"{value_text(value.column)} IS NOT NULL",
    Otherwise: lambda value: f"COALESCE({value_text(value.value)}, {_constant_or_value(value.default)})",
    CastTo: lambda value: f"CAST({_constant_or_value(value.value)} AS {value.type})",
    AnyHolds: lambda value: f"BOOL_OR({value_text(value.condition)})",
    RowCount: lambda value: _filtered(_count(value), value.where),
    AggregateCall: _call_text,
    WindowCall: _window_text,
    PartOf: _part_text,
    PeriodOf: lambda value: f"DATE_TRUNC('{value.unit}', {value_text(value.value)})",
}
