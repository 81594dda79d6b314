"""A resolved view → CompiledView: what it means, its query, its storage under a fingerprinted name, its exposure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mvc.analysis.access.resolve import Access, Term
from mvc.analysis.body.analysed import AnalysedBody
from mvc.analysis.refresh.fragile_expressions import probes
from mvc.analysis.refresh.modes import Parts
from mvc.analysis.relation import SourceRelation
from mvc.analysis.resolved import DeclaredQuery, ResolvedView
from mvc.analysis.row_lineage import RowLineage
from mvc.compiled.former import Former, Renamed
from mvc.compiled.picked import ALL, Picked
from mvc.compiled.view import (
    AccessRestriction,
    AccessRule,
    CompiledAccess,
    CompiledColumn,
    CompiledSource,
    CompiledView,
    RowsOf,
    StoredAs,
)
from mvc.engines.postgres.deploy.exposure import exposure_of
from mvc.engines.postgres.deploy.naming import stored_name
from mvc.engines.postgres.deploy.storage import compiled_indexes, options, query_text, stored_query_text
from mvc.engines.postgres.query.hidden import hidden_columns
from mvc.engines.postgres.query.unproven_keys import claims
from mvc.engines.postgres.refresh.increment import increment_of, window_of
from mvc.engines.postgres.refresh.merge import Merges
from mvc.expression import Expression
from mvc.meaning.access import conditions_text
from mvc.meaning.before import NOTHING, Before
from mvc.meaning.body import BodyMeaning
from mvc.meaning.declared import GENERATION, DeclaredMeaning
from mvc.meaning.fingerprint import fingerprint
from mvc.model.project import Settings
from mvc.model.view import Declared


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a view means, whichever way its body was given."""

    digest_parts: tuple[str, ...]
    columns: Mapping[str, str]
    sources: tuple[CompiledSource, ...] = ()
    filters: tuple[str, ...] = ()
    body: str = ""
    picked: Picked = ALL


def generate(view: ResolvedView, access: Access, parts: Parts, settings: Settings) -> CompiledView:
    """Everything that deploys one view, and by which it is compared with another state of itself. PostgreSQL refreshes materialized
    views only as a whole: where `parts` of one are refreshed, it is stored as a table.
    """
    query, meaning, stored_as = query_text(view), _meaning(view), _stored_as(view, parts)
    reference = (settings.stored, stored_name(view.view.name, _digest(view, meaning, settings, parts)))
    return CompiledView(
        name=view.view.name,
        schema=view.view.schema,
        kind=view.view.kind,
        stored_as=stored_as,
        path=view.view.origin.document.path,
        description=view.view.description,
        tags=view.view.tags,
        storage=reference,
        columns=tuple(_columns(view, meaning)),
        sources=meaning.sources,
        filters=meaning.filters,
        picked=meaning.picked,
        body=meaning.body,
        grain=view.grain or (),
        proven=view.proven,
        upstream=view.upstream,
        reads=tuple(sorted(_reads(view))),
        requires=view.view.requires,
        options=options(view.view.parameters),
        indexes=compiled_indexes(view, reference[1]),
        access=_access(access),
        query=query,
        stored_query=stored_query_text(view, query),
        merge=Merges(view, reference).whole() if stored_as == "table" else None,
        increment=increment_of(view, parts.trace, reference) if parts.trace else None,
        window=window_of(view, parts.window, reference) if parts.window else None,
        whole_because=parts.whole_because,
        period=parts.period,
        probes=probes(view.query) if isinstance(view.query, DeclaredQuery) else (),
        exposure=exposure_of(view, access, reference),
        claims=claims(view),
        rows=_rows_of(view.rows),
        apart=view.view.apart,
    )


def former_of(view: ResolvedView, parts: Parts, settings: Settings, renamed: Mapping[str, Renamed]) -> Former | None:
    """The view without the renames that the project tells of; None where there are none. `renamed` are views whose names changed, or that read
    such ones, by name.
    """
    columns = {now: then for now, then in view.view.former_columns.items() if view.column(now)}
    before = Before({name: renamed[name] for name in view.upstream if name in renamed}, columns)
    if not (view.view.was or before.read or before.columns):
        return None
    schema, name = view.view.was or (view.view.schema, view.view.name)
    outputs = tuple(replace(column, name=columns.get(column.name, column.name)) for column in view.columns)
    grain = tuple(before.own(view.grain)) if view.grain is not None else None
    was = replace(view, view=replace(view.view, schema=schema), columns=outputs, grain=grain)
    digest = _digest(was, _meaning(view, before), settings, parts)
    return Former(schema, name, stored_name(name, digest), tuple(columns.items()))


