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
    return f"write {yaml_value(mended)}" if mended != text and ref.name not in _names(mended) else ""


def is_told(sql: Sql, ref: ColumnRef) -> bool:
    """Whether a word is the unit or type in a call of another database's function, of which a finding says all of it."""
    inside = (call for call in sql.expression.calls if call.open < ref.start < call.close and not is_known(call.name))
    return any(call.name in FOREIGN and ref.name in UNITS for call in inside)


def _names(text: str) -> set[str]:
    try:
        return {ref.name for ref in parse_expression(text).columns}
    except ExpressionError:
        return set()
