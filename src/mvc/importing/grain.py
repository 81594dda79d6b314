"""Which columns tell the rows of a view apart: what its unique index claims, else what its query proves. Nothing is guessed.

A query is analysed as that of any `sql:` body. A unique index comes first, since its author meant it; but one that is narrower than what the query groups
by holds by chance only, and one whose columns may be NULL takes several rows with NULL, as a grain does not. So the grain is the query's then, where it
proves one, and the index stays an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mvc.analysis.body.analysed import AnalysedBody, Analysis
from mvc.analysis.body.keys import Keys
from mvc.analysis.body.resolve import resolve_body
from mvc.analysis.body.scopes import RowType, SelectScope
from mvc.analysis.declared.resolve import resolve_declared
from mvc.analysis.names.functions import Functions
from mvc.analysis.order import in_order
from mvc.analysis.resolved import ResolvedView
from mvc.analysis.sources import Sources
from mvc.diagnostics import Findings
from mvc.importing.found import FoundView, Place
from mvc.model.project import Project
from mvc.model.view import Body, View

MOST: Final = 32  # columns of an index


@dataclass(frozen=True, slots=True)
class Grain:
    """The columns, None where nothing tells, and what told. `narrower` is a unique index with too few columns to hold but by chance; `unsure` are columns by
    which rows with NULL may be alike.
    """

    columns: tuple[str, ...] | None
    told_by: str = ""
    narrower: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


ASKED: Final = Grain(None)


def claimed(view: FoundView) -> tuple[str, ...] | None:
    """The columns of its unique index; of several, those of the shortest."""
    found = [index.identifying for index in view.indexes if index.identifying]
    return min(found, key=len, default=None)


def grains(project: Project, views: Iterable[FoundView]) -> Mapping[Place, Grain]:
    """The grain of each materialized view of the `project`, whose specs claim what unique indexes claim and are plain views else."""
    wanted = {view.place: view for view in views if view.kind == "materialized view"}
    sources = Sources(project.catalog, project.broken)
    sources.declare((*project.views, *project.drafts))
    found: dict[Place, Grain] = {place: _unseen(view) for place, view in wanted.items()}
    for view in in_order(project.views, Findings()):
        resolved = _resolved(view, sources, project)
        if resolved is None:
            sources.broken |= {view.called}
            continue
        place = (view.schema, view.name)
        if place in wanted:
            found[place] = _grain(wanted[place], resolved)
            resolved = replace(resolved, grain=found[place].columns)
        sources.views[view.called] = resolved.readable(place)
    return found


def _unseen(view: FoundView) -> Grain:
    """What is known where the query cannot be analysed."""
    columns = claimed(view)
    return Grain(columns, "its unique index") if columns else ASKED


def _resolved(view: View, sources: Sources, project: Project) -> ResolvedView | None:
    functions, found = Functions(project.catalog, view.requires, project.settings.version), Findings()
    try:
        if isinstance(view.body, Body):
            return resolve_body(view, view.body, sources.views, sources.relation, functions, found)
        readables = sources.of(view, view.body, functions, found)
        return resolve_declared(view, view.body, readables, functions, found) if readables else None
    except RecursionError:
        return None


def _grain(view: FoundView, resolved: ResolvedView) -> Grain:
    if not isinstance(resolved.query, AnalysedBody):
        return _unseen(view)
    analysis = resolved.query.analysis
    scope = next((item for item in analysis.scopes if item.select is analysis.parsed.select), None)
    keys = _keys(analysis.output) or _together(analysis, scope)
    columns = claimed(view)
    if columns is None:
        return Grain(keys[0], _told_by(keys[0], scope)) if keys else ASKED
    if resolved.proven:
        return Grain(columns, "its unique index")
    if wider := next((key for key in keys if set(columns) < set(key)), None):
        return Grain(wider, _told_by(wider, scope), narrower=columns)
    unsure = () if _takes_one_null(view, columns) else _nullable(columns, resolved)
    return (
        Grain(keys[0], _told_by(keys[0], scope))
        if unsure and keys
        else Grain(columns, "its unique index", unsure=unsure)
    )


def _takes_one_null(view: FoundView, columns: tuple[str, ...]) -> bool:
    return any(index.nulls_not_distinct for index in view.indexes if index.identifying == columns)


def _nullable(columns: tuple[str, ...], resolved: ResolvedView) -> tuple[str, ...]:
    known = {item.name: item.nullable for item in resolved.columns}
    return tuple(name for name in columns if known.get(name, True))


def _keys(rows: RowType) -> list[tuple[str, ...]]:
    """What no two rows share, the shortest first, each in the order of the columns."""
    if rows.open:
        return []
    order = [item.name for item in rows.fields]
    found = [tuple(sorted(key, key=order.index)) for key in rows.keys if len(key) <= MOST]
    return sorted(found, key=lambda key: (len(key), [order.index(name) for name in key]))


def _together(analysis: Analysis, scope: SelectScope | None) -> list[tuple[str, ...]]:
    """Columns of several relations that tell the rows apart together, none of which can be left out; the first ones stay rather than the last."""
    if scope is None or analysis.output.open:
        return []
    keys, kept = Keys(analysis.calls, analysis.refs), [item.name for item in analysis.output.fields]
    if not keys.identifies(frozenset(kept), scope):
        return []
    for name in reversed(tuple(kept)):
        if keys.identifies(frozenset(kept) - {name}, scope):
            kept.remove(name)
    return [tuple(kept)] if len(kept) <= MOST else []


def _told_by(key: tuple[str, ...], scope: SelectScope | None) -> str:
    if not key:
        return "it is one row"
    if scope is None:
        return "its UNION, INTERSECT or EXCEPT"
    distinct = scope.select.args.get("distinct")
    if distinct:
        return "its DISTINCT ON" if distinct.args.get("on") else "its DISTINCT"
    return (
        "its GROUP BY" if scope.grouping else "the key of what it reads" if len(key) == 1 else "keys of what it reads"
    )