def _stored_as(view: ResolvedView, parts: Parts) -> StoredAs:
    if view.view.kind == "plain":
        return "view"
    return "table" if parts.asked else "materialized view"


def _digest(view: ResolvedView, meaning: _Meaning, settings: Settings, parts: Parts) -> str:
    hidden = ", ".join(column.value for column in hidden_columns(view)) if view.view.kind == "materialized" else ""
    surroundings = (GENERATION, view.view.kind, view.view.schema, settings.timezone, hidden)
    return fingerprint(*parts.asked, *surroundings, *settings.search_path, *meaning.digest_parts)


def _meaning(view: ResolvedView, before: Before = NOTHING) -> _Meaning:
    if isinstance(view.query, DeclaredQuery):
        declared = DeclaredMeaning(view.query, before)
        return _Meaning(
            declared.digest_parts, declared.columns, declared.sources, declared.filters, picked=declared.picked
        )
    if isinstance(view.query, AnalysedBody):
        body = BodyMeaning(view.query.sql, view.query.analysis, before)
        return _Meaning(body.digest_parts, body.columns, body=body.body)
    raise TypeError(view.query)


def _columns(view: ResolvedView, meaning: _Meaning) -> Iterator[CompiledColumn]:
    shown = (
        {item.name: item.measure for item in view.view.body.measures} if isinstance(view.view.body, Declared) else {}
    )
    for column in view.columns:
        lineage = tuple(sorted(f"{relation}.{name}" for relation, name in column.lineage))
        means = meaning.columns.get(column.name, "")
        yield CompiledColumn(
            column.name,
            column.type,
            column.nullable,
            column.description,
            lineage,
            means,
            _rows_of(column.rows),
            shown.get(column.name, ""),
        )


def _rows_of(rows: RowLineage) -> RowsOf:
    columns = sorted(f"{relation}.{name}" for relation, name in rows.columns)
    return RowsOf(tuple(sorted(rows.relations)), tuple(columns))


def _reads(view: ResolvedView) -> set[str]:
    """Every `relation.column` that any part of the query reads."""
    if isinstance(view.query, AnalysedBody):
        fields = (ref.field for ref in view.query.analysis.refs.values())
        return {f"{relation}.{name}" for field in fields if field for relation, name in field.lineage}
    if not isinstance(view.query, DeclaredQuery):
        return set()
    tree = view.query.tree
    refs = (ref for expression in _expressions(view.query) for ref in expression.columns if ref.qualifier in tree.nodes)
    return {name for ref in refs for name in _columns_read(tree[ref.qualifier or ""].readable, ref.name)}


def _columns_read(readable: SourceRelation, name: str) -> Iterator[str]:
    """A column by its relation; of several relations that are read as one, by each."""
    if readable.constant:
        return
    parts = [arm.relation for arm in readable.arms if name in arm.relation.columns] if readable.arms else [readable]
    yield from (f"{item.described}.{name}" for item in parts)


def _expressions(query: DeclaredQuery) -> Iterator[Expression]:
    yield from query.where
    for node in query.tree.nodes.values():
        yield from node.decides
    for dimension in query.dimensions:
        yield dimension.expression
    for block in query.blocks:
        for measure in block.measures:
            yield from measure.expressions


def _access(access: Access) -> CompiledAccess:
    restrictions = {AccessRestriction(item.roles, _rules(item.terms)) for item in access.restrictions}
    terms = [*access.terms, *(term for item in access.restrictions for term in item.terms)]
    columns = {name for term in terms for item in (*term.gates, *term.rows) for name in item.columns}
    return CompiledAccess(
        readers=access.readers,
        rules=_rules(access.terms),
        restrictions=tuple(sorted(restrictions, key=repr)),
        columns=tuple(sorted(columns)),
    )


def _rules(terms: Iterable[Term]) -> tuple[AccessRule, ...]:
    found = {
        AccessRule(tuple(sorted(term.roles)), conditions_text(item.expression for item in (*term.gates, *term.rows)))
        for term in terms
    }
    return tuple(sorted(found, key=repr))
