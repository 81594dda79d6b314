"""`was:` of a view and of its columns: the names that they had before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mvc.diagnostics import error
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.table_name import table_ref
from mvc.spec import DimensionSpec, ViewSpec


def former_name(spec: ViewSpec, schema: str, origin: Origin, findings: SpecReader) -> tuple[str, str] | None:
    """The (schema, name) that a view had; without a schema, it was in the one that it is in now."""
    if spec.was is None:
        return None
    ref = table_ref(spec.was)
    for part in (ref.schema, ref.name):
        if part is not None:
            findings.name(part, origin.at("was"))
    was = (ref.schema or schema, ref.name)
    if was == (schema, spec.view):
        help_line = "name the one that it had before, or take `was` away"
        findings.add(error("MV216", origin.at("was").span, "this is the name that the view has", help=help_line))
    return was


def former_columns(spec: ViewSpec, origin: Origin, findings: SpecReader) -> Mapping[str, str]:
    """The columns that had another name, with that one. Of a name that a column still has, or two had, there are findings."""
    there = {*(spec.dimensions or {}), *spec.aggregates, *spec.windows}
    found: dict[str, str] = {}
    for name, was, at in _said(spec, origin):
        if was == name or was in there:
            title = f"the view has a column `{was}`"
            help_line = "take `was` away, or deploy the two one after the other: first without the column of that name"
            findings.add(error("MV216", at.span, title, label="no former name", help=help_line))
        elif was in found.values():
            title = f"another column of the view was `{was}` as well"
            findings.add(error("MV216", at.span, title, help="only one can be what that was: take one `was` away"))
        found[name] = was
    return found


def _said(spec: ViewSpec, origin: Origin) -> Iterator[tuple[str, str, Origin]]:
    """Column, its former name, and where that is written."""
    for name, dimension in (spec.dimensions or {}).items():
        if isinstance(dimension, DimensionSpec) and dimension.was:
            yield name, dimension.was, origin.at("dimensions", name, "was")
    for key, columns in (("aggregates", spec.aggregates), ("windows", spec.windows)):
        for name, given in columns.items():
            if given.was:
                yield name, given.was, origin.at(key, name, "was")
    for name, column in spec.columns.items():
        if not isinstance(column, str) and column.was:
            yield name, column.was, origin.at("columns", name, "was")
