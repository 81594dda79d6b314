"""MeasureFile → Measured."""

from __future__ import annotations

import re

from mvc.diagnostics import did_you_mean, error
from mvc.model.build_measure import build_measure
from mvc.model.measured import Measured, Measures
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.model.table_name import table_ref
from mvc.source import Document
from mvc.spec import MeasureFile, MeasureSpec


def build_measured(spec: MeasureFile, document: Document, findings: SpecReader) -> list[Measured]:
    """The measures of a file in its order."""
    origin = Origin(document, ("measures",))
    findings.names(origin, spec.measures)
    return [_measured(name, given, origin.at(name), findings) for name, given in spec.measures.items()]


def _measured(name: str, spec: MeasureSpec, origin: Origin, findings: SpecReader) -> Measured:
    table = table_ref(spec.table) if spec.table else None
    before = len(findings)
    if table and spec.count is not None and re.fullmatch(r"\s*(?:\*|1)\s*", spec.count):
        spec = spec.model_copy(update={"count": table.name})
    item = build_measure(name, spec, origin, frozenset({table.name} if table else ()), findings)
    return Measured(name, table, item if len(findings) == before else None, spec.unit or "", origin)


def check_reads(measures: Measures, findings: SpecReader) -> None:
    """Findings for measures that read others which there are not, or themselves."""
    for name, measure in measures.known.items():
        expression = measure.item.sql if measure.item and measure.reads else None  # type: ignore[union-attr]
        for ref in expression.expression.columns if expression else ():
            span = expression.origin.part(ref.start, ref.end) if expression else measure.origin.span
            if ref.qualifier is not None:
                title = "an `expr` of measures reads other measures, by their names alone"
                findings.add(error("MV210", span, title, help="a function of a table's column is a measure of its own"))
            elif ref.name not in measures.known:
                near = did_you_mean(ref.name, measures.known.keys() - {name}, "measures")
                findings.add(
                    error("MV218", span, f"no measure is named `{ref.name}`", label="no such measure", help=near)
                )
        if any(name in measures.all_read(other) for other in measure.reads):
            others = ", ".join(f"`{other}`" for other in sorted(measure.reads))
            title = f"the measure `{name}` is computed from itself, through {others}"
            findings.add(error("MV211", measure.origin.key_span, title))
