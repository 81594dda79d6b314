"""SourceSpec → Source."""

from __future__ import annotations

from dataclasses import replace

from mvc.expression.ordered import says_direction
from mvc.model.build_spine import build_spine
from mvc.model.build_values import build_values
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.relations import UnionRef
from mvc.model.table_name import table_ref
from mvc.model.view import OrderTerm, Relation, Source, SubqueryRef, ViewRef
from mvc.spec import SourceSpec


def build_source(alias: str, spec: SourceSpec, origin: Origin, findings: SpecReader) -> Source:
    """The source that `spec` means under an alias."""
    return Source(
        alias=alias,
        relation=_relation(spec, origin, findings),
        on=findings.sql(spec.on, origin.at("on")),
        where=findings.sql(spec.where, origin.at("where")),
        required=spec.required,
        one=spec.one,
        origin=origin,
        absent=spec.absent,
        order=_order(spec, origin, findings),
    )


def _relation(spec: SourceSpec, origin: Origin, findings: SpecReader) -> Relation:
    if spec.view is not None:
        return ViewRef(spec.view)
    if spec.sql is not None:
        return SubqueryRef(spec.sql, spec.key or ())
    if spec.values is not None:
        return build_values(spec, origin, findings)
    if spec.spine is not None:
        return build_spine(spec, origin, findings)
    if isinstance(spec.table, tuple):
        return UnionRef(tuple(map(table_ref, spec.table)), spec.table)
    return table_ref(spec.table or "")


def _order(spec: SourceSpec, origin: Origin, findings: SpecReader) -> tuple[OrderTerm, ...]:
    """The order in which the wanted row is the first one."""
    key, given = ("latest", spec.latest) if spec.latest else ("first", spec.first)
    texts = (given,) if isinstance(given, str) else given or ()
    places = [origin.at(key)] if isinstance(given, str) else [origin.at(key, number) for number in range(len(texts))]
    terms = [(text, findings.ordered(text, place)) for text, place in zip(texts, places, strict=True)]
    return tuple(_turned(term) if _is_turned(key, text) else term for text, term in terms if term)


def _is_turned(key: str, text: str) -> bool:
    return key == "latest" and not says_direction(text)


def _turned(term: OrderTerm) -> OrderTerm:
    """The latest comes first where no direction was said."""
    return replace(term, ordered=replace(term.ordered, descending=True))
