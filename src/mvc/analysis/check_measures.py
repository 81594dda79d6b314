"""Each measure of the project by itself, over all rows of its table: what is wrong with it is said once, and not in every view that shows it."""

from __future__ import annotations

from mvc.analysis.declared.resolve import resolve_declared
from mvc.analysis.names.functions import Functions
from mvc.analysis.sources import Sources
from mvc.analysis.types.check import check_types
from mvc.diagnostics import Findings
from mvc.model.measured import Measured, Measures
from mvc.model.show_measure import of_source
from mvc.model.view import Declared, Source, TableRef, View


def check_measures(measures: Measures, sources: Sources, functions: Functions, found: Findings) -> frozenset[str]:
    """The names of measures that no view can show, with a finding for each reason."""
    broken = {
        item.name
        for item in measures.known.values()
        if item.item is None or (item.table and _is_wrong(item, item.table, sources, functions, found))
    }
    return frozenset(name for name in measures.known if not broken.isdisjoint(measures.all_read(name)))


def shows(view: View, measures: frozenset[str]) -> bool:
    """Whether a view shows one of the measures."""
    shown = view.body.measures if isinstance(view.body, Declared) else ()
    return any(item.measure in measures for item in shown)


def _is_wrong(definition: Measured, table: TableRef, sources: Sources, functions: Functions, found: Findings) -> bool:
    view = _alone(definition, table)
    own = Findings()
    if isinstance(view.body, Declared) and (readables := sources.of(view, view.body, functions, own)):
        resolved = resolve_declared(view, view.body, readables, functions, own)
        if resolved and not own:
            check_types(resolved, (), functions, own)
    errors = [finding for finding in own if finding.severity == "error"]
    found += errors
    return bool(errors)


def _alone(definition: Measured, table: TableRef) -> View:
    """A view of this number and nothing else."""
    source = Source(table.name, table, None, None, required=False, one=False, origin=definition.origin)
    made = of_source(definition, definition.name, source, None, definition.origin)
    body = Declared((source,), None, (), (made,) if made else ())
    return View(
        name=definition.name,
        schema="",
        description=None,
        tags=(),
        kind="plain",
        body=body,
        indexes=(),
        parameters={},
        requires=(),
        accept={},
        origin=definition.origin,
    )
