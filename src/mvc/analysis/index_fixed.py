"""What an index is computed from must be fixed: PostgreSQL refuses functions that are not IMMUTABLE, the clock first of all.

Rule source: PostgreSQL manual, CREATE INDEX ("All functions and operators used in an index definition must be immutable").
"""

from __future__ import annotations

from typing import Final

from mvc.analysis.names.functions import Functions
from mvc.diagnostics import Findings, error
from mvc.expression.lexemes import lexemes
from mvc.model.view import Sql

_VALUES: Final = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "session_user"}
)
_CLOCK: Final = _VALUES | {"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "age"}


def check_fixed(sql: Sql, functions: Functions, found: Findings) -> None:
    """Findings for what may yield another value the next time: of a call with several forms only where none is immutable."""
    for call in sql.expression.calls:
        forms = [item for item in functions.overloads(call) if item.takes(call.count)]
        if forms and all(item.volatility != "immutable" for item in forms):
            _report(call.name, call.start, call.open, sql, found)
    for item in lexemes(sql.expression.source):
        if item.kind == "word" and item.text.lower() in _VALUES:
            _report(item.text, item.start, item.end, sql, found)


def _report(name: str, start: int, end: int, sql: Sql, found: Findings) -> None:
    title = f"an index cannot use `{name}`: what it yields is not fixed"
    found.add(error("MV702", sql.origin.part(start, end), title, label="not immutable", help=_mend(name)))


def _mend(name: str) -> str:
    if name.lower() in _CLOCK:
        return "the clock goes on and an index stays: filter the view by `where`, and leave it out of the index"
    if name == "to_char":
        return (
            "make it a column of the view and index that, or index what is fixed: extract(year FROM …), a cast to date"
        )
    return "make it a column of the view, and index that"
