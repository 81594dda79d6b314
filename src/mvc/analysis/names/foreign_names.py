"""A word that is no column, and what it is elsewhere: a text in double quotes, `sysdate`, a unit of time, a type."""

from __future__ import annotations

from mvc.catalog.builtins import is_known
from mvc.expression import ColumnRef, ExpressionError, parse_expression
from mvc.expression.foreign_calls import FOREIGN, PSEUDO_COLUMNS, UNITS
from mvc.expression.mends import with_own_calls
from mvc.model.view import Sql
from mvc.source.words import yaml_value


def foreign_name_help(sql: Sql, ref: ColumnRef) -> str:
    """What to write where an unqualified name is none of a column's; empty where it may be a misspelt one."""
    text = sql.expression.source
    if help_line := _own_column_help(sql, ref.name):
        return help_line
    written = text[ref.start : ref.end]
    if written.startswith('"'):
        value = "'" + written[1:-1].replace('""', '"').replace("'", "''") + "'"
        return f"a text stands in single quotes: {value}; double quotes are for names"
    if written[:1] in "\u2018\u2019\u201c\u201d":
        plain = written.strip("\u2018\u2019\u201c\u201d")
        return f"these are quotes of a word processor: write '{plain}'"
    if instead := PSEUDO_COLUMNS.get(ref.name):
        return f"write {instead}"
    mended = with_own_calls(text)
    return f"write {yaml_value(mended.strip())}" if mended != text and ref.name not in _names(mended) else ""


def _own_column_help(sql: Sql, name: str) -> str:
    """What to write where a column of the view itself is read, which is there for `expr` alone."""
    data, path = sql.origin.document.data, sql.origin.path
    dimensions, aggregates = data.get("dimensions"), data.get("aggregates")
    if isinstance(dimensions, dict) and isinstance(dimensions.get(name), str) and path[:2] != ("dimensions", name):
        return f"`{name}` is a column of this view, and here stand columns of its sources: write {dimensions[name]}"
    if not isinstance(aggregates, dict) or name not in aggregates:
        return ""
    if path[0] == "aggregates" and path[-1] == "sql":
        return f"`{name}` is a column of this view: write expr: {yaml_value(sql.expression.source)}"
    if path[0] == "where":
        return f"`{name}` is an aggregate: groups are picked by a body, sql: | SELECT … GROUP BY … HAVING …, with grain: [columns]"
    return f"`{name}` is an aggregate of this view: only `expr` reads it"


def is_told(sql: Sql, ref: ColumnRef) -> bool:
    """Whether a word is the unit or type in a call of another database's function, of which a finding says all of it."""
    inside = [call for call in sql.expression.calls if call.open < ref.start < call.close]
    if any(call.name == "convert" and call.count == 2 for call in inside):
        return True
    return any(call.name in FOREIGN and ref.name in UNITS and not is_known(call.name) for call in inside)


def _names(text: str) -> set[str]:
    try:
        return {ref.name for ref in parse_expression(text).columns}
    except ExpressionError:
        return set()
