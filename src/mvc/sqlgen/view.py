"""A resolved view → CompiledView: its query, its storage under a fingerprinted name, its exposure."""

from __future__ import annotations

from mvc.analysis.access import Access
from mvc.analysis.resolved import OutputColumn, ResolvedView
from mvc.artifacts import CompiledColumn, CompiledView
from mvc.model.project import Settings
from mvc.quoting import qualified
from mvc.sqlgen.claims import claims
from mvc.sqlgen.exposure import create_exposure
from mvc.sqlgen.naming import fingerprint, stored_name
from mvc.sqlgen.storage import comment_on, create_indexes, create_storage, query_text, stored_query_text


def generate(view: ResolvedView, access: Access, settings: Settings) -> CompiledView:
    """Everything that deploys one view. What is stored decides its name: query, kind, parameters, time zone."""
    query = query_text(view)
    stored = stored_query_text(view, query)
    kind = view.view.kind
    digest = fingerprint(kind, stored, repr(sorted(view.view.parameters.items())), settings.timezone, view.view.schema)
    reference = (settings.stored, stored_name(view.view.name, digest))
    object_kind = "MATERIALIZED VIEW" if kind == "materialized" else "VIEW"
    note = f"Stores {view.view.schema}.{view.view.name}, declared in {view.view.origin.document.path}"
    return CompiledView(
        name=view.view.name,
        schema=view.view.schema,
        kind=kind,
        path=view.view.origin.document.path,
        description=view.view.description,
        tags=view.view.tags,
        storage=reference,
        columns=tuple(_column(column) for column in view.columns),
        grain=view.grain or (),
        proven=view.proven,
        upstream=view.upstream,
        requires=view.view.requires,
        readers=access.readers,
        query=query,
        storage_sql=(
            *create_storage(view, reference, stored),
            *comment_on(object_kind, qualified(*reference), note),
            *create_indexes(view, reference),
        ),
        exposure_sql=tuple(create_exposure(view, access, reference, settings.stored)),
        claims=claims(view),
    )


def _column(column: OutputColumn) -> CompiledColumn:
    lineage = tuple(sorted(f"{relation}.{name}" for relation, name in column.lineage))
    return CompiledColumn(column.name, column.type, column.nullable, column.description, lineage)
