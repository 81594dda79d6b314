"""What is said of a column's result → its type, and what stands for NULL."""

from __future__ import annotations

from mvc.catalog.well_formed import is_type, spelled_type
from mvc.diagnostics import error
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.result import ResultType
from mvc.model.view import Setting, Sql
from mvc.spec.base import DefaultSpec


def build_type(text: str | None, origin: Origin, findings: SpecReader) -> ResultType | None:
    """The type at `origin`; None for none, and with a finding where the text is none."""
    if text is None:
        return None
    if is_type(text):
        return ResultType(spelled_type(text), text, origin)
    title = f"`{text[:60]}` is not the name of a type"
    help_line = "write a type of PostgreSQL and no more: numeric(12,2), bigint, text, timestamptz"
    findings.add(error("MV120", origin.span, title, label="no type", help=help_line))
    return None


def build_default(given: Setting | DefaultSpec | None, origin: Origin, findings: SpecReader) -> Setting | Sql | None:
    """The constant, or the expression, that stands for NULL."""
    if not isinstance(given, DefaultSpec):
        return given
    sql = findings.sql(given.sql, origin.at("sql"))
    for ref in sql.expression.columns if sql else ():
        title = f"a default stands where there is no row, and `{ref.name}` is a column"
        help_line = (
            "take the column out; a value that is computed from columns of the view is an `expr`: coalesce(a, b)"
        )
        span = origin.at("sql").part(ref.start, ref.end)
        findings.add(error("MV130", span, title, label="a column", help=help_line))
    if sql and sql.expression.subquery is not None:
        title = "a subquery cannot stand in a default"
        findings.add(error("MV103", origin.at("sql").span, title, help="write a value that reads no rows"))
    return sql
