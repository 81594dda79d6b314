"""Views with faults: the names in what is left of them, so that one fault does not hide the next. Nothing here is compiled.

Only what stands by itself is judged: a name, a call. Joins, grain and fan-out would be about a view that nobody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator

from mvc.analysis.body.resolve import resolve_body
from mvc.analysis.declared.build_tree import ON, WHERE
from mvc.analysis.declared.computed import order_computed
from mvc.analysis.declared.defaults import check_defaults
from mvc.analysis.declared.measures import AGGREGATE_CALL, ARGUMENT, FILTER
from mvc.analysis.declared.resolve import DIMENSION
from mvc.analysis.names.functions import ExpressionPlace, Functions
from mvc.analysis.names.scope import Scope
from mvc.analysis.relation import SourceRelation, unknown
from mvc.analysis.sources import Sources
from mvc.diagnostics import Findings
from mvc.expression import ColumnRef
from mvc.model.project import Project
from mvc.model.view import Aggregate, Body, Declared, Sql, View
from mvc.quoting import unusable
from mvc.source.flow import TEMPLATE
from mvc.spec.repair import STAND_IN

_OF_A_WHOLE = ("MV206", "MV211", "MV212", "MV214", "MV215")  # findings about more than one name


class _Lenient(Scope):
    """Names among sources of which some may have any column."""

    def _alias_of_bare(self, ref: ColumnRef, sql: Sql, found: Findings) -> str | None:
        known = ref.name in self.sources or any(ref.name in source.columns for source in self.sources.values())
        if not known and any(source.open for source in self.sources.values()):
            return None
        return super()._alias_of_bare(ref, sql, found)


def check_drafts(project: Project, sources: Sources, found: Findings) -> None:
    """Findings for the names in views that have faults of other kinds already."""
    for view in project.drafts:
        functions = Functions(project.catalog, view.requires)
        own = Findings()
        sources.broken |= {STAND_IN}
        if isinstance(view.body, Body) and TEMPLATE.search(view.body.sql):
            continue
        if isinstance(view.body, Body):
            resolve_body(view, view.body, sources.views, sources.relation, functions, own)
        else:
            sources.of(view, view.body, functions, own)
            check_names(view, view.body, sources, functions, own)
        found += [item for item in own if item.code < "MV3" and item.code not in _OF_A_WHOLE]


def check_names(view: View, declared: Declared, sources: Sources, functions: Functions, found: Findings) -> None:
    """Findings for the names in a declared body. A source that cannot be read may have any column."""
    if any(unusable(name) for name in (*(item.alias for item in declared.sources), *_names(declared))):
        return  # no help line could write them
    silent = Findings()
    readables: dict[str, SourceRelation] = {
        source.alias: sources.readable(view, source, functions, silent) or unknown(source.alias)
        for source in declared.sources
    }
    scope = _Lenient(readables, functions)
    for sql, place in _sqls(declared):
        scope.resolve(sql, place, found)
    order_computed(declared, functions, found)
    check_defaults(declared, functions, found)


def _names(declared: Declared) -> Iterator[str]:
    yield from (item.name for item in (*declared.dimensions, *declared.measures, *declared.windows))


def _sqls(declared: Declared) -> Iterator[tuple[Sql, ExpressionPlace]]:
    for source in declared.sources:
        yield from ((sql, place) for sql, place in ((source.on, ON), (source.where, WHERE)) if sql)
    if declared.where:
        yield declared.where, WHERE
    for dimension in declared.dimensions:
        yield dimension.sql, DIMENSION
    for item in declared.measures:
        if isinstance(item, Aggregate) and not item.measure:
            place = AGGREGATE_CALL if item.function == "sql" else ARGUMENT
            yield from ((value, place) for value in item.values)
            if item.where:
                yield item.where, FILTER
