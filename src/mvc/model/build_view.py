"""ViewSpec → View."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mvc.diagnostics import error
from mvc.model.build_dimensions import build_dimensions
from mvc.model.build_former import former_columns, former_name
from mvc.model.build_measure import build_measures
from mvc.model.build_source import build_source
from mvc.model.build_window import build_windows
from mvc.model.measured import Measures
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.view import Body, Declared, Index, IndexKey, View
from mvc.source import Document
from mvc.spec import IndexColumnSpec, IndexSpec, ViewSpec
from mvc.spec.base import Setting


@dataclass(frozen=True)
class Around:
    """What a project says of all its views: the schema that readers use, the zone, the measures."""

    exposed: str
    timezone: str
    measures: Measures


def build_view(spec: ViewSpec, document: Document, around: Around, findings: SpecReader) -> View:
    """The view that `spec` means. Parts that cannot be read are left out, each with a finding."""
    origin = Origin(document)
    findings.name(spec.view, origin.at("view"))
    _check_parameters(spec.storage, origin.at("with"), findings)
    if spec.schema_:
        findings.name(spec.schema_, origin.at("schema"))
    body = _body(spec, origin, findings) if spec.sql else _declared(spec, origin, around, findings)
    schema = spec.schema_ or around.exposed
    return View(
        name=spec.view,
        schema=schema,
        description=spec.description,
        tags=(spec.tags,) if isinstance(spec.tags, str) else spec.tags,
        kind="materialized" if spec.materialized else "plain",
        body=body,
        indexes=_indexes(spec, origin.at("indexes"), findings),
        parameters=dict(sorted(spec.storage.items())),
        requires=spec.requires,
        accept=spec.accept,
        origin=origin,
        was=former_name(spec, schema, origin, findings),
        alias_until=spec.alias_until or "",
        former_columns=former_columns(spec, origin, findings),
    )


def _body(spec: ViewSpec, origin: Origin, findings: SpecReader) -> Body:
    findings.template(spec.sql or "", origin.at("sql"))
    descriptions = {
        name: text
        for name, said in spec.columns.items()
        if (text := said if isinstance(said, str) else said.description)
    }
    return Body(spec.sql or "", spec.grain, descriptions, origin.at("sql"))


def _declared(spec: ViewSpec, origin: Origin, around: Around, findings: SpecReader) -> Declared:
    sources = tuple(
        build_source(alias, source, origin.at("sources", alias), findings)
        for alias, source in (spec.sources or {}).items()
    )
    for key in ("sources", "dimensions", "aggregates", "windows"):
        findings.names(origin.at(key), getattr(spec, key) or {})
    _check_repeated(spec, origin, findings)
    return Declared(
        sources=sources,
        where=findings.sql(spec.where, origin.at("where")),
        dimensions=tuple(build_dimensions(spec, origin.at("dimensions"), around.timezone, findings)),
        measures=build_measures(spec, origin.at("aggregates"), sources, around.measures, findings),
        having=findings.sql(spec.having, origin.at("having")),
        windows=build_windows(spec, origin.at("windows"), findings),
        keep=findings.sql(spec.keep, origin.at("keep")),
        required=(spec.required,) if isinstance(spec.required, str) else spec.required,
    )


def _check_repeated(spec: ViewSpec, origin: Origin, findings: SpecReader) -> None:
    named = dict.fromkeys(spec.dimensions or {}, "a dimension")
    for key, what in (("aggregates", "an aggregate"), ("windows", "a window")):
        for name in getattr(spec, key):
            if name in named:
                span, title = origin.at(key, name).key_span, f"the column `{name}` is {named[name]} already"
                findings.add(error("MV209", span, title, help="give one of them another name"))
            named.setdefault(name, what)


def _indexes(spec: ViewSpec, origin: Origin, findings: SpecReader) -> tuple[Index, ...]:
    return tuple(_index(index, origin.at(number), findings) for number, index in enumerate(spec.indexes))


def _check_parameters(storage: Mapping[str, Setting], origin: Origin, findings: SpecReader) -> None:
    """SpecReader for names of storage parameters, which may be qualified, that PostgreSQL cannot hold."""
    for key in storage:
        for part in key.split("."):
            findings.name(part, origin.at(key))


def _index(spec: IndexSpec, origin: Origin, findings: SpecReader) -> Index:
    if spec.name:
        findings.name(spec.name, origin.at("name"))
    _check_parameters(spec.storage, origin.at("with"), findings)
    keys = (_index_key(column, origin.at("columns", number), findings) for number, column in enumerate(spec.columns))
    return Index(
        keys=tuple(key for key in keys if key),
        name=spec.name,
        method=spec.using,
        where=findings.sql(spec.where, origin.at("where")),
        include=spec.include,
        unique=spec.unique,
        parameters=dict(sorted(spec.storage.items())),
        origin=origin,
    )


def _index_key(column: str | IndexColumnSpec, origin: Origin, findings: SpecReader) -> IndexKey | None:
    if isinstance(column, str):
        term = findings.ordered(column, origin)
        return IndexKey(term) if term else None
    words = [column.expr, column.order or "", f"nulls {column.nulls}" if column.nulls else ""]
    term = findings.ordered(" ".join(word for word in words if word), origin.at("expr"))
    return IndexKey(term, column.opclass, column.collate) if term else None
