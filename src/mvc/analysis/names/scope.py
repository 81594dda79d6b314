"""Names in an expression → columns of sources. Every unknown name of an expression is reported, each at its place."""

from __future__ import annotations

from collections.abc import Mapping

from mvc.analysis.names.foreign_names import foreign_name_help, is_told
from mvc.analysis.names.functions import ExpressionPlace, Functions, check_calls
from mvc.analysis.relation import SourceRelation
from mvc.diagnostics import Diagnostic, Findings, Span, did_you_mean, error
from mvc.expression import ColumnRef, Expression, parse_expression
from mvc.model.view import Sql
from mvc.quoting import identifier, qualified


class Scope:
    """The aliases that an expression may read, and the functions there are. Of those that are `absent` there is no row to read."""

    def __init__(
        self, sources: Mapping[str, SourceRelation], functions: Functions, absent: frozenset[str] = frozenset()
    ) -> None:
        self.sources = {alias: source for alias, source in sources.items() if alias not in absent}
        self.functions = functions
        self.absent = absent

    def resolve(self, sql: Sql, place: ExpressionPlace, found: Findings) -> Expression | None:
        """The expression with every column qualified by its alias; None, with findings, if a name has no meaning."""
        expression = sql.expression
        before = len(found)
        if expression.subquery is not None and not place.subqueries:
            found.add(_subquery(sql, expression.subquery))
            return None
        check_calls(sql, place, self.functions, found)
        edits: list[tuple[int, int, str]] = []
        for ref in expression.columns:
            alias = self._alias(ref, sql, found)
            if alias is not None and ref.qualifier is None:
                edits.append((ref.start, ref.start, f"{identifier(alias)}."))
        if len(found) > before:
            return None
        return parse_expression(expression.edited(edits)) if edits else expression

    def _alias(self, ref: ColumnRef, sql: Sql, found: Findings) -> str | None:
        """The alias whose column `ref` is, or None with a finding."""
        if ref.qualifier is None:
            return self._alias_of_bare(ref, sql, found)
        source = self.sources.get(ref.qualifier)
        if ref.qualifier in self.absent:
            found.add(not_there(ref.qualifier, sql.origin.part(ref.start, ref.end)))
            return None
        if source is None:
            found.add(_unknown_alias(ref, sql, self.sources))
            return None
        if ref.name not in source.columns and not source.open:
            found.add(_unknown_column(ref, sql, source))
        return ref.qualifier

    def _alias_of_bare(self, ref: ColumnRef, sql: Sql, found: Findings) -> str | None:
        holders = [alias for alias, source in self.sources.items() if ref.name in source.columns]
        if len(holders) == 1:
            return holders[0]
        span = sql.origin.part(ref.start, ref.end)
        if holders:
            choices = ", ".join(f"`{alias}.{ref.name}`" for alias in sorted(holders))
            found.add(
                error(
                    "MV203", span, f"`{ref.name}` could be a column of several sources", help=f"write one of {choices}"
                )
            )
        elif ref.name in self.sources:
            help_line = f"write a column of it, e.g. `{ref.name}.{next(iter(self.sources[ref.name].columns), 'id')}`"
            found.add(error("MV204", span, f"`{ref.name}` is a source, not a column", help=help_line))
        elif alias := _alias_of_table(ref.name, self.sources):
            title = f"`{ref.name}` is read under the alias `{alias}`, and is no column"
            found.add(error("MV204", span, title, label="no such column", help=f"write {identifier(alias)}"))
        elif is_told(sql, ref):
            pass
        elif help_line := foreign_name_help(sql, ref):
            title = f"no source has a column `{ref.name}`"
            found.add(error("MV204", span, title, label="no such column", help=help_line))
        else:
            known = [f"{alias}.{name}" for alias, source in self.sources.items() for name in source.columns]
            near = did_you_mean(ref.name, [name.split(".", 1)[1] for name in known], "columns", identifier)
            found.add(error("MV204", span, f"no source has a column `{ref.name}`", label="no such column", help=near))
        return None


def reads(*expressions: Expression | None) -> frozenset[str]:
    """The aliases that resolved expressions read."""
    return frozenset(ref.qualifier for item in expressions if item for ref in item.columns if ref.qualifier)


def column_expression(alias: str, name: str) -> Expression:
    """A column of a source as an expression."""
    return parse_expression(qualified(alias, name))


def bare_column(expression: Expression) -> ColumnRef | None:
    """The column, where a resolved expression is nothing but one."""
    if len(expression.columns) != 1 or expression.calls:
        return None
    ref = expression.columns[0]
    return ref if (ref.start, ref.end) == (0, len(expression.source)) else None


def not_there(alias: str, span: Span) -> Diagnostic:
    """A finding for something that reads a source without rows."""
    title = f"`{alias}` is to be absent, so there is no row of it to read"
    help_line = f"read it under another alias, a source of its own without `absent`; or take `absent` out of `{alias}`"
    return error("MV321", span, title, label=f"reads `{alias}`", help=help_line)


def _unknown_alias(ref: ColumnRef, sql: Sql, sources: Mapping[str, SourceRelation]) -> Diagnostic:
    qualifier = ref.qualifier or ""
    span = sql.origin.part(ref.start, ref.start + len(qualifier))
    alias = _alias_of_table(qualifier, sources)
    help_line = did_you_mean(qualifier, sources, "sources here", identifier)
    if alias:
        written = sql.expression.source[ref.start : ref.end].partition(".")[2]
        help_line = f"write {identifier(alias)}.{written}: `{qualifier}` is read under the alias `{alias}`"
    return error("MV202", span, f"no source has the alias `{qualifier}`", label="no such alias", help=help_line)


def _alias_of_table(name: str, sources: Mapping[str, SourceRelation]) -> str:
    """The alias under which a table or view of this name is read, empty where there is not one."""
    found = [alias for alias, source in sources.items() if source.described.rpartition(".")[2] == name]
    return found[0] if len(found) == 1 else ""


def _unknown_column(ref: ColumnRef, sql: Sql, source: SourceRelation) -> Diagnostic:
    if reason := source.lacking.get(ref.name):
        title = f"`{ref.name}` is no column of all of these tables: {reason}"
        help_line = f"read it of a table alone, or bring both to one shape in a subquery (`sql:`); all have {', '.join(source.columns)}"
        return error("MV324", sql.origin.part(ref.start, ref.end), title, label="not in all", help=help_line)
    span = sql.origin.part(ref.end - len(ref.name) if ref.end - ref.start > len(ref.name) else ref.start, ref.end)
    title = f"column `{ref.name}` does not exist in `{source.described}`"
    return error(
        "MV204",
        span,
        title,
        label="no such column",
        help=did_you_mean(ref.name, source.columns, f"{source.described} has", identifier),
    )


def _subquery(sql: Sql, at: int) -> Diagnostic:
    text = sql.expression.source
    span = sql.origin.part(at, min(len(text), at + len("SELECT")))
    help_line = "make it a source of its own (`sql:` with its `key`), or give the view a `sql:` body"
    return error("MV103", span, "a subquery cannot stand here", label="not allowed", help=help_line)
